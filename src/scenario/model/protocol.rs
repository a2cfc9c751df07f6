//! What MQTT itself can be told: versions, properties of messages, wills.

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

/// Whether topics are sent as short numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TopicAlias {
    /// Never.
    Off,
    /// The first topics of a connection get a number each, as many as the broker takes and at most 64, and are
    /// sent as that number from then on. The broker may do the same.
    Auto,
}

/// Properties of a message. They need MQTT 5.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Properties {
    /// What the payload is, such as `application/json`; a template. Default: nothing.
    pub content_type: Option<String>,
    /// How long the broker keeps the message for those who cannot receive it now; whole seconds. Default: for ever.
    pub message_expiry: Option<HumanDuration>,
    /// Where an answer is to be published; a template. Default: nowhere.
    pub response_topic: Option<String>,
    /// What an answer is to carry, to be known again; a template. Default: nothing.
    pub correlation_data: Option<String>,
    /// Names and values of one's own, sent in the order in which they stand; the values are templates.
    pub user_properties: InOrder<String>,
}

/// What the broker publishes when it loses a user without DISCONNECT. Made once per user.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Will {
    /// Topic, a template of values that do not change while a user lives. Required.
    pub topic: Option<String>,
    /// Payload, at most 65535 bytes; its templates likewise. A size is drawn once, and of `lines` each user has its
    /// own. Default: nothing.
    pub payload: Option<Payload>,
    /// Quality of service: 0, 1 or 2. Default 0.
    #[schemars(extend("enum" = [0, 1, 2]))]
    pub qos: Option<u8>,
    /// Whether the broker shall keep it for later subscribers. Default false.
    pub retain: Option<bool>,
    /// How long after the loss it is published, whole seconds; never, if the user is back by then. Needs MQTT 5.
    /// Default: at once.
    pub delay: Option<HumanDuration>,
    /// Its other properties. They need MQTT 5. Default: none.
    pub properties: Option<Properties>,
}
