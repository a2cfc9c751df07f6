//! How exactly one run knows its own value: the method of batch means.
//!
//! Neighbouring seconds are alike, so their spread would promise too much. Means of long batches are nearly
//! independent: ten of them keep the error of equal runs near what it should be, also for seconds with a correlation of
//! 0.5 to their neighbours.

/// How many batches a run is cut into.
pub const BATCHES: usize = 10;

/// The fewest batches that tell a spread.
pub const FEWEST: usize = 4;

/// The error of the value of one run, as its batches tell it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WithinRun {
    /// The variance of the value of the whole run.
    pub variance: f64,
    /// Degrees of freedom of this variance.
    pub degrees: f64,
}

impl WithinRun {
    /// The error of the mean of these batches; `None` if they are too few.
    pub fn of(batches: &[f64]) -> Option<Self> {
        if batches.len() < FEWEST {
            return None;
        }
        let count = batches.len() as f64;
        let mean = batches.iter().sum::<f64>() / count;
        let squares: f64 = batches.iter().map(|batch| (batch - mean).powi(2)).sum();
        Some(Self { variance: squares / (count - 1.0) / count, degrees: count - 1.0 })
    }
}

/// Where to cut a series of this length: at most ten ranges of lengths that differ by one at most.
pub fn ranges(length: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    let batches = length.min(BATCHES);
    (0..batches).map(move |batch| batch * length / batches..(batch + 1) * length / batches)
}

#[cfg(test)]
mod tests;
