//! MQTT 3.1.1 on the wire: rumqttc's packets to ours and back.
//!
//! The codec's packet types are read one by one instead of through its `Packet::read`, since the frame is
//! already there.

use crate::broker::packet::{Answer, Connect, Filter, Message, Options, Packet, Refusal, Will, WireError};
use crate::mqtt::{MAX_PACKET_BYTES, Qos, RetainHandling, Version};
use bytes::{Bytes, BytesMut};
use rumqttc::mqttbytes::v4;
use rumqttc::mqttbytes::{Error, FixedHeader, PacketType, QoS};
use std::time::Duration;

/// Reads a CONNECT of protocol level 4.
pub(super) fn connect(header: FixedHeader, frame: Bytes) -> Result<Connect, WireError> {
    let connect = v4::Connect::read(header, frame)?;
    if connect.client_id.is_empty() && !connect.clean_session {
        return Err(WireError::ClientId);
    }
    Ok(Connect {
        version: Version::V311,
        client_id: connect.client_id,
        clean_start: connect.clean_session,
        keep_alive: Duration::from_secs(connect.keep_alive.into()),
        expiry: if connect.clean_session { Duration::ZERO } else { Duration::MAX },
        will: connect.last_will.map(|will| Will {
            message: message(will.topic, will.message),
            qos: qos(will.qos),
            retain: will.retain,
            delay: Duration::ZERO,
            expiry: None,
        }),
        receive_maximum: u16::MAX,
        max_packet_bytes: MAX_PACKET_BYTES,
    })
}

pub(super) fn read(header: FixedHeader, frame: Bytes) -> Result<Packet, WireError> {
    Ok(match header.packet_type()? {
        PacketType::Publish => {
            let publish = v4::Publish::read(header, frame)?;
            Packet::Publish {
                message: message(publish.topic, publish.payload),
                qos: qos(publish.qos),
                retain: publish.retain,
                pkid: publish.pkid,
            }
        }
        PacketType::PubAck => Packet::PubAck(v4::PubAck::read(header, frame)?.pkid),
        PacketType::PubRec => Packet::PubRec { pkid: v4::PubRec::read(header, frame)?.pkid, refused: false },
        PacketType::PubRel => Packet::PubRel(v4::PubRel::read(header, frame)?.pkid),
        PacketType::PubComp => Packet::PubComp(v4::PubComp::read(header, frame)?.pkid),
        PacketType::Subscribe => {
            let subscribe = v4::Subscribe::read(header, frame)?;
            Packet::Subscribe {
                pkid: subscribe.pkid,
                filters: subscribe.filters.into_iter().map(filter).collect(),
            }
        }
        PacketType::Unsubscribe => {
            let unsubscribe = v4::Unsubscribe::read(header, frame)?;
            Packet::Unsubscribe { pkid: unsubscribe.pkid, filters: unsubscribe.topics }
        }
        PacketType::PingReq => Packet::PingReq,
        PacketType::Disconnect => Packet::Disconnect { with_will: false, expiry: None },
        PacketType::Connect => return Err(WireError::Protocol("a second CONNECT")),
        PacketType::ConnAck | PacketType::SubAck | PacketType::UnsubAck | PacketType::PingResp => {
            return Err(WireError::Protocol("a packet that only a server sends"));
        }
    })
}

pub(super) fn write(answer: &Answer, out: &mut BytesMut) -> Result<(), WireError> {
    match answer {
        Answer::Accepted { session_present, .. } => {
            v4::ConnAck::new(v4::ConnectReturnCode::Success, *session_present).write(out)
        }
        Answer::Refused(refusal) => {
            let code = match refusal {
                Refusal::Version => v4::ConnectReturnCode::RefusedProtocolVersion,
                Refusal::ClientId => v4::ConnectReturnCode::BadClientId,
                Refusal::Unavailable => v4::ConnectReturnCode::ServiceUnavailable,
                Refusal::Wrong(_) => return Ok(()),
            };
            v4::ConnAck::new(code, false).write(out)
        }
        Answer::PubAck { pkid, .. } => v4::PubAck::new(*pkid).write(out),
        Answer::PubRec { pkid, .. } => v4::PubRec::new(*pkid).write(out),
        Answer::PubRel(pkid) => v4::PubRel::new(*pkid).write(out),
        Answer::PubComp(pkid) => v4::PubComp::new(*pkid).write(out),
        Answer::SubAck { pkid, granted } => {
            let code = |granted: &Option<Qos>| match granted {
                Some(Qos::AtMostOnce) => v4::SubscribeReasonCode::Success(QoS::AtMostOnce),
                Some(Qos::AtLeastOnce) => v4::SubscribeReasonCode::Success(QoS::AtLeastOnce),
                Some(Qos::ExactlyOnce) => v4::SubscribeReasonCode::Success(QoS::ExactlyOnce),
                None => v4::SubscribeReasonCode::Failure,
            };
            v4::SubAck::new(*pkid, granted.iter().map(code).collect()).write(out)
        }
        Answer::UnsubAck { pkid, .. } => v4::UnsubAck::new(*pkid).write(out),
        Answer::PingResp => v4::PingResp.write(out),
        Answer::Disconnect(_) => Ok(0),
    }?;
    Ok(())
}

impl From<Error> for WireError {
    fn from(error: Error) -> Self {
        Self::Malformed(error.to_string())
    }
}

fn message(topic: String, payload: Bytes) -> Message {
    Message { topic, payload, properties: Bytes::new(), expires: None }
}

fn filter(filter: v4::SubscribeFilter) -> Filter {
    let options = Options { qos: qos(filter.qos), no_local: false, retain_as_published: false };
    Filter { path: filter.path, options, retained: RetainHandling::Always }
}

fn qos(qos: QoS) -> Qos {
    match qos {
        QoS::AtMostOnce => Qos::AtMostOnce,
        QoS::AtLeastOnce => Qos::AtLeastOnce,
        QoS::ExactlyOnce => Qos::ExactlyOnce,
    }
}
