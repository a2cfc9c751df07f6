//! What a recorder hands over at a tick: sums per row and bin, and the rarer events one by one.
//!
//! A bin holds the samples of one tick and one second of unix time. Locust's rates and "current" percentiles use unix
//! seconds, its files use ticks.

use std::collections::HashMap;
use std::sync::Arc;

use crate::stats::bucket;
use crate::stats::fine::FineTimes;
use crate::stats::hdr;
use crate::stats::latency::Latency;
use crate::stats::unfinished::Waits;
use crate::stats::{Connections, Received, RowId, RowKey, Starts, UnixMicros};

/// This many response times of a row are kept as they are before tables are opened for it: with many rows most
/// have few samples a second, and the tables are some 2,000 counters.
const RAW_TIMES: u64 = 32;

/// Fine counters come in pages of so many, since the times of a row are rarely far apart.
const PAGE: usize = 256;

/// Counters of a row's table: Locust's buckets, and the numbers of its pages from 1, 0 for none.
const TABLE: usize = bucket::DENSE + hdr::SLOTS / PAGE;

/// Everything that one recorder saw up to a tick.
#[derive(Debug)]
pub struct Batch {
    pub(super) bins: Vec<Bin>,
    pub(super) users: Vec<UsersChanged>,
    pub(super) exceptions: Vec<ExceptionSeen>,
    pub(super) received: Received,
    pub(super) connections: Connections,
    pub(super) intended: Option<Latency>,
    pub(super) began: Option<Latency>,
    pub(super) measured_began: Vec<(Arc<RowKey>, FineTimes)>,
    pub(super) starts: Starts,
    pub(super) unfinished: Vec<(Arc<RowKey>, Waits)>,
    pub(super) unfinished_log: Vec<UnfinishedSeen>,
}

/// A request that still waited when its user was gone, as the log keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnfinishedSeen {
    /// When its user gave it up.
    pub at: UnixMicros,
    /// The row that it would have counted in.
    pub row: Arc<RowKey>,
    /// How long it had waited.
    pub age_ns: u64,
    /// Whether it had waited for too long: see [`Waits`].
    pub overdue: bool,
}

/// A change of the number of users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsersChanged {
    /// When it happened.
    pub at: UnixMicros,
    /// How many more users there are now, or fewer.
    pub by: i32,
}

/// A fault of the runner or the scenario itself, not of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExceptionSeen {
    /// When it happened.
    pub at: UnixMicros,
    /// What it says.
    pub message: String,
    /// Where it came from; equal ones are one row.
    pub traceback: String,
}

/// One request as the log keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestSeen<'a> {
    /// When it ended.
    pub at: UnixMicros,
    /// The row that it counts in.
    pub row: &'a RowKey,
    /// How long it took, if it has a response time.
    pub response_ns: Option<u64>,
    /// How long it took from when it began, if that is not the response time: see
    /// [`record_scheduled`](crate::stats::recorder::Recorder::record_scheduled).
    pub began_ns: Option<u64>,
    /// The length in bytes.
    pub length: u64,
    /// The reason, if it failed.
    pub error: Option<&'a str>,
}

impl Batch {
    /// The requests one by one, only about in order of time; empty unless the recorder keeps a log.
    pub fn requests(&self) -> impl Iterator<Item = RequestSeen<'_>> {
        self.bins.iter().flat_map(|bin| {
            bin.log.iter().map(|logged| RequestSeen {
                at: logged.at,
                row: &bin.cells[logged.cell as usize].row,
                response_ns: logged.response_ns,
                began_ns: logged.began_ns,
                length: logged.length,
                error: logged.text.map(|text| &*bin.failures.texts[text as usize]),
            })
        })
    }

    /// The requests that never came to an end, one by one; empty unless the recorder keeps a log.
    pub fn unfinished(&self) -> &[UnfinishedSeen] {
        &self.unfinished_log
    }

    /// Changes of the user count, in the order in which they were recorded.
    pub fn users(&self) -> &[UsersChanged] {
        &self.users
    }

    /// Exceptions, in the order in which they were recorded.
    pub fn exceptions(&self) -> &[ExceptionSeen] {
        &self.exceptions
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Sample<'a> {
    pub(super) at: UnixMicros,
    pub(super) response_ns: Option<u64>,
    /// From when it began, if `response_ns` is from another moment.
    pub(super) began_ns: Option<u64>,
    pub(super) length: u64,
    pub(super) error: Option<&'a str>,
    /// Whether it is a message that was measured, and no request.
    pub(super) measured: bool,
}

