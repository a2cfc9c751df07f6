//! The steps of a user.

use schemars::JsonSchema;
use serde::{Deserialize, de};

use crate::mqtt::RetainHandling;
use crate::scenario::model::payload::Payload;
use crate::scenario::model::protocol::Properties;
use crate::scenario::model::receive::{Receive, Request};
use crate::scenario::model::subscription::{Filter, Unsubscribe, either};
use crate::units::HumanDuration;

/// One action of a user: a table whose only key is its name. Without options, the name alone.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Open the connection and wait for CONNACK.
    Connect(Connect),
    /// Close the connection.
    Disconnect(Disconnect),
    /// Send a message and wait for its acknowledgement.
    Publish(Publish),
    /// Subscribe to messages and wait for SUBACK.
    Subscribe(Subscribe),
    /// End subscriptions and wait for UNSUBACK.
    Unsubscribe(Unsubscribe),
    /// Wait for messages.
    Receive(Receive),
    /// Send a message and wait for its reply.
    Request(Request),
    /// Pause, and keep the connection alive.
    Wait(Pause),
    /// Do steps several times.
    Repeat(Repeat),
}

/// A pause: a length of time, or a table with one of these keys.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Pause {
    /// Always this length.
    #[serde(rename = "$text")]
    Constant(HumanDuration),
    /// A random length between two, evenly distributed, the second excluded.
    Between(HumanDuration, HumanDuration),
    /// A random length, exponentially distributed with this mean.
    Exponential(HumanDuration),
}

/// Open the connection and wait for CONNACK, at most for the broker's `connect_timeout`. A failed attempt is a failed
/// request, and the user tries again after a growing pause. If the user is connected, nothing happens.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Connect {
    /// Name of the row in the statistics: a template of values that are fixed for each user. Default `connect`.
    pub name: Option<String>,
    /// Type of the row. Default `MQTT`.
    pub request_type: Option<String>,
    /// Whether the statistics contain successes; they always contain failures. Default true.
    pub record: Option<bool>,
}

/// Close the connection with DISCONNECT, or without it. The user has no connection until its next step that needs one.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Disconnect {
    /// Drop the connection without DISCONNECT, as a lost device does. Default false.
    pub abrupt: Option<bool>,
    /// Name of the row in the statistics: a template of values that are fixed for each user. Default `disconnect`.
    pub name: Option<String>,
    /// Type of the row. Default `MQTT`.
    pub request_type: Option<String>,
    /// Whether the statistics contain successes; they always contain failures. Default true.
    pub record: Option<bool>,
}

/// Send a message and wait for its acknowledgement: PUBACK for QoS 1, PUBCOMP for QoS 2. A message of QoS 0 counts as
/// acknowledged when it is written to the socket.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Publish {
    /// Topic, a template. Required.
    pub topic: Option<String>,
    /// What the message carries. Default: nothing.
    pub payload: Option<Payload>,
    /// QoS: 0, 1 or 2. Default 0.
    #[schemars(extend("enum" = [0, 1, 2]))]
    pub qos: Option<u8>,
    /// Whether the broker keeps the message for later subscribers. Default false.
    pub retain: Option<bool>,
    /// Properties of the message. They need MQTT 5. Default: none.
    pub properties: Option<Properties>,
    /// How long to wait for the acknowledgement before the request fails. Default 10 s.
    pub timeout: Option<HumanDuration>,
    /// Whether the step waits for the acknowledgement. With `false` the next step starts at once, and the request is
    /// recorded when its acknowledgement arrives. Default true.
    pub await_ack: Option<bool>,
    /// Where each message carries a stamp: when it was sent, by whom, and its number, counted from 1. A `subscribe`
    /// with `measure` reads it, to time the message and to count losses. `user_property` needs MQTT 5. `prefix` puts
    /// 33 characters in front of the payload. `json:/POINTER` is a text at this pointer of a `json` payload; it
    /// replaces the value there or is a new key. Default: no stamp.
    #[schemars(extend("pattern" = "^(user_property|prefix|json:/.*)$"))]
    pub stamp: Option<String>,
    /// Name of the row in the statistics: a template of values that are fixed for each user. Default:
    /// `publish:QOS:TOPIC`, with the topic as written in the file.
    pub name: Option<String>,
    /// Type of the row. Default `MQTT`.
    pub request_type: Option<String>,
    /// Whether the statistics contain successes; they always contain failures. Default true.
    pub record: Option<bool>,
}

