//! The end of a run for a person: tables in fitting units, what failed and why, the verdict, and what to do next.
//!
//! The verdict stands last, since that is where a person looks when the run is over. The text is the same on a terminal
//! and in the log of a CI server; only its width and its colours differ. Scripts read `result.json` instead.

mod deliveries;
mod ending;
mod failures;
mod rows;
mod search;
mod stages;
mod thresholds;
mod times;

use std::path::Path;
use std::time::Duration;

use crate::report::columns::{fit, printable};
use crate::report::paint::{Paint, Tint};
use crate::stats::result::RunResult;
use crate::units::HumanDuration;

/// Columns of a text that is not written to a terminal.
pub const COLUMNS: usize = 80;

/// The percentiles of the table of rows, as shares of the requests, 0 to 1, unless the user wants others.
pub const PERCENTILES: [f64; 5] = [0.5, 0.9, 0.95, 0.99, 0.999];

/// How the end of a run is shown.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// Columns of the terminal, [`COLUMNS`] without one.
    pub columns: usize,
    /// Whether the text has colours.
    pub coloured: bool,
    /// The percentiles of the table of rows, as shares of the requests, 0 to 1, in ascending order.
    pub percentiles: &'a [f64],
    /// Whether the rows and their failures are shown here. They are not if Locust's tables are printed before.
    pub rows: bool,
    /// Where the results lie.
    pub files: Files<'a>,
}

/// Where the results of a run lie.
#[derive(Debug, Clone, Copy, Default)]
pub struct Files<'a> {
    /// The folder of the run.
    pub folder: Option<&'a Path>,
    /// The folder of an earlier run of the same scenario, to compare with.
    pub earlier: Option<&'a Path>,
    /// Further files, as the user named them.
    pub others: &'a [String],
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self {
            columns: COLUMNS,
            coloured: false,
            percentiles: &PERCENTILES,
            rows: true,
            files: Files::default(),
        }
    }
}

/// The whole text of the end of a run, each line with its line end.
pub fn text(result: &RunResult, options: &Options<'_>) -> String {
    let paint = Paint { coloured: options.coloured };
    let columns = options.columns;
    let mut parts = vec![vec![headline(result, paint, columns)]];
    if options.rows {
        parts.push(rows::lines(result, options.percentiles, columns, paint));
    }
    parts.push(stages::lines(result, columns, paint));
    parts.push(deliveries::lines(result, columns, paint));
    parts.push(search::lines(result, columns, paint));
    if options.rows {
        parts.push(failures::lines(result, columns, paint));
    }
    parts.push(failures::exceptions(result, columns, paint));
    parts.push(ending::unfinished(result, columns, paint));
    parts.push(thresholds::lines(result, columns, paint));
    parts.push(ending::remarks(result, columns, paint));
    parts.push(ending::verdict(result, columns, paint));
    parts.push(ending::files(result, options.files, columns, paint));
    parts.retain(|lines| !lines.is_empty());
    let parts: Vec<_> = parts.iter().map(|lines| lines.join("\n") + "\n").collect();
    parts.join("\n")
}

/// What the results are of.
fn headline(result: &RunResult, paint: Paint, columns: usize) -> String {
    let run = &result.run;
    let name = printable(if run.scenario.is_empty() { &run.file } else { &run.scenario });
    let users = match run.users {
        0 => String::new(),
        1 => ", 1 user".to_owned(),
        users => format!(", {users} users"),
    };
    let seconds = (run.ended - run.started).round();
    let length = Duration::try_from_secs_f64(seconds).ok().filter(|length| !length.is_zero());
    let length = length.map_or_else(String::new, |length| format!(", {}", HumanDuration(length)));
    let mut addresses = run.brokers.iter().flat_map(|broker| &broker.addresses);
    let brokers = match (addresses.next(), addresses.count()) {
        (None, _) => String::new(),
        (Some(one), 0) => format!(", {}", printable(one)),
        (Some(one), more) => format!(", {} and {more} more", printable(one)),
    };
    let text = format!("Results of {name}{users}{length}{brokers}");
    paint.text(Tint::Heading, fit(&text, columns).trim_end())
}

/// A heading and its lines; nothing without lines.
fn titled(title: &str, lines: Vec<String>, paint: Paint) -> Vec<String> {
    if lines.is_empty() {
        return lines;
    }
    let mut all = vec![paint.text(Tint::Heading, title)];
    all.extend(lines);
    all
}

#[cfg(test)]
mod tests;
