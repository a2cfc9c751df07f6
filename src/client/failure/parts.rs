//! The parts of failures: acknowledgements, errors of the system, and servers that speak another protocol than MQTT.

use std::{fmt, io};

/// What is known about the server at a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Port {
    /// A server listens there, perhaps for another protocol.
    Open,
    /// The server has answered in the expected protocol.
    Agreed,
}

/// A protocol that is not MQTT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// The server speaks TLS.
    Tls,
    /// The server speaks HTTP, with which a WebSocket connection begins.
    Http,
}

impl Protocol {
    /// Looks for the beginning of a TLS alert or of an HTTP status line.
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

/// Whether the first bytes of an answer belong to a protocol that is not MQTT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guess {
    Is(Protocol),
    /// They are too few to know.
    MayBe,
    No,
}

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

/// An error of the operating system, reduced to parts that can be copied.
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

#[cfg(test)]
mod tests;
