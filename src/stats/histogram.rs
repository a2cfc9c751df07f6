//! Counts by bucket, for one row over the whole run.
//!
//! It is a sorted list and no table: if a run has 100,000 rows, most of them have a handful of buckets, and even a busy
//! one rarely has more than 300.

/// How many response times fell into each bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Histogram {
    /// Bucket and its count, above 0; ascending.
    counts: Vec<(i128, u64)>,
    total: u64,
}

impl Histogram {
    /// Counts `times` response times in `bucket`.
    pub fn add(&mut self, bucket: i128, times: u64) {
        self.total += times;
        match self.counts.binary_search_by_key(&bucket, |&(bucket, _)| bucket) {
            Ok(at) => self.counts[at].1 += times,
            Err(at) => self.counts.insert(at, (bucket, times)),
        }
    }

    /// Number of response times.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Buckets and their counts, ascending.
    pub fn buckets(&self) -> &[(i128, u64)] {
        &self.counts
    }

    /// What was counted since `older`, an earlier state of the same histogram.
    #[must_use]
    pub fn since(&self, older: &Self) -> Self {
        let mut old = older.counts.iter().peekable();
        let counts = self.counts.iter().filter_map(|&(bucket, count)| {
            let before = old.next_if(|&&(old, _)| old == bucket).map_or(0, |&(_, count)| count);
            (count > before).then_some((bucket, count - before))
        });
        Self { counts: counts.collect(), total: self.total - older.total }
    }

    /// The percentiles at ascending fractions (0 to 1), zeros if there is no response time.
    ///
    /// Locust's `calculate_response_time_percentile` gives the element at index `trunc(n * p)` of the
    /// ascending list, or the last one; the product is one of floats. Here for all `p` in one pass.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "truncation is Locust's rule"
    )]
    pub fn percentiles(&self, fractions: &[f64]) -> Vec<i128> {
        let mut found = vec![0; fractions.len()];
        let last = self.total.saturating_sub(1);
        let indices = fractions.iter().map(|p| ((self.total as f64 * p) as u64).min(last));
        let mut wanted = found.iter_mut().zip(indices).peekable();
        let mut seen = 0;
        for &(bucket, count) in &self.counts {
            seen += count;
            while let Some((value, _)) = wanted.next_if(|&(_, index)| index < seen) {
                *value = bucket;
            }
        }
        found
    }
}

#[cfg(test)]
mod tests;
