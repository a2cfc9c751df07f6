use super::*;
use crate::stats::RowId;
use crate::stats::recorder::Recorder;

const START: UnixMicros = UnixMicros(1_700_000_000_250_000);

fn row(name: &str) -> RowKey {
    RowKey { request_type: "MQTT".to_owned(), name: name.to_owned() }
}

#[test]
fn every_sample_is_in_its_row_its_second_and_its_bucket_once() {
    let mut recorder = Recorder::new(START, &[row("a"), row("b")], false);
    let at = |ms: u64| UnixMicros(START.0 + ms * 1_000);
    for sample in 0..100 {
        recorder.record(RowId(0), at(sample * 20), Some(1_400_000 + sample * 1_000_000), 10);
    }
    recorder.record(RowId(1), at(100), None, 0);
    recorder.record_failure(RowId(1), at(900), Some(200_000_000_000), 5, "refused");
    let mut interval = Interval::new(START);
    interval.merge(&recorder.take(at(1_000)));
    interval.merge(&recorder.take(at(2_000)));
    let taken = interval.take(at(2_000));

    let [a, b] = [row("a"), row("b")].map(|key| taken.rows[&key].clone());
    assert_eq!((a.requests, a.none_requests, a.failures, a.length), (100, 0, 0, 1_000));
    assert_eq!(a.sum_ns, (0..100).map(|sample| 1_400_000 + sample * 1_000_000).sum::<u128>());
    assert_eq!(a.min_max_ns, Some((1_400_000, 100_400_000)));
    assert_eq!(a.buckets, (1..=100).map(|ms| (ms, 1)).collect());
    assert_eq!(a.requests_by_second, [(1_700_000_000, 38), (1_700_000_001, 50), (1_700_000_002, 12)].into());
    assert_eq!((b.requests, b.none_requests, b.failures), (2, 1, 1));
    assert_eq!(b.buckets, [(200_000, 1)].into());
    assert_eq!(b.failures_by_second, [(1_700_000_001, 1)].into());
    assert_eq!(taken.total.requests, 102);
    assert_eq!(taken.total.min_max_ns, Some((1_400_000, 200_000_000_000)));
    assert_eq!(taken.failures.sorted()[0].occurrences, 1);
    assert!(interval.rows.is_empty() && interval.total == IntervalRow::default());
    assert_eq!(interval.began, at(2_000));
}
