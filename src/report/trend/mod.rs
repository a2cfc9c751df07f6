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

use crate::report::verdict::{Impression, impression};
use crate::stats::RowKey;
use crate::stats::metric::{Metric, Unit};
use crate::stats::result::row::RowResult;
use crate::stats::result::{Outcome, RunResult, Source};

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
    /// Where its numbers come from.
    pub source: Source,
    /// Its outcome, as in `result.json`.
    pub outcome: Outcome,
    /// Whether it was good: one that was interrupted or silent was not, though its outcome is `passed`.
    pub impression: Impression,
    /// The same in one or two words.
    pub word: &'static str,
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
        let impression = impression(result);
        Self {
            name: name.to_owned(),
            scenario: result.run.scenario.clone(),
            started: result.run.started,
            git_revision: result.run.git_revision.clone(),
            source: result.source,
            outcome: result.verdict.outcome,
            impression: impression.0,
            word: impression.1,
            rows: kept.map(row).collect(),
        }
    }

    /// The values of a row; `None` if the run does not have it.
    pub fn row(&self, key: &RowKey) -> Option<&[Option<f64>]> {
        self.rows.iter().find(|row| row.key == *key).map(|row| &row.values[..])
    }
}

impl Trend {
    /// Sorts runs by their start. Rates of CSV files beside those of other results are left out: they are over the time
    /// until the last request, and the others over the whole run.
    pub fn new(metrics: Vec<Metric>, mut runs: Vec<TrendRun>) -> Self {
        runs.sort_by(|a, b| a.started.total_cmp(&b.started).then_with(|| a.name.cmp(&b.name)));
        let mut trend = Self { metrics, runs };
        if trend.mixes_sources() {
            let is_rate = trend.metrics.iter().map(|metric| metric.unit() == Unit::PerSecond);
            let is_rate: Vec<bool> = is_rate.collect();
            let of_files = trend.runs.iter_mut().filter(|run| run.source == Source::Csv);
            for row in of_files.flat_map(|run| &mut run.rows) {
                for (value, _) in row.values.iter_mut().zip(&is_rate).filter(|(_, is_rate)| **is_rate) {
                    *value = None;
                }
            }
        }
        trend
    }

    /// Whether rates are left out, since some runs are CSV files and some are not.
    pub fn leaves_out_rates(&self) -> bool {
        self.mixes_sources() && self.metrics.iter().any(|metric| metric.unit() == Unit::PerSecond)
    }

    fn mixes_sources(&self) -> bool {
        let of_files = self.runs.iter().filter(|run| run.source == Source::Csv).count();
        of_files > 0 && of_files < self.runs.len()
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
        Outcome::Incomplete => "incomplete",
        Outcome::ThresholdMissed => "threshold_missed",
        Outcome::Failed => "failed",
        Outcome::Passed => "passed",
    }
}

pub(super) fn is_aggregated(key: &RowKey) -> bool {
    key.request_type.is_empty() && key.name == "Aggregated"
}
