//! Many runs over time: the numbers of their rows side by side, oldest run first.
//!
//! It shows and exports, and finds no change points: that needs many runs and the statistics of Bencher or Apache Otava,
//! for which there are formats. `compare` says whether one version is worse than another.

pub mod bencher;
pub mod otava;
pub mod plain;
#[cfg(test)]
mod tests;
pub mod text;

use std::collections::BTreeSet;

use crate::stats::RowKey;
use crate::stats::metric::Metric;
use crate::stats::result::row::RowResult;
use crate::stats::result::{Outcome, RunResult};

/// Many runs over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Trend {
    /// What is shown of each row, in this order.
    pub metrics: Vec<Metric>,
    /// The runs, the oldest first.
    pub runs: Vec<TrendRun>,
}

/// One run of a trend.
#[derive(Debug, Clone, PartialEq)]
pub struct TrendRun {
    /// What it is called, such as its folder.
    pub name: String,
    /// The name of its scenario.
    pub scenario: String,
    /// When it started, in seconds of unix time.
    pub started: f64,
    /// The git revision of the scenario; `None` if it is not known.
    pub git_revision: Option<String>,
    /// Whether it was good.
    pub outcome: Outcome,
    /// The numbers of each row that was asked for; all requests together stand first.
    pub rows: Vec<TrendRow>,
}

/// The numbers of one row of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct TrendRow {
    /// Request type and name.
    pub key: RowKey,
    /// One value per metric: milliseconds, requests per second, percent or a count; `None` if the run does not tell.
    pub values: Vec<Option<f64>>,
}

/// What is shown if nothing was asked for.
pub const METRICS: [Metric; 5] =
    [Metric::Requests, Metric::Rps, Metric::Percentile(50.0), Metric::Percentile(99.0), Metric::Failures];

/// Whether a metric is one of rows, which a trend can show.
pub fn is_of_rows(metric: Metric) -> bool {
    value(&RowResult::default(), metric).is_ok()
}

/// The metric is not one of rows.
struct NotOfRows;

/// The value of a metric; `None` if the row has no response times, or not this percentile.
fn value(row: &RowResult, metric: Metric) -> Result<Option<f64>, NotOfRows> {
    let timed = |ms: f64| (row.requests > 0).then_some(ms);
    Ok(match metric {
        Metric::Requests => Some(row.requests as f64),
        Metric::Failures => Some(row.failures as f64),
        Metric::FailureRatio => (row.requests > 0).then(|| row.failure_ratio() * 100.0),
        Metric::Unfinished => Some(row.unfinished as f64),
        Metric::Rps => Some(row.requests_per_s),
        Metric::FailuresPerS => Some(row.failures_per_s),
        Metric::Median => timed(row.median_ms),
        Metric::Average => timed(row.average_ms),
        Metric::Min => timed(row.min_ms),
        Metric::Max => timed(row.max_ms),
        Metric::Percentile(percent) => row.percentile_ms(percent),
        _ => return Err(NotOfRows),
    })
}

impl TrendRun {
    /// What a trend keeps of a result. `rows` are names, or types and names; if it is empty, every row is kept.
    pub fn of(name: &str, result: &RunResult, metrics: &[Metric], rows: &[String]) -> Self {
        let kept = [&result.aggregated].into_iter().chain(&result.rows);
        let kept =
            kept.filter(|row| rows.is_empty() || rows.contains(&row.name) || rows.contains(&row.title()));
        let row = |row: &RowResult| TrendRow {
            key: RowKey { request_type: row.request_type.clone(), name: row.name.clone() },
            values: metrics.iter().map(|metric| value(row, *metric).unwrap_or_default()).collect(),
        };
        Self {
            name: name.to_owned(),
            scenario: result.run.scenario.clone(),
            started: result.run.started,
            git_revision: result.run.git_revision.clone(),
            outcome: result.verdict.outcome,
            rows: kept.map(row).collect(),
        }
    }

    /// The values of a row; `None` if the run does not have it.
    pub fn row(&self, key: &RowKey) -> Option<&[Option<f64>]> {
        self.rows.iter().find(|row| row.key == *key).map(|row| &row.values[..])
    }
}

impl Trend {
    /// Sorts runs by their start.
    pub fn new(metrics: Vec<Metric>, mut runs: Vec<TrendRun>) -> Self {
        runs.sort_by(|a, b| a.started.total_cmp(&b.started).then_with(|| a.name.cmp(&b.name)));
        Self { metrics, runs }
    }

    /// The rows of all runs: all requests together, then by name and type.
    pub fn keys(&self) -> Vec<RowKey> {
        let keys: BTreeSet<(bool, &RowKey)> = self
            .runs
            .iter()
            .flat_map(|run| &run.rows)
            .map(|row| (!is_aggregated(&row.key), &row.key))
            .collect();
        keys.into_iter().map(|(_, key)| key.clone()).collect()
    }

    /// The values of one metric of a row, one per run.
    pub fn values(&self, key: &RowKey, metric: usize) -> Vec<Option<f64>> {
        let value = |run: &TrendRun| run.row(key)?.get(metric).copied().flatten();
        self.runs.iter().map(value).collect()
    }
}

/// What a row is called.
pub(super) fn title(key: &RowKey) -> String {
    if key.request_type.is_empty() { key.name.clone() } else { format!("{} {}", key.request_type, key.name) }
}

/// The word of an outcome, as in `result.json`.
pub(super) fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Aborted => "aborted",
        Outcome::ThresholdMissed => "threshold_missed",
        Outcome::Failed => "failed",
        Outcome::Passed => "passed",
    }
}

pub(super) fn is_aggregated(key: &RowKey) -> bool {
    key.request_type.is_empty() && key.name == "Aggregated"
}
