//! The sums of one row over some time: a second, a stage or a whole run; and those of a tick.
//!
//! They are whole numbers, so the sums of two times add up to those of both, in any order. Response times are in
//! nanoseconds; percentiles come from HDR histograms with three digits.

use crate::stats::RowKey;
use crate::stats::batch::Cell;
use crate::stats::fine::FineTimes;
use crate::stats::number::ratio;
use crate::stats::result::row::{RowResult, Times};

/// The sums of one row.
#[derive(Debug, Clone, Default)]
pub struct Sums {
    /// Whether it has messages that were measured, which are no requests.
    pub(super) measured: bool,
    pub(super) requests: u64,
    pub(super) timed: u64,
    pub(super) failures: u64,
    sum_ns: u128,
    min_ns: Option<u64>,
    max_ns: u64,
    length: u128,
    pub(super) times: FineTimes,
    pub(super) failed: FineTimes,
}

impl Sums {
    /// Counts a cell, except for its times in `times` and `failed`.
    pub(super) fn absorb_cell(&mut self, cell: &Cell) {
        self.measured |= cell.measured;
        self.requests += cell.requests;
        self.timed += cell.requests - cell.none_requests;
        self.failures += cell.failures;
        self.length += cell.length;
        if cell.requests > cell.none_requests {
            self.sum_ns += cell.sum_ns;
            self.min_ns = Some(self.min_ns.map_or(cell.min_ns, |known| known.min(cell.min_ns)));
            self.max_ns = self.max_ns.max(cell.max_ns);
        }
    }

    pub(super) fn absorb(&mut self, other: &Self) {
        self.measured |= other.measured;
        self.requests += other.requests;
        self.timed += other.timed;
        self.failures += other.failures;
        self.length += other.length;
        self.sum_ns += other.sum_ns;
        self.min_ns = [self.min_ns, other.min_ns].into_iter().flatten().min();
        self.max_ns = self.max_ns.max(other.max_ns);
        self.times.absorb(&other.times);
        self.failed.absorb(&other.failed);
    }

    /// Response times of all requests, failed ones included.
    pub fn times(&self) -> &FineTimes {
        &self.times
    }

    /// Response times of the requests that failed.
    pub fn failed(&self) -> &FineTimes {
        &self.failed
    }

    /// How many requests there were, failed ones included.
    pub fn requests(&self) -> u64 {
        self.requests
    }

    /// How many requests failed.
    pub fn failures(&self) -> u64 {
        self.failures
    }

    /// The row of a result, with rates over this many seconds.
    pub fn result(&self, key: &RowKey, seconds: f64) -> RowResult {
        const NS_PER_MS: u128 = 1_000_000;
        let per_s = |count: u64| if seconds > 0.0 { count as f64 / seconds } else { 0.0 };
        let response_times_ms = Times::of(&self.times);
        let timed = u128::from(self.timed);
        RowResult {
            request_type: key.request_type.clone(),
            name: key.name.clone(),
            measured: self.measured,
            requests: self.requests,
            failures: self.failures,
            unfinished: 0,
            median_ms: response_times_ms.map_or(0.0, |times| times.p50),
            average_ms: if timed == 0 { 0.0 } else { ratio(self.sum_ns.cast_signed(), timed * NS_PER_MS) },
            min_ms: self.min_ns.unwrap_or(0) as f64 / 1e6,
            max_ms: self.max_ns as f64 / 1e6,
            average_length_bytes: if self.requests == 0 {
                0.0
            } else {
                ratio(self.length.cast_signed(), self.requests.into())
            },
            requests_per_s: per_s(self.requests),
            failures_per_s: per_s(self.failures),
            response_times_ms,
            succeeded_ms: Times::of(&self.times.without(&self.failed)),
            failed_ms: Times::of(&self.failed),
            histogram: self.times.clone(),
            failed_histogram: self.failed.clone(),
            percentiles: Vec::new(),
        }
    }
}

#[derive(Debug, Clone, Default)]
pub(super) struct TickSums {
    pub(super) all: Sums,
    /// The rows that had requests, with their indices, in the order of their first cell.
    pub(super) rows: Vec<(usize, Sums)>,
    /// Index in `rows` plus one, by index of the row; 0 for a row without requests.
    pub(super) of_row: Vec<u32>,
}

impl TickSums {
    pub(super) fn clear(&mut self) {
        for (row, _) in self.rows.drain(..) {
            self.of_row[row] = 0;
        }
        self.all = Sums::default();
    }

    #[expect(clippy::cast_possible_truncation, reason = "memory ends before u32 does")]
    pub(super) fn row(&mut self, row: usize) -> &mut Sums {
        if self.of_row.len() <= row {
            self.of_row.resize(row + 1, 0);
        }
        let at = &mut self.of_row[row];
        if *at == 0 {
            self.rows.push((row, Sums::default()));
            *at = self.rows.len() as u32;
        }
        &mut self.rows[*at as usize - 1].1
    }
}
