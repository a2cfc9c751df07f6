//! One row of a result, and the percentiles of response times.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::stats::fine::FineTimes;

/// The requests of one type and name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RowResult {
    /// Request type; empty for all requests together.
    #[serde(rename = "type")]
    pub request_type: String,
    /// Name.
    pub name: String,
    /// Whether it holds measured messages, from end to end, instead of requests.
    pub measured: bool,
    /// All requests, failed ones included.
    pub requests: u64,
    /// Requests that failed.
    pub failures: u64,
    /// Requests that never came to an end; they are in none of the other numbers.
    pub unfinished: u64,
    /// Median response time; 0 without response times.
    pub median_ms: f64,
    /// Mean response time; 0 without response times.
    pub average_ms: f64,
    /// Shortest response time; 0 without response times.
    pub min_ms: f64,
    /// Longest response time; 0 without response times.
    pub max_ms: f64,
    /// Mean content length of all requests, in bytes.
    pub average_length_bytes: f64,
    /// Requests per second over the whole time.
    pub requests_per_s: f64,
    /// Failures per second over the whole time.
    pub failures_per_s: f64,
    /// Response times of all requests that have one, failed ones included, as Locust counts them. `null` also if the
    /// source lacks one of these percentiles; `percentiles` has those that it has.
    pub response_times_ms: Option<Times>,
    /// Response times of the requests that succeeded.
    pub succeeded_ms: Option<Times>,
    /// Response times of the requests that failed.
    pub failed_ms: Option<Times>,
    /// The response times of all requests: an HDR histogram of nanoseconds, 1 µs to one hour, three digits, in base64
    /// (encoding V2 of `HdrHistogram`, not compressed); `null` if there are none.
    pub histogram: FineTimes,
    /// The same of the requests that failed.
    pub failed_histogram: FineTimes,
    /// The percentile columns of CSV files, in ascending order; empty if there is a histogram.
    pub percentiles: Vec<Percentile>,
}

/// One percentile column of a CSV file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Percentile {
    /// Of 100 requests, how many took at most this time.
    pub percent: f64,
    /// The time in milliseconds.
    pub ms: f64,
}

/// Percentiles of response times in milliseconds, to three digits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Times {
    /// How many requests had a response time.
    pub count: u64,
    /// The shortest one.
    pub min: f64,
    /// The mean.
    pub mean: f64,
    /// Half of them were at most this.
    pub p50: f64,
    /// 90 % of them were at most this.
    pub p90: f64,
    /// 95 % of them were at most this.
    pub p95: f64,
    /// 99 % of them were at most this.
    pub p99: f64,
    /// 99.9 % of them were at most this.
    #[serde(rename = "p99.9")]
    pub p999: f64,
    /// The longest one.
    pub max: f64,
}

/// Requests that never came to an end.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct UnfinishedResult {
    /// How many there are.
    pub count: u64,
    /// How long the oldest one had waited; `null` if there is none.
    pub oldest_ms: Option<f64>,
    /// How many of them had waited for longer than their timeout.
    pub overdue: u64,
    /// The same for each row.
    pub rows: Vec<UnfinishedRow>,
}

/// Requests of one row that never came to an end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UnfinishedRow {
    /// Request type.
    #[serde(rename = "type")]
    pub request_type: String,
    /// Name.
    pub name: String,
    /// How many there are.
    pub count: u64,
    /// How long the oldest one had waited; `null` if there is none.
    pub oldest_ms: Option<f64>,
    /// How many of them had waited for longer than their timeout.
    pub overdue: u64,
}

impl Times {
    /// The percentiles of these times; `None` if there are none.
    pub fn of(times: &FineTimes) -> Option<Self> {
        let [min, p50, p90, p95, p99, p999, max] =
            times.quantiles_ms([0.0, 0.5, 0.9, 0.95, 0.99, 0.999, 1.0])?;
        let mean = times.mean_ms()?;
        Some(Self { count: times.count(), min, mean, p50, p90, p95, p99, p999, max })
    }
}

impl RowResult {
    /// Type and name as one text, the name alone if it has no type.
    pub fn title(&self) -> String {
        if self.request_type.is_empty() {
            return self.name.clone();
        }
        format!("{} {}", self.request_type, self.name)
    }

    /// The response time in milliseconds that this percentage of the requests (0 to 100) did not exceed, from the
    /// histogram or from the columns of a CSV file; `None` without response times, or if no column has it.
    pub fn percentile_ms(&self, percent: f64) -> Option<f64> {
        let column = || self.percentiles.iter().find(|column| (column.percent - percent).abs() < 1e-9);
        self.histogram.percentile_ms(percent).or_else(|| column().map(|column| column.ms))
    }

    /// Whether any of its requests has a response time.
    pub fn has_times(&self) -> bool {
        !self.histogram.is_empty() || !self.percentiles.is_empty() || self.max_ms > 0.0
    }

    /// The longest response time in milliseconds; `None` without response times.
    pub fn longest_ms(&self) -> Option<f64> {
        self.has_times().then_some(self.max_ms)
    }

    /// Failed requests per request, 0 to 1; 0 without requests.
    pub fn failure_ratio(&self) -> f64 {
        if self.requests == 0 { 0.0 } else { self.failures as f64 / self.requests as f64 }
    }
}
