//! The end of a run as one JSON object, for scripts: what the console says, with names instead of columns.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::engine::Tick;
use crate::report::rate_search;
use crate::stats::RowKey;
use crate::stats::delivery::{Counts, DeliveryReport};
use crate::stats::fine::FineTimes;
use crate::stats::latency::LatencySummary;
use crate::stats::number::Number;
use crate::stats::rate_search::{Probe, RateSearchReport, Verdict};
use crate::stats::snapshot::{Row, Snapshot};
use crate::stats::threshold::{self, Judgement};
use crate::stats::unfinished::{Unfinished, Waits};

/// Rows, percentiles from the histograms, thresholds, what a search found, and how the load generator fared. Times
/// in milliseconds, rates per second. The snapshot is one of the tick's statistics.
pub(super) fn summary(tick: &Tick<'_>, snapshot: &Snapshot, judgements: &[Judgement]) -> Value {
    let (health, found, delivery) = (tick.health, tick.search, tick.delivery);
    let of_row = |row: &Row| tick.statistics.row_times(&row.key).and_then(FineTimes::summary);
    let in_all = Unfinished::total(&snapshot.unfinished);
    let unfinished_of: HashMap<_, _> =
        snapshot.unfinished.iter().map(|it| (&*it.row, it.waits.count)).collect();
    let left = |row: &Row| unfinished_of.get(&*row.key).copied().unwrap_or(0);
    json!({
        "rows": snapshot.rows.iter().map(|it| row(it, of_row(it).as_ref(), left(it))).collect::<Vec<_>>(),
        "aggregated": row(&snapshot.aggregated, snapshot.latency.as_ref(), in_all.count),
        "unfinished": unfinished(&snapshot.unfinished),
        "response_times_ms": snapshot.latency.as_ref().map(times),
        "from_intended_moments_ms": snapshot.intended.as_ref().map(times),
        "thresholds": judgements.iter().map(judgement).collect::<Vec<_>>(),
        "service_time_ms": snapshot.began.as_ref().map(times),
        "scheduled_starts": { "count": snapshot.starts.count, "late": snapshot.starts.late },
        "search": found.map(search_report),
        "end_to_end": delivery.map(|report| end_to_end(snapshot, report)),
        "received": { "messages": snapshot.received.messages, "bytes": snapshot.received.bytes },
        "generator": {
            "was_the_limit": health.limited_seconds > 0,
            "seconds": health.seconds,
            "limited_seconds": health.limited_seconds,
            "cpu_cores": health.cpu_cores(),
            "standstills": { "count": health.standstills, "seconds": health.stood_still.as_secs_f64() },
            "send_lag_ms": health.send_lag.as_ref().map(times),
            "open_files": health.files.map(|files| json!({ "used": files.used, "of": files.of })),
            "local_ports": health.ports.map(|ports| json!({ "used": ports.used, "of": ports.of })),
            "sentence": health.to_string(),
        },
    })
}

/// A row with its times from the histogram, if it has any, and what of it never came to an end.
fn row(row: &Row, latency: Option<&LatencySummary>, unfinished: u64) -> Value {
    json!({
        "type": row.key.request_type,
        "name": row.key.name,
        "requests": row.requests,
        "failures": row.failures,
        "unfinished": unfinished,
        "median_ms": latency.map_or(0.0, |latency| latency.p50_ms),
        "average_ms": row.average,
        "min_ms": number(row.min),
        "max_ms": number(row.max),
        "requests_per_s": row.rps,
        "failures_per_s": row.failures_per_s,
        "response_times_ms": latency.map(times),
    })
}

/// What never came to an end: in all, and of each row, those included of which nothing did.
fn unfinished(rows: &[Unfinished]) -> Value {
    let waits = |waits: &Waits| {
        json!({
            "count": waits.count,
            "oldest_ms": (waits.count > 0).then(|| waits.oldest_ms()),
            "overdue": waits.overdue,
        })
    };
    let mut all = waits(&Unfinished::total(rows));
    let row = |Unfinished { row, waits: of_row }: &Unfinished| {
        let mut value = waits(of_row);
        value["type"] = json!(row.request_type);
        value["name"] = json!(row.name);
        value
    };
    all["rows"] = rows.iter().map(row).collect();
    all
}

fn judgement(judgement: &Judgement) -> Value {
    json!({
        "threshold": judgement.threshold,
        "row": judgement.row,
        "verdict": judgement.verdict.to_string(),
        // Neither true nor false if it was not judged.
        "met": match judgement.verdict {
            threshold::Verdict::Met => Some(true),
            threshold::Verdict::Missed => Some(false),
            threshold::Verdict::NotJudged { .. } => None,
        },
        "fails_the_run": judgement.verdict.fails(),
        "value": judgement.value,
        "sentence": judgement.detail,
    })
}

fn search_report(report: &RateSearchReport) -> Value {
    let probe = |probe: &Probe| {
        json!({
            "rate": probe.rate,
            "achieved": probe.achieved,
            "p50_ms": probe.p50_ms,
            "p99_ms": probe.p99_ms,
            "failures": probe.failures,
            "holds": probe.verdict == Verdict::Holds,
            "generator_was_the_limit": probe.verdict == Verdict::Saturated,
        })
    };
    json!({
        "until": report.until,
        "highest_rate": report.highest,
        "complete": report.complete,
        "tried": report.probes.iter().map(probe).collect::<Vec<_>>(),
        "sentence": rate_search::sentence(report),
    })
}

/// Times and counts of each measured row.
fn end_to_end(snapshot: &Snapshot, report: &DeliveryReport) -> Value {
    let row = |(key, counts): &(RowKey, Counts)| {
        let of = |rows: &[(Arc<RowKey>, LatencySummary)]| {
            rows.iter().find(|(row, _)| **row == *key).map(|(_, latency)| times(latency))
        };
        let Counts { received, lost, duplicates, reordered, unsettled, retained, untracked } = counts;
        json!({
            "type": key.request_type,
            "name": key.name,
            "times_ms": of(&snapshot.measured),
            "service_time_ms": of(&snapshot.measured_began),
            "expected": counts.expected(),
            "received": received,
            "lost": {
                "total": lost.total(),
                "qos_0": lost.qos_0,
                "reconnect": lost.reconnect,
                "expiry": lost.expiry,
                "not_acknowledged": lost.not_acknowledged,
                "not_shared": lost.not_shared,
                "unexplained": lost.unexplained,
            },
            "duplicates": {
                "total": duplicates.total(),
                "redelivered": duplicates.redelivered,
                "against_qos_2": duplicates.against_qos_2,
                "unexplained": duplicates.unexplained,
            },
            "reordered": reordered,
            "unsettled": unsettled,
            "retained": retained,
            "untracked": untracked,
        })
    };
    json!({ "rows": report.rows.iter().map(row).collect::<Vec<_>>(), "complete": report.complete })
}

fn times(latency: &LatencySummary) -> Value {
    json!({
        "count": latency.count,
        "p50": latency.p50_ms,
        "p90": latency.p90_ms,
        "p95": latency.p95_ms,
        "p99": latency.p99_ms,
        "p99.9": latency.p999_ms,
        "max": latency.max_ms,
    })
}

fn number(number: Number) -> f64 {
    match number {
        Number::Int(whole) => whole as f64,
        Number::Float(float) => float,
    }
}
