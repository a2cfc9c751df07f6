//! Conditions that must be met at the end of a run.
//!
//! Thresholds are compared with exact numbers. Percentiles and medians come from histograms with three digits, for all
//! requests and for single rows. They do not come from Locust's buckets of whole milliseconds.
//!
//! If no request of a row has finished, its failures and response times cannot be judged: the broker may be dead, or
//! the row may have been renamed, and neither means "met". A response time that cannot be judged is as bad as a missed
//! one. Failures differ, so that a threshold can ask for a connection that is never lost: a row without requests has no
//! failures. Failures that cannot be judged are bad only if requests of the row began and never finished, or if the
//! whole run has no finished request. When a scenario is compiled, a warning names rows that cannot occur.

use std::collections::BTreeMap;
use std::fmt;

use crate::stats::RowKey;
use crate::stats::criterion::{Criterion, CriterionError, Form, Limit, Rows};
use crate::stats::metric::{Metric, decimals};
use crate::stats::number::Number;
use crate::stats::snapshot::{Row, Snapshot};
use crate::stats::statistics::Statistics;
use crate::stats::unfinished::Unfinished;

/// A condition on the results of a run, such as `p95[MQTT connect] < 1s`.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    criterion: Criterion,
    limit: f64,
}

/// The outcome of a threshold for one row.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// The threshold as it was written.
    pub threshold: String,
    /// The row's type and name, or what the threshold calls it.
    pub row: String,
    /// Whether it holds.
    pub verdict: Verdict,
    /// The row's value in the metric's unit, if it has one.
    pub value: Option<f64>,
    /// The value with the metric's name and unit, or why there is none.
    pub detail: String,
}

/// Whether a threshold holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Met,
    /// It does not hold.
    Missed,
    /// It cannot be judged, since no request has come to its end.
    NotJudged {
        /// Whether the run fails because of it.
        fails: bool,
    },
}

impl Verdict {
    /// Whether the run fails because of it.
    pub fn fails(self) -> bool {
        matches!(self, Self::Missed | Self::NotJudged { fails: true })
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Met => "met",
            Self::Missed => "missed",
            Self::NotJudged { .. } => "not judged",
        })
    }
}

/// How much of a row was finished, and how much was not.
#[derive(Debug, Clone, Copy)]
struct Ends {
    finished: u64,
    unfinished: u64,
    /// Whether nothing of the whole run was finished, though something was begun.
    in_vain: bool,
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

    /// Returns what it asks for.
    pub fn criterion(&self) -> &Criterion {
        &self.criterion
    }

    /// Returns whether a value satisfies it.
    pub fn holds(&self, value: f64) -> bool {
        self.criterion.op.holds(value, self.limit)
    }

    /// Judges it for each of its rows and returns at least one judgement. The snapshot is one of the statistics.
    pub fn judge(&self, statistics: &Statistics, snapshot: &Snapshot) -> Vec<Judgement> {
        let metric = self.criterion.metric;
        let (all, unfinished) = (snapshot.aggregated.requests, Unfinished::total(&snapshot.unfinished).count);
        let in_vain = all == 0 && unfinished > 0;
        if self.criterion.rows == Rows::Aggregated {
            let ends = Ends { finished: all, unfinished, in_vain };
            let exact = match percent(metric) {
                Some(p) => statistics.latency().percentile_ms(p),
                None => value(&snapshot.aggregated, metric),
            };
            return vec![self.judge_value("Aggregated", exact, ends)];
        }
        let value = |row: &Row| match percent(metric) {
            Some(p) => statistics.row_times(&row.key).and_then(|times| times.percentile_ms(p)),
            None => value(row, metric),
        };
        // Rows of which nothing was finished are in no table of requests.
        let mut rows: BTreeMap<&RowKey, (Option<&Row>, u64)> = BTreeMap::new();
        for row in &snapshot.rows {
            rows.insert(&row.key, (Some(row), 0));
        }
        for Unfinished { row, waits } in &snapshot.unfinished {
            rows.entry(row).or_default().1 = waits.count;
        }
        let rows = rows.into_iter().filter(|(key, _)| self.criterion.rows.hold(key));
        let judged: Vec<_> = rows
            .map(|(key, (row, unfinished))| {
                let title = format!("{} {}", key.request_type, key.name);
                let ends = Ends { finished: row.map_or(0, |row| row.requests), unfinished, in_vain };
                self.judge_value(title.trim_start(), row.and_then(value), ends)
            })
            .collect();
        if !judged.is_empty() {
            return judged;
        }
        let row = match &self.criterion.rows {
            Rows::Called(word) => word.as_str(),
            Rows::Every | Rows::Aggregated => "*",
        };
        let missing = "the run has no such row";
        vec![match metric {
            Metric::Unfinished => self.judgement(row, Some(0.0), format!("{metric} 0: {missing}")),
            metric if needs_requests(metric) => {
                self.not_judged(row, Ends { finished: 0, unfinished: 0, in_vain }, missing)
            }
            _ => self.judgement(row, None, missing.to_owned()),
        }]
    }

