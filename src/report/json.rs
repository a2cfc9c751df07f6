//! The result of a run as one JSON object, for scripts. It holds what the console shows.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::report::times;
use crate::report::{health, rate_search};
use crate::stats::RowKey;
use crate::stats::delivery::{Counts, DeliveryReport};
use crate::stats::fine::FineTimes;
use crate::stats::health::Health;
use crate::stats::latency::LatencySummary;
use crate::stats::number::Number;
use crate::stats::rate_search::RateSearchReport;
use crate::stats::snapshot::{Row, Snapshot};
use crate::stats::statistics::Statistics;
use crate::stats::threshold::{self, Judgement};
use crate::stats::unfinished::{Unfinished, Waits};

/// The result of a run.
#[derive(Debug, Clone, Copy)]
pub struct Summary<'a> {
    /// Everything that was recorded.
    pub statistics: &'a Statistics,
    /// The state of the statistics at the end.
    pub snapshot: &'a Snapshot,
    /// How the load generator did.
    pub health: &'a Health,
    /// The verdicts on the thresholds.
    pub judgements: &'a [Judgement],
    /// The result of the rate search, if there was one.
    pub rate_search: Option<&'a RateSearchReport>,
    /// What became of measured messages, if any were.
    pub delivery: Option<&'a DeliveryReport>,
}

/// The summary as JSON: rows, percentiles, thresholds, the rate search, and the load generator. Times are in
/// milliseconds, and rates are per second.
pub fn summary(summary: &Summary<'_>) -> Value {
    let &Summary { statistics, snapshot, judgements, delivery, .. } = summary;
    let of_row = |row: &Row| statistics.row_times(&row.key).and_then(FineTimes::summary);
    let in_all = Unfinished::total(&snapshot.unfinished);
    let unfinished_of: HashMap<_, _> =
        snapshot.unfinished.iter().map(|it| (&*it.row, it.waits.count)).collect();
    let left = |row: &Row| unfinished_of.get(&*row.key).copied().unwrap_or(0);
    json!({
        "rows": snapshot.rows.iter().map(|it| row(it, of_row(it).as_ref(), left(it))).collect::<Vec<_>>(),
        "aggregated": row(&snapshot.aggregated, snapshot.latency.as_ref(), in_all.count),
        "unfinished": unfinished(&snapshot.unfinished),
        "response_times_ms": snapshot.latency.as_ref().map(times::json),
        "from_intended_moments_ms": snapshot.intended.as_ref().map(times::json),
        "thresholds": judgements.iter().map(judgement).collect::<Vec<_>>(),
        "service_time_ms": snapshot.began.as_ref().map(times::json),
        "scheduled_starts": { "count": snapshot.starts.count, "late": snapshot.starts.late },
        "search": summary.rate_search.map(rate_search::json),
        "end_to_end": delivery.map(|report| end_to_end(snapshot, report)),
        "received": { "messages": snapshot.received.messages, "bytes": snapshot.received.bytes },
        "generator": health::json(summary.health),
    })
}

/// A row with its response times, if it has any, and the number of its unfinished requests.
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
        "response_times_ms": latency.map(times::json),
    })
}

/// Unfinished requests: of all rows together, and of each row.
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

/// The times and counts of each measured row.
fn end_to_end(snapshot: &Snapshot, report: &DeliveryReport) -> Value {
    let row = |(key, counts): &(RowKey, Counts)| {
        let of = |rows: &[(Arc<RowKey>, LatencySummary)]| {
            rows.iter().find(|(row, _)| **row == *key).map(|(_, latency)| times::json(latency))
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

fn number(number: Number) -> f64 {
    match number {
        Number::Int(whole) => whole as f64,
        Number::Float(float) => float,
    }
}
