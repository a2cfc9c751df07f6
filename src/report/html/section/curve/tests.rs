use super::*;
use crate::report::html::chart::across::Across;

#[test]
fn a_distribution_ends_at_its_slowest_request() {
    let mut times = FineTimes::default();
    (0..990).for_each(|_| times.record(1_000_000));
    (0..9).for_each(|_| times.record(20_000_000));
    times.record(500_000_000);
    let across = Across::Quantile { requests: 1_000 };
    let points = curve(&times, &across.quantiles());
    let at = |quantile: f64| {
        let point = points.iter().find(|(at, _)| (at - quantile).abs() < 1e-9);
        point.and_then(|(_, ms)| *ms).map(f64::round)
    };
    assert_eq!((at(0.0), at(0.9), at(0.999)), (Some(1.0), Some(1.0), Some(500.0)));
    assert!(points.is_sorted_by(|a, b| a.1 <= b.1));
    // Of ten requests nothing is known beyond 90 %.
    let mut few = FineTimes::default();
    (1..=10).for_each(|ms| few.record(ms * 1_000_000));
    let last = curve(&few, &across.quantiles()).last().copied().unwrap();
    assert!((last.0 - 0.9).abs() < 1e-9 && last.1.is_some_and(|ms| ms >= 10.0), "{last:?}");
    assert_eq!(curve(&FineTimes::default(), &across.quantiles()), [(0.0, None)]);
}
