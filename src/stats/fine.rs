//! Response times of one row with three digits: what Locust's buckets cannot show.
//!
//! The places are those of the HDR histogram of all requests ([`Latency`](crate::stats::latency::Latency)): steps of
//! half a microsecond below a millisecond, of a thousandth or less above, up to an hour. A row keeps a sorted list
//! of those that occurred instead of a table: most rows of a run with 100,000 of them hold a few dozen.

use crate::stats::latency::{HIGHEST_NS, LatencySummary};

/// Below so many bits all times of a place are one.
const UNIT_BITS: u32 = 9;
/// Places of half a table of linear steps: above 1,000, so that a step is a thousandth of its times at most.
const HALF_BITS: u32 = 10;
const HALF: usize = 1 << HALF_BITS;
/// How often the step doubles until an hour is reached.
const DOUBLINGS: u32 = 22;

/// Number of places.
pub(super) const PLACES: usize = (DOUBLINGS as usize + 2) * HALF;

/// The place of a time.
#[inline]
pub(super) fn place(ns: u64) -> usize {
    let ns = ns.min(HIGHEST_NS);
    // Bits beyond those of the first table, in which steps are units.
    let doublings = (u64::BITS - UNIT_BITS - HALF_BITS - 1).saturating_sub(ns.leading_zeros());
    let step = (ns >> (doublings + UNIT_BITS)) as usize;
    doublings as usize * HALF + step
}

/// The longest time of a place, in nanoseconds.
pub(super) fn longest(place: usize) -> u64 {
    let doublings = (place >> HALF_BITS).saturating_sub(1);
    let step = (place - doublings * HALF) as u64;
    ((step + 1) << (doublings as u64 + u64::from(UNIT_BITS))) - 1
}

/// How many response times fell into each place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FineTimes {
    counts: Vec<Count>,
    total: u64,
}

/// Place and count in one number, the place in the upper 16 bits, so that the order is that of the places: eight
/// bytes for each of what may be millions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Count(u64);

impl Count {
    const BITS: u32 = 48;
    const MASK: u64 = (1 << Self::BITS) - 1;

    fn new(place: usize, times: u64) -> Self {
        Self((place as u64) << Self::BITS | times.min(Self::MASK))
    }

    fn place(self) -> usize {
        (self.0 >> Self::BITS) as usize
    }

    fn times(self) -> u64 {
        self.0 & Self::MASK
    }
}

impl FineTimes {
    /// Counts so many response times in a place.
    pub(super) fn add(&mut self, place: usize, times: u64) {
        self.total += times;
        match self.counts.binary_search_by_key(&place, |count| count.place()) {
            Ok(at) => self.counts[at] = Count::new(place, self.counts[at].times() + times),
            Err(at) => self.counts.insert(at, Count::new(place, times)),
        }
    }

    /// Counts one response time.
    pub(super) fn record(&mut self, ns: u64) {
        self.add(place(ns), 1);
    }

    /// Counts all those of another one.
    pub(super) fn absorb(&mut self, other: &Self) {
        other.counts.iter().for_each(|count| self.add(count.place(), count.times()));
    }

    /// The time in milliseconds that this percentage of them (0 to 100, 0 for the shortest) did not exceed; `None`
    /// if nothing was counted.
    pub fn percentile_ms(&self, percent: f64) -> Option<f64> {
        (self.total > 0).then(|| self.at_quantiles([percent / 100.0])[0])
    }

    /// The percentiles; `None` if nothing was counted.
    pub fn summary(&self) -> Option<LatencySummary> {
        let [p50_ms, p90_ms, p95_ms, p99_ms, p999_ms, max_ms] =
            self.at_quantiles([0.5, 0.9, 0.95, 0.99, 0.999, 1.0]);
        let count = self.total;
        (count > 0).then_some(LatencySummary { count, p50_ms, p90_ms, p95_ms, p99_ms, p999_ms, max_ms })
    }

    /// Times in milliseconds at ascending quantiles, in one pass; zeros if nothing was counted.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rounded share of a count is one"
    )]
    fn at_quantiles<const N: usize>(&self, quantiles: [f64; N]) -> [f64; N] {
        let mut found = [0.0; N];
        let wanted = quantiles.map(|q| ((q.min(1.0) * self.total as f64).ceil() as u64).max(1));
        let mut wanted = found.iter_mut().zip(wanted).peekable();
        let mut seen = 0;
        for count in &self.counts {
            seen += count.times();
            while let Some((ms, _)) = wanted.next_if(|&(_, wanted)| wanted <= seen) {
                *ms = longest(count.place()) as f64 / 1e6;
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::latency::Latency;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn both(times: &[u64]) -> (FineTimes, Latency) {
        let (mut fine, mut latency) = (FineTimes::default(), Latency::new());
        for &ns in times {
            fine.add(place(ns), 1);
            latency.record(ns);
        }
        (fine, latency)
    }

    #[test]
    fn places_follow_each_other_without_a_gap() {
        let last = place(u64::MAX);
        assert!(last < PLACES);
        for here in 0..last {
            let end = longest(here);
            assert_eq!((place(end), place(end + 1)), (here, here + 1));
        }
        assert_eq!(longest(0), 511, "half a microsecond");
        assert!(longest(last) - HIGHEST_NS < HIGHEST_NS / 1_000);
    }

    #[test]
    fn many_of_one_place_and_none_at_all() {
        let mut times = FineTimes::default();
        assert_eq!((times.summary(), times.percentile_ms(50.0)), (None, None));
        times.add(3, 5_000_000_000);
        times.add(3, 5_000_000_000);
        assert_eq!(times.summary().unwrap().count, 10_000_000_000);
    }

    proptest! {
        #[test]
        fn a_row_tells_what_the_histogram_of_all_tells(
            times in vec(prop_oneof![0..5_000_u64, 0..3_000_000_u64, 0..5_000_000_000_000_u64], 0..200),
            percent in 0.0..100.0_f64,
        ) {
            let (fine, latency) = both(&times);
            prop_assert_eq!(fine.summary(), latency.summary());
            prop_assert_eq!(fine.percentile_ms(percent), latency.percentile_ms(percent));
        }
    }
}