#[derive(Debug)]
pub(super) struct Bin {
    /// First and last microsecond that belong here.
    pub(super) first: UnixMicros,
    until: UnixMicros,
    pub(super) last: UnixMicros,
    /// Index in `cells` plus one, by row; 0 for a row without requests that succeeded.
    succeeded: Vec<u32>,
    /// The same for requests that failed.
    failed: Vec<u32>,
    /// The same for messages that were measured.
    measured: Vec<u32>,
    pub(super) cells: Vec<Cell>,
    /// Response times in nanoseconds, each with the index of its row in `cells`.
    pub(super) raw: Vec<(u32, u64)>,
    /// Tables of [`TABLE`] counters, one after the other.
    dense: Vec<u32>,
    /// Fine counters of all rows, page after page.
    pages: Vec<u32>,
    pub(super) failures: BinFailures,
    log: Vec<Logged>,
}

/// Sums of one row in a bin: of its requests that succeeded, of those that failed, or of the messages that were
/// measured. Times in nanoseconds.
#[derive(Debug)]
pub(super) struct Cell {
    pub(super) row: Arc<RowKey>,
    pub(super) measured: bool,
    pub(super) requests: u64,
    pub(super) none_requests: u64,
    pub(super) failures: u64,
    pub(super) sum_ns: u128,
    pub(super) min_ns: u64,
    pub(super) max_ns: u64,
    pub(super) length: u128,
    /// Where its table starts in `Bin::dense`, once there is one.
    table: Option<usize>,
}

#[derive(Debug, Default)]
pub(super) struct BinFailures {
    indices: HashMap<Arc<str>, u32>,
    pub(super) texts: Vec<Arc<str>>,
    pub(super) counts: HashMap<(u32, u32), FailureCount>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct FailureCount {
    pub(super) occurrences: u64,
    pub(super) first_seen: UnixMicros,
    pub(super) last_seen: UnixMicros,
}

#[derive(Debug, Clone, Copy)]
struct Logged {
    at: UnixMicros,
    cell: u32,
    text: Option<u32>,
    response_ns: Option<u64>,
    began_ns: Option<u64>,
    length: u64,
}

/// How much room the last bin took, so that the next one need not grow while it is filled.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Room {
    cells: usize,
    raw: usize,
    dense: usize,
    pages: usize,
    log: usize,
}

impl Bin {
    /// The empty bin that `at` falls into, with ticks at whole seconds after `start`.
    pub(super) fn around(at: UnixMicros, start: UnixMicros, rows: usize, room: Room) -> Self {
        const SECOND: u64 = UnixMicros::PER_SECOND;
        let second = at.0 / SECOND * SECOND;
        let (tick_first, tick_until) = match at.0.checked_sub(start.0) {
            None | Some(0) => (0, start.0),
            Some(since) => {
                let until = start.0 + since.div_ceil(SECOND) * SECOND;
                (until - SECOND + 1, until)
            }
        };
        Self {
            first: UnixMicros(second.max(tick_first)),
            until: UnixMicros((second + SECOND - 1).min(tick_until)),
            last: at,
            succeeded: vec![0; rows],
            failed: Vec::new(),
            measured: Vec::new(),
            cells: Vec::with_capacity(room.cells),
            raw: Vec::with_capacity(room.raw),
            dense: Vec::with_capacity(room.dense),
            pages: Vec::with_capacity(room.pages),
            failures: BinFailures::default(),
            log: Vec::with_capacity(room.log),
        }
    }

    pub(super) fn room(&self) -> Room {
        Room {
            cells: self.cells.len(),
            raw: self.raw.len(),
            dense: self.dense.len(),
            pages: self.pages.len(),
            log: self.log.len(),
        }
    }

    pub(super) fn holds(&self, at: UnixMicros) -> bool {
        at.0.wrapping_sub(self.first.0) <= self.until.0 - self.first.0
    }

