//! Why a run does not tell how exact a figure is: what it lacks over time.

use std::fmt;

/// Why a run does not know how exact a figure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NotOverTime {
    /// The run, or the time in which the row had requests, is too short.
    TooShort {
        /// How many seconds are needed.
        needed_s: u64,
    },
    /// The result has nothing of the row over time.
    NoSeries,
}

impl fmt::Display for NotOverTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSeries => f.write_str("nothing over time"),
            Self::TooShort { needed_s } => write!(f, "too short: {needed_s} s with requests are needed"),
        }
    }
}
