//! A run over time, in intervals of equal length.
//!
//! An interval is a second as long as the run is short. A longer run, or one with many rows, has longer intervals, so
//! that the result stays small; `history.hlog` of a run folder has every second.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::stats::packed_times::PackedTimes;

/// A run over time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Series {
    /// The start of the first interval in seconds of unix time.
    pub started: f64,
    /// The length of each interval in whole seconds. The last one may be shorter, or up to half as long again: a short rest
    /// of the run belongs to it.
    pub interval_s: u32,
    /// Over how many seconds before the end of an interval its percentiles go; `null` if over the interval itself.
    /// The CSV files of Locust have percentiles of about ten seconds in each second.
    pub percentiles_over_s: Option<u32>,
    /// The whole run, one point per interval.
    pub points: Vec<Point>,
    /// All requests, without measured messages.
    pub all: RowSeries,
    /// Each row, as far as rows have a series: in a run with very many rows only the first ones have.
    pub rows: Vec<RowSeries>,
}

/// One interval of the whole run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Point {
    /// Its end in seconds since the start of the series.
    pub at_s: f64,
    /// Users that the plan wanted at its end; `null` if the source does not tell.
    pub users_wanted: Option<u32>,
    /// Users that lived at its end.
    pub users: u32,
    /// Users that had a connection at its end; `null` if the source does not tell.
    pub connected: Option<u32>,
    /// Connections that were opened in it; `null` if the source does not tell.
    pub connects: Option<u64>,
    /// Requests that ended in it, without measured messages.
    pub requests: u64,
    /// Requests that failed in it.
    pub failures: u64,
    /// Messages that arrived on subscriptions in it.
    pub received: u64,
    /// CPU of the load generator in it: 1.0 is one core.
    pub generator_cpu_cores: Option<f64>,
    /// How late pauses ended in it at the 99th percentile; the worst second of the interval.
    pub send_lag_p99_ms: Option<f64>,
    /// Whether the load generator was the limit in it.
    pub generator_was_the_limit: bool,
}

/// One row over time. Each list has one value per interval, or none at all if the source does not tell.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RowSeries {
    /// Request type; empty for all requests together.
    #[serde(rename = "type")]
    pub request_type: String,
    /// Name.
    pub name: String,
    /// Requests that ended in the interval.
    pub requests: Vec<u64>,
    /// Requests that failed in the interval.
    pub failures: Vec<u64>,
    /// Mean response time; `null` without one.
    pub mean_ms: Vec<Option<f64>>,
    /// Median response time; `null` without one.
    pub p50_ms: Vec<Option<f64>>,
    /// The response time that 95 % did not exceed.
    pub p95_ms: Vec<Option<f64>>,
    /// The response time that 99 % did not exceed.
    pub p99_ms: Vec<Option<f64>>,
    /// The response time that 99.9 % did not exceed.
    pub p999_ms: Vec<Option<f64>>,
    /// The longest response time.
    pub max_ms: Vec<Option<f64>>,
    /// The response times of the interval: HDR histograms as in the rows of the result; `null` if there are none.
    /// The list is empty if the source has none.
    pub histograms: Vec<PackedTimes>,
}

impl Point {
    /// The length of the interval that ends here, in seconds.
    pub fn length_s(&self, before: Option<&Self>) -> f64 {
        self.at_s - before.map_or(0.0, |before| before.at_s)
    }
}
