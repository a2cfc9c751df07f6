use super::*;

#[test]
fn three_digits_and_an_hour_at_most() {
    let mut latency = Latency::new();
    assert_eq!(latency.summary(), None);
    for us in 1..=1_000 {
        latency.record(us * 1_000);
    }
    let mut all = Latency::new();
    all.add(&latency);
    let summary = all.summary().unwrap();
    assert_eq!(summary.count, 1_000);
    assert!((summary.p50_ms - 0.5).abs() < 0.001, "{summary:?}");
    assert!((summary.max_ms - 1.0).abs() < 0.001, "{summary:?}");
    latency.record(u64::MAX);
    assert!((latency.summary().unwrap().max_ms - 3_600_000.0).abs() < 3_600.0);
    latency.clear();
    assert_eq!(latency.summary(), None);
}

/// How many values there are, and their mean in milliseconds.
fn filled(ns: u64, pace_ns: u64) -> (u64, f64) {
    let mut latency = Latency::new();
    latency.fill_missed(ns, pace_ns);
    (latency.0.len(), latency.0.mean() / 1e6)
}

#[test]
fn missed_starts_are_filled_in_down_to_one_pace() {
    const MS: u64 = 1_000_000;
    // 1005 ms at a pace of 10 ms: 995, 985 … 15.
    let (count, mean) = filled(1_005 * MS, 10 * MS);
    assert_eq!(count, 99);
    assert!((mean - 505.0).abs() < 0.5, "{mean}");
    assert_eq!(filled(20 * MS, 10 * MS).0, 1);
    assert_eq!(filled(20 * MS - 1, 10 * MS).0, 0);
    assert_eq!(filled(MS, 10 * MS).0, 0);
    assert_eq!(filled(MS, 0).0, 0);
    // So many that one value stands for several.
    let (count, mean) = filled(1_000 * MS, 300);
    assert_eq!(count, 1_000 * MS / 300 - 1);
    assert!((mean - 500.0).abs() < 1.0, "{mean}");
}
