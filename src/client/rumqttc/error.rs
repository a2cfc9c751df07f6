//! Why rumqttc has lost a connection, or got none, in the words of [`Failure`].

use std::time::Duration;

use bytes::BytesMut;
use rumqttc::mqttbytes::v4;
use rumqttc::v5;
use rumqttc::v5::mqttbytes::v5::{ConnAck, ConnectReturnCode};
use rumqttc::{ConnectionError, StateError, mqttbytes};

use crate::client::failure::{Ack, Failure};
use crate::client::wire;
use crate::mqtt::{Settings, Version};

const NO_CONNACK: Failure = Failure::Protocol("no CONNACK as its first packet");
const TOO_LARGE: Failure = Failure::Protocol("packet larger than the client takes");
const UNREADABLE: Failure = Failure::Rumqttc("it cannot read a packet of the broker");
const UNKNOWN_ID: Failure =
    Failure::Rumqttc("it ends the connection: acknowledgement for a packet id that is not in use");
const ENDED: Failure = Failure::Rumqttc("it ends the connection");

/// Of MQTT 3.1.1: `wait` is how long the broker may leave what is sent to it unread.
pub(super) fn of_311(error: ConnectionError, wait: Duration, keep_alive: Duration) -> Failure {
    match error {
        ConnectionError::Io(error) => Failure::opening(&error),
        ConnectionError::ConnectionRefused(code) => refused(code),
        ConnectionError::NotConnAck(_) => NO_CONNACK,
        ConnectionError::NetworkTimeout => Failure::AckTimeout(Ack::Connack, wait),
        ConnectionError::FlushTimeout => Failure::WriteTimeout(wait),
        ConnectionError::RequestsDone => ENDED,
        ConnectionError::MqttState(error) => match error {
            StateError::Io(error) | StateError::Deserialization(mqttbytes::Error::Io(error)) => {
                Failure::lost(&error)
            }
            StateError::Deserialization(mqttbytes::Error::PayloadSizeLimitExceeded(_)) => TOO_LARGE,
            StateError::Deserialization(_) | StateError::WrongPacket => UNREADABLE,
            StateError::AwaitPingResp => Failure::AckTimeout(Ack::Pingresp, keep_alive),
            StateError::ConnectionAborted => Failure::Closed,
            StateError::Unsolicited(_) => UNKNOWN_ID,
            StateError::InvalidState | StateError::CollisionTimeout | StateError::EmptySubscription => ENDED,
        },
    }
}

/// Of MQTT 5.
pub(super) fn of_5(error: v5::ConnectionError, keep_alive: Duration) -> Failure {
    match error {
        v5::ConnectionError::Io(error) => Failure::opening(&error),
        v5::ConnectionError::ConnectionRefused(code) => refused_5(code),
        v5::ConnectionError::NotConnAck(_) => NO_CONNACK,
        // It waits longer than the session does.
        v5::ConnectionError::Timeout(_) | v5::ConnectionError::RequestsDone => ENDED,
        v5::ConnectionError::MqttState(error) => match error {
            v5::StateError::Io(error) | v5::StateError::Deserialization(v5::mqttbytes::Error::Io(error)) => {
                Failure::lost(&error)
            }
            v5::StateError::Deserialization(v5::mqttbytes::Error::PayloadSizeLimitExceeded { .. })
            | v5::StateError::IncomingPacketTooLarge { .. } => TOO_LARGE,
            v5::StateError::Deserialization(_) | v5::StateError::WrongPacket => UNREADABLE,
            v5::StateError::AwaitPingResp => Failure::AckTimeout(Ack::Pingresp, keep_alive),
            v5::StateError::ConnectionAborted => Failure::Closed,
            v5::StateError::Unsolicited(_) => UNKNOWN_ID,
            v5::StateError::ConnFail { reason } => refused_5(reason),
            // A DISCONNECT of the broker is told before, with its reason.
            _ => ENDED,
        },
    }
}

fn refused(code: v4::ConnectReturnCode) -> Failure {
    let mut packet = BytesMut::new();
    let connack = v4::ConnAck { session_present: false, code };
    connack.write(&mut packet).map_or(NO_CONNACK, |_| of_connack(Version::V311, &packet))
}

/// rumqttc drops what the broker says beside the code.
fn refused_5(code: ConnectReturnCode) -> Failure {
    let mut packet = BytesMut::new();
    let connack = ConnAck { session_present: false, code, properties: None };
    connack.write(&mut packet).map_or(NO_CONNACK, |_| of_connack(Version::V5, &packet))
}

/// Why this CONNACK, which refuses, does.
fn of_connack(version: Version, packet: &[u8]) -> Failure {
    let settings = Settings { version, ..Settings::default() };
    let body = packet.get(2..).unwrap_or_default();
    wire::read_connack(&settings, body).err().unwrap_or(NO_CONNACK)
}
