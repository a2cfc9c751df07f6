//! What the caller of a run decides besides the plan.

use tokio_util::sync::CancellationToken;

/// What a run does besides the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// How many threads users are spread over, at least 1.
    pub threads: usize,
    /// Whether every request is kept for [`Observer::recorded`].
    pub keep_log: bool,
    /// Whether the statistics keep what "current" percentiles need.
    pub keep_history: bool,
    /// Whether the statistics begin anew when all users have started (at the next whole second of the run).
    pub reset_stats: bool,
    /// How many rows the statistics may have; requests of further names count in one more.
    pub max_rows: usize,
}

/// As many rows as a run has unless it is told otherwise: a file of 20 MB at each tick, and some seconds at its end.
pub const MAX_ROWS: usize = 100_000;

/// The wishes of the person at the keyboard.
#[derive(Debug, Clone, Default)]
pub struct Interrupts {
    /// Stop, but let users finish.
    pub stop: CancellationToken,
    /// Drop everything and write what there is.
    pub abort: CancellationToken,
}
