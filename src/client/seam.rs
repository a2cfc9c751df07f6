//! The seam between the engine and MQTT: [`Connect`] opens sessions, [`Session`] is one of them, and the plain types
//! that they exchange.

use std::cell::Cell;
use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

use crate::client::failure::Failure;
use crate::client::session::state::SessionState;
use crate::client::sink::{Key, Sink, Ticket};
use crate::client::timings::ConnectTimings;
use crate::mqtt::{Qos, Settings, SubscribeOptions};

/// Opens sessions; one per thread.
pub trait Connect: 'static {
    /// What it gives.
    type Session: Session;

    /// Connects and waits for CONNACK. Cancel-safe: dropping the future drops the connection.
    fn connect(&self, request: &ConnectRequest<'_>) -> impl Future<Output = Result<Self::Session, Failure>>;
}

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
    pub session: Option<&'a SessionState>,
    /// Where to note the ends of its parts, if somebody wants to know.
    pub timings: Option<&'a Cell<ConnectTimings>>,
}

/// Files of a client certificate and its key, by path as the scenario has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Certificate<'a> {
    /// The certificate, with those of the authorities between it and a trusted one.
    pub certificate: &'a str,
    /// Its private key.
    pub key: &'a str,
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
    fn take_state(&mut self) -> SessionState;

    /// Writes and reads until the condition holds (`true`) or the deadline has passed (`false`); an error
    /// means that the connection is lost and every open request was finished with it, or is left for
    /// [`Session::take_state`]. Expires requests and keeps the connection alive on the way. Cancel-safe.
    fn drive(
        &mut self,
        until: Until,
        deadline: Option<Instant>,
        sink: &mut impl Sink,
    ) -> impl Future<Output = Result<bool, Failure>>;

    /// Drops the connection without a word, as a lost device or a failing network does. Requests still open are
    /// finished as failed with `failure`, or left for [`Session::take_state`].
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
