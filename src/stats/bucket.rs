//! Locust's buckets of response times.
//!
//! A bucket is the time in whole milliseconds, rounded to about two digits: below 100 ms to 1, below 1,000 to
//! tens, below 10,000 to hundreds, else to thousands; ties go to the even multiple, and the unrounded time
//! decides which step is used (Locust's `bucket_response_time`).

use std::cmp::Ordering;

/// Bucket of a response time in (fractional) milliseconds, of a magnitude below 10^38.
#[expect(clippy::cast_possible_truncation, reason = "a rounded float is whole")]
pub fn of_float(ms: f64) -> i128 {
    if ms < 100.0 {
        return ms.round_ties_even() as i128;
    }
    let step = step_above_100(ms);
    let (whole, step_ms) = (ms as i128, i128::from(step));
    // Exact: the rest's bits are some of the time's.
    let rest = (whole % step_ms) as f64 + ms.fract();
    let half = (rest * 2.0).total_cmp(&f64::from(step));
    // Python rounds a float to a float, which beyond 2^53 is not always a multiple of the step.
    (rounded(whole / step_ms, half) * step_ms) as f64 as i128
}

/// Bucket of a response time in whole milliseconds.
pub fn of_int(ms: i128) -> i128 {
    if ms < 100 {
        return ms;
    }
    let step = i128::from(step_above_100(ms as f64));
    rounded(ms / step, (ms % step * 2).cmp(&step)) * step
}

/// Number of buckets from 0 to 100,000 ms, and so the length of a dense table of them.
pub(super) const DENSE: usize = 371;

pub(super) fn dense_index(ns: u64) -> usize {
    /// Of whole nanoseconds, so that the compiler can turn each division into a multiplication.
    fn steps<const MS: u64>(ns: u64) -> u64 {
        let step = MS * 1_000_000;
        let (steps, half) = (ns / step, (ns % step).cmp(&(step / 2)));
        steps + u64::from(half.is_gt() || (half.is_eq() && steps % 2 == 1))
    }
    let index = match ns / 1_000_000 {
        ..100 => steps::<1>(ns),
        100..1_000 => steps::<10>(ns) + 90,
        1_000..10_000 => steps::<100>(ns) + 180,
        _ => steps::<1_000>(ns) + 270,
    };
    usize::try_from(index).unwrap_or(usize::MAX)
}

pub(super) fn at_dense_index(index: usize) -> i128 {
    let index = index as i128;
    match index {
        ..100 => index,
        100..190 => (index - 90) * 10,
        190..280 => (index - 180) * 100,
        _ => (index - 270) * 1_000,
    }
}

fn step_above_100(ms: f64) -> i32 {
    if ms < 1_000.0 {
        10
    } else if ms < 10_000.0 {
        100
    } else {
        1_000
    }
}

/// `steps` or one more, for a rest that compares to half a step as `half`; ties go to the even one.
fn rounded(steps: i128, half: Ordering) -> i128 {
    steps + i128::from(half.is_gt() || (half.is_eq() && steps % 2 == 1))
}

#[cfg(test)]
mod tests;
