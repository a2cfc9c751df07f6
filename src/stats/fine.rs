//! Response times of one row with three digits, which Locust's buckets cannot show.
//!
//! The slots are those of the HDR histogram of all requests ([`Latency`](crate::stats::latency::Latency)): steps of
//! half a microsecond below a millisecond, of a thousandth or less above, up to an hour. A row keeps a sorted list of
//! the slots that occurred and no table: if a run has 100,000 rows, most of them have only a few dozen slots.

use crate::stats::hdr;

/// How many response times fell into each slot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FineTimes {
    counts: Vec<Count>,
    total: u64,
}

/// Slot and count in one number, the slot in the upper 16 bits, so that the order is that of the slots: eight
/// bytes for each of what may be millions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Count(u64);

impl Count {
    const BITS: u32 = 48;
    const MASK: u64 = (1 << Self::BITS) - 1;

    fn new(slot: usize, times: u64) -> Self {
        Self((slot as u64) << Self::BITS | times.min(Self::MASK))
    }

    fn slot(self) -> usize {
        (self.0 >> Self::BITS) as usize
    }

    fn times(self) -> u64 {
        self.0 & Self::MASK
    }
}

impl FineTimes {
    pub(super) fn add(&mut self, slot: usize, times: u64) {
        self.total += times;
        match self.counts.binary_search_by_key(&slot, |count| count.slot()) {
            Ok(at) => self.counts[at] = Count::new(slot, self.counts[at].times() + times),
            Err(at) => self.counts.insert(at, Count::new(slot, times)),
        }
    }

    /// Counts one response time.
    pub fn record(&mut self, ns: u64) {
        self.add(hdr::index(ns), 1);
    }

    /// Counts all response times of another one.
    pub fn absorb(&mut self, other: &Self) {
        // A row has one histogram a second, which is short, beside that of the whole run.
        if other.counts.len() * 8 < self.counts.len() {
            other.counts.iter().for_each(|count| self.add(count.slot(), count.times()));
            return;
        }
        self.total += other.total;
        let mut merged = Vec::with_capacity(self.counts.len() + other.counts.len());
        let (mut ours, mut theirs) = (self.counts.iter().peekable(), other.counts.iter().peekable());
        loop {
            match (ours.peek(), theirs.peek()) {
                (Some(our), Some(their)) if our.slot() == their.slot() => {
                    merged.push(Count::new(our.slot(), our.times() + their.times()));
                    ours.next();
                    theirs.next();
                }
                (Some(our), their) if their.is_none_or(|their| our.slot() < their.slot()) => {
                    merged.extend(ours.next());
                }
                (_, Some(_)) => merged.extend(theirs.next()),
                (_, None) => break,
            }
        }
        self.counts = merged;
    }

