//! Makes the result of a run from its statistics: the last step before the outputs.

use std::collections::HashMap;
use std::sync::Arc;

use crate::report::{health, rate_search, verdict};
use crate::stats::delivery::{Counts, DeliveryReport};
use crate::stats::fine::FineTimes;
use crate::stats::health::Health;
use crate::stats::latency::LatencySummary;
use crate::stats::number::Number;
use crate::stats::over_time::StageSums;
use crate::stats::rate_search::{Probe, RateSearchReport, Verdict as ProbeVerdict};
use crate::stats::result::connections::Connections;
use crate::stats::result::deliveries::{Deliveries, DeliveryRow, DuplicatesResult, LostResult, Messages};
use crate::stats::result::generator::{Generator, Standstills, Used};
use crate::stats::result::row::{RowResult, Times, UnfinishedResult, UnfinishedRow};
use crate::stats::result::what_ran::WhatRan;
use crate::stats::result::{
    ExceptionResult, FailureResult, RunResult, ScheduledStarts, SearchResult, Source, StageResult, TriedRate,
    VERSION, Verdict,
};
use crate::stats::snapshot::{Row, Snapshot};
use crate::stats::statistics::Statistics;
use crate::stats::threshold::Threshold;
use crate::stats::threshold::judge::judge_all;
use crate::stats::threshold::verdict::Miss;
use crate::stats::unfinished::{Unfinished, Waits};
use crate::stats::{Received, RowKey};

/// Everything that is known at the end of a run.
#[derive(Debug, Clone)]
pub struct Ended<'a> {
    /// What ran.
    pub run: WhatRan,
    /// The names of the stages and the users that they want; one without a name for a run that is not staged.
    pub stages: &'a [(String, u32)],
    /// Everything that was recorded.
    pub statistics: &'a Statistics,
    /// The state of the statistics at the end.
    pub snapshot: &'a Snapshot,
    /// How the load generator did.
    pub health: &'a Health,
    /// What must hold.
    pub thresholds: &'a [Threshold],
    /// The threshold that ended the run, if one did.
    pub aborted: Option<&'a Miss>,
    /// The result of the rate search, if there was one.
    pub rate_search: Option<&'a RateSearchReport>,
    /// What became of measured messages, if any were.
    pub delivery: Option<&'a DeliveryReport>,
    /// The exit code of a run that had failures or exceptions.
    pub exit_code_on_error: u8,
}

/// The result of a run.
pub fn result(ended: Ended<'_>) -> RunResult {
    let (statistics, snapshot) = (ended.statistics, ended.snapshot);
    let unfinished_of: HashMap<_, _> =
        snapshot.unfinished.iter().map(|it| (&*it.row, it.waits.count)).collect();
    let row_of = |row: &Row| {
        let measured = snapshot.measured.iter().any(|(known, _)| **known == *row.key);
        let unfinished = unfinished_of.get(&*row.key).copied().unwrap_or(0);
        RowResult { measured, unfinished, ..row_so_far(statistics, row) }
    };
    let rows: Vec<_> = snapshot.rows.iter().map(row_of).collect();
    let unfinished_in_all = Unfinished::total(&snapshot.unfinished).count;
    let aggregated =
        RowResult { unfinished: unfinished_in_all, ..aggregated_so_far(statistics, &snapshot.aggregated) };
    let (intended, began) = (statistics.intended().to_fine(), statistics.began().to_fine());
    let mut result = RunResult {
        version: VERSION,
        source: Source::Run,
        notes: Vec::new(),
        verdict: Verdict::default(),
        stages: stages(&ended, &rows, &aggregated),
        response_times_ms: aggregated.response_times_ms,
        rows,
        aggregated,
        thresholds: Vec::new(),
        failures: failures(snapshot),
        exceptions: snapshot
            .exceptions
            .iter()
            .map(|it| ExceptionResult {
                count: it.count,
                message: it.message.clone(),
                traceback: it.traceback.clone(),
            })
            .collect(),
        unfinished: unfinished(&snapshot.unfinished),
        from_intended_moments_ms: Times::of(&intended),
        from_intended_moments_histogram: intended,
        service_time_ms: Times::of(&began),
        service_time_histogram: began,
        scheduled_starts: ScheduledStarts { count: snapshot.starts.count, late: snapshot.starts.late },
        search: ended.rate_search.map(search),
        end_to_end: ended.delivery.map(|report| deliveries(snapshot, statistics, report)),
        received: received(snapshot.received),
        connections: Some(connections(&ended)),
        generator: generator(ended.health),
        // Whoever watches brokers adds what they said.
        watched: Vec::new(),
        series: statistics.series(),
        run: ended.run,
    };
    result.thresholds = judge_all(ended.thresholds, &result, ended.aborted);
    result.verdict = verdict::of(&result, ended.exit_code_on_error);
    result
}

