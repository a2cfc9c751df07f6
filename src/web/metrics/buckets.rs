//! Times in the two kinds of buckets that Prometheus knows.
//!
//! A time is placed by the end of its HDR step, as percentiles are told everywhere else. So a time just below a bound may
//! count above it: half a microsecond below a millisecond, a thousandth above.

use crate::stats::fine::FineTimes;

/// The bounds of classic buckets in seconds, and no bound for the last one.
pub(super) const BOUNDS: [f64; 20] = [
    0.000_05,
    0.000_1,
    0.000_2,
    0.000_5,
    0.001,
    0.002,
    0.005,
    0.01,
    0.02,
    0.05,
    0.1,
    0.2,
    0.5,
    1.0,
    2.0,
    5.0,
    10.0,
    30.0,
    60.0,
    f64::INFINITY,
];

/// Native buckets: each power of two is eight of them, so a bucket is 9 % wide.
pub(super) const SCHEMA: i32 = 3;

/// What is at most this counts as zero. Nothing is: the least step is half a microsecond. Prometheus tells a native
/// histogram without times from a classic one by it.
pub(super) const ZERO_THRESHOLD: f64 = 2.938_735_877_055_719e-39;

/// How many times fell into each classic bucket, not cumulated.
pub(super) fn classic(times: &FineTimes) -> [(f64, u64); BOUNDS.len()] {
    let mut buckets = BOUNDS.map(|bound| (bound, 0));
    let mut at = 0;
    for (ms, count) in times.times_ms() {
        while at + 1 < buckets.len() && ms / 1e3 > buckets[at].0 {
            at += 1;
        }
        buckets[at].1 += count;
    }
    buckets
}

/// Native buckets in the form of the exposition: runs of buckets that follow each other, and how much each count differs
/// from the one before.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Native {
    /// The gap before each run, or the index of the first bucket; and its length.
    pub(super) spans: Vec<(i32, u32)>,
    /// Each count less the one before.
    pub(super) deltas: Vec<i64>,
}

impl Native {
    /// The times in native buckets of [`SCHEMA`].
    pub(super) fn of(times: &FineTimes) -> Self {
        let mut buckets: Vec<(i32, u64)> = Vec::new();
        for (ms, count) in times.times_ms() {
            let index = index(ms / 1e3);
            match buckets.last_mut() {
                Some((last, counted)) if *last == index => *counted += count,
                _ => buckets.push((index, count)),
            }
        }
        let mut native = Self::default();
        let (mut next, mut before) = (0, 0);
        for (index, count) in buckets {
            match native.spans.last_mut() {
                Some((_, length)) if index == next => *length += 1,
                _ => native.spans.push((index - next, 1)),
            }
            next = index + 1;
            native.deltas.push(count.cast_signed() - before);
            before = count.cast_signed();
        }
        native
    }
}

/// The bucket of a time: `i` goes up to and with 2^(i / 2^[`SCHEMA`]) seconds.
#[expect(clippy::cast_possible_truncation, reason = "times are below an hour and above a nanosecond")]
fn index(seconds: f64) -> i32 {
    (seconds.log2() * f64::from(1 << SCHEMA)).ceil() as i32
}

#[cfg(test)]
mod tests;
