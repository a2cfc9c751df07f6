//! Adds the results of processes or machines that ran together, as if one of them had done it all.
//!
//! Counts and histograms are added, so percentiles are those of all requests together, to three digits. It does not
//! matter which results are merged first. Rates are over the time from the first start to the last end. If all results
//! have the same thresholds, these are judged again by the sum; what each machine missed stands in `notes`.
//!
//! ```text
//! rows     rows and stages      counts     failures, exceptions, unfinished, end-to-end messages
//! series   the run over time    generator  how the load generators did     thresholds, what_ran
//! ```

mod counts;
mod generator;
mod rows;
mod series;
#[cfg(test)]
mod tests;
mod thresholds;
mod what_ran;

use std::collections::BTreeSet;

use crate::report::verdict;
use crate::stats::fine::FineTimes;
use crate::stats::result::row::{RowResult, Times};
use crate::stats::result::{Outcome, RunResult, ScheduledStarts, Source, VERSION, Verdict};

/// A result and what it is called, such as its folder.
#[derive(Debug, Clone, Copy)]
pub struct Named<'a> {
    /// What the merged result calls it.
    pub name: &'a str,
    /// The result.
    pub result: &'a RunResult,
}

/// Why results cannot be merged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// There is nothing to merge.
    #[error("there is no result to merge")]
    Nothing,
    /// A result has percentiles but no histograms.
    #[error(
        "{0}: it has no histograms, so it cannot be merged\n  help: the percentiles of two results do not add up; CSV files \
         have nothing else: give `result.json`, which `--out DIR` and `--summary-json FILE` write"
    )]
    NoHistograms(String),
}

const NOT_JUDGED: &str = "The runs had different thresholds, so none is judged by their sum.";
const NO_SEARCH: &str = "The searches for the highest rate are left out: rates of processes do not add up.";

/// Adds results. One result alone stays as it is.
pub fn merge(results: &[Named<'_>]) -> Result<RunResult, MergeError> {
    if let Some(named) = results.iter().find(|named| lacks_histograms(named.result)) {
        return Err(MergeError::NoHistograms(named.name.to_owned()));
    }
    let all: Vec<&RunResult> = match results {
        [] => return Err(MergeError::Nothing),
        [one] => return Ok(one.result.clone()),
        several => several.iter().map(|named| named.result).collect(),
    };
    let mut run = what_ran::merged(&all);
    run.merged_from = names(results);
    let seconds = run.ended - run.started;
    let aggregated = rows::added(all.iter().map(|of| &of.aggregated), seconds);
    let mut histograms = [FineTimes::default(), FineTimes::default()];
    for of in &all {
        histograms[0].absorb(&of.from_intended_moments_histogram);
        histograms[1].absorb(&of.service_time_histogram);
    }
    let [intended, service] = histograms;
    let mut merged = RunResult {
        version: VERSION,
        source: Source::Merge,
        notes: notes(results),
        verdict: Verdict::default(),
        rows: rows::by_name(all.iter().flat_map(|of| &of.rows), seconds),
        response_times_ms: aggregated.response_times_ms,
        aggregated,
        stages: rows::stages(&all, run.started),
        thresholds: Vec::new(),
        failures: counts::failures(&all),
        exceptions: counts::exceptions(&all),
        unfinished: counts::unfinished(all.iter().map(|of| &of.unfinished)),
        from_intended_moments_ms: Times::of(&intended),
        from_intended_moments_histogram: intended,
        service_time_ms: Times::of(&service),
        service_time_histogram: service,
        scheduled_starts: ScheduledStarts {
            count: counts::sum(all.iter().map(|of| of.scheduled_starts.count)),
            late: counts::sum(all.iter().map(|of| of.scheduled_starts.late)),
        },
        search: None,
        end_to_end: counts::deliveries(&all),
        received: counts::received(all.iter().map(|of| of.received)),
        connections: counts::connections(all.iter().map(|of| of.connections)),
        generator: generator::merged(&all, run.merged_from.len()),
        series: series::merged(&all, run.ended),
        run,
    };
    match thresholds::judged(&all, &merged) {
        Some(judged) => merged.thresholds = judged,
        None => note(&mut merged.notes, NOT_JUDGED),
    }
    merged.verdict = verdict::of(&merged, exit_code_on_error(&all));
    Ok(merged)
}

/// The names of the runs, those of merged results among them; in alphabetical order, whatever was merged first.
fn names(results: &[Named<'_>]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for Named { name, result } in results {
        match &result.run.merged_from[..] {
            [] => names.push((*name).to_owned()),
            of => names.extend_from_slice(of),
        }
    }
    names.sort_unstable();
    names
}

/// What the results say that the merged one does not.
fn notes(results: &[Named<'_>]) -> Vec<String> {
    let mut notes: BTreeSet<String> = results.iter().flat_map(|of| of.result.notes.clone()).collect();
    for Named { name, result } in results {
        if result.verdict.outcome == Outcome::ThresholdMissed {
            notes.insert(format!("{name}: {}", result.verdict.sentence));
        }
        if result.search.is_some() {
            notes.insert(NO_SEARCH.to_owned());
        }
    }
    notes.into_iter().collect()
}

/// Notes stand in alphabetical order, each once.
fn note(notes: &mut Vec<String>, text: &str) {
    if let Err(at) = notes.binary_search_by(|known| known.as_str().cmp(text)) {
        notes.insert(at, text.to_owned());
    }
}

fn lacks_histograms(result: &RunResult) -> bool {
    let without = |row: &RowResult| row.histogram.is_empty() && row.response_times_ms.is_some();
    result.source == Source::Csv || without(&result.aggregated) || result.rows.iter().any(without)
}

/// The exit code that the runs were told to have if requests fail; 1 unless one of them failed with another.
fn exit_code_on_error(all: &[&RunResult]) -> u8 {
    let failed = all.iter().filter(|of| of.verdict.outcome == Outcome::Failed);
    failed.map(|of| of.verdict.exit_code).max().unwrap_or(1)
}
