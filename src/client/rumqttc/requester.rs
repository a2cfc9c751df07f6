//! rumqttc's client of either version: it hands a user's requests to the event loop.

use bytes::{Bytes, BytesMut};
use rumqttc::SubscribeFilter;
use rumqttc::v5::mqttbytes::v5::{
    Filter as Filter5, Packet, PublishProperties, RetainForwardRule, SubscribeProperties,
};

use crate::client::failure::Failure;
use crate::client::seam::{Filter, Message};
use crate::client::wire::{self, Alias};
use crate::mqtt::{Qos, RetainHandling, Version};

const NOT_TAKEN: Failure = Failure::Rumqttc("it does not take the request");

pub(super) enum Requester {
    V311(rumqttc::AsyncClient),
    V5(rumqttc::v5::AsyncClient),
}

impl Requester {
    pub(super) fn publish(&self, message: &Message<'_>) -> Result<(), Failure> {
        let &Message { topic, payload, qos, retain, properties } = message;
        let topic = str::from_utf8(topic).map_err(|_| NOT_TAKEN)?;
        match self {
            Self::V311(client) => {
                client.try_publish(topic, quality(qos), retain, payload).map_err(|_| NOT_TAKEN)
            }
            Self::V5(client) => {
                let payload = Bytes::copy_from_slice(payload);
                let sent = if properties.is_empty() {
                    client.try_publish(topic, quality_5(qos), retain, payload)
                } else {
                    let properties = publish_properties(message)?;
                    client.try_publish_with_properties(topic, quality_5(qos), retain, payload, properties)
                };
                sent.map_err(|_| NOT_TAKEN)
            }
        }
    }

    pub(super) fn subscribe(&self, filters: &[Filter<'_>], identifier: Option<u32>) -> Result<(), Failure> {
        match self {
            Self::V311(client) => {
                let filters = filters
                    .iter()
                    .map(|filter| SubscribeFilter::new(filter.path.to_owned(), quality(filter.qos)));
                client.try_subscribe_many(filters).map_err(|_| NOT_TAKEN)
            }
            Self::V5(client) => {
                let filters = filters.iter().map(filter_5);
                let subscribed = match identifier {
                    None => client.try_subscribe_many(filters),
                    Some(identifier) => {
                        let id = Some(identifier as usize);
                        let properties = SubscribeProperties { id, user_properties: Vec::new() };
                        client.try_subscribe_many_with_properties(filters, properties)
                    }
                };
                subscribed.map_err(|_| NOT_TAKEN)
            }
        }
    }

    /// rumqttc has no UNSUBSCRIBE with several filters.
    pub(super) fn unsubscribe(&self, filter: &str) -> Result<(), Failure> {
        match self {
            Self::V311(client) => client.try_unsubscribe(filter).map_err(|_| NOT_TAKEN),
            Self::V5(client) => client.try_unsubscribe(filter).map_err(|_| NOT_TAKEN),
        }
    }

    pub(super) fn disconnect(&self) -> Result<(), Failure> {
        match self {
            Self::V311(client) => client.try_disconnect().map_err(|_| NOT_TAKEN),
            Self::V5(client) => client.try_disconnect().map_err(|_| NOT_TAKEN),
        }
    }
}

/// The properties of a message as rumqttc has them: they come encoded, and its own reader takes them apart.
fn publish_properties(message: &Message<'_>) -> Result<PublishProperties, Failure> {
    let mut packet = Vec::new();
    let only_properties = Message { payload: &[], qos: Qos::AtMostOnce, ..*message };
    wire::write_publish(Version::V5, &only_properties, 0, Alias::None, &mut packet);
    match Packet::read(&mut BytesMut::from(&packet[..]), None) {
        Ok(Packet::Publish(publish)) => Ok(publish.properties.unwrap_or_default()),
        _ => Err(Failure::Rumqttc("it cannot read the properties of the message")),
    }
}

fn filter_5(filter: &Filter<'_>) -> Filter5 {
    Filter5 {
        path: filter.path.to_owned(),
        qos: quality_5(filter.qos),
        nolocal: filter.options.no_local,
        preserve_retain: filter.options.retain_as_published,
        retain_forward_rule: match filter.options.retain_handling {
            RetainHandling::Always => RetainForwardRule::OnEverySubscribe,
            RetainHandling::IfNew => RetainForwardRule::OnNewSubscribe,
            RetainHandling::Never => RetainForwardRule::Never,
        },
    }
}

fn quality(qos: Qos) -> rumqttc::QoS {
    match qos {
        Qos::AtMostOnce => rumqttc::QoS::AtMostOnce,
        Qos::AtLeastOnce => rumqttc::QoS::AtLeastOnce,
        Qos::ExactlyOnce => rumqttc::QoS::ExactlyOnce,
    }
}

fn quality_5(qos: Qos) -> rumqttc::v5::mqttbytes::QoS {
    match qos {
        Qos::AtMostOnce => rumqttc::v5::mqttbytes::QoS::AtMostOnce,
        Qos::AtLeastOnce => rumqttc::v5::mqttbytes::QoS::AtLeastOnce,
        Qos::ExactlyOnce => rumqttc::v5::mqttbytes::QoS::ExactlyOnce,
    }
}
