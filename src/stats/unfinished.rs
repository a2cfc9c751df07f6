//! Requests that never came to an end: they still waited when their user was gone.
//!
//! They have neither succeeded nor failed, so no file of Locust and no response time contains them. But they are the
//! only trace of a broker that stops answering.

use std::sync::Arc;

use crate::stats::RowKey;

/// How many requests still waited, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Waits {
    /// How many requests still waited.
    pub count: u64,
    /// How long the oldest of them had waited, in nanoseconds.
    pub oldest_ns: u64,
    /// How many had waited for too long: for longer than their timeout, or for more than a second although the run
    /// gave its users time to finish.
    pub overdue: u64,
}

impl Waits {
    /// One request that had waited for so long.
    pub fn one(age_ns: u64, overdue: bool) -> Self {
        Self { count: 1, oldest_ns: age_ns, overdue: u64::from(overdue) }
    }

    /// Adds the requests of another one.
    pub fn add(&mut self, other: Self) {
        self.count += other.count;
        self.oldest_ns = self.oldest_ns.max(other.oldest_ns);
        self.overdue += other.overdue;
    }

    /// How long the oldest had waited, in milliseconds.
    pub fn oldest_ms(&self) -> f64 {
        self.oldest_ns as f64 / 1e6
    }
}

/// The unfinished requests of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfinished {
    /// The row that they would have counted in.
    pub row: Arc<RowKey>,
    /// How many of its requests still waited, and for how long.
    pub waits: Waits,
}

impl Unfinished {
    /// Returns the unfinished requests of all rows together.
    pub fn total(rows: &[Self]) -> Waits {
        rows.iter().fold(Waits::default(), |mut total, row| {
            total.add(row.waits);
            total
        })
    }
}
