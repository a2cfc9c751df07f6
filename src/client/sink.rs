//! What a session hands back: completed requests and received messages, and the ticket that each request carries.

use std::time::Duration;

use tokio::time::Instant;

use crate::client::failure::Failure;
use crate::mqtt::Qos;

/// What a request carries from its start to its end; the session only hands it back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ticket {
    /// The engine's own mark.
    pub tag: u32,
    /// Whether the user waits for it.
    pub awaited: bool,
    /// When the request was due: the start of its response time.
    pub due: Instant,
    /// By how much that was after the moment at which it was intended.
    pub late: Late,
    /// When it has failed for want of an acknowledgement.
    pub deadline: Instant,
    /// Bytes of payload.
    pub length: u32,
}

/// By how much something began after the moment at which it was intended, or that it had none.
///
/// Whole microseconds up to 71 minutes in the four bytes that a [`Ticket`] has to spare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Late(u32);

impl Late {
    /// There was no intended moment.
    pub const NONE: Self = Self(u32::MAX);

    /// So much; more than 71 minutes are 71 minutes.
    pub fn by(late: Duration) -> Self {
        Self(u32::try_from(late.as_micros()).unwrap_or(u32::MAX).min(u32::MAX - 1))
    }

    /// How much; `None` without an intended moment.
    pub fn get(self) -> Option<Duration> {
        self.micros().map(|micros| Duration::from_micros(micros.into()))
    }

    /// The same in microseconds.
    pub fn micros(self) -> Option<u32> {
        (self != Self::NONE).then_some(self.0)
    }
}

/// Which request, while it is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// The packet with this id.
    Packet(u16),
    /// The packet that ends at this place of the outgoing stream.
    Written(u64),
}

/// A request that came to its end.
#[derive(Debug)]
pub struct Completion {
    /// What was handed in.
    pub ticket: Ticket,
    /// When the acknowledging packet had been read (QoS 0: the message had been written), or it failed.
    pub finished: Instant,
    /// How it went.
    pub result: Result<(), Failure>,
}

/// A message from the broker.
#[derive(Debug, Clone, Copy)]
pub struct Incoming<'a> {
    /// Where it was published to.
    pub topic: &'a str,
    /// What.
    pub payload: &'a [u8],
    /// Quality of service of this delivery.
    pub qos: Qos,
    /// Whether it was kept from before the subscription.
    pub retain: bool,
    /// Whether the broker says that it may have been delivered before.
    pub dup: bool,
    /// MQTT 5: its properties, encoded and known to be well-formed: see [`property`](crate::mqtt::property).
    pub properties: &'a [u8],
}

/// Where a session puts what happens on it. Called in the middle of reading: short work only.
pub trait Sink {
    /// A request came to its end. Called exactly once for each request that the session took.
    fn completed(&mut self, completion: Completion);

    /// A message came in (a QoS 2 message once, however often it was sent); `at` is when it had been read.
    fn received(&mut self, message: Incoming<'_>, at: Instant);

    /// What the broker says of each filter of this request, in their order: the quality of service that it grants,
    /// or from 0x80 up why it refuses. Nothing, if it does not say (UNSUBACK of 3.1.1). The request is completed next.
    fn answered(&mut self, _key: Key, _answers: &[u8]) {}

    /// Whether what was received is enough: see [`Until::Sink`].
    fn satisfied(&self) -> bool {
        false
    }

    /// The broker sent something that fits no request, and was ignored, such as a second PUBACK.
    fn unexpected(&mut self, what: &'static str);
}
