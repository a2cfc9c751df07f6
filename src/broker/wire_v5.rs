//! MQTT 5 on the wire: rumqttc's packets to ours and back.
//!
//! A message's properties are encoded again when it arrives, once, and then copied to each subscriber;
//! what belongs to one hop (topic alias, subscription identifier) goes away in between. The broker
//! announces that it takes no topic aliases and no subscription identifiers, and asks for no
//! authentication.

use crate::broker::packet::{Answer, Connect, Filter, Message, Options, Packet, Refusal, Will, WireError};
use crate::mqtt::{MAX_PACKET_BYTES, Qos, RetainHandling, Version};
use bytes::{Bytes, BytesMut};
use rumqttc::v5::mqttbytes::v5::{self, PublishProperties};
use rumqttc::v5::mqttbytes::{Error, QoS};
use std::time::Duration;
use tokio::time::Instant;

/// Reads a CONNECT of protocol level 5.
pub(super) fn connect(frame: &Bytes) -> Result<Connect, WireError> {
    let (connect, will, _) = v5::Connect::read(v5::check(frame.iter(), None)?, frame.clone())?;
    let properties = connect.properties.unwrap_or_default();
    if properties.authentication_method.is_some() {
        return Err(WireError::Authentication);
    }
    Ok(Connect {
        version: Version::V5,
        client_id: connect.client_id,
        clean_start: connect.clean_start,
        keep_alive: Duration::from_secs(connect.keep_alive.into()),
        expiry: properties.session_expiry_interval.map_or(Duration::ZERO, expiry),
        will: will.map(read_will).transpose()?,
        receive_maximum: properties.receive_maximum.unwrap_or(u16::MAX),
        max_packet_bytes: properties
            .max_packet_size
            .and_then(|bytes| usize::try_from(bytes).ok())
            .unwrap_or(MAX_PACKET_BYTES),
    })
}

pub(super) fn read(frame: &Bytes) -> Result<Packet, WireError> {
    let header = v5::check(frame.iter(), None)?;
    let bytes = frame.clone();
    Ok(match header.packet_type()? {
        v5::PacketType::Publish => {
            let publish = v5::Publish::read(header, bytes)?;
            let properties = publish.properties.unwrap_or_default();
            Packet::Publish {
                message: message(&publish.topic, publish.payload, properties)?,
                qos: qos(publish.qos),
                retain: publish.retain,
                pkid: publish.pkid,
            }
        }
        v5::PacketType::PubAck => Packet::PubAck(v5::PubAck::read(header, bytes)?.pkid),
        v5::PacketType::PubRec => {
            let pubrec = v5::PubRec::read(header, bytes)?;
            let refused =
                !matches!(pubrec.reason, v5::PubRecReason::Success | v5::PubRecReason::NoMatchingSubscribers);
            Packet::PubRec { pkid: pubrec.pkid, refused }
        }
        v5::PacketType::PubRel => Packet::PubRel(v5::PubRel::read(header, bytes)?.pkid),
        v5::PacketType::PubComp => Packet::PubComp(v5::PubComp::read(header, bytes)?.pkid),
        v5::PacketType::Subscribe => {
            let subscribe = v5::Subscribe::read(header, bytes)?;
            Packet::Subscribe {
                pkid: subscribe.pkid,
                filters: subscribe.filters.into_iter().map(filter).collect(),
            }
        }
        v5::PacketType::Unsubscribe => {
            let unsubscribe = v5::Unsubscribe::read(header, bytes)?;
            Packet::Unsubscribe { pkid: unsubscribe.pkid, filters: unsubscribe.filters }
        }
        v5::PacketType::PingReq => Packet::PingReq,
        v5::PacketType::Disconnect => disconnect(header, bytes)?,
        v5::PacketType::Connect => return Err(WireError::Protocol("a second CONNECT")),
        v5::PacketType::ConnAck
        | v5::PacketType::SubAck
        | v5::PacketType::UnsubAck
        | v5::PacketType::PingResp => return Err(WireError::Protocol("a packet that only a server sends")),
    })
}

pub(super) fn write(answer: &Answer, out: &mut BytesMut) -> Result<(), WireError> {
    match answer {
        Answer::Accepted { session_present, assigned_id } => {
            accept(*session_present, assigned_id.as_deref()).write(out)
        }
        Answer::Refused(refusal) => {
            let code = match refusal {
                Refusal::Version => v5::ConnectReturnCode::UnsupportedProtocolVersion,
                Refusal::ClientId => v5::ConnectReturnCode::ClientIdentifierNotValid,
                Refusal::Unavailable => v5::ConnectReturnCode::ServerUnavailable,
                // By hand: for most of them the codec has no word.
                Refusal::Wrong(reason) => {
                    out.extend_from_slice(&[0x20, 3, 0, *reason, 0]);
                    return Ok(());
                }
            };
            v5::ConnAck { session_present: false, code, properties: None }.write(out)
        }
        Answer::PubAck { pkid, matched } => {
            let mut ack = v5::PubAck::new(*pkid, None);
            if !matched {
                ack.reason = v5::PubAckReason::NoMatchingSubscribers;
            }
            ack.write(out)
        }
        Answer::PubRec { pkid, matched } => {
            let mut ack = v5::PubRec::new(*pkid, None);
            if !matched {
                ack.reason = v5::PubRecReason::NoMatchingSubscribers;
            }
            ack.write(out)
        }
        Answer::PubRel(pkid) => v5::PubRel::new(*pkid, None).write(out),
        Answer::PubComp(pkid) => v5::PubComp::new(*pkid, None).write(out),
        Answer::SubAck { pkid, granted } => {
            let code = |granted: &Option<Qos>| match granted {
                Some(Qos::AtMostOnce) => v5::SubscribeReasonCode::Success(QoS::AtMostOnce),
                Some(Qos::AtLeastOnce) => v5::SubscribeReasonCode::Success(QoS::AtLeastOnce),
                Some(Qos::ExactlyOnce) => v5::SubscribeReasonCode::Success(QoS::ExactlyOnce),
                None => v5::SubscribeReasonCode::TopicFilterInvalid,
            };
            let return_codes = granted.iter().map(code).collect();
            v5::SubAck { pkid: *pkid, return_codes, properties: None }.write(out)
        }
        Answer::UnsubAck { pkid, existed } => {
            let reason = |existed: &bool| {
                if *existed { v5::UnsubAckReason::Success } else { v5::UnsubAckReason::NoSubscriptionExisted }
            };
            let reasons = existed.iter().map(reason).collect();
            v5::UnsubAck { pkid: *pkid, reasons, properties: None }.write(out)
        }
        Answer::PingResp => v5::PingResp::write(out),
        // By hand: the codec wants its own type for a number that we already have, and cannot read back
        // the two-byte short form.
        Answer::Disconnect(Some(reason)) => {
            out.extend_from_slice(&[0xE0, 2, *reason, 0]);
            Ok(0)
        }
        Answer::Disconnect(None) => Ok(0),
    }?;
    Ok(())
}

