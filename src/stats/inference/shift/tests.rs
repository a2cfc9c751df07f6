use super::*;

fn shift(a: &[f64], b: &[f64]) -> Shift {
    Shift::between(a, b, &Splits::of(a.len(), b.len()))
}

#[test]
fn the_interval_of_four_a_side_goes_from_the_nearest_runs_to_the_farthest() {
    // 69 differences; one beyond each end: 1 - 2/70. The ends exchange one run each: 10 - 4 and 16 - 1.
    let found = shift(&[1.0, 2.0, 3.0, 4.0], &[10.0, 12.0, 14.0, 16.0]);
    assert_eq!((found.estimate, found.low, found.high), (10.5, 6.0, 15.0));
    assert!((found.confidence - 68.0 / 70.0).abs() < 1e-12);
}

#[test]
fn two_a_side_worked_by_hand() {
    // Exchanges: 5-1, 5-3, 9-1, 9-3 and both, 14/2 - 4/2.
    let found = shift(&[1.0, 3.0], &[5.0, 9.0]);
    assert_eq!((found.estimate, found.low, found.high), (5.0, 2.0, 8.0));
    assert!((found.confidence - 4.0 / 6.0).abs() < 1e-12);
}

#[test]
fn five_a_side_leave_six_splits_beyond_each_end() {
    let a: Vec<f64> = (0..5).map(f64::from).collect();
    let b: Vec<f64> = (100..105).map(f64::from).collect();
    let found = shift(&a, &b);
    assert!((found.confidence - 240.0 / 252.0).abs() < 1e-12);
    // The least differences of exchanged runs: 96, 97 three times, 97.5 twice (two runs each way), and so on.
    assert_eq!((found.estimate, found.low, found.high), (100.0, 97.5, 102.5));
}

#[test]
fn one_a_side_has_no_interval() {
    let found = shift(&[1.0], &[3.0]);
    assert_eq!((found.estimate, found.low, found.high, found.confidence), (2.0, 2.0, 2.0, 0.0));
}

#[test]
fn turned_it_is_the_shift_of_exchanged_sides() {
    let (a, b) = ([1.0, 2.0, 4.0, 9.0], [3.0, 5.0, 5.5, 6.0]);
    assert_eq!(shift(&a, &b).turned(), shift(&b, &a));
}
