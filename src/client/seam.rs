//! The seam between the engine and MQTT: [`Connect`] opens sessions, [`Session`] is one of them, and the plain types
//! that they exchange.

use std::cell::Cell;
use std::future::Future;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use crate::client::failure::Failure;
use crate::client::session::state::SessionState;
use crate::client::sink::{Key, Sink, Ticket};
use crate::mqtt::{Qos, Settings, SubscribeOptions};

/// Opens sessions. Each thread has its own.
pub trait Connect: 'static {
    /// What it opens.
    type Session: Session;

    /// Connects and waits for CONNACK. Cancel-safe: dropping the future drops the connection.
    fn connect(&self, request: &ConnectRequest<'_>) -> impl Future<Output = Result<Self::Session, Failure>>;

    /// What the servers of a broker are called in the texts of failures, such as `example.com:1883`, in the order of
    /// [turns](ConnectRequest::turn). Without names, the texts name no server.
    fn servers(&self, broker: usize) -> Vec<String> {
        let _ = broker;
        Vec::new()
    }

    /// What its sessions have sent and received so far; `None` if it does not count that.
    fn packet_bytes(&self) -> Option<PacketBytes> {
        None
    }
}

/// Bytes of MQTT packets each way. What TLS and WebSocket add is not among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PacketBytes {
    /// Bytes that were written to brokers.
    pub sent: u64,
    /// Bytes that were read from brokers.
    pub received: u64,
}

impl PacketBytes {
    /// Adds the bytes of others.
    pub fn add(&mut self, other: Self) {
        self.sent += other.sent;
        self.received += other.received;
    }

    /// What came after an earlier count.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        Self {
            sent: self.sent.saturating_sub(earlier.sent),
            received: self.received.saturating_sub(earlier.received),
        }
    }
}

/// Everything that one attempt to connect needs to know.
#[derive(Debug, Clone, Copy)]
pub struct ConnectRequest<'a> {
    /// The index of the broker in the plan's table, which is also its index in the connector.
    pub broker: usize,
    /// Chooses the server, for a broker with several: the turn modulo their number is its index. The quotient chooses the
    /// source address in the same way, so that each server is met from each of them, by the same users in every process.
    pub turn: usize,
    /// The client's certificate. It is used in TLS only.
    pub certificate: Option<Certificate<'a>>,
    /// The client id. If it is empty, the broker chooses one.
    pub client_id: &'a str,
    /// The user name, if the client has one.
    pub username: Option<&'a str>,
    /// The password, if the client has one. MQTT 3.1.1 has no password without a user name.
    pub password: Option<&'a str>,
    /// After how many seconds of silence a PINGREQ is sent; 0 means never.
    pub keep_alive_s: u16,
    /// How many messages of QoS 1 and 2 may wait for acknowledgement at once. A broker of MQTT 5 may allow fewer.
    pub inflight: u16,
    /// How long connecting may take in all: TCP, TLS, the upgrade to WebSocket, and CONNACK.
    pub timeout: Duration,
    /// The protocol version and the settings that go with it.
    pub settings: Settings,
    /// The message that the broker publishes when the connection is lost, if there is one.
    pub will: Option<Will<'a>>,
    /// What the last connection has left of the session, if there was one. It is taken out if the broker still knows
    /// the session. It stays if the broker does not, or if the connect fails.
    pub session: Option<&'a SessionState>,
    /// Where to note when each phase of the connect has ended, if that is measured.
    pub timings: Option<&'a Cell<ConnectTimings>>,
}

/// The files of a client certificate and its key, with the paths that the scenario gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Certificate<'a> {
    /// The file with the certificate and with any intermediate certificates.
    pub certificate: &'a str,
    /// The file with the private key.
    pub key: &'a str,
}

/// The message that the broker publishes when a connection ends without DISCONNECT.
#[derive(Debug, Clone, Copy)]
pub struct Will<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The payload, at most 65,535 bytes.
    pub payload: &'a [u8],
    /// The quality of service.
    pub qos: Qos,
    /// Whether the broker retains it.
    pub retain: bool,
    /// MQTT 5: how many seconds after the loss of the connection it is published.
    pub delay_s: u32,
    /// MQTT 5: its other properties in their encoded form; see [`property`](crate::mqtt::property).
    pub properties: &'a [u8],
}

