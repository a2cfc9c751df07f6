//! The numbers of a run: an entry per row, Aggregated, failures, exceptions and the user count.
//!
//! Numbers come in two ways: a live run merges batches, and a replay logs event by event. If response times are whole
//! nanoseconds, both ways give the same to the last digit, since their sum does not depend on the order. Other times
//! are floats, whose sum depends on the order; they are added in the order of events, as in Locust. In both ways,
//! Aggregated gets each event itself: it is no sum of the entries, because their new seconds begin at other
//! moments.The sums of all requests, unlike Aggregated, leave measured messages out, since their times are of another
//! kind and none of them can fail.

mod bins;
mod views;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::stats::batch::Batch;
use crate::stats::entry::Entry;
use crate::stats::failure::{ExceptionTable, FailureTable, Occurrence};
use crate::stats::fine::FineTimes;
use crate::stats::latency::Latency;
use crate::stats::number::Number;
use crate::stats::over_time::{MergedSecond, OverTime, SecondOfRun};
use crate::stats::percentiles::PercentileList;
use crate::stats::result::series::Point;
use crate::stats::sums::{Sums, TickSums};
use crate::stats::unfinished::Waits;
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
    keys: Vec<Arc<RowKey>>,
    /// Index in `entries` by row.
    indices: HashMap<Arc<RowKey>, usize>,
    /// The same in the order of the files. Looking up one of 100,000 rows would take long in this order.
    order: BTreeMap<Arc<RowKey>, usize>,
    failures: FailureTable,
    exceptions: ExceptionTable,
    user_count: i64,
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
    /// All requests, without measured messages.
    requests: Sums,
    started: f64,
    most_connected: u64,
    /// Those that rows show.
    percentiles: PercentileList,
    keep_seconds: bool,
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
            requests: Sums::default(),
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

    /// Forgets all exceptions. [`reset`](Self::reset) keeps them, as Locust does when all users have started.
    pub fn forget_exceptions(&mut self) {
        self.exceptions = ExceptionTable::default();
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
        self.requests = Sums::default();
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
        self.requests.absorb(&self.tick.all);
        self.merge_failures(&bins);
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

    fn entry(&mut self, row: &RowKey, now: f64) -> &mut Entry {
        let index = match self.indices.get(row) {
            Some(&index) => index,
            None => self.insert(Arc::new(row.clone()), now),
        };
        &mut self.entries[index]
    }

    fn insert(&mut self, row: Arc<RowKey>, now: f64) -> usize {
        let index = self.entries.len();
        let entry = Entry::new(now, self.keep_history).keeping_seconds(self.keep_seconds);
        self.entries.push(entry);
        self.keys.push(Arc::clone(&row));
        self.indices.insert(Arc::clone(&row), index);
        self.order.insert(row, index);
        index
    }
}
