//! A hint from fewer runs than a permutation test needs: from one run a side, say.
//!
//! The error inside a run is known from its batch means. What two equal runs differ by is not known from one run, and it
//! is most of the error: runs that differ by 3 % (standard deviation) make a t test of batch means alone cry wolf in
//! 56 % of equal pairs. So [`RUN_TO_RUN`] is added, more than most machines need. It makes the hint blind to
//! differences below about 25 %, which is what one run is worth.

use crate::stats::inference::LEVEL;
use crate::stats::inference::batch_means::WithinRun;
use crate::stats::inference::shift::mean;
use crate::stats::inference::student;

/// By how much two equal runs are taken to differ: the standard deviation of a run as a share of its value.
pub const RUN_TO_RUN: f64 = 0.05;

/// The value of one run and how exactly the run knows it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RunValue {
    /// The value.
    pub value: f64,
    /// Its error.
    pub within: WithinRun,
}

/// A difference of few runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hint {
    /// B minus A.
    pub estimate: f64,
    /// The lower end of the 95 % interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// The two-sided probability of such a difference between equal runs.
    pub probability: f64,
}

/// Compares runs, at least one a side. `spread` is by how much equal runs differ in the unit of the values:
/// [`RUN_TO_RUN`] for logarithms.
pub fn hint(a: &[RunValue], b: &[RunValue], spread: f64) -> Hint {
    let sides = [a, b].map(|runs| side(runs, spread));
    let estimate = sides[1].mean - sides[0].mean;
    let variance = sides[0].variance + sides[1].variance;
    // Welch and Satterthwaite; the allowance is a number and has no error of its own.
    let uncertain = sides[0].uncertain + sides[1].uncertain;
    let degrees = if uncertain > 0.0 { (variance * variance / uncertain).min(1e9) } else { 1e9 };
    let error = variance.sqrt();
    let reach = if error > 0.0 { student::critical(LEVEL, degrees) * error } else { 0.0 };
    let probability = if estimate == 0.0 { 1.0 } else { student::two_sided(estimate / error, degrees) };
    Hint { estimate, low: estimate - reach, high: estimate + reach, probability }
}

struct Side {
    mean: f64,
    variance: f64,
    /// The square of each part of the variance that is an estimate, over its degrees of freedom.
    uncertain: f64,
}

fn side(runs: &[RunValue], spread: f64) -> Side {
    let count = runs.len() as f64;
    let values: Vec<f64> = runs.iter().map(|run| run.value).collect();
    let mean = mean(&values);
    let parts = || runs.iter().map(|run| (run.within.variance / (count * count), run.within.degrees));
    let allowed = spread * spread / count + parts().map(|(variance, _)| variance).sum::<f64>();
    let allowed_uncertain = parts().map(|(variance, degrees)| variance * variance / degrees).sum();
    if runs.len() > 1 {
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let measured = squares / (count - 1.0) / count;
        // Runs that differ by more than is allowed for say so themselves.
        if measured > allowed {
            return Side { mean, variance: measured, uncertain: measured * measured / (count - 1.0) };
        }
    }
    Side { mean, variance: allowed, uncertain: allowed_uncertain }
}

/// The probabilities of a family of comparisons for all together, by Holm's rule.
pub fn holm(probabilities: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..probabilities.len()).collect();
    order.sort_by(|one, other| probabilities[*one].total_cmp(&probabilities[*other]));
    let mut together = vec![1.0; probabilities.len()];
    let mut least: f64 = 0.0;
    for (rank, index) in order.into_iter().enumerate() {
        let left = (probabilities.len() - rank) as f64;
        least = least.max((probabilities[index] * left).min(1.0));
        together[index] = least;
    }
    together
}

#[cfg(test)]
mod tests;