/// One MQTT connection as the engine sees it.
pub trait Session: 'static {
    /// Returns whether a message of QoS 1 or 2 may be sent now. The inflight limit, the broker's Receive Maximum and
    /// the free packet ids decide.
    fn has_room(&self) -> bool;

    /// The failure of a message that has waited so long for room.
    fn no_room(&self, waited: Duration) -> Failure;

    /// Returns whether a packet id is free. SUBSCRIBE and UNSUBSCRIBE need one.
    fn has_id(&self) -> bool;

    /// The failure of a request for which no packet id was free in time.
    fn no_id(&self) -> Failure {
        Failure::NoPacketId
    }

    /// The number of bytes that wait to be written.
    fn backlog(&self) -> usize;

    /// Queues a message, which is written when the session is driven next. QoS 1 and 2 need room.
    ///
    /// If this fails, nothing is queued and the sink is not told.
    fn publish(&mut self, message: &Message<'_>, ticket: Ticket) -> Result<Key, Failure>;

    /// Queues a SUBSCRIBE without an identifier.
    fn subscribe(&mut self, filters: &[Filter<'_>], ticket: Ticket) -> Result<Key, Failure> {
        self.subscribe_with(filters, None, ticket)
    }

    /// Queues a SUBSCRIBE. Its SUBACK completes it, as a failure if the broker refuses a filter.
    ///
    /// MQTT 5: each message that one of these filters brings carries the identifier, a number from 1 to 268,435,455. If
    /// this fails, nothing is queued and the sink is not told.
    fn subscribe_with(
        &mut self,
        filters: &[Filter<'_>],
        identifier: Option<u32>,
        ticket: Ticket,
    ) -> Result<Key, Failure>;

    /// Queues an UNSUBSCRIBE. Its UNSUBACK completes it. A subscription that did not exist is not a failure.
    fn unsubscribe(&mut self, filters: &[&str], ticket: Ticket) -> Result<Key, Failure>;

    /// Returns whether the broker has resumed a session, so that its subscriptions still hold.
    fn resumed(&self) -> bool;

    /// Takes out what the next connection of the session needs, once this one has ended. A clean session leaves
    /// nothing.
    fn take_state(&mut self) -> SessionState;

    /// Writes and reads until the condition holds (`true`) or the deadline has passed (`false`). On the way it fails
    /// requests whose time is over and sends PINGREQ.
    ///
    /// An error means that the connection is lost: every open request has failed with it, or waits for
    /// [`Session::take_state`]. Cancel-safe.
    fn drive(
        &mut self,
        until: Until,
        deadline: Option<Instant>,
        sink: &mut impl Sink,
    ) -> impl Future<Output = Result<bool, Failure>>;

    /// Drops the connection without DISCONNECT, as a lost device or a failing network does. Open requests fail with
    /// `failure`, or wait for [`Session::take_state`].
    fn sever(&mut self, failure: Failure, sink: &mut impl Sink);

    /// Fails all open requests with [`Failure::Closing`] and sends nothing. It is called before a session is dropped.
    fn give_up(&mut self, sink: &mut impl Sink);

    /// Ends the connection, once the last bytes are written, for which it waits at most `timeout`. Open requests fail
    /// with [`Failure::Closing`]. The broker may still lose data that it has not read by then: see
    /// [`Session::farewell`].
    fn close(
        &mut self,
        how: Close,
        timeout: Duration,
        sink: &mut impl Sink,
    ) -> impl Future<Output = Result<(), Failure>>;

    /// Lets the broker read all that it was sent, after the connection has ended.
    ///
    /// A socket that is closed while there is something to read is reset. Then the broker loses what it has not read,
    /// DISCONNECT included. So this future reads and drops what comes until the broker has closed too, or `patience` is
    /// over, and returns whether the broker has closed. Dropping the future closes at once.
    ///
    /// There is no future if nothing can come and no connection follows too early, or if the connection ends abruptly.
    fn farewell(self, patience: Patience) -> Option<impl Future<Output = bool> + 'static>;
}

/// A message to publish. Topic and payload are the bytes that go on the wire.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// The topic.
    pub topic: &'a [u8],
    /// The payload.
    pub payload: &'a [u8],
    /// The quality of service.
    pub qos: Qos,
    /// Whether the broker retains it.
    pub retain: bool,
    /// MQTT 5: its properties in their encoded form, without their length and without a topic alias; see
    /// [`property`](crate::mqtt::property).
    pub properties: &'a [u8],
}

/// A filter to subscribe to.
#[derive(Debug, Clone, Copy)]
pub struct Filter<'a> {
    /// The filter itself, such as `a/+/b`.
    pub path: &'a str,
    /// The highest quality of service with which messages are delivered.
    pub qos: Qos,
    /// The options that only MQTT 5 has.
    pub options: SubscribeOptions,
}

impl<'a> Filter<'a> {
    /// A filter without options.
    pub fn new(path: &'a str, qos: Qos) -> Self {
        Self { path, qos, options: SubscribeOptions::default() }
    }
}

/// The condition at which driving a session ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// Only the deadline or the loss of the connection ends it.
    Deadline,
    /// This request is completed.
    Done(Key),
    /// A message of QoS 1 or 2 may be sent.
    Room,
    /// A packet id is free.
    Id,
    /// Everything is written.
    Written,
    /// No request is open.
    Idle,
    /// The sink is [satisfied](Sink::satisfied).
    Sink,
}

/// How to end a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Close {
    /// With DISCONNECT, so that the broker does not publish the will.
    Clean,
    /// With DISCONNECT, by a client that does not come back. Then no later connection can take this one over before the
    /// broker has read the DISCONNECT.
    ForGood,
    /// Without DISCONNECT, as a lost device does.
    Abrupt,
}

/// How long to wait for the broker to close a connection that has ended.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// How long the broker may send nothing and read nothing.
    pub silence: Duration,
    /// How long in all.
    pub most: Duration,
}

/// When each phase of a connect has ended, so far. A phase begins when the one before it has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ConnectTimings {
    /// When the TCP connection was open.
    pub tcp: Option<Instant>,
    /// When the TLS handshake was over.
    pub tls: Option<Instant>,
    /// When the server had answered the upgrade to WebSocket.
    pub websocket: Option<Instant>,
    /// When CONNACK had been read.
    pub connack: Option<Instant>,
}

/// A byte stream that a session can run on.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + 'static {
    /// Makes the coming close abrupt: the peer gets a reset, as from a lost device.
    fn abort_on_close(&mut self);

    /// The number of bytes that were written and have not arrived at the peer's machine, as far as it is known. It is asked
    /// when a peer seems to be dead, and may take a system call or two.
    fn not_arrived(&self) -> u64 {
        0
    }
}
