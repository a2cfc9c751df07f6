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

/// The values of a variable, and what of its statistic is the same in every split.
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
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn logarithms(a: &[f64], b: &[f64]) -> Variable {
        let logarithms = |values: &[f64]| values.iter().map(|value| value.ln()).collect();
        Variable { scale: Scale::Logarithmic, a: logarithms(a), b: logarithms(b), variance_within: 0.0 }
    }

    fn shares(a: &[f64], b: &[f64]) -> Variable {
        Variable { scale: Scale::Linear, a: a.to_vec(), b: b.to_vec(), variance_within: 0.0 }
    }

    fn of(variables: &[Variable]) -> Vec<f64> {
        let first = &variables[0];
        probabilities(variables, &Splits::of(first.a.len(), first.b.len()), 0.05)
    }

    fn assert_near(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        let near = found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-12);
        assert!(near, "{found:?} is not {expected:?}");
    }

    #[test]
    fn groups_that_do_not_overlap_are_one_split_of_all() {
        let slower = logarithms(&[10.0, 10.1, 10.2, 10.3], &[12.0, 12.1, 12.3, 12.4]);
        assert_near(&of(&[slower]), &[2.0 / 70.0]);
        let faster = logarithms(&[12.0, 12.1, 12.3, 12.4], &[10.0, 10.1, 10.2, 10.3]);
        assert_near(&of(&[faster]), &[2.0 / 70.0]);
        let three = logarithms(&[10.0, 10.1, 10.2], &[12.0, 12.1, 12.3]);
        assert_near(&of(&[three]), &[2.0 / 20.0]);
    }

    #[test]
    fn groups_that_overlap_by_one_run_worked_by_hand() {
        // 1, 2, 3, 5 and 4, 6, 7, 8: only the split that exchanges 5 and 4 goes further.
        let shares = shares(&[0.1, 0.2, 0.3, 0.5], &[0.4, 0.6, 0.7, 0.8]);
        assert_near(&of(&[shares]), &[4.0 / 70.0]);
    }

    #[test]
    fn what_differs_by_less_than_the_least_effect_does_not_differ() {
        let little = logarithms(&[100.0, 100.1, 100.2, 100.3], &[104.0, 104.1, 104.2, 104.3]);
        assert_near(&of(&[little]), &[1.0]);
        assert_near(&of(&[logarithms(&[7.0; 4], &[7.0; 4])]), &[1.0]);
        assert_near(&of(&[shares(&[0.0; 4], &[0.0; 4])]), &[1.0]);
    }

    #[test]
    fn failures_that_came_are_found_from_nothing() {
        assert_near(&of(&[shares(&[0.0; 4], &[0.01, 0.02, 0.01, 0.03])]), &[2.0 / 70.0]);
        assert_near(&of(&[shares(&[0.0; 4], &[0.01, 0.02, 0.01, 0.0])]), &[2.0 * 5.0 / 70.0]);
    }

    #[test]
    fn noise_of_others_does_not_hide_a_change_and_is_not_found_with_it() {
        let slower = logarithms(&[10.0, 10.1, 10.2, 10.3], &[12.0, 12.1, 12.3, 12.4]);
        let noise = logarithms(&[10.0, 17.0, 12.0, 11.0], &[11.5, 10.0, 16.0, 12.0]);
        let found = of(&[noise, slower]);
        assert_near(&found[1..], &[2.0 / 70.0]);
        assert!(found[0] > 0.5);
    }

    #[test]
    fn what_is_worse_does_not_hide_what_is_better() {
        let faster = logarithms(&[12.0, 12.1, 12.3, 12.4], &[10.0, 10.1, 10.2, 10.3]);
        let failing = shares(&[0.0; 4], &[0.05, 0.06, 0.05, 0.05]);
        assert_near(&of(&[faster, failing]), &[2.0 / 70.0; 2]);
    }

    #[test]
    fn values_that_lie_together_by_chance_hide_nothing() {
        // The first one splits 2 and 2 into two tight groups, but it is known to be noisy.
        let mut chance = logarithms(&[10.0, 10.0, 14.0, 14.0], &[10.0, 10.0, 14.0, 14.0]);
        let slower = logarithms(&[10.0, 10.1, 10.9, 10.3], &[12.0, 12.9, 12.3, 12.4]);
        assert!(of(&[chance.clone(), slower.clone()])[1] > 0.05);
        chance.variance_within = 0.03;
        assert_near(&of(&[chance, slower])[1..], &[2.0 / 70.0]);
    }

    fn values() -> impl Strategy<Value = Vec<f64>> {
        vec(1.0..1.3_f64, 4)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn sides_order_and_unit_change_nothing(a in values(), b in values(), c in values(), d in values(), unit in 1e-3..1e3_f64) {
            let expected = of(&[logarithms(&a, &b), logarithms(&c, &d)]);
            assert_near(&of(&[logarithms(&b, &a), logarithms(&d, &c)]), &expected);
            let turned = |values: &[f64]| values.iter().rev().copied().collect::<Vec<_>>();
            assert_near(
                &of(&[logarithms(&turned(&a), &b), logarithms(&turned(&c), &d)]),
                &expected,
            );
            let scaled = |values: &[f64]| values.iter().map(|value| value * unit).collect::<Vec<_>>();
            assert_near(
                &of(&[logarithms(&scaled(&a), &scaled(&b)), logarithms(&scaled(&c), &scaled(&d))]),
                &expected,
            );
            let other_way = of(&[logarithms(&c, &d), logarithms(&a, &b)]);
            assert_near(&[other_way[1], other_way[0]], &expected);
        }
    }
}
