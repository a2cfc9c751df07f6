use super::*;

fn p95(a: f64, b: f64) -> Delta {
    Delta { metric: Metric::Percentile(95.0), a, b }
}

#[test]
#[expect(clippy::float_cmp, reason = "the numbers are exact")]
fn percent_is_of_a() {
    assert_eq!(p95(30.0, 33.0).percent(), 10.0);
    assert_eq!(p95(200.0, 100.0).percent(), -50.0);
    assert_eq!(p95(0.0, 0.0).percent(), 0.0);
    assert_eq!(p95(0.0, 1.0).percent(), f64::INFINITY);
}

#[test]
fn neighbouring_buckets_are_rounding() {
    for (a, b, rounding) in [
        (1.0, 2.0, true),
        (2.0, 2.0, false),
        (1.0, 3.0, false),
        (99.0, 100.0, true),
        (95.0, 100.0, false),
        (110.0, 100.0, true),
        (100.0, 120.0, false),
        (990.0, 1_000.0, true),
        (1_000.0, 1_100.0, true),
        (9_900.0, 10_000.0, true),
        (11_000.0, 10_000.0, true),
    ] {
        assert_eq!(p95(a, b).is_rounding(), rounding, "{a} {b}");
    }
    let average = Delta { metric: Metric::Average, a: 1.0, b: 1.5 };
    assert!(!average.is_rounding(), "averages are exact");
}

#[test]
fn numbers_side_by_side_have_the_same_digits() {
    let average = Delta { metric: Metric::Average, a: 1.217_862_956, b: 0.113_233_370 };
    assert_eq!(average.values_text(), "1.218 → 0.113 ms");
    assert_eq!((average.delta_text(), average.percent_text()), ("-1.105".into(), "-90.7%".into()));
    assert_eq!((p95(0.0, 3.0).delta_text(), p95(0.0, 3.0).percent_text()), ("+3".into(), "from 0".into()));
    assert_eq!((p95(3.0, 3.0).delta_text(), p95(3.0, 3.0).percent_text()), ("0".into(), "0%".into()));
    let hardly = Delta { metric: Metric::Average, a: 100.500_01, b: 100.5 };
    assert_eq!((hardly.delta_text(), hardly.percent_text()), ("0".into(), "0%".into()));
}