/// A row up to now. What of it never ends is known at the end.
pub(super) fn row_so_far(statistics: &Statistics, row: &Row) -> RowResult {
    let times = statistics.row_times(&row.key).cloned().unwrap_or_default();
    let failed = statistics.failed_times(&row.key).cloned().unwrap_or_default();
    row_result(row, times, failed, statistics.lasted_s())
}

/// The same of all requests together. `snapshot` has Locust's row, which counts measured messages too; of it only the name
/// is ours.
pub(super) fn aggregated_so_far(statistics: &Statistics, row: &Row) -> RowResult {
    statistics.requests().result(&row.key, statistics.lasted_s())
}

fn row_result(row: &Row, times: FineTimes, failed: FineTimes, seconds: f64) -> RowResult {
    // Before the first second there is only Locust's rate.
    let rate = |count: u64, locust: f64| if seconds > 0.0 { count as f64 / seconds } else { locust };
    let response_times_ms = Times::of(&times);
    RowResult {
        request_type: row.key.request_type.clone(),
        name: row.key.name.clone(),
        measured: false,
        requests: row.requests,
        failures: row.failures,
        unfinished: 0,
        median_ms: response_times_ms.map_or(0.0, |times| times.p50),
        average_ms: row.average,
        min_ms: number(row.min),
        max_ms: number(row.max),
        average_length_bytes: number(row.average_length),
        requests_per_s: rate(row.requests, row.rps),
        failures_per_s: rate(row.failures, row.failures_per_s),
        response_times_ms,
        succeeded_ms: Times::of(&times.without(&failed)),
        failed_ms: Times::of(&failed),
        histogram: times,
        failed_histogram: failed,
        percentiles: Vec::new(),
    }
}

/// The stages. A run without them has none, and one with a single stage tells its numbers again under its name.
fn stages(ended: &Ended<'_>, rows: &[RowResult], aggregated: &RowResult) -> Vec<StageResult> {
    let name = |index: usize, name: &str| {
        if name.is_empty() { format!("stage {}", index + 1) } else { name.to_owned() }
    };
    let statistics = ended.statistics;
    if statistics.stages().is_empty() {
        let Some((name, users)) = ended.stages.first().filter(|(name, _)| !name.is_empty()) else {
            return Vec::new();
        };
        return vec![StageResult {
            name: name.clone(),
            begins_s: 0.0,
            ends_s: ended.run.ended - ended.run.started,
            users: *users,
            aggregated: aggregated.clone(),
            rows: rows.to_vec(),
            received: Some(received(ended.snapshot.received)),
            connections: Some(connections(ended)),
        }];
    }
    let of_stage = |(index, sums): (usize, &StageSums)| {
        let (begins_s, ends_s) = sums.span_s?;
        let seconds = ends_s - begins_s;
        let mut rows: Vec<_> = statistics
            .keys()
            .iter()
            .zip(&sums.rows)
            .filter_map(|(key, sums)| Some((key, sums.as_ref()?.result(key, seconds))))
            .collect();
        rows.sort_by_key(|(key, _)| *key);
        let (stage, users) = ended.stages.get(index).map_or(("", sums.users), |(name, users)| (name, *users));
        Some(StageResult {
            name: name(index, stage),
            begins_s,
            ends_s,
            users,
            aggregated: sums.all.result(&ended.snapshot.aggregated.key, seconds),
            rows: rows.into_iter().map(|(_, row)| row).collect(),
            received: Some(received(sums.received)),
            connections: Some(Connections {
                opened: sums.connections.opened,
                ended: sums.connections.ended,
                most: sums.most_connected,
            }),
        })
    };
    statistics.stages().iter().enumerate().filter_map(of_stage).collect()
}

fn received(of: Received) -> Messages {
    Messages { messages: of.messages, bytes: of.bytes }
}

fn connections(ended: &Ended<'_>) -> Connections {
    let of = ended.snapshot.connections;
    Connections { opened: of.opened, ended: of.ended, most: ended.statistics.most_connected() }
}

