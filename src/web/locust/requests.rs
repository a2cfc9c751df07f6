//! `/stats/requests`: the numbers of each row and of all together, and the failures.
//!
//! The keys are those of Locust 2.47, in its order. Two come from Locust up to 2.15, since the public `locust_exporter`
//! reads them to this day: `current_response_time_percentile_50` and `_95`.

use serde::{Serialize, Serializer};

use crate::report::number::PythonFloat;
use crate::stats::bucket;
use crate::stats::failure::Failure;
use crate::stats::number::Number;
use crate::stats::snapshot::{Row, Snapshot};
use crate::web::now::{Now, Phase};

/// Rows and failures that are shown at most, each, as in Locust. Aggregated is always there.
const MAX: usize = 500;

#[derive(Debug, Serialize)]
pub(super) struct Requests<'a> {
    current_fail_per_sec: Value,
    current_response_time_percentile_50: Option<i64>,
    current_response_time_percentile_95: Option<i64>,
    current_response_time_percentiles: CurrentPercentiles,
    current_rps: Value,
    errors: Vec<Failed<'a>>,
    fail_ratio: f64,
    state: &'static str,
    stats: Vec<Stats<'a>>,
    total_fail_per_sec: f64,
    total_rps: f64,
    user_count: u32,
}

#[derive(Debug, Clone, Copy, Serialize)]
struct CurrentPercentiles {
    #[serde(rename = "response_time_percentile_0.5")]
    p50: Option<i64>,
    #[serde(rename = "response_time_percentile_0.95")]
    p95: Option<i64>,
}

#[derive(Debug, Serialize)]
struct Stats<'a> {
    avg_content_length: Value,
    avg_response_time: f64,
    current_fail_per_sec: Value,
    current_rps: Value,
    max_response_time: Value,
    median_response_time: Value,
    method: &'a str,
    min_response_time: Value,
    name: &'a str,
    num_failures: u64,
    num_requests: u64,
    #[serde(rename = "response_time_percentile_0.95")]
    p95: i64,
    #[serde(rename = "response_time_percentile_0.99")]
    p99: i64,
    total_fail_per_sec: f64,
    total_rps: f64,
}

#[derive(Debug, Serialize)]
struct Failed<'a> {
    error: &'a str,
    first_seen: f64,
    last_seen: f64,
    method: &'a str,
    name: &'a str,
    occurrences: u64,
}

impl<'a> Requests<'a> {
    pub(super) fn of(now: &Now, snapshot: &'a Snapshot) -> Self {
        let all = &snapshot.aggregated;
        // Without a request since the start or the last reset, Locust writes an int.
        let is_empty = all.requests == 0;
        let stats = |row| Stats::of(row, is_empty);
        let current = CurrentPercentiles::of(now);
        Self {
            current_fail_per_sec: Value::current(all.current_failures_per_s, is_empty),
            current_response_time_percentile_50: current.p50,
            current_response_time_percentile_95: current.p95,
            current_response_time_percentiles: current,
            current_rps: Value::current(all.current_rps, is_empty),
            errors: snapshot.failures_as_seen().into_iter().take(MAX).map(Failed::of).collect(),
            fail_ratio: all.fail_ratio(),
            state: now.phase.word(),
            stats: snapshot.rows.iter().take(MAX).chain([all]).map(stats).collect(),
            total_fail_per_sec: all.failures_per_s,
            total_rps: all.rps,
            user_count: now.alive(),
        }
    }
}

impl CurrentPercentiles {
    /// Of about the last ten seconds: 0 if nothing ended in them, and `null` when the run is over.
    fn of(now: &Now) -> Self {
        if now.phase == Phase::Stopped {
            return Self { p50: None, p95: None };
        }
        let recent = now.live.as_ref().and_then(|live| live.all.recent);
        let of = |ms: f64| Some(whole(bucket::of_float(ms)));
        Self {
            p50: of(recent.map_or(0.0, |times| times.p50)),
            p95: of(recent.map_or(0.0, |times| times.p95)),
        }
    }
}

impl<'a> Stats<'a> {
    fn of(row: &'a Row, is_empty: bool) -> Self {
        Self {
            avg_content_length: Value(row.average_length),
            avg_response_time: row.average,
            current_fail_per_sec: Value::current(row.current_failures_per_s, is_empty),
            current_rps: Value::current(row.current_rps, is_empty),
            max_response_time: Value(Number::Float(rounded(row.max))),
            median_response_time: Value(row.median),
            method: &row.key.request_type,
            // Without a response time there is no minimum, for which Locust writes an int.
            min_response_time: Value(match row.timed {
                0 => Number::ZERO,
                _ => Number::Float(rounded(row.min)),
            }),
            name: &row.key.name,
            num_failures: row.failures,
            num_requests: row.requests,
            p95: whole(row.p95_p99[0]),
            p99: whole(row.p95_p99[1]),
            total_fail_per_sec: row.failures_per_s,
            total_rps: row.rps,
        }
    }
}

impl<'a> Failed<'a> {
    fn of(failure: &'a Failure) -> Self {
        Self {
            error: &failure.what.masked,
            first_seen: failure.first_seen,
            last_seen: failure.last_seen,
            method: &failure.what.row.request_type,
            name: &failure.what.row.name,
            occurrences: failure.occurrences,
        }
    }
}

/// A number that is an int or a float in Locust.
#[derive(Debug, Clone, Copy)]
struct Value(Number);

impl Value {
    fn current(per_s: f64, is_empty: bool) -> Self {
        Self(if is_empty { Number::ZERO } else { Number::Float(per_s) })
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Number::Int(int) => serializer.serialize_i64(whole(int)),
            Number::Float(float) => serializer.serialize_f64(float),
        }
    }
}

fn whole(int: i128) -> i64 {
    int.try_into().unwrap_or(if int < 0 { i64::MIN } else { i64::MAX })
}

/// Locust's `proper_round`: a float without a fraction; a half goes up, since a bit is added in the place behind the
/// last digit that Python writes.
fn rounded(number: Number) -> f64 {
    let float = number.to_f64();
    let digits = PythonFloat(float).to_string().len();
    let bit = 10_f64.powi(-i32::try_from(digits).unwrap_or(i32::MAX) - 1);
    (float + bit).round_ties_even()
}

#[cfg(test)]
mod tests;
