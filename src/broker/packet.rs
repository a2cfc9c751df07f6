//! Packets as the broker sees them, the same in both protocol versions, and their errors.

use crate::mqtt::{Qos, RetainHandling, Version};
use bytes::Bytes;
use std::rc::Rc;
use std::time::Duration;
use tokio::time::Instant;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum WireError {
    #[error("malformed packet: {0}")]
    Malformed(String),
    #[error("protocol error: {0}")]
    Protocol(&'static str),
    #[error("invalid topic")]
    Topic,
    #[error("packet larger than the broker's limit")]
    TooLarge,
    #[error("unsupported protocol version")]
    Version,
    #[error("client id refused")]
    ClientId,
    #[error("a topic alias, of which none was allowed")]
    Alias,
    #[error("a subscription identifier, which was not available")]
    SubscriptionId,
    #[error("extended authentication is not supported")]
    Authentication,
}

impl WireError {
    /// MQTT 5's reason code (section 2.4).
    pub(super) fn reason(&self) -> u8 {
        match self {
            Self::Malformed(_) => 0x81,
            Self::Protocol(_) => 0x82,
            Self::Version => 0x84,
            Self::ClientId => 0x85,
            Self::Authentication => 0x8C,
            Self::Topic => 0x90,
            Self::Alias => 0x94,
            Self::TooLarge => 0x95,
            Self::SubscriptionId => 0xA1,
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) topic: String,
    pub(super) payload: Bytes,
    /// MQTT 5 properties that travel with the message, encoded, without their length and without the
    /// message expiry interval.
    pub(super) properties: Bytes,
    pub(super) expires: Option<Instant>,
}

#[derive(Debug)]
pub(super) struct Connect {
    pub(super) version: Version,
    pub(super) client_id: String,
    pub(super) clean_start: bool,
    /// Zero means that there is no keep-alive.
    pub(super) keep_alive: Duration,
    /// How long the session outlives its connection; [`Duration::MAX`] for ever.
    pub(super) expiry: Duration,
    pub(super) will: Option<Will>,
    /// How many unacknowledged messages the client accepts at a time.
    pub(super) receive_maximum: u16,
    pub(super) max_packet_bytes: usize,
}

/// What the broker publishes for a client that is lost.
#[derive(Debug)]
pub(super) struct Will {
    pub(super) message: Message,
    pub(super) qos: Qos,
    pub(super) retain: bool,
    pub(super) delay: Duration,
    pub(super) expiry: Option<Duration>,
}

#[derive(Debug)]
pub(super) enum Packet {
    Publish { message: Message, qos: Qos, retain: bool, pkid: u16 },
    PubAck(u16),
    PubRec { pkid: u16, refused: bool },
    PubRel(u16),
    PubComp(u16),
    Subscribe { pkid: u16, filters: Vec<Filter> },
    Unsubscribe { pkid: u16, filters: Vec<String> },
    PingReq,
    Disconnect { with_will: bool, expiry: Option<Duration> },
}

#[derive(Debug)]
pub(super) struct Filter {
    pub(super) path: String,
    pub(super) options: Options,
    pub(super) retained: RetainHandling,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) qos: Qos,
    /// Do not send me what I publish.
    pub(super) no_local: bool,
    pub(super) retain_as_published: bool,
}

#[derive(Debug)]
pub(super) enum Answer {
    /// `assigned_id` is the client id that the broker chose for a client without one.
    Accepted {
        session_present: bool,
        assigned_id: Option<Rc<str>>,
    },
    Refused(Refusal),
    /// `matched`: somebody has subscribed to the topic.
    PubAck {
        pkid: u16,
        matched: bool,
    },
    PubRec {
        pkid: u16,
        matched: bool,
    },
    PubRel(u16),
    PubComp(u16),
    /// The granted quality of service of each filter, or none where it was refused.
    SubAck {
        pkid: u16,
        granted: Vec<Option<Qos>>,
    },
    UnsubAck {
        pkid: u16,
        existed: Vec<bool>,
    },
    PingResp,
    /// The broker closes, with this reason code; written in MQTT 5 only, and only with a reason.
    Disconnect(Option<u8>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    Version,
    ClientId,
    Unavailable,
    /// A malformed CONNECT, with the reason code of MQTT 5. It is written in MQTT 5 only.
    Wrong(u8),
}

/// Why there is no CONNECT, and in what protocol its client may be told.
#[derive(Debug)]
pub(super) struct ConnectError {
    pub(super) error: WireError,
    pub(super) version: Version,
}

impl From<WireError> for ConnectError {
    /// Of a client whose protocol is not known.
    fn from(error: WireError) -> Self {
        Self { error, version: Version::V311 }
    }
}
