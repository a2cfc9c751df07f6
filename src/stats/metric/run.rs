//! What is measured of a whole run and not of its rows, as words that can be asked for.

use std::fmt;

use crate::stats::metric::known::Unit;
use crate::stats::metric::statistic::Statistic;

/// A number of a whole run. Some of them are known of stages, too; none is of rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RunMetric {
    /// Connections that the broker accepted.
    Connects,
    /// The most connections that there were at the end of a second.
    Connected,
    /// Messages that arrived on subscriptions, measured or not.
    Arrived,
    /// Faults of the scenario or of the program itself.
    Exceptions,
    /// Task runs that a schedule (`rate`) started.
    Starts,
    /// Those that were late because their user was still busy.
    LateStarts,
    /// The same in percent of all that were started.
    LateStartRatio,
    /// The highest rate of a search that held, in task runs per second.
    HighestRate,
    /// CPU of the load generator in cores.
    GeneratorCpu,
    /// Seconds in which the load generator was the limit.
    GeneratorLimited,
    /// The same in percent of the seconds that were judged.
    GeneratorLimitedRatio,
    /// Some times of which only a few percentiles are kept.
    Times(RunTimes, Statistic),
}

/// Times of a run of which only a few percentiles are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunTimes {
    /// How late pauses of the load generator ended.
    SendLag,
    /// Response times from when each request really began, of users with a schedule.
    ServiceTime,
    /// Response times from when requests were due, of users with pacing.
    Intended,
}

impl RunTimes {
    /// Every one, with the word that stands before the percentile.
    pub(super) const WORDS: [(Self, &str); 3] =
        [(Self::SendLag, "send_lag"), (Self::ServiceTime, "service_time"), (Self::Intended, "intended")];
}

impl RunMetric {
    /// Every one but the times, with its word.
    pub(super) const WORDS: [(Self, &str); 11] = [
        (Self::Connects, "connects"),
        (Self::Connected, "connected"),
        (Self::Arrived, "arrived"),
        (Self::Exceptions, "exceptions"),
        (Self::Starts, "starts"),
        (Self::LateStarts, "late_starts"),
        (Self::LateStartRatio, "late_start_ratio"),
        (Self::HighestRate, "highest_rate"),
        (Self::GeneratorCpu, "generator_cpu"),
        (Self::GeneratorLimited, "generator_limited"),
        (Self::GeneratorLimitedRatio, "generator_limited_ratio"),
    ];

    /// The metric of a word such as `connects` or `send_lag_p99`.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        if let Some((metric, _)) = Self::WORDS.into_iter().find(|(_, known)| *known == word) {
            return Some(metric);
        }
        RunTimes::WORDS.into_iter().find_map(|(times, prefix)| {
            let statistic = Statistic::from_word(word.strip_prefix(prefix)?.strip_prefix('_')?)?;
            Statistic::KEPT.contains(&statistic).then_some(Self::Times(times, statistic))
        })
    }

    pub(super) fn unit(self) -> Unit {
        match self {
            Self::LateStartRatio | Self::GeneratorLimitedRatio => Unit::Percent,
            Self::HighestRate => Unit::PerSecond,
            Self::GeneratorCpu => Unit::Cores,
            Self::Times(..) => Unit::Milliseconds,
            _ => Unit::Count,
        }
    }

    /// What it is with a limit in percent.
    pub(super) fn ratio(self) -> Option<Self> {
        match self {
            Self::LateStarts => Some(Self::LateStartRatio),
            Self::GeneratorLimited => Some(Self::GeneratorLimitedRatio),
            _ => None,
        }
    }

    /// Whether it is no bad sign if it is high.
    pub(super) fn may_be_high(self) -> bool {
        matches!(self, Self::Connects | Self::Connected | Self::Arrived | Self::Starts | Self::HighestRate)
    }

    pub(super) fn is_of_stages(self) -> bool {
        matches!(self, Self::Connects | Self::Connected | Self::Arrived)
    }
}

impl fmt::Display for RunMetric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Times(times, statistic) = self {
            let prefix =
                RunTimes::WORDS.iter().find(|(known, _)| known == times).map_or("", |(_, word)| word);
            return write!(f, "{prefix}_{statistic}");
        }
        let word = Self::WORDS.iter().find(|(metric, _)| metric == self).map_or("", |(_, word)| word);
        f.write_str(word)
    }
}
