//! What must hold at the end of a run.
//!
//! Held against the exact numbers where there are some: percentiles of all requests come from the histogram, to
//! three digits, while those of a single row are Locust's buckets, as in the files. What cannot be judged (no such
//! row, no response time) is missed: a threshold that silently passes because its row was renamed guards nothing.
//! But where nothing was requested nothing has failed: failures of a row that never occurred are 0, or a threshold
//! could not ask for a connection that is never lost. A row that cannot occur is warned about when the scenario is
//! compiled.

use std::fmt;

use crate::stats::bucket::PERCENTILES;
use crate::stats::criterion::{Criterion, CriterionError, Form, Limit, Rows};
use crate::stats::metric::{Metric, decimals};
use crate::stats::number::Number;
use crate::stats::snapshot::{Row, Snapshot};
use crate::stats::statistics::Statistics;

/// Something that must hold, such as `p95[MQTT connect] < 1s`.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    criterion: Criterion,
    limit: f64,
}

/// A threshold held against one row.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// The threshold as it was written.
    pub threshold: String,
    /// The row's type and name, or what the threshold calls it.
    pub row: String,
    /// Whether it holds.
    pub met: bool,
    /// The row's value in the metric's unit, if it has one.
    pub value: Option<f64>,
    /// The value with the metric's name and unit, or why there is none.
    pub detail: String,
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.criterion.fmt(f)
    }
}

impl Threshold {
    /// Reads a threshold; the grammar is that of [`Criterion`], without changes.
    pub fn parse(text: &str) -> Result<Self, CriterionError> {
        let criterion = Criterion::parse(text, Form::Own)?;
        // A run by itself has no changes: the form allows only the first.
        let (Limit::Own(limit) | Limit::Change(limit) | Limit::PercentOfBase(limit)) = criterion.limit;
        Ok(Self { criterion, limit })
    }

    /// What it asks for.
    pub fn criterion(&self) -> &Criterion {
        &self.criterion
    }

    /// Whether a value holds.
    pub fn holds(&self, value: f64) -> bool {
        self.criterion.op.holds(value, self.limit)
    }

    /// Whether rows keep the percentile that it asks for; those of all requests have every one.
    pub fn can_be_told(&self) -> bool {
        self.criterion.rows == Rows::Aggregated || place(self.criterion.metric).is_ok()
    }

    /// Holds it against its rows; at least one judgement. The snapshot is one of the statistics.
    pub fn judge(&self, statistics: &Statistics, snapshot: &Snapshot) -> Vec<Judgement> {
        let metric = self.criterion.metric;
        if self.criterion.rows == Rows::Aggregated {
            let exact = match metric {
                Metric::Median => statistics.latency().percentile_ms(50.0),
                Metric::Percentile(p) => statistics.latency().percentile_ms(p),
                metric => value(&snapshot.aggregated, metric),
            };
            return vec![self.judge_value("Aggregated", exact)];
        }
        let rows = snapshot.rows.iter().filter(|row| self.criterion.rows.hold(&row.key));
        let judged: Vec<_> = rows
            .map(|row| {
                let title = format!("{} {}", row.key.request_type, row.key.name);
                self.judge_value(title.trim_start(), value(row, metric))
            })
            .collect();
        if !judged.is_empty() {
            return judged;
        }
        let row = match &self.criterion.rows {
            Rows::Called(word) => word.as_str(),
            Rows::Every | Rows::Aggregated => "*",
        };
        if metric.is_of_failures() {
            return vec![self.judgement(row, Some(0.0), format!("{metric} 0: the run has no such row"))];
        }
        vec![self.judgement(row, None, "the run has no such row".to_owned())]
    }

    fn judge_value(&self, row: &str, value: Option<f64>) -> Judgement {
        let metric = self.criterion.metric;
        let detail = match value {
            Some(value) => format!("{metric} {value:.*}{}", decimals(&[value]), metric.unit().suffix()),
            None => format!("no {metric}: it had no requests"),
        };
        self.judgement(row, value, detail)
    }

    fn judgement(&self, row: &str, value: Option<f64>, detail: String) -> Judgement {
        let met = value.is_some_and(|value| self.holds(value));
        Judgement { threshold: self.to_string(), row: row.to_owned(), met, value, detail }
    }
}

/// Place of a percentile among those that rows keep; any other metric has none and needs none.
fn place(metric: Metric) -> Result<Option<usize>, ()> {
    let Metric::Percentile(p) = metric else { return Ok(None) };
    let found = PERCENTILES.iter().position(|kept| (kept * 100.0 - p).abs() < 1e-9);
    found.map(Some).ok_or(())
}

