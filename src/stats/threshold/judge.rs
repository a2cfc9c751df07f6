//! Thresholds at the end of a run, held against its result.
//!
//! If no request of a row has finished, its failures and response times cannot be judged: the broker may be dead, or
//! the row may have been renamed, and neither means "met". A response time that cannot be judged is as bad as a
//! missed one. Failures differ, so that a threshold can ask for a connection that is never lost: a row without
//! requests has no failures. Failures that cannot be judged are bad only if requests of the row began and never
//! finished, or if the whole run has no finished request. The same goes for measured messages: if none was expected,
//! none being lost proves nothing.

use std::collections::BTreeMap;

use crate::stats::RowKey;
use crate::stats::criterion::Rows;
use crate::stats::metric::{MessageMetric, Metric, RunMetric, decimals};
use crate::stats::result::deliveries::DeliveryRow;
use crate::stats::result::row::RowResult;
use crate::stats::result::{RunResult, Source, StageResult, ThresholdResult};
use crate::stats::threshold::Threshold;
use crate::stats::threshold::figures::{RunFigures, of_row};
use crate::stats::threshold::verdict::{Judgement, Miss, Verdict};

/// What the rows of a threshold without `[ROW]` are called.
const AGGREGATED: &str = "Aggregated";

/// What stands for a row in a threshold on what only the run has.
const RUN: &str = "run";

/// Judges thresholds by the result of a run, of which only `thresholds` is not read. Each has one verdict for each of
/// its rows, and at least one. Of a part of a run that was divided, none can be judged, and none fails it. `aborted` is the miss that ended the run: it stands as it was then, whatever came after.
pub fn judge_all(
    thresholds: &[Threshold],
    result: &RunResult,
    aborted: Option<&Miss>,
) -> Vec<ThresholdResult> {
    if result.run.is_part() {
        let why = match result.source {
            Source::Merge => "shards of the run are missing",
            _ => "a shard is a part of the run; `merge` judges all of them together",
        };
        let left = |threshold| not_judged(threshold, &called(threshold), why, false).result(threshold, false);
        return thresholds.iter().map(left).collect();
    }
    let judged = thresholds.iter().enumerate().flat_map(|(index, threshold)| match aborted {
        Some(miss) if miss.index == index => miss.results.clone(),
        _ => judge(threshold, result).into_iter().map(|judged| judged.result(threshold, false)).collect(),
    });
    judged.collect()
}

/// Judges one threshold by the result of a run, and returns at least one judgement.
pub fn judge(threshold: &Threshold, result: &RunResult) -> Vec<Judgement> {
    let mut stage = None;
    if let Some(wanted) = &threshold.stage {
        stage = result.stages.iter().find(|stage| stage.name == wanted.name);
        if stage.is_none() {
            let why = "the run ended before this stage";
            return vec![not_judged(threshold, &called(threshold), why, true)];
        }
    }
    match threshold.criterion().metric {
        Metric::OfRun(metric) => {
            let figures = stage.map_or_else(|| RunFigures::of(result), RunFigures::of_stage);
            vec![judge_run(threshold, metric, &figures)]
        }
        Metric::OfMessages(metric) => judge_messages(threshold, metric, result),
        _ => judge_rows(threshold, result, stage),
    }
}

pub(super) fn judge_run(threshold: &Threshold, metric: RunMetric, figures: &RunFigures) -> Judgement {
    match figures.value(metric) {
        Ok(value) => judged(threshold, RUN, value),
        // A search in which not even the lowest rate held has an answer.
        Err(missing) if matches!(figures.search, Some(None)) && metric == RunMetric::HighestRate => {
            judgement(threshold, RUN, Verdict::Missed, None, format!("no {metric}: {}", missing.why))
        }
        Err(missing) => not_judged(threshold, RUN, missing.why, missing.fails),
    }
}

