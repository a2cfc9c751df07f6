//! Of what a metric is known, and when, and in what it is counted.

/// Where a metric is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// What has a value of its own, beside all together.
    pub of: Of,
    /// Whether a stage has one, too.
    pub of_stages: bool,
    /// Whether it is known while the run goes on.
    pub before_the_end: bool,
}

/// What has a value of its own, beside all together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// Rows: of requests, and of the times of measured messages.
    Rows,
    /// Measured subscriptions.
    Measured,
    /// Nothing.
    Nothing,
}

/// How a value changes while a run goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    /// It only rises.
    Rises,
    /// It only falls.
    Falls,
    /// It rises and falls.
    Varies,
    /// It is a rate over the whole time, so it is too low as long as users are still being started.
    RampsUp,
}

/// What a metric is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A bare number.
    Count,
    /// Percent of the requests, or of whatever else the metric counts.
    Percent,
    /// Events per second.
    PerSecond,
    /// Milliseconds.
    Milliseconds,
    /// Bytes.
    Bytes,
    /// Cores of CPU: 1 is a whole one.
    Cores,
}

impl Unit {
    /// The unit as it stands behind a number: ` ms`, `/s`, `%` or nothing.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Count => "",
            Self::Percent => "%",
            Self::PerSecond => "/s",
            Self::Milliseconds => " ms",
            Self::Bytes => " B",
            Self::Cores => " cores",
        }
    }
}
