//! `result.json`, read back.
//!
//! Keys that are not known are passed over and keys that may be absent have a default, so that a result of an older or
//! slightly newer program is read. A result with a higher `version` is refused, since one of its keys has another meaning.

use serde::Deserialize;

use crate::report::read::possible::faults;
use crate::report::read::problem::{Problem, ReadError, Wanted, text};
use crate::stats::result::series::{RowSeries, Series};
use crate::stats::result::{RunResult, VERSION};

/// What tells a result from other JSON.
#[derive(Deserialize)]
struct Head {
    version: Option<u64>,
    rows: Option<serde::de::IgnoredAny>,
    aggregated: Option<serde::de::IgnoredAny>,
}

/// Reads the bytes of a `result.json`; `path` is for messages.
pub fn parse(path: &str, bytes: &[u8]) -> Result<RunResult, ReadError> {
    parsed(bytes).map_err(|problem| problem.at(path))
}

fn parsed(bytes: &[u8]) -> Result<RunResult, Problem> {
    let text = text(bytes)?;
    let foreign = |what| Problem::Foreign { what, wanted: Wanted::Result };
    match text.trim_start().chars().next() {
        Some('{') => {}
        Some('<') => return Err(foreign("an HTML or XML file")),
        Some('[') => return Err(foreign("a JSON list")),
        _ => return Err(foreign("a file that is not JSON")),
    }
    if is_request_log(text) {
        return Err(Problem::RequestLog);
    }
    let head: Head = serde_json::from_str(text).map_err(|error| problem_of(&error))?;
    let (Some(version), Some(_), Some(_)) = (head.version, head.rows, head.aggregated) else {
        return Err(foreign("another JSON file"));
    };
    match version {
        0 => return Err(Problem::Impossible(vec!["`version`: 0 is none, the first one is 1".to_owned()])),
        newer if newer > u64::from(VERSION) => {
            return Err(Problem::NewerVersion { version, known: VERSION });
        }
        _ => {}
    }
    let result: RunResult = serde_json::from_str(text).map_err(|error| problem_of(&error))?;
    check(&result.series).map_err(Problem::Contradiction)?;
    let json = serde_json::from_str(text).map_err(|error| problem_of(&error))?;
    let faults = faults(&result, &json);
    if faults.is_empty() { Ok(result) } else { Err(Problem::Impossible(faults)) }
}

/// Whether it is what `run --request-log` writes: an event on each line.
fn is_request_log(text: &str) -> bool {
    #[derive(Deserialize)]
    struct Line {
        r#type: String,
        t: f64,
    }
    let first = text.trim_start().lines().next().unwrap_or_default();
    serde_json::from_str(first).is_ok_and(|Line { r#type, t }| !r#type.is_empty() && t >= 0.0)
}

fn problem_of(error: &serde_json::Error) -> Problem {
    if error.is_eof() {
        return Problem::CutDocument { line: error.line() };
    }
    let message = error.to_string();
    // The place stands at the beginning already.
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
    Problem::Json { line: error.line(), column: error.column(), message: message.to_owned() }
}

/// Every view goes through the lists of a series side by side, so they must have one length, and the time must pass.
fn check(series: &Series) -> Result<(), String> {
    let intervals = series.points.len();
    if intervals > 0 && series.interval_s == 0 {
        return Err("`series.interval_s` is 0 in a series with intervals".to_owned());
    }
    let mut before = 0.0;
    for point in &series.points {
        if point.at_s <= before {
            return Err(format!("`series.points`: {} s does not come after {before} s", point.at_s));
        }
        before = point.at_s;
    }
    for row in series.rows.iter().chain([&series.all]) {
        if let Some(length) = lengths(row).into_iter().find(|length| ![0, intervals].contains(length)) {
            let name = if row.name.is_empty() { "all requests" } else { &row.name };
            return Err(format!(
                "`series`: a list of `{name}` has {length} values, and the series has {intervals} points"
            ));
        }
    }
    Ok(())
}

fn lengths(row: &RowSeries) -> [usize; 9] {
    [
        row.requests.len(),
        row.failures.len(),
        row.mean_ms.len(),
        row.p50_ms.len(),
        row.p95_ms.len(),
        row.p99_ms.len(),
        row.p999_ms.len(),
        row.max_ms.len(),
        row.histograms.len(),
    ]
}
