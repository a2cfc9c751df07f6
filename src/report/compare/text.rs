//! A comparison as text for a terminal: the verdict first, then one block per row.
//!
//! A name is on a line of its own above its block and not in a column: topics are long, and their width on a terminal
//! is not their length. So only numbers and our own words are aligned.

use std::fmt::Write as _;

use crate::report::compare::comparison::{Comparison, MeasureComparison, Outcome, Side, Verdict};
use crate::report::read::problem::one_line;

/// What a short table leaves out is in the long one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// p50, p99, the rate, failures if there are any, and whatever was found.
    Short,
    /// Every measure.
    Full,
}

/// A colour, by what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// For the worse.
    Worse,
    /// For the better.
    Better,
    /// A hint.
    Hint,
    /// Beside the point.
    Faint,
}

/// How many failures a short table names.
const FAILURES: usize = 10;

/// Writes a comparison. `paint` puts a colour around a text or leaves it as it is.
pub fn text(comparison: &Comparison, length: Length, paint: impl Fn(Paint, &str) -> String) -> String {
    let mut out = String::new();
    let sentence = one_line(&comparison.sentence);
    let _ = writeln!(out, "{}\n", painted(comparison.verdict, &sentence, &paint));
    let width = 72;
    for (name, side) in [("A", &comparison.a), ("B", &comparison.b)] {
        let _ = writeln!(out, "{name}  {}", runs(side, width));
    }
    table(&mut out, comparison, length, &paint);
    for (side, rows) in [("A", &comparison.only_in_a), ("B", &comparison.only_in_b)] {
        for row in rows {
            let _ = writeln!(out, "{} (only in {side})", one_line(row));
        }
    }
    failures(&mut out, comparison, length);
    if !comparison.checks.is_empty() {
        out.push_str("\nfail-on\n");
    }
    for check in &comparison.checks {
        let word = check.outcome.word();
        let word = match check.outcome {
            Outcome::Pass => paint(Paint::Better, word),
            Outcome::Fail => paint(Paint::Worse, word),
            Outcome::Skip | Outcome::Unclear => word.to_owned(),
        };
        let (expression, row) = (one_line(&check.expression), one_line(&check.row));
        let _ = writeln!(out, "  {word}  {expression}  {row}: {}", check.detail);
    }
    out.push('\n');
    for note in &comparison.notes {
        let _ = writeln!(out, "{}", paint(Paint::Faint, &one_line(note)));
    }
    let failed = comparison.failed_checks();
    if failed > 0 {
        let text = format!("{failed} of {} checks failed", comparison.checks.len());
        let _ = writeln!(out, "\n{}", paint(Paint::Worse, &text));
    }
    out
}

/// The runs of a side in one line, as many as fit.
fn runs(side: &Side, width: usize) -> String {
    let names: Vec<String> = side.runs.iter().map(|run| one_line(run)).collect();
    let all = names.join(", ");
    let count = if names.len() == 1 { "1 run".to_owned() } else { format!("{} runs", names.len()) };
    if all.chars().count() <= width || names.len() < 3 {
        return format!("{count}: {all}");
    }
    let (first, last) = (names.first().map_or("", String::as_str), names.last().map_or("", String::as_str));
    format!("{count}: {first} … {last}")
}

const HEADS: [&str; 5] = ["A", "B", "change", "95 % interval", "verdict"];

/// Cells of a line: the measure and the columns of [`HEADS`].
fn cells(measure: &MeasureComparison) -> [&str; 5] {
    let texts = &measure.texts;
    [&texts.a, &texts.b, &texts.change, &texts.interval, &measure.words]
}

fn table(out: &mut String, comparison: &Comparison, length: Length, paint: &impl Fn(Paint, &str) -> String) {
    let is_shown = |measure: &&MeasureComparison| {
        length == Length::Full || measure.is_main || measure.verdict.is_finding()
    };
    let mut widths = HEADS.map(|head| head.chars().count());
    for measure in comparison.rows.iter().flat_map(|row| &row.measures).filter(is_shown) {
        for (width, cell) in widths.iter_mut().zip(cells(measure)) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |label: &str, cells: [&str; 5]| {
        let [a, b, change, interval, verdict] = cells;
        let [wa, wb, wc, wi, _] = widths;
        let line = format!("  {label:<8}  {a:>wa$}  {b:>wb$}  {change:>wc$}  {interval:>wi$}  {verdict}");
        line.trim_end().to_owned()
    };
    if !comparison.rows.is_empty() {
        let _ = writeln!(out, "\n{}", line("", HEADS));
    }
    let mut hidden: Vec<&str> = Vec::new();
    for row in &comparison.rows {
        let _ = writeln!(out, "{}", one_line(&row.title()));
        for measure in &row.measures {
            if is_shown(&measure) {
                let line = line(&measure.measure, cells(measure));
                let _ = writeln!(out, "{}", painted(measure.verdict, &line, paint));
            } else if !measure.is_share_of_nothing() && !hidden.contains(&measure.measure.as_str()) {
                hidden.push(&measure.measure);
            }
        }
    }
    if !hidden.is_empty() {
        let text = format!("  Not shown where nothing was found: {} (--all-measures).", hidden.join(", "));
        let _ = writeln!(out, "{}", paint(Paint::Faint, &text));
    }
}

fn failures(out: &mut String, comparison: &Comparison, length: Length) {
    let shown = if length == Length::Full { usize::MAX } else { FAILURES };
    if !comparison.failures.is_empty() {
        out.push_str("\nfailures, A → B\n");
    }
    for failure in comparison.failures.iter().take(shown) {
        let text = format!("{} → {}  {}: {}", failure.a, failure.b, failure.title(), failure.error);
        let remark = failure.remark();
        let remark = if remark.is_empty() { String::new() } else { format!(" ({remark})") };
        let _ = writeln!(out, "  {}{remark}", one_line(&text));
    }
    if comparison.failures.len() > shown {
        let _ = writeln!(out, "  and {} more (--all-measures)", comparison.failures.len() - shown);
    }
}

fn painted(verdict: Verdict, text: &str, paint: &impl Fn(Paint, &str) -> String) -> String {
    match verdict {
        Verdict::Worse => paint(Paint::Worse, text),
        Verdict::Better => paint(Paint::Better, text),
        Verdict::HintWorse | Verdict::HintBetter => paint(Paint::Hint, text),
        Verdict::Same | Verdict::NoEvidence => text.to_owned(),
    }
}
