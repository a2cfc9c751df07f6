//! Locust's three console tables.
//!
//! Column widths and the cutting of floats to whole numbers are Locust's (`stats.py`, `get_stats_summary` and
//! after), so scripts that read its console output can read ours. A longer name moves the rest of its row to
//! the right, as in Locust.

use std::fmt::Display;

use crate::stats::number::Number;
use crate::stats::snapshot::{Row, Snapshot};

const TYPE_WIDTH: usize = 8;

/// How wide names are: Locust's width where there is no terminal. For one there is
/// [`terminal`](crate::report::terminal).
const NAME_WIDTH: usize = 80;

/// All that Locust prints at the end of a run.
pub fn summary(snapshot: &Snapshot) -> String {
    [stats_table(snapshot), percentile_table(snapshot), failure_table(snapshot)].concat()
}

/// Requests, failures, response times and rates per row, and an empty line.
pub fn stats_table(snapshot: &Snapshot) -> String {
    // This table saves some characters in other columns.
    let width = NAME_WIDTH - TYPE_WIDTH + 4;
    let heading = format!(
        "{:<TYPE_WIDTH$} {:<width$} {:>7} {:>12} |{:>7} {:>7} {:>7}{:>7} | {:>7} {:>11}",
        "Type", "Name", "# reqs", "# fails", "Avg", "Min", "Max", "Med", "req/s", "failures/s"
    );
    let separator = rule(&[TYPE_WIDTH, width, 7, 13, 7, 7, 7, 7, 8, 11]);
    let mut lines = vec![heading, separator.clone()];
    lines.extend(snapshot.rows.iter().map(|row| stats_line(row, width)));
    lines.extend([separator, stats_line(&snapshot.aggregated, width), String::new()]);
    text(&lines)
}

/// The percentiles of each row that has response times, and an empty line.
pub fn percentile_table(snapshot: &Snapshot) -> String {
    let width = NAME_WIDTH;
    let headings: Vec<_> = snapshot.percentiles.headings().collect();
    let heading =
        format!("{:<TYPE_WIDTH$} {:<width$} {} {:>6}", "Type", "Name", columns(&headings), "# reqs");
    let mut widths = vec![TYPE_WIDTH, width, 8];
    widths.extend(headings.iter().map(|_| 6));
    let separator = rule(&widths);
    let mut lines = vec!["Response time percentiles (approximated)".to_owned(), heading, separator.clone()];
    lines.extend(snapshot.rows.iter().filter_map(|row| percentile_line(row, width)));
    lines.push(separator);
    lines.extend(percentile_line(&snapshot.aggregated, width));
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

fn stats_line(row: &Row, width: usize) -> String {
    let request_type = match row.key.request_type.as_str() {
        "" => String::new(),
        request_type => format!("{request_type} "),
    };
    format!(
        "{request_type:<TYPE_WIDTH$} {:<width$} {:>7} {:>12} |{:>7} {:>7} {:>7}{:>7} | {:>7.2} {:>11.2}",
        row.key.name,
        row.requests,
        format!("{}({:.2}%)", row.failures, row.fail_ratio() * 100.0),
        Number::Float(row.average).truncated(),
        row.min.truncated(),
        row.max.truncated(),
        row.median.truncated(),
        row.rps,
        row.failures_per_s,
    )
}

fn percentile_line(row: &Row, width: usize) -> Option<String> {
    let percentiles = row.percentiles.as_ref().filter(|_| row.timed > 0)?;
    Some(format!(
        "{:<TYPE_WIDTH$} {:<width$} {} {:>6}",
        row.key.request_type,
        row.key.name,
        columns(percentiles),
        row.requests
    ))
}

/// Locust takes the wrapper off its own `CatchResponseError('…')`, the last character going for the bracket.
pub(super) fn unwrapped(error: &str) -> &str {
    error.strip_prefix("CatchResponseError(").map_or(error, |inner| {
        let last = inner.char_indices().next_back().map_or(0, |(at, _)| at);
        &inner[..last]
    })
}

/// Columns of percentiles: the first one is wider.
fn columns(cells: &[impl Display]) -> String {
    let widths = std::iter::once(8).chain(std::iter::repeat(6));
    cells.iter().zip(widths).map(|(cell, width)| format!("{cell:>width$}")).collect::<Vec<_>>().join(" ")
}

fn rule(widths: &[usize]) -> String {
    widths.iter().map(|&width| "-".repeat(width)).collect::<Vec<_>>().join("|")
}

fn text(lines: &[String]) -> String {
    lines.iter().flat_map(|line| [line, "\n"]).collect()
}

#[cfg(test)]
mod tests;
