//! Whether a run was good: one word, one exit code and one sentence.

use crate::stats::result::{Outcome, RunResult, ThresholdResult, Verdict};
use crate::units::fitting::count;

/// The exit code of a run with a threshold that was missed or could not be judged.
pub const THRESHOLD_MISSED: u8 = 3;
/// The exit code of a run that was interrupted twice.
pub const INTERRUPTED: u8 = 130;

/// The verdict on a result. `exit_code_on_error` is the exit code of a run that had failures or exceptions.
///
/// A run that was aborted says so, whatever else happened; then a threshold counts before failed requests.
pub fn of(result: &RunResult, exit_code_on_error: u8) -> Verdict {
    let mut failing: Vec<_> = result.thresholds.iter().filter(|it| it.fails_the_run).collect();
    // What ended the run is the cause; others may have been missed because of it.
    failing.sort_by_key(|it| !it.aborted_the_run);
    let failures: u64 = result.failures.iter().map(|it| it.occurrences).sum();
    let (outcome, exit_code) = if result.run.end == "aborted" {
        (Outcome::Aborted, INTERRUPTED)
    } else if !failing.is_empty() {
        (Outcome::ThresholdMissed, THRESHOLD_MISSED)
    } else if failures > 0 || !result.exceptions.is_empty() {
        (Outcome::Failed, exit_code_on_error)
    } else {
        (Outcome::Passed, 0)
    };
    Verdict { outcome, exit_code, sentence: sentence(result, outcome, &failing, failures) }
}

fn sentence(result: &RunResult, outcome: Outcome, failing: &[&ThresholdResult], failures: u64) -> String {
    let requests = result.aggregated.requests;
    let judged = result.thresholds.len();
    match outcome {
        Outcome::Aborted => "Aborted: the run was interrupted before its users had finished.".to_owned(),
        Outcome::ThresholdMissed => {
            let first = failing.first().map_or_else(String::new, |it| {
                let stage =
                    it.stage.as_ref().map_or_else(String::new, |stage| format!(" in stage `{stage}`"));
                format!("{}{stage} ({}: {})", it.threshold, it.row, it.sentence)
            });
            let aborted =
                if failing.iter().any(|it| it.aborted_the_run) { ", which ended the run" } else { "" };
            let more = match failing.len() {
                0 | 1 => String::new(),
                failing => format!(" and {} more", failing - 1),
            };
            format!("Failed: {} of {judged} thresholds not met: {first}{more}{aborted}.", failing.len())
        }
        Outcome::Failed if failures == 0 => "Failed: there were exceptions.".to_owned(),
        Outcome::Failed => {
            let ratio = result.aggregated.failure_ratio() * 100.0;
            let first = result.failures.first().map_or_else(String::new, |it| {
                format!("; most often: {} {}: {}", it.request_type, it.name, it.error)
            });
            format!(
                "Failed: {} of {} requests failed ({ratio:.2} %){first}.",
                count(failures),
                count(requests)
            )
        }
        Outcome::Passed if requests == 0 => "Passed, but no request was finished.".to_owned(),
        Outcome::Passed => {
            let thresholds = match judged {
                0 => String::new(),
                1 => ", the threshold was met".to_owned(),
                _ => format!(", all {judged} thresholds were met"),
            };
            let limit =
                if result.generator.was_the_limit { "; but the load generator was the limit" } else { "" };
            format!("Passed: {} requests, none failed{thresholds}{limit}.", count(requests))
        }
    }
}
