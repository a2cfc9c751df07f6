//! Messages that a user waits for: `receive`, `request`, and what they ask of a message.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::scenario::model::payload::{Json, Payload};
use crate::scenario::model::protocol::Properties;
use crate::units::HumanDuration;

/// Wait for messages that a `subscribe` has asked for. Each message is taken once, by the first step that takes it.
/// Until then it is kept, of each user at most 1,000 (or the largest `count`) and 1 MiB in all; beyond that the
/// oldest is dropped, which the end of the run tells. A connection that is lost meanwhile is opened
/// again, and the wait goes on; if no other one comes (`reconnect`), the step has failed with the loss.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Receive {
    /// Which topics, with the wildcards `+` and `#`; for `$share/GROUP/FILTER` those of the filter. A template of
    /// values that do not change while a user lives. Required.
    pub filter: Option<String>,
    /// Which messages are taken; others are passed over. Default: all.
    pub r#where: Option<Condition>,
    /// What a message that is taken must be like; one that is not fails the request. Default: anything.
    pub expect: Option<Condition>,
    /// How many messages end the wait. Default 1.
    #[schemars(range(min = 1))]
    pub count: Option<u32>,
    /// From when on messages count. Default `task`.
    pub since: Option<Since>,
    /// Whether only retained messages count, and each topic once. Default false.
    pub retained: Option<bool>,
    /// How long to wait for the last of the messages before the request has failed. Default 10 s.
    pub timeout: Option<HumanDuration>,
    /// Row of the statistics, a template of values that do not change while a user lives.
    /// Default: `receive:FILTER`, the filter as written in the file.
    pub name: Option<String>,
    /// Type of the row. Default `MQTT`.
    pub request_type: Option<String>,
    /// Whether successes are written to the statistics; failures always are. Default true.
    pub record: Option<bool>,
}

/// From when on messages count for a `receive`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Since {
    /// Since its list of steps began: this task run, `on_start` or `on_stop`.
    #[default]
    Task,
    /// From the step on: what has arrived before is left alone.
    Step,
    /// Since the subscription: all that arrived and no step has taken yet.
    Subscribe,
}

/// What a message is like. All that is given must hold; at least one thing must be given.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Condition {
    /// The payload is this text, a template. Default: any.
    pub equals: Option<String>,
    /// The payload contains this text, a template. Default: any.
    pub contains: Option<String>,
    /// The payload has a match of this regular expression, anywhere unless `^` and `$` say otherwise. Default: any.
    pub regex: Option<String>,
    /// The topic matches this filter, a template of values that do not change while a user lives. Default: any.
    pub topic: Option<String>,
    /// The payload is JSON and has these values at these JSON pointers (RFC 6901), such as `"/state" = "on"`. Texts
    /// are templates, as in a JSON payload: one that is nothing but a number's is a number. Default: any.
    pub json: BTreeMap<String, Json>,
}

/// Send a message and wait for its reply. The reply needs a `subscribe` before. A reply that comes after its
/// `timeout` does not count for a later request, as far as `correlation` can tell them apart.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Request {
    /// Topic, a template. Required.
    pub topic: Option<String>,
    /// What the message carries. Default: nothing.
    pub payload: Option<Payload>,
    /// Quality of service of the message: 0, 1 or 2. Default 0.
    #[schemars(extend("enum" = [0, 1, 2]))]
    pub qos: Option<u8>,
    /// Properties of the message. They need MQTT 5. Default: none.
    pub properties: Option<Properties>,
    /// Topic of the reply, a template. Required.
    pub reply_topic: Option<String>,
    /// How the reply is known. Default: `property` with MQTT 5, `topic` with 3.1.1.
    pub correlation: Option<Correlation>,
    /// What the reply must be like; if it is not, the request has failed. Default: anything.
    pub expect: Option<Condition>,
    /// How long to wait for the reply, and for the acknowledgement of the message, before the request has failed.
    /// Default 10 s.
    pub timeout: Option<HumanDuration>,
    /// Row of the statistics, a template of values that do not change while a user lives.
    /// Default: `request:TOPIC`, the topic as written in the file.
    pub name: Option<String>,
    /// Type of the row. Default `MQTT`.
    pub request_type: Option<String>,
    /// Whether successes are written to the statistics; failures always are. Default true.
    pub record: Option<bool>,
}

/// How the reply to a request is known.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Correlation {
    /// By its correlation data, a number of its own for each request. It goes out with the message, and so does the
    /// `reply_topic` as its response topic. Needs MQTT 5.
    Property,
    /// By its topic: the next message there is the reply, also one that was meant for a request before.
    Topic,
    /// By the value at this JSON pointer (RFC 6901): it is the same in the reply as in the message.
    Json(Arc<str>),
}
