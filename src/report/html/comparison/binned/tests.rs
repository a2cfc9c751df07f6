use super::*;
use crate::stats::packed_times::PackedTimes;

/// Intervals of a second with so many requests each, the last one of so many seconds.
fn series(requests: &[u64], last_s: f64) -> Series {
    let ends = (1..requests.len()).map(|at| at as f64).chain([requests.len() as f64 - 1.0 + last_s]);
    let mut series = Series { interval_s: 1, ..Series::default() };
    series.points = ends.map(|at_s| Point { at_s, ..Point::default() }).collect();
    series.all.requests = requests.to_vec();
    series
}

#[test]
fn a_step_has_the_mean_rate_and_the_p99_of_all_its_requests() {
    let mut series = series(&[10; 600], 1.0);
    series.all.requests[1] = 20;
    let times = |ms: u64| {
        let mut times = FineTimes::default();
        (0..99).for_each(|_| times.record(1_000_000));
        times.record(ms * 1_000_000);
        PackedTimes::from(&times)
    };
    series.all.histograms = (0..600).map(|second| times(if second == 3 { 500 } else { 2 })).collect();
    series.all.p99_ms = vec![Some(7.0); 600];
    let steps = Steps::of([&series]).unwrap();
    assert_eq!(steps, Steps { length_s: 600.0, step_s: 10.0 });
    let [rate, p99] = steps.lines(&series.points, &series.all);
    assert_eq!((rate.len(), rate[0], rate[1]), (60, (5.0, Some(11.0)), (15.0, Some(10.0))));
    assert!(p99[0].1.is_some_and(|ms| (1.0..1.01).contains(&ms)), "{:?}", p99[0]);
    series.all.histograms.clear();
    let [_, p99] = steps.lines(&series.points, &series.all);
    assert_eq!(p99[0].1, Some(7.0), "without histograms");
}

#[test]
fn the_rate_of_the_last_milliseconds_is_left_out() {
    let series = series(&[10, 10, 5], 0.01);
    let steps = Steps::of([&series]).unwrap();
    let [rate, _] = steps.lines(&series.points, &series.all);
    assert_eq!(rate, [(0.5, Some(10.0)), (1.5, Some(10.0)), (2.5, None)]);
}

#[test]
fn runs_without_anything_over_time_have_no_steps() {
    assert_eq!(Steps::of([&Series::default()]), None);
    let broken = Series { points: vec![Point { at_s: f64::NAN, ..Point::default() }], ..Series::default() };
    assert_eq!(Steps::of([&broken]), None);
}
