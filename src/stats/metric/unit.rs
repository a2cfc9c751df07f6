//! What metrics are counted in.

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
