//! The result of a run as plain data. Every output at the end of a run is a view of it: tables, JSON, HTML, `JUnit`.
//!
//! It is also the document `result.json`: its fields are the keys of the JSON, and `schemas/result.schema.json` is made
//! from them. Times are in milliseconds with a fraction, rates per second, sizes in bytes, and moments in seconds of
//! unix time, unless a name says otherwise. What is not known is `null`.

pub mod connections;
pub mod deliveries;
pub mod generator;
pub mod row;
pub mod schema;
pub mod series;
#[cfg(test)]
pub(crate) mod testing;
pub mod watched;
pub mod what_ran;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::stats::fine::FineTimes;
use crate::stats::result::connections::Connections;
use crate::stats::result::deliveries::{Deliveries, Messages};
use crate::stats::result::generator::Generator;
use crate::stats::result::row::{RowResult, Times, UnfinishedResult};
use crate::stats::result::series::Series;
use crate::stats::result::watched::Watched;
use crate::stats::result::what_ran::WhatRan;

/// The version of the document. It grows when a key gets another meaning or goes; new keys do not change it.
pub const VERSION: u32 = 1;

/// The result of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunResult {
    /// The version of this document: 1.
    pub version: u32,
    /// Where the numbers come from.
    #[serde(default)]
    pub source: Source,
    /// What the source cannot tell, what was assumed, and what else is to be known of the numbers, in sentences.
    #[serde(default)]
    pub notes: Vec<String>,
    /// What ran, where and when.
    pub run: WhatRan,
    /// Whether the run was good, in one word and in one sentence.
    pub verdict: Verdict,
    /// One row per request type and name, ordered by name and type.
    pub rows: Vec<RowResult>,
    /// All requests together. A measured message is no request: it counts in its row and in `end_to_end`, and in nothing
    /// of this. The row Aggregated of Locust's CSV files counts it like a request.
    pub aggregated: RowResult,
    /// The same numbers for each stage; empty for a run without stages.
    #[serde(default)]
    pub stages: Vec<StageResult>,
    /// The verdicts on the thresholds, in the order of the scenario.
    #[serde(default)]
    pub thresholds: Vec<ThresholdResult>,
    /// Failed requests by row and text, the most frequent first.
    #[serde(default)]
    pub failures: Vec<FailureResult>,
    /// Faults of the scenario or of the program itself.
    #[serde(default)]
    pub exceptions: Vec<ExceptionResult>,
    /// Requests that never came to an end.
    #[serde(default)]
    pub unfinished: UnfinishedResult,
    /// Response times of all requests that have one: those of `aggregated` again.
    #[serde(default)]
    pub response_times_ms: Option<Times>,
    /// Response times from when the requests were due, of users with pacing.
    #[serde(default)]
    pub from_intended_moments_ms: Option<Times>,
    /// The histogram of these.
    #[serde(default)]
    pub from_intended_moments_histogram: FineTimes,
    /// Times from when each request began, of requests that a schedule started.
    #[serde(default)]
    pub service_time_ms: Option<Times>,
    /// The histogram of these.
    #[serde(default)]
    pub service_time_histogram: FineTimes,
    /// Task runs that a schedule started.
    #[serde(default)]
    pub scheduled_starts: ScheduledStarts,
    /// The search for the highest rate, if there was one.
    #[serde(default)]
    pub search: Option<SearchResult>,
    /// What became of measured messages, if any were.
    #[serde(default)]
    pub end_to_end: Option<Deliveries>,
    /// Messages that arrived on subscriptions.
    #[serde(default)]
    pub received: Messages,
    /// Connections of all users; `null` if the source does not tell.
    #[serde(default)]
    pub connections: Option<Connections>,
    /// How the load generator itself did.
    #[serde(default)]
    pub generator: Generator,
    /// What brokers said of themselves, by source, if the scenario watches any.
    #[serde(default)]
    pub watched: Vec<Watched>,
    /// The run over time.
    #[serde(default)]
    pub series: Series,
}

/// Where the numbers of a result come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// One run of this program.
    #[default]
    Run,
    /// The results of several processes that ran together, added by `merge`.
    Merge,
    /// The CSV files of a run, of this program or of Locust. They have no histograms, and `notes` says what else they
    /// cannot tell.
    Csv,
}

/// Whether a run was good.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// The outcome in one word.
    pub outcome: Outcome,
    /// The exit code of the program.
    pub exit_code: u8,
    /// The outcome and its reason in one sentence.
    pub sentence: String,
}

