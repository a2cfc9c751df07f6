use std::collections::BTreeSet;

use super::*;

#[test]
fn the_algorithm_is_xoroshiro128_plus_plus() {
    // First outputs of the reference implementation for the state (1, 2), worked out by hand:
    // rotl(1 + 2, 17) + 1, then a = rotl(1, 49) ^ 3 ^ (3 << 21), b = rotl(3, 28).
    let mut random = Random { a: 1, b: 2 };
    assert_eq!(random.next_u64(), (3 << 17) + 1);
    assert_eq!(random, Random { a: (1 << 49) ^ 3 ^ (3 << 21), b: 3 << 28 });
}

#[test]
fn the_draws_of_a_user_never_change() {
    let mut random = Random::for_user(1, "device", 0);
    let drawn: Vec<u64> = (0..3).map(|_| random.next_u64()).collect();
    // From a second implementation of both algorithms, in Python.
    assert_eq!(drawn, [13_181_287_382_450_466_067, 4_855_628_403_568_949_010, 360_206_453_877_553_484]);
}

#[test]
fn every_user_has_its_own_stream() {
    let mut firsts = BTreeSet::new();
    for seed in [0, 1] {
        for class in ["", "a", "b", "ab", "ba"] {
            firsts.extend((0..1_000).map(|index| Random::for_user(seed, class, index).next_u64()));
        }
    }
    assert_eq!(firsts.len(), 10_000);
}

#[test]
fn below_reaches_every_number_about_equally_often() {
    let mut random = Random::for_user(7, "x", 7);
    let mut counts = [0_u32; 6];
    for _ in 0..60_000 {
        counts[usize::try_from(random.below(6)).unwrap()] += 1;
    }
    assert!(counts.iter().all(|n| (9_600..10_400).contains(n)), "{counts:?}");
    assert_eq!(random.below(0), 0);
    assert_eq!(random.below(1), 0);
    assert!(random.below(u64::MAX) < u64::MAX);
}

#[test]
fn unit_stays_below_one_and_averages_a_half() {
    let mut random = Random::for_user(7, "x", 8);
    let drawn: Vec<f64> = (0..10_000).map(|_| random.unit()).collect();
    assert!(drawn.iter().all(|x| (0.0..1.0).contains(x)));
    let mean = drawn.iter().sum::<f64>() / 10_000.0;
    assert!((mean - 0.5).abs() < 0.02, "{mean}");
}
