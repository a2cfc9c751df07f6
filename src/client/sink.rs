//! The results that a session hands back: completed requests and received messages. Each request carries a ticket.

use std::time::Duration;

use tokio::time::Instant;

use crate::client::failure::Failure;
use crate::mqtt::Qos;

/// What a request carries from its start to its end. The session hands it back unchanged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ticket {
    /// A number of the engine's own.
    pub tag: u32,
    /// Whether the user waits for the request.
    pub awaited: bool,
    /// When the request was due. Its response time begins here.
    pub due: Instant,
    /// How much later than intended it was due.
    pub late: Late,
    /// When it fails if no acknowledgement has come.
    pub deadline: Instant,
    /// The length of the payload in bytes.
    pub length: u32,
}

/// How much later than intended something began, if a moment was intended at all.
///
/// It counts whole microseconds up to 71 minutes, in the four bytes that a [`Ticket`] has to spare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Late(u32);

impl Late {
    /// No moment was intended.
    pub const NONE: Self = Self(u32::MAX);

    /// Late by this much. More than 71 minutes count as 71 minutes.
    pub fn by(late: Duration) -> Self {
        Self(u32::try_from(late.as_micros()).unwrap_or(u32::MAX).min(u32::MAX - 1))
    }

    /// How late it was; `None` if no moment was intended.
    pub fn get(self) -> Option<Duration> {
        self.micros().map(|micros| Duration::from_micros(micros.into()))
    }

    /// How late it was in microseconds; `None` if no moment was intended.
    pub fn micros(self) -> Option<u32> {
        (self != Self::NONE).then_some(self.0)
    }
}

/// Names a request while it is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// By the id of its packet.
    Packet(u16),
    /// By the offset in the outgoing stream at which its packet ends.
    Written(u64),
}

/// The end of a request.
#[derive(Debug)]
pub struct Completion {
    /// The ticket with which the request began.
    pub ticket: Ticket,
    /// When the acknowledgement had been read (for QoS 0: when the message had been written), or when it failed.
    pub finished: Instant,
    /// Whether it succeeded.
    pub result: Result<(), Failure>,
}

/// A message from the broker.
#[derive(Debug, Clone, Copy)]
pub struct Incoming<'a> {
    /// The topic to which it was published.
    pub topic: &'a str,
    /// The payload.
    pub payload: &'a [u8],
    /// The quality of service of this delivery.
    pub qos: Qos,
    /// Whether it is a retained message from before the subscription.
    pub retain: bool,
    /// Whether the broker says that it may have delivered the message before.
    pub dup: bool,
    /// MQTT 5: its properties in their encoded form, known to be well-formed; see [`property`](crate::mqtt::property).
    pub properties: &'a [u8],
}

/// Receives what happens on a session. Its methods run in the middle of reading, so they must be short.
pub trait Sink {
    /// A request has ended. This is called exactly once for each request that the session accepted.
    fn completed(&mut self, completion: Completion);

    /// A message has come; `at` is when it had been read. A QoS 2 message comes once, even if the broker sends it
    /// again.
    fn received(&mut self, message: Incoming<'_>, at: Instant);

    /// The broker has answered a SUBSCRIBE or UNSUBSCRIBE, with one code for each filter in their order: the quality of
    /// service that it grants, or the reason of a refusal (0x80 and above). An UNSUBACK of 3.1.1 has no codes. The
    /// request is completed next.
    fn answered(&mut self, _key: Key, _answers: &[u8]) {}

    /// Returns whether enough has been received: see `Until::Sink`.
    fn satisfied(&self) -> bool {
        false
    }

    /// The broker has sent something that fits no request, such as a second PUBACK. It was ignored.
    fn unexpected(&mut self, what: &'static str);
}
