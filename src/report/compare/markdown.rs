//! A comparison as Markdown for a comment on a pull request: the verdict, then tables.
//!
//! Names and errors are in code spans, where a reader can copy them as they are; very long ones are cut in the middle.

use std::fmt::Write as _;

use crate::report::columns::cut;
use crate::report::compare::comparison::{
    Comparison, MeasureComparison, Outcome, RowComparison, Side, Verdict,
};
use crate::report::compare::text::{LONGEST_NAME, Length};
use crate::report::markdown::{self as md, text as plain};

/// Writes a comparison.
pub fn markdown(comparison: &Comparison, length: Length) -> String {
    let mut out = String::new();
    let mark = match comparison.verdict {
        Verdict::Worse => "❌ ",
        Verdict::Better => "✅ ",
        _ => "",
    };
    let _ = writeln!(out, "{mark}**{}**\n", plain(&comparison.sentence));
    let _ = writeln!(out, "**A** {} **B** {}", runs(&comparison.a), runs(&comparison.b));

    if !comparison.checks.is_empty() {
        out.push_str("\n| | Fail on | Row | |\n|---|---|---|---|\n");
    }
    for check in &comparison.checks {
        let word = emphasized(check.outcome == Outcome::Fail, check.outcome.word());
        let (expression, row) = (cell_code(&check.expression), cell_code(&check.row));
        let _ = writeln!(out, "| {word} | {expression} | {row} | {} |", plain(&check.detail));
    }

    if !comparison.rows.is_empty() {
        out.push_str(
            "\n| Row | | A | B | Change | 95 % interval | Verdict |\n|---|---|---:|---:|---:|---:|---|\n",
        );
    }
    for row in &comparison.rows {
        rows(&mut out, row, length);
    }
    if !comparison.only_in_a.is_empty() || !comparison.only_in_b.is_empty() {
        out.push('\n');
    }
    for (side, rows) in [("A", &comparison.only_in_a), ("B", &comparison.only_in_b)] {
        for row in rows {
            let _ = writeln!(out, "- only in {side}: {}", code(row));
        }
    }

    if !comparison.failures.is_empty() {
        out.push_str("\n| Failures of | Error | A | B | |\n|---|---|---:|---:|---|\n");
    }
    for failure in &comparison.failures {
        let (title, error) = (cell_code(&failure.title()), cell_code(&failure.error));
        let _ = writeln!(out, "| {title} | {error} | {} | {} | {} |", failure.a, failure.b, failure.remark());
    }

    out.push('\n');
    for note in &comparison.notes {
        let _ = writeln!(out, "- {}", plain(note));
    }
    out
}

/// A name or an error of any length.
fn code(text: &str) -> String {
    md::code(&cut(text, LONGEST_NAME))
}

/// The same in a table.
fn cell_code(text: &str) -> String {
    md::cell_code(&cut(text, LONGEST_NAME))
}

fn runs(side: &Side) -> String {
    side.runs.iter().map(|run| code(run)).collect::<Vec<_>>().join(", ")
}

fn rows(out: &mut String, row: &RowComparison, length: Length) {
    let is_shown = |measure: &&MeasureComparison| {
        length == Length::Full || measure.is_main || measure.verdict.is_finding()
    };
    for (at, measure) in row.measures.iter().filter(is_shown).enumerate() {
        let title = if at == 0 { cell_code(&row.title()) } else { String::new() };
        let texts = &measure.texts;
        let words = emphasized(measure.verdict == Verdict::Worse, &plain(&measure.words));
        let _ = writeln!(
            out,
            "| {title} | {} | {} | {} | {} | {} | {words} |",
            measure.measure,
            plain(&texts.a),
            plain(&texts.b),
            texts.change,
            texts.interval
        );
    }
}

fn emphasized(strongly: bool, text: &str) -> String {
    if strongly && !text.is_empty() { format!("**{text}**") } else { text.to_owned() }
}
