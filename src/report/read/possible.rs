//! Whether the numbers of a result can be: a file that was edited or damaged can have failures without requests.
//!
//! The size of numbers is checked on the JSON and not key by key, so that a key that is added later is checked too.
//! Everything that is wrong is said at once, since a person mends a file once.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::report::columns::printable;
use crate::stats::fine::FineTimes;
use crate::stats::result::row::{RowResult, Times};
use crate::stats::result::what_ran::{MAX_SHARDS, Shards};
use crate::stats::result::{RunResult, Source};

/// No count is higher: a million requests a second for thirty years. Sums of many of them fit into 64 bits.
pub(super) const MAX_COUNT: u64 = 1_000_000_000_000_000;

/// No other number is higher. Locust has written response times of 10^16 ms.
pub(super) const MAX_NUMBER: f64 = 1e18;

/// A later unix time than this, the end of the year 9999, is none.
pub(super) const MAX_UNIX_S: f64 = 253_402_300_799.0;

/// By how much the first failure may be before the start: two clocks of one machine.
const CLOCKS_S: f64 = 1.0;

/// Keys whose numbers are no quantities or may be below 0, or those of somebody else: a broker may count what it likes.
const NO_QUANTITY: [&str; 3] = ["seed", "watched", "shard_0_is_ahead_ms"];

/// What cannot be in a result, each with its place; `json` is the document that it was read from.
pub(super) fn faults(result: &RunResult, json: &Value) -> Vec<String> {
    let mut faults = Faults(Vec::new());
    sizes(&mut faults, "", json);
    run(&mut faults, result);
    faults.rows("rows", &result.rows);
    faults.row("aggregated", &result.aggregated);
    for (number, stage) in result.stages.iter().enumerate() {
        let place = format!("stages[{number}]");
        if stage.begins_s > stage.ends_s {
            faults.say(&place, "it ends before it begins");
        }
        faults.rows(&format!("{place}.rows"), &stage.rows);
        faults.row(&format!("{place}.aggregated"), &stage.aggregated);
    }
    for (number, row) in result.end_to_end.iter().flat_map(|of| &of.rows).enumerate() {
        let place = format!("end_to_end.rows[{number}]");
        if row.lost.total > row.expected {
            faults.say(&place, &format!("`lost` is {}, and `expected` is {}", row.lost.total, row.expected));
        }
        faults.times(&format!("{place}.times_ms"), row.times_ms.as_ref(), &row.histogram);
    }
    faults.0
}

/// Every number of the document: none is below 0 or beyond what can be.
fn sizes(faults: &mut Faults, place: &str, value: &Value) {
    match value {
        Value::Array(values) => {
            for (number, value) in values.iter().enumerate() {
                sizes(faults, &format!("{place}[{number}]"), value);
            }
        }
        Value::Object(keys) => {
            for (key, value) in keys.iter().filter(|(key, _)| !NO_QUANTITY.contains(&key.as_str())) {
                let dot = if place.is_empty() { "" } else { "." };
                sizes(faults, &format!("{place}{dot}{key}"), value);
            }
        }
        Value::Number(number) => {
            let is_high = match number.as_u64() {
                Some(count) => count > MAX_COUNT,
                None => number.as_f64().is_none_or(|number| number > MAX_NUMBER),
            };
            if number.as_f64().is_some_and(|number| number < 0.0) {
                faults.say(place, &format!("{number} is below 0"));
            } else if is_high {
                faults.say(place, &format!("{number} is more than there can be"));
            }
        }
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

fn run(faults: &mut Faults, result: &RunResult) {
    let run = &result.run;
    if run.ended > MAX_UNIX_S {
        faults.say("run.ended", &format!("{} is no unix time in seconds", run.ended));
    }
    if run.ended < run.started {
        faults.say("run", &format!("`ended` {} is before `started` {}", run.ended, run.started));
    }
    if let Some(Shards { of, indices, .. }) = &run.shards {
        let in_order = indices.is_sorted_by(|one, other| one < other);
        if !(1..=MAX_SHARDS).contains(of) || !in_order || indices.iter().any(|at| at >= of) {
            faults.say("run.shards", "no run has these shards");
        }
    }
    for (number, failure) in result.failures.iter().enumerate() {
        let place = format!("failures[{number}]");
        let (Some(first), Some(last)) = (failure.first_seen, failure.last_seen) else { continue };
        if last < first {
            faults.say(&place, &format!("`last_seen` {last} is before `first_seen` {first}"));
        }
        // CSV files may be of a run whose history was cut.
        if result.source != Source::Csv && first < run.started - CLOCKS_S {
            faults.say(&place, &format!("`first_seen` {first} is before the start {}", run.started));
        }
    }
}

/// What was found.
struct Faults(Vec<String>);

impl Faults {
    fn say(&mut self, place: &str, what: &str) {
        self.0.push(format!("`{}`: {what}", printable(place)));
    }

    fn rows(&mut self, place: &str, rows: &[RowResult]) {
        let mut seen = BTreeSet::new();
        for (number, row) in rows.iter().enumerate() {
            let place = format!("{place}[{number}]");
            self.row(&place, row);
            if !seen.insert((&row.request_type, &row.name)) {
                self.say(&place, &format!("a second row for `{}`", printable(&row.title())));
            }
        }
    }

    fn row(&mut self, place: &str, row: &RowResult) {
        let RowResult { requests, failures, min_ms, max_ms, .. } = row;
        if failures > requests {
            self.say(place, &format!("`failures` is {failures}, and `requests` is {requests}"));
        }
        if min_ms > max_ms {
            self.say(place, &format!("`min_ms` is {min_ms}, and `max_ms` is {max_ms}"));
        }
        let timed = row.histogram.count();
        if timed > *requests {
            self.say(place, &format!("`histogram` has {timed} times, and `requests` is {requests}"));
        }
        let timed = row.failed_histogram.count();
        if timed > *failures {
            self.say(place, &format!("`failed_histogram` has {timed} times, and `failures` is {failures}"));
        }
        self.times(&format!("{place}.response_times_ms"), row.response_times_ms.as_ref(), &row.histogram);
        self.times(&format!("{place}.failed_ms"), row.failed_ms.as_ref(), &row.failed_histogram);
    }

    /// Percentiles, and the histogram that they are of, which CSV files do not have.
    fn times(&mut self, place: &str, times: Option<&Times>, histogram: &FineTimes) {
        let Some(times) = times else { return };
        let Times { count, min, p50, p90, p95, p99, p999, max, .. } = *times;
        if !histogram.is_empty() && histogram.count() != count {
            self.say(
                place,
                &format!("`count` is {count}, and the histogram has {} times", histogram.count()),
            );
        }
        // CSV files have rounded percentiles between the exact ends.
        let is_sorted =
            [p50, p90, p95, p99, p999].is_sorted() && (histogram.is_empty() || (min <= p50 && p999 <= max));
        if !is_sorted {
            self.say(place, "a higher percentile is shorter than a lower one");
        }
    }
}
