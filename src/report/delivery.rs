//! Measured messages at the end of a run: a line of times for each row, and a table of messages that were lost, came
//! twice or came out of order.

use std::fmt::Write;

use crate::stats::delivery::{Counts, DeliveryReport};
use crate::stats::latency::LatencySummary;
use crate::stats::snapshot::Snapshot;

/// The times, the table, and a sentence on what is not known; an empty text if nothing was measured.
pub fn summary(snapshot: &Snapshot, report: &DeliveryReport) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let mut line = |name: &str, what: &str, times: &LatencySummary| {
        let LatencySummary { p50_ms, p99_ms, max_ms, .. } = times;
        let _ = writeln!(
            text,
            "End to end {name}{what}: p50 {p50_ms:.3} ms, p99 {p99_ms:.3} ms, max {max_ms:.3} ms"
        );
    };
    for (row, times) in &snapshot.measured {
        line(&row.name, "", times);
        if let Some((_, began)) = snapshot.measured_began.iter().find(|(of, _)| of == row) {
            line(&row.name, ", service time", began);
        }
    }
    let _ = table(report, &mut text);
    text
}

/// Why a shared subscription gets nothing.
const NOT_SHARED: &str =
    "of a shared subscription that never received: this MQTT 3.1.1 broker seems not to support $share";

fn table(report: &DeliveryReport, out: &mut String) -> std::fmt::Result {
    if report.rows.is_empty() {
        return Ok(());
    }
    let width = report.rows.iter().map(|(row, _)| row.name.chars().count()).max().unwrap_or(0).max(4);
    writeln!(out, "\nDelivery of measured messages, over the whole run")?;
    let headings = ["expected", "received", "lost", "twice", "reordered", "unsettled"];
    writeln!(out, "  {:width$}{}", "Name", headings.map(|heading| format!("{heading:>11}")).join(""))?;
    for (row, counts) in &report.rows {
        let Counts { received, lost, duplicates, reordered, unsettled, .. } = counts;
        let numbers =
            [counts.expected(), *received, lost.total(), duplicates.total(), *reordered, *unsettled];
        let numbers = numbers.map(|number| format!("{number:>11}")).join("");
        writeln!(out, "  {:width$}{numbers}", row.name)?;
        for line in details(counts) {
            writeln!(out, "    {line}")?;
        }
    }
    if !report.complete {
        writeln!(
            out,
            "  There were too many publishers and filters to hold all against each other: losses at the beginning \
             and the end of streams are not complete."
        )?;
    }
    Ok(())
}

