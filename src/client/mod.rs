//! The MQTT seam: what the engine knows of a broker is a [`Connect`] and the [`Session`]s it gives.
//!
//! Two implementations live: the driver on real sockets ([`transport`], [`driver`]) and a scripted twin in memory
//! ([`scripted`]), since a paused test clock and real sockets do not mix. A session has no task and no
//! channel of its own: the user's task drives it whenever it waits for anything, so a user costs one task,
//! and an idle connection a few hundred bytes. Requests are finished through a [`Sink`], in whatever order
//! the broker answers them.

mod aliases;
pub mod driver;
pub mod failure;
mod inflight;
mod keep_alive;
pub mod kept;
pub mod marks;
mod outgoing;
mod owed;
pub mod pool;
pub mod reason;
pub mod scripted;
pub mod transport;
mod wire;

use std::cell::Cell;
use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

use crate::client::failure::Failure;
use crate::client::kept::Kept;
use crate::client::marks::Marks;
use crate::client::transport::tls::Certificate;
use crate::mqtt::{Qos, Settings, SubscribeOptions};

/// Who connects, and how.
#[derive(Debug, Clone, Copy)]
pub struct ConnectRequest<'a> {
    /// Which broker: place in the plan's table, and so in the connector's.
    pub broker: usize,
    /// Which of the broker's servers: they are taken in turn, as often as there is need.
    pub turn: usize,
    /// What the client proves itself with in TLS; of no meaning without.
    pub certificate: Option<Certificate<'a>>,
    /// Client id, UTF-8. Empty: the broker makes one.
    pub client_id: &'a str,
    /// User name.
    pub username: Option<&'a str>,
    /// Password; in MQTT 3.1.1 not without a user name.
    pub password: Option<&'a str>,
    /// Seconds of silence before a PINGREQ; 0 for never.
    pub keep_alive_s: u16,
    /// Most messages of QoS 1 and 2 that may wait for acknowledgement at once; a broker of MQTT 5 may want fewer.
    pub inflight: u16,
    /// How long it may take, from the first packet to CONNACK: TCP, TLS, the upgrade to WebSocket and MQTT.
    pub timeout: Duration,
    /// Which protocol, and what of it.
    pub settings: Settings,
    /// What the broker is to publish when the connection is lost.
    pub will: Option<Will<'a>>,
    /// What the last connection of the session has left, if there was one: taken up if the broker still knows
    /// the session, and left alone if it does not or the connect fails.
    pub kept: Option<&'a Kept>,
    /// Where to note the ends of its parts, if somebody wants to know.
    pub marks: Option<&'a Cell<Marks>>,
}

/// What the broker is to publish when a connection is lost without DISCONNECT.
#[derive(Debug, Clone, Copy)]
pub struct Will<'a> {
    /// Where to.
    pub topic: &'a str,
    /// What, at most 65,535 bytes.
    pub payload: &'a [u8],
    /// Quality of service.
    pub qos: Qos,
    /// Whether the broker shall keep it.
    pub retain: bool,
    /// MQTT 5: how long after the loss, in seconds.
    pub delay_s: u32,
    /// MQTT 5: its other properties, encoded: see [`property`](crate::mqtt::property).
    pub properties: &'a [u8],
}

/// A message to publish. Topic and payload are bytes as they go on the wire.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// Where to.
    pub topic: &'a [u8],
    /// What.
    pub payload: &'a [u8],
    /// Quality of service.
    pub qos: Qos,
    /// Whether the broker shall keep it.
    pub retain: bool,
    /// MQTT 5: its properties, encoded, without their length and without a topic alias: see
    /// [`property`](crate::mqtt::property).
    pub properties: &'a [u8],
}

/// A filter to subscribe to.
#[derive(Debug, Clone, Copy)]
pub struct Filter<'a> {
    /// Which topics.
    pub path: &'a str,
    /// Highest quality of service of what is delivered.
    pub qos: Qos,
    /// What only MQTT 5 can say.
    pub options: SubscribeOptions,
}

impl<'a> Filter<'a> {
    /// A filter without options.
    pub fn new(path: &'a str, qos: Qos) -> Self {
        Self { path, qos, options: SubscribeOptions::default() }
    }
}

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

/// Which request, while it is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// The packet with this id.
    Packet(u16),
    /// The packet that ends at this place of the outgoing stream.
    Written(u64),
}

/// How far to drive a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// For ever (to the deadline, or the loss of the connection).
    Deadline,
    /// Until this request is finished.
    Done(Key),
    /// Until a message of QoS 1 or 2 may be sent.
    Room,
    /// Until a packet id is free.
    Id,
    /// Until everything is written.
    Written,
    /// Until nothing is open.
    Idle,
    /// Until the sink is [satisfied](Sink::satisfied).
    Sink,
}

