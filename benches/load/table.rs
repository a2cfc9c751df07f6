//! The table of results.

use std::fmt::Write;

use crate::measure::Measured;
use crate::workload::Workload;

/// How the table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// Columns for a terminal.
    Plain,
    /// A table for documents.
    Markdown,
}

/// All runs of one client on one workload.
#[derive(Debug)]
pub(crate) struct Row {
    workload: &'static str,
    what: &'static str,
    client: &'static str,
    pub(crate) runs: Vec<Measured>,
}

impl Row {
    pub(crate) fn new(workload: &Workload, client: &'static str) -> Self {
        Self { workload: workload.name, what: workload.what, client, runs: Vec::new() }
    }

    fn sorted(&self, value: impl Fn(&Measured) -> f64) -> Vec<f64> {
        let mut values: Vec<f64> = self.runs.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        values
    }

    fn median(&self, value: impl Fn(&Measured) -> f64) -> f64 {
        let values = self.sorted(value);
        let middle = values.len() / 2;
        if values.len() % 2 == 1 { values[middle] } else { f64::midpoint(values[middle - 1], values[middle]) }
    }
}

const HEADS: [&str; 7] = [
    "workload",
    "client",
    "per second",
    "CPU µs each",
    "lowest to highest",
    "mqtt-scenario is",
    "KiB per connection",
];

/// The head of the table.
pub(crate) fn head(style: Style) -> String {
    let mut text = line(style, &HEADS.map(str::to_owned));
    if style == Style::Markdown {
        text.push_str("|---|---|---:|---:|---:|---:|---:|\n");
    }
    text
}

/// The rows of one workload; the first client is the one that the others are compared with. Clients without
/// a run are left out.
pub(crate) fn rows(style: Style, rows: &[Row]) -> String {
    let mut text = String::new();
    let ours = rows.first().filter(|row| !row.runs.is_empty()).map(|row| row.median(|run| run.cpu_us));
    for (i, row) in rows.iter().enumerate().filter(|(_, row)| !row.runs.is_empty()) {
        let cpu = row.median(|run| run.cpu_us);
        let sorted = row.sorted(|run| run.cpu_us);
        let ratio = ours.filter(|_| i > 0).map_or_else(String::new, |ours| format!("{:.2} ×", ours / cpu));
        let name = match style {
            Style::Markdown => format!("{} {}", row.workload, row.what),
            Style::Plain => row.workload.to_owned(),
        };
        text += &line(
            style,
            &[
                name,
                row.client.to_owned(),
                format!("{:.0}", row.median(|run| run.per_s)),
                micros(cpu),
                format!("{} to {}", micros(sorted[0]), micros(sorted[sorted.len() - 1])),
                ratio,
                format!("{:.1}", row.median(|run| run.rss_kib)),
            ],
        );
    }
    text
}

/// Three digits that mean something.
fn micros(value: f64) -> String {
    match value {
        ..1.0 => format!("{value:.3}"),
        ..10.0 => format!("{value:.2}"),
        _ => format!("{value:.1}"),
    }
}

fn line(style: Style, cells: &[String; 7]) -> String {
    let [workload, client, rest @ ..] = cells;
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = match style {
        Style::Markdown => writeln!(text, "| {} |", cells.join(" | ")),
        Style::Plain => {
            let widths = [11, 12, 18, 17, 19];
            let numbers = rest.iter().zip(widths).fold(String::new(), |mut all, (cell, width)| {
                let _ = write!(all, "{cell:>width$}");
                all
            });
            writeln!(text, "{workload:<9} {client:<14}{numbers}")
        }
    };
    text
}