/// Subscribe to one or more filters and wait for SUBACK. From then on arriving messages count, whatever the user does.
/// `unsubscribe` and `disconnect` end a subscription. A lost connection does not: when there is a new one, the user
/// subscribes again, as a request of its own. A persistent session (`clean_session = false`) keeps the subscription.
/// If the broker refuses some of the filters, the request fails with the first refusal, and the other subscriptions
/// hold.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("oneOf" = either(["filter", "filters"])))]
pub struct Subscribe {
    /// Filter with the wildcards `+` and `#`, or `$share/GROUP/FILTER`; a template of values that are fixed for each
    /// user. Either this or `filters`.
    pub filter: Option<String>,
    /// Several filters in one packet: texts, or tables with options of their own. At least one of them. Either this or
    /// `filter`.
    pub filters: Option<Vec<Filter>>,
    /// Highest QoS of delivered messages: 0, 1 or 2. Default 0.
    #[schemars(extend("enum" = [0, 1, 2]))]
    pub qos: Option<u8>,
    /// Whether the broker leaves out the user's own messages. Needs MQTT 5. Default false.
    pub no_local: Option<bool>,
    /// Whether messages keep the retain flag that they were published with. Needs MQTT 5. Default false.
    pub retain_as_published: Option<bool>,
    /// When the broker sends retained messages for the subscription. Needs MQTT 5. Default `always`.
    pub retain_handling: Option<RetainHandling>,
    /// A number that the broker sends with each message of this subscription, 1 to 268435455. Some brokers do not
    /// support it. Needs MQTT 5. Default: none.
    #[schemars(range(min = 1, max = 268_435_455))]
    pub identifier: Option<u32>,
    /// How long to wait for SUBACK before the request fails. Default 10 s.
    pub timeout: Option<HumanDuration>,
    /// What to measure about the messages that arrive. Default: nothing.
    pub measure: Option<Measure>,
    /// Where these messages carry their stamp: `user_property`, `prefix` or `json:/POINTER`, as for `publish`. Needs
    /// `measure`. Default: the user property if there is one, else `prefix`.
    #[schemars(extend("pattern" = "^(user_property|prefix|json:/.*)$"))]
    pub stamp: Option<String>,
    /// Name of the row of the measured messages, the same for all users. Needs `measure`. Default:
    /// `end_to_end:QOS:FILTER`, with the filter as written in the file.
    pub measure_name: Option<String>,
    /// Name of the row in the statistics: a template of values that are fixed for each user. Default:
    /// `subscribe:QOS:FILTER`, with the filter as written in the file; several filters, each with its QoS, are joined
    /// by commas.
    pub name: Option<String>,
    /// Type of the row. Default `MQTT`.
    pub request_type: Option<String>,
    /// Whether the statistics contain successes; they always contain failures. Default true.
    pub record: Option<bool>,
}

/// What to measure about messages that arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Each stamped message is a request with a row of its own. Its response time begins where that of its publish
    /// begins, and ends when the user has read it. Lost, duplicate and reordered messages are counted: see
    /// `docs/end-to-end.md`.
    EndToEnd,
}

/// Do steps several times.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Repeat {
    /// How often. Required, at least 1.
    #[schemars(range(min = 1))]
    pub times: Option<u32>,
    /// The steps, in order. At least one.
    #[serde(deserialize_with = "steps")]
    pub steps: Vec<Step>,
}

/// Reads a list of steps. A step that cannot be read is reported elsewhere; here it becomes a pause of no length, so the
/// steps after it keep their index.
pub(super) fn steps<'de, D: de::Deserializer<'de>>(deserializer: D) -> Result<Vec<Step>, D::Error> {
    let steps = Vec::<Option<Step>>::deserialize(deserializer)?;
    let nothing = || Step::Wait(Pause::Constant(HumanDuration::default()));
    Ok(steps.into_iter().map(|step| step.unwrap_or_else(nothing)).collect())
}