    fn judge_value(&self, row: &str, value: Option<f64>, ends: Ends) -> Judgement {
        let metric = self.criterion.metric;
        let Ends { finished, unfinished, .. } = ends;
        let value = match metric {
            Metric::Unfinished => Some(unfinished as f64),
            Metric::UnfinishedRatio => {
                let begun = finished + unfinished;
                (begun > 0).then(|| unfinished as f64 * 100.0 / begun as f64)
            }
            // A row of which nothing was finished.
            Metric::Requests | Metric::Rps => value.or(Some(0.0)),
            _ => value,
        };
        let judged_by = if metric.is_of_unfinished() { finished + unfinished } else { finished };
        if judged_by == 0 && needs_requests(metric) {
            return self.not_judged(row, ends, "no request was finished");
        }
        let detail = match value {
            Some(value) => format!("{metric} {value:.*}{}", decimals(&[value]), metric.unit().suffix()),
            None => format!("no {metric}: it had no requests"),
        };
        self.judgement(row, value, detail)
    }

    fn not_judged(&self, row: &str, ends: Ends, why: &str) -> Judgement {
        let of_failures = self.criterion.metric.is_of_failures() || self.criterion.metric.is_of_unfinished();
        let fails = ends.unfinished > 0 || ends.in_vain || !of_failures;
        let unfinished = match ends {
            Ends { unfinished: 1.., .. } => format!(", {} unfinished", ends.unfinished),
            Ends { in_vain: true, .. } => ", and nothing else of the run was finished".to_owned(),
            _ => String::new(),
        };
        Judgement {
            threshold: self.to_string(),
            row: row.to_owned(),
            verdict: Verdict::NotJudged { fails },
            value: None,
            detail: format!("no {}: {why}{unfinished}", self.criterion.metric),
        }
    }

    fn judgement(&self, row: &str, value: Option<f64>, detail: String) -> Judgement {
        let verdict =
            if value.is_some_and(|value| self.holds(value)) { Verdict::Met } else { Verdict::Missed };
        Judgement { threshold: self.to_string(), row: row.to_owned(), verdict, value, detail }
    }
}

/// Returns whether a metric says nothing about a row without requests. Counts and rates of requests and of unfinished
/// ones do say something.
fn needs_requests(metric: Metric) -> bool {
    metric.is_time() || metric.is_of_failures() || metric == Metric::UnfinishedRatio
}

/// The percentage of a percentile; a median is one, too.
fn percent(metric: Metric) -> Option<f64> {
    match metric {
        Metric::Median => Some(50.0),
        Metric::Percentile(p) => Some(p),
        _ => None,
    }
}

