//! `--fail-on` expressions: a limit that makes a comparison fail.
//!
//! A change against BASE always has a sign and NEW's own value never has one, so `p95 > +10ms` and `p95 > 10ms` cannot
//! be confused. If an expression cannot be judged (no such row, no value), it fails: a check that passes because its
//! row was renamed is useless. Percentiles in the files are whole milliseconds, so a limit between two of them cannot
//! be judged either. It fails if the expression itself has such a limit. It is unclear if the limit is a percentage of
//! a small BASE.

use std::fmt;
use std::str::FromStr;

use crate::report::compare::metric::{Change, Verdict};
use crate::report::compare::table::{InputError, StatsFile, one_line};
use crate::report::compare::{Comparison, Pair};
use crate::stats::criterion::{Criterion, Fault, Form, Limit, Rows};
use crate::stats::metric::{Metric, Unit, decimals};

/// The grammar, for help texts and messages.
pub const GRAMMAR: &str = "\
METRIC[ROW] OP NUMBER: the comparison fails if this is true
  METRIC  requests failures failure_ratio median average min max rps failures_per_s,
          requests/s and failures/s for the last two, or a percentile such as p50 p95 p99 p99.9
  ROW     `TYPE NAME` or `NAME`, or `*` for every row; without [ROW]: Aggregated
  OP      > >= < <=
  NUMBER  with a sign, the change from BASE to NEW: +10% -5% +20ms +3
          without one, NEW's own value: 200ms 1.5s 100/s 0, for failure_ratio or failures 1%
          % of a change is of BASE; failure_ratio also changes in points: +1pp";

/// Percentiles of a file are rounded to this at best, in milliseconds.
const WHOLE_MS: f64 = 1.0;

/// How far that is from what was rounded.
const HALF_MS: f64 = WHOLE_MS / 2.0;

/// One expression, such as `p95[MQTT connect] > +10%`.
#[derive(Debug, Clone, PartialEq)]
pub struct FailOn(Criterion);

/// The outcome of an expression for one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The expression as it was written.
    pub expression: String,
    /// The row's type and name, or what the expression calls it.
    pub row: String,
    /// Pass or fail.
    pub outcome: Outcome,
    /// The numbers, or why there are no numbers.
    pub detail: String,
}

/// The outcome of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The expression does not hold: fine.
    Pass,
    /// It holds, or could not be judged.
    Fail,
    /// One of every row (`[*]`), and BASE has nothing to hold it against: a row that came.
    Skip,
    /// A percentage of so little that whole milliseconds cannot tell whether it holds.
    Unclear,
}

