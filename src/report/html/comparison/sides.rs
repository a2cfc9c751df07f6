//! What ran on each side: what the sides have in common and where they differ, and each run with its numbers.

use crate::report::compare::comparison::Comparison;
use crate::report::html::comparison::curves::name;
use crate::report::html::section::rows::{Cell, MAX_ROWS};
use crate::report::html::section::what_ran::{brokers, ending, host};
use crate::report::html::text;
use crate::stats::result::RunResult;
use crate::units::fitting;

/// So many different values of a fact are named.
const MAX_VALUES: usize = 4;

#[derive(askama::Template)]
#[template(path = "comparison/sides.html", whitespace = "minimize")]
pub(super) struct Sides {
    facts: Vec<Fact>,
    runs: Vec<Run>,
    left_out: usize,
}

/// Something about the runs, the same or not on both sides.
struct Fact {
    name: &'static str,
    a: String,
    b: String,
    differs: bool,
}

struct Run {
    name: String,
    /// Where it lies, if that is not its name.
    path: String,
    started: Cell,
    length: Cell,
    requests: Cell,
    failures: Cell,
    end: String,
}

impl Sides {
    pub(super) fn of(comparison: &Comparison, a: &[RunResult], b: &[RunResult]) -> Self {
        let run = |side, runs: &[RunResult], paths: &[String]| {
            let one = |(index, run): (usize, &RunResult)| {
                Run::of(name(side, index + 1, runs.len()), paths.get(index).map_or("", String::as_str), run)
            };
            runs.iter().enumerate().map(one).collect::<Vec<_>>()
        };
        let mut runs = run("A", a, &comparison.a.runs);
        runs.extend(run("B", b, &comparison.b.runs));
        let left_out = runs.len().saturating_sub(MAX_ROWS);
        runs.truncate(MAX_ROWS);
        Self { facts: facts(a, b), runs, left_out }
    }
}

/// What a run says of a fact; empty if it does not tell.
type Value = fn(&RunResult) -> String;

/// What is known on either side.
fn facts(a: &[RunResult], b: &[RunResult]) -> Vec<Fact> {
    let all: [(&'static str, Value); 9] = [
        ("Scenario", |run| text::line(&run.run.scenario)),
        ("Scenario file", |run| text::line(&run.run.file)),
        ("Changed by", |run| text::line(&run.run.changes.join(" "))),
        ("Git revision", |run| text::line(run.run.git_revision.as_deref().unwrap_or_default())),
        ("Program", |run| text::line(&run.run.program)),
        ("Brokers", |run| brokers(&run.run)),
        ("Host", |run| text::line(&host(&run.run))),
        ("Users", |run| match run.run.users {
            0 => String::new(),
            users => format!("{} at most", fitting::count(u64::from(users))),
        }),
        ("Seed", |run| run.run.seed.map(|seed| seed.to_string()).unwrap_or_default()),
    ];
    let fact = |(name, value): (&'static str, Value)| {
        let [a, b] = [a, b].map(|runs| values(runs, value));
        let is_known = !(a.is_empty() && b.is_empty());
        let differs = !a.is_empty() && !b.is_empty() && a != b;
        let shown = |text: String| if text.is_empty() { text::UNKNOWN.to_owned() } else { text };
        is_known.then(|| Fact { name, a: shown(a), b: shown(b), differs })
    };
    all.into_iter().filter_map(fact).collect()
}

/// The different values of the runs of a side in one text.
fn values(runs: &[RunResult], value: Value) -> String {
    let mut values: Vec<String> = Vec::new();
    for value in runs.iter().map(value).filter(|value| !value.is_empty()) {
        if !values.contains(&value) {
            values.push(value);
        }
    }
    let more = values.len().saturating_sub(MAX_VALUES);
    values.truncate(MAX_VALUES);
    let more = if more > 0 { format!(" and {more} others") } else { String::new() };
    values.join(", ") + &more
}

impl Run {
    fn of(name: String, path: &str, run: &RunResult) -> Self {
        let length_s = run.run.ended - run.run.started;
        let failures = Cell::count(run.aggregated.failures);
        Self {
            path: if path == name { String::new() } else { text::line(path) },
            name,
            started: Cell::new(text::moment(run.run.started), run.run.started),
            length: Cell::new(text::length(length_s), length_s),
            requests: Cell::count(run.aggregated.requests),
            failures: Cell { class: if run.aggregated.failures > 0 { "bad" } else { "" }, ..failures },
            end: if run.run.end.is_empty() {
                text::UNKNOWN.to_owned()
            } else {
                text::line(&ending(&run.run.end))
            },
        }
    }
}

#[cfg(test)]
mod tests;