/// The causes of what is not as it should be, and what was left out of the counts.
fn details(counts: &Counts) -> Vec<String> {
    let list = |what: &str, causes: &[(u64, &str)]| {
        let causes: Vec<_> = causes
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, cause)| format!("{count} {cause}"))
            .collect();
        (!causes.is_empty()).then(|| format!("{what}: {}", causes.join(", ")))
    };
    let Counts { lost, duplicates, retained, untracked, .. } = counts;
    let lost = list(
        "lost",
        &[
            (lost.qos_0, "by QoS 0"),
            (lost.reconnect, "during a reconnect"),
            (lost.expiry, "expired"),
            (lost.not_acknowledged, "not acknowledged to the publisher"),
            (lost.not_shared, NOT_SHARED),
            (lost.unexplained, "unexplained"),
        ],
    );
    let twice = list(
        "twice",
        &[
            (duplicates.redelivered, "delivered again"),
            (duplicates.against_qos_2, "against QoS 2"),
            (duplicates.unexplained, "unexplained"),
        ],
    );
    let beside = list(
        "not counted",
        &[(*retained, "from before the subscription"), (*untracked, "of more streams than can be tracked")],
    );
    [lost, twice, beside].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::delivery::{Duplicates, Lost};
    use crate::stats::recorder::{Recorder, ScheduledNs};
    use crate::stats::statistics::Statistics;
    use crate::stats::{RowId, RowKey, UnixMicros};

    fn row(name: &str) -> RowKey {
        RowKey { request_type: "MQTT".into(), name: name.into() }
    }

    #[test]
    fn a_schedule_adds_the_times_from_when_the_publish_step_began() {
        let rows = [row("end_to_end:0:a"), row("end_to_end:0:b")];
        let mut recorder = Recorder::new(UnixMicros(0), &rows, true);
        let mut statistics = Statistics::new(0.0, false);
        for tick in 1..=2 {
            recorder.record_measured(RowId(0), UnixMicros(tick), 1_000_000, 7);
            recorder.record_measured(RowId(1), UnixMicros(tick), 1_000_000, 7);
            let times = ScheduledNs { intended: 900_000_000, began: 2_000_000 * tick };
            recorder.record_measured_scheduled(RowId(1), UnixMicros(tick), times, 7);
            let batch = recorder.take(UnixMicros(tick));
            let logged = batch.requests().filter_map(|request| request.began_ns.zip(request.response_ns));
            assert!(logged.eq([(times.began, times.intended)]));
            statistics.merge(vec![batch]);
        }
        let snapshot = statistics.snapshot(1.0);
        let counts: Vec<_> = snapshot.measured.iter().map(|(_, times)| times.count).collect();
        let began: Vec<_> =
            snapshot.measured_began.iter().map(|(row, times)| (&*row.name, times.count)).collect();
        assert_eq!((counts, began), (vec![2, 4], vec![("end_to_end:0:b", 2)]));
        assert_eq!(snapshot.began.map(|began| began.count), None, "they are no requests");
        let told = summary(&snapshot, &DeliveryReport { rows: Vec::new(), complete: true });
        let expected = "End to end end_to_end:0:a: p50 1.000 ms, p99 1.000 ms, max 1.000 ms
                        End to end end_to_end:0:b: p50 1.000 ms, p99 900.202 ms, max 900.202 ms
                        End to end end_to_end:0:b, service time: p50 2.001 ms, p99 4.002 ms, max 4.002 ms";
        assert_eq!(told.lines().collect::<Vec<_>>(), expected.lines().map(str::trim).collect::<Vec<_>>());
        statistics.reset(1.0);
        assert!(statistics.snapshot(1.0).measured_began.is_empty());
    }

    #[test]
    fn times_and_counts_are_told_with_their_causes() {
        let rows = [row("publish"), row("end_to_end:1:a/+")];
        let mut recorder = Recorder::new(UnixMicros(0), &rows, false);
        recorder.record(RowId(0), UnixMicros(1), Some(9_000_000), 0);
        for us in 1..=100 {
            recorder.record_measured(RowId(1), UnixMicros(1), us * 1_000, 7);
        }
        let mut statistics = Statistics::new(0.0, false);
        statistics.merge(vec![recorder.take(UnixMicros(2))]);
        let snapshot = statistics.snapshot(1.0);
        let requests = snapshot.rows.iter().map(|row| row.requests).sum::<u64>();
        assert_eq!((requests, snapshot.aggregated.requests), (101, 101));
        assert_eq!(snapshot.latency.unwrap().count, 1, "measured times are no response times of requests");
        let lost =
            Lost { qos_0: 1, reconnect: 2, expiry: 3, not_acknowledged: 4, not_shared: 8, unexplained: 5 };
        let duplicates = Duplicates { redelivered: 6, against_qos_2: 7, unexplained: 8 };
        let bad = Counts {
            received: 100,
            lost,
            duplicates,
            reordered: 8,
            unsettled: 9,
            retained: 10,
            untracked: 11,
        };
        let good = Counts { received: 12_345_678, ..Counts::default() };
        let rows = vec![(row("end_to_end:1:a/+"), bad), (row("good"), good)];
        let report = DeliveryReport { rows, complete: false };
        insta::assert_snapshot!(summary(&snapshot, &report));
        let nothing = DeliveryReport { rows: Vec::new(), complete: true };
        assert_eq!(summary(&Statistics::new(0.0, false).snapshot(0.0), &nothing), "");
    }
}
