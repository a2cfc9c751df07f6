//! A comparison as Markdown for a comment on a pull request: one table line per row of the statistics.
//!
//! Names and errors are in code spans, so Markdown does not interpret `+`, `#` and `$` in a topic. A pipe must be
//! escaped even there, since Markdown splits a table into cells first.

use std::fmt::Write as _;

use crate::report::compare::fail_on::Judgement;
use crate::report::compare::metric::{Change, Verdict};
use crate::report::compare::summary::sentences;
use crate::report::compare::table::one_line;
use crate::report::compare::text::{cell, notes};
use crate::report::compare::{Comparison, Pair};
use crate::stats::metric::Metric;

/// Writes the comparison and the judged `--fail-on` expressions.
pub fn markdown(comparison: &Comparison, judgements: &[Judgement]) -> String {
    let mut out = String::new();
    let (base, new) = (code(&comparison.base_path), code(&comparison.new_path));
    let _ = writeln!(out, "**Base** {base} **New** {new}\n");

    if !judgements.is_empty() {
        out.push_str("| | Fail on | Row | |\n|---|---|---|---|\n");
        for judgement in judgements {
            let outcome = emphasized(judgement.outcome.verdict(), &judgement.outcome.to_string());
            let (expression, row) = (cell_code(&judgement.expression), cell_code(&judgement.row));
            let _ = writeln!(out, "| {outcome} | {expression} | {row} | {} |", plain(&judgement.detail));
        }
        out.push('\n');
    }
    for sentence in sentences(comparison, |pair| code(&pair.title())) {
        let _ = writeln!(out, "- {sentence}");
    }
    for sentence in &comparison.left_out {
        let _ = writeln!(out, "- {}", one_line(sentence));
    }

    out.push_str("\n| Type | Name |");
    for metric in &comparison.metrics {
        let _ = write!(out, " {} |", metric.label());
    }
    out.push_str("\n|---|---|");
    out.push_str(&"---:|".repeat(comparison.metrics.len()));
    out.push('\n');
    for pair in comparison.all() {
        let came_or_went = match (&pair.base, &pair.new) {
            (None, _) => "<br>came",
            (_, None) => "<br>went",
            _ => "",
        };
        let _ = write!(
            out,
            "| {} | {}{came_or_went} |",
            plain(&one_line(&pair.request_type)),
            cell_code(&pair.name)
        );
        for metric in &comparison.metrics {
            let _ = write!(out, " {} |", values(pair, *metric));
        }
        out.push('\n');
    }

    if !comparison.failures.is_empty() {
        out.push_str("\n| Type | Name | Error | Base | New | Change |\n|---|---|---|---:|---:|---:|\n");
    }
    for failure in &comparison.failures {
        let request_type = plain(&one_line(&failure.request_type));
        let (name, error, change) = (cell_code(&failure.name), cell_code(&failure.error), failure.change());
        let remark = emphasized(change.verdict(), failure.remark());
        let changed = format!("{} {remark}", difference(change));
        let _ = writeln!(
            out,
            "| {request_type} | {name} | {error} | {} | {} | {} |",
            failure.base,
            failure.new,
            changed.trim_end()
        );
    }

    let notes = notes(comparison);
    if !notes.is_empty() {
        out.push('\n');
    }
    for (mark, meaning) in notes {
        let _ = writeln!(out, "- {}: {meaning}", plain(mark));
    }
    out
}

/// A cell of the statistics: both values, and under them the change.
fn values(pair: &Pair, metric: Metric) -> String {
    let (base, new) = (cell(pair, metric, 0), cell(pair, metric, 1));
    let Some(change) = pair.change(metric) else {
        return if base == new { base } else { format!("{base} → {new}") };
    };
    if change.delta() == 0.0 {
        return format!("{new}<br>0");
    }
    let (remark, verdict) = pair.remark(metric);
    let changed =
        format!("{base} → {new}<br>{} {}", difference(change), emphasized(verdict, &plain(&remark)));
    changed.trim_end().to_owned()
}

fn difference(change: Change) -> String {
    format!("{} ({})", change.delta_text(), change.percent_text())
}

fn emphasized(verdict: Verdict, text: &str) -> String {
    if verdict == Verdict::Worse && !text.is_empty() { format!("**{text}**") } else { text.to_owned() }
}

/// Text outside code spans: our own words, a request type.
fn plain(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '~' | '*' | '_' | '`' | '<' | '[' | '$' | '\\' | '|') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// A code span on one line, with a fence longer than any run of backticks in it.
fn code(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let text = one_line(text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let blank = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{blank}{text}{blank}{fence}")
}

/// A code span in a table.
fn cell_code(text: &str) -> String {
    code(text).replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_spans_hold_any_name() {
        assert_eq!(code("a|b"), "`a|b`");
        assert_eq!(cell_code("a|b"), "`a\\|b`");
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`a``"), "``` `a`` ```");
        assert_eq!(code("a\nb"), "`a\\nb`");
        assert_eq!(code(""), "");
    }

    #[test]
    fn words_outside_code_spans_are_escaped() {
        assert_eq!(plain("~ a_b <c>|"), "\\~ a\\_b \\<c>\\|");
    }
}
