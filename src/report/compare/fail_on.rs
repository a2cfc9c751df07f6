//! `--fail-on` expressions: a limit that makes a comparison fail.
//!
//! A change against A always has a sign and B's own value never has one, so `p95 > +10ms` and `p95 > 10ms` cannot
//! be confused. If an expression cannot be judged (no such row, no value), it fails: a check that passes because its
//! row was renamed is useless. Percentiles in CSV files are whole milliseconds, so a limit between two of them cannot
//! be judged either. It fails if the expression itself has such a limit. It is unclear if the limit is a percentage of
//! a small A. With several runs a side, the value of a side is the mean of its runs.

use std::fmt;
use std::str::FromStr;

use crate::report::columns::printable;
use crate::report::compare::comparison::{Check, Outcome};
use crate::report::compare::delta::Delta;
use crate::report::compare::pair::{Pair, Pairs};
use crate::stats::criterion::{Criterion, Fault, Form, Limit, Rows};
use crate::stats::metric::{Metric, Unit, decimals};
use crate::stats::result::{RunResult, Source};

/// The grammar, for help texts and messages.
pub const GRAMMAR: &str = "\
METRIC[ROW] OP NUMBER: the comparison fails if this is true
  METRIC  requests failures failure_ratio median average min max rps failures_per_s,
          requests/s and failures/s for the last two, or a percentile such as p50 p95 p99 p99.9
  ROW     `TYPE NAME` or `NAME`, or `*` for every row; without [ROW]: Aggregated
  OP      > >= < <=
  NUMBER  with a sign, the change from A to B: +10% -5% +20ms +3
          without one, B's own value: 200ms 1.5s 100/s 0, for failure_ratio or failures 1%
          % of a change is of A; failure_ratio also changes in points: +1pp
Of several runs a side their mean counts. CSV files have whole milliseconds: a limit
between two of them fails; a percentage that is less than 1 ms is UNCLEAR, which does
not fail the comparison. Give a limit in ms then, or compare folders of `run --out`.";

/// Percentiles of a file are rounded to this at best, in milliseconds.
const WHOLE_MS: f64 = 1.0;

/// How far that is from what was rounded.
const HALF_MS: f64 = WHOLE_MS / 2.0;

/// One expression, such as `p95[MQTT connect] > +10%`.
#[derive(Debug, Clone, PartialEq)]
pub struct FailOn(Criterion);

impl fmt::Display for FailOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for FailOn {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        Criterion::parse(text, Form::Comparison).map(Self).map_err(|error| error.fault)
    }
}

impl FailOn {
    /// Makes sure that the files have the column; A needs it only for a change.
    pub fn check(&self, a: &[RunResult], b: &[RunResult]) -> Result<(), MissingColumn> {
        let Metric::Percentile(percent) = self.0.metric else { return Ok(()) };
        let needed = if matches!(self.0.limit, Limit::Own(_)) { &[] } else { a };
        needed.iter().chain(b).try_for_each(|run| has_column(run, percent))
    }

    /// Judges the expression for each of its rows and returns at least one check.
    pub fn judge(&self, pairs: &Pairs<'_>) -> Vec<Check> {
        match &self.0.rows {
            Rows::Aggregated => vec![self.judge_row(&pairs.aggregated, pairs.whole_ms)],
            Rows::Every if pairs.rows.is_empty() => {
                vec![self.told("*", Outcome::Fail, "neither side has any row".to_owned())]
            }
            Rows::Every => pairs.rows.iter().map(|pair| self.judge_row(pair, pairs.whole_ms)).collect(),
            Rows::Called(word) => {
                let called: Vec<_> = pairs.all().filter(|pair| pair.is_called(word)).collect();
                if called.is_empty() {
                    vec![self.told(word, Outcome::Fail, "neither side has this row".to_owned())]
                } else {
                    called.into_iter().map(|pair| self.judge_row(pair, pairs.whole_ms)).collect()
                }
            }
        }
    }

