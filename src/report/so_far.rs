//! The numbers of a run that goes on, for the thresholds that may end it.
//!
//! They are made of the rows that those thresholds name and of no others: a run may have 100,000 rows.

use crate::report::gather::{aggregated_so_far, generator, row_so_far};
use crate::stats::criterion::Rows;
use crate::stats::health::Health;
use crate::stats::result::ScheduledStarts;
use crate::stats::result::connections::Connections;
use crate::stats::result::row::{RowResult, Times};
use crate::stats::snapshot::Snapshot;
use crate::stats::statistics::Statistics;
use crate::stats::threshold::figures::RunFigures;

/// The rows that are wanted, up to now: of the run, or of one of its stages by its number from 0. A stage has no rows
/// before its first second. `now` is of these statistics.
pub fn rows(statistics: &Statistics, now: &Snapshot, stage: Option<usize>, wanted: &Rows) -> Vec<RowResult> {
    let Some(stage) = stage.filter(|_| !statistics.stages().is_empty()) else {
        if *wanted == Rows::Aggregated {
            return vec![aggregated_so_far(statistics, &now.aggregated)];
        }
        let rows = statistics.some_rows(now.now, |key| wanted.hold(key));
        return rows.iter().map(|row| row_so_far(statistics, row)).collect();
    };
    let Some((stage, (begins_s, ends_s))) =
        statistics.stages().get(stage).and_then(|stage| Some((stage, stage.span_s?)))
    else {
        return Vec::new();
    };
    let seconds = ends_s - begins_s;
    if *wanted == Rows::Aggregated {
        return vec![stage.all.result(&now.aggregated.key, seconds)];
    }
    let rows = statistics.keys().iter().zip(&stage.rows).filter(|(key, _)| wanted.hold(key));
    rows.filter_map(|(key, sums)| Some(sums.as_ref()?.result(key, seconds))).collect()
}

/// What only the run as a whole has, up to now.
pub fn run(statistics: &Statistics, now: &Snapshot, health: &Health) -> RunFigures {
    RunFigures {
        connections: Some(Connections {
            opened: now.connections.opened,
            ended: now.connections.ended,
            most: statistics.most_connected(),
        }),
        arrived: Some(now.received.messages),
        exceptions: None,
        starts: ScheduledStarts { count: now.starts.count, late: now.starts.late },
        search: None,
        generator: generator(health),
        service_time: Times::of(&statistics.began().to_fine()),
        intended: Times::of(&statistics.intended().to_fine()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::over_time::SecondOfRun;
    use crate::stats::recorder::Recorder;
    use crate::stats::{RowKey, UnixMicros};

    const START: UnixMicros = UnixMicros(1_700_000_000_000_000);

    /// A second of 20 publishes, of which one failed, and of 400 arrivals of their messages, which took longer.
    fn with_measured_messages() -> Statistics {
        let mut recorder = Recorder::new(START, &[], false);
        let row = |name: &str| RowKey { request_type: "MQTT".to_owned(), name: name.to_owned() };
        let (publish, arrival) = (recorder.row(&row("publish")), recorder.row(&row("arrival")));
        let at = |number: u64| UnixMicros(START.0 + 1 + number);
        for number in 0..19 {
            recorder.record(publish, at(number), Some(2_000_000 + number), 10);
        }
        recorder.record_failure(publish, at(19), Some(9_000_000), 10, "no PUBACK");
        for number in 0..400 {
            recorder.record_measured(arrival, at(number), 50_000 + number * 2_000_000, 1_000);
        }
        let mut statistics = Statistics::new(START.as_secs_f64(), false);
        let end = UnixMicros(START.0 + 1_000_000);
        statistics.merge(vec![recorder.take(end)]);
        statistics.end_second(end.as_secs_f64(), SecondOfRun::default(), true);
        statistics
    }

    #[test]
    fn a_measured_message_is_a_request_for_locust_and_for_nobody_else() {
        let statistics = with_measured_messages();
        let now = statistics.snapshot(START.as_secs_f64() + 1.0);
        assert_eq!((now.aggregated.requests, now.aggregated.failures), (420, 1));
        let publishes = RowKey { request_type: "MQTT".to_owned(), name: "publish".to_owned() };
        let of_publishes = now.rows.iter().find(|row| *row.key == publishes).unwrap();
        let named = row_so_far(&statistics, of_publishes);
        assert_eq!((named.requests, named.failures), (20, 1));
        for stage in [None, Some(0)] {
            let all = rows(&statistics, &now, stage, &Rows::Aggregated).remove(0);
            assert_eq!(all.name, "Aggregated");
            // The publishes are all requests, so that no number may differ.
            let key = (named.request_type.clone(), named.name.clone());
            let renamed = RowResult { request_type: key.0, name: key.1, ..all };
            assert_eq!(renamed, named, "in stage {stage:?}");
        }
        let (live, series) = (statistics.live(9).all, statistics.series());
        assert_eq!((live.requests, live.failures, live.requests_in_second), (20, 1, 20));
        assert_eq!((series.points[0].requests, series.all.requests[0]), (20, 20));
        assert_eq!(statistics.requests_and_failures(), (20, 1));
    }
}
