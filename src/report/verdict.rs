//! Whether a run was good: one word, one exit code and one sentence.
//!
//! A run that was interrupted once ended in order, so its exit code is that of a run that came to its end. But what held
//! for a part of the run need not hold for all of it, so such a run is never called passed: the sentence begins with how
//! far it came. Nor is a run without a request, of which nothing was measured, nor one in which a row has requests that
//! never came to an end and none that did: a broker that does not answer is no success. Its exit code is 0 all the same,
//! since only a threshold says how long an answer may take.

use std::time::Duration;

use crate::report::judged;
use crate::stats::result::row::{RowResult, UnfinishedRow};
use crate::stats::result::what_ran::{Shards, WhatRan};
use crate::stats::result::{Outcome, RunResult, Source, ThresholdResult, Verdict};
use crate::units::fitting::{count, length};

/// The exit code of a run with a threshold that was missed or could not be judged.
pub const THRESHOLD_MISSED: u8 = 3;
/// The exit code of a run that could not go on.
pub const CANNOT_GO_ON: u8 = 4;
/// The exit code of a run that was interrupted twice.
pub const INTERRUPTED: u8 = 130;

/// How a run went, at a glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Impression {
    /// It came to its end, and nothing went wrong.
    Good,
    /// Nothing went wrong, but it says less than it should: it was interrupted, made no request, or got no answer.
    Doubtful,
    /// Something went wrong.
    Bad,
}

/// How a run went, at a glance, and in one or two words.
pub fn impression(result: &RunResult) -> (Impression, &'static str) {
    match result.verdict.outcome {
        Outcome::Passed if is_running(&result.run) => (Impression::Doubtful, "So far"),
        _ if is_running(&result.run) => (Impression::Bad, "So far"),
        Outcome::Aborted => (Impression::Bad, "Aborted"),
        Outcome::Incomplete => (Impression::Bad, "Incomplete"),
        Outcome::ThresholdMissed => (Impression::Bad, "Threshold missed"),
        Outcome::Failed => (Impression::Bad, "Failed"),
        Outcome::Passed if result.aggregated.requests == 0 => (Impression::Doubtful, "Nothing measured"),
        Outcome::Passed if !unanswered(result).is_empty() => (Impression::Doubtful, "Unanswered"),
        Outcome::Passed if is_interrupted(&result.run) => (Impression::Doubtful, "Interrupted"),
        Outcome::Passed => (Impression::Good, "Passed"),
    }
}

/// The rows with requests that never came to an end and none that did.
pub fn unanswered(result: &RunResult) -> Vec<&UnfinishedRow> {
    let has_finished = |of: &UnfinishedRow| {
        let is_it = |row: &&RowResult| row.request_type == of.request_type && row.name == of.name;
        result.rows.iter().find(is_it).is_some_and(|row| row.requests > 0)
    };
    result.unfinished.rows.iter().filter(|row| row.count > 0 && !has_finished(row)).collect()
}

/// The end of a run that still goes on.
pub const RUNNING: &str = "running";

/// Whether a run still goes on, so that its result is one up to now.
pub fn is_running(run: &WhatRan) -> bool {
    run.end == RUNNING
}

/// Whether what is known is of a part of the run: it goes on, or has an end of its own and was interrupted before it.
pub fn is_cut_short(run: &WhatRan) -> bool {
    is_running(run) || is_interrupted(run)
}

fn is_interrupted(run: &WhatRan) -> bool {
    run.planned_s.is_some() && matches!(run.end.as_str(), "interrupted" | "aborted")
}

/// How far a run came that was interrupted: `interrupted after 3s of 20s`; `None` if it was not.
pub fn interruption(run: &WhatRan) -> Option<String> {
    let seconds = |s: f64| Duration::try_from_secs_f64(s).unwrap_or_default();
    let lasted = run.ended - run.started;
    if !matches!(run.end.as_str(), "interrupted" | "aborted") {
        return None;
    }
    let lasted_text = length(seconds(lasted));
    Some(match run.planned_s {
        None => format!("interrupted after {lasted_text}"),
        Some(planned) if lasted < planned => {
            format!("interrupted after {lasted_text} of {}", length(seconds(planned)))
        }
        // Its users took so long to finish.
        Some(_) => "interrupted before its end".to_owned(),
    })
}

