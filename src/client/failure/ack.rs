//! The acknowledgements of MQTT.

use std::fmt;

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
