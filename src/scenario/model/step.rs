//! What a user does, step by step.

use schemars::JsonSchema;
use serde::{Deserialize, de};

use crate::mqtt::RetainHandling;
use crate::scenario::model::payload::Payload;
use crate::scenario::model::protocol::Properties;
use crate::scenario::model::receive::{Receive, Request};
use crate::scenario::model::subscription::{Filter, Unsubscribe, either};
use crate::units::HumanDuration;

/// One action of a user: a table with its name as the only key, or, without any options, the name alone.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Open the connection and wait for CONNACK.
    Connect(Connect),
    /// Close the connection.
    Disconnect(Disconnect),
    /// Send a message and wait for its acknowledgement.
    Publish(Publish),
    /// Ask for messages and wait until the broker grants it.
    Subscribe(Subscribe),
    /// End subscriptions and wait until the broker has.
    Unsubscribe(Unsubscribe),
    /// Wait for messages.
    Receive(Receive),
    /// Send a message and wait for its reply.
    Request(Request),
    /// Pause; the connection is kept alive.
    Wait(Pause),
    /// Do steps several times.
    Repeat(Repeat),
}

/// A pause: a length of time, or a table with one of these keys.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Pause {
    /// Always so long.
    #[serde(rename = "$text")]
    Constant(HumanDuration),
    /// Evenly distributed between two lengths, the second excluded.
    Between(HumanDuration, HumanDuration),
    /// Exponentially distributed with this mean.
    Exponential(HumanDuration),
}

/// Open the connection and wait for CONNACK, up to the broker's `connect_timeout`. A failed attempt is a
/// failed request and is tried again after a growing pause. Nothing happens if the user is connected.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Connect {
    /// Row of the statistics, a template of values that do not change while a user lives. Default `connect`.
    pub name: Option<String>,
    /// Type of the row. Default `MQTT`.
    pub request_type: Option<String>,
    /// Whether successes are written to the statistics; failures always are. Default true.
    pub record: Option<bool>,
}

/// Close the connection with DISCONNECT, or without. The user stays without one until its next step that needs it.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Disconnect {
    /// Drop the connection without DISCONNECT, as a lost device does. Default false.
    pub abrupt: Option<bool>,
    /// Row of the statistics, likewise. Default `disconnect`.
    pub name: Option<String>,
    /// Type of the row. Default `MQTT`.
    pub request_type: Option<String>,
    /// Whether successes are written to the statistics; failures always are. Default true.
    pub record: Option<bool>,
}

/// Send a message and wait for its acknowledgement: PUBACK for QoS 1, PUBCOMP for QoS 2; QoS 0 counts as
/// acknowledged when it is written to the socket.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Publish {
    /// Topic, a template. Required.
    pub topic: Option<String>,
    /// What the message carries. Default: nothing.
    pub payload: Option<Payload>,
    /// Quality of service: 0, 1 or 2. Default 0.
    #[schemars(extend("enum" = [0, 1, 2]))]
    pub qos: Option<u8>,
    /// Whether the broker shall keep the message for later subscribers. Default false.
    pub retain: Option<bool>,
    /// Properties of the message. They need MQTT 5. Default: none.
    pub properties: Option<Properties>,
    /// How long to wait for the acknowledgement before the request has failed. Default 10 s.
    pub timeout: Option<HumanDuration>,
    /// Whether the step waits for the acknowledgement; with `false` the next step starts at once and the
    /// request is recorded when the acknowledgement comes. Default true.
    pub await_ack: Option<bool>,
    /// Where each message carries a stamp (when, by whom and as the how manieth it was sent), so that a `subscribe`
    /// with `measure` can time it and count what is lost: `user_property` (needs MQTT 5), `prefix` (33 characters in
    /// front of the payload) or `json:/POINTER` (a text at this pointer of a payload that is `json`, in the place of
    /// what stands there or as a new key). Default: no stamp.
    #[schemars(extend("pattern" = "^(user_property|prefix|json:/.*)$"))]
    pub stamp: Option<String>,
    /// Row of the statistics, a template of values that do not change while a user lives.
    /// Default: `publish:QOS:TOPIC`, the topic as written in the file.
    pub name: Option<String>,
    /// Type of the row. Default `MQTT`.
    pub request_type: Option<String>,
    /// Whether successes are written to the statistics; failures always are. Default true.
    pub record: Option<bool>,
}

