//! The permutation test for many variables at once, by the largest statistic of each split (Westfall and Young).
//!
//! With four runs a side there are 70 splits, and every variable is at its most extreme in one of them, so a correction
//! that counts comparisons (Bonferroni, Holm) could never find anything. The largest of all statistics can: if B is
//! really slower, no other split has a statistic as large in any variable. Found variables leave the family step by step,
//! which keeps the error of all together.
//!
//! The statistic is a t value with two additions that do not depend on the split, so that the test stays exact. Noise that
//! is known is added to the measured variance (the error inside a run, and [`LEAST_SPREAD`]): a variable whose few
//! values lie together by chance must not hide another one that really changed. And a difference below the least
//! effect counts as none.

use crate::stats::inference::splits::Splits;

/// Two equal runs are taken to differ by this share at least (standard deviation), also if a few of them happen to be
/// closer together.
pub const LEAST_SPREAD: f64 = 0.02;

/// How the values of a variable are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Values are logarithms: differences are ratios. For times and rates.
    Logarithmic,
    /// Values are what they are, from 0 up. For shares, which may be 0.
    Linear,
}

/// One quantity in all runs. A greater value is worse; a quantity of which more is better comes with its sign turned.
#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    /// How the values are compared.
    pub scale: Scale,
    /// One value for each run of A.
    pub a: Vec<f64>,
    /// One value for each run of B.
    pub b: Vec<f64>,
    /// The variance of a value that is known from inside the runs; 0 if it is not known.
    pub variance_within: f64,
}

/// The probabilities of differences as large as the observed ones if A and B are equal: two-sided, and for all variables
/// together. A variable whose difference is below `least_effect` (0.05 is 5 %) has 1.
///
/// Every variable must have as many values as `splits` has runs.
pub fn probabilities(variables: &[Variable], splits: &Splits, least_effect: f64) -> Vec<f64> {
    let prepared: Vec<Prepared> =
        variables.iter().map(|variable| Prepared::of(variable, least_effect)).collect();
    let observed_split: Vec<bool> =
        (0..splits.runs_of_a() + splits.runs_of_b()).map(|run| run >= splits.runs_of_a()).collect();
    let observed: Vec<f64> = prepared.iter().map(|variable| variable.statistic(&observed_split)).collect();
    let mut steps = StepDown::of(&observed);
    for split in splits.iter() {
        let statistics: Vec<f64> = prepared.iter().map(|variable| variable.statistic(split)).collect();
        steps.count(&statistics);
    }
    steps.probabilities(splits.count())
}

struct Prepared {
    scale: Scale,
    values: Vec<f64>,
    known_variance: f64,
    least_effect: f64,
}

impl Prepared {
    fn of(variable: &Variable, least_effect: f64) -> Self {
        let values: Vec<f64> = variable.a.iter().chain(&variable.b).copied().collect();
        let spread = match variable.scale {
            Scale::Logarithmic => LEAST_SPREAD,
            Scale::Linear => LEAST_SPREAD * values.iter().sum::<f64>() / values.len() as f64,
        };
        let known_variance = spread * spread + variable.variance_within;
        Self { scale: variable.scale, values, known_variance, least_effect }
    }

    /// The difference of the two groups over its error; 0 if it is below the least effect.
    fn statistic(&self, in_second: &[bool]) -> f64 {
        let (mut sums, mut counts) = ([0.0; 2], [0.0; 2]);
        for (value, second) in self.values.iter().zip(in_second) {
            sums[usize::from(*second)] += value;
            counts[usize::from(*second)] += 1.0;
        }
        let means = [sums[0] / counts[0], sums[1] / counts[1]];
        if !exceeds(self.scale, means, self.least_effect) {
            return 0.0;
        }
        let squares: f64 = self
            .values
            .iter()
            .zip(in_second)
            .map(|(value, second)| (value - means[usize::from(*second)]).powi(2))
            .sum();
        let degrees = (counts[0] + counts[1] - 2.0).max(1.0);
        let variance = (squares / degrees + self.known_variance) * (1.0 / counts[0] + 1.0 / counts[1]);
        (means[1] - means[0]) / variance.sqrt()
    }
}

/// Whether two means differ by more than the least effect. As a ratio, and so the same in both directions: from 100 to
/// 105 and from 105 to 100 are both 5 %.
pub fn exceeds(scale: Scale, means: [f64; 2], least_effect: f64) -> bool {
    // The margin is for sums that differ in their last digits.
    let least = (1.0 + least_effect) * (1.0 - 1e-12);
    let (low, high) = (means[0].min(means[1]), means[0].max(means[1]));
    match scale {
        Scale::Logarithmic => high - low > 1e-12 && high - low >= least.ln(),
        Scale::Linear => high > low && high >= low * least,
    }
}

/// The variables with the largest statistic first, and how many splits reach each of them. The sign does not matter: in
/// the split that exchanges A and B, what is worse is better.
struct StepDown {
    /// Index and size of the observed statistic.
    ordered: Vec<(usize, f64)>,
    /// For each of them: splits in which the largest statistic of it and all behind it is as large.
    reached: Vec<usize>,
}

impl StepDown {
    fn of(observed: &[f64]) -> Self {
        let mut ordered: Vec<_> = observed.iter().map(|statistic| statistic.abs()).enumerate().collect();
        ordered.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        let reached = vec![0; ordered.len()];
        Self { ordered, reached }
    }

    fn count(&mut self, statistics: &[f64]) {
        let mut largest: f64 = 0.0;
        for ((index, observed), reached) in self.ordered.iter().zip(&mut self.reached).rev() {
            largest = largest.max(statistics[*index].abs());
            // The margin makes equal sums of the same numbers equal, in whatever order they were added.
            *reached += usize::from(largest >= observed * (1.0 - 1e-9));
        }
    }

    fn probabilities(&self, splits: usize) -> Vec<f64> {
        let mut probabilities = vec![1.0; self.ordered.len()];
        let mut least: f64 = 0.0;
        for ((index, _), reached) in self.ordered.iter().zip(&self.reached) {
            least = least.max(*reached as f64 / splits as f64);
            probabilities[*index] = least;
        }
        probabilities
    }
}

#[cfg(test)]
mod tests;
