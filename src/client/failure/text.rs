//! The text of each failure in the failures file. It is made only when a failure is recorded.

use std::fmt;
use std::time::Duration;

use crate::client::failure::kind::{Failure, Limit};
use crate::client::failure::protocol::{Port, Protocol};

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let within = |d: &Duration| humantime::format_duration(*d);
        match self {
            Self::Unreachable(os) => write!(f, "cannot connect: {os}"),
            Self::Generator(os) => write!(f, "load generator: cannot open a connection: {os}"),
            Self::ConnectTimeout(after) => write!(f, "no connection within {}", within(after)),
            Self::TlsTimeout(after) => write!(f, "no TLS handshake within {}", within(after)),
            Self::UpgradeTimeout(after) => write!(f, "no WebSocket upgrade within {}", within(after)),
            Self::Tls(fault) => write!(f, "TLS: {fault}"),
            Self::WebSocket(fault) => write!(f, "WebSocket: {fault}"),
            Self::NoConnack(why, port) => {
                f.write_str("no CONNACK: ")?;
                match why {
                    None => f.write_str("closed by the broker")?,
                    Some(os) => write!(f, "connection lost: {os}")?,
                }
                match port {
                    Port::Open => f.write_str(" (does it want TLS or WebSocket at this port?)"),
                    Port::Agreed => Ok(()),
                }
            }
            Self::Speaks(Protocol::Tls) => {
                f.write_str("no CONNACK: the broker speaks TLS at this port (mqtts:// or wss://)")
            }
            Self::Speaks(Protocol::Http) => {
                f.write_str("no CONNACK: the broker speaks HTTP at this port (ws:// or wss://)")
            }
            Self::Refused(code) => write!(f, "CONNACK: {} ({code})", refusal(*code)),
            Self::Reason(ack, reason) => write!(f, "{ack}: {reason}"),
            Self::Disconnected(reason) => write!(f, "DISCONNECT by the broker: {reason}"),
            Self::NotTaken(Limit::Qos(most)) => {
                write!(f, "not sent: the broker takes no quality of service above {most}")
            }
            Self::NotTaken(Limit::Retain) => f.write_str("not sent: the broker keeps no retained messages"),
            Self::NotTaken(Limit::PacketBytes(most)) => {
                write!(f, "not sent: the broker takes no packet above {most} bytes")
            }
            Self::NotTaken(Limit::SubscriptionIds) => {
                f.write_str("not sent: the broker takes no subscription identifiers")
            }
            Self::NotTaken(Limit::Shared) => {
                f.write_str("not sent: the broker takes no shared subscriptions")
            }
            Self::NotTaken(Limit::Wildcards) => {
                f.write_str("not sent: the broker takes no filters with wildcards")
            }
            Self::NotSent(why) => write!(f, "not sent: {why}"),
            Self::AckTimeout(ack, after) => write!(f, "no {ack} within {}", within(after)),
            Self::WriteTimeout(after) => {
                write!(f, "not written within {}: the broker does not read", within(after))
            }
            Self::NoRoom(after) => write!(f, "inflight limit not free within {}", within(after)),
            Self::NoQuota(after) => {
                write!(f, "Receive Maximum of the broker not free within {}", within(after))
            }
            Self::NoPacketId => f.write_str("no packet id left: the broker owes 65535 answers"),
            Self::TooLarge => f.write_str("message larger than MQTT allows"),
            Self::Closed => f.write_str("connection lost: closed by the broker"),
            Self::Lost(os) => write!(f, "connection lost: {os}"),
            Self::Protocol(what) => write!(f, "protocol error by the broker: {what}"),
            Self::WrongAck { expected, got } => {
                write!(f, "protocol error by the broker: {got} instead of {expected}")
            }
            Self::SubscriptionRefused => f.write_str("SUBACK: subscription refused (0x80)"),
            Self::Closing => f.write_str("disconnected before the acknowledgement came"),
            Self::Dropped => f.write_str("connection dropped by the scenario"),
            Self::Rumqttc(what) => write!(f, "rumqttc: {what}"),
            Self::SessionLost => f.write_str("session lost: the broker has forgotten it"),
        }
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
    use crate::client::failure::ack::Ack;
    use crate::client::failure::reason::Reason;
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
}
