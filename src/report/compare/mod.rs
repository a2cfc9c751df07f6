//! Two runs side by side: any two CSV sets in Locust's format, ours or Locust's own.
//!
//! Everything here is text in, text out: the command reads the files and prints. Rows are matched by request
//! type and name alone, never by position. A row that one run does not have is shown as missing and not as zero.

pub mod fail_on;
pub mod markdown;
pub mod metric;
pub mod summary;
pub mod table;
pub mod text;

use std::collections::BTreeMap;

use crate::report::compare::metric::{Change, Verdict};
use crate::report::compare::table::{Failure, StatsFile, StatsRow, one_line};
use crate::stats::metric::Metric;

/// The metrics that are shown for every row; percentiles only if both files have them.
const SHOWN: [Metric; 8] = [
    Metric::Requests,
    Metric::Failures,
    Metric::FailureRatio,
    Metric::Rps,
    Metric::Median,
    Metric::Average,
    Metric::Percentile(95.0),
    Metric::Percentile(99.0),
];

/// Two runs, matched row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// BASE's `_stats.csv`.
    pub base_path: String,
    /// NEW's `_stats.csv`.
    pub new_path: String,
    /// Every row of either run, in Locust's order (name, then request type).
    pub rows: Vec<Pair>,
    /// The row for all requests.
    pub aggregated: Pair,
    /// Every error of either run, the largest change for the worse first.
    pub failures: Vec<FailurePair>,
    /// The metrics to show.
    pub metrics: Vec<Metric>,
    /// What was left out and why: one sentence each.
    pub left_out: Vec<String>,
}

/// One request type and name in both runs; at least one of them has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// Request type; empty for Aggregated.
    pub request_type: String,
    /// Name.
    pub name: String,
    /// The row in BASE.
    pub base: Option<StatsRow>,
    /// The row in NEW.
    pub new: Option<StatsRow>,
}

/// One error in both runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailurePair {
    /// Request type.
    pub request_type: String,
    /// Name.
    pub name: String,
    /// The error's text.
    pub error: String,
    /// Occurrences in BASE.
    pub base: u64,
    /// Occurrences in NEW.
    pub new: u64,
}

impl Comparison {
    /// Matches the rows and the failures of two runs.
    pub fn of(base: StatsFile, new: StatsFile) -> Self {
        let mut left_out = Vec::new();
        let failures = match (&base.failures, &new.failures) {
            (Some(old), Some(new)) => pair_failures(old, new),
            (old, other) => {
                let without: Vec<_> = [(old, &base.path), (other, &new.path)]
                    .into_iter()
                    .filter(|(failures, _)| failures.is_none())
                    .map(|(_, path)| path.as_str())
                    .collect();
                let without = without.join(" and ");
                left_out.push(format!("Errors are not compared: no `_failures.csv` beside {without}."));
                Vec::new()
            }
        };

        let mut metrics = Vec::new();
        for metric in SHOWN {
            match [&base, &new].into_iter().find_map(|table| table.require(metric).err()) {
                None => metrics.push(metric),
                Some(error) => left_out.push(format!("{metric} is left out: {error}.")),
            }
        }

        let aggregated = Pair {
            request_type: String::new(),
            name: base.aggregated.name.clone(),
            base: Some(base.aggregated),
            new: Some(new.aggregated),
        };
        // A ratio of no failures is one more line of zeros for every row.
        if [&aggregated.base, &aggregated.new]
            .into_iter()
            .flatten()
            .all(|row| row.value(Metric::Failures) == Some(0.0))
        {
            metrics.retain(|metric| *metric != Metric::FailureRatio);
        }
        let (base_path, new_path) = (base.path, new.path);
        let rows = pair_rows(base.rows, new.rows);
        Self { base_path, new_path, rows, aggregated, failures, metrics, left_out }
    }

    /// Every row, Aggregated last.
    pub fn all(&self) -> impl Iterator<Item = &Pair> {
        self.rows.iter().chain([&self.aggregated])
    }
}

