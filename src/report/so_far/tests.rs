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
