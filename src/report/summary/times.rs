//! Percentiles of a row, whatever its result holds: a histogram, fixed percentiles, or the columns of a CSV file.

use std::borrow::Cow;

use crate::stats::fine::FineTimes;
use crate::stats::result::row::{RowResult, Times};

/// Response times of which percentiles can be told.
#[derive(Debug)]
pub(super) enum RowTimes<'a> {
    Histogram(Cow<'a, FineTimes>),
    Fixed(Times),
    /// The times of a row from a CSV file.
    Columns(&'a RowResult),
}

impl<'a> RowTimes<'a> {
    /// Of all requests of a row; `None` if none had a response time.
    pub(super) fn all(row: &'a RowResult) -> Option<Self> {
        if !row.histogram.is_empty() {
            return Some(Self::Histogram(Cow::Borrowed(&row.histogram)));
        }
        match row.response_times_ms {
            Some(times) => Some(Self::Fixed(times)),
            None => (!row.percentiles.is_empty()).then_some(Self::Columns(row)),
        }
    }

    /// Of the requests that succeeded, and of those that failed; `None` unless there are both.
    pub(super) fn apart(row: &'a RowResult) -> Option<(Self, Self)> {
        let (all, failed) = (&row.histogram, &row.failed_histogram);
        if !failed.is_empty() && all.count() > failed.count() {
            let succeeded = Self::Histogram(Cow::Owned(all.without(failed)));
            return Some((succeeded, Self::Histogram(Cow::Borrowed(failed))));
        }
        Some((Self::Fixed(row.succeeded_ms?), Self::Fixed(row.failed_ms?)))
    }

    /// How many there are, if that is known.
    pub(super) fn count(&self) -> Option<u64> {
        match self {
            Self::Histogram(times) => Some(times.count()),
            Self::Fixed(times) => Some(times.count),
            Self::Columns(_) => None,
        }
    }

    /// The time in milliseconds that this share of them (0 to 1) did not exceed, if that is known.
    pub(super) fn at(&self, share: f64) -> Option<f64> {
        let near = |other: f64| (share - other).abs() < 1e-9;
        match self {
            Self::Histogram(times) => times.percentile_ms(share * 100.0),
            Self::Fixed(times) => {
                let known = [
                    (0.0, times.min),
                    (0.5, times.p50),
                    (0.9, times.p90),
                    (0.95, times.p95),
                    (0.99, times.p99),
                    (0.999, times.p999),
                    (1.0, times.max),
                ];
                known.into_iter().find(|(of, _)| near(*of)).map(|(_, ms)| ms)
            }
            Self::Columns(row) => {
                let known = row.percentiles.iter().find(|known| near(known.percent / 100.0));
                known.map(|known| known.ms).or_else(|| near(1.0).then_some(row.max_ms))
            }
        }
    }
}

/// What a percentile is called: `p50`, `p99.9`.
pub(super) fn name(share: f64) -> String {
    // Ten decimals of a hundred, so that 0.999 is p99.9 and not p99.89999999999999.
    let text = format!("{:.10}", share * 100.0);
    format!("p{}", text.trim_end_matches('0').trim_end_matches('.'))
}

/// What a percentile is in words: `50%`.
pub(super) fn words(share: f64) -> String {
    format!("{}%", &name(share)[1..])
}

#[cfg(test)]
mod tests;