/// The outcome of a run in one word. If several are true, the first one in this order stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The run ended before its time: interrupted twice, or the program could not go on.
    Aborted,
    /// Shards of the run are missing, so that nobody knows how the whole run went.
    Incomplete,
    /// A threshold was missed or could not be judged.
    ThresholdMissed,
    /// Requests failed, or there were exceptions.
    Failed,
    /// Nothing went wrong.
    #[default]
    Passed,
}

/// The numbers of one stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StageResult {
    /// The name, or `stage 2` if it has none.
    pub name: String,
    /// When it began, in seconds since the start of the run. Stages are told apart to the whole second.
    pub begins_s: f64,
    /// When it ended, in seconds since the start of the run.
    pub ends_s: f64,
    /// How many users it wanted.
    pub users: u32,
    /// All requests together, without measured messages.
    pub aggregated: RowResult,
    /// One row per request type and name that had requests in this stage.
    pub rows: Vec<RowResult>,
    /// Messages that arrived on subscriptions in this stage; `null` if the source does not tell.
    #[serde(default)]
    pub received: Option<Messages>,
    /// Connections that were opened and ended in this stage; `null` if the source does not tell.
    #[serde(default)]
    pub connections: Option<Connections>,
}

/// The verdict on a threshold for one row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ThresholdResult {
    /// The threshold as it was written.
    pub threshold: String,
    /// The row's type and name, or what the threshold calls it.
    pub row: String,
    /// The stage that it is about; `null` is the whole run.
    pub stage: Option<String>,
    /// `met`, `missed` or `not judged`.
    pub verdict: String,
    /// Whether it was met; `null` if it could not be judged.
    pub met: Option<bool>,
    /// Whether the run fails because of it.
    pub fails_the_run: bool,
    /// Whether it ended the run.
    pub aborted_the_run: bool,
    /// The row's value in the unit of the metric, if it has one.
    pub value: Option<f64>,
    /// The value with its unit, or why there is none.
    pub sentence: String,
    /// Where the threshold stands: the path of the scenario.
    pub file: Option<String>,
    /// The line of the scenario at which the threshold stands, counted from 1.
    pub line: Option<u32>,
}

impl ThresholdResult {
    /// The threshold, and the stage that it is about if that is not the whole run: `p99 < 50ms in peak`.
    pub fn title(&self) -> String {
        match &self.stage {
            Some(stage) => format!("{} in {stage}", self.threshold),
            None => self.threshold.clone(),
        }
    }
}

/// Equal failures of one row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FailureResult {
    /// Request type of the row.
    #[serde(rename = "type")]
    pub request_type: String,
    /// Name of the row.
    pub name: String,
    /// The reason, with the address that it is about.
    pub error: String,
    /// How often it happened.
    pub occurrences: u64,
    /// When it first happened, in seconds of unix time; `null` if the source does not tell.
    pub first_seen: Option<f64>,
    /// When it last happened, in seconds of unix time; `null` if the source does not tell.
    pub last_seen: Option<f64>,
}

/// Equal faults of the scenario or of the program itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExceptionResult {
    /// How often it happened.
    pub count: u64,
    /// What it says.
    pub message: String,
    /// Where it came from.
    pub traceback: String,
}

/// Task runs that a schedule started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ScheduledStarts {
    /// How many were started.
    pub count: u64,
    /// How many were late because their user was still busy.
    pub late: u64,
}

/// The search for the highest rate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SearchResult {
    /// The condition that had to hold.
    pub until: String,
    /// The highest rate that held, in task runs per second.
    pub highest_rate: Option<f64>,
    /// Whether the search came to its end.
    pub complete: bool,
    /// The rates that were tried, in order.
    pub tried: Vec<TriedRate>,
    /// The result in one sentence.
    pub sentence: String,
}

/// One rate that a search tried.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TriedRate {
    /// The rate in task runs per second.
    pub rate: f64,
    /// How many task runs per second really began.
    pub achieved: f64,
    /// The median response time.
    pub p50_ms: Option<f64>,
    /// The response time that 99 % of the requests did not exceed.
    pub p99_ms: Option<f64>,
    /// How many requests failed.
    pub failures: u64,
    /// Whether the rate held.
    pub holds: bool,
    /// Whether the load generator was at its limit, so that the rate says nothing about the broker.
    pub generator_was_the_limit: bool,
}
