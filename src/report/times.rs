//! Percentiles of a histogram as JSON.

use serde_json::{Value, json};

use crate::stats::latency::LatencySummary;

pub(super) fn json(latency: &LatencySummary) -> Value {
    json!({
        "count": latency.count,
        "p50": latency.p50_ms,
        "p90": latency.p90_ms,
        "p95": latency.p95_ms,
        "p99": latency.p99_ms,
        "p99.9": latency.p999_ms,
        "max": latency.max_ms,
    })
}