impl From<Error> for WireError {
    fn from(error: Error) -> Self {
        Self::Malformed(error.to_string())
    }
}

fn accept(session_present: bool, assigned_id: Option<&str>) -> v5::ConnAck {
    let properties = v5::ConnAckProperties {
        session_expiry_interval: None,
        receive_max: None,
        max_qos: None,
        retain_available: None,
        max_packet_size: None,
        assigned_client_identifier: assigned_id.map(str::to_owned),
        topic_alias_max: None,
        reason_string: None,
        user_properties: Vec::new(),
        wildcard_subscription_available: None,
        subscription_identifiers_available: Some(0),
        shared_subscription_available: None,
        server_keep_alive: None,
        response_information: None,
        server_reference: None,
        authentication_method: None,
        authentication_data: None,
    };
    v5::ConnAck { session_present, code: v5::ConnectReturnCode::Success, properties: Some(properties) }
}

/// A DISCONNECT may end after its flags or after its reason code (section 3.14.2); the codec knows only
/// the first.
fn disconnect(header: v5::FixedHeader, bytes: Bytes) -> Result<Packet, WireError> {
    if let [_, 1, reason] = bytes[..] {
        return Ok(Packet::Disconnect { with_will: reason != 0, expiry: None });
    }
    let disconnect = v5::Disconnect::read(header, bytes)?;
    Ok(Packet::Disconnect {
        with_will: disconnect.reason_code != v5::DisconnectReasonCode::NormalDisconnection,
        expiry: disconnect.properties.and_then(|properties| properties.session_expiry_interval).map(expiry),
    })
}

/// A session expiry interval; its largest value means for ever (section 3.1.2.11.2).
fn expiry(seconds: u32) -> Duration {
    if seconds == u32::MAX { Duration::MAX } else { Duration::from_secs(seconds.into()) }
}

fn read_will(will: v5::LastWill) -> Result<Will, WireError> {
    let (delay, expiry, properties) = match will.properties {
        None => (0, None, PublishProperties::default()),
        Some(properties) => (
            properties.delay_interval.unwrap_or(0),
            properties.message_expiry_interval,
            PublishProperties {
                payload_format_indicator: properties.payload_format_indicator,
                response_topic: properties.response_topic,
                correlation_data: properties.correlation_data,
                user_properties: properties.user_properties,
                content_type: properties.content_type,
                ..PublishProperties::default()
            },
        ),
    };
    Ok(Will {
        message: message(&will.topic, will.message, properties)?,
        qos: qos(will.qos),
        retain: will.retain,
        delay: Duration::from_secs(delay.into()),
        expiry: expiry.map(|seconds| Duration::from_secs(seconds.into())),
    })
}

fn message(topic: &Bytes, payload: Bytes, mut properties: PublishProperties) -> Result<Message, WireError> {
    let topic = String::from_utf8(topic.to_vec()).map_err(|_| WireError::Topic)?;
    let expires = properties
        .message_expiry_interval
        .take()
        .and_then(|seconds| Instant::now().checked_add(Duration::from_secs(seconds.into())));
    properties.subscription_identifiers.clear();
    let properties = if properties == PublishProperties::default() {
        Bytes::new()
    } else {
        let mut encoded = BytesMut::new();
        properties.write(&mut encoded)?;
        let length_bytes = encoded.iter().take_while(|byte| **byte & 0x80 != 0).count() + 1;
        encoded.freeze().slice(length_bytes..)
    };
    Ok(Message { topic, payload, properties, expires })
}

fn filter(filter: v5::Filter) -> Filter {
    Filter {
        path: filter.path,
        options: Options {
            qos: qos(filter.qos),
            no_local: filter.nolocal,
            retain_as_published: filter.preserve_retain,
        },
        retained: match filter.retain_forward_rule {
            v5::RetainForwardRule::OnEverySubscribe => RetainHandling::Always,
            v5::RetainForwardRule::OnNewSubscribe => RetainHandling::IfNew,
            v5::RetainForwardRule::Never => RetainHandling::Never,
        },
    }
}

fn qos(qos: QoS) -> Qos {
    match qos {
        QoS::AtMostOnce => Qos::AtMostOnce,
        QoS::AtLeastOnce => Qos::AtLeastOnce,
        QoS::ExactlyOnce => Qos::ExactlyOnce,
    }
}
