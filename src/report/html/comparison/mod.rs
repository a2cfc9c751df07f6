//! The page of a comparison: the verdict first, then what differs and by how much, and the curves of all runs over each
//! other.
//!
//! | part | what lives there |
//! |---|---|
//! | `table` | rows and measures with their verdicts |
//! | `curves` | the charts of each row |
//! | `binned` | a row over time, coarse enough for many lines in one chart |
//! | `sides` | what ran on each side |
//! | `templates/comparison/` | the sections as templates of `askama` |

mod binned;
mod curves;
mod sides;
mod table;
#[cfg(test)]
pub(super) mod tests;

use askama::Template;

use crate::report::compare::comparison::{Check, Comparison, FailureComparison, Outcome, Verdict};
use crate::report::html::comparison::curves::Curves;
use crate::report::html::comparison::sides::Sides;
use crate::report::html::comparison::table::Table;
use crate::report::html::frame::{Back, Frame};
use crate::report::html::section::rows::{Cell, MAX_ROWS};
use crate::report::html::text;
use crate::stats::result::RunResult;

#[derive(Template)]
#[template(path = "comparison/page.html", whitespace = "minimize")]
struct Page {
    frame: Frame,
    class: &'static str,
    word: &'static str,
    sentence: String,
    checks: Vec<CheckRow>,
    failed_checks: usize,
    table: Table,
    curves: Curves,
    failures: Vec<FailureRow>,
    failures_left_out: usize,
    sides: Sides,
    notes: Vec<String>,
}

struct CheckRow {
    class: &'static str,
    word: &'static str,
    expression: String,
    row: String,
    detail: String,
}

struct FailureRow {
    row: String,
    error: String,
    a: Cell,
    b: Cell,
    remark: &'static str,
}

/// The page of a comparison: a whole HTML document. `a` and `b` are the runs that were compared, in the order of the
/// comparison; without them there are no curves. Ten rows with four runs a side take less than 300 KB, however long
/// the runs were.
///
/// # Errors
/// What `askama` reports if it cannot write a value; no value of a result is known to cause it.
pub fn comparison(comparison: &Comparison, a: &[RunResult], b: &[RunResult]) -> askama::Result<String> {
    comparison_on_site(comparison, a, b, None)
}

/// The same page as a server shows it, with a way back.
///
/// # Errors
/// As [`comparison`].
pub fn comparison_on_site(
    comparison: &Comparison,
    a: &[RunResult],
    b: &[RunResult],
    back: Option<Back>,
) -> askama::Result<String> {
    let (class, word) = verdict(comparison.verdict);
    let first = |of: fn(&RunResult) -> &str| a.iter().chain(b).map(of).find(|text| !text.is_empty());
    let count = |side: &str, runs: usize| match runs {
        1 => format!("1 run of {side}"),
        runs => format!("{runs} runs of {side}"),
    };
    let runs = [count("A", comparison.a.runs.len()), count("B", comparison.b.runs.len())];
    Page {
        frame: Frame {
            title: text::line(first(|run| &run.run.scenario).unwrap_or("Comparison")),
            kind: "Comparison of load tests",
            subtitle: runs.join(" and "),
            program: text::line(first(|run| &run.run.program).unwrap_or_default()),
            back,
        },
        class,
        word,
        sentence: text::line(&comparison.sentence),
        checks: comparison.checks.iter().map(CheckRow::of).collect(),
        failed_checks: comparison.failed_checks(),
        table: Table::of(comparison),
        curves: Curves::of(comparison, a, b)?,
        failures: comparison.failures.iter().take(MAX_ROWS).map(FailureRow::of).collect(),
        failures_left_out: comparison.failures.len().saturating_sub(MAX_ROWS),
        sides: Sides::of(comparison, a, b),
        notes: comparison.notes.iter().map(|note| text::line(note)).collect(),
    }
    .render()
}

/// Class and words of a verdict as a heading.
fn verdict(verdict: Verdict) -> (&'static str, &'static str) {
    match verdict {
        Verdict::Worse => ("bad", "B is worse"),
        Verdict::Better => ("good", "B is better"),
        Verdict::HintWorse => ("open", "B may be worse"),
        Verdict::HintBetter => ("open", "B may be better"),
        Verdict::Same => ("same", "A and B are the same"),
        Verdict::NoEvidence => ("same", "No evidence of a difference"),
    }
}

impl CheckRow {
    fn of(check: &Check) -> Self {
        let class = match check.outcome {
            Outcome::Pass => "good",
            Outcome::Fail => "bad",
            Outcome::Skip | Outcome::Unclear => "open",
        };
        Self {
            class,
            word: check.outcome.word(),
            expression: text::line(&check.expression),
            row: text::line(&check.row),
            detail: text::line(&check.detail),
        }
    }
}

impl FailureRow {
    fn of(failure: &FailureComparison) -> Self {
        Self {
            row: text::line(&failure.title()),
            error: text::line(&failure.error),
            a: Cell::count(failure.a),
            b: Cell::count(failure.b),
            remark: failure.remark(),
        }
    }
}
