//! Why a request failed: the texts of the failures file.
//!
//! One enum for everything that can go wrong on a connection, small and `Copy`, since the loss of one
//! connection can fail a whole window of requests. A text is only made when a failure is recorded. Texts
//! hold no address and no client id: they are the key of a row.

use std::fmt;
use std::io;
use std::time::Duration;

use crate::client::reason::Reason;
use crate::client::transport::tls::TlsFault;
use crate::client::transport::websocket::WebSocketFault;
use crate::mqtt::Qos;

/// An acknowledgement that a request waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ack {
    /// Of a CONNECT.
    Connack,
    /// Of a QoS 1 message.
    Puback,
    /// First one of a QoS 2 message.
    Pubrec,
    /// Second one of a QoS 2 message.
    Pubcomp,
    /// Of a SUBSCRIBE.
    Suback,
    /// Of an UNSUBSCRIBE.
    Unsuback,
    /// Of a PINGREQ.
    Pingresp,
}

impl Ack {
    /// Whether it acknowledges a message of QoS 1 or 2.
    pub(crate) fn is_of_message(self) -> bool {
        matches!(self, Self::Puback | Self::Pubrec | Self::Pubcomp)
    }
}

impl fmt::Display for Ack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connack => "CONNACK",
            Self::Puback => "PUBACK",
            Self::Pubrec => "PUBREC",
            Self::Pubcomp => "PUBCOMP",
            Self::Suback => "SUBACK",
            Self::Unsuback => "UNSUBACK",
            Self::Pingresp => "PINGRESP",
        })
    }
}

/// What the operating system said, reduced to what can be copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Os {
    kind: io::ErrorKind,
    code: Option<i32>,
}

impl From<&io::Error> for Os {
    fn from(error: &io::Error) -> Self {
        Self { kind: error.kind(), code: error.raw_os_error() }
    }
}

impl fmt::Display for Os {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => write!(f, "{}", io::Error::from_raw_os_error(code)),
            None => write!(f, "{}", self.kind),
        }
    }
}

/// What a broker of MQTT 5 said in its CONNACK that it does not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// A higher quality of service than this.
    Qos(Qos),
    /// Messages to be retained.
    Retain,
    /// Packets of more bytes.
    PacketBytes(u32),
    /// Subscriptions with an identifier.
    SubscriptionIds,
    /// Shared subscriptions.
    Shared,
    /// Filters with wildcards.
    Wildcards,
}

/// What is known of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Port {
    /// Somebody listens there: it may be for another protocol.
    Open,
    /// The one who listens has answered in the protocol that was expected.
    Agreed,
}

/// A protocol that is not MQTT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// TLS.
    Tls,
    /// HTTP, in which a WebSocket begins.
    Http,
}

impl Protocol {
    /// The protocol in which a server answers that wants no other: with an alert of TLS, or a status line of HTTP.
    pub(crate) fn of(answer: &[u8]) -> Guess {
        for (beginning, protocol) in [(&b"\x15\x03"[..], Self::Tls), (b"HTTP", Self::Http)] {
            if answer.starts_with(beginning) {
                return Guess::Is(protocol);
            }
            if beginning.starts_with(answer) {
                return Guess::MayBe;
            }
        }
        Guess::No
    }
}

/// Whether some bytes begin an answer in a protocol that is not MQTT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guess {
    /// They do.
    Is(Protocol),
    /// They are too few to know.
    MayBe,
    /// They do not.
    No,
}

