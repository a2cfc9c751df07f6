//! Everything that is measured in a run and can be asked for by name, with the words and units.
//!
//! A word says first of what it speaks and then the number: `succeeded_p99`, `send_lag_max`, `lost_ratio`. Only the words
//! of Locust's columns have no first part: `p99` is about all requests.

mod known;
mod messages;
mod run;
mod statistic;

use std::fmt;

pub use crate::stats::metric::known::{Course, Known, Of, Unit};
pub use crate::stats::metric::messages::MessageMetric;
pub use crate::stats::metric::run::{RunMetric, RunTimes};
pub use crate::stats::metric::statistic::Statistic;
use crate::stats::metric::statistic::percentile;

/// One quantity that is measured.
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
    /// Mean content length of the requests, in bytes. Its column is not read.
    AverageLength,
    /// Response times of the requests that succeeded. They have no column.
    Succeeded(Statistic),
    /// Response times of the requests that failed. They have no column.
    Failed(Statistic),
    /// A count of measured messages. It has no column.
    OfMessages(MessageMetric),
    /// A number of the whole run. It has no column.
    OfRun(RunMetric),
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

    /// Returns whether it is read from the CSV files of a run, or computed from what is.
    pub fn is_in_files(self) -> bool {
        self.heading().is_some() || self == Self::FailureRatio
    }

    /// Returns whether it is no bad sign if it is high: requests, unlike failures and response times.
    pub fn may_be_high(self) -> bool {
        match self {
            Self::Requests | Self::Rps | Self::AverageLength => true,
            Self::OfMessages(metric) => metric.may_be_high(),
            Self::OfRun(metric) => metric.may_be_high(),
            _ => false,
        }
    }

    /// What it is with a limit in percent: `failures < 1%` is about their ratio.
    pub fn ratio(self) -> Option<Self> {
        match self {
            Self::Failures => Some(Self::FailureRatio),
            Self::Unfinished => Some(Self::UnfinishedRatio),
            Self::OfMessages(metric) => metric.ratio().map(Self::OfMessages),
            Self::OfRun(metric) => metric.ratio().map(Self::OfRun),
            _ => None,
        }
    }

    /// Of what it is known, and when.
    pub fn known(self) -> Known {
        match self {
            // Only the end tells what never ends and what never arrives, and neither belongs to a stage.
            Self::Unfinished | Self::UnfinishedRatio => {
                Known { of: Of::Rows, of_stages: false, before_the_end: false }
            }
            Self::OfMessages(_) => Known { of: Of::Measured, of_stages: false, before_the_end: false },
            Self::OfRun(metric) => Known {
                of: Of::Nothing,
                of_stages: metric.is_of_stages(),
                before_the_end: !matches!(metric, RunMetric::HighestRate | RunMetric::Exceptions),
            },
            _ => Known { of: Of::Rows, of_stages: true, before_the_end: true },
        }
    }

    /// How it changes while a run goes on.
    pub fn course(self) -> Course {
        match self {
            Self::Requests | Self::Failures | Self::Unfinished | Self::OfMessages(_) => Course::Rises,
            Self::Rps | Self::FailuresPerS => Course::RampsUp,
            Self::OfRun(RunMetric::Times(_, statistic)) => statistic.course(),
            Self::OfRun(metric) if metric.unit() == Unit::Count => Course::Rises,
            _ => self.statistic().map_or(Course::Varies, Statistic::course),
        }
    }

    /// Which number it is of the response times of its requests, if it is one.
    pub fn statistic(self) -> Option<Statistic> {
        match self {
            Self::Median => Some(Statistic::Median),
            Self::Average => Some(Statistic::Average),
            Self::Min => Some(Statistic::Min),
            Self::Max => Some(Statistic::Max),
            Self::Percentile(p) => Some(Statistic::Percentile(p)),
            Self::Succeeded(statistic) | Self::Failed(statistic) => Some(statistic),
            _ => None,
        }
    }

    /// Every metric of all requests that has a word of its own, in the order of the columns; the others are
    /// percentiles.
    pub const NAMED: [Self; 12] = [
        Self::Requests,
        Self::Failures,
        Self::FailureRatio,
        Self::Unfinished,
        Self::UnfinishedRatio,
        Self::Median,
        Self::Average,
        Self::Min,
        Self::Max,
        Self::AverageLength,
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
        if let Some(statistic) = word.strip_prefix("succeeded_") {
            return Statistic::from_word(statistic).map(Self::Succeeded);
        }
        if let Some(statistic) = word.strip_prefix("failed_") {
            return Statistic::from_word(statistic).map(Self::Failed);
        }
        let messages = MessageMetric::WORDS.into_iter().find(|(_, known)| *known == word);
        if let Some((metric, _)) = messages {
            return Some(Self::OfMessages(metric));
        }
        RunMetric::from_word(word)
            .map(Self::OfRun)
            .or_else(|| percentile(word.strip_prefix('p')?).map(Self::Percentile))
    }

    /// The words of metrics of requests, for lists: those with a word of their own, and common percentiles.
    pub fn words() -> Vec<String> {
        let percentiles = [50.0, 90.0, 95.0, 99.0, 99.9].map(Self::Percentile);
        let named = Self::NAMED.iter().chain(&percentiles).map(Self::to_string);
        named.chain(["requests/s", "failures/s"].map(str::to_owned)).collect()
    }

    /// All words of metrics, for what was meant by a misspelt one.
    pub fn all_words() -> Vec<String> {
        let common = [Statistic::Median, Statistic::Average, Statistic::Min, Statistic::Max].into_iter();
        let common = common.chain([50.0, 90.0, 95.0, 99.0, 99.9].map(Statistic::Percentile));
        let parts = common.flat_map(|statistic| [Self::Succeeded(statistic), Self::Failed(statistic)]);
        let messages = MessageMetric::WORDS.into_iter().map(|(metric, _)| Self::OfMessages(metric));
        let run = RunMetric::WORDS.into_iter().map(|(metric, _)| metric);
        let times = RunTimes::WORDS.into_iter().flat_map(|(times, _)| {
            Statistic::KEPT.into_iter().map(move |statistic| RunMetric::Times(times, statistic))
        });
        let more = parts.chain(messages).chain(run.chain(times).map(Self::OfRun));
        Self::words().into_iter().chain(more.map(|metric| metric.to_string())).collect()
    }

    /// Returns the heading of its column in `_stats.csv`, or `None` for a computed metric.
    pub fn heading(self) -> Option<String> {
        let fixed = match self {
            Self::Requests => "Request Count",
            Self::Failures => "Failure Count",
            Self::FailureRatio
            | Self::Unfinished
            | Self::UnfinishedRatio
            | Self::AverageLength
            | Self::Succeeded(_)
            | Self::Failed(_)
            | Self::OfMessages(_)
            | Self::OfRun(_) => return None,
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
            Self::Median
            | Self::Average
            | Self::Min
            | Self::Max
            | Self::Percentile(_)
            | Self::Succeeded(_)
            | Self::Failed(_) => Unit::Milliseconds,
            Self::AverageLength => Unit::Bytes,
            Self::OfMessages(metric) => metric.unit(),
            Self::OfRun(metric) => metric.unit(),
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
            Self::AverageLength => "average_length",
            Self::Percentile(p) => return write!(f, "p{p}"),
            Self::Succeeded(statistic) => return write!(f, "succeeded_{statistic}"),
            Self::Failed(statistic) => return write!(f, "failed_{statistic}"),
            Self::OfMessages(metric) => return metric.fmt(f),
            Self::OfRun(metric) => return metric.fmt(f),
        })
    }
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
mod tests;