    /// Counts one request of `row`, which is an index into `rows`.
    pub(super) fn add(&mut self, row: RowId, rows: &[Arc<RowKey>], sample: Sample<'_>, keep_log: bool) {
        let row = row.0 as usize;
        let index = match (sample.error, sample.measured) {
            (Some(_), _) => &mut self.failed,
            (None, true) => &mut self.measured,
            (None, false) => &mut self.succeeded,
        };
        if index.len() <= row {
            index.resize(rows.len(), 0);
        }
        if index[row] == 0 {
            self.cells.push(Cell::new(Arc::clone(&rows[row]), sample.measured));
            index[row] = as_index(self.cells.len());
        }
        let cell_index = index[row] - 1;
        let cell = &mut self.cells[cell_index as usize];
        cell.requests += 1;
        cell.length += u128::from(sample.length);
        self.last = self.last.max(sample.at);
        match sample.response_ns {
            None => cell.none_requests += 1,
            Some(ns) => {
                cell.sum_ns += u128::from(ns);
                cell.min_ns = cell.min_ns.min(ns);
                cell.max_ns = cell.max_ns.max(ns);
                let few = cell.requests - cell.none_requests <= RAW_TIMES;
                let index = if few { bucket::DENSE } else { bucket::dense_index(ns) };
                if index < bucket::DENSE {
                    let start = *cell.table.get_or_insert_with(|| {
                        let start = self.dense.len();
                        self.dense.resize(start + TABLE, 0);
                        start
                    });
                    let table = &mut self.dense[start..start + TABLE];
                    table[index] += 1;
                    let fine = hdr::index(ns);
                    let page = &mut table[bucket::DENSE + fine / PAGE];
                    if *page == 0 {
                        self.pages.resize(self.pages.len() + PAGE, 0);
                        *page = as_index(self.pages.len() / PAGE);
                    }
                    self.pages[(*page as usize - 1) * PAGE + fine % PAGE] += 1;
                } else {
                    self.raw.push((cell_index, ns));
                }
            }
        }
        let text = sample.error.map(|error| {
            cell.failures += 1;
            self.failures.add(cell_index, sample.at, error)
        });
        if keep_log {
            let Sample { at, response_ns, began_ns, length, error: _, measured: _ } = sample;
            self.log.push(Logged { at, cell: cell_index, text, response_ns, began_ns, length });
        }
    }

    /// Counts of a cell's response times that are not in `raw`, by index in a dense table; counts of 0 are left out.
    pub(super) fn tabled_times(&self, cell: &Cell) -> impl Iterator<Item = (usize, u64)> {
        let table = cell.table.map_or(&[][..], |start| &self.dense[start..start + bucket::DENSE]);
        let counts = table.iter().map(|&count| u64::from(count)).enumerate();
        counts.filter(|&(_, count)| count > 0)
    }

    /// The same times by their slots, in ascending order.
    pub(super) fn fine_times(&self, cell: &Cell) -> impl Iterator<Item = (usize, u64)> {
        let numbers = cell.table.map_or(&[][..], |start| &self.dense[start + bucket::DENSE..start + TABLE]);
        let pages = numbers.iter().enumerate().filter(|&(_, &number)| number > 0);
        pages.flat_map(|(page, &number)| {
            let start = (number as usize - 1) * PAGE;
            let counts = self.pages[start..start + PAGE].iter().map(|&count| u64::from(count)).enumerate();
            counts.filter(|&(_, count)| count > 0).map(move |(slot, count)| (page * PAGE + slot, count))
        })
    }
}

impl Cell {
    fn new(row: Arc<RowKey>, measured: bool) -> Self {
        Self {
            row,
            measured,
            requests: 0,
            none_requests: 0,
            failures: 0,
            sum_ns: 0,
            min_ns: u64::MAX,
            max_ns: 0,
            length: 0,
            table: None,
        }
    }
}

impl BinFailures {
    fn add(&mut self, cell: u32, at: UnixMicros, text: &str) -> u32 {
        let text = if let Some(&known) = self.indices.get(text) {
            known
        } else {
            let new = as_index(self.texts.len());
            let text: Arc<str> = text.into();
            self.texts.push(Arc::clone(&text));
            self.indices.insert(text, new);
            new
        };
        let fresh = FailureCount { occurrences: 0, first_seen: at, last_seen: at };
        let count = self.counts.entry((cell, text)).or_insert(fresh);
        count.occurrences += 1;
        count.first_seen = count.first_seen.min(at);
        count.last_seen = count.last_seen.max(at);
        text
    }
}

/// An index into a table, which never holds four thousand million things.
#[expect(clippy::cast_possible_truncation, reason = "memory ends before u32 does")]
fn as_index(at: usize) -> u32 {
    at as u32
}

#[cfg(test)]
mod tests;
