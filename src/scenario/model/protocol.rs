//! Settings of MQTT itself: versions, properties of messages, wills.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::scenario::model::in_order::InOrder;
use crate::scenario::model::payload::Payload;
use crate::units::HumanDuration;

/// Version of MQTT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Protocol {
    /// MQTT 3.1.1.
    #[serde(rename = "3.1.1")]
    V311,
    /// MQTT 5.
    #[serde(rename = "5")]
    V5,
}

/// Whether users send short numbers in place of topics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TopicAlias {
    /// Never.
    Off,
    /// The first topics of a connection get a number each: as many as the broker accepts, at most 64. After that,
    /// users send the number in place of the topic. The broker may do the same.
    Auto,
}

/// Properties of a message. They need MQTT 5.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Properties {
    /// The kind of the payload, such as `application/json`; a template. Default: nothing.
    pub content_type: Option<String>,
    /// How long the broker keeps the message for subscribers that are away; whole seconds. Default: for ever.
    pub message_expiry: Option<HumanDuration>,
    /// Topic for the reply; a template. Default: nothing.
    pub response_topic: Option<String>,
    /// Data that the reply repeats, so that the sender recognises it; a template. Default: nothing.
    pub correlation_data: Option<String>,
    /// Names and values of your own, sent in this order; the values are templates.
    pub user_properties: InOrder<String>,
}

/// The message that the broker publishes when it loses a user without DISCONNECT. It is made once per user.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Will {
    /// Topic, a template of values that are fixed for each user. Required.
    pub topic: Option<String>,
    /// Payload of at most 65535 bytes; its templates are fixed for each user, too. A random size is drawn once, and
    /// each user has one line of `lines`. Default: nothing.
    pub payload: Option<Payload>,
    /// QoS: 0, 1 or 2. Default 0.
    #[schemars(extend("enum" = [0, 1, 2]))]
    pub qos: Option<u8>,
    /// Whether the broker keeps it for later subscribers. Default false.
    pub retain: Option<bool>,
    /// How long after the loss the broker publishes it, whole seconds; not at all, if the user is back by then. Needs
    /// MQTT 5. Default: at once.
    pub delay: Option<HumanDuration>,
    /// Its other properties. They need MQTT 5. Default: none.
    pub properties: Option<Properties>,
}
