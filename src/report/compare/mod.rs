//! Two groups of runs side by side: is B better, worse, or is there no evidence?
//!
//! ```text
//! &[RunResult] ──▶ RunFigures ──▶ judge (stats::inference) ──▶ Comparison ──▶ text, Markdown, JSON, HTML
//! ```
//! The unit is the run: see [`stats::inference`](crate::stats::inference) for the tests and for what simulations say of
//! them. Everything here is plain data in, text out: the command reads the files and prints.

pub mod batches;
pub mod change;
pub mod comparison;
pub mod cut_short;
pub mod delta;
pub mod fail_on;
pub mod failures;
pub mod figures;
pub mod judge;
#[cfg(test)]
mod laws;
pub mod markdown;
pub mod measure;
pub mod notes;
pub mod over_time;
pub mod pair;
pub mod planned;
pub mod sentence;
pub mod text;

use crate::report::compare::comparison::{Comparison, Method, Side, VERSION, title};
use crate::report::compare::fail_on::{FailOn, MissingColumn};
use crate::report::compare::failures::failures;
use crate::report::compare::figures::{Definition, RunFigures};
use crate::report::compare::judge::judge;
use crate::report::compare::notes::{Named, notes};
use crate::report::compare::pair::Pairs;
use crate::report::compare::sentence::Told;
use crate::stats::RowKey;
use crate::stats::inference::LEVEL;
use crate::stats::inference::splits::Splits;
use crate::stats::result::RunResult;

/// How to compare.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Below this relative change nothing is said to differ: 0.05 is 5 %.
    pub least_effect: f64,
    /// What the runs are called, A's and B's; those without a name are called `A1`, `B2` and so on.
    pub names: [Vec<String>; 2],
}

impl Default for Options {
    fn default() -> Self {
        Self { least_effect: 0.05, names: [Vec::new(), Vec::new()] }
    }
}

/// Compares two groups of runs, at least one a side: A is the older one or the one to hold against. Of nothing, there
/// is no evidence.
pub fn verdict(a: &[RunResult], b: &[RunResult], options: &Options) -> Comparison {
    let definition = Definition::of(&a.iter().chain(b).collect::<Vec<_>>());
    let figures =
        |runs: &[RunResult]| runs.iter().map(|run| RunFigures::of(run, definition)).collect::<Vec<_>>();
    let judged = judge(&figures(a), &figures(b), options.least_effect);
    let names = [names("A", a.len(), &options.names[0]), names("B", b.len(), &options.names[1])];
    let titles =
        |keys: &[RowKey]| keys.iter().map(|key| title(&key.request_type, &key.name)).collect::<Vec<_>>();
    let only = [titles(&judged.only_in_a), titles(&judged.only_in_b)];
    let method = Method {
        test: judged.test,
        splits: judged.splits.as_ref().map(|splits| splits.count() as u64),
        all_splits: judged.splits.as_ref().is_none_or(Splits::is_exact),
        comparisons: judged.comparisons as u64,
        level: LEVEL,
        least_effect: options.least_effect,
    };
    let told =
        Told { rows: &judged.rows, only: [&only[0], &only[1]], method: &method, runs: [a.len(), b.len()] };
    let (sentence, explanation) = (told.sentence(), told.method());
    let named =
        |side: usize, runs| names[side].iter().map(String::as_str).zip(runs).collect::<Vec<Named<'_>>>();
    let mut notes = notes(&named(0, a), &named(1, b), judged.left_out_rows);
    notes.insert(0, explanation);
    let [a_names, b_names] = names;
    let [only_in_a, only_in_b] = only;
    Comparison {
        version: VERSION,
        verdict: sentence::verdict(&judged.rows),
        sentence,
        method,
        a: Side { runs: a_names },
        b: Side { runs: b_names },
        rows: judged.rows,
        only_in_a,
        only_in_b,
        failures: failures(a, b),
        notes,
        checks: Vec::new(),
    }
}

/// Judges `--fail-on` expressions on the same runs and adds what became of them.
pub fn check(
    comparison: &mut Comparison,
    a: &[RunResult],
    b: &[RunResult],
    expressions: &[FailOn],
) -> Result<(), MissingColumn> {
    expressions.iter().try_for_each(|expression| expression.check(a, b))?;
    let pairs = Pairs::of(a, b);
    comparison.checks.extend(expressions.iter().flat_map(|expression| expression.judge(&pairs)));
    Ok(())
}

fn names(side: &str, runs: usize, given: &[String]) -> Vec<String> {
    (0..runs).map(|run| given.get(run).cloned().unwrap_or_else(|| format!("{side}{}", run + 1))).collect()
}
