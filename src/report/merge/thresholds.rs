//! Thresholds judged by the sum, if all results have the same ones.

use crate::stats::result::{RunResult, ThresholdResult};
use crate::stats::threshold::judge::judge_all;
use crate::stats::threshold::{SourcePlace, StageOf, Threshold};

/// What is said of results with different thresholds.
pub(super) const NOT_JUDGED: &str = "The runs had different thresholds, so none is judged by their sum.";

/// Whether results, or results in them, have different thresholds.
pub(super) fn differ(all: &[&RunResult]) -> bool {
    let mut keys = all.iter().map(|of| {
        let known = different([*of].into_iter());
        known.into_iter().map(key).collect::<Vec<_>>()
    });
    let first = keys.next();
    keys.any(|of| Some(of) != first)
        || all.iter().any(|of| {
            of.notes.iter().any(|note| note == NOT_JUDGED)
                || of.thresholds.iter().any(|it| threshold(it).is_none())
        })
}

/// The verdicts on the thresholds of all results by the numbers of the sum. If they have different ones, none is judged. Shards
/// then fail by that, since none of them has judged its own; whole runs have.
pub(super) fn judged(all: &[&RunResult], sum: &RunResult) -> Vec<ThresholdResult> {
    let found = different(all.iter().copied());
    if differ(all) {
        let are_shards = all.iter().any(|of| of.run.shards.is_some());
        return found.into_iter().filter(|_| are_shards).map(not_judged).collect();
    }
    let thresholds: Vec<Threshold> = found.into_iter().filter_map(threshold).collect();
    judge_all(&thresholds, sum, None)
}

fn key(of: &ThresholdResult) -> (&str, Option<&str>) {
    (&of.threshold, of.stage.as_deref())
}

/// One verdict of each threshold; there is one for each of its rows.
fn different<'a>(results: impl Iterator<Item = &'a RunResult>) -> Vec<&'a ThresholdResult> {
    let mut found: Vec<&ThresholdResult> = Vec::new();
    for threshold in results.flat_map(|of| &of.thresholds) {
        if !found.iter().any(|known| key(known) == key(threshold)) {
            found.push(threshold);
        }
    }
    found
}

fn not_judged(of: &ThresholdResult) -> ThresholdResult {
    ThresholdResult {
        verdict: "not judged".to_owned(),
        met: None,
        fails_the_run: true,
        aborted_the_run: false,
        value: None,
        sentence: "the shards have different thresholds".to_owned(),
        ..of.clone()
    }
}

/// The threshold that was judged; it does not end a run any more.
fn threshold(of: &ThresholdResult) -> Option<Threshold> {
    let mut threshold = Threshold::parse(&of.threshold).ok()?;
    // Results know stages by their names alone.
    threshold.stage = of.stage.clone().map(|name| StageOf { index: 0, name });
    let place = |(file, line): (&String, u32)| SourcePlace { file: file.clone(), line };
    threshold.place = of.file.as_ref().zip(of.line).map(place);
    Some(threshold)
}
