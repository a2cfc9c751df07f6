use super::*;

#[test]
fn a_window_has_the_values_of_its_own_requests() {
    let mut window = Window { requests: 4, failures: 1, seconds: 2.0, ..Window::default() };
    assert_eq!(window.value(Metric::Percentile(99.0)), None);
    for ms in [1, 2, 3, 10] {
        window.latency.record(ms * 1_000_000);
    }
    for (metric, expected) in [
        (Metric::Requests, 4.0),
        (Metric::Failures, 1.0),
        (Metric::FailureRatio, 25.0),
        (Metric::Rps, 2.0),
        (Metric::FailuresPerS, 0.5),
        (Metric::Median, 2.0),
        (Metric::Average, 4.0),
        (Metric::Min, 1.0),
        (Metric::Max, 10.0),
        (Metric::Percentile(75.0), 3.0),
    ] {
        let value = window.value(metric).unwrap();
        assert!((value - expected).abs() <= expected * 0.001, "{metric}: {value}");
    }
    for nothing in [Metric::FailureRatio, Metric::Failures, Metric::FailuresPerS, Metric::Unfinished] {
        assert_eq!(Window::default().value(nothing), None);
    }
}
