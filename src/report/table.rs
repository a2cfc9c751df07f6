//! Locust's three console tables, as it prints them where there is no terminal (names 80 wide).
//!
//! Column widths and the cutting of floats to whole numbers are Locust's (`stats.py`, `get_stats_summary` and
//! after), so that scripts which read its console output read ours. A longer name pushes its row out of line;
//! that is Locust's way too.

use std::fmt::Display;

use crate::stats::bucket::PERCENTILES;
use crate::stats::number::Number;
use crate::stats::snapshot::{Row, Snapshot};

const TYPE_WIDTH: usize = 8;
const NAME_WIDTH: usize = 80;
/// The stats table saves some characters in other columns.
const STATS_NAME_WIDTH: usize = NAME_WIDTH - TYPE_WIDTH + 4;
const PERCENTILE_HEADINGS: [&str; PERCENTILES.len()] =
    ["50%", "66%", "75%", "80%", "90%", "95%", "98%", "99%", "99.9%", "99.99%", "100%"];

/// Which rates a stats table shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rates {
    /// Of about the last ten seconds: what Locust prints while it runs.
    Current,
    /// Of the whole run: what it prints at the end.
    WholeRun,
}

/// All that Locust prints at the end of a run.
pub fn summary(snapshot: &Snapshot) -> String {
    [stats_table(snapshot, Rates::WholeRun), percentile_table(snapshot), failure_table(snapshot)].concat()
}

/// Requests, failures, response times and rates per row, and an empty line.
pub fn stats_table(snapshot: &Snapshot, rates: Rates) -> String {
    let heading = format!(
        "{:<TYPE_WIDTH$} {:<STATS_NAME_WIDTH$} {:>7} {:>12} |{:>7} {:>7} {:>7}{:>7} | {:>7} {:>11}",
        "Type", "Name", "# reqs", "# fails", "Avg", "Min", "Max", "Med", "req/s", "failures/s"
    );
    let separator = rule(&[TYPE_WIDTH, STATS_NAME_WIDTH, 7, 13, 7, 7, 7, 7, 8, 11]);
    let mut lines = vec![heading, separator.clone()];
    lines.extend(snapshot.rows.iter().map(|row| stats_line(row, rates)));
    lines.extend([separator, stats_line(&snapshot.aggregated, rates), String::new()]);
    text(&lines)
}

/// The percentiles of each row that has response times, and an empty line.
pub fn percentile_table(snapshot: &Snapshot) -> String {
    let columns = columns(&PERCENTILE_HEADINGS[1..]);
    let heading = format!(
        "{:<TYPE_WIDTH$} {:<NAME_WIDTH$} {:>8} {columns} {:>6}",
        "Type", "Name", PERCENTILE_HEADINGS[0], "# reqs"
    );
    let mut widths = vec![TYPE_WIDTH, NAME_WIDTH, 8];
    widths.extend([6; PERCENTILES.len()]);
    let separator = rule(&widths);
    let mut lines = vec!["Response time percentiles (approximated)".to_owned(), heading, separator.clone()];
    lines.extend(snapshot.rows.iter().filter_map(percentile_line));
    lines.push(separator);
    lines.extend(percentile_line(&snapshot.aggregated));
    lines.push(String::new());
    text(&lines)
}

/// The failures in the order in which they were first seen, and an empty line; nothing without failures.
pub fn failure_table(snapshot: &Snapshot) -> String {
    if snapshot.failures.is_empty() {
        return String::new();
    }
    let separator = rule(&[18, 80 + NAME_WIDTH - 19]);
    let mut lines = vec![
        "Error report".to_owned(),
        format!("{:<18} {:<100}", "# occurrences", "Error"),
        separator.clone(),
    ];
    lines.extend(snapshot.failures_as_seen().into_iter().map(|failure| {
        let row = &failure.what.row;
        let what = format!("{} {}: {}", row.request_type, row.name, unwrapped(&failure.what.original));
        format!("{:<18} {what:<100}", failure.occurrences)
    }));
    // One empty line is part of the report, the other follows every table.
    lines.extend([separator, String::new()]);
    text(&lines)
}

fn stats_line(row: &Row, rates: Rates) -> String {
    let request_type = match row.key.request_type.as_str() {
        "" => String::new(),
        request_type => format!("{request_type} "),
    };
    let (rps, failures_per_s) = match rates {
        Rates::Current => (row.current_rps, row.current_failures_per_s),
        Rates::WholeRun => (row.rps, row.failures_per_s),
    };
    format!(
        "{request_type:<TYPE_WIDTH$} {:<STATS_NAME_WIDTH$} {:>7} {:>12} |{:>7} {:>7} {:>7}{:>7} | {rps:>7.2} {failures_per_s:>11.2}",
        row.key.name,
        row.requests,
        format!("{}({:.2}%)", row.failures, row.fail_ratio() * 100.0),
        Number::Float(row.average).truncated(),
        row.min.truncated(),
        row.max.truncated(),
        row.median.truncated(),
    )
}

fn percentile_line(row: &Row) -> Option<String> {
    let percentiles = row.percentiles.filter(|_| row.timed > 0)?;
    let columns = columns(&percentiles[1..]);
    Some(format!(
        "{:<TYPE_WIDTH$} {:<NAME_WIDTH$} {:>8} {columns} {:>6}",
        row.key.request_type, row.key.name, percentiles[0], row.requests
    ))
}

/// Locust takes the wrapper off its own `CatchResponseError('…')`, the last character going for the bracket.
fn unwrapped(error: &str) -> &str {
    error.strip_prefix("CatchResponseError(").map_or(error, |inner| {
        let last = inner.char_indices().next_back().map_or(0, |(at, _)| at);
        &inner[..last]
    })
}

fn columns(cells: &[impl Display]) -> String {
    cells.iter().map(|cell| format!("{cell:>6}")).collect::<Vec<_>>().join(" ")
}

fn rule(widths: &[usize]) -> String {
    widths.iter().map(|&width| "-".repeat(width)).collect::<Vec<_>>().join("|")
}

fn text(lines: &[String]) -> String {
    lines.iter().flat_map(|line| [line, "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::RowKey;
    use crate::stats::statistics::Statistics;

    #[test]
    fn a_live_table_shows_the_rates_of_the_last_seconds() {
        let mut statistics = Statistics::new(1_000.0, false);
        let row = RowKey { request_type: "MQTT".into(), name: "publish".into() };
        for n in 0..30 {
            // One a second but three in the 27th, the last that the current rates see.
            let at = 1_000.5 + f64::from(n);
            for _ in 0..if n == 26 { 3 } else { 1 } {
                statistics.log_request(&row, at, Some(Number::Float(1.9)), 0);
            }
        }
        statistics.log_error(&row, 1_029.5, "late");
        let snapshot = statistics.snapshot(1_030.0);
        let line = |rates| stats_table(&snapshot, rates).lines().nth(2).unwrap().to_owned();
        // Twelve requests in ten seconds; 32 in 29.5.
        let start =
            format!("MQTT     {:<76}      32     1(3.12%) |      1       1       1      1 | ", "publish");
        assert_eq!(line(Rates::Current), format!("{start}   1.20        0.00"));
        assert_eq!(line(Rates::WholeRun), format!("{start}   1.08        0.03"));
    }

    #[test]
    fn only_the_wrapper_of_locusts_own_error_is_taken_off() {
        assert_eq!(unwrapped("CatchResponseError('no')"), "'no'");
        assert_eq!(unwrapped("CatchResponseError("), "");
        assert_eq!(unwrapped("CatchResponseError(é"), "");
        assert_eq!(unwrapped("timed out"), "timed out");
    }
}
