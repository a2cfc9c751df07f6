//! The end of a run for a person: tables in fitting units, what failed and why, the verdict, and what to do next.
//!
//! The verdict stands last, since that is where a person looks when the run is over. The text is the same on a terminal
//! and in the log of a CI server; only its width and its colours differ. Scripts read `result.json` instead.

mod deliveries;
mod ending;
mod failures;
mod options;
mod rows;
mod search;
mod stages;
mod thresholds;
mod times;

use std::time::Duration;

use crate::report::columns::{fit, printable};
use crate::report::paint::{Paint, Tint};
pub use crate::report::summary::options::{COLUMNS, Files, Options, PERCENTILES};
use crate::stats::result::RunResult;
use crate::units::fitting::length;

/// The whole text of the end of a run, each line with its line end.
pub fn text(result: &RunResult, options: &Options<'_>) -> String {
    let paint = Paint { coloured: options.coloured };
    let columns = options.columns;
    let sentence = if options.breaks { columns } else { usize::MAX };
    let mut parts = vec![vec![headline(result, paint, sentence)]];
    if options.rows {
        parts.push(rows::lines(result, options.percentiles, columns, sentence, paint));
    }
    parts.push(stages::lines(result, columns, paint));
    parts.push(deliveries::lines(result, columns, sentence, paint));
    parts.push(search::lines(result, columns, sentence, paint));
    if options.rows {
        parts.push(failures::lines(result, sentence, paint));
    }
    parts.push(failures::exceptions(result, sentence, paint));
    parts.push(ending::unfinished(result, sentence, paint));
    parts.push(thresholds::lines(result, sentence, paint));
    parts.push(ending::remarks(result, sentence, paint));
    parts.push(ending::verdict(result, sentence, paint));
    parts.push(ending::files(result, options.files, sentence, paint));
    parts.retain(|lines| !lines.is_empty());
    let parts: Vec<_> = parts.iter().map(|lines| lines.join("\n") + "\n").collect();
    parts.join("\n")
}

/// The verdicts on thresholds alone, in lines that are not broken; empty without thresholds.
pub fn thresholds(result: &RunResult) -> String {
    let lines = thresholds::lines(result, usize::MAX, Paint { coloured: false });
    lines.into_iter().flat_map(|line| [line, "\n".to_owned()]).collect()
}

/// What the results are of.
fn headline(result: &RunResult, paint: Paint, columns: usize) -> String {
    let run = &result.run;
    let name = printable(if run.scenario.is_empty() { &run.file } else { &run.scenario });
    let shard = run.shard().map_or_else(String::new, |shard| format!(", shard {shard}"));
    let users = match run.users {
        0 => String::new(),
        1 => ", 1 user".to_owned(),
        users => format!(", {users} users"),
    };
    let lasted = Duration::try_from_secs_f64(run.ended - run.started).ok().filter(|lasted| !lasted.is_zero());
    let length = lasted.map_or_else(String::new, |lasted| format!(", {}", length(lasted)));
    let mut addresses = run.brokers.iter().flat_map(|broker| &broker.addresses);
    let brokers = match (addresses.next(), addresses.count()) {
        (None, _) => String::new(),
        (Some(one), 0) => format!(", {}", printable(one)),
        (Some(one), more) => format!(", {} and {more} more", printable(one)),
    };
    let text = format!("Results of {name}{shard}{users}{length}{brokers}");
    paint.text(Tint::Heading, fit(&text, columns).trim_end())
}

#[cfg(test)]
mod tests;
