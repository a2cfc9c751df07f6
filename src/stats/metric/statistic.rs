//! What can be asked of many times: a percentile, or one of the words beside them.

use std::fmt;

use crate::stats::fine::FineTimes;
use crate::stats::metric::known::Course;
use crate::stats::result::row::Times;

/// A number that stands for many times.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Statistic {
    /// Half of the times are at most this.
    Median,
    /// The mean.
    Average,
    /// The shortest one.
    Min,
    /// The longest one.
    Max,
    /// This many percent of the times are at most this: 0 to 100.
    Percentile(f64),
}

impl Statistic {
    /// Those with a word of their own.
    pub(super) const NAMED: [Self; 4] = [Self::Median, Self::Average, Self::Min, Self::Max];

    /// Those that a run keeps of times for which it has no histogram.
    pub(super) const KEPT: [Self; 7] = [
        Self::Median,
        Self::Percentile(50.0),
        Self::Percentile(90.0),
        Self::Percentile(95.0),
        Self::Percentile(99.0),
        Self::Percentile(99.9),
        Self::Max,
    ];

    /// The statistic of a word such as `median` or `p99.9`.
    pub fn from_word(word: &str) -> Option<Self> {
        let named = Self::NAMED.into_iter().find(|statistic| statistic.to_string() == word);
        named.or_else(|| percentile(word.strip_prefix('p')?).map(Self::Percentile))
    }

    pub(super) fn course(self) -> Course {
        match self {
            Self::Max => Course::Rises,
            Self::Percentile(p) if p >= 100.0 => Course::Rises,
            Self::Min => Course::Falls,
            Self::Percentile(p) if p <= 0.0 => Course::Falls,
            Self::Median | Self::Average | Self::Percentile(_) => Course::Varies,
        }
    }

    /// Its value in milliseconds; `None` without times.
    pub fn of(self, times: &FineTimes) -> Option<f64> {
        match self {
            Self::Median => times.percentile_ms(50.0),
            Self::Average => times.mean_ms(),
            Self::Min => times.percentile_ms(0.0),
            Self::Max => times.percentile_ms(100.0),
            Self::Percentile(p) => times.percentile_ms(p),
        }
    }

    /// The same where only some percentiles are kept; `None` for others.
    pub(in crate::stats) fn of_kept(self, times: &Times) -> Option<f64> {
        let kept = [
            (Self::Median, times.p50),
            (Self::Percentile(50.0), times.p50),
            (Self::Percentile(90.0), times.p90),
            (Self::Percentile(95.0), times.p95),
            (Self::Percentile(99.0), times.p99),
            (Self::Percentile(99.9), times.p999),
            (Self::Max, times.max),
        ];
        kept.into_iter().find_map(|(statistic, value)| (statistic == self).then_some(value))
    }
}

impl fmt::Display for Statistic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Median => "median",
            Self::Average => "average",
            Self::Min => "min",
            Self::Max => "max",
            Self::Percentile(p) => return write!(f, "p{p}"),
        })
    }
}

/// A percentage of a percentile, digits and a point: 0 to 100.
pub(super) fn percentile(number: &str) -> Option<f64> {
    let plain = number.chars().all(|c| c.is_ascii_digit() || c == '.');
    let begins = number.starts_with(|c: char| c.is_ascii_digit());
    let p: f64 = number.parse().ok().filter(|_| plain && begins)?;
    (p <= 100.0).then_some(p)
}
