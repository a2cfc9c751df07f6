//! The text of each failure in the failures file. It is made only when a failure is recorded.

use std::fmt;
use std::time::Duration;

use crate::client::failure::ack::Ack;
use crate::client::failure::kind::{Failure, Limit};
use crate::client::failure::protocol::{Port, Protocol};

/// A failure with the server that it is about.
#[derive(Debug, Clone, Copy)]
pub struct FailureAt<'a> {
    failure: Failure,
    server: Option<&'a str>,
}

impl Failure {
    /// Names the server, such as `127.0.0.1:1883`, in the text of a failure that is about its connection. The texts of
    /// all others stay as they are, and so do all without a server.
    pub fn at(self, server: Option<&str>) -> FailureAt<'_> {
        FailureAt { failure: self, server }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.at(None).fmt(f)
    }
}

impl fmt::Display for FailureAt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let within = |d: &Duration| humantime::format_duration(*d);
        let (to, with, from) = (self.word(" to "), self.word(" with "), self.word(" from "));
        let broker = self.server.unwrap_or("the broker");
        match &self.failure {
            Failure::Unreachable(os) => write!(f, "cannot connect{to}: {os}"),
            Failure::Generator(os) => write!(f, "load generator: cannot open a connection{to}: {os}"),
            Failure::ConnectTimeout(after) => write!(f, "no connection{to} within {}", within(after)),
            Failure::TlsTimeout(after) => write!(f, "no TLS handshake{with} within {}", within(after)),
            Failure::UpgradeTimeout(after) => {
                write!(f, "no WebSocket upgrade{with} within {}", within(after))
            }
            Failure::Tls(fault) => write!(f, "TLS{with}: {fault}"),
            Failure::WebSocket(fault) => write!(f, "WebSocket{with}: {fault}"),
            Failure::NoConnack(why, port) => {
                write!(f, "no CONNACK{from}: ")?;
                match why {
                    None => f.write_str("closed by the broker")?,
                    Some(os) => write!(f, "connection lost: {os}")?,
                }
                match port {
                    Port::Open => f.write_str(" (does it want TLS or WebSocket at this port?)"),
                    Port::Agreed => Ok(()),
                }
            }
            Failure::Speaks(Protocol::Tls) => {
                write!(f, "no CONNACK{from}: the broker speaks TLS at this port (mqtts:// or wss://)")
            }
            Failure::Speaks(Protocol::Http) => {
                write!(f, "no CONNACK{from}: the broker speaks HTTP at this port (ws:// or wss://)")
            }
            Failure::Refused(code) => write!(f, "{}: {} ({code})", self.refused(), refusal(*code)),
            Failure::Reason(Ack::Connack, reason) => write!(f, "{}: {reason}", self.refused()),
            Failure::Reason(ack, reason) => write!(f, "{ack}: {reason}"),
            Failure::Disconnected(reason) => write!(f, "DISCONNECT by {broker}: {reason}"),
            Failure::NotTaken(Limit::Qos(most)) => {
                write!(f, "not sent: the broker takes no quality of service above {most}")
            }
            Failure::NotTaken(Limit::Retain) => {
                f.write_str("not sent: the broker keeps no retained messages")
            }
            Failure::NotTaken(Limit::PacketBytes(most)) => {
                write!(f, "not sent: the broker takes no packet above {most} bytes")
            }
            Failure::NotTaken(Limit::SubscriptionIds) => {
                f.write_str("not sent: the broker takes no subscription identifiers")
            }
            Failure::NotTaken(Limit::Shared) => {
                f.write_str("not sent: the broker takes no shared subscriptions")
            }
            Failure::NotTaken(Limit::Wildcards) => {
                f.write_str("not sent: the broker takes no filters with wildcards")
            }
            Failure::NotSent(why) => write!(f, "not sent: {why}"),
            // Of the connection; the others are of one request.
            Failure::AckTimeout(ack @ (Ack::Connack | Ack::Pingresp), after) => {
                write!(f, "no {ack}{from} within {}", within(after))
            }
            Failure::AckTimeout(ack, after) => write!(f, "no {ack} within {}", within(after)),
            Failure::WriteTimeout(after) => {
                write!(f, "not written within {}: the broker does not read", within(after))
            }
            Failure::NoRoom(after) => write!(f, "inflight limit not free within {}", within(after)),
            Failure::NoQuota(after) => {
                write!(f, "Receive Maximum of the broker not free within {}", within(after))
            }
            Failure::NoPacketId => f.write_str("no packet id left: the broker owes 65535 answers"),
            Failure::TooLarge => f.write_str("message larger than MQTT allows"),
            Failure::Closed => write!(f, "connection{to} lost: closed by the broker"),
            Failure::Lost(os) => write!(f, "connection{to} lost: {os}"),
            Failure::Protocol(what) => write!(f, "protocol error by {broker}: {what}"),
            Failure::WrongAck { expected, got } => {
                write!(f, "protocol error by {broker}: {got} instead of {expected}")
            }
            Failure::SubscriptionRefused => f.write_str("SUBACK: subscription refused (0x80)"),
            Failure::Closing => f.write_str("disconnected before the acknowledgement came"),
            Failure::Dropped => f.write_str("connection dropped by the scenario"),
            Failure::Rumqttc(what) => write!(f, "rumqttc: {what}"),
            Failure::SessionLost => f.write_str("session lost: the broker has forgotten it"),
        }
    }
}

