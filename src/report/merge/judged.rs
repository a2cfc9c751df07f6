//! The verdict on a sum, which is never better than that of the worst result in it.
//!
//! The sum of a run that missed a threshold and of one that did not may meet it: half of the requests were slow all the
//! same, and who gates a build by the merged result must not be told that all was well.

use crate::report::merge::named::Named;
use crate::report::verdict::{self, interruption, is_cut_short, unanswered};
use crate::stats::result::what_ran::WhatRan;
use crate::stats::result::{Outcome, RunResult, Verdict};

/// The verdict on the sum of these results.
pub(super) fn verdict(results: &[Named<'_>], sum: &RunResult) -> Verdict {
    let of_sum = verdict::of(sum, exit_code_on_error(results));
    // Whether shards are missing is a matter of the sum.
    let verdicts = results.iter().map(|of| &of.result.verdict);
    let worst = verdicts
        .filter(|verdict| verdict.outcome != Outcome::Incomplete)
        .min_by_key(|verdict| verdict.outcome);
    let not_good = not_good(results);
    match worst {
        Some(worst) if worst.outcome < of_sum.outcome => Verdict {
            outcome: worst.outcome,
            exit_code: if worst.exit_code == 0 { of_outcome(worst.outcome) } else { worst.exit_code },
            sentence: format!(
                "{} of {} results did not pass: {}",
                not_good.len(),
                results.len(),
                not_good.join(" ")
            ),
        },
        _ => of_sum,
    }
}

/// What each result that was not good says of itself, in the order of their names. A run without an end of its own is
/// interrupted for good reason, unless others came to theirs.
pub(super) fn not_good(results: &[Named<'_>]) -> Vec<String> {
    let has_end = results.iter().any(|of| of.result.run.end == "finished");
    let is_cut_short = |run: &WhatRan| interruption(run).is_some() && (has_end || is_cut_short(run));
    let is_not_good = |result: &RunResult| match result.verdict.outcome {
        Outcome::Incomplete => false,
        Outcome::Passed => !unanswered(result).is_empty() || is_cut_short(&result.run),
        _ => true,
    };
    let failed = results.iter().filter(|of| is_not_good(of.result));
    let mut said: Vec<String> =
        failed.map(|Named { name, result }| format!("{name}: {}", result.verdict.sentence)).collect();
    said.sort_unstable();
    said
}

/// The exit code that the runs were told to have if requests fail; 1 unless one of them failed with another.
fn exit_code_on_error(results: &[Named<'_>]) -> u8 {
    let failed = results.iter().map(|of| &of.result.verdict).filter(|of| of.outcome == Outcome::Failed);
    failed.map(|of| of.exit_code).max().unwrap_or(1)
}

fn of_outcome(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Aborted => verdict::INTERRUPTED,
        Outcome::Incomplete => verdict::CANNOT_GO_ON,
        Outcome::ThresholdMissed => verdict::THRESHOLD_MISSED,
        Outcome::Failed => 1,
        Outcome::Passed => 0,
    }
}
