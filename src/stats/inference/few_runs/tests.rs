use super::*;

fn run(value: f64, variance: f64) -> RunValue {
    RunValue { value, within: WithinRun { variance, degrees: 9.0 } }
}

fn assert_near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-6, "{found} is not {expected}");
}

#[test]
fn one_run_a_side_worked_by_hand() {
    // Each side: 0.05² + 0.0025 = 0.005, together 0.01, error 0.1; degrees 0.01² / (2 · 0.0025² / 9) = 72.
    let found = hint(&[run(0.0, 0.0025)], &[run(0.3, 0.0025)], 0.05);
    assert_near(found.estimate, 0.3);
    assert_near(found.high - found.estimate, 0.1 * student::critical(0.05, 72.0));
    assert_near(found.probability, student::two_sided(3.0, 72.0));
}

#[test]
fn runs_that_differ_by_more_than_is_allowed_for_say_so() {
    // The mean of A is 0.2 ± sqrt(0.08 / 2), which is more than 0.05 / sqrt(2).
    let found = hint(&[run(0.0, 0.0), run(0.4, 0.0)], &[run(0.3, 0.0)], 0.05);
    assert_near(found.estimate, 0.1);
    let variance: f64 = 0.04 + 0.0025;
    let degrees = variance.powi(2) / 0.04_f64.powi(2);
    assert_near(found.high - found.estimate, variance.sqrt() * student::critical(0.05, degrees));
}

#[test]
fn runs_without_any_error_differ_or_not() {
    let found = hint(&[run(0.0, 0.0)], &[run(0.0, 0.0)], 0.0);
    assert_near(found.probability, 1.0);
    let found = hint(&[run(0.0, 0.0)], &[run(0.1, 0.0)], 0.0);
    assert_near(found.probability, 0.0);
    assert_near(found.low, 0.1);
}

#[test]
fn holm_worked_by_hand() {
    for (found, expected) in holm(&[0.04, 0.01, 0.03, 0.5]).into_iter().zip([0.09, 0.04, 0.09, 0.5]) {
        assert_near(found, expected);
    }
    assert!(holm(&[]).is_empty());
}
