use super::*;
use crate::stats::result::row::Percentile;

#[test]
fn percentiles_are_named_by_their_share() {
    assert_eq!(
        [0.0, 0.25, 0.5, 0.999, 0.9999, 1.0].map(name),
        ["p0", "p25", "p50", "p99.9", "p99.99", "p100"]
    );
    assert_eq!(words(0.999), "99.9%");
}

#[test]
fn each_kind_of_result_tells_what_it_knows() {
    let mut row = RowResult::default();
    assert!(RowTimes::all(&row).is_none() && RowTimes::apart(&row).is_none());
    row.percentiles = vec![Percentile { percent: 99.9, ms: 7.0 }];
    row.max_ms = 9.0;
    let columns = RowTimes::all(&row).unwrap();
    assert_eq!([0.5, 0.999, 1.0].map(|share| columns.at(share)), [None, Some(7.0), Some(9.0)]);
    row.response_times_ms = Some(Times { count: 3, p99: 5.0, ..Times::default() });
    let fixed = RowTimes::all(&row).unwrap();
    assert_eq!((fixed.count(), fixed.at(0.99), fixed.at(0.25)), (Some(3), Some(5.0), None));
    for us in 1..=100 {
        row.histogram.record(us * 1_000_000);
    }
    row.failed_histogram.record(1_000_000);
    let (succeeded, failed) = RowTimes::apart(&row).unwrap();
    assert_eq!((succeeded.count(), failed.count()), (Some(99), Some(1)));
    assert!(failed.at(1.0).unwrap() < 1.01 && succeeded.at(0.0).unwrap() > 1.9);
    row.failed_histogram = row.histogram.clone();
    assert!(RowTimes::apart(&row).is_none(), "nothing succeeded");
}
