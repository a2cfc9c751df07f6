//! What is counted without times: failures, exceptions, unfinished requests, end-to-end messages, connections.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::stats::RowKey;
use crate::stats::result::connections::Connections;
use crate::stats::result::deliveries::{Deliveries, DeliveryRow, Messages};
use crate::stats::result::row::{Times, UnfinishedResult, UnfinishedRow};
use crate::stats::result::{ExceptionResult, FailureResult, RunResult};

/// The sum, or the highest number if it is beyond that.
pub(super) fn sum(counts: impl Iterator<Item = u64>) -> u64 {
    counts.fold(0, u64::saturating_add)
}

/// Equal failures of one row are one, the most frequent first.
pub(super) fn failures(all: &[&RunResult]) -> Vec<FailureResult> {
    let mut found = BTreeMap::<(&str, &str, &str), FailureResult>::new();
    for failure in all.iter().flat_map(|of| &of.failures) {
        let key = (failure.name.as_str(), failure.request_type.as_str(), failure.error.as_str());
        let known = found.entry(key).or_insert_with(|| FailureResult { occurrences: 0, ..failure.clone() });
        known.occurrences = known.occurrences.saturating_add(failure.occurrences);
        known.first_seen = of_both(known.first_seen, failure.first_seen, f64::min);
        known.last_seen = of_both(known.last_seen, failure.last_seen, f64::max);
    }
    let mut failures: Vec<_> = found.into_values().collect();
    failures.sort_by_key(|failure| Reverse(failure.occurrences));
    failures
}

/// Equal exceptions are one, the most frequent first.
pub(super) fn exceptions(all: &[&RunResult]) -> Vec<ExceptionResult> {
    let mut found = BTreeMap::<(&str, &str), u64>::new();
    for exception in all.iter().flat_map(|of| &of.exceptions) {
        let count = found.entry((&exception.message, &exception.traceback)).or_default();
        *count = count.saturating_add(exception.count);
    }
    let exception = |((message, traceback), count): ((&str, &str), u64)| ExceptionResult {
        count,
        message: message.to_owned(),
        traceback: traceback.to_owned(),
    };
    let mut exceptions: Vec<_> = found.into_iter().map(exception).collect();
    exceptions.sort_by_key(|exception| Reverse(exception.count));
    exceptions
}

/// Requests that never came to an end, in all and by row.
pub(super) fn unfinished<'a>(all: impl Iterator<Item = &'a UnfinishedResult>) -> UnfinishedResult {
    let mut merged = UnfinishedResult::default();
    let mut rows = BTreeMap::<RowKey, UnfinishedRow>::new();
    for of in all {
        merged.count = merged.count.saturating_add(of.count);
        merged.overdue = merged.overdue.saturating_add(of.overdue);
        merged.oldest_ms = of_both(merged.oldest_ms, of.oldest_ms, f64::max);
        for row in &of.rows {
            let key = RowKey { request_type: row.request_type.clone(), name: row.name.clone() };
            let known =
                rows.entry(key).or_insert_with(|| UnfinishedRow { count: 0, overdue: 0, ..row.clone() });
            known.count = known.count.saturating_add(row.count);
            known.overdue = known.overdue.saturating_add(row.overdue);
            known.oldest_ms = of_both(known.oldest_ms, row.oldest_ms, f64::max);
        }
    }
    merged.rows = rows.into_values().collect();
    merged
}

/// What became of measured messages; `None` if no run measured any.
pub(super) fn deliveries(all: &[&RunResult]) -> Option<Deliveries> {
    let measured: Vec<&Deliveries> = all.iter().filter_map(|of| of.end_to_end.as_ref()).collect();
    let mut rows = BTreeMap::<RowKey, Vec<&DeliveryRow>>::new();
    for row in measured.iter().flat_map(|of| &of.rows) {
        let key = RowKey { request_type: row.request_type.clone(), name: row.name.clone() };
        rows.entry(key).or_default().push(row);
    }
    (!measured.is_empty()).then(|| Deliveries {
        rows: rows.into_iter().map(|(key, rows)| delivery(key, &rows)).collect(),
        complete: measured.iter().all(|of| of.complete),
    })
}

fn delivery(key: RowKey, rows: &[&DeliveryRow]) -> DeliveryRow {
    let mut merged = DeliveryRow { request_type: key.request_type, name: key.name, ..DeliveryRow::default() };
    for row in rows {
        merged.count_in(row);
        merged.histogram.absorb(&row.histogram);
        merged.service_time_histogram.absorb(&row.service_time_histogram);
    }
    merged.times_ms = Times::of(&merged.histogram);
    merged.service_time_ms = Times::of(&merged.service_time_histogram);
    merged
}

/// Messages that arrived on subscriptions.
pub(super) fn received(all: impl Iterator<Item = Messages>) -> Messages {
    all.fold(Messages::default(), |sum, of| Messages {
        messages: sum.messages.saturating_add(of.messages),
        bytes: sum.bytes.saturating_add(of.bytes),
    })
}

/// Connections of all; `None` if one does not tell. `seen` is how many all together had at the most at the end of an interval.
pub(super) fn connections(
    all: impl Iterator<Item = Option<Connections>>,
    seen: Option<u64>,
) -> Option<Connections> {
    let all: Vec<Connections> = all.collect::<Option<_>>()?;
    Some(Connections {
        opened: sum(all.iter().map(|of| of.opened)),
        ended: sum(all.iter().map(|of| of.ended)),
        most: most(seen, all.iter().map(|of| of.most)),
    })
}

/// The most of all together at a time: what was seen, if anything was. It is not less than what one of them had, and not
/// more than if all had peaked together.
pub(super) fn most(seen: Option<u64>, each: impl Iterator<Item = u64>) -> u64 {
    let (one, together) = each.fold((0, 0_u64), |(most, sum), of| (of.max(most), sum.saturating_add(of)));
    seen.map_or(together, |seen| seen.clamp(one, together))
}

/// One of two values by this choice, or the one that is there.
pub(super) fn of_both<T>(one: Option<T>, two: Option<T>, choice: impl Fn(T, T) -> T) -> Option<T> {
    match (one, two) {
        (Some(one), Some(two)) => Some(choice(one, two)),
        (one, two) => one.or(two),
    }
}
