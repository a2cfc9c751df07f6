//! Steps that wait for messages, `receive` and `request`, and their conditions on a message.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::scenario::model::payload::{Json, Payload};
use crate::scenario::model::protocol::Properties;
use crate::units::HumanDuration;

/// Wait for messages of an earlier `subscribe`. Only one step takes a message: the first one that it fits. Until then
/// the user keeps it: at most 1,000 messages (or the largest `count`) and 1 MiB in all. Beyond that the user drops the
/// oldest, and the end of the run says so. If the connection is lost, the user opens it again and goes on waiting. If
/// `reconnect` does not allow another connect, the step fails with the loss.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Receive {
    /// Topics of the messages, with the wildcards `+` and `#`. `$share/GROUP/FILTER` means the topics of the filter. A
    /// template of values that are fixed for each user. Required.
    pub filter: Option<String>,
    /// Which messages the step takes; it leaves the others. Default: all.
    pub r#where: Option<Condition>,
    /// Condition on each message that the step takes; if one does not meet it, the request fails. Default: anything.
    pub expect: Option<Condition>,
    /// How many messages end the wait. Default 1.
    #[schemars(range(min = 1))]
    pub count: Option<u32>,
    /// From when on messages count. Default `task`.
    pub since: Option<Since>,
    /// Whether only retained messages count, and each topic once. Default false.
    pub retained: Option<bool>,
    /// How long to wait for the last message before the request fails. Default 10 s.
    pub timeout: Option<HumanDuration>,
    /// Name of the row in the statistics: a template of values that are fixed for each user. Default:
    /// `receive:FILTER`, with the filter as written in the file.
    pub name: Option<String>,
    /// Type of the row. Default `MQTT`.
    pub request_type: Option<String>,
    /// Whether the statistics contain successes; they always contain failures. Default true.
    pub record: Option<bool>,
}

/// From when on messages count for a `receive`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Since {
    /// Since the list of steps began: this task run, `on_start` or `on_stop`.
    #[default]
    Task,
    /// Since the step began. Messages that arrived before do not count.
    Step,
    /// Since the subscription: all messages that no step has taken yet.
    Subscribe,
}

/// A condition on a message. All keys that are given must hold; at least one must be given.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Condition {
    /// The payload is this text, a template. Default: any.
    pub equals: Option<String>,
    /// The payload contains this text, a template. Default: any.
    pub contains: Option<String>,
    /// This regular expression matches in the payload, anywhere unless `^` and `$` say otherwise. Default: any.
    pub regex: Option<String>,
    /// The topic matches this filter, a template of values that are fixed for each user. Default: any.
    pub topic: Option<String>,
    /// The payload is JSON and has these values at these JSON pointers (RFC 6901), such as `"/state" = "on"`. Texts
    /// are templates, as in a JSON payload: one with only the template of a number is a number. Default: any.
    pub json: BTreeMap<String, Json>,
}

/// Send a message and wait for its reply. Before that, the user needs a `subscribe` for the reply. A reply that
/// arrives after its `timeout` does not count for a later request, if `correlation` can tell them apart.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Request {
    /// Topic, a template. Required.
    pub topic: Option<String>,
    /// What the message carries. Default: nothing.
    pub payload: Option<Payload>,
    /// QoS of the message: 0, 1 or 2. Default 0.
    #[schemars(extend("enum" = [0, 1, 2]))]
    pub qos: Option<u8>,
    /// Properties of the message. They need MQTT 5. Default: none.
    pub properties: Option<Properties>,
    /// Topic of the reply, a template. Required.
    pub reply_topic: Option<String>,
    /// How the user recognises the reply. Default: `property` with MQTT 5, `topic` with 3.1.1.
    pub correlation: Option<Correlation>,
    /// Condition on the reply; if the reply does not meet it, the request fails. Default: anything.
    pub expect: Option<Condition>,
    /// How long to wait for the reply, and for the acknowledgement of the message, before the request fails. Default
    /// 10 s.
    pub timeout: Option<HumanDuration>,
    /// Name of the row in the statistics: a template of values that are fixed for each user. Default: `request:TOPIC`,
    /// with the topic as written in the file.
    pub name: Option<String>,
    /// Type of the row. Default `MQTT`.
    pub request_type: Option<String>,
    /// Whether the statistics contain successes; they always contain failures. Default true.
    pub record: Option<bool>,
}

/// How the user recognises the reply to a request.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Correlation {
    /// By its correlation data: each request has a number of its own. The message carries this number, and
    /// `reply_topic` as its response topic. Needs MQTT 5.
    Property,
    /// By its topic: the next message there is the reply, even if it belongs to an earlier request.
    Topic,
    /// By the value at this JSON pointer (RFC 6901): the reply has the same value as the message.
    Json(Arc<str>),
}
