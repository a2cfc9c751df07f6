//! Lengths of time and rates as JSON.

use std::time::Duration;

use serde_json::{Value, json};

use crate::plan::rate::Traffic;

pub(super) fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}

/// Nothing for as fast as the broker answers.
pub(super) fn traffic(traffic: Option<Traffic>) -> Value {
    traffic.map_or(
        Value::Null,
        |Traffic { messages, bytes }| json!({ "messages_per_s": messages, "bytes_per_s": bytes }),
    )
}
