//! Of what a metric is known, and when.

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
