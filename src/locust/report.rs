//! The statistics that a worker sends every three seconds: what is new since the report before, never the sums of the run.
//!
//! A master adds up whatever it gets, from anybody and for any second. So a report says nothing twice, and its times are
//! moved to the clock of the master, whole seconds at a time: then a second of ours stays one second there.

use std::collections::BTreeMap;

use serde::Serializer;

use crate::stats::interval::{Interval, IntervalRow};
use crate::stats::{RowKey, UnixMicros};

/// Number of users by the name of their class.
pub type ClassCounts = BTreeMap<String, u64>;

/// The data of a `stats` message.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct StatsReport {
    stats: Vec<Entry>,
    stats_total: Entry,
    errors: BTreeMap<String, Failure>,
    user_classes_count: ClassCounts,
    user_count: u64,
    /// Our locustfile counts a report of a number once.
    #[serde(rename = "mqtt_scenario_report", skip_serializing_if = "Option::is_none")]
    number: Option<u64>,
}

/// One row, as Locust's `StatsEntry.serialize` gives it. Times in milliseconds, moments in unix seconds.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
struct Entry {
    name: String,
    method: String,
    last_request_timestamp: Option<f64>,
    start_time: f64,
    num_requests: u64,
    num_none_requests: u64,
    num_failures: u64,
    total_response_time: f64,
    /// Locust has the int 0 where there is no time.
    #[serde(serialize_with = "zero_if_none")]
    max_response_time: Option<f64>,
    min_response_time: Option<f64>,
    total_content_length: u64,
    response_times: BTreeMap<i64, u64>,
    num_reqs_per_sec: BTreeMap<i64, u64>,
    num_fail_per_sec: BTreeMap<i64, u64>,
}

#[derive(Debug, Clone, PartialEq, serde::Serialize)]
struct Failure {
    name: String,
    method: String,
    error: String,
    occurrences: u64,
    first_seen: f64,
    last_seen: f64,
}

impl StatsReport {
    /// What an interval holds, with the numbers of users at its end. `shift_s` is what the clock of the master is ahead of
    /// ours, in seconds.
    pub fn new(interval: &Interval, users: ClassCounts, shift_s: i64) -> Self {
        let began = interval.began;
        let aggregated = RowKey { request_type: String::new(), name: "Aggregated".to_owned() };
        let errors = interval.failures.keyed().map(|(key, failure)| {
            let row = &failure.what.row;
            let failure = Failure {
                name: row.name.clone(),
                method: row.request_type.clone(),
                error: failure.what.masked.clone(),
                occurrences: failure.occurrences,
                first_seen: failure.first_seen + shift_s as f64,
                last_seen: failure.last_seen + shift_s as f64,
            };
            (key, failure)
        });
        Self {
            stats: interval.rows.iter().map(|(key, row)| Entry::new(key, row, began, shift_s)).collect(),
            stats_total: Entry::new(&aggregated, &interval.total, began, shift_s),
            errors: errors.collect(),
            user_count: users.values().sum(),
            user_classes_count: users,
            number: None,
        }
    }

    /// The same with a number, above those before.
    #[must_use]
    pub fn numbered(self, number: u64) -> Self {
        Self { number: Some(number), ..self }
    }

    /// How many requests it reports.
    pub fn requests(&self) -> u64 {
        self.stats_total.num_requests
    }
}

impl Entry {
    fn new(key: &RowKey, row: &IntervalRow, began: UnixMicros, shift_s: i64) -> Self {
        let shifted = |at: UnixMicros| at.as_secs_f64() + shift_s as f64;
        let by_second = |counts: &BTreeMap<u64, u64>| {
            let seconds = counts.iter().map(|(&second, &count)| (second.cast_signed() + shift_s, count));
            seconds.collect()
        };
        let ms = |ns: u64| ns as f64 / 1e6;
        Self {
            name: key.name.clone(),
            method: key.request_type.clone(),
            last_request_timestamp: row.last.map(shifted),
            start_time: shifted(began),
            num_requests: row.requests,
            num_none_requests: row.none_requests,
            num_failures: row.failures,
            total_response_time: row.sum_ns as f64 / 1e6,
            max_response_time: row.min_max_ns.map(|(_, max)| ms(max)),
            min_response_time: row.min_max_ns.map(|(min, _)| ms(min)),
            total_content_length: u64::try_from(row.length).unwrap_or(u64::MAX),
            response_times: row
                .buckets
                .iter()
                .map(|(&bucket, &count)| (i64::try_from(bucket).unwrap_or(i64::MAX), count))
                .collect(),
            num_reqs_per_sec: by_second(&row.requests_by_second),
            num_fail_per_sec: by_second(&row.failures_by_second),
        }
    }
}

#[expect(clippy::ref_option, reason = "serde gives a reference to the field")]
fn zero_if_none<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.serialize_f64(*value),
        None => serializer.serialize_u8(0),
    }
}

#[cfg(test)]
mod tests;
