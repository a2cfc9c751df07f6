//! Results for tests.

use serde_json::json;

use crate::stats::fine::FineTimes;
use crate::stats::result::row::{RowResult, Times, UnfinishedRow};
use crate::stats::result::what_ran::WhatRan;
use crate::stats::result::{
    FailureResult, Outcome, RunResult, StageResult, ThresholdResult, VERSION, Verdict,
};

/// A row of a type `MQTT` over two seconds, with the response times in microseconds of requests that succeeded and of
/// those that failed.
pub(crate) fn row(name: &str, succeeded_us: &[u64], failed_us: &[u64]) -> RowResult {
    let times = |of: &[u64]| {
        let mut times = FineTimes::default();
        for us in of {
            times.record(us * 1_000);
        }
        times
    };
    let all: Vec<u64> = succeeded_us.iter().chain(failed_us).copied().collect();
    let ms = |us: Option<&u64>| us.copied().unwrap_or(0) as f64 / 1e3;
    let histogram = times(&all);
    RowResult {
        request_type: "MQTT".to_owned(),
        name: name.to_owned(),
        requests: all.len() as u64,
        failures: failed_us.len() as u64,
        average_ms: if all.is_empty() {
            0.0
        } else {
            all.iter().sum::<u64>() as f64 / all.len() as f64 / 1e3
        },
        min_ms: ms(all.iter().min()),
        max_ms: ms(all.iter().max()),
        requests_per_s: all.len() as f64 / 2.0,
        failures_per_s: failed_us.len() as f64 / 2.0,
        response_times_ms: Times::of(&histogram),
        succeeded_ms: Times::of(&times(succeeded_us)),
        failed_ms: Times::of(&times(failed_us)),
        histogram,
        failed_histogram: times(failed_us),
        ..RowResult::default()
    }
}

/// All rows together.
pub(crate) fn aggregated(rows: &[RowResult]) -> RowResult {
    let mut all = RowResult { name: "Aggregated".to_owned(), ..RowResult::default() };
    all.min_ms = rows.iter().map(|row| row.min_ms).reduce(f64::min).unwrap_or(0.0);
    for row in rows {
        let sum_ms = all.average_ms * all.requests as f64 + row.average_ms * row.requests as f64;
        all.requests += row.requests;
        all.average_ms = if all.requests == 0 { 0.0 } else { sum_ms / all.requests as f64 };
        all.failures += row.failures;
        all.unfinished += row.unfinished;
        all.max_ms = all.max_ms.max(row.max_ms);
        all.requests_per_s += row.requests_per_s;
        all.failures_per_s += row.failures_per_s;
        all.histogram.absorb(&row.histogram);
        all.failed_histogram.absorb(&row.failed_histogram);
    }
    all.response_times_ms = Times::of(&all.histogram);
    all
}

/// The result of a run of two seconds without stages and with these rows.
pub(crate) fn result(rows: Vec<RowResult>) -> RunResult {
    RunResult {
        run: WhatRan {
            scenario: "peak hour".to_owned(),
            file: "scenarios/peak.toml".to_owned(),
            started: 1_700_000_000.0,
            ended: 1_700_000_002.0,
            seed: Some(7),
            end: "finished".to_owned(),
            ..WhatRan::default()
        },
        verdict: Verdict { outcome: Outcome::Passed, exit_code: 0, sentence: "Passed.".to_owned() },
        aggregated: aggregated(&rows),
        rows,
        ..empty()
    }
}

/// A result in which every key that may be absent is absent.
fn empty() -> RunResult {
    let (run, verdict, aggregated) = (WhatRan::default(), Verdict::default(), RowResult::default());
    let result = json!({
        "version": VERSION, "run": run, "verdict": verdict, "rows": [], "aggregated": aggregated,
    });
    serde_json::from_value(result).unwrap()
}

/// A stage with these rows.
pub(crate) fn stage(name: &str, rows: Vec<RowResult>) -> StageResult {
    StageResult {
        name: name.to_owned(),
        begins_s: 0.0,
        ends_s: 2.0,
        users: 10,
        aggregated: aggregated(&rows),
        rows,
        received: None,
        connections: None,
    }
}

/// Adds requests of a row that never came to an end.
pub(crate) fn leave(result: &mut RunResult, name: &str, count: u64) {
    let row = UnfinishedRow {
        request_type: "MQTT".to_owned(),
        name: name.to_owned(),
        count,
        oldest_ms: Some(1.0),
        overdue: 0,
    };
    result.unfinished.count += count;
    result.unfinished.rows.push(row);
}

/// Equal failures of a row.
pub(crate) fn failure(name: &str, error: &str, occurrences: u64) -> FailureResult {
    FailureResult {
        request_type: "MQTT".to_owned(),
        name: name.to_owned(),
        error: error.to_owned(),
        occurrences,
        first_seen: None,
        last_seen: None,
    }
}

/// The verdict on a threshold, which fails the run unless it is met.
pub(crate) fn threshold(threshold: &str, row: &str, met: Option<bool>, sentence: &str) -> ThresholdResult {
    ThresholdResult {
        threshold: threshold.to_owned(),
        row: row.to_owned(),
        stage: None,
        verdict: match met {
            Some(true) => "met",
            Some(false) => "missed",
            None => "not judged",
        }
        .to_owned(),
        met,
        fails_the_run: met != Some(true),
        aborted_the_run: false,
        value: None,
        sentence: sentence.to_owned(),
        file: None,
        line: None,
    }
}