fn judge_messages(threshold: &Threshold, metric: MessageMetric, result: &RunResult) -> Vec<Judgement> {
    let Some(deliveries) = result.end_to_end.as_ref().filter(|all| !all.rows.is_empty()) else {
        return vec![not_judged(threshold, &called(threshold), "no message was measured", true)];
    };
    let judge = |title: &str, row: &DeliveryRow| {
        let says_something = matches!(metric, MessageMetric::Expected | MessageMetric::Received);
        let Some(value) = metric.value(row).filter(|_| says_something || row.expected + row.received > 0)
        else {
            return not_judged(threshold, title, "no message was expected", true);
        };
        let mut judged = judged(threshold, title, value);
        let why = match result.run.shards {
            Some(_) => " at least: the run was divided into shards",
            None => " at least: not all publishers could be compared with all subscriptions",
        };
        if !deliveries.complete && metric.is_of_losses() && judged.verdict == Verdict::Met {
            judged.verdict = Verdict::NotJudged { fails: true };
            judged.detail += why;
        }
        judged
    };
    if threshold.criterion().rows == Rows::Aggregated {
        return vec![judge(AGGREGATED, &deliveries.total())];
    }
    let key = |row: &DeliveryRow| RowKey { request_type: row.request_type.clone(), name: row.name.clone() };
    let rows = deliveries.rows.iter().map(|row| (key(row), row));
    let rows = rows.filter(|(key, _)| threshold.criterion().rows.hold(key));
    let judgements: Vec<_> = rows.map(|(key, row)| judge(&title(&key), row)).collect();
    if judgements.is_empty() {
        let why = "the run has no measured subscription of this name";
        return vec![not_judged(threshold, &called(threshold), why, true)];
    }
    judgements
}

/// How much of a row was finished, and how much was not.
#[derive(Debug, Clone, Copy)]
struct Ends {
    finished: u64,
    unfinished: u64,
    /// Whether nothing of the whole run was finished, though something was begun.
    in_vain: bool,
}

fn judge_rows(threshold: &Threshold, result: &RunResult, stage: Option<&StageResult>) -> Vec<Judgement> {
    let metric = threshold.criterion().metric;
    let in_vain = result.aggregated.requests == 0 && result.unfinished.count > 0;
    let (aggregated, in_stage) =
        stage.map_or((&result.aggregated, None), |stage| (&stage.aggregated, Some(stage)));
    if threshold.criterion().rows == Rows::Aggregated {
        let unfinished = if stage.is_none() { result.unfinished.count } else { 0 };
        let ends = Ends { finished: aggregated.requests, unfinished, in_vain };
        return vec![judge_row(threshold, AGGREGATED, Some(aggregated), ends)];
    }
    // Rows of which nothing was finished are in no table of requests, and rows of the run may have had no requests in
    // the stage.
    let mut rows: BTreeMap<RowKey, (Option<&RowResult>, u64)> = BTreeMap::new();
    let key = |request_type: &str, name: &str| RowKey {
        request_type: request_type.to_owned(),
        name: name.to_owned(),
    };
    for row in &result.rows {
        let found = if in_stage.is_some() { None } else { Some(row) };
        rows.insert(key(&row.request_type, &row.name), (found, 0));
    }
    for row in in_stage.into_iter().flat_map(|stage| &stage.rows) {
        rows.entry(key(&row.request_type, &row.name)).or_default().0 = Some(row);
    }
    for row in &result.unfinished.rows {
        rows.entry(key(&row.request_type, &row.name)).or_default().1 = row.count;
    }
    let rows = rows.into_iter().filter(|(key, _)| threshold.criterion().rows.hold(key));
    let judgements: Vec<_> = rows
        .map(|(key, (row, unfinished))| {
            let ends = Ends { finished: row.map_or(0, |row| row.requests), unfinished, in_vain };
            let apart_ms = result.run.clocks_apart_ms();
            if row.is_some_and(|row| row.measured) && metric.is_time() && threshold.limit < apart_ms {
                let why = format!("the clocks of the shards were up to {apart_ms:.0} ms apart");
                return not_judged(threshold, &title(&key), &why, true);
            }
            judge_row(threshold, &title(&key), row, ends)
        })
        .collect();
    if !judgements.is_empty() {
        return judgements;
    }
    let row = called(threshold);
    let missing = "the run has no such row";
    vec![match metric {
        Metric::Unfinished => {
            judgement(threshold, &row, verdict(threshold, 0.0), Some(0.0), format!("{metric} 0: {missing}"))
        }
        metric if needs_requests(metric) => {
            unfinished(threshold, &row, Ends { finished: 0, unfinished: 0, in_vain }, missing)
        }
        _ => judgement(threshold, &row, Verdict::Missed, None, missing.to_owned()),
    }]
}