/// How to end a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Close {
    /// With DISCONNECT: the broker forgets the will.
    Clean,
    /// Likewise, by a client that does not come back: nobody takes the connection over before the broker has read it.
    ForGood,
    /// By dropping the connection, as a lost device does.
    Abrupt,
}

/// How long a broker may take to close a connection that has ended.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// How long it may send nothing and take nothing of what was sent to it.
    pub silence: Duration,
    /// How long all in all.
    pub most: Duration,
}

/// Opens sessions; one per thread.
pub trait Connect: 'static {
    /// What it gives.
    type Session: Session;

    /// Connects and waits for CONNACK. Cancel-safe: dropping the future drops the connection.
    fn connect(&self, request: &ConnectRequest<'_>) -> impl Future<Output = Result<Self::Session, Failure>>;
}

/// One MQTT connection as the engine sees it.
pub trait Session: 'static {
    /// Whether a message of QoS 1 or 2 may be sent now: by the inflight limit, by what the broker takes at once, and by
    /// the packet ids that are free.
    fn has_room(&self) -> bool;

    /// The failure of a message for which there was no room for so long.
    fn no_room(&self, waited: Duration) -> Failure;

    /// Whether a packet id is free, which a SUBSCRIBE or UNSUBSCRIBE needs.
    fn has_id(&self) -> bool;

    /// Bytes that wait to be written.
    fn backlog(&self) -> usize;

    /// Queues a message, to be written when the session is next driven. For QoS 1 and 2 there must be room.
    /// On an error nothing was queued, and the sink will not hear of it.
    fn publish(&mut self, message: &Message<'_>, ticket: Ticket) -> Result<Key, Failure>;

    /// Queues a SUBSCRIBE without an identifier.
    fn subscribe(&mut self, filters: &[Filter<'_>], ticket: Ticket) -> Result<Key, Failure> {
        self.subscribe_with(filters, None, ticket)
    }

    /// Queues a SUBSCRIBE; finished by its SUBACK, as failed if a filter is refused. MQTT 5: with an identifier of 1
    /// to 268,435,455, which comes with each message that one of these filters brings. On an error nothing was
    /// queued, and the sink will not hear of it.
    fn subscribe_with(
        &mut self,
        filters: &[Filter<'_>],
        identifier: Option<u32>,
        ticket: Ticket,
    ) -> Result<Key, Failure>;

    /// Queues an UNSUBSCRIBE; finished by its UNSUBACK. That there was no such subscription is no failure.
    fn unsubscribe(&mut self, filters: &[&str], ticket: Ticket) -> Result<Key, Failure>;

    /// Whether the broker went on with a session that it had: what was subscribed to before still holds.
    fn resumed(&self) -> bool;

    /// What is left of the session for its next connection, once this one has ended; nothing of a clean one.
    fn keep(&mut self) -> Kept;

    /// Writes and reads until the condition holds (`true`) or the deadline has passed (`false`); an error
    /// means that the connection is lost and every open request was finished with it, or is left for
    /// [`Session::keep`]. Expires requests and keeps the connection alive on the way. Cancel-safe.
    fn drive(
        &mut self,
        until: Until,
        deadline: Option<Instant>,
        sink: &mut impl Sink,
    ) -> impl Future<Output = Result<bool, Failure>>;

    /// Drops the connection without a word, as a lost device or a failing network does. Requests still open are
    /// finished as failed with `failure`, or left for [`Session::keep`].
    fn sever(&mut self, failure: Failure, sink: &mut impl Sink);

    /// Nobody waits any longer: finishes requests still open as failed with [`Failure::Closing`], and sends nothing. For
    /// a session that is dropped.
    fn give_up(&mut self, sink: &mut impl Sink);

    /// Ends the connection, if the last bytes can be written within `timeout`. Requests still open are
    /// finished as failed with [`Failure::Closing`]. What the broker has not read by then may still be lost: see
    /// [`Session::farewell`].
    fn close(
        &mut self,
        how: Close,
        timeout: Duration,
        sink: &mut impl Sink,
    ) -> impl Future<Output = Result<(), Failure>>;

    /// What is left to do for a connection that has ended, so that the broker reads all that it was sent: a socket
    /// that is closed while something is there to be read, or still comes, is reset, and the broker loses what it has
    /// not read, DISCONNECT included. The future drops what comes until the broker has closed too, or `patience` is
    /// at its end; dropping it closes at once. Nothing, if nothing can come and nobody comes back too early, or the
    /// connection is to end abruptly. Returns whether the broker has closed.
    fn farewell(self, patience: Patience) -> Option<impl Future<Output = bool> + 'static>;
}