impl<'a> FailureAt<'a> {
    /// The server with a preposition before it; nothing without a server.
    fn word(&self, preposition: &'static str) -> Part<'a> {
        match self.server {
            Some(server) => Part(preposition, server),
            None => Part("", ""),
        }
    }

    /// Who refused the connection, or where.
    fn refused(&self) -> Part<'a> {
        match self.server {
            Some(server) => Part(server, " refused the connection"),
            None => Part("CONNACK", ""),
        }
    }
}

/// Two pieces of a text.
struct Part<'a>(&'a str, &'a str);

impl fmt::Display for Part<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)?;
        f.write_str(self.1)
    }
}

/// The words of MQTT 3.1.1, table 3.1.
fn refusal(code: u8) -> &'static str {
    match code {
        1 => "unacceptable protocol version",
        2 => "identifier rejected",
        3 => "server unavailable",
        4 => "bad user name or password",
        5 => "not authorized",
        _ => "unknown return code",
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::client::failure::os::Os;
    use crate::client::failure::reason::Reason;
    use crate::client::failure::tls::TlsFault;
    use crate::client::failure::websocket::WebSocketFault;
    use crate::mqtt::Qos;

    #[test]
    fn a_failure_says_what_did_not_happen() {
        let refused = io::Error::from_raw_os_error(111);
        for (failure, text) in [
            (Failure::opening(&refused), "cannot connect: Connection refused (os error 111)"),
            (
                Failure::opening(&io::Error::from_raw_os_error(24)),
                "load generator: cannot open a connection: Too many open files (os error 24)",
            ),
            (Failure::AckTimeout(Ack::Puback, Duration::from_secs(10)), "no PUBACK within 10s"),
            (Failure::Refused(5), "CONNACK: not authorized (5)"),
            (
                Failure::lost(&io::Error::from_raw_os_error(104)).before_connack(Port::Agreed),
                "no CONNACK: connection lost: Connection reset by peer (os error 104)",
            ),
            (Failure::Reason(Ack::Puback, Reason::of(0x97)), "PUBACK: Quota exceeded (0x97)"),
            (
                Failure::Disconnected(Reason::new(0x9D, None, Some("b:1883"))),
                "DISCONNECT by the broker: Server moved (0x9D): see b:1883",
            ),
            (
                Failure::NotTaken(Limit::Qos(Qos::AtLeastOnce)),
                "not sent: the broker takes no quality of service above 1",
            ),
            (Failure::NotTaken(Limit::Retain), "not sent: the broker keeps no retained messages"),
            (
                Failure::NotTaken(Limit::PacketBytes(100)),
                "not sent: the broker takes no packet above 100 bytes",
            ),
            (Failure::Dropped, "connection dropped by the scenario"),
            (Failure::SessionLost, "session lost: the broker has forgotten it"),
            (
                Failure::lost(&io::Error::from(io::ErrorKind::UnexpectedEof)),
                "connection lost: closed by the broker",
            ),
        ] {
            assert_eq!(failure.to_string(), text);
        }
    }

    #[test]
    fn a_failure_of_a_connection_names_the_server() {
        let (after, refused) = (Duration::from_secs(10), Os::from(&io::Error::from_raw_os_error(111)));
        let failures = [
            Failure::Unreachable(refused),
            Failure::Generator((&io::Error::from_raw_os_error(24)).into()),
            Failure::ConnectTimeout(after),
            Failure::TlsTimeout(after),
            Failure::UpgradeTimeout(after),
            Failure::Tls(TlsFault::Expired),
            Failure::WebSocket(WebSocketFault::Refused(403)),
            Failure::NoConnack(None, Port::Open),
            Failure::NoConnack(Some(refused), Port::Agreed),
            Failure::Speaks(Protocol::Tls),
            Failure::Speaks(Protocol::Http),
            Failure::Refused(5),
            Failure::Reason(Ack::Connack, Reason::of(0x87)),
            Failure::Reason(Ack::Puback, Reason::of(0x87)),
            Failure::Disconnected(Reason::of(0x8B)),
            Failure::AckTimeout(Ack::Connack, after),
            Failure::AckTimeout(Ack::Pingresp, after),
            Failure::AckTimeout(Ack::Puback, after),
            Failure::Closed,
            Failure::Lost(refused),
            Failure::Protocol("malformed PUBACK"),
            Failure::WrongAck { expected: Ack::Puback, got: Ack::Pubrec },
            Failure::Dropped,
        ];
        let texts: Vec<_> =
            failures.iter().map(|failure| failure.at(Some("127.0.0.1:1884")).to_string()).collect();
        insta::assert_snapshot!(texts.join("\n"));
    }
}
