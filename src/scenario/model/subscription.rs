//! What subscriptions are made of, and their end.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::mqtt::RetainHandling;
use crate::units::HumanDuration;

/// A filter of a subscription: a text, or a table with options of its own.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Filter {
    /// With the options of its step.
    #[serde(rename = "$text")]
    Plain(String),
    /// With options of its own.
    #[serde(rename = "$table")]
    Table(FilterTable),
}

/// A filter with options of its own; those that it lacks are those of its step.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FilterTable {
    /// The filter, a template of values that do not change while a user lives. Required.
    pub filter: Option<String>,
    /// Highest quality of service of what is delivered: 0, 1 or 2. Default: that of the step.
    #[schemars(extend("enum" = [0, 1, 2]))]
    pub qos: Option<u8>,
    /// Whether the broker shall not send a user its own messages. Needs MQTT 5. Default: as the step says.
    pub no_local: Option<bool>,
    /// Whether messages keep the retain flag that they were published with. Needs MQTT 5. Default: as the step says.
    pub retain_as_published: Option<bool>,
    /// When the subscription is answered with retained messages. Needs MQTT 5. Default: as the step says.
    pub retain_handling: Option<RetainHandling>,
}

/// End subscriptions and wait for UNSUBACK. From then on they are not made again with a new connection. What the
/// broker had for the user already may still arrive, and counts. That there was no such subscription is no failure.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("oneOf" = either(["filter", "filters"])))]
pub struct Unsubscribe {
    /// Filter, as in the `subscribe` that it ends; a template of values that do not change while a user lives.
    /// Either this or `filters`.
    pub filter: Option<String>,
    /// Several filters, in one packet. At least one of them. Either this or `filter`.
    pub filters: Option<Vec<String>>,
    /// How long to wait for UNSUBACK before the request has failed. Default 10 s.
    pub timeout: Option<HumanDuration>,
    /// Row of the statistics, a template of values that do not change while a user lives.
    /// Default: `unsubscribe:FILTER`, the filters as written in the file, joined by commas.
    pub name: Option<String>,
    /// Type of the row. Default `MQTT`.
    pub request_type: Option<String>,
    /// Whether successes are written to the statistics; failures always are. Default true.
    pub record: Option<bool>,
}

/// What a schema says of keys of which exactly one must be there.
pub(super) fn either(keys: [&str; 2]) -> serde_json::Value {
    json!(keys.map(|key| json!({ "required": [key] })))
}
