//! Whether two groups of runs differ: pure statistics on numbers.
//!
//! The unit is the run. The seconds inside one run depend on each other, and equal runs differ by a few percent, so a
//! test on seconds takes noise for news: Mann-Whitney on the seconds of equal runs that differ by 3 % "finds" a
//! difference in 60 % of the cases.
//!
//! - [`family`]: an exact permutation test for many variables at once. Of all splits of the runs into two groups, the
//!   observed one must be the most extreme in the largest of all statistics (Westfall and Young), so that all
//!   comparisons of a report together cry wolf in at most 5 %. Four runs a side are the least: 2 / 70 splits is 2.9 %.
//! - [`shift`]: the difference with the interval that the same splits give.
//! - [`few_runs`]: a hint from fewer runs, by the batch means of their seconds and an allowance for what two equal runs
//!   differ by.
//!
//! Simulated (`simulated.rs`): runs that differ by 3 % as a whole and rows by 1 % more (standard deviations), three rows
//! with six variables each, of which the noisiest, a p99.9, varies by 15 %; 1,000 pairs, least effect 5 %.
//!
//! | | equal runs called different | 20 % slower found | if one row of three is slower |
//! |---|---:|---:|---:|
//! | four runs a side | 3.4 % | 99.9 % | 99.5 % |
//! | one run a side, hints | 1.5 % | 49 % (30 % slower: 96 %) | |

pub mod batch_means;
pub mod family;
pub mod few_runs;
pub mod shift;
pub mod splits;
pub mod student;

#[cfg(test)]
mod simulated;

/// The probability of a false alarm that is accepted, for all comparisons of a report together.
pub const LEVEL: f64 = 0.05;
