//! By how much B differs from A, with the interval that fits the permutation test.
//!
//! The difference is that of the means (of logarithms: the ratio of geometric means), since this is what the test
//! compares. A shift belongs to the interval if the test does not reject it. Each split exchanges some runs of A for as
//! many of B and changes sides at the shift that is the difference of their means, so the ends of the interval are
//! order statistics of these differences.

use crate::stats::inference::LEVEL;
use crate::stats::inference::splits::Splits;

/// A difference with its interval, in the unit of the values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shift {
    /// B minus A.
    pub estimate: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// The probability with which such an interval holds the true difference: 0.95 or a little more; less if there are
    /// too few runs for more.
    pub confidence: f64,
}

impl Shift {
    /// The shift from A to B, which have as many values as `splits` has runs, at least one each.
    pub fn between(a: &[f64], b: &[f64], splits: &Splits) -> Self {
        let estimate = mean(b) - mean(a);
        let values: Vec<f64> = a.iter().chain(b).copied().collect();
        let mut turns: Vec<f64> = splits.iter().filter_map(|split| turn(&values, a.len(), split)).collect();
        turns.sort_by(f64::total_cmp);
        let ways = turns.len() + 1;
        let outside = tail(ways);
        let (low, high) = match (turns.get(outside - 1), turns.get(turns.len().wrapping_sub(outside))) {
            (Some(low), Some(high)) => (*low, *high),
            _ => (estimate, estimate),
        };
        // With runs of different numbers the mean of all may lie outside of what exchanging them gives.
        let (low, high) = (low.min(estimate), high.max(estimate));
        Self { estimate, low, high, confidence: 1.0 - 2.0 * outside as f64 / ways as f64 }
    }

    /// The same from B to A.
    #[must_use]
    pub fn turned(self) -> Self {
        Self { estimate: -self.estimate, low: -self.high, high: -self.low, ..self }
    }
}

/// How many splits may lie beyond each end: at least the observed one.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a small count")]
fn tail(ways: usize) -> usize {
    ((LEVEL / 2.0 * ways as f64 + 1e-9).floor() as usize).max(1)
}

/// The shift at which this split is as extreme as the observed one; `None` if it is the observed one.
fn turn(values: &[f64], runs_of_a: usize, in_second: &[bool]) -> Option<f64> {
    let (mut from_a, mut from_b, mut exchanged) = (0.0, 0.0, 0_u32);
    for (run, (value, second)) in values.iter().zip(in_second).enumerate() {
        match (run < runs_of_a, second) {
            (true, true) => {
                from_a += value;
                exchanged += 1;
            }
            (false, false) => from_b += value,
            _ => {}
        }
    }
    (exchanged > 0).then(|| (from_b - from_a) / f64::from(exchanged))
}

/// The mean of at least one value.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[cfg(test)]
mod tests {
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
}
