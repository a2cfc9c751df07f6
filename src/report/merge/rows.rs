//! Rows and stages of several results added.

use std::collections::BTreeMap;

use crate::report::merge::{counts, series};
use crate::stats::RowKey;
use crate::stats::result::row::{RowResult, Times};
use crate::stats::result::series::Series;
use crate::stats::result::{RunResult, StageResult};

/// The sum of rows, which are all of one name; rates are over this many seconds.
pub(super) fn added<'a>(rows: impl Iterator<Item = &'a RowResult>, seconds: f64) -> RowResult {
    let mut sum = RowResult::default();
    let (mut timed, mut shortest) = (0.0, None::<f64>);
    for row in rows {
        let count = row.histogram.count() as f64;
        let weighted = |ours: f64, weight: f64, theirs: f64, more: f64| {
            if weight + more > 0.0 { (ours * weight + theirs * more) / (weight + more) } else { 0.0 }
        };
        sum.average_ms = weighted(sum.average_ms, timed, row.average_ms, count);
        timed += count;
        let (requests, more) = (sum.requests as f64, row.requests as f64);
        sum.average_length_bytes =
            weighted(sum.average_length_bytes, requests, row.average_length_bytes, more);
        if count > 0.0 {
            shortest = Some(shortest.map_or(row.min_ms, |ms| ms.min(row.min_ms)));
            sum.max_ms = sum.max_ms.max(row.max_ms);
        }
        sum.request_type.clone_from(&row.request_type);
        sum.name.clone_from(&row.name);
        sum.measured |= row.measured;
        sum.requests = sum.requests.saturating_add(row.requests);
        sum.failures = sum.failures.saturating_add(row.failures);
        sum.unfinished = sum.unfinished.saturating_add(row.unfinished);
        sum.histogram.absorb(&row.histogram);
        sum.failed_histogram.absorb(&row.failed_histogram);
    }
    let per_s = |count: u64| if seconds > 0.0 { count as f64 / seconds } else { 0.0 };
    sum.min_ms = shortest.unwrap_or_default();
    sum.requests_per_s = per_s(sum.requests);
    sum.failures_per_s = per_s(sum.failures);
    sum.response_times_ms = Times::of(&sum.histogram);
    sum.median_ms = sum.response_times_ms.map_or(0.0, |times| times.p50);
    sum.succeeded_ms = Times::of(&sum.histogram.without(&sum.failed_histogram));
    sum.failed_ms = Times::of(&sum.failed_histogram);
    sum
}

/// Rows of equal type and name added, in the order of rows.
pub(super) fn by_name<'a>(rows: impl Iterator<Item = &'a RowResult>, seconds: f64) -> Vec<RowResult> {
    let mut groups = BTreeMap::<RowKey, Vec<&RowResult>>::new();
    for row in rows {
        let key = RowKey { request_type: row.request_type.clone(), name: row.name.clone() };
        groups.entry(key).or_default().push(row);
    }
    groups.into_values().map(|rows| added(rows.into_iter(), seconds)).collect()
}

/// Stages of equal names added. Their times are since `started`, the start of the whole in seconds of unix time.
pub(super) fn stages(all: &[&RunResult], started: f64, series: &Series) -> Vec<StageResult> {
    // Two stages of one run can have one name: its first one is added to the first ones of the others.
    let mut groups = BTreeMap::<(&str, usize), Vec<(f64, &StageResult)>>::new();
    for result in all {
        let mut seen = BTreeMap::<&str, usize>::new();
        for stage in &result.stages {
            let number = seen.entry(&stage.name).or_default();
            let of = groups.entry((&stage.name, *number)).or_default();
            of.push((result.run.started - started, stage));
            *number += 1;
        }
    }
    let connected = |begins_s: f64, ends_s: f64| {
        series::most(all, series, (started + begins_s, started + ends_s), |point| point.connected)
    };
    let mut stages: Vec<StageResult> = groups.into_values().filter_map(|of| stage(&of, &connected)).collect();
    stages.sort_by(|a, b| a.begins_s.total_cmp(&b.begins_s).then_with(|| a.name.cmp(&b.name)));
    stages
}

/// One stage of several runs, each with how much later than the whole its run began. `connected` is how many connections were
/// seen at the most between two moments.
fn stage(of: &[(f64, &StageResult)], connected: &dyn Fn(f64, f64) -> Option<u64>) -> Option<StageResult> {
    let begins_s = of.iter().map(|(later, stage)| later + stage.begins_s).min_by(f64::total_cmp)?;
    let ends_s = of.iter().map(|(later, stage)| later + stage.ends_s).max_by(f64::total_cmp)?;
    let seconds = ends_s - begins_s;
    let received: Option<Vec<_>> = of.iter().map(|(_, stage)| stage.received).collect();
    Some(StageResult {
        name: of.first()?.1.name.clone(),
        begins_s,
        ends_s,
        users: of.iter().fold(0, |sum, (_, stage)| stage.users.saturating_add(sum)),
        aggregated: added(of.iter().map(|(_, stage)| &stage.aggregated), seconds),
        rows: by_name(of.iter().flat_map(|(_, stage)| &stage.rows), seconds),
        received: received.map(|received| counts::received(received.into_iter())),
        connections: counts::connections(
            of.iter().map(|(_, stage)| stage.connections),
            connected(begins_s, ends_s),
        ),
    })
}
