use std::collections::HashSet;

use super::*;

#[test]
fn all_splits_are_there_once_up_to_eight_runs_a_side() {
    for (a, b, ways) in [(1, 1, 2), (1, 4, 5), (3, 3, 20), (4, 4, 70), (5, 3, 56), (8, 8, 12_870)] {
        let splits = Splits::of(a, b);
        assert!(splits.is_exact());
        assert_eq!(splits.count(), ways);
        assert_eq!(splits.iter().collect::<HashSet<_>>().len(), ways);
        assert!(splits.iter().all(|split| split.iter().filter(|in_b| **in_b).count() == b));
        let observed: Vec<bool> = (0..a + b).map(|run| run >= a).collect();
        assert!(splits.iter().any(|split| split == observed));
    }
}

#[test]
fn more_splits_are_sampled_always_in_the_same_way() {
    let splits = Splits::of(20, 30);
    assert!(!splits.is_exact());
    assert_eq!(splits.count(), MOST);
    assert!(splits.iter().all(|split| split.iter().filter(|in_b| **in_b).count() == 30));
    assert_eq!(splits, Splits::of(20, 30));
    // Each run is in the second group in about 60 % of the splits.
    for run in 0..50 {
        let share = splits.iter().filter(|split| split[run]).count() as f64 / MOST as f64;
        assert!((share - 0.6).abs() < 0.02, "{run}: {share}");
    }
}

#[test]
fn four_a_side_are_the_least_at_five_percent() {
    for (a, b, enough) in [
        (1, 1, false),
        (3, 3, false),
        (3, 4, false),
        (4, 4, true),
        (3, 5, true),
        (1, 38, false),
        (1, 39, true),
    ] {
        assert_eq!(suffice(a, b, 0.05), enough, "{a} {b}");
    }
    assert!(suffice(100, 100, 0.05));
    assert!(!suffice(0, 4, 0.05));
}
