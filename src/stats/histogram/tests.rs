use super::*;
use crate::stats::percentiles::PercentileList;
use proptest::collection::vec;
use proptest::prelude::*;

fn histogram(buckets: &[i128]) -> Histogram {
    let mut histogram = Histogram::default();
    for &bucket in buckets {
        histogram.add(bucket, 1);
    }
    histogram
}

/// Index of a percentile in a list of `n`, before it is cut to the list.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "truncation is Locust's rule")]
fn index(n: usize, p: f64) -> usize {
    (n as f64 * p) as usize
}

/// Locust's loop, one percentile at a time.
fn locust(sorted: &[i128], p: f64) -> i128 {
    let limit = index(sorted.len(), p);
    let mut values = sorted.iter().rev().copied();
    // What is left after all equal values were seen is what lies below the value.
    let below = |value: i128| sorted.iter().filter(|&&other| other < value).count();
    values.find(|&value| below(value) <= limit).unwrap_or(0)
}

#[test]
fn of_two_the_larger_one_is_the_median() {
    assert_eq!(histogram(&[3, 8]).percentiles(&[0.5]), [8]);
    assert_eq!(histogram(&[]).percentiles(&[0.5, 1.0]), [0; 2]);
}

proptest! {
    #[test]
    fn percentiles_are_those_of_the_sorted_list(mut times in vec(-3_i128..40, 0..120)) {
        let list = PercentileList::default();
        let percentiles = histogram(&times).percentiles(list.fractions());
        times.sort_unstable();
        for (&p, value) in list.fractions().iter().zip(percentiles) {
            let index = index(times.len(), p).min(times.len().saturating_sub(1));
            prop_assert_eq!(value, times.get(index).copied().unwrap_or(0));
            prop_assert_eq!(value, locust(&times, p));
        }
    }

    #[test]
    fn a_difference_is_what_came_later(old in vec(0_i128..30, 0..60), new in vec(0_i128..30, 0..60)) {
        let older = histogram(&old);
        let now = histogram(&[old, new.clone()].concat());
        prop_assert_eq!(now.since(&older), histogram(&new));
    }
}
