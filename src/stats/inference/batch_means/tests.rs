use super::*;

#[test]
fn batches_cover_the_series_and_are_of_equal_length() {
    for length in [0, 1, 7, 10, 99, 120] {
        let lengths: Vec<usize> = ranges(length).map(|range| range.len()).collect();
        assert_eq!(lengths.iter().sum::<usize>(), length);
        assert!(lengths.len() <= BATCHES);
        assert!(lengths.iter().max().copied().unwrap_or(0) - lengths.iter().min().copied().unwrap_or(0) <= 1);
    }
}

#[test]
fn the_error_of_a_mean_worked_by_hand() {
    // Mean 3, squares 4 + 1 + 0 + 1 + 4 = 10, variance 2.5, of the mean 0.5.
    let within = WithinRun::of(&[1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
    assert!((within.variance - 0.5).abs() < 1e-12 && (within.degrees - 4.0).abs() < 1e-12);
    assert_eq!(WithinRun::of(&[1.0, 2.0, 3.0]), None);
}
