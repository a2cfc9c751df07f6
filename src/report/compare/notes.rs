//! What a reader should know beside the numbers: what files cannot tell, runs that went wrong, sides that are not alike.

use std::collections::BTreeMap;

use crate::report::compare::judge::MOST_ROWS;
use crate::report::read::csv::run::UNFINISHED;
use crate::report::read::same_run::{Twins, twins};
use crate::stats::result::RunResult;
use crate::stats::result::what_ran::Shards;

/// A run and what it is called.
pub type Named<'r> = (&'r str, &'r RunResult);

/// The notes on two groups of runs.
pub fn notes(a: &[Named<'_>], b: &[Named<'_>], left_out_rows: usize) -> Vec<String> {
    let all: Vec<Named<'_>> = a.iter().chain(b).copied().collect();
    let mut notes = alike(&all);
    notes.extend(unlike(a, b));
    notes.extend(generator(&all));
    notes.extend(unfinished(&all));
    if left_out_rows > 0 {
        notes.push(format!(
            "Only the {MOST_ROWS} rows with the most requests are judged, since each further row makes it harder to find \
             something in any; {left_out_rows} are shown without a verdict."
        ));
    }
    notes.extend(of_files(&all));
    notes
}

/// Runs that may be one: they are told of before anything else, since nothing else would hold.
fn alike(all: &[Named<'_>]) -> Vec<String> {
    let results: Vec<&RunResult> = all.iter().map(|(_, run)| *run).collect();
    let note = |twins: Twins| {
        let [one, other] = twins.at.map(|at| all[at].0);
        format!(
            "{one} and {other} have equal response times in every row: if they are copies of one run, nothing here holds."
        )
    };
    twins(&results).into_iter().map(note).collect()
}

/// Sides whose runs were not made in the same way.
fn unlike(a: &[Named<'_>], b: &[Named<'_>]) -> Vec<String> {
    let mut notes = Vec::new();
    let users = [a, b].map(|side| side.iter().map(|(_, run)| run.run.users).filter(|users| *users > 0).max());
    if let [Some(a), Some(b)] = users
        && a != b
    {
        notes.push(format!("The sides are not alike: A had up to {a} users, B {b}."));
    }
    let lengths = [a, b].map(|side| {
        let seconds = side.iter().map(|(_, run)| run.run.ended - run.run.started);
        seconds.sum::<f64>() / side.len() as f64
    });
    let [a, b] = lengths;
    if a >= 1.0 && b >= 1.0 && (a > b * 1.1 || b > a * 1.1) {
        let digits = usize::from(format!("{a:.0}") == format!("{b:.0}"));
        notes.push(format!("The sides are not alike: runs of A lasted {a:.digits$} s, of B {b:.digits$} s."));
    }
    notes
}

fn generator(all: &[Named<'_>]) -> Option<String> {
    let limited: Vec<&str> =
        all.iter().filter(|(_, run)| run.generator.was_the_limit).map(|(name, _)| *name).collect();
    (!limited.is_empty()).then(|| {
        format!(
            "The load generator was the limit in {}: their times include its own delay.",
            limited.join(", ")
        )
    })
}

fn unfinished(all: &[Named<'_>]) -> Vec<String> {
    let ended = all.iter().filter(|(_, run)| !matches!(run.run.end.as_str(), "" | "finished"));
    let part = |(name, run): &Named<'_>| {
        let shards = run.run.shards.as_ref().filter(|shards| !shards.missing().is_empty())?;
        Some(format!(
            "{name} is a part of a run: it has {} of {}.",
            Shards::named(&shards.indices),
            shards.of
        ))
    };
    let note = |(name, run): &Named<'_>| match run.run.end.as_str() {
        // Its own note says more.
        UNFINISHED => format!("{name} did not end."),
        end => format!("{name} did not come to its planned end: {end}."),
    };
    ended.map(note).chain(all.iter().filter_map(part)).collect()
}

/// What the results themselves note, each once.
fn of_files(all: &[Named<'_>]) -> Vec<String> {
    let mut by_note: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, run) in all {
        for note in &run.notes {
            by_note.entry(note).or_default().push(name);
        }
    }
    let notes = by_note.into_iter().map(|(note, names)| {
        if names.len() == all.len() {
            format!("All runs: {note}")
        } else {
            format!("{}: {note}", names.join(", "))
        }
    });
    notes.collect()
}