/// The failures, the most frequent first.
fn failures(snapshot: &Snapshot) -> Vec<FailureResult> {
    let mut failures = snapshot.failures_as_seen();
    failures.sort_by_key(|failure| std::cmp::Reverse(failure.occurrences));
    let failure = |failure: &crate::stats::failure::Failure| FailureResult {
        request_type: failure.what.row.request_type.clone(),
        name: failure.what.row.name.clone(),
        error: failure.what.original.clone(),
        occurrences: failure.occurrences,
        first_seen: Some(failure.first_seen),
        last_seen: Some(failure.last_seen),
    };
    failures.into_iter().map(failure).collect()
}

/// Unfinished requests: of all rows together, and of each row.
fn unfinished(rows: &[Unfinished]) -> UnfinishedResult {
    let oldest = |waits: &Waits| (waits.count > 0).then(|| waits.oldest_ms());
    let all = Unfinished::total(rows);
    UnfinishedResult {
        count: all.count,
        oldest_ms: oldest(&all),
        overdue: all.overdue,
        rows: rows
            .iter()
            .map(|Unfinished { row, waits }| UnfinishedRow {
                request_type: row.request_type.clone(),
                name: row.name.clone(),
                count: waits.count,
                oldest_ms: oldest(waits),
                overdue: waits.overdue,
            })
            .collect(),
    }
}

fn search(report: &RateSearchReport) -> SearchResult {
    let tried = |probe: &Probe| TriedRate {
        rate: probe.rate,
        achieved: probe.achieved,
        p50_ms: probe.p50_ms,
        p99_ms: probe.p99_ms,
        failures: probe.failures,
        holds: probe.verdict == ProbeVerdict::Holds,
        generator_was_the_limit: probe.verdict == ProbeVerdict::Saturated,
    };
    SearchResult {
        until: report.until.clone(),
        highest_rate: report.highest,
        complete: report.complete,
        tried: report.probes.iter().map(tried).collect(),
        sentence: rate_search::sentence(report),
    }
}

/// The times and counts of each measured row.
fn deliveries(snapshot: &Snapshot, statistics: &Statistics, report: &DeliveryReport) -> Deliveries {
    let row = |(key, counts): &(RowKey, Counts)| {
        let times = |rows: &[(Arc<RowKey>, LatencySummary)], of: Option<&FineTimes>| {
            of.filter(|_| rows.iter().any(|(row, _)| **row == *key)).cloned().unwrap_or_default()
        };
        let histogram = times(&snapshot.measured, statistics.measured_times(key));
        let service_time_histogram = times(&snapshot.measured_began, statistics.measured_began_times(key));
        let Counts { received, lost, duplicates, reordered, unsettled, retained, untracked } = *counts;
        DeliveryRow {
            request_type: key.request_type.clone(),
            name: key.name.clone(),
            times_ms: Times::of(&histogram),
            service_time_ms: Times::of(&service_time_histogram),
            histogram,
            service_time_histogram,
            expected: counts.expected(),
            received,
            lost: LostResult {
                total: lost.total(),
                qos_0: lost.qos_0,
                reconnect: lost.reconnect,
                expiry: lost.expiry,
                not_acknowledged: lost.not_acknowledged,
                not_shared: lost.not_shared,
                unexplained: lost.unexplained,
            },
            duplicates: DuplicatesResult {
                total: duplicates.total(),
                redelivered: duplicates.redelivered,
                against_qos_2: duplicates.against_qos_2,
                unexplained: duplicates.unexplained,
            },
            reordered,
            unsettled,
            retained,
            untracked,
        }
    };
    Deliveries { rows: report.rows.iter().map(row).collect(), complete: report.complete }
}

pub(super) fn generator(of: &Health) -> Generator {
    let used = |share: crate::stats::health::Share| Used { used: share.used, of: share.of };
    Generator {
        was_the_limit: of.limited_seconds > 0,
        seconds: of.seconds,
        limited_seconds: of.limited_seconds,
        cpu_cores: of.cpu_cores,
        standstills: Standstills { count: of.standstills, seconds: of.stood_still.as_secs_f64() },
        send_lag_ms: of.send_lag.as_ref().map(|lag| Times {
            count: lag.count,
            min: lag.min_ms,
            mean: lag.mean_ms,
            p50: lag.p50_ms,
            p90: lag.p90_ms,
            p95: lag.p95_ms,
            p99: lag.p99_ms,
            p999: lag.p999_ms,
            max: lag.max_ms,
        }),
        open_files: of.files.map(used),
        local_ports: of.ports.map(used),
        sentence: health::sentence(of),
    }
}

fn number(number: Number) -> f64 {
    match number {
        Number::Int(whole) => whole as f64,
        Number::Float(float) => float,
    }
}