    fn judge_row(&self, pair: &Pair<'_>, whole_ms: bool) -> Check {
        let title = pair.title();
        let ([a, b], [in_a, in_b]) = (pair.values(self.0.metric), pair.is_in());
        let nothing = |side: &str, row_is_there: bool| {
            if row_is_there {
                format!("{side} has no {} for this row: it had no requests", self.0.metric)
            } else {
                format!("{side} does not have this row")
            }
        };
        let Some(b) = b else {
            return self.told(&title, Outcome::Fail, nothing("B", in_b));
        };
        if let Limit::Own(limit) = self.0.limit {
            let unit = self.0.metric.unit().suffix();
            let detail = format!("{} {b:.*}{unit}", self.0.metric, decimals(&[b]));
            let outcome = self.outcome(b, limit);
            let hidden = whole_ms && (limit < WHOLE_MS || limit.fract() != 0.0);
            let finest = if hidden { HALF_MS } else { 0.0 };
            return self.resolved(&title, outcome, detail, [b - finest, b + finest], limit);
        }
        let Some(a) = a else {
            let outcome = if self.0.rows == Rows::Every { Outcome::Skip } else { Outcome::Fail };
            return self.told(&title, outcome, nothing("A", in_a));
        };

        let change = Delta { metric: self.0.metric, a, b };
        // In milliseconds where that is what is compared, to see what rounding can hide.
        let (outcome, limit) = match self.0.limit {
            Limit::PercentOfBase(limit) => (self.outcome(change.percent(), limit), limit / 100.0 * a),
            Limit::Change(limit) | Limit::Own(limit) => (self.outcome(change.delta(), limit), limit),
        };
        let unit = if self.0.metric.unit() == Unit::Percent { "pp" } else { self.0.metric.unit().suffix() };
        let rounding = if whole_ms && change.is_rounding() { " ~" } else { "" };
        let (values, delta, percent) = (change.values_text(), change.delta_text(), change.percent_text());
        let detail = format!("{} {values}, {delta}{unit} ({percent}){rounding}", self.0.metric);
        let finest = if whole_ms && limit.abs() < WHOLE_MS { WHOLE_MS } else { 0.0 };
        self.resolved(&title, outcome, detail, [change.delta() - finest, change.delta() + finest], limit)
    }

    /// A check, unless the expression could hold for times within these bounds that the file shows as one.
    fn resolved(&self, row: &str, outcome: Outcome, detail: String, bounds: [f64; 2], limit: f64) -> Check {
        let rounded = matches!(self.0.metric, Metric::Median | Metric::Percentile(_));
        let may_hold = bounds.into_iter().any(|value| self.0.op.holds(value, limit));
        if outcome != Outcome::Pass || !rounded || !may_hold {
            return self.told(row, outcome, detail);
        }
        let outcome = match self.0.limit {
            Limit::PercentOfBase(_) => Outcome::Unclear,
            Limit::Change(_) | Limit::Own(_) => Outcome::Fail,
        };
        self.told(row, outcome, format!("{detail}: below the file's resolution of 1 ms"))
    }

    fn outcome(&self, value: f64, limit: f64) -> Outcome {
        if self.0.op.holds(value, limit) { Outcome::Fail } else { Outcome::Pass }
    }

    fn told(&self, row: &str, outcome: Outcome, detail: String) -> Check {
        Check { expression: self.0.to_string(), row: row.to_owned(), outcome, detail }
    }
}

/// A percentile that a file has no column for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{run}: no column `{column}`; found: {found}")]
pub struct MissingColumn {
    /// What the run is called.
    pub run: String,
    /// The heading that is needed.
    pub column: String,
    /// The headings that are there.
    pub found: String,
}

/// A result with histograms has every percentile, and rows without requests have none.
fn has_column(run: &RunResult, percent: f64) -> Result<(), MissingColumn> {
    let rows = || run.rows.iter().chain([&run.aggregated]);
    let has_some = rows().any(|row| !row.percentiles.is_empty());
    if run.source != Source::Csv || !has_some || rows().any(|row| row.percentile_ms(percent).is_some()) {
        return Ok(());
    }
    let mut found: Vec<f64> = rows().flat_map(|row| &row.percentiles).map(|column| column.percent).collect();
    found.sort_by(f64::total_cmp);
    found.dedup();
    let found: Vec<String> = found.iter().map(|percent| format!("`{percent}%`")).collect();
    Err(MissingColumn {
        run: printable(&run.run.scenario),
        column: format!("{percent}%"),
        found: found.join(", "),
    })
}

#[cfg(test)]
mod tests;
