//! The numbers of a run: an entry per row, Aggregated, failures, exceptions and the user count.
//!
//! Numbers come in two ways: a live run merges batches, and a replay logs event by event. If response times are whole
//! nanoseconds, both ways give the same to the last digit, since their sum does not depend on the order. Other times
//! are floats, whose sum depends on the order; they are added in the order of events, as in Locust. In both ways,
//! Aggregated gets each event itself: it is no sum of the entries, because their new seconds begin at other moments.
//! The times of all requests with three digits are the sum of the rows.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::stats::batch::{Batch, Bin};
use crate::stats::bucket;
use crate::stats::entry::{Entry, LocustSums};
use crate::stats::exception::ExceptionTable;
use crate::stats::failure::{FailureTable, Occurrence};
use crate::stats::fine::FineTimes;
use crate::stats::hdr;
use crate::stats::latency::Latency;
use crate::stats::live::{Live, LiveRow};
use crate::stats::number::Number;
use crate::stats::over_time::{self, Interval, MergedSecond, OverTime, SecondOfRun, StageSums};
use crate::stats::percentiles::PercentileList;
use crate::stats::result::series::{Point, Series};
use crate::stats::snapshot::{Row, Snapshot};
use crate::stats::sums::Sums;
use crate::stats::unfinished::{Unfinished, Waits};
use crate::stats::{Connections, Received, RowKey, Starts};

/// Locust's name of a node in a run of one process.
pub const LOCAL_NODE: &str = "local";

/// The statistics of a run. Times are unix seconds that never go back.
#[derive(Debug, Clone)]
pub struct Statistics {
    keep_history: bool,
    aggregated_key: Arc<RowKey>,
    aggregated: Entry,
    entries: Vec<Entry>,
    /// The rows of the entries.
    keys: Vec<Arc<RowKey>>,
    /// Index in `entries` by row.
    indices: HashMap<Arc<RowKey>, usize>,
    /// The same in the order of the files. Looking up one of 100,000 rows would take long in this order.
    order: BTreeMap<Arc<RowKey>, usize>,
    failures: FailureTable,
    exceptions: ExceptionTable,
    user_count: i64,
    /// Most users at once since the tick before.
    most_users: i64,
    latency: Latency,
    tick_latency: Latency,
    connections: Connections,
    tick_connections: Connections,
    received: Received,
    tick_received: Received,
    measured: BTreeMap<Arc<RowKey>, FineTimes>,
    measured_began: BTreeMap<Arc<RowKey>, FineTimes>,
    intended: Latency,
    tick_intended: Latency,
    began: Latency,
    starts: Starts,
    unfinished: BTreeMap<Arc<RowKey>, Waits>,
    tick: TickSums,
    over_time: OverTime,
    /// Response times of failed requests.
    failed: FineTimes,
    started: f64,
    most_connected: u64,
    /// Those that rows show.
    percentiles: PercentileList,
    keep_seconds: bool,
}

/// What the last tick added.
#[derive(Debug, Clone, Default)]
struct TickSums {
    all: Sums,
    /// The rows that had requests, with their indices, in the order of their first cell.
    rows: Vec<(usize, Sums)>,
    /// Index in `rows` plus one, by index of the row; 0 for a row without requests.
    of_row: Vec<u32>,
}

impl TickSums {
    fn clear(&mut self) {
        for (row, _) in self.rows.drain(..) {
            self.of_row[row] = 0;
        }
        self.all = Sums::default();
    }

