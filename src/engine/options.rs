//! The choices of the caller of a run, besides the plan.

use tokio_util::sync::CancellationToken;

use crate::engine::run_control::RunControl;
use crate::stats::percentiles::PercentileList;

/// The choices.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
pub struct Options {
    /// How many threads users are spread over, at least 1.
    pub threads: usize,
    /// Whether every request is kept for [`Observer::recorded`](crate::engine::Observer::recorded).
    pub keep_log: bool,
    /// Whether the statistics keep what "current" percentiles need.
    pub keep_history: bool,
    /// Whether the statistics begin anew when all users have started (at the next whole second of the run).
    pub reset_stats: bool,
    /// Each second of each row, for the curves of reports.
    pub keep_seconds: bool,
    /// The percentiles that rows show in Locust's files and tables.
    pub percentiles: PercentileList,
    /// How many rows the statistics may have. Requests with more names count in one further row.
    pub max_rows: usize,
}

/// The default of [`Options::max_rows`]. That many rows are a file of 20 MB at each tick, and some seconds at the end.
pub const MAX_ROWS: usize = 100_000;

/// How a person or a signal ends a run early, or changes it.
#[derive(Debug, Clone, Default)]
pub struct Interrupts {
    /// The run stops, and users may finish their tasks.
    pub stop: CancellationToken,
    /// All users are dropped, and the results so far are written.
    pub abort: CancellationToken,
    /// More or fewer users, as Locust's keys `w`, `W`, `s` and `S` ask for, and statistics that begin anew.
    pub control: RunControl,
}
