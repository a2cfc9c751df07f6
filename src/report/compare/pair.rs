//! The rows of two groups of runs side by side, for `--fail-on`. Rows are matched by request type and name alone.

use std::collections::BTreeMap;

use crate::report::compare::comparison::title;
use crate::stats::RowKey;
use crate::stats::metric::Metric;
use crate::stats::result::row::RowResult;
use crate::stats::result::{RunResult, Source};

/// The rows of two groups of runs.
#[derive(Debug, Clone)]
pub struct Pairs<'r> {
    /// Every row of either side, by name and request type.
    pub rows: Vec<Pair<'r>>,
    /// All requests together.
    pub aggregated: Pair<'r>,
    /// Whether times are whole milliseconds, as in CSV files.
    pub whole_ms: bool,
}

/// One row: what each run has of it.
#[derive(Debug, Clone)]
pub struct Pair<'r> {
    key: RowKey,
    a: Vec<Option<&'r RowResult>>,
    b: Vec<Option<&'r RowResult>>,
}

impl<'r> Pairs<'r> {
    /// Matches the rows of two groups of runs.
    pub fn of(a: &'r [RunResult], b: &'r [RunResult]) -> Self {
        let mut rows: BTreeMap<RowKey, [Vec<Option<&RowResult>>; 2]> = BTreeMap::new();
        for (side, runs) in [a, b].into_iter().enumerate() {
            for (at, run) in runs.iter().enumerate() {
                for row in &run.rows {
                    let key = RowKey { request_type: row.request_type.clone(), name: row.name.clone() };
                    let sides = rows.entry(key).or_insert_with(|| [vec![None; a.len()], vec![None; b.len()]]);
                    sides[side][at] = Some(row);
                }
            }
        }
        let rows = rows.into_iter().map(|(key, [a, b])| Pair { key, a, b }).collect();
        let whole = |runs: &'r [RunResult]| runs.iter().map(|run| Some(&run.aggregated)).collect();
        let key = RowKey { request_type: String::new(), name: "Aggregated".to_owned() };
        let whole_ms = a.iter().chain(b).any(|run| run.source == Source::Csv);
        Self { rows, aggregated: Pair { key, a: whole(a), b: whole(b) }, whole_ms }
    }

    /// Every row, Aggregated last.
    pub fn all(&self) -> impl Iterator<Item = &Pair<'r>> {
        self.rows.iter().chain([&self.aggregated])
    }
}

impl Pair<'_> {
    /// Type and name as one text.
    pub fn title(&self) -> String {
        self.key()
    }

    /// Whether a person means this row by this word: its type and name, or the name alone.
    pub fn is_called(&self, word: &str) -> bool {
        self.key() == word || self.key.name == word
    }

    /// Whether every run of A, and of B, has the row.
    pub fn is_in(&self) -> [bool; 2] {
        [&self.a, &self.b].map(|runs| runs.iter().all(Option::is_some))
    }

    /// The metric in A and in B, the mean of their runs; `None` if a run lacks it.
    pub fn values(&self, metric: Metric) -> [Option<f64>; 2] {
        [&self.a, &self.b].map(|runs| {
            let values = runs.iter().map(|row| row.and_then(|row| value(row, metric)));
            let values: Vec<f64> = values.collect::<Option<_>>()?;
            (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
        })
    }

    fn key(&self) -> String {
        title(&self.key.request_type, &self.key.name)
    }
}

/// A metric of one row. A row without requests has no times: Locust's files have 0 for a median or a mean of nothing.
fn value(row: &RowResult, metric: Metric) -> Option<f64> {
    let (requests, failures) = (row.requests as f64, row.failures as f64);
    match metric {
        _ if metric.is_time() && row.requests == 0 => None,
        Metric::Requests => Some(requests),
        Metric::Failures => Some(failures),
        Metric::FailureRatio => (row.requests > 0).then(|| failures * 100.0 / requests),
        Metric::Rps => Some(row.requests_per_s),
        Metric::FailuresPerS => Some(row.failures_per_s),
        Metric::Median => Some(row.median_ms),
        Metric::Average => Some(row.average_ms),
        Metric::Min => Some(row.min_ms),
        Metric::Max => Some(row.max_ms),
        Metric::Percentile(percent) => row.percentile_ms(percent),
        // The grammar of `--fail-on` has no words for the others, which are not in files.
        _ => None,
    }
}
