//! What was recorded since it was last taken, in the form that a worker of Locust reports: sums of each row, and requests
//! counted by the unix second in which they ended.
//!
//! [`Statistics`](crate::stats::statistics::Statistics) keeps the numbers of a run and cannot say what is new in them, so the
//! same batches are merged into both.

use std::collections::BTreeMap;
use std::mem;
use std::sync::Arc;

use crate::stats::batch::{Batch, Bin, Cell, ExceptionSeen};
use crate::stats::failure::{self, FailureTable};
use crate::stats::{RowKey, UnixMicros, bucket};

/// Sums since the last [`take`](Self::take).
#[derive(Debug, Clone)]
pub struct Interval {
    /// When it began.
    pub began: UnixMicros,
    /// A row for each request type and name that had requests.
    pub rows: BTreeMap<Arc<RowKey>, IntervalRow>,
    /// All rows together.
    pub total: IntervalRow,
    /// Failures by row and text.
    pub failures: FailureTable,
    /// Faults of the runner or of the scenario, one by one.
    pub exceptions: Vec<ExceptionSeen>,
}

/// Sums of one row. Times are in nanoseconds, lengths in bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IntervalRow {
    /// When the last request ended; `None` without requests.
    pub last: Option<UnixMicros>,
    /// All requests, failed ones included.
    pub requests: u64,
    /// Requests without a response time.
    pub none_requests: u64,
    /// Requests that failed.
    pub failures: u64,
    /// All response times together.
    pub sum_ns: u128,
    /// Shortest and longest response time; `None` without response times.
    pub min_max_ns: Option<(u64, u64)>,
    /// Content lengths together.
    pub length: u128,
    /// Response times by Locust's buckets in milliseconds.
    pub buckets: BTreeMap<i128, u64>,
    /// Requests by the unix second in which they ended.
    pub requests_by_second: BTreeMap<u64, u64>,
    /// The same for requests that failed.
    pub failures_by_second: BTreeMap<u64, u64>,
}

impl Interval {
    /// Nothing, since `began`.
    pub fn new(began: UnixMicros) -> Self {
        Self {
            began,
            rows: BTreeMap::new(),
            total: IntervalRow::default(),
            failures: FailureTable::default(),
            exceptions: Vec::new(),
        }
    }

    /// Adds what a recorder has seen. A measured message counts like a request, as it does in Locust's files.
    pub fn merge(&mut self, batch: &Batch) {
        for bin in &batch.bins {
            let mut raw = vec![Vec::new(); bin.cells.len()];
            for &(cell, ns) in &bin.raw {
                raw[cell as usize].push(bucket::of_float(ns as f64 / 1e6));
            }
            for (cell, raw) in bin.cells.iter().zip(raw) {
                self.total.absorb(bin, cell, &raw);
                self.rows.entry(Arc::clone(&cell.row)).or_default().absorb(bin, cell, &raw);
            }
        }
        for occurrence in failure::occurrences(&batch.bins) {
            self.failures.add(occurrence);
        }
        self.exceptions.extend_from_slice(&batch.exceptions);
    }

    /// Returns what there is and begins anew at `now`.
    #[must_use]
    pub fn take(&mut self, now: UnixMicros) -> Self {
        mem::replace(self, Self::new(now))
    }
}

impl IntervalRow {
    fn absorb(&mut self, bin: &Bin, cell: &Cell, raw: &[i128]) {
        self.last = self.last.max(Some(bin.last));
        self.requests += cell.requests;
        self.none_requests += cell.none_requests;
        self.failures += cell.failures;
        self.sum_ns += cell.sum_ns;
        self.length += cell.length;
        if cell.requests > cell.none_requests {
            let (min, max) = self.min_max_ns.unwrap_or((u64::MAX, 0));
            self.min_max_ns = Some((min.min(cell.min_ns), max.max(cell.max_ns)));
        }
        for (index, times) in bin.tabled_times(cell) {
            *self.buckets.entry(bucket::at_dense_index(index)).or_default() += times;
        }
        for &bucket in raw {
            *self.buckets.entry(bucket).or_default() += 1;
        }
        let second = bin.last.0 / UnixMicros::PER_SECOND;
        *self.requests_by_second.entry(second).or_default() += cell.requests;
        if cell.failures > 0 {
            *self.failures_by_second.entry(second).or_default() += cell.failures;
        }
    }
}

#[cfg(test)]
mod tests;
