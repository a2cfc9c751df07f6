//! Which shards of a run the results are, and whether they are one run.
//!
//! The run id and the number of shards say which results belong together. That a shard is missing is a remark and not a
//! mistake: somebody whose machine died still wants to know what the others saw. But thresholds are then not judged.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::report::columns::printable;
use crate::report::doubts;
use crate::report::merge::named::Named;
use crate::stats::result::RunResult;
use crate::stats::result::what_ran::{Clock, Shards};
use crate::units::fitting::time_ms;

/// Why shards do not add up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShardError {
    /// One shard of a run is in two of the results.
    #[error(
        "{} and {} are both shard {index} of the run {run_id}, which would be counted twice\n  help: each process of a run \
         needs a `--shard` of its own, and each run a `--run-id`", .names[0], .names[1]
    )]
    Twice {
        /// The results.
        names: [String; 2],
        /// The index of the shard.
        index: u32,
        /// What `${run.id}` stood for.
        run_id: String,
    },
    /// There are shards of several runs, and not all of each.
    #[error(
        "{} and {} are of different runs, and shards of at least one of them are missing\n  help: the shards of one run have \
         the same `--run-id` and N of `--shard I/N`; merge those of each run by themselves", .0[0], .0[1]
    )]
    DifferentRuns([String; 2]),
}

/// What shards of one run have in common: the run id, and how many there are.
type Division = (String, u32);

fn division(result: &RunResult) -> Option<Division> {
    let shards = result.run.shards.as_ref()?;
    Some((result.run.run_id.clone().unwrap_or_default(), shards.of))
}

/// The shards of all results; `None` if they are not of one run.
pub(super) fn merged(all: &[&RunResult]) -> Option<Shards> {
    let (_, of) = division(all.first()?)?;
    if all.iter().any(|result| division(result) != division(all[0])) {
        return None;
    }
    let begun = all.iter().filter(|result| has_begun(result));
    let indices: BTreeSet<u32> = begun.flat_map(|result| indices(result)).copied().collect();
    let shards = || all.iter().filter_map(|result| result.run.shards.as_ref());
    let mut clocks: Vec<Clock> = shards().flat_map(|shards| shards.clocks.iter().copied()).collect();
    clocks.extend(all.iter().filter_map(|result| result.run.clock));
    clocks.sort_by(|one, other| one.shard_0_is_ahead_ms.total_cmp(&other.shard_0_is_ahead_ms));
    Some(Shards {
        of,
        indices: indices.into_iter().collect(),
        users: shards().map(|shards| shards.users).max().unwrap_or_default(),
        clocks,
    })
}

/// By how many seconds the moments of a result are moved to be those of the clock of shard 0.
pub(super) fn clock_s(result: &RunResult) -> f64 {
    result.run.clock.map_or(0.0, |clock| clock.shard_0_is_ahead_ms / 1e3)
}

/// A result with its moments by the clock of shard 0.
pub(super) fn by_one_clock(result: &RunResult) -> Cow<'_, RunResult> {
    let moved_s = clock_s(result);
    if moved_s == 0.0 {
        return Cow::Borrowed(result);
    }
    let mut moved = result.clone();
    let moments = [&mut moved.run.started, &mut moved.run.ended, &mut moved.series.started];
    let seen = moved.failures.iter_mut().flat_map(|of| of.first_seen.iter_mut().chain(&mut of.last_seen));
    moments.into_iter().chain(seen).for_each(|at| *at += moved_s);
    Cow::Owned(moved)
}

pub(super) fn indices(result: &RunResult) -> &[u32] {
    result.run.shards.as_ref().map_or(&[], |shards| &shards.indices)
}

/// Whether a shard got as far as its first user. If it was interrupted before, it says nothing of the run.
pub(super) fn has_begun(result: &RunResult) -> bool {
    let run = &result.run;
    let opened = result.connections.is_some_and(|connections| connections.opened > 0);
    let was_busy = opened || result.aggregated.requests + result.unfinished.count > 0;
    run.shards.is_none() || run.end == "finished" || run.users == 0 || was_busy
}

/// Makes sure that no shard is there twice, and that shards of different runs do not pass for one run.
pub(super) fn check(results: &[Named<'_>]) -> Result<(), ShardError> {
    let mut known = BTreeMap::<(Division, u32), &str>::new();
    let mut divisions = BTreeMap::<Option<Division>, (&str, BTreeSet<u32>)>::new();
    for Named { name, result } in results {
        let of = division(result);
        for index in indices(result) {
            let Some(of) = of.clone().filter(|_| has_begun(result)) else { continue };
            let run_id = printable(&of.0);
            if let Some(other) = known.insert((of, *index), name) {
                let names = [other, name].map(|name| (*name).to_owned());
                return Err(ShardError::Twice { names, index: *index, run_id });
            }
        }
        divisions.entry(of).or_insert((name, BTreeSet::new())).1.extend(indices(result));
    }
    let is_part = |(of, (_, indices)): (&Option<Division>, &(&str, BTreeSet<u32>))| {
        of.as_ref().is_some_and(|(_, of)| indices.len() < *of as usize)
    };
    let mut names = divisions.values().map(|(name, _)| (*name).to_owned());
    if let (Some(one), Some(other)) = (names.next(), names.next())
        && divisions.iter().any(is_part)
    {
        return Err(ShardError::DifferentRuns([one, other]));
    }
    Ok(())
}

/// What is to be known of a run of which not all shards are there, or of shards that did not do the same. It goes by what
/// stands in the results, so that of a result in another one it is said again and need not be kept.
pub(super) fn remarks(all: &[&RunResult]) -> Vec<String> {
    let Some(shards) = merged(all) else { return Vec::new() };
    let mut remarks = Vec::new();
    let missing = shards.missing();
    if !missing.is_empty() {
        remarks.push(format!(
            "The run has {} shards, and the results lack {}: the sum is not the whole run.",
            shards.of,
            Shards::named(&missing)
        ));
    }
    let seeds: BTreeSet<Option<u64>> = all.iter().map(|result| result.run.seed).collect();
    if seeds.len() > 1 {
        remarks
            .push("The shards have different seeds, so they did not do what one process would.".to_owned());
    }
    remarks.extend(clocks(&shards));
    if all.iter().any(|result| result.end_to_end.is_some()) {
        remarks.extend(doubts::times(shards.clocks_apart_ms()));
    }
    remarks
}

/// Clocks that are closer are as good as one.
const WORTH_TELLING_MS: f64 = 1.0;

/// How far the clocks of the shards were apart, if that was measured.
fn clocks(shards: &Shards) -> Option<String> {
    let within = shards.clocks.iter().map(|clock| clock.within_ms).max_by(f64::total_cmp)?;
    let apart_ms = shards.clocks_apart_ms();
    (apart_ms >= WORTH_TELLING_MS).then(|| {
        format!(
            "The clocks of the shards were up to {} apart (measured to {}); all moments are by the clock of shard 0.",
            time_ms(apart_ms),
            time_ms(within)
        )
    })
}
