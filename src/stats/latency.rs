//! Response times with three digits, for people. Locust's buckets cannot show them.
//!
//! An HDR histogram of all requests, in nanoseconds from about a microsecond to an hour; a longer time counts
//! as an hour. It takes 190 KiB. So a row has [`FineTimes`] instead, and a
//! histogram that not every run needs is created by its first value.

use hdrhistogram::Histogram;

use crate::stats::fine::FineTimes;
pub use crate::stats::fine::LatencySummary;
use crate::stats::hdr::{self, HIGHEST_NS};

/// Shortest time that is told apart from 0.
const LOWEST_NS: u64 = 1_000;
/// Significant decimal digits.
const DIGITS: u8 = 3;
/// Up to this number, missed starts are filled in one by one.
const MAX_FILLED: u64 = 10_000;

/// A histogram of response times.
#[derive(Debug, Clone)]
pub struct Latency(Histogram<u64>);

impl Default for Latency {
    fn default() -> Self {
        Self::new()
    }
}

impl Latency {
    /// Creates an empty histogram.
    #[expect(clippy::expect_used, clippy::missing_panics_doc, reason = "the bounds are valid constants")]
    pub fn new() -> Self {
        Self(Histogram::new_with_bounds(LOWEST_NS, HIGHEST_NS, DIGITS).expect("valid bounds"))
    }

    /// Counts one response time.
    pub fn record(&mut self, ns: u64) {
        self.0.saturating_record(ns.min(HIGHEST_NS));
    }

    /// Counts this number of response times of one slot of [`hdr`].
    pub(super) fn add_slot(&mut self, index: usize, times: u64) {
        self.0.saturating_record_n(hdr::longest_ns(index), times);
    }

    /// Counts the starts that were missed because what should have taken at most `pace_ns` took `ns`: `ns` less
    /// one, two, three … paces, as long as a whole pace is left. `ns` itself is not counted.
    ///
    /// This is `HdrHistogram`'s correction for coordinated omission (`recordValueWithExpectedInterval`). Beyond
    /// 10,000 missed starts one value stands for several, so that the work is bounded.
    pub fn fill_missed(&mut self, ns: u64, pace_ns: u64) {
        let missed = ns.checked_div(pace_ns).unwrap_or(0).saturating_sub(1);
        let together = missed.div_ceil(MAX_FILLED).max(1);
        let mut start = 1;
        while start <= missed {
            let times = together.min(missed - start + 1);
            self.0.saturating_record_n(ns - start * pace_ns, times);
            start += times;
        }
    }

    /// Counts all response times of another one.
    #[expect(clippy::expect_used, clippy::missing_panics_doc, reason = "both have the same bounds")]
    pub fn add(&mut self, other: &Self) {
        self.0.add(&other.0).expect("equal bounds");
    }

    /// The same times as a list of the slots that occurred.
    pub fn to_fine(&self) -> FineTimes {
        let recorded = self.0.iter_recorded();
        FineTimes::from_counts(
            recorded.map(|it| (hdr::index(it.value_iterated_to()), it.count_at_value())).collect(),
        )
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        if !self.0.is_empty() {
            self.0.reset();
        }
    }

    /// The time in milliseconds that this percentage of them (0 to 100, 0 for the shortest) did not exceed; `None` if
    /// nothing was counted.
    pub fn percentile_ms(&self, percent: f64) -> Option<f64> {
        (!self.0.is_empty()).then(|| self.0.value_at_percentile(percent) as f64 / 1e6)
    }

    /// Returns their mean in milliseconds, or `None` if nothing was counted.
    pub fn mean_ms(&self) -> Option<f64> {
        (!self.0.is_empty()).then(|| self.0.mean() / 1e6)
    }

    /// The percentiles; `None` if nothing was counted.
    pub fn summary(&self) -> Option<LatencySummary> {
        if self.0.is_empty() {
            return None;
        }
        let ms = |quantile: f64| self.0.value_at_quantile(quantile) as f64 / 1e6;
        Some(LatencySummary {
            count: self.0.len(),
            min_ms: self.0.value_at_quantile(0.0) as f64 / 1e6,
            mean_ms: self.0.mean() / 1e6,
            p50_ms: ms(0.5),
            p90_ms: ms(0.9),
            p95_ms: ms(0.95),
            p99_ms: ms(0.99),
            p999_ms: ms(0.999),
            max_ms: self.0.max() as f64 / 1e6,
        })
    }
}

#[cfg(test)]
mod tests;
