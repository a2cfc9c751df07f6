use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn times(ns: &[u64]) -> FineTimes {
    let mut times = FineTimes::default();
    for ns in ns {
        times.record(*ns);
    }
    times
}

#[test]
fn times_fall_into_the_bucket_that_they_are_below() {
    let buckets = classic(&times(&[0, 49_000, 51_000, 990_000, 1_010_000, 59_000_000_000, 61_000_000_000]));
    let filled: Vec<_> = buckets.into_iter().filter(|(_, count)| *count > 0).collect();
    assert_eq!(filled, [(0.000_05, 2), (0.000_1, 1), (0.001, 1), (0.002, 1), (60.0, 1), (f64::INFINITY, 1)]);
}

#[test]
fn native_buckets_are_written_as_runs_and_differences() {
    assert_eq!(Native::of(&FineTimes::default()), Native::default());
    // 2^(i / 8) seconds: 0.9 s is in the bucket 0 beside -1; 4 s and more begins with 17.
    let native = Native::of(&times(&[850_000_000, 900_000_000, 950_000_000, 960_000_000, 4_100_000_000]));
    assert_eq!((native.spans, native.deltas), (vec![(-1, 2), (16, 1)], vec![2, 0, -1]));
    assert_eq!((index(1.0), index(1.01), index(4.0), index(0.5)), (0, 1, 16, -8));
}

proptest! {
    #[test]
    fn no_time_is_lost_in_either_kind(ns in vec(0..5_000_000_000_000_u64, 0..200)) {
        let times = times(&ns);
        let classic: u64 = classic(&times).iter().map(|(_, count)| count).sum();
        prop_assert_eq!(classic, times.count());
        let native = Native::of(&times);
        let buckets: u32 = native.spans.iter().map(|(_, length)| length).sum();
        prop_assert_eq!(buckets as usize, native.deltas.len());
        let mut count = 0;
        let counts = native.deltas.iter().map(|delta| { count += delta; count });
        prop_assert_eq!(counts.sum::<i64>(), times.count().cast_signed());
    }
}