    /// Returns the times that are here and not in another one, of which all must be here.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        let mut theirs = other.counts.iter().peekable();
        let counts = self.counts.iter().filter_map(|our| {
            let taken = theirs.next_if(|their| their.slot() == our.slot()).map_or(0, |their| their.times());
            let left = our.times().saturating_sub(taken);
            (left > 0).then_some((our.slot(), left))
        });
        Self::from_counts(counts.collect())
    }

    pub(super) fn from_counts(counts: Vec<(usize, u64)>) -> Self {
        let total = counts.iter().map(|(_, times)| times).sum();
        Self { counts: counts.into_iter().map(|(slot, times)| Count::new(slot, times)).collect(), total }
    }

    /// `(slot, times)` in the order of the slots.
    pub(super) fn counts(&self) -> impl Iterator<Item = (usize, u64)> {
        self.counts.iter().map(|count| (count.slot(), count.times()))
    }

    /// Returns how many response times were counted.
    pub fn count(&self) -> u64 {
        self.total
    }

    /// Returns whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// The longest time of each slot that occurred, in milliseconds, with how many times fell into it; in ascending
    /// order.
    pub fn times_ms(&self) -> impl Iterator<Item = (f64, u64)> {
        self.counts().map(|(slot, times)| (hdr::longest_ns(slot) as f64 / 1e6, times))
    }

    /// Times in milliseconds at these quantiles (0 to 1, ascending), in one pass; `None` if nothing was counted.
    pub fn quantiles_ms<const N: usize>(&self, quantiles: [f64; N]) -> Option<[f64; N]> {
        (self.total > 0).then(|| self.at_quantiles(quantiles))
    }

    /// Returns the mean in milliseconds, to three digits; `None` if nothing was counted.
    pub fn mean_ms(&self) -> Option<f64> {
        let middle = |slot: usize| {
            let first = slot.checked_sub(1).map_or(0, |before| hdr::longest_ns(before) + 1);
            u64::midpoint(first, hdr::longest_ns(slot))
        };
        let sum: u128 = self.counts().map(|(slot, times)| u128::from(middle(slot)) * u128::from(times)).sum();
        (self.total > 0).then(|| sum as f64 / self.total as f64 / 1e6)
    }

    /// The time in milliseconds that this percentage of them (0 to 100, 0 for the shortest) did not exceed; `None`
    /// if nothing was counted.
    pub fn percentile_ms(&self, percent: f64) -> Option<f64> {
        (self.total > 0).then(|| self.at_quantiles([percent / 100.0])[0])
    }

    /// The percentiles; `None` if nothing was counted.
    pub fn summary(&self) -> Option<LatencySummary> {
        let [min_ms, p50_ms, p90_ms, p95_ms, p99_ms, p999_ms, max_ms] =
            self.quantiles_ms([0.0, 0.5, 0.9, 0.95, 0.99, 0.999, 1.0])?;
        let (count, mean_ms) = (self.total, self.mean_ms()?);
        Some(LatencySummary { count, min_ms, mean_ms, p50_ms, p90_ms, p95_ms, p99_ms, p999_ms, max_ms })
    }

    /// Times in milliseconds at ascending quantiles, in one pass; zeros if nothing was counted.
    fn at_quantiles<const N: usize>(&self, quantiles: [f64; N]) -> [f64; N] {
        let mut found = [0.0; N];
        let wanted = quantiles.map(|quantile| rank(quantile, self.total));
        let mut wanted = found.iter_mut().zip(wanted).peekable();
        let mut seen = 0;
        for count in &self.counts {
            seen += count.times();
            while let Some((ms, _)) = wanted.next_if(|&(_, wanted)| wanted <= seen) {
                *ms = hdr::longest_ns(count.slot()) as f64 / 1e6;
            }
        }
        found
    }
}

/// Which of so many values, counted from 1 for the least, stands at a quantile: the nearest rank, rounded up.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rounded share of a count is one"
)]
fn rank(quantile: f64, count: u64) -> u64 {
    let exact = quantile.min(1.0) * count as f64;
    // 0.07 × 100 is 7.000000000000001 in binary, and still the seventh.
    let nearest = exact.round();
    let rank = if (exact - nearest).abs() <= exact * 1e-12 { nearest } else { exact.ceil() };
    (rank as u64).max(1)
}

/// Percentiles of response times, milliseconds, to three digits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LatencySummary {
    /// How many requests had a response time.
    pub count: u64,
    /// The shortest response time.
    pub min_ms: f64,
    /// Their mean.
    pub mean_ms: f64,
    /// Half of them were at most this.
    pub p50_ms: f64,
    /// 90 % of them were at most this.
    pub p90_ms: f64,
    /// 95 % of them were at most this.
    pub p95_ms: f64,
    /// 99 % of them were at most this.
    pub p99_ms: f64,
    /// 99.9 % of them were at most this.
    pub p999_ms: f64,
    /// The longest response time.
    pub max_ms: f64,
}

#[cfg(test)]
mod tests;