fn value(row: &Row, metric: Metric) -> Option<f64> {
    let timed = |value: f64| (row.timed > 0).then_some(value);
    match metric {
        Metric::Requests => Some(row.requests as f64),
        Metric::Failures => Some(row.failures as f64),
        Metric::FailureRatio => (row.requests > 0).then(|| row.fail_ratio() * 100.0),
        Metric::Rps => Some(row.rps),
        Metric::FailuresPerS => Some(row.failures_per_s),
        Metric::Median => timed(number(row.median)),
        Metric::Average => timed(row.average),
        Metric::Min => timed(number(row.min)),
        Metric::Max => timed(number(row.max)),
        Metric::Percentile(_) => {
            let buckets = row.percentiles.filter(|_| row.timed > 0)?;
            place(metric).ok().flatten().map(|place| buckets[place] as f64)
        }
    }
}

fn number(number: Number) -> f64 {
    match number {
        Number::Int(whole) => whole as f64,
        Number::Float(float) => float,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::recorder::Recorder;
    use crate::stats::{RowKey, UnixMicros};

    /// 99 quick publishes and a slow one, four connects of which one failed, in two seconds.
    fn statistics() -> Statistics {
        let key = |name: &str| RowKey { request_type: "MQTT".to_owned(), name: name.to_owned() };
        let rows = [key("connect"), key("publish")];
        let at = |us: u64| UnixMicros(1_000_000_000 + us);
        let mut recorder = Recorder::new(at(0), &rows, false);
        let (connect, publish) = (recorder.row(&rows[0]), recorder.row(&rows[1]));
        for n in 0..99 {
            recorder.record(publish, at(n), Some(1_600_000), 5);
        }
        recorder.record(publish, at(2_000_000), Some(250_000_000), 5);
        for _ in 0..3 {
            recorder.record(connect, at(1), Some(4_000_000), 0);
        }
        recorder.record_failure(connect, at(1), None, 0, "refused");
        let mut statistics = Statistics::new(1_000.0, false);
        statistics.merge(vec![recorder.take(at(2_000_000))]);
        statistics
    }

    fn judged(statistics: &Statistics, text: &str) -> Vec<String> {
        let threshold = Threshold::parse(text).unwrap();
        let judgements = threshold.judge(statistics, &statistics.snapshot(1_002.0));
        let told = judgements.into_iter();
        told.map(|j| format!("{} {}: {}", if j.met { "met" } else { "missed" }, j.row, j.detail)).collect()
    }

    #[test]
    fn thresholds_are_held_against_the_values_of_their_rows() {
        let statistics = statistics();
        for (text, expected) in [
            // Exact for all requests, a bucket for a row.
            ("p95 < 1.7ms", "met Aggregated: p95 1.601 ms"),
            ("p97.5 < 5ms", "met Aggregated: p97.5 4.002 ms"),
            ("p95[publish] < 1.7ms", "missed MQTT publish: p95 2 ms"),
            ("median <= 2ms", "met Aggregated: median 1.601 ms"),
            ("max[MQTT publish] < 0.2s", "missed MQTT publish: max 250 ms"),
            ("failures < 1", "missed Aggregated: failures 1"),
            ("failures < 1%", "met Aggregated: failure_ratio 0.9615%"),
            ("failures[connect] < 1%", "missed MQTT connect: failure_ratio 25%"),
            ("requests/s > 51", "met Aggregated: rps 52/s"),
            ("p95[no] < 1s", "missed no: the run has no such row"),
            ("requests[no] < 1", "missed no: the run has no such row"),
            ("failures[no] < 1", "met no: failures 0: the run has no such row"),
            ("failures[no] < 1%", "met no: failure_ratio 0: the run has no such row"),
            ("failures/s[no] > 1", "missed no: failures_per_s 0: the run has no such row"),
            ("requests[Aggregated] >= 104", "met Aggregated: requests 104"),
        ] {
            assert_eq!(judged(&statistics, text), [expected], "{text}");
        }
        assert_eq!(
            judged(&statistics, "max[*] < 100ms"),
            ["met MQTT connect: max 4 ms", "missed MQTT publish: max 250 ms"]
        );
    }

    #[test]
    fn what_did_not_happen_is_missed() {
        let empty = Statistics::new(0.0, false);
        assert_eq!(judged(&empty, "p95 < 1s"), ["missed Aggregated: no p95: it had no requests"]);
        assert_eq!(
            judged(&empty, "failures < 1%"),
            ["missed Aggregated: no failure_ratio: it had no requests"]
        );
        assert_eq!(judged(&empty, "max[*] < 1s"), ["missed *: the run has no such row"]);
        assert_eq!(judged(&empty, "failures < 1"), ["met Aggregated: failures 0"]);
    }

    #[test]
    fn single_rows_keep_only_some_percentiles() {
        let can = |text: &str| Threshold::parse(text).unwrap().can_be_told();
        assert!(can("p97 < 1s") && can("p99.9[a] < 1s") && can("p100[*] < 1s") && can("max[a] < 1s"));
        assert!(!can("p97[a] < 1s"));
    }
}
