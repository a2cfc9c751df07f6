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
mod tests;
