//! What a run does at this moment, as plain data: the numbers of the last second and of the last ten.

use std::sync::Arc;

use crate::stats::RowKey;
use crate::stats::result::row::Times;

/// The response times that are shown while a run goes on are those of so many seconds.
pub const RECENT_SECONDS: usize = 10;

/// What a run does at this moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Live {
    /// The rows with the most requests, ordered by name and type.
    pub rows: Vec<LiveRow>,
    /// How many rows there are in all.
    pub rows_in_all: usize,
    /// All requests together, without measured messages.
    pub all: LiveRow,
}

/// One row at this moment.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveRow {
    /// Request type and name.
    pub key: Arc<RowKey>,
    /// Requests since the start.
    pub requests: u64,
    /// Failed requests since the start.
    pub failures: u64,
    /// Requests that ended in the last second.
    pub requests_in_second: u64,
    /// Requests that failed in the last second.
    pub failures_in_second: u64,
    /// Response times of the last [`RECENT_SECONDS`]; `None` without one.
    pub recent: Option<Times>,
}