impl Pair {
    /// Type and name as one text on one line.
    pub fn title(&self) -> String {
        one_line(self.key().trim_start())
    }

    /// Whether a person means this row by this word: its type and name, or the name alone.
    pub fn is_called(&self, word: &str) -> bool {
        self.key().trim_start() == word || self.name == word
    }

    /// The metric in BASE and in NEW, as far as there is one.
    pub fn values(&self, metric: Metric) -> [Option<f64>; 2] {
        [&self.base, &self.new].map(|row| row.as_ref().and_then(|row| row.value(metric)))
    }

    /// The metric's change, if both runs have a value.
    pub fn change(&self, metric: Metric) -> Option<Change> {
        match self.values(metric) {
            [Some(base), Some(new)] => Some(Change { metric, base, new }),
            _ => None,
        }
    }

    /// Whether a percentile rests on a single request in one of the runs: fewer requests than it takes to
    /// have one beyond the percentile, such as 100 for p99.
    pub fn is_few(&self, metric: Metric) -> bool {
        let Metric::Percentile(p) = metric else { return false };
        // The margin is for 100 − 99.9 in binary, which is a little less than 0.1.
        let few = |requests: f64| requests > 0.0 && requests * (100.0 - p) < 100.0 - 1e-6;
        self.values(Metric::Requests).into_iter().flatten().any(few)
    }

    /// The short remark on a metric's change, empty for none, and the verdict it is coloured by.
    pub fn remark(&self, metric: Metric) -> (String, Verdict) {
        let Some(change) = self.change(metric) else { return (String::new(), Verdict::Neutral) };
        let verdict = change.verdict();
        let mut words = Vec::new();
        match verdict {
            Verdict::Better => words.push("better"),
            Verdict::Worse => words.push("worse"),
            Verdict::Neutral if change.is_rounding() => words.push("~"),
            Verdict::Neutral => {}
        }
        if self.is_few(metric) {
            words.push("few");
        }
        (words.join(", "), verdict)
    }

    fn key(&self) -> String {
        format!("{} {}", self.request_type, self.name)
    }
}

impl FailurePair {
    /// The change in occurrences.
    pub fn change(&self) -> Change {
        Change { metric: Metric::Failures, base: self.base as f64, new: self.new as f64 }
    }

    /// `came`, `went` or nothing.
    pub fn remark(&self) -> &'static str {
        match (self.base, self.new) {
            (0, _) => "came",
            (_, 0) => "went",
            _ => "",
        }
    }
}

fn pair_rows(base: Vec<StatsRow>, new: Vec<StatsRow>) -> Vec<Pair> {
    let mut rows: BTreeMap<(String, String), [Option<StatsRow>; 2]> = BTreeMap::new();
    for (run, side) in [base, new].into_iter().enumerate() {
        for row in side {
            let key = (row.name.clone(), row.request_type.clone());
            rows.entry(key).or_default()[run] = Some(row);
        }
    }
    rows.into_iter()
        .map(|((name, request_type), [base, new])| Pair { request_type, name, base, new })
        .collect()
}

fn pair_failures(base: &[Failure], new: &[Failure]) -> Vec<FailurePair> {
    let mut counts: BTreeMap<_, [u64; 2]> = BTreeMap::new();
    for (run, side) in [base, new].into_iter().enumerate() {
        for failure in side {
            let key = (&failure.name, &failure.request_type, &failure.error);
            counts.entry(key).or_default()[run] += failure.occurrences;
        }
    }
    let mut failures: Vec<_> = counts
        .into_iter()
        .map(|((name, request_type, error), [base, new])| FailurePair {
            request_type: request_type.clone(),
            name: name.clone(),
            error: error.clone(),
            base,
            new,
        })
        .collect();
    failures.sort_by(|a, b| b.change().delta().total_cmp(&a.change().delta()));
    failures
}
