//! Why a request failed: one enum for everything that can go wrong on a connection.
//!
//! It is small and `Copy`, since the loss of one connection can fail a whole window of requests. It holds no client id,
//! because its text is the key of a row, and no address: whoever records it adds the name of the server
//! ([`Failure::at`]).

use std::io;
use std::time::Duration;

use crate::client::failure::parts::{Ack, Os, Port, Protocol};
use crate::client::failure::reason::Reason;
use crate::client::failure::tls::TlsFault;
use crate::client::failure::websocket::WebSocketFault;
use crate::mqtt::Qos;
use crate::mqtt::properties::PropertyError;

/// What is wrong with a PUBLISH whose topic is empty, has a wildcard or has a null character.
pub(crate) const INVALID_TOPIC: &str = "PUBLISH with an invalid topic name";

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
    /// The broker answered in another protocol than MQTT.
    Speaks(Protocol),
    /// The broker refused in its CONNACK, with a return code of MQTT 3.1.1 (table 3.1).
    Refused(u8),
    /// The broker refused in an acknowledgement of MQTT 5.
    Reason(Ack, Reason),
    /// The broker of MQTT 5 ended the connection with a DISCONNECT.
    Disconnected(Reason),
    /// It was not sent, because the broker does not accept it.
    NotTaken(Limit),
    /// It was not sent, because MQTT cannot say it.
    NotSent(&'static str),
    /// No acknowledgement came in time.
    AckTimeout(Ack, Duration),
    /// The message could not be written in time, because the broker does not read.
    WriteTimeout(Duration),
    /// The inflight limit was not free in time.
    NoRoom(Duration),
    /// The broker's Receive Maximum was not free in time (MQTT 5).
    NoQuota(Duration),
    /// All 65,535 packet ids are taken by requests that the broker has not answered.
    NoPacketId,
    /// The message is larger than MQTT allows.
    TooLarge,
    /// The broker closed the connection.
    Closed,
    /// The connection broke.
    Lost(Os),
    /// The broker broke the protocol.
    Protocol(&'static str),
    /// The broker acknowledged with a packet of the wrong type.
    WrongAck {
        /// The acknowledgement that the request waited for.
        expected: Ack,
        /// The acknowledgement that came.
        got: Ack,
    },
    /// The broker refused a subscription (return code 0x80).
    SubscriptionRefused,
    /// The user closed the connection before the acknowledgement came.
    Closing,
    /// The scenario dropped the connection, as a failing network does.
    Dropped,
    /// The broker no longer knows the session in which the request was sent.
    SessionLost,
    /// What rumqttc does or cannot do, when it drives the connection.
    Rumqttc(&'static str),
}

impl Failure {
    /// Returns whether the broker refused a subscription.
    pub fn is_refused_subscription(&self) -> bool {
        matches!(self, Self::SubscriptionRefused | Self::Reason(Ack::Suback, _))
    }

    /// The reason code with which the client ends the connection in MQTT 5 (section 4.13), if the broker broke the
    /// protocol.
    pub(crate) fn reason_to_disconnect(&self) -> Option<u8> {
        const MALFORMED: u8 = 0x81;
        const PROTOCOL_ERROR: u8 = 0x82;
        match self {
            Self::WrongAck { .. } => Some(PROTOCOL_ERROR),
            Self::Protocol(what) => Some(match *what {
                INVALID_TOPIC => 0x90,
                "more QoS 2 messages than the receive maximum" => 0x93,
                "packet larger than the client takes" => 0x95,
                what if what.starts_with("topic alias") => 0x94,
                what if is_malformed(what) => MALFORMED,
                _ => PROTOCOL_ERROR,
            }),
            _ => None,
        }
    }

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

    pub(crate) fn before_connack(self, port: Port) -> Self {
        match self {
            Self::Closed => Self::NoConnack(None, port),
            Self::Lost(os) => Self::NoConnack(Some(os), port),
            other => other,
        }
    }

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

/// A limit of the broker, from its CONNACK of MQTT 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// It accepts no higher quality of service than this.
    Qos(Qos),
    /// It retains no messages.
    Retain,
    /// It accepts no packet of more bytes than this.
    PacketBytes(u32),
    /// It accepts no subscription identifiers.
    SubscriptionIds,
    /// It accepts no shared subscriptions.
    Shared,
    /// It accepts no filters with wildcards.
    Wildcards,
}

/// Returns whether the bytes are no packet at all, rather than a packet that is not allowed.
fn is_malformed(what: &str) -> bool {
    ["malformed", "wrong", "cut short", "UTF-8", "packet id 0", "bytes after"]
        .iter()
        .any(|word| what.contains(word))
}

impl From<PropertyError> for Failure {
    fn from(error: PropertyError) -> Self {
        Self::Protocol(error.what())
    }
}