fn judge_row(threshold: &Threshold, title: &str, row: Option<&RowResult>, ends: Ends) -> Judgement {
    let metric = threshold.criterion().metric;
    let value = match metric {
        Metric::Unfinished => Some(ends.unfinished as f64),
        Metric::UnfinishedRatio => {
            let begun = ends.finished + ends.unfinished;
            (begun > 0).then(|| ends.unfinished as f64 * 100.0 / begun as f64)
        }
        // A row of which nothing was finished.
        Metric::Requests | Metric::Rps if row.is_none() => Some(0.0),
        _ => row.and_then(|row| of_row(metric, row)),
    };
    let judged_by = if metric.is_of_unfinished() { ends.finished + ends.unfinished } else { ends.finished };
    if judged_by == 0 && needs_requests(metric) {
        return unfinished(threshold, title, ends, "no request was finished");
    }
    match (value, metric) {
        (Some(value), _) => judged(threshold, title, value),
        // Where nothing failed, no failure took long.
        (None, Metric::Failed(_)) => not_judged(threshold, title, "no request failed", false),
        (None, Metric::Succeeded(_)) => not_judged(threshold, title, "no request succeeded", true),
        (None, _) => {
            let detail = format!("no {metric}: its requests had none");
            judgement(threshold, title, Verdict::Missed, None, detail)
        }
    }
}

/// A row of which nothing was finished.
fn unfinished(threshold: &Threshold, row: &str, ends: Ends, why: &str) -> Judgement {
    let metric = threshold.criterion().metric;
    let of_failures =
        metric.is_of_failures() || metric.is_of_unfinished() || matches!(metric, Metric::Failed(_));
    let fails = ends.unfinished > 0 || ends.in_vain || !of_failures;
    let also = match ends {
        Ends { unfinished: 1.., .. } => format!(", {} unfinished", ends.unfinished),
        Ends { in_vain: true, .. } => ", and nothing else of the run was finished".to_owned(),
        _ => String::new(),
    };
    not_judged(threshold, row, &format!("{why}{also}"), fails)
}

fn needs_requests(metric: Metric) -> bool {
    metric.is_time()
        || metric.is_of_failures()
        || matches!(metric, Metric::UnfinishedRatio | Metric::AverageLength)
}

pub(super) fn judged(threshold: &Threshold, row: &str, value: f64) -> Judgement {
    let metric = threshold.criterion().metric;
    let detail = format!("{metric} {value:.*}{}", decimals(&[value]), metric.unit().suffix());
    judgement(threshold, row, verdict(threshold, value), Some(value), detail)
}

fn verdict(threshold: &Threshold, value: f64) -> Verdict {
    if threshold.holds(value) { Verdict::Met } else { Verdict::Missed }
}

fn not_judged(threshold: &Threshold, row: &str, why: &str, fails: bool) -> Judgement {
    let detail = format!("no {}: {why}", threshold.criterion().metric);
    judgement(threshold, row, Verdict::NotJudged { fails }, None, detail)
}

fn judgement(
    threshold: &Threshold,
    row: &str,
    verdict: Verdict,
    value: Option<f64>,
    detail: String,
) -> Judgement {
    Judgement { threshold: threshold.to_string(), row: row.to_owned(), verdict, value, detail }
}

fn called(threshold: &Threshold) -> String {
    match &threshold.criterion().rows {
        Rows::Called(word) => word.clone(),
        Rows::Every => "*".to_owned(),
        Rows::Aggregated if matches!(threshold.criterion().metric, Metric::OfRun(_)) => RUN.to_owned(),
        Rows::Aggregated => AGGREGATED.to_owned(),
    }
}

fn title(key: &RowKey) -> String {
    format!("{} {}", key.request_type, key.name).trim_start().to_owned()
}

#[cfg(test)]
mod tests;
