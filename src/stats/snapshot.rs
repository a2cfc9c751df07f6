//! The statistics at one moment as plain data: all that a report needs, and nothing that changes.
//!
//! Texts are shared with the statistics, so a snapshot of a thousand rows copies numbers only.

use std::sync::Arc;

use crate::stats::failure::{Exception, Failure};
use crate::stats::fine::FineTimes;
use crate::stats::latency::LatencySummary;
use crate::stats::number::Number;
use crate::stats::percentiles::{PercentileList, Percentiles};
use crate::stats::result::row::Times;
use crate::stats::unfinished::Unfinished;
use crate::stats::{Connections, Received, RowKey, Starts};

/// The statistics at one moment.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Unix time in seconds.
    pub now: f64,
    /// The percentiles that rows have.
    pub percentiles: PercentileList,
    /// Living users, those still stopping included.
    pub user_count: i64,
    /// Most of them at once since the tick before.
    pub most_users: i64,
    /// A row per entry, in the order of the files.
    pub rows: Vec<Row>,
    /// The row Aggregated, for all requests.
    pub aggregated: Row,
    /// Failures in the order of the files, which is by hash.
    pub failures: Vec<Failure>,
    /// Exceptions as they were first seen.
    pub exceptions: Vec<Exception>,
    /// What really happened below a millisecond and in the tail, over the whole run; `None` without
    /// response times, and in a replay.
    pub latency: Option<LatencySummary>,
    /// The same for the last tick only.
    pub tick_latency: Option<LatencySummary>,
    /// Connections that users opened and lost, over the whole run; nothing in a replay.
    pub connections: Connections,
    /// The same for the last tick only.
    pub tick_connections: Connections,
    /// What arrived on subscriptions, over the whole run; nothing in a replay.
    pub received: Received,
    /// The same for the last tick only.
    pub tick_received: Received,
    /// Times of measured messages from end to end over the whole run, by row in the order of the files; they are in
    /// none of the others. Nothing in a replay.
    pub measured: Vec<(Arc<RowKey>, LatencySummary)>,
    /// Service times of measured messages whose publisher has a schedule, from when their publish step began. It holds
    /// only rows that have such messages, and nothing in a replay.
    pub measured_began: Vec<(Arc<RowKey>, LatencySummary)>,
    /// Response times of users with pacing from when the requests were due, with times for the starts that were
    /// missed. `latency` cannot show these: a user that waits for a stalled broker starts nothing meanwhile. `None`
    /// without pacing.
    pub intended: Option<LatencySummary>,
    /// The same for the last tick only.
    pub tick_intended: Option<LatencySummary>,
    /// Service times of requests that a schedule started, from when each step began: how long the broker took for the
    /// request itself, without the delay that it had caused before. `None` without a schedule, and in a replay.
    pub began: Option<LatencySummary>,
    /// Task runs that schedules started, over the whole run; nothing in a replay.
    pub starts: Starts,
    /// Requests that never came to an end, by row in the order of the files; they are in none of the others. Known at
    /// the end of a run, but for users that left before it.
    pub unfinished: Vec<Unfinished>,
}

impl Snapshot {
    /// Failures as they were first seen: the order of the console.
    pub fn failures_as_seen(&self) -> Vec<&Failure> {
        let mut failures: Vec<_> = self.failures.iter().collect();
        failures.sort_by_key(|failure| failure.order);
        failures
    }
}

/// One row of the statistics. Response times in milliseconds, lengths in bytes, rates per second.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Request type and name; Aggregated has an empty type.
    pub key: Arc<RowKey>,
    /// All requests, failed ones included.
    pub requests: u64,
    /// Requests that failed.
    pub failures: u64,
    /// Requests that have a response time.
    pub timed: u64,
    /// The 50 % bucket, but never outside minimum and maximum; int 0 without response times.
    pub median: Number,
    /// The buckets of 95 % and 99 %, which Locust's web interface shows whatever percentiles the files have; 0 without
    /// response times.
    pub p95_p99: [i128; 2],
    /// Mean response time; 0 without response times.
    pub average: f64,
    /// Shortest response time; int 0 if there is none or it is 0.
    pub min: Number,
    /// Longest response time; int 0 if none was above 0.
    pub max: Number,
    /// Mean content length of all requests; int 0 if there is none.
    pub average_length: Number,
    /// Requests per second over the whole run, which ends with the last request.
    pub rps: f64,
    /// Failures per second over the whole run.
    pub failures_per_s: f64,
    /// Requests per second over about the ten seconds before the last request.
    pub current_rps: f64,
    /// Failures per second over the same seconds.
    pub current_failures_per_s: f64,
    /// Buckets of the whole run; `None` without requests.
    pub percentiles: Option<Percentiles>,
    /// What the history file shows: buckets of about the last ten seconds if the full history is kept, else
    /// those of the whole run.
    pub history_percentiles: Option<Percentiles>,
}

impl Row {
    /// Failures per request, 0 to 1.
    pub fn fail_ratio(&self) -> f64 {
        if self.requests == 0 { 0.0 } else { self.failures as f64 / self.requests as f64 }
    }
}

/// The counts of one row as they lie in the statistics: no percentile is searched for and nothing is copied.
#[derive(Debug, Clone, Copy)]
pub struct CountedRow<'a> {
    /// Request type and name.
    pub key: &'a Arc<RowKey>,
    /// Whether it holds measured messages, from end to end, instead of requests.
    pub measured: bool,
    /// All requests, failed ones included.
    pub requests: u64,
    /// Requests that failed.
    pub failures: u64,
    /// All response times together, in seconds.
    pub total_s: f64,
    /// Content lengths of all requests together, in bytes.
    pub length: u64,
    /// Response times of all requests that have one.
    pub times: &'a FineTimes,
}

/// The response times that are shown while a run goes on are those of so many seconds.
pub const RECENT_SECONDS: usize = 10;

/// What a run does at this moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Live {
    /// The rows with the most requests, ordered by name and type.
    pub rows: Vec<LiveRow>,
    /// How many rows there are in all.
    pub rows_in_all: usize,
    /// All requests together, without measured messages.
    pub all: LiveRow,
}

/// One row at this moment.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveRow {
    /// Request type and name.
    pub key: Arc<RowKey>,
    /// Requests since the start.
    pub requests: u64,
    /// Failed requests since the start.
    pub failures: u64,
    /// Requests that ended in the last second.
    pub requests_in_second: u64,
    /// Requests that failed in the last second.
    pub failures_in_second: u64,
    /// Response times of the last [`RECENT_SECONDS`]; `None` without one.
    pub recent: Option<Times>,
}
