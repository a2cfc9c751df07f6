use super::*;
use crate::stats::RowKey;
use crate::stats::health::Saturation;
use crate::stats::statistics::Statistics;

#[test]
fn the_commonest_failures_come_first() {
    let mut statistics = Statistics::new(1_000.0, false);
    let row = RowKey { request_type: "MQTT".into(), name: "publish".into() };
    for (at, error) in [(1.0, "a"), (2.0, "b"), (3.0, "b"), (4.0, "c"), (5.0, "d")] {
        statistics.log_error(&row, 1_000.0 + at, error);
    }
    let told = commonest(&statistics.snapshot(1_006.0).failures, UnixMicros(1_000_000_000));
    let told: Vec<_> = told.iter().map(|it| (&*it.row, &*it.error, it.count, it.last.as_secs())).collect();
    assert_eq!(told, [("publish", "b", 2, 3), ("publish", "a", 1, 1), ("publish", "c", 1, 4)]);
}

#[test]
fn the_generator_is_named_when_it_is_or_was_the_limit() {
    let mut health = Health { seconds: 9, ..Health::default() };
    assert_eq!(limit(&health), None);
    health.limited_seconds = 2;
    assert_eq!(limit(&health).unwrap(), "The load generator was the limit for 2 of 9 s");
    health.limit = Some(Saturation::SendLag(Duration::from_millis(12)));
    assert_eq!(limit(&health).unwrap(), "The load generator is at its limit: send lag p99 at 12.0 ms");
}
