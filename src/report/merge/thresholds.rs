//! Thresholds judged by the sum, if all results have the same ones.

use crate::stats::result::{RunResult, ThresholdResult};
use crate::stats::threshold::judge::judge_all;
use crate::stats::threshold::{SourcePlace, StageOf, Threshold};

/// The verdicts on the thresholds that all results have, by the numbers of the sum; `None` if the results have different
/// ones.
pub(super) fn judged(all: &[&RunResult], sum: &RunResult) -> Option<Vec<ThresholdResult>> {
    let first = different(all.first()?);
    let is_other =
        |of: &RunResult| !different(of).iter().map(|it| key(it)).eq(first.iter().map(|it| key(it)));
    if all.iter().any(|of| is_other(of)) {
        return None;
    }
    let thresholds: Option<Vec<Threshold>> = first.into_iter().map(threshold).collect();
    Some(judge_all(&thresholds?, sum, None))
}

fn key(of: &ThresholdResult) -> (&str, Option<&str>) {
    (&of.threshold, of.stage.as_deref())
}

/// One verdict of each threshold; there is one for each of its rows.
fn different(result: &RunResult) -> Vec<&ThresholdResult> {
    let mut found: Vec<&ThresholdResult> = Vec::new();
    for threshold in &result.thresholds {
        if !found.iter().any(|known| key(known) == key(threshold)) {
            found.push(threshold);
        }
    }
    found
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
