//! The table of results.

use std::fmt::Write;

use crate::measure::Measured;
use crate::workload::{Counted, Workload};

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
    users: usize,
    counted: Counted,
    client: &'static str,
    pub(crate) runs: Vec<Measured>,
}

impl Row {
    pub(crate) fn new(workload: &Workload, client: &'static str) -> Self {
        let Workload { name, what, users, counted, .. } = *workload;
        Self { workload: name, what, users, counted, client, runs: Vec::new() }
    }

    /// CPU time for each, in the middle of the runs, if there were any.
    pub(crate) fn cpu_us(&self) -> Option<f64> {
        (!self.runs.is_empty()).then(|| self.median(|run| run.cpu_us))
    }

    fn sorted(&self, value: impl Fn(&Measured) -> f64) -> Vec<f64> {
        let mut values: Vec<f64> = self.runs.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        values
    }

    fn median(&self, value: impl Fn(&Measured) -> f64) -> f64 {
        median(&self.sorted(value))
    }

    /// How much more CPU the other one takes for the same: the median over pairs of runs that were made one
    /// after the other, since a slow minute of the machine is in both.
    fn ratio_of(&self, other: &Self) -> f64 {
        let pairs = self.runs.iter().zip(&other.runs);
        let mut ratios: Vec<f64> = pairs.map(|(own, other)| other.cpu_us / own.cpu_us).collect();
        ratios.sort_by(f64::total_cmp);
        median(&ratios)
    }

    /// Memory of all connections, or of each where connections are what is counted.
    fn memory(&self) -> String {
        let kib = self.median(|run| run.rss_kib);
        if self.counted == Counted::Connects {
            format!("{:.1} KiB each", kib / self.users as f64)
        } else {
            format!("{:.1} MiB", kib / 1024.0)
        }
    }
}

/// The middle of sorted values, at least one.
fn median(values: &[f64]) -> f64 {
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { f64::midpoint(values[middle - 1], values[middle]) }
}

const HEADS: [&str; 7] =
    ["workload", "client", "per second", "CPU µs each", "lowest to highest", "mqtt-scenario is", "memory"];

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
    let ours = rows.first().filter(|row| !row.runs.is_empty());
    for (i, row) in rows.iter().enumerate().filter(|(_, row)| !row.runs.is_empty()) {
        let cpu = row.sorted(|run| run.cpu_us);
        let ratio = ours.filter(|_| i > 0).map_or_else(String::new, |ours| times(row.ratio_of(ours)));
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
                micros(median(&cpu)),
                format!("{} to {}", micros(cpu[0]), micros(cpu[cpu.len() - 1])),
                ratio,
                row.memory(),
            ],
        );
    }
    text
}

/// Two digits at least.
fn times(ratio: f64) -> String {
    if ratio < 0.1 { format!("{ratio:.3} ×") } else { format!("{ratio:.2} ×") }
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
            let widths = [12, 13, 19, 18, 15];
            let numbers = rest.iter().zip(widths).fold(String::new(), |mut all, (cell, width)| {
                let _ = write!(all, "{cell:>width$}");
                all
            });
            writeln!(text, "{workload:<9} {client:<14}{numbers}")
        }
    };
    text
}