impl Outcome {
    /// The verdict whose colour it has.
    pub fn verdict(self) -> Verdict {
        match self {
            Self::Pass => Verdict::Better,
            Self::Fail => Verdict::Worse,
            Self::Skip | Self::Unclear => Verdict::Neutral,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pass => "PASS",
            Self::Fail => "FAIL",
            Self::Skip => "SKIP",
            Self::Unclear => "UNCLEAR",
        })
    }
}

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
    /// Makes sure that the files have the column; BASE needs it only for a change.
    pub fn check(&self, base: &StatsFile, new: &StatsFile) -> Result<(), InputError> {
        if !matches!(self.0.limit, Limit::Own(_)) {
            base.require(self.0.metric)?;
        }
        new.require(self.0.metric)
    }

    /// Judges the expression for each of its rows and returns at least one judgement.
    pub fn judge(&self, comparison: &Comparison) -> Vec<Judgement> {
        match &self.0.rows {
            Rows::Aggregated => vec![self.judge_row(&comparison.aggregated)],
            Rows::Every if comparison.rows.is_empty() => {
                vec![self.judgement("*", Outcome::Fail, "neither run has any row".to_owned())]
            }
            Rows::Every => comparison.rows.iter().map(|pair| self.judge_row(pair)).collect(),
            Rows::Called(word) => {
                let called: Vec<_> = comparison.all().filter(|pair| pair.is_called(word)).collect();
                if called.is_empty() {
                    vec![self.judgement(word, Outcome::Fail, "neither run has this row".to_owned())]
                } else {
                    called.into_iter().map(|pair| self.judge_row(pair)).collect()
                }
            }
        }
    }

    fn judge_row(&self, pair: &Pair) -> Judgement {
        let title = pair.title();
        let [base, new] = pair.values(self.0.metric);
        let nothing = |run: &str, row_is_there: bool| {
            if row_is_there {
                format!("{run} has no {} for this row: it had no requests", self.0.metric)
            } else {
                format!("{run} does not have this row")
            }
        };
        let Some(new) = new else {
            return self.judgement(&title, Outcome::Fail, nothing("NEW", pair.new.is_some()));
        };
        if let Limit::Own(limit) = self.0.limit {
            let unit = self.0.metric.unit().suffix();
            let detail = format!("{} {new:.*}{unit}", self.0.metric, decimals(&[new]));
            let outcome = self.outcome(new, limit);
            let finest = if limit < WHOLE_MS || limit.fract() != 0.0 { HALF_MS } else { 0.0 };
            return self.resolved(&title, outcome, detail, [new - finest, new + finest], limit);
        }
        let Some(base) = base else {
            let outcome = if self.0.rows == Rows::Every { Outcome::Skip } else { Outcome::Fail };
            return self.judgement(&title, outcome, nothing("BASE", pair.base.is_some()));
        };

        let change = Change { metric: self.0.metric, base, new };
        // In milliseconds where that is what is compared, to see what rounding can hide.
        let (outcome, limit) = match self.0.limit {
            Limit::PercentOfBase(limit) => (self.outcome(change.percent(), limit), limit / 100.0 * base),
            Limit::Change(limit) | Limit::Own(limit) => (self.outcome(change.delta(), limit), limit),
        };
        let unit = if self.0.metric.unit() == Unit::Percent { "pp" } else { self.0.metric.unit().suffix() };
        let rounding = if change.is_rounding() { " ~" } else { "" };
        let (values, delta, percent) = (change.values_text(), change.delta_text(), change.percent_text());
        let detail = format!("{} {values}, {delta}{unit} ({percent}){rounding}", self.0.metric);
        let finest = if limit.abs() < WHOLE_MS { WHOLE_MS } else { 0.0 };
        self.resolved(&title, outcome, detail, [change.delta() - finest, change.delta() + finest], limit)
    }

    /// A judgement, unless the expression could hold for times within these bounds that the file shows as one.
    fn resolved(
        &self,
        row: &str,
        outcome: Outcome,
        detail: String,
        bounds: [f64; 2],
        limit: f64,
    ) -> Judgement {
        let rounded = matches!(self.0.metric, Metric::Median | Metric::Percentile(_));
        let may_hold = bounds.into_iter().any(|value| self.0.op.holds(value, limit));
        if outcome != Outcome::Pass || !rounded || !may_hold {
            return self.judgement(row, outcome, detail);
        }
        let outcome = match self.0.limit {
            Limit::PercentOfBase(_) => Outcome::Unclear,
            Limit::Change(_) | Limit::Own(_) => Outcome::Fail,
        };
        self.judgement(row, outcome, format!("{detail}: below the file's resolution of 1 ms"))
    }

    fn outcome(&self, value: f64, limit: f64) -> Outcome {
        if self.0.op.holds(value, limit) { Outcome::Fail } else { Outcome::Pass }
    }

    fn judgement(&self, row: &str, outcome: Outcome, detail: String) -> Judgement {
        Judgement { expression: self.0.to_string(), row: one_line(row), outcome, detail }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A run of one connect row with this many requests and this p95, and other rows given as text.
    fn table(p95: &str, requests: u32, others: &str) -> StatsFile {
        let text = format!(
            "Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,\
             Min Response Time,Max Response Time,Requests/s,Failures/s,95%\n\
             {others}MQTT,connect,{requests},2,5,5.0,1.0,9.0,10.0,0.5,{p95}\n\
             ,Aggregated,{requests},2,5,5.0,1.0,9.0,10.0,0.5,{p95}\n"
        );
        StatsFile::parse("x_stats.csv", text.as_bytes()).unwrap()
    }

    fn judged(expression: &str, base: StatsFile, new: StatsFile) -> Vec<(Outcome, String)> {
        let fail_on: FailOn = expression.parse().unwrap();
        fail_on.check(&base, &new).unwrap();
        let judgements = fail_on.judge(&Comparison::of(base, new));
        judgements.into_iter().map(|j| (j.outcome, format!("{}: {}", j.row, j.detail))).collect()
    }

    #[test]
    fn limits_are_held_against_the_change_or_the_value() {
        use Outcome::{Fail, Pass};
        for (expression, base, new, outcome, detail) in [
            ("p95 > +10%", "100", "110", Pass, "Aggregated: p95 100 → 110 ms, +10 ms (+10.0%) ~"),
            ("p95 >= +10%", "100", "110", Fail, "Aggregated: p95 100 → 110 ms, +10 ms (+10.0%) ~"),
            ("p95 > +10%", "100", "120", Fail, "Aggregated: p95 100 → 120 ms, +20 ms (+20.0%)"),
            ("p95 > +10%", "120", "100", Pass, "Aggregated: p95 120 → 100 ms, -20 ms (-16.7%)"),
            ("p95 > +1000%", "0", "1", Fail, "Aggregated: p95 0 → 1 ms, +1 ms (+inf%) ~"),
            ("average > +0%", "0", "0", Pass, "Aggregated: average 5 → 5 ms, 0 ms (0%)"),
            ("p95 > +20ms", "100", "120", Pass, "Aggregated: p95 100 → 120 ms, +20 ms (+20.0%)"),
            ("p95 > +0.01s", "100", "120", Fail, "Aggregated: p95 100 → 120 ms, +20 ms (+20.0%)"),
            ("p95 < -10%", "100", "80", Fail, "Aggregated: p95 100 → 80 ms, -20 ms (-20.0%)"),
            ("p95[connect] > 99ms", "1", "100", Fail, "MQTT connect: p95 100 ms"),
            ("p95[MQTT connect] > 100ms", "1", "100", Pass, "MQTT connect: p95 100 ms"),
            ("failures > 0", "1", "1", Fail, "Aggregated: failures 2"),
            ("failures > +0", "1", "1", Pass, "Aggregated: failures 2 → 2, 0 (0%)"),
            ("failure_ratio > 0.2%", "1", "1", Pass, "Aggregated: failure_ratio 0.2000%"),
            ("failure_ratio > +0pp", "1", "1", Pass, "Aggregated: failure_ratio 0.2000 → 0.2000%, 0pp (0%)"),
        ] {
            let judged = judged(expression, table(base, 1000, ""), table(new, 1000, ""));
            assert_eq!(judged, [(outcome, detail.to_owned())], "{expression} {base} {new}");
        }
    }

    #[test]
    fn what_cannot_be_judged_fails_and_says_why() {
        let other = "MQTT,other,5,0,5,5.0,1.0,9.0,10.0,0.0,7\n";
        let full = || table("7", 10, "");
        let with_other = || table("7", 10, other);
        let idle = || table("N/A", 0, "");
        let only = |expression: &str, base, new| {
            let judged = judged(expression, base, new);
            assert_eq!(judged.len(), 1, "{judged:?}");
            judged.into_iter().next().unwrap()
        };
        for (judged, outcome, detail) in [
            (only("p95[no] > 1", full(), full()), Outcome::Fail, "no: neither run has this row"),
            (
                only("p95[other] > 9s", with_other(), full()),
                Outcome::Fail,
                "MQTT other: NEW does not have this row",
            ),
            (
                only("p95[other] > +9s", full(), with_other()),
                Outcome::Fail,
                "MQTT other: BASE does not have this row",
            ),
            (only("p95[other] > 9s", full(), with_other()), Outcome::Pass, "MQTT other: p95 7 ms"),
            (
                only("p95 > 9s", full(), idle()),
                Outcome::Fail,
                "Aggregated: NEW has no p95 for this row: it had no requests",
            ),
            (
                only("median > +9s", idle(), full()),
                Outcome::Fail,
                "Aggregated: BASE has no median for this row: it had no requests",
            ),
        ] {
            assert_eq!(judged, (outcome, detail.to_owned()));
        }
    }

    #[test]
    fn every_row_skips_what_came_and_fails_what_went() {
        let other = || table("7", 10, "MQTT,other,5,0,5,5.0,1.0,9.0,10.0,0.0,7\n");
        let outcomes = |judged: Vec<(Outcome, String)>| judged.into_iter().map(|j| j.0).collect::<Vec<_>>();
        let came = judged("p95[*] > +10%", table("7", 10, ""), other());
        assert_eq!(outcomes(came), [Outcome::Unclear, Outcome::Skip]);
        let went = judged("p95[*] > +10%", other(), table("7", 10, ""));
        assert_eq!(outcomes(went), [Outcome::Unclear, Outcome::Fail]);
    }

    #[test]
    fn whole_milliseconds_prove_nothing_of_their_parts() {
        use Outcome::{Fail, Pass, Unclear};
        for (expression, base, new, outcome) in [
            // 0 may be anything up to half a millisecond.
            ("p95 > 0.1ms", "0", "0", Fail),
            ("p95 > 0.6ms", "0", "0", Pass),
            ("p95 > 0ms", "0", "0", Fail),
            ("p95 > 2.3ms", "2", "2", Fail),
            ("p95 > 2.7ms", "2", "2", Pass),
            ("p95 > 2ms", "2", "2", Pass),
            ("p95 > +0.1ms", "0", "0", Fail),
            ("p95 > +0.1ms", "5", "3", Pass),
            ("p95 > +1ms", "3", "3", Pass),
            ("p95 > +5%", "7", "7", Unclear),
            ("p95 > +0%", "0", "0", Unclear),
            ("p95 > +5%", "7", "5", Pass),
            ("p95 > +5%", "50", "50", Pass),
            // A file's average is exact.
            ("average > 5.1ms", "7", "7", Pass),
            ("average > +0.1ms", "7", "7", Pass),
        ] {
            let judged = judged(expression, table(base, 1000, ""), table(new, 1000, ""));
            assert_eq!(judged[0].0, outcome, "{expression} {base} {new}: {judged:?}");
            let told = judged[0].1.ends_with(": below the file's resolution of 1 ms");
            assert_eq!(told, outcome != Pass, "{judged:?}");
        }
    }

    #[test]
    fn a_column_that_is_not_there_is_an_error() {
        let fail_on: FailOn = "p97 > 1ms".parse().unwrap();
        let error = fail_on.check(&table("7", 1, ""), &table("7", 1, "")).unwrap_err();
        assert_eq!(error.to_string(), "x_stats.csv: no column `97%`; found: `95%`");
    }
}
