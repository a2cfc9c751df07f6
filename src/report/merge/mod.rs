//! Adds the results of processes or machines that ran together, as if one of them had done it all.
//!
//! Counts and histograms are added, so percentiles are those of all requests together, to three digits. It does not
//! matter which results are merged first. Rates are over the time from the first start to the last end. If all results
//! have the same thresholds, these are judged again by the sum; the verdict is never better than the worst of theirs, and what each
//! said of itself stands in `notes`.
//!
//! ```text
//! rows     rows and stages      counts     failures, exceptions, unfinished, end-to-end messages
//! shards   which shards of a run are there
//! series   the run over time    generator  how the load generators did     thresholds, judged, what_ran
//! watched  what brokers said
//! ```

mod counts;
mod generator;
mod judged;
mod named;
mod rows;
mod series;
mod shards;
#[cfg(test)]
mod tests;
mod thresholds;
mod watched;
mod what_ran;

use std::collections::BTreeSet;

pub use crate::report::merge::named::Named;
pub use crate::report::merge::shards::ShardError;
use crate::report::read::csv::run::UNFINISHED;
use crate::report::read::document;
use crate::report::read::problem::{Problem, ReadError};
use crate::report::read::same_run::{Sameness, ids, twins};
use crate::report::result_json;
use crate::stats::fine::FineTimes;
use crate::stats::result::row::{RowResult, Times};
use crate::stats::result::series::Point;
use crate::stats::result::{Outcome, RunResult, ScheduledStarts, Source, VERSION, Verdict};
use crate::units::fitting::time_ms;

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
    /// The sum is beyond what a result can hold, and could not be read back.
    #[error(
        "the sum cannot be: {0}\n  help: the results have counts that no run has; give results as the runs wrote them"
    )]
    Impossible(Problem),
    /// A run did not end, so that it has no histograms.
    #[error(
        "{0}: the run did not end: its folder has no result.json, so it cannot be merged\n  help: leave it out, or wait for \
         its end if it still goes on"
    )]
    Unfinished(String),
    /// One run is in two of the results.
    #[error("{} and {} are of one run, which would be counted twice\n  help: give each run once", .0[0], .0[1])]
    SameRun([String; 2]),
    /// The results are not shards of one run.
    #[error(transparent)]
    Shards(#[from] ShardError),
}

const NO_SEARCH: &str = "The searches for the highest rate are left out: rates of processes do not add up.";

/// Adds results. One result alone stays as it is, unless it is a part of a run.
pub fn merge(results: &[Named<'_>]) -> Result<RunResult, MergeError> {
    if let Some(named) = results.iter().find(|named| lacks_histograms(named.result)) {
        let name = named.name.to_owned();
        let is_unfinished = named.result.run.end == UNFINISHED;
        return Err(if is_unfinished {
            MergeError::Unfinished(name)
        } else {
            MergeError::NoHistograms(name)
        });
    }
    let all: Vec<&RunResult> = match results {
        [] => return Err(MergeError::Nothing),
        [one] if !one.result.run.is_part() => return Ok(one.result.clone()),
        several => several.iter().map(|named| named.result).collect(),
    };
    if let Some(twins) = twins(&all).iter().find(|twins| twins.sameness == Sameness::Certain) {
        return Err(MergeError::SameRun(twins.at.map(|at| results[at].name.to_owned())));
    }
    shards::check(results)?;
    let begun = begun(results);
    let results = &begun[..];
    let merged_ids: BTreeSet<String> = results.iter().flat_map(|of| ids(of.result)).collect();
    let by_one_clock: Vec<_> = results.iter().map(|of| shards::by_one_clock(of.result)).collect();
    let all: Vec<&RunResult> = by_one_clock.iter().map(|of| &**of).collect();
    let mut run = what_ran::merged(&all);
    run.merged_from = names(results);
    run.merged_ids = merged_ids.into_iter().collect();
    let seconds = run.ended - run.started;
    let series = series::merged(&all, run.ended);
    let most =
        |of: fn(&Point) -> Option<u32>| series::most(&all, &series, (f64::NEG_INFINITY, f64::INFINITY), of);
    let whole = run.shards.as_ref().filter(|of| of.users > 0 && of.missing().is_empty());
    run.users = if let Some(whole) = whole {
        whole.users
    } else {
        let users = counts::most(most(|point| point.users_wanted), all.iter().map(|of| of.run.users.into()));
        u32::try_from(users).unwrap_or(u32::MAX)
    };
    let connections = counts::connections(all.iter().map(|of| of.connections), most(|point| point.connected));
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
        stages: rows::stages(&all, run.started, &series),
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
        connections,
        generator: generator::merged(&all, run.merged_from.len()),
        watched: watched::merged(&all, run.started),
        series,
        run,
    };
    merged.thresholds = thresholds::judged(&all, &merged);
    merged.verdict = judged::verdict(results, &merged);
    Ok(merged)
}

