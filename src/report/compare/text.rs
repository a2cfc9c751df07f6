//! A comparison as text for a terminal: the verdict first, then one block per row.
//!
//! A name is on a line of its own above its block and not in a column: topics are long, and their width on a terminal
//! is not their length. So only numbers and our own words are aligned. A narrow terminal first loses the column of the
//! interval, then the verdict moves to a line of its own.

use std::fmt::Write as _;

use crate::report::columns::{cut, fit, printable};
use crate::report::compare::comparison::{Comparison, MeasureComparison, Outcome, Side, Verdict};

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

/// A longer name or error is cut in its middle; JSON has it whole.
pub const LONGEST_NAME: usize = 200;

/// Writes a comparison for a terminal with so many columns; without one lines are as long as they come. `paint` puts a
/// colour around a text or leaves it as it is.
pub fn text(
    comparison: &Comparison,
    length: Length,
    columns: usize,
    paint: impl Fn(Paint, &str) -> String,
) -> String {
    let mut out = String::new();
    let line = |text: &str| fit(&printable(text), columns);
    let _ = writeln!(out, "{}\n", painted(comparison.verdict, &line(&comparison.sentence), &paint));
    for (name, side) in [("A", &comparison.a), ("B", &comparison.b)] {
        let _ = writeln!(out, "{}", fit(&format!("{name}  {}", runs(side, columns)), columns));
    }
    table(&mut out, comparison, length, columns, &paint);
    for (side, rows) in [("A", &comparison.only_in_a), ("B", &comparison.only_in_b)] {
        for row in rows {
            let remark = format!(" (only in {side})");
            let _ = writeln!(out, "{}{remark}", name(row, columns.saturating_sub(remark.len())));
        }
    }
    failures(&mut out, comparison, length, columns);
    if !comparison.checks.is_empty() {
        out.push_str("\nfail-on\n");
    }
    for check in &comparison.checks {
        let word = check.outcome.word();
        let (expression, row) = (printable(&check.expression), name(&check.row, LONGEST_NAME));
        let text = format!("  {word}  {expression}  {row}: {}", printable(&check.detail));
        let text = fit(&text, columns);
        let painted = match check.outcome {
            Outcome::Pass => paint(Paint::Better, word),
            Outcome::Fail => paint(Paint::Worse, word),
            Outcome::Skip | Outcome::Unclear => word.to_owned(),
        };
        let _ = writeln!(out, "{}", text.replacen(word, &painted, 1));
    }
    out.push('\n');
    for note in &comparison.notes {
        let _ = writeln!(out, "{}", paint(Paint::Faint, &line(note)));
    }
    let failed = comparison.failed_checks();
    if failed > 0 {
        let text = format!("{failed} of {} checks failed", comparison.checks.len());
        let _ = writeln!(out, "\n{}", paint(Paint::Worse, &text));
    }
    out
}

/// A name on one line of a terminal, cut to so many columns.
fn name(text: &str, columns: usize) -> String {
    cut(&printable(text), columns.min(LONGEST_NAME))
}

/// The runs of a side in one line, as many as fit.
fn runs(side: &Side, columns: usize) -> String {
    /// Room for names beside the count, also on a wide terminal.
    const ROOM: usize = 72;
    let names: Vec<String> = side.runs.iter().map(|run| name(run, LONGEST_NAME)).collect();
    let all = names.join(", ");
    let count = if names.len() == 1 { "1 run".to_owned() } else { format!("{} runs", names.len()) };
    if all.chars().count() <= ROOM.min(columns.saturating_sub(12)) || names.len() < 3 {
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

/// How the columns of a table stand on a terminal.
struct Layout {
    widths: [usize; 5],
    /// Whether there is room for the interval.
    has_interval: bool,
    /// Whether the verdict stands beside the numbers, and not below them.
    is_beside: bool,
}

impl Layout {
    /// Columns of the measures before the numbers.
    const MEASURE: usize = 10;

    fn new(widths: [usize; 5], columns: usize) -> Self {
        let [a, b, change, interval, verdict] = widths.map(|width| width + 2);
        let numbers = Self::MEASURE + a + b + change;
        let has_interval = numbers + interval + verdict <= columns;
        Self { widths, has_interval, is_beside: has_interval || numbers + verdict <= columns }
    }

    fn line(&self, label: &str, cells: [&str; 5]) -> String {
        let [a, b, change, interval, verdict] = cells;
        let [wa, wb, wc, wi, _] = self.widths;
        let mut line = format!("  {label:<8}  {a:>wa$}  {b:>wb$}  {change:>wc$}");
        if self.has_interval {
            let _ = write!(line, "  {interval:>wi$}");
        }
        if self.is_beside {
            let _ = write!(line, "  {verdict}");
        } else if !verdict.is_empty() {
            let _ = write!(line, "\n    {verdict}");
        }
        line.trim_end().to_owned()
    }
}

fn table(
    out: &mut String,
    comparison: &Comparison,
    length: Length,
    columns: usize,
    paint: &impl Fn(Paint, &str) -> String,
) {
    let is_shown = |measure: &&MeasureComparison| {
        length == Length::Full || measure.is_main || measure.verdict.is_finding()
    };
    let mut widths = HEADS.map(|head| head.chars().count());
    for measure in comparison.rows.iter().flat_map(|row| &row.measures).filter(is_shown) {
        for (width, cell) in widths.iter_mut().zip(cells(measure)) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let layout = Layout::new(widths, columns);
    if !comparison.rows.is_empty() {
        let heads = if layout.is_beside { HEADS } else { [HEADS[0], HEADS[1], HEADS[2], "", ""] };
        let _ = writeln!(out, "\n{}", layout.line("", heads));
    }
    let mut hidden: Vec<&str> = Vec::new();
    for row in &comparison.rows {
        let _ = writeln!(out, "{}", name(&row.title(), columns));
        for measure in &row.measures {
            if is_shown(&measure) {
                let line = fit(&layout.line(&measure.measure, cells(measure)), columns);
                let _ = writeln!(out, "{}", painted(measure.verdict, &line, paint));
            } else if !measure.is_share_of_nothing() && !hidden.contains(&measure.measure.as_str()) {
                hidden.push(&measure.measure);
            }
        }
    }
    let mut remarks = Vec::new();
    if !hidden.is_empty() {
        remarks.push(format!("  Not shown where nothing was found: {} (--all-measures).", hidden.join(", ")));
    }
    if !layout.has_interval && !comparison.rows.is_empty() {
        remarks.push("  The terminal is too narrow for the 95 % intervals.".to_owned());
    }
    for remark in remarks {
        let _ = writeln!(out, "{}", paint(Paint::Faint, &fit(&remark, columns)));
    }
}

fn failures(out: &mut String, comparison: &Comparison, length: Length, columns: usize) {
    let shown = if length == Length::Full { usize::MAX } else { FAILURES };
    if !comparison.failures.is_empty() {
        out.push_str("\nfailures, A → B\n");
    }
    for failure in comparison.failures.iter().take(shown) {
        let (title, error) = (name(&failure.title(), LONGEST_NAME), name(&failure.error, LONGEST_NAME));
        let remark = failure.remark();
        let remark = if remark.is_empty() { String::new() } else { format!(" ({remark})") };
        let text = format!("  {} → {}  {title}: {error}{remark}", failure.a, failure.b);
        let _ = writeln!(out, "{}", fit(&text, columns));
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
