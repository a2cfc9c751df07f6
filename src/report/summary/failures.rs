//! What failed and why: failures by text with their number and their first and last time, and exceptions.
//!
//! Reasons are broken into lines and never cut, since what matters often stands at their end.

use std::time::Duration;

use crate::report::columns::{cut, printable, right, width, wrapped};
use crate::report::paint::{Paint, Tint};
use crate::stats::result::{FailureResult, RunResult};
use crate::units::fitting::{clock, count};

/// More kinds of failures than these are for files.
const MAX_KINDS: usize = 30;

pub(super) fn lines(result: &RunResult, columns: usize, paint: Paint) -> Vec<String> {
    if result.failures.is_empty() {
        return Vec::new();
    }
    let shown: Vec<_> = result.failures.iter().take(MAX_KINDS).collect();
    // Names are cut, so that the reason stays in sight.
    let text = |failure: &FailureResult| {
        let FailureResult { request_type, name, error, .. } = failure;
        let title = printable(format!("{request_type} {name}").trim_start());
        format!("{}: {}", cut(&title, (columns / 2).max(16)), printable(error))
    };
    let start = result.run.started;
    let time = |at: Option<f64>| at.map_or_else(String::new, |at| of_run(at, start));
    let rows: Vec<_> = shown
        .iter()
        .map(|failure| {
            let cells = [count(failure.occurrences), time(failure.first_seen), time(failure.last_seen)];
            (cells, text(failure))
        })
        .collect();
    let has_times = shown.iter().any(|failure| failure.first_seen.is_some());
    let headings: &[&str] = if has_times { &["Failures", "first", "last"] } else { &["Failures"] };
    let mut lines = table(headings, &rows, columns, paint);
    if result.failures.len() > MAX_KINDS {
        let (more, all) = (result.failures.len() - MAX_KINDS, result.failures.len());
        let note = format!("{more} of {all} kinds of failures are not shown here: result.json has them");
        lines.extend(wrapped(&note, columns, columns));
    }
    lines
}

/// Faults of the scenario or of the program itself.
pub(super) fn exceptions(result: &RunResult, columns: usize, paint: Paint) -> Vec<String> {
    let shown = result.exceptions.iter().take(MAX_KINDS);
    let lines = shown.flat_map(|exception| {
        let text = format!("{} × {}", count(exception.count), printable(&exception.message));
        wrapped(&text, columns.saturating_sub(2), columns.saturating_sub(4))
            .into_iter()
            .enumerate()
            .map(|(index, line)| format!("{}{line}", if index == 0 { "  " } else { "    " }))
            .collect::<Vec<_>>()
    });
    if result.exceptions.is_empty() {
        return Vec::new();
    }
    std::iter::once(paint.text(Tint::Heading, "Exceptions")).chain(lines).collect()
}

/// A moment as the time since the start of the run.
fn of_run(at: f64, start: f64) -> String {
    Duration::try_from_secs_f64((at - start).max(0.0)).map_or_else(|_| "-".to_owned(), clock)
}

/// Columns of numbers and a text that may take several lines.
fn table(headings: &[&str], rows: &[([String; 3], String)], columns: usize, paint: Paint) -> Vec<String> {
    let widest = |(index, heading): (usize, &&str)| {
        let cells = rows.iter().map(|(cells, _)| width(&cells[index]));
        cells.max().unwrap_or(0).max(width(heading))
    };
    let widths: Vec<_> = headings.iter().enumerate().map(widest).collect();
    let numbers: usize = widths.iter().map(|width| width + 2).sum();
    let room = columns.saturating_sub(numbers).max(1);
    let head = |cells: &[String], tint: Tint| {
        let cells = cells.iter().zip(&widths).map(|(cell, &width)| right(cell, width));
        let cells =
            cells.enumerate().map(|(index, cell)| if index == 0 { paint.text(tint, &cell) } else { cell });
        cells.collect::<Vec<_>>().join("  ")
    };
    let headings: Vec<_> = headings.iter().map(|&heading| heading.to_owned()).collect();
    let mut lines = vec![paint.text(Tint::Heading, &head(&headings, Tint::Plain))];
    for (cells, text) in rows {
        let parts = wrapped(text, room, room);
        lines.extend(parts.iter().enumerate().map(|(index, part)| match index {
            0 => format!("{}  {part}", head(cells, Tint::Bad)),
            _ => format!("{}{part}", " ".repeat(numbers)),
        }));
    }
    lines
}