    /// The sums of a row.
    #[expect(clippy::cast_possible_truncation, reason = "memory ends before u32 does")]
    fn row(&mut self, row: usize) -> &mut Sums {
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

impl Statistics {
    /// The statistics of a run that starts at `start`. `keep_history` is for the full history file: it keeps
    /// twenty earlier states per row.
    pub fn new(start: f64, keep_history: bool) -> Self {
        Self {
            keep_history,
            aggregated_key: Arc::new(RowKey { request_type: String::new(), name: "Aggregated".to_owned() }),
            aggregated: Entry::new(start, keep_history),
            entries: Vec::new(),
            keys: Vec::new(),
            indices: HashMap::new(),
            order: BTreeMap::new(),
            failures: FailureTable::default(),
            exceptions: ExceptionTable::default(),
            user_count: 0,
            most_users: 0,
            latency: Latency::new(),
            tick_latency: Latency::new(),
            connections: Connections::default(),
            tick_connections: Connections::default(),
            received: Received::default(),
            tick_received: Received::default(),
            measured: BTreeMap::new(),
            measured_began: BTreeMap::new(),
            intended: Latency::new(),
            tick_intended: Latency::new(),
            began: Latency::new(),
            starts: Starts::default(),
            unfinished: BTreeMap::new(),
            tick: TickSums::default(),
            over_time: OverTime::default(),
            failed: FineTimes::default(),
            started: start,
            most_connected: 0,
            percentiles: PercentileList::default(),
            keep_seconds: false,
        }
    }

    /// Shows these percentiles in rows instead of Locust's.
    #[must_use]
    pub fn with_percentiles(self, percentiles: PercentileList) -> Self {
        Self { percentiles, ..self }
    }

    /// Keeps every second of each row, which [`locust_sums`](Self::locust_sums) shows. It takes memory as long as the run
    /// lasts.
    #[must_use]
    pub fn keeping_seconds(self, keep_seconds: bool) -> Self {
        Self { keep_seconds, ..self }
    }

    /// What Locust keeps of each row that has requests, in the order of their first one.
    pub fn locust_sums(&self) -> Vec<LocustSums> {
        let rows = self.keys.iter().zip(&self.entries);
        rows.map(|(key, entry)| entry.sums(Arc::clone(key))).filter(|sums| sums.requests > 0).collect()
    }

    /// Logs a request that ended at `now`: response time in milliseconds, if it has one, below 10^38 either
    /// way; length in bytes.
    pub fn log_request(&mut self, row: &RowKey, now: f64, response_time: Option<Number>, length: i128) {
        self.aggregated.log(now, response_time, length);
        self.entry(row, now).log(now, response_time, length);
    }

    /// The same for a response time in whole nanoseconds.
    pub fn log_request_ns(&mut self, row: &RowKey, now: f64, response_ns: Option<u64>, length: i128) {
        self.aggregated.log_ns(now, response_ns, length);
        self.entry(row, now).log_ns(now, response_ns, length);
    }

    /// Logs that the request logged last for `row` failed. Call it after [`log_request`](Self::log_request).
    pub fn log_error(&mut self, row: &RowKey, now: f64, error: &str) {
        self.aggregated.log_error(now);
        self.entry(row, now).log_error(now);
        self.failures.add(Occurrence { row, error, times: 1, first_seen: now, last_seen: now });
    }

    /// Counts requests of a row that never came to an end.
    pub fn log_unfinished(&mut self, row: &RowKey, waits: Waits) {
        match self.unfinished.get_mut(row) {
            Some(known) => known.add(waits),
            None => {
                self.unfinished.insert(Arc::new(row.clone()), waits);
            }
        }
    }

    /// Logs a fault of the scenario on `node`.
    pub fn log_exception(&mut self, node: &str, message: &str, traceback: &str) {
        self.exceptions.add(node, message, traceback);
    }

    /// Sets the number of living users.
    pub fn set_user_count(&mut self, count: i64) {
        self.user_count = count;
        self.most_users = self.most_users.max(count);
    }

    /// What is logged from now on belongs to the next tick; [`merge`](Self::merge) knows by itself.
    pub fn begin_tick(&mut self) {
        self.most_users = self.user_count;
    }

    /// Resets every row to zero, as of `now`. Rows, exceptions and users stay. In a live run `now`
    /// should be the tick that was merged last, so that no sample lies on both sides.
    pub fn reset(&mut self, now: f64) {
        let fresh = Entry::new(now, self.keep_history).keeping_seconds(self.keep_seconds);
        self.entries.fill(fresh.clone());
        self.aggregated = fresh;
        self.failures.clear();
        self.unfinished.clear();
        for latency in [
            &mut self.latency,
            &mut self.tick_latency,
            &mut self.intended,
            &mut self.tick_intended,
            &mut self.began,
        ] {
            latency.clear();
        }
        self.measured.clear();
        self.measured_began.clear();
        self.received = Received::default();
        self.tick_received = Received::default();
        self.starts = Starts::default();
        self.tick.clear();
        self.over_time.clear();
        self.failed = FineTimes::default();
    }

    /// Adds what all recorders saw in one tick. Every batch of the tick belongs into the same call.
    pub fn merge(&mut self, batches: Vec<Batch>) {
        self.begin_tick();
        self.tick_latency.clear();
        self.tick_received = Received::default();
        self.tick_connections = Connections::default();
        self.tick_intended.clear();
        let (mut bins, mut exceptions, mut users) = (Vec::new(), Vec::new(), Vec::new());
        for batch in batches {
            self.tick_received.add(batch.received);
            self.tick_connections.add(batch.connections);
            if let Some(intended) = &batch.intended {
                self.tick_intended.add(intended);
                self.intended.add(intended);
            }
            if let Some(began) = &batch.began {
                self.began.add(began);
            }
            for (row, times) in batch.measured_began {
                self.measured_began.entry(row).or_default().absorb(&times);
            }
            self.starts.add(batch.starts);
            for (row, waits) in &batch.unfinished {
                self.log_unfinished(row, *waits);
            }
            bins.extend(batch.bins);
            exceptions.extend(batch.exceptions);
            users.extend(batch.users);
        }
        users.sort_by_key(|change| change.at);
        for change in users {
            self.set_user_count(self.user_count + i64::from(change.by));
        }
        self.received.add(self.tick_received);
        self.connections.add(self.tick_connections);
        exceptions.sort_by_key(|exception| exception.at);
        for exception in &exceptions {
            self.log_exception(LOCAL_NODE, &exception.message, &exception.traceback);
        }
        // Bins overlap in time only if they are equal, so this is the order of seconds.
        bins.sort_by_key(|bin| bin.first);
        self.tick.clear();
        for bin in &bins {
            self.merge_times(bin);
        }
        for (row, sums) in &self.tick.rows {
            self.entries[*row].absorb_fine(sums);
        }
        self.latency.add(&self.tick_latency);
        self.tick.all.times = self.tick_latency.to_fine();
        self.failed.absorb(&self.tick.all.failed);
        self.merge_failures(&bins);
    }

    /// Returns all that a report needs, as of `now`.
    pub fn snapshot(&self, now: f64) -> Snapshot {
        let span = self.aggregated.span();
        let row = |(key, &index): (&Arc<RowKey>, &usize)| {
            self.entries[index].row(Arc::clone(key), now, span, &self.percentiles)
        };
        let times = |of: &BTreeMap<Arc<RowKey>, FineTimes>| {
            of.iter().filter_map(|(row, times)| Some((Arc::clone(row), times.summary()?))).collect()
        };
        Snapshot {
            rows: self.order.iter().map(row).collect(),
            failures: self.failures.sorted(),
            exceptions: self.exceptions.as_seen().to_vec(),
            measured: times(&self.measured),
            measured_began: times(&self.measured_began),
            ..self.overview(now)
        }
    }

    /// The rows that are wanted, in the order of the files, as of `now`.
    pub fn some_rows(&self, now: f64, wanted: impl Fn(&RowKey) -> bool) -> Vec<Row> {
        let span = self.aggregated.span();
        let rows = self.order.iter().filter(|(key, _)| wanted(key));
        rows.map(|(key, &index)| self.entries[index].row(Arc::clone(key), now, span, &self.percentiles))
            .collect()
    }

    /// The same without rows, failures and exceptions, so that its cost does not depend on their number.
    pub fn overview(&self, now: f64) -> Snapshot {
        let span = self.aggregated.span();
        Snapshot {
            now,
            percentiles: self.percentiles.clone(),
            user_count: self.user_count,
            most_users: self.most_users,
            rows: Vec::new(),
            aggregated: self.aggregated.row(Arc::clone(&self.aggregated_key), now, span, &self.percentiles),
            failures: Vec::new(),
            exceptions: Vec::new(),
            latency: self.latency.summary(),
            tick_latency: self.tick_latency.summary(),
            connections: self.connections,
            tick_connections: self.tick_connections,
            received: self.received,
            tick_received: self.tick_received,
            measured: Vec::new(),
            measured_began: Vec::new(),
            intended: self.intended.summary(),
            tick_intended: self.tick_intended.summary(),
            began: self.began.summary(),
            starts: self.starts,
            unfinished: self
                .unfinished
                .iter()
                .map(|(row, &waits)| Unfinished { row: Arc::clone(row), waits })
                .collect(),
        }
    }

    /// Returns the count of the messages that have arrived on subscriptions so far.
    pub fn received(&self) -> Received {
        self.received
    }

    /// Returns the response times of all requests, exact to three digits.
    pub fn latency(&self) -> &Latency {
        &self.latency
    }

    /// Returns the response times of the last tick only.
    pub fn tick_latency(&self) -> &Latency {
        &self.tick_latency
    }

    /// Returns the number of rows, without Aggregated.
    pub fn rows(&self) -> usize {
        self.entries.len()
    }

    /// The times of one row, exact to three digits; `None` if there is no such row, and nothing in a replay.
    pub fn row_times(&self, row: &RowKey) -> Option<&FineTimes> {
        self.indices.get(row).map(|&index| self.entries[index].fine())
    }

    /// The times of measured messages of one row; `None` if it has none.
    pub fn measured_times(&self, row: &RowKey) -> Option<&FineTimes> {
        self.measured.get(row)
    }

    /// The same from when their publish step began, if a schedule started it.
    pub fn measured_began_times(&self, row: &RowKey) -> Option<&FineTimes> {
        self.measured_began.get(row)
    }

    /// Response times of users with pacing from when their requests were due.
    pub fn intended(&self) -> &Latency {
        &self.intended
    }

    /// Times from when each request began, of requests that a schedule started.
    pub fn began(&self) -> &Latency {
        &self.began
    }

    /// The times of failed requests: of one row, or of all. Nothing in a replay.
    pub fn failed_times(&self, row: Option<&RowKey>) -> Option<&FineTimes> {
        match row {
            None => Some(&self.failed),
            Some(row) => self.indices.get(row).map(|&index| self.entries[index].failed()),
        }
    }

    /// Ends a second at `at` (unix seconds), after it was merged: what it brought counts for its stage, for the course
    /// of the run and for its last seconds. Sums of stages are kept only if the run is `staged`.
    pub fn end_second(&mut self, at: f64, context: SecondOfRun, staged: bool) {
        let TickSums { all, rows, of_row } = &mut self.tick;
        rows.sort_unstable_by_key(|(row, _)| *row);
        for (place, (row, _)) in (1..).zip(&*rows) {
            of_row[*row] = place;
        }
        let connected = self.connections.open();
        self.most_connected = self.most_connected.max(connected);
        let point = Point {
            at_s: at - self.started,
            users_wanted: Some(context.users_wanted),
            users: u32::try_from(self.user_count).unwrap_or(0),
            connected: Some(u32::try_from(connected).unwrap_or(u32::MAX)),
            connects: Some(self.tick_connections.opened),
            requests: all.requests(),
            failures: all.failures(),
            received: self.tick_received.messages,
            generator_cpu_cores: context.health.generator_cpu_cores,
            send_lag_p99_ms: context.health.send_lag_p99_ms,
            generator_was_the_limit: context.health.limited,
        };
        let second = MergedSecond {
            context,
            point,
            received: self.tick_received,
            connections: self.tick_connections,
            all,
            rows,
            rows_of_run: self.entries.len(),
        };
        self.over_time.add(&second, staged);
    }

    /// The most connections at the end of a second.
    pub fn most_connected(&self) -> u64 {
        self.most_connected
    }

    /// The requests of the last second: all of them, and the rows that had some, at most [`over_time::MAX_ROWS`].
    pub fn last_second(&self) -> Option<(&Interval, impl Iterator<Item = (&RowKey, &Interval)>)> {
        let second = self.over_time.last()?;
        let rows = second.rows.iter().map(|(row, interval)| (&*self.keys[*row], interval));
        Some((&second.all, rows))
    }

    /// What the run does at this moment, with at most so many rows.
    pub fn live(&self, rows: usize) -> Live {
        let last = self.over_time.last();
        let row = |row: Option<usize>, key: &Arc<RowKey>, entry: &Entry| {
            let (requests, failures) = entry.requests_and_failures();
            let second = last.and_then(|last| last.of(row));
            LiveRow {
                key: Arc::clone(key),
                requests,
                failures,
                requests_in_second: second.map_or(0, |second| second.requests),
                failures_in_second: second.map_or(0, |second| second.failures),
                recent: self.over_time.recent_times(row),
            }
        };
        let mut busiest: Vec<usize> = (0..self.entries.len().min(over_time::MAX_ROWS)).collect();
        busiest.sort_by_key(|&row| Reverse(self.entries[row].requests_and_failures().0));
        busiest.truncate(rows);
        busiest.sort_by_key(|&row| &self.keys[row]);
        Live {
            rows: busiest.iter().map(|&at| row(Some(at), &self.keys[at], &self.entries[at])).collect(),
            rows_in_all: self.entries.len(),
            all: row(None, &self.aggregated_key, &self.aggregated),
        }
    }

    /// The sums of each stage by its index; empty for a run that is not staged.
    pub fn stages(&self) -> &[StageSums] {
        self.over_time.stages()
    }

    /// The rows by their index, which is the order of their first request.
    pub fn keys(&self) -> &[Arc<RowKey>] {
        &self.keys
    }

    /// The course of the run.
    pub fn series(&self) -> Series {
        self.over_time.series(self.started, &self.aggregated_key, &self.keys)
    }

    /// Returns how many requests there were and how many of them failed.
    pub fn requests_and_failures(&self) -> (u64, u64) {
        self.aggregated.requests_and_failures()
    }

    fn entry(&mut self, row: &RowKey, now: f64) -> &mut Entry {
        let index = match self.indices.get(row) {
            Some(&index) => index,
            None => self.insert(Arc::new(row.clone()), now),
        };
        &mut self.entries[index]
    }

    /// Makes the entry of a new row.
    fn insert(&mut self, row: Arc<RowKey>, now: f64) -> usize {
        let index = self.entries.len();
        let entry = Entry::new(now, self.keep_history).keeping_seconds(self.keep_seconds);
        self.entries.push(entry);
        self.keys.push(Arc::clone(&row));
        self.indices.insert(Arc::clone(&row), index);
        self.order.insert(row, index);
        index
    }

    fn merge_times(&mut self, bin: &Bin) {
        let now = bin.last.as_secs_f64();
        let mut indices = Vec::with_capacity(bin.cells.len());
        // Aggregated's times are added up first: a search per bucket and row would cost more than all else.
        let mut all_times = [0; bucket::DENSE];
        let mut failed = Vec::new();
        for cell in &bin.cells {
            let index = match self.indices.get(&cell.row) {
                Some(&index) => index,
                None => self.insert(Arc::clone(&cell.row), now),
            };
            indices.push(index);
            let entry = &mut self.entries[index];
            self.aggregated.absorb(now, cell);
            entry.absorb(now, cell);
            self.tick.all.absorb_cell(cell);
            let sums = self.tick.row(index);
            sums.absorb_cell(cell);
            for (index, times) in bin.tabled_times(cell) {
                all_times[index] += times;
                entry.absorb_times(bucket::at_dense_index(index), times);
            }
            for (slot, times) in bin.fine_times(cell) {
                sums.times.add(slot, times);
                if cell.failures > 0 {
                    sums.failed.add(slot, times);
                    failed.push((slot, times));
                }
                if cell.measured {
                    self.measured.entry(Arc::clone(&cell.row)).or_default().add(slot, times);
                } else {
                    self.tick_latency.add_slot(slot, times);
                }
            }
        }
        for &(cell, ns) in &bin.raw {
            let bucket = bucket::of_float(ns as f64 / 1e6);
            let index = indices[cell as usize];
            let cell = &bin.cells[cell as usize];
            self.entries[index].absorb_times(bucket, 1);
            let sums = self.tick.row(index);
            sums.times.record(ns);
            if cell.failures > 0 {
                sums.failed.record(ns);
                failed.push((hdr::index(ns), 1));
            }
            if cell.measured {
                self.measured.entry(Arc::clone(&cell.row)).or_default().add(hdr::index(ns), 1);
            } else {
                self.tick_latency.record(ns);
            }
            match all_times.get_mut(bucket::dense_index(ns)) {
                Some(times) => *times += 1,
                None => self.aggregated.absorb_times(bucket, 1),
            }
        }
        for (slot, times) in failed {
            self.tick.all.failed.add(slot, times);
        }
        for (index, times) in all_times.into_iter().enumerate().filter(|&(_, times)| times > 0) {
            self.aggregated.absorb_times(bucket::at_dense_index(index), times);
        }
    }

    fn merge_failures(&mut self, bins: &[Bin]) {
        let mut seen: Vec<_> = bins
            .iter()
            .flat_map(|bin| {
                bin.failures.counts.iter().map(|(&(cell, text), count)| Occurrence {
                    row: &bin.cells[cell as usize].row,
                    error: &bin.failures.texts[text as usize],
                    times: count.occurrences,
                    first_seen: count.first_seen.as_secs_f64(),
                    last_seen: count.last_seen.as_secs_f64(),
                })
            })
            .collect();
        seen.sort_by(|a, b| a.first_seen.total_cmp(&b.first_seen));
        for occurrence in seen {
            self.failures.add(occurrence);
        }
    }
}