/// Adds results, and gives the sum also as the bytes of its `result.json`, which can be read back. `exit_code_on_error` is
/// the exit code of a sum that has failures or exceptions; by default that of the runs.
pub fn written(
    results: &[Named<'_>],
    exit_code_on_error: Option<u8>,
) -> Result<(RunResult, Vec<u8>), MergeError> {
    let mut sum = merge(results)?;
    if let (Outcome::Failed, Some(code)) = (sum.verdict.outcome, exit_code_on_error) {
        sum.verdict.exit_code = code;
    }
    let bytes = result_json::text(&sum);
    match document::parse("", &bytes) {
        Ok(_) => Ok((sum, bytes)),
        Err(ReadError { problem, .. }) => Err(MergeError::Impossible(problem)),
    }
}

/// The results without those of shards that had not begun, unless there are no others.
fn begun<'a>(results: &[Named<'a>]) -> Vec<Named<'a>> {
    let begun: Vec<_> = results.iter().filter(|of| shards::has_begun(of.result)).copied().collect();
    if begun.is_empty() { results.to_vec() } else { begun }
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
    let mut notes = BTreeSet::new();
    for Named { result, .. } in results {
        // What was to be said of a part as a part need not hold for the sum.
        let of_part = shards::remarks(&[result]);
        notes.extend(result.notes.iter().filter(|note| !of_part.contains(note)).cloned());
    }
    // A merged result has the notes of its runs already.
    let runs: Vec<Named<'_>> =
        results.iter().filter(|of| of.result.source != Source::Merge).copied().collect();
    notes.extend(judged::not_good(&runs));
    notes.extend(alike(results));
    for Named { result, .. } in results {
        if result.search.is_some() {
            notes.insert(NO_SEARCH.to_owned());
        }
    }
    notes.into_iter().collect()
}

/// What a person should know before they trust the sum of these results, in sentences: which are not in it, which did not
/// pass, and whether they are of one scenario and of different runs.
pub fn warnings(results: &[Named<'_>]) -> Vec<String> {
    let begun = begun(results);
    let left_out = results.iter().filter(|of| begun.len() < results.len() && !shards::has_begun(of.result));
    let mut warnings: Vec<String> =
        left_out.map(|of| format!("{} ended before its first user and is left out.", of.name)).collect();
    warnings.extend(judged::not_good(&begun));
    warnings.extend(alike(&begun));
    warnings.extend(apart(&begun));
    warnings
}

/// That results are not of one time: there is a moment in the middle at which none ran, or shards did not begin together.
fn apart(begun: &[Named<'_>]) -> Option<String> {
    /// Processes that a person or a script starts one after the other.
    const TOGETHER_S: f64 = 0.5;
    let span = |Named { result, .. }: &Named<'_>| {
        let moved_s = shards::clock_s(result);
        (result.run.started + moved_s, result.run.ended + moved_s)
    };
    let mut spans: Vec<(f64, f64)> = begun.iter().map(span).collect();
    spans.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut until = spans.first()?.1;
    let has_gap = spans.iter().any(|(started, ended)| {
        let gap = *started > until;
        until = until.max(*ended);
        gap
    });
    if has_gap {
        return Some(
            "not all of these runs were at the same time; the rates are over the time of all".to_owned(),
        );
    }
    let apart_s = spans.last()?.0 - spans.first()?.0;
    let are_shards = begun.iter().all(|of| of.result.run.shards.is_some());
    (are_shards && apart_s > TOGETHER_S).then(|| {
        format!(
            "the shards began up to {} apart (see --start-at and load.sync); the rates are over the time of all",
            time_ms(apart_s * 1e3)
        )
    })
}

/// Whether results are of one scenario and of different runs.
fn alike(results: &[Named<'_>]) -> Vec<String> {
    let all: Vec<&RunResult> = results.iter().map(|of| of.result).collect();
    let may_be_one = twins(&all).into_iter().map(|twins| {
        let [one, other] = twins.at.map(|at| results[at].name);
        format!("{one} and {other} have equal response times in every row: they may be copies of one run.")
    });
    let not_judged = thresholds::differ(&all).then(|| thresholds::NOT_JUDGED.to_owned());
    what_ran::unlike(&all)
        .into_iter()
        .chain(not_judged)
        .chain(may_be_one)
        .chain(shards::remarks(&all))
        .chain(what_ran::unlike_shards(&all))
        .collect()
}

fn lacks_histograms(result: &RunResult) -> bool {
    let without = |row: &RowResult| row.histogram.is_empty() && row.response_times_ms.is_some();
    result.source == Source::Csv || without(&result.aggregated) || result.rows.iter().any(without)
}
