//! The quantities of a statistics row that can be asked for by name, with their words and units.

use std::fmt;

/// One quantity of a statistics row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Metric {
    /// Number of requests.
    Requests,
    /// Number of failed requests.
    Failures,
    /// Failed requests in percent of all requests; computed, not a column.
    FailureRatio,
    /// Number of requests that still waited when their user was gone. It has no column.
    Unfinished,
    /// Unfinished requests in percent of all requests that were begun. It has no column.
    UnfinishedRatio,
    /// Requests per second over the whole run.
    Rps,
    /// Failures per second over the whole run.
    FailuresPerS,
    /// Median response time in milliseconds, kept within minimum and maximum by Locust.
    Median,
    /// Average response time in milliseconds.
    Average,
    /// Smallest response time in milliseconds.
    Min,
    /// Largest response time in milliseconds.
    Max,
    /// The response time in milliseconds that this many percent of the requests did not exceed.
    Percentile(f64),
}

/// What a metric is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A bare number.
    Count,
    /// Percent of the requests.
    Percent,
    /// Events per second.
    PerSecond,
    /// Milliseconds.
    Milliseconds,
}

impl Unit {
    /// The unit as it stands behind a number: ` ms`, `/s`, `%` or nothing.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Count => "",
            Self::Percent => "%",
            Self::PerSecond => "/s",
            Self::Milliseconds => " ms",
        }
    }
}

impl Metric {
    /// Returns whether it counts failures. Where there was no request, there is no failure.
    pub fn is_of_failures(self) -> bool {
        matches!(self, Self::Failures | Self::FailureRatio | Self::FailuresPerS)
    }

    /// Returns whether it counts requests that never came to an end. Locust and its files do not have them.
    pub fn is_of_unfinished(self) -> bool {
        matches!(self, Self::Unfinished | Self::UnfinishedRatio)
    }

    /// Returns whether it is a response time.
    pub fn is_time(self) -> bool {
        self.unit() == Unit::Milliseconds
    }

    /// Every metric that has a word of its own, in the order of the columns; the others are percentiles.
    pub const NAMED: [Self; 11] = [
        Self::Requests,
        Self::Failures,
        Self::FailureRatio,
        Self::Unfinished,
        Self::UnfinishedRatio,
        Self::Median,
        Self::Average,
        Self::Min,
        Self::Max,
        Self::Rps,
        Self::FailuresPerS,
    ];

    /// The metric of a word such as `rps` or `p99.9`; `requests/s` and `failures/s` are words for rates, too.
    pub fn from_name(word: &str) -> Option<Self> {
        match word {
            "requests/s" => return Some(Self::Rps),
            "failures/s" => return Some(Self::FailuresPerS),
            _ => {}
        }
        if let Some(metric) = Self::NAMED.into_iter().find(|metric| metric.to_string() == word) {
            return Some(metric);
        }
        let number = word.strip_prefix('p')?;
        if !number.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        percentile(number)
    }

    /// The words of metrics, for suggestions: those with a word of their own, and common percentiles.
    pub fn words() -> Vec<String> {
        let percentiles = [50.0, 90.0, 95.0, 99.0, 99.9].map(Self::Percentile);
        let named = Self::NAMED.iter().chain(&percentiles).map(Self::to_string);
        named.chain(["requests/s", "failures/s"].map(str::to_owned)).collect()
    }

    /// The metric of a percentile column's heading, such as `99.9%`.
    pub fn from_percentile_heading(heading: &str) -> Option<Self> {
        percentile(heading.strip_suffix('%')?)
    }

    /// Returns the heading of its column in `_stats.csv`, or `None` for a computed metric.
    pub fn heading(self) -> Option<String> {
        let fixed = match self {
            Self::Requests => "Request Count",
            Self::Failures => "Failure Count",
            Self::FailureRatio | Self::Unfinished | Self::UnfinishedRatio => return None,
            Self::Rps => "Requests/s",
            Self::FailuresPerS => "Failures/s",
            Self::Median => "Median Response Time",
            Self::Average => "Average Response Time",
            Self::Min => "Min Response Time",
            Self::Max => "Max Response Time",
            Self::Percentile(p) => return Some(format!("{p}%")),
        };
        Some(fixed.to_owned())
    }

    /// Returns the unit that it is counted in.
    pub fn unit(self) -> Unit {
        match self {
            Self::Requests | Self::Failures | Self::Unfinished => Unit::Count,
            Self::FailureRatio | Self::UnfinishedRatio => Unit::Percent,
            Self::Rps | Self::FailuresPerS => Unit::PerSecond,
            Self::Median | Self::Average | Self::Min | Self::Max | Self::Percentile(_) => Unit::Milliseconds,
        }
    }

    /// Its heading for a person: `p95 (ms)`, `requests/s`.
    pub fn label(self) -> String {
        match (self, self.unit()) {
            (Self::Rps, _) => "requests/s".to_owned(),
            (Self::FailuresPerS, _) => "failures/s".to_owned(),
            (Self::FailureRatio, _) => "failure ratio (%)".to_owned(),
            (Self::UnfinishedRatio, _) => "unfinished ratio (%)".to_owned(),
            (_, Unit::Milliseconds) => format!("{self} (ms)"),
            _ => self.to_string(),
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Requests => "requests",
            Self::Failures => "failures",
            Self::FailureRatio => "failure_ratio",
            Self::Unfinished => "unfinished",
            Self::UnfinishedRatio => "unfinished_ratio",
            Self::Rps => "rps",
            Self::FailuresPerS => "failures_per_s",
            Self::Median => "median",
            Self::Average => "average",
            Self::Min => "min",
            Self::Max => "max",
            Self::Percentile(p) => return write!(f, "p{p}"),
        })
    }
}

fn percentile(number: &str) -> Option<Metric> {
    let plain = number.chars().all(|c| c.is_ascii_digit() || c == '.');
    let p: f64 = number.parse().ok().filter(|_| plain)?;
    (p > 0.0 && p <= 100.0).then_some(Metric::Percentile(p))
}

/// Digits after the point so that numbers standing side by side subtract to the eye: none for whole
/// numbers, else about four significant digits of the largest.
pub fn decimals(values: &[f64]) -> usize {
    if values.iter().all(|value| value.fract() == 0.0) {
        return 0;
    }
    match values.iter().fold(0.0_f64, |largest, value| largest.max(value.abs())) {
        largest if largest >= 100.0 => 1,
        largest if largest >= 10.0 => 2,
        largest if largest >= 1.0 => 3,
        largest if largest >= 0.1 => 4,
        _ => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_headings_name_metrics() {
        for metric in Metric::NAMED.into_iter().chain([Metric::Percentile(99.9), Metric::Percentile(50.0)]) {
            assert_eq!(Metric::from_name(&metric.to_string()), Some(metric));
        }
        assert_eq!(Metric::from_percentile_heading("99.99%"), Some(Metric::Percentile(99.99)));
        assert_eq!(Metric::from_name("requests/s"), Some(Metric::Rps));
        for word in ["p", "p0", "p101", "p9x", "p1e1", "p.5", "P95", "95", ""] {
            assert_eq!(Metric::from_name(word), None, "{word}");
        }
        for heading in ["95", "%", "inf%", "-5%", "Name"] {
            assert_eq!(Metric::from_percentile_heading(heading), None, "{heading}");
        }
    }
}
