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
mod tests {
    use super::*;
    use crate::report::read::csv::run::{CsvFile, CsvFiles};

    /// The CSV files of a run of one connect row with this many requests and this p95, and other rows given as text.
    fn table(p95: &str, requests: u32, others: &str) -> RunResult {
        let failures = requests.min(2);
        let text = format!(
            "Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,\
             Min Response Time,Max Response Time,Average Content Size,Requests/s,Failures/s,95%\n\
             {others}MQTT,connect,{requests},{failures},5,5.0,1.0,9.0,0.0,10.0,0.5,{p95}\n\
             ,Aggregated,{requests},{failures},5,5.0,1.0,9.0,0.0,10.0,0.5,{p95}\n"
        );
        let stats = CsvFile { path: "x_stats.csv", bytes: text.as_bytes() };
        let (history, failures, exceptions) = (None, None, None);
        CsvFiles { name: "x", stats, history, failures, exceptions, written: 0.0 }.parse().unwrap()
    }

    fn judged(expression: &str, a: RunResult, b: RunResult) -> Vec<(Outcome, String)> {
        let fail_on: FailOn = expression.parse().unwrap();
        let (a, b) = ([a], [b]);
        fail_on.check(&a, &b).unwrap();
        let checks = fail_on.judge(&Pairs::of(&a, &b));
        checks.into_iter().map(|check| (check.outcome, format!("{}: {}", check.row, check.detail))).collect()
    }

    #[test]
    fn limits_are_held_against_the_change_or_the_value() {
        use Outcome::{Fail, Pass};
        for (expression, base, new, outcome, detail) in [
            ("p95 > +10%", "100", "110", Pass, "Aggregated: p95 100 → 110 ms, +10 ms (+10.0%) ~"),
            ("p95 >= +10%", "100", "110", Fail, "Aggregated: p95 100 → 110 ms, +10 ms (+10.0%) ~"),
            ("p95 > +10%", "100", "120", Fail, "Aggregated: p95 100 → 120 ms, +20 ms (+20.0%)"),
            ("p95 > +10%", "120", "100", Pass, "Aggregated: p95 120 → 100 ms, -20 ms (-16.7%)"),
            ("p95 > +1000%", "0", "1", Fail, "Aggregated: p95 0 → 1 ms, +1 ms (from 0) ~"),
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
        let other = "MQTT,other,5,0,5,5.0,1.0,9.0,0.0,10.0,0.0,7\n";
        let full = || table("7", 10, "");
        let with_other = || table("7", 10, other);
        let idle = || table("N/A", 0, "");
        let only = |expression: &str, base, new| {
            let judged = judged(expression, base, new);
            assert_eq!(judged.len(), 1, "{judged:?}");
            judged.into_iter().next().unwrap()
        };
        for (judged, outcome, detail) in [
            (only("p95[no] > 1", full(), full()), Outcome::Fail, "no: neither side has this row"),
            (
                only("p95[other] > 9s", with_other(), full()),
                Outcome::Fail,
                "MQTT other: B does not have this row",
            ),
            (
                only("p95[other] > +9s", full(), with_other()),
                Outcome::Fail,
                "MQTT other: A does not have this row",
            ),
            (only("p95[other] > 9s", full(), with_other()), Outcome::Pass, "MQTT other: p95 7 ms"),
            (
                only("p95 > 9s", full(), idle()),
                Outcome::Fail,
                "Aggregated: B has no p95 for this row: it had no requests",
            ),
            (
                only("median > +9s", idle(), full()),
                Outcome::Fail,
                "Aggregated: A has no median for this row: it had no requests",
            ),
        ] {
            assert_eq!(judged, (outcome, detail.to_owned()));
        }
    }

    #[test]
    fn every_row_skips_what_came_and_fails_what_went() {
        let other = || table("7", 10, "MQTT,other,5,0,5,5.0,1.0,9.0,0.0,10.0,0.0,7\n");
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
        let error = fail_on.check(&[table("7", 1, "")], &[table("7", 1, "")]).unwrap_err();
        assert_eq!(error.to_string(), "x: no column `97%`; found: `95%`");
    }

    #[test]
    fn the_mean_of_several_runs_counts_and_a_run_without_the_row_fails() {
        let fail_on: FailOn = "p95[connect] > +15%".parse().unwrap();
        let runs = |p95: [&str; 2]| p95.map(|p95| table(p95, 1000, ""));
        let (a, b) = (runs(["90", "110"]), runs(["110", "130"]));
        let check = &fail_on.judge(&Pairs::of(&a, &b))[0];
        assert_eq!(
            (check.outcome, check.detail.as_str()),
            (Outcome::Fail, "p95 100 → 120 ms, +20 ms (+20.0%)")
        );
        let mut without = b;
        without[1].rows.clear();
        let check = &fail_on.judge(&Pairs::of(&a, &without))[0];
        assert_eq!((check.outcome, check.detail.as_str()), (Outcome::Fail, "B does not have this row"));
    }
}
