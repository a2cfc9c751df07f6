//! The verdict on a run as `JUnit` XML, which CI servers read.
//!
//! Each threshold is a test case for each of its rows, and there is one more for the requests: it fails if requests
//! failed, also if every threshold was met, so that a server shows red exactly when the program's exit code is not 0. A
//! threshold that cannot be judged without fault of the run is skipped.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Property, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

use crate::report::judged;
use crate::report::verdict::{interruption, is_cut_short, unanswered};
use crate::stats::result::{Outcome, RunResult, ThresholdResult};

/// The name of the case that stands for the run itself.
const REQUESTS: &str = "requests";

/// The result of a run as `JUnit` XML: a suite for the scenario, a case for each verdict on a threshold, and a last case
/// `requests`. Characters that XML 1.0 cannot hold are left out.
pub fn xml(result: &RunResult) -> Result<String, SerializeError> {
    let run = &result.run;
    let length = Duration::try_from_secs_f64(run.ended - run.started).unwrap_or_default();
    let scenario = text(&run.scenario);
    let mut suite = TestSuite::new(scenario.as_str());
    suite.set_time(length);
    let brokers: Vec<_> =
        run.brokers.iter().flat_map(|broker| &broker.addresses).map(String::as_str).collect();
    let properties = [
        ("scenario", Some(run.file.clone())),
        ("program", Some(run.program.clone())),
        ("seed", run.seed.map(|seed| seed.to_string())),
        ("broker", Some(brokers.join(", "))),
        ("git_revision", run.git_revision.clone()),
        ("end", Some(run.end.clone())),
    ];
    for (name, value) in properties {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            suite.add_property(Property::new(name, text(&value)));
        }
    }
    let interrupted = interruption(run).filter(|_| is_cut_short(run));
    let thresholds = result.thresholds.iter().map(|of| threshold(of, interrupted.as_deref()));
    for mut case in thresholds.chain([requests(result)]) {
        case.set_classname(scenario.as_str());
        case.set_time(length);
        suite.add_test_case(case);
    }
    let mut report = Report::new("mqtt-scenario");
    report.set_time(length);
    report.add_test_suite(suite);
    report.to_string()
}

/// A verdict on a threshold: `p99[publish] < 50ms in peak (MQTT publish)`. `interrupted` says how far the run came, if it
/// should have gone on.
fn threshold(result: &ThresholdResult, interrupted: Option<&str>) -> TestCase {
    let status = match (result.met, result.fails_the_run) {
        (Some(true), _) => TestCaseStatus::success(),
        (Some(false) | None, true) => failure(&result.verdict, &sentence(result)),
        (Some(false) | None, false) => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(text(&sentence(result)));
            status
        }
    };
    let mut case = TestCase::new(text(&format!("{} ({})", result.title(), result.row)), status);
    if let (Some(true), Some(how)) = (result.met, interrupted) {
        case.set_system_out(text(&format!("met so far: the run was {how}")));
    }
    // What servers such as GitLab and Jenkins show as the place of a case.
    case.extra.extend(result.file.as_deref().map(|file| ("file".into(), text(file).into())));
    case.extra.extend(result.line.map(|line| ("line".into(), line.to_string().into())));
    case
}

fn sentence(result: &ThresholdResult) -> String {
    let ended = if result.aborted_the_run { "; it ended the run" } else { "" };
    format!("{}: {}{ended}", result.row, judged::sentence(result))
}

/// Whether the run itself was good, thresholds apart.
fn requests(result: &RunResult) -> TestCase {
    let failed: u64 = result.failures.iter().map(|it| it.occurrences).sum();
    let exceptions: u64 = result.exceptions.iter().map(|it| it.count).sum();
    // `--exit-code-on-error 0` says that failures are no fault.
    let is_fine = result.verdict.outcome == Outcome::Failed && result.verdict.exit_code == 0;
    let message = match result.run.end.as_str() {
        "aborted" => result.verdict.sentence.clone(),
        _ if result.verdict.outcome == Outcome::Incomplete => result.verdict.sentence.clone(),
        "error" => "The run could not go on.".to_owned(),
        _ if is_fine || failed + exceptions == 0 => {
            return without_failures(result);
        }
        _ if failed == 0 => format!("{exceptions} exceptions"),
        _ => format!("{failed} of {} requests failed", result.aggregated.requests),
    };
    let failures = result
        .failures
        .iter()
        .map(|it| format!("{} × {} {}: {}\n", it.occurrences, it.request_type, it.name, it.error));
    let exceptions = result.exceptions.iter().map(|it| format!("{} × {}\n", it.count, it.message));
    let mut texts: Vec<_> = failures.chain(exceptions).map(|line| text(&line)).collect();
    if texts.len() > MOST_TEXTS {
        let more = texts.len() - MOST_TEXTS;
        texts.truncate(MOST_TEXTS);
        texts.push(format!("… and {more} more\n"));
    }
    let mut status = failure("failed", &message);
    status.set_description(texts.concat());
    TestCase::new(REQUESTS, status)
}

/// The case of a run whose requests did not fail. A run without requests, or with a row in which none was
/// finished, shows nothing, so its case is skipped.
fn without_failures(result: &RunResult) -> TestCase {
    let mut status = TestCaseStatus::success();
    if result.aggregated.requests == 0 || !unanswered(result).is_empty() {
        status = TestCaseStatus::skipped();
        status.set_message(text(&result.verdict.sentence));
    }
    let mut case = TestCase::new(REQUESTS, status);
    if is_cut_short(&result.run) {
        case.set_system_out(text(&result.verdict.sentence));
    }
    case
}

/// So many texts of failures and exceptions are told.
const MOST_TEXTS: usize = 20;

fn failure(kind: &str, message: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_type(kind).set_message(text(message));
    status
}

/// A text that XML 1.0 can hold and that does nothing in a terminal: control characters are written as escapes.
fn text(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => safe.push(c),
            '\u{fffe}' | '\u{ffff}' => safe.push(char::REPLACEMENT_CHARACTER),
            c if c.is_control() => safe.extend(c.escape_default()),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests;
