//! What others read of the statistics: snapshots, rows, the present moment, and the run over time.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::stats::entry::LocustSums;
use crate::stats::fine::FineTimes;
use crate::stats::latency::Latency;
use crate::stats::over_time::{self, Interval, StageSums};
use crate::stats::result::series::Series;
use crate::stats::snapshot::{CountedRow, Live, LiveRow, Row, Snapshot};
use crate::stats::statistics::Statistics;
use crate::stats::sums::Sums;
use crate::stats::unfinished::Unfinished;
use crate::stats::{Connections, Received, RowKey};

impl Statistics {
    /// What Locust keeps of each row that has requests, in the order of their first one.
    pub fn locust_sums(&self) -> Vec<LocustSums> {
        let rows = self.keys.iter().zip(&self.entries);
        rows.map(|(key, entry)| entry.sums(Arc::clone(key))).filter(|sums| sums.requests > 0).collect()
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

    /// Since when they count, in seconds of unix time: the start of the run, or when they began anew.
    pub fn since(&self) -> f64 {
        self.aggregated.start()
    }

    /// Connections that users opened and lost, over the whole run.
    pub fn connections(&self) -> Connections {
        self.connections
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

    /// The times of failed requests of one row; `None` if there is no such row, and nothing in a replay.
    pub fn failed_times(&self, row: &RowKey) -> Option<&FineTimes> {
        self.indices.get(row).map(|&index| self.entries[index].failed())
    }

    /// The sums of all requests, without measured messages. Nothing in a replay.
    pub fn requests(&self) -> &Sums {
        &self.requests
    }

    /// How many seconds the statistics cover: from the start of the run, or from when they began anew, to the end of the
    /// last second. Locust's rates end with the last request instead, which makes those of a short run too high.
    pub fn lasted_s(&self) -> f64 {
        self.started + self.over_time.ended_s() - self.aggregated.start()
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
        let row = |row: Option<usize>, key: &Arc<RowKey>, (requests, failures): (u64, u64)| {
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
            rows: busiest
                .iter()
                .map(|&at| row(Some(at), &self.keys[at], self.entries[at].requests_and_failures()))
                .collect(),
            rows_in_all: self.entries.len(),
            all: row(None, &self.aggregated_key, self.requests_and_failures()),
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

    /// The counts of all rows, in the order of their first request.
    pub fn counted_rows(&self) -> impl Iterator<Item = CountedRow<'_>> {
        let measured = |key| !self.measured.is_empty() && self.measured.contains_key(key);
        let rows = self.keys.iter().zip(&self.entries);
        rows.map(move |(key, entry)| {
            let (requests, failures) = entry.requests_and_failures();
            let total_s = entry.total_ms().to_f64() / 1e3;
            let (length, times) = (entry.total_length(), entry.fine());
            CountedRow { key, measured: measured(key), requests, failures, total_s, length, times }
        })
    }

    /// The course of the run.
    pub fn series(&self) -> Series {
        self.over_time.series(self.started, &self.aggregated_key, &self.keys)
    }

    /// Returns how many requests there were and how many of them failed. Measured messages are no requests. Nothing in a
    /// replay.
    pub fn requests_and_failures(&self) -> (u64, u64) {
        (self.requests.requests(), self.requests.failures())
    }
}