/// Why a request failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The connection could not be opened.
    Unreachable(Os),
    /// This machine, not the broker, has no file descriptor or local port left.
    Generator(Os),
    /// The connection was not open in time.
    ConnectTimeout(Duration),
    /// TLS was not ready in time.
    TlsTimeout(Duration),
    /// The upgrade to WebSocket was not answered in time.
    UpgradeTimeout(Duration),
    /// TLS failed, in the handshake or after it.
    Tls(TlsFault),
    /// WebSocket failed, in the upgrade or after it.
    WebSocket(WebSocketFault),
    /// The connection was over before there was a CONNACK: closed by the broker, or broken as the system says.
    NoConnack(Option<Os>, Port),
    /// In place of CONNACK, the broker answered in another protocol than MQTT.
    Speaks(Protocol),
    /// The broker said no in its CONNACK: the return code of MQTT 3.1.1, table 3.1.
    Refused(u8),
    /// The broker of MQTT 5 said no in an acknowledgement.
    Reason(Ack, Reason),
    /// The broker of MQTT 5 ended the connection with a DISCONNECT.
    Disconnected(Reason),
    /// It was not sent, since the broker does not take it.
    NotTaken(Limit),
    /// It was not sent, since it is no message.
    NotSent(&'static str),
    /// No acknowledgement in time.
    AckTimeout(Ack, Duration),
    /// The message could not be written in time, since the broker does not read.
    WriteTimeout(Duration),
    /// The inflight limit was not free in time.
    NoRoom(Duration),
    /// The broker of MQTT 5 had not acknowledged enough messages in time: so many as it takes at once are sent.
    NoQuota(Duration),
    /// All 65,535 packet ids are taken by requests that the broker has not answered.
    NoPacketId,
    /// The message is larger than MQTT allows.
    TooLarge,
    /// The broker closed the connection.
    Closed,
    /// The connection broke.
    Lost(Os),
    /// The broker sent something that is not MQTT, or not now.
    Protocol(&'static str),
    /// The broker acknowledged with the wrong packet.
    WrongAck {
        /// What the request waited for.
        expected: Ack,
        /// What came.
        got: Ack,
    },
    /// The broker refused a subscription (return code 0x80).
    SubscriptionRefused,
    /// The user closed the connection before the acknowledgement came.
    Closing,
    /// The scenario dropped the connection, in the place of a failing network.
    Dropped,
    /// The broker has forgotten the session in which the request was sent.
    SessionLost,
}

impl Failure {
    /// Whether the broker refused a subscription.
    pub fn is_refused_subscription(&self) -> bool {
        matches!(self, Self::SubscriptionRefused | Self::Reason(Ack::Suback, _))
    }

    /// Why the client ends the connection, as DISCONNECT of MQTT 5 has it (section 4.13); nothing if it was not the
    /// broker that broke the protocol.
    pub(crate) fn reason_to_disconnect(&self) -> Option<u8> {
        const MALFORMED: u8 = 0x81;
        const PROTOCOL_ERROR: u8 = 0x82;
        match self {
            Self::WrongAck { .. } => Some(PROTOCOL_ERROR),
            Self::Protocol(what) => Some(match *what {
                "PUBLISH to a topic that is none" => 0x90,
                "more QoS 2 messages than the receive maximum" => 0x93,
                "packet larger than the client takes" => 0x95,
                what if what.starts_with("topic alias") => 0x94,
                what if is_malformed(what) => MALFORMED,
                _ => PROTOCOL_ERROR,
            }),
            _ => None,
        }
    }

    /// The failure of an attempt to open a connection.
    pub(crate) fn opening(error: &io::Error) -> Self {
        // EMFILE and ENFILE: no descriptor; EADDRNOTAVAIL, EADDRINUSE: no local port.
        const EMFILE: i32 = 24;
        const ENFILE: i32 = 23;
        match error.raw_os_error() {
            Some(EMFILE | ENFILE) => Self::Generator(error.into()),
            _ if matches!(error.kind(), io::ErrorKind::AddrNotAvailable | io::ErrorKind::AddrInUse) => {
                Self::Generator(error.into())
            }
            _ => Self::Unreachable(error.into()),
        }
    }

    /// The same, of a connection that has had no CONNACK yet.
    pub(crate) fn before_connack(self, port: Port) -> Self {
        match self {
            Self::Closed => Self::NoConnack(None, port),
            Self::Lost(os) => Self::NoConnack(Some(os), port),
            other => other,
        }
    }

    /// The failure of an open connection.
    pub(crate) fn lost(error: &io::Error) -> Self {
        if let Some(fault) = TlsFault::behind(error) {
            return Self::Tls(fault);
        }
        if let Some(fault) = WebSocketFault::behind(error) {
            return Self::WebSocket(fault);
        }
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Closed,
            _ => Self::Lost(error.into()),
        }
    }
}

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
            Self::SessionLost => f.write_str("session lost: the broker has forgotten it"),
        }
    }
}

/// Whether these are bytes that make no packet, rather than a packet that may not be.
fn is_malformed(what: &str) -> bool {
    ["malformed", "wrong", "cut short", "UTF-8", "packet id 0", "bytes after"]
        .iter()
        .any(|word| what.contains(word))
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
    use super::*;

    #[test]
    fn another_protocol_is_known_by_its_beginning() {
        for (answer, expected) in [
            (&b"\x15"[..], Guess::MayBe),
            (b"\x15\x03\x01", Guess::Is(Protocol::Tls)),
            (b"\x15\x02", Guess::No),
            (b"HT", Guess::MayBe),
            (b"HTTP/1.1 400", Guess::Is(Protocol::Http)),
            (b"\x20\x02", Guess::No),
        ] {
            assert_eq!(Protocol::of(answer), expected, "{answer:?}");
        }
    }

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