/// A number of a row other than a percentile.
fn value(row: &Row, metric: Metric) -> Option<f64> {
    let timed = |value: f64| (row.timed > 0).then_some(value);
    match metric {
        Metric::Requests => Some(row.requests as f64),
        Metric::Failures => Some(row.failures as f64),
        Metric::FailureRatio => (row.requests > 0).then(|| row.fail_ratio() * 100.0),
        Metric::Rps => Some(row.rps),
        Metric::FailuresPerS => Some(row.failures_per_s),
        Metric::Average => timed(row.average),
        Metric::Min => timed(number(row.min)),
        Metric::Max => timed(number(row.max)),
        // Not of the row as the files have it.
        Metric::Unfinished | Metric::UnfinishedRatio | Metric::Median | Metric::Percentile(_) => None,
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
    use crate::stats::UnixMicros;
    use crate::stats::recorder::Recorder;
    use crate::stats::unfinished::Waits;

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
        told.map(|j| {
            let fails = if j.verdict == (Verdict::NotJudged { fails: true }) { " (fails)" } else { "" };
            format!("{}{fails} {}: {}", j.verdict, j.row, j.detail)
        })
        .collect()
    }

    #[test]
    fn thresholds_are_held_against_the_values_of_their_rows() {
        let statistics = statistics();
        for (text, expected) in [
            // As exact for a row as for all requests.
            ("p95 < 1.7ms", "met Aggregated: p95 1.601 ms"),
            ("p97.5 < 5ms", "met Aggregated: p97.5 4.002 ms"),
            ("p95[publish] < 1.7ms", "met MQTT publish: p95 1.601 ms"),
            ("p97.5[publish] < 1.59ms", "missed MQTT publish: p97.5 1.601 ms"),
            ("p50[connect] < 4.1ms", "met MQTT connect: p50 4.002 ms"),
            ("median <= 2ms", "met Aggregated: median 1.601 ms"),
            ("max[MQTT publish] < 0.2s", "missed MQTT publish: max 250 ms"),
            ("failures < 1", "missed Aggregated: failures 1"),
            ("failures < 1%", "met Aggregated: failure_ratio 0.9615%"),
            ("failures[connect] < 1%", "missed MQTT connect: failure_ratio 25%"),
            ("requests/s > 51", "met Aggregated: rps 52/s"),
            ("p95[no] < 1s", "not judged (fails) no: no p95: the run has no such row"),
            ("requests[no] < 1", "missed no: the run has no such row"),
            ("failures[no] < 1", "not judged no: no failures: the run has no such row"),
            ("failures[no] < 1%", "not judged no: no failure_ratio: the run has no such row"),
            ("failures/s[no] > 1", "not judged no: no failures_per_s: the run has no such row"),
            ("unfinished < 1", "met Aggregated: unfinished 0"),
            ("unfinished < 1%", "met Aggregated: unfinished_ratio 0%"),
            ("unfinished[no] < 1", "met no: unfinished 0: the run has no such row"),
            ("unfinished[no] < 1%", "not judged no: no unfinished_ratio: the run has no such row"),
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
    fn what_did_not_happen_is_not_judged() {
        let empty = Statistics::new(0.0, false);
        for (text, expected) in [
            ("p95 < 1s", "not judged (fails) Aggregated: no p95: no request was finished"),
            ("failures < 1%", "not judged Aggregated: no failure_ratio: no request was finished"),
            ("failures < 1", "not judged Aggregated: no failures: no request was finished"),
            ("max[*] < 1s", "not judged (fails) *: no max: the run has no such row"),
            ("unfinished < 1", "met Aggregated: unfinished 0"),
            ("unfinished < 1%", "not judged Aggregated: no unfinished_ratio: no request was finished"),
            ("requests < 1", "met Aggregated: requests 0"),
        ] {
            assert_eq!(judged(&empty, text), [expected], "{text}");
        }
    }

    #[test]
    fn what_is_unfinished_is_never_met_by_default() {
        let key = |name: &str| RowKey { request_type: "MQTT".to_owned(), name: name.to_owned() };
        // A broker that answers connects and then nothing, and one that answers nothing.
        let mut frozen = statistics();
        frozen.log_unfinished(&key("publish"), Waits { count: 25, oldest_ns: 3_000_000_000, overdue: 5 });
        frozen.log_unfinished(&key("subscribe"), Waits::one(1, false));
        let mut dead = Statistics::new(1_000.0, false);
        dead.log_unfinished(&key("connect"), Waits { count: 7, oldest_ns: 1, overdue: 0 });
        for (statistics, text, expected) in [
            (&frozen, "unfinished < 1", "missed Aggregated: unfinished 26"),
            (&frozen, "unfinished < 20%", "missed Aggregated: unfinished_ratio 20%"),
            (&frozen, "unfinished[publish] <= 20%", "met MQTT publish: unfinished_ratio 20%"),
            (&frozen, "unfinished[connect] < 1", "met MQTT connect: unfinished 0"),
            (&frozen, "failures[publish] < 1", "met MQTT publish: failures 0"),
            (
                &frozen,
                "failures[subscribe] < 1",
                "not judged (fails) MQTT subscribe: no failures: no request was finished, 1 unfinished",
            ),
            (
                &frozen,
                "p95[MQTT subscribe] < 1s",
                "not judged (fails) MQTT subscribe: no p95: no request was finished, 1 unfinished",
            ),
            (&frozen, "requests[subscribe] >= 1", "missed MQTT subscribe: requests 0"),
            (
                &dead,
                "failures < 1%",
                "not judged (fails) Aggregated: no failure_ratio: no request was finished, 7 unfinished",
            ),
            (
                &dead,
                "p99 < 1s",
                "not judged (fails) Aggregated: no p99: no request was finished, 7 unfinished",
            ),
            (
                &dead,
                "failures[publish] < 1",
                "not judged (fails) publish: no failures: the run has no such row, and nothing else of the run was finished",
            ),
            (&dead, "unfinished[connect] < 100%", "missed MQTT connect: unfinished_ratio 100%"),
        ] {
            assert_eq!(judged(statistics, text), [expected], "{text}");
        }
        let rows: Vec<_> =
            Threshold::parse("unfinished[*] < 1").unwrap().judge(&frozen, &frozen.snapshot(1_002.0));
        let rows: Vec<_> = rows.iter().map(|j| (j.row.as_str(), j.value)).collect();
        let expected = [("MQTT connect", 0.0), ("MQTT publish", 25.0), ("MQTT subscribe", 1.0)];
        assert_eq!(rows, expected.map(|(row, value)| (row, Some(value))));
    }
}
