//! What GitHub Actions shows of a run: annotations beside the lines of the scenario, and the summary of a job.
//!
//! Both are read by programs that obey what stands there. An annotation is a command on a line of its own, so line ends
//! and percent signs in it are escaped as the runner wants it. The summary is Markdown with HTML in it, so whatever a
//! broker or a file says stands there as text: Markdown's signs are escaped by a backslash, HTML's by entities.

use std::fmt::Write;

use crate::report::judged;
use crate::report::markdown;
use crate::report::verdict::is_cut_short;
use crate::stats::result::row::RowResult;
use crate::stats::result::{RunResult, ThresholdResult};

/// GitHub refuses a larger summary of a step; a mebibyte.
pub const MAX_SUMMARY_BYTES: usize = 1 << 20;

/// GitHub shows ten errors of a step and no more.
const MOST_ANNOTATIONS: usize = 10;

/// So many rows of a table are told; the files of the run have all.
const MOST_ROWS: usize = 200;

/// Workflow commands for the standard output, each on its line: an error for each threshold that fails the run, at its
/// place in the scenario, or one for the run if it failed without one. Empty for a good run.
pub fn annotations(result: &RunResult) -> String {
    let mut text = String::new();
    let failing: Vec<_> = result.thresholds.iter().filter(|it| it.fails_the_run).collect();
    for threshold in failing.iter().take(MOST_ANNOTATIONS) {
        let place = match (&threshold.file, threshold.line) {
            (Some(file), Some(line)) => format!("file={},line={line},", property(file)),
            _ => String::new(),
        };
        let heading = property(&format!("Threshold {}: {}", threshold.verdict, threshold.title()));
        let ended = if threshold.aborted_the_run { "; it ended the run" } else { "" };
        let message = data(&format!("{}: {}{ended}", threshold.row, judged::sentence(threshold)));
        // Writing to a String cannot fail.
        let _ = writeln!(text, "::error {place}title={heading}::{message}");
    }
    if failing.is_empty() && result.verdict.exit_code != 0 {
        let place = if result.run.file.is_empty() {
            String::new()
        } else {
            format!("file={},line=1,", property(&result.run.file))
        };
        let heading = property(&result.run.scenario);
        let _ = writeln!(text, "::error {place}title={heading}::{}", data(&result.verdict.sentence));
    }
    text
}

/// The value of a property of a workflow command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// The message of a workflow command.
fn data(text: &str) -> String {
    // What no line of a log shows is no part of a message either.
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '%' => escaped.push_str("%25"),
            '\r' => escaped.push_str("%0D"),
            '\n' => escaped.push_str("%0A"),
            c if c.is_control() => escaped.extend(c.escape_default()),
            c => escaped.push(c),
        }
    }
    escaped
}

/// The summary of a job in Markdown: verdict, thresholds, rows and failures; at most [`MAX_SUMMARY_BYTES`].
pub fn job_summary(result: &RunResult) -> String {
    let mut text = format!(
        "## {}\n\n**{}**\n",
        markdown::text(&result.run.scenario),
        markdown::text(&result.verdict.sentence)
    );
    let sections = [thresholds(result), rows(result), failures(result)];
    for section in sections.into_iter().filter(|section| !section.is_empty()) {
        text.push('\n');
        text += &section;
    }
    fitted(text)
}

/// A text that is cut at the end of a line if it is too long.
fn fitted(mut text: String) -> String {
    const CUT: &str = "\n… the rest is too long for GitHub; the files of the run have all.\n";
    if text.len() <= MAX_SUMMARY_BYTES {
        return text;
    }
    let most = text.floor_char_boundary(MAX_SUMMARY_BYTES - CUT.len());
    let end = text[..most].rfind('\n').map_or(0, |end| end + 1);
    text.truncate(end);
    text + CUT
}

fn thresholds(result: &RunResult) -> String {
    let so_far = if is_cut_short(&result.run) { " so far" } else { "" };
    let line = |it: &ThresholdResult| {
        let word = match (it.met, it.fails_the_run) {
            (Some(true), _) => format!("✅ met{so_far}"),
            (Some(false), _) => "❌ missed".to_owned(),
            (None, true) => "❌ not judged".to_owned(),
            (None, false) => "➖ not judged".to_owned(),
        };
        let ended = if it.aborted_the_run { "; it ended the run" } else { "" };
        format!(
            "| {word} | {} | {} | {}{ended} |\n",
            markdown::text(&it.title()),
            markdown::text(&it.row),
            markdown::text(&judged::sentence(it))
        )
    };
    table("| | threshold | row | value |\n|---|---|---|---|\n", &result.thresholds, line)
}

fn rows(result: &RunResult) -> String {
    let head = "| row | requests | failures | requests/s | p50 (ms) | p90 (ms) | p99 (ms) | p99.9 (ms) | max (ms) |\n\
                |---|--:|--:|--:|--:|--:|--:|--:|--:|\n";
    let line = |row: &RowResult| {
        let times = row.response_times_ms.map_or_else(
            || "— | — | — | — | —".to_owned(),
            |times| {
                let times = [times.p50, times.p90, times.p99, times.p999, times.max];
                times.map(|ms| format!("{ms:.3}")).join(" | ")
            },
        );
        let (title, rate) = (markdown::text(&row.title()), row.requests_per_s);
        format!("| {title} | {} | {} | {rate:.1} | {times} |\n", row.requests, row.failures)
    };
    let all: Vec<_> = result.rows.iter().chain([&result.aggregated]).cloned().collect();
    table(head, &all, line)
}

fn failures(result: &RunResult) -> String {
    table("| times | row | failure |\n|--:|---|---|\n", &result.failures, |it| {
        let row = format!("{} {}", it.request_type, it.name);
        format!(
            "| {} | {} | {} |\n",
            it.occurrences,
            markdown::text(row.trim_start()),
            markdown::text(&it.error)
        )
    })
}

/// A table of the first items; empty without any.
fn table<T>(head: &str, items: &[T], line: impl Fn(&T) -> String) -> String {
    if items.is_empty() {
        return String::new();
    }
    let mut text = head.to_owned();
    text.extend(items.iter().take(MOST_ROWS).map(line));
    if items.len() > MOST_ROWS {
        let _ = writeln!(text, "\n… and {} more", items.len() - MOST_ROWS);
    }
    text
}

#[cfg(test)]
mod tests;