/// The verdict on a result. `exit_code_on_error` is the exit code of a run that had failures or exceptions.
///
/// A run that was aborted says so, whatever else happened, and then a merged one that lacks shards; then a threshold counts
/// before failed requests.
pub fn of(result: &RunResult, exit_code_on_error: u8) -> Verdict {
    let mut failing: Vec<_> = result.thresholds.iter().filter(|it| it.fails_the_run).collect();
    // What ended the run is the cause; others may have been missed because of it.
    failing.sort_by_key(|it| !it.aborted_the_run);
    let failures: u64 = result.failures.iter().map(|it| it.occurrences).sum();
    let (outcome, exit_code) = if result.run.end == "aborted" {
        (Outcome::Aborted, INTERRUPTED)
    } else if result.run.end == "error" {
        (Outcome::Aborted, CANNOT_GO_ON)
    } else if result.source == Source::Merge && result.run.is_part() {
        (Outcome::Incomplete, CANNOT_GO_ON)
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
    let interruption = interruption(&result.run);
    let word = if is_running(&result.run) { "So far" } else { "Failed" };
    let interrupted = interruption.as_ref().map_or_else(String::new, |how| format!("; {how}"));
    match outcome {
        Outcome::Passed if requests == 0 && is_running(&result.run) => {
            "So far: no request has ended.".to_owned()
        }
        Outcome::Aborted if result.run.end == "error" => "Aborted: the run could not go on.".to_owned(),
        Outcome::Aborted => {
            let how = interruption.unwrap_or_default();
            format!("Aborted: {how}, and once more before its users had finished.")
        }
        Outcome::Incomplete => {
            let missing = result.run.shards.as_ref().map_or_else(Vec::new, Shards::missing);
            format!(
                "Incomplete: the results lack {} of the run; what is there has {} requests, of which {} failed{interrupted}.",
                Shards::named(&missing),
                count(requests),
                count(failures)
            )
        }
        Outcome::ThresholdMissed => format!("{word}: {}{interrupted}.", missed(result, failing)),
        Outcome::Failed if failures == 0 => format!("{word}: there were exceptions{interrupted}."),
        Outcome::Failed => {
            let ratio = result.aggregated.failure_ratio() * 100.0;
            let first = result.failures.first().map_or_else(String::new, |it| {
                format!("; most often: {} {}: {}", it.request_type, it.name, it.error)
            });
            format!(
                "{word}: {} of {} requests failed ({ratio:.2} %){interrupted}{first}.",
                count(failures),
                count(requests)
            )
        }
        Outcome::Passed if requests == 0 => {
            let what = match result.unfinished.count {
                0 => "no request was made",
                _ => "no request was finished",
            };
            format!("Warning: {what}, so nothing was measured{}{interrupted}.", met(result, ""))
        }
        Outcome::Passed => {
            let limit =
                if result.generator.was_the_limit { "; but the load generator was the limit" } else { "" };
            let requests = if requests == 1 {
                "1 request, which did not fail".to_owned()
            } else {
                format!("{} requests, none failed", count(requests))
            };
            let requests = match result.unfinished.count {
                0 => requests,
                1 => format!("{requests}, 1 never came to an end"),
                unfinished => format!("{requests}, {} never came to an end", count(unfinished)),
            };
            if is_running(&result.run) {
                return format!("So far: {requests}{}{limit}.", met(result, " so far"));
            }
            if let Some(first) = unanswered(result).first() {
                let row = format!("{} {}", first.request_type, first.name);
                return format!(
                    "Warning: no request of {} was finished; {requests}{}{limit}{interrupted}.",
                    row.trim_start(),
                    met(result, "")
                );
            }
            match interruption.filter(|_| is_interrupted(&result.run)) {
                Some(how) => {
                    let how = how.trim_start_matches("interrupted");
                    format!("Interrupted{how}: {requests}{}{limit}.", met(result, " so far"))
                }
                None => format!("Passed: {requests}{}{limit}{interrupted}.", met(result, "")),
            }
        }
    }
}

/// How many thresholds were not met, and the first of them.
fn missed(result: &RunResult, failing: &[&ThresholdResult]) -> String {
    let first = failing.first().map_or_else(String::new, |it| {
        let stage = it.stage.as_ref().map_or_else(String::new, |stage| format!(" in stage `{stage}`"));
        format!("{}{stage} ({}: {})", it.threshold, it.row, judged::sentence(it))
    });
    let aborted = if failing.iter().any(|it| it.aborted_the_run) { ", which ended the run" } else { "" };
    let more = match failing.len() {
        0 | 1 => String::new(),
        failing => format!(" and {} more", failing - 1),
    };
    let all = result.thresholds.len();
    format!("{} of {all} thresholds not met: {first}{more}{aborted}", failing.len())
}

/// That all thresholds were met that could be judged. `so_far` says that it holds for a part of the run.
fn met(result: &RunResult, so_far: &str) -> String {
    let all = result.thresholds.len();
    let met = result.thresholds.iter().filter(|it| it.met == Some(true)).count();
    match (met, all) {
        (_, 0) => String::new(),
        _ if result.run.is_part() => ", thresholds are judged by `merge`".to_owned(),
        (1, 1) => format!(", the threshold was met{so_far}"),
        (2, 2) => format!(", both thresholds were met{so_far}"),
        (met, all) if met == all => format!(", all {all} thresholds were met{so_far}"),
        (met, all) => format!(", {met} of {all} thresholds were met{so_far}"),
    }
}

#[cfg(test)]
mod tests;