/// Ask for the messages of one or more filters and wait for SUBACK. What arrives is counted from then on, whatever
/// the user does. A subscription ends with `unsubscribe` or `disconnect`; with a lost connection it does not: it is
/// made again, as a request of its own, as soon as there is a new one. A session that lasts
/// (`clean_session = false`) keeps it. If the broker refuses some of the filters, the request has failed with the
/// first refusal, and the others hold.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("oneOf" = either(["filter", "filters"])))]
pub struct Subscribe {
    /// Filter with the wildcards `+` and `#`, or `$share/GROUP/FILTER`; a template of values that do not change
    /// while a user lives. Either this or `filters`.
    pub filter: Option<String>,
    /// Several filters, asked for in one packet: texts, or tables with options of their own. At least one of them.
    /// Either this or `filter`.
    pub filters: Option<Vec<Filter>>,
    /// Highest quality of service of what is delivered: 0, 1 or 2. Default 0.
    #[schemars(extend("enum" = [0, 1, 2]))]
    pub qos: Option<u8>,
    /// Whether the broker shall not send a user its own messages. Needs MQTT 5. Default false.
    pub no_local: Option<bool>,
    /// Whether messages keep the retain flag that they were published with. Needs MQTT 5. Default false.
    pub retain_as_published: Option<bool>,
    /// When the subscription is answered with retained messages. Needs MQTT 5. Default `always`.
    pub retain_handling: Option<RetainHandling>,
    /// A number that the broker sends with each message of this subscription, 1 to 268435455; a broker may take
    /// none. Needs MQTT 5. Default: none.
    #[schemars(range(min = 1, max = 268_435_455))]
    pub identifier: Option<u32>,
    /// How long to wait for SUBACK before the request has failed. Default 10 s.
    pub timeout: Option<HumanDuration>,
    /// What is measured of the messages that arrive. Default: nothing.
    pub measure: Option<Measure>,
    /// Where they carry their stamp: `user_property`, `prefix` or `json:/POINTER`, as for `publish`. Needs `measure`.
    /// Default: the user property if there is one, else `prefix`.
    #[schemars(extend("pattern" = "^(user_property|prefix|json:/.*)$"))]
    pub stamp: Option<String>,
    /// Row of the measured messages, the same for all users. Needs `measure`. Default: `end_to_end:QOS:FILTER`, the
    /// filter as written in the file.
    pub measure_name: Option<String>,
    /// Row of the statistics, a template of values that do not change while a user lives.
    /// Default: `subscribe:QOS:FILTER`, the filter as written in the file; several, each with its quality of service,
    /// are joined by commas.
    pub name: Option<String>,
    /// Type of the row. Default `MQTT`.
    pub request_type: Option<String>,
    /// Whether successes are written to the statistics; failures always are. Default true.
    pub record: Option<bool>,
}

/// What is measured of messages that arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Each stamped message is a request of a row of its own: its response time is from where that of its publish begins
    /// until it has been read. What was lost, came twice or out of order is counted: see `docs/end-to-end.md`.
    EndToEnd,
}

/// Do steps several times.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Repeat {
    /// How often. Required, at least 1.
    #[schemars(range(min = 1))]
    pub times: Option<u32>,
    /// What to do, in order. At least one.
    #[serde(deserialize_with = "steps")]
    pub steps: Vec<Step>,
}

/// A step that could not be read has been reported and becomes a pause of no length, so that the steps
/// behind it keep their place in the list.
pub(super) fn steps<'de, D: de::Deserializer<'de>>(deserializer: D) -> Result<Vec<Step>, D::Error> {
    let steps = Vec::<Option<Step>>::deserialize(deserializer)?;
    let nothing = || Step::Wait(Pause::Constant(HumanDuration::default()));
    Ok(steps.into_iter().map(|step| step.unwrap_or_else(nothing)).collect())
}
