use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;

#[test]
fn a_column_keeps_its_extremes_in_order_and_its_gap() {
    let points = [(1, Some(5.0)), (3, Some(9.0)), (5, Some(1.0)), (7, None), (9, None), (11, Some(4.0))];
    assert_eq!(thin(&points, 2), points);
    assert_eq!(thin(&points, 100), [(3, Some(9.0)), (5, Some(1.0)), (7, None)]);
}

#[test]
fn a_path_is_short_and_begins_again_after_a_gap() {
    let points = [(1, Some(500)), (3, Some(490)), (5, Some(495)), (7, None), (9, Some(0)), (11, None)];
    assert_eq!(data(&points), "m1 500 2-10 2 5m4-495 0 0");
    assert_eq!(data(&[]), "");
}

proptest! {
    #[test]
    fn no_extreme_is_lost(values in vec(option::of(0.0..1e6_f64), 1..300), step in 1..40_u32) {
        let points: Vec<_> = (0..).zip(values).collect();
        let kept = thin(&points, step);
        let extreme = |points: &[Place<f64>], pick: fn(f64, f64) -> f64| {
            points.iter().filter_map(|(_, value)| *value).reduce(pick)
        };
        prop_assert_eq!(extreme(&kept, f64::min), extreme(&points, f64::min));
        prop_assert_eq!(extreme(&kept, f64::max), extreme(&points, f64::max));
        prop_assert!(kept.len() <= points.len().div_ceil(step as usize) * 3);
    }
}
