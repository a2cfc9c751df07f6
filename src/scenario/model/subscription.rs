//! The filters of a subscription, and the step that ends it.

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

/// A filter with options of its own. Its step gives those that are missing here.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FilterTable {
    /// The filter, a template of values that are fixed for each user. Required.
    pub filter: Option<String>,
    /// Highest QoS of delivered messages: 0, 1 or 2. Default: that of the step.
    #[schemars(extend("enum" = [0, 1, 2]))]
    pub qos: Option<u8>,
    /// Whether the broker leaves out the user's own messages. Needs MQTT 5. Default: that of the step.
    pub no_local: Option<bool>,
    /// Whether messages keep the retain flag that they were published with. Needs MQTT 5. Default: that of the step.
    pub retain_as_published: Option<bool>,
    /// When the broker sends retained messages for the subscription. Needs MQTT 5. Default: that of the step.
    pub retain_handling: Option<RetainHandling>,
}

/// End subscriptions and wait for UNSUBACK. From then on the user does not subscribe again on a new connection.
/// Messages that the broker already had for the user may still arrive, and count. It is no failure if there was no
/// such subscription.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("oneOf" = either(["filter", "filters"])))]
pub struct Unsubscribe {
    /// Filter, as in the `subscribe` that it ends; a template of values that are fixed for each user. Either this or
    /// `filters`.
    pub filter: Option<String>,
    /// Several filters, in one packet. At least one of them. Either this or `filter`.
    pub filters: Option<Vec<String>>,
    /// How long to wait for UNSUBACK before the request fails. Default 10 s.
    pub timeout: Option<HumanDuration>,
    /// Name of the row in the statistics: a template of values that are fixed for each user. Default:
    /// `unsubscribe:FILTER`, with the filters as written in the file, joined by commas.
    pub name: Option<String>,
    /// Type of the row. Default `MQTT`.
    pub request_type: Option<String>,
    /// Whether the statistics contain successes; they always contain failures. Default true.
    pub record: Option<bool>,
}

/// The part of a schema that requires exactly one of two keys.
pub(super) fn either(keys: [&str; 2]) -> serde_json::Value {
    json!(keys.map(|key| json!({ "required": [key] })))
}
