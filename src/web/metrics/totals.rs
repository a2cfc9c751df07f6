//! What the rows of a run have come to: where every counter and histogram of a scrape comes from.
//!
//! They are copied while the runner waits, so nothing is searched or sorted here. Only the first rows have numbers of their
//! own, because the scenario chooses the names and Prometheus keeps each one for ever. The first by time, not the busiest:
//! a row that changed sides would make counters go back.

use std::collections::HashMap;
use std::sync::Arc;

use crate::stats::fine::FineTimes;
use crate::stats::snapshot::CountedRow;
use crate::stats::statistics::Statistics;
use crate::stats::{Connections, Received, RowKey};

/// So many rows have numbers of their own.
pub const ROWS: usize = 500;

/// What the rows of a run have come to.
#[derive(Debug, Clone, Default)]
pub struct Totals {
    /// Since when they count, in seconds of unix time: the start of the run, or when the statistics began anew.
    pub since: f64,
    /// The first rows, in the order of their first request; at most [`ROWS`].
    pub rows: Vec<RowTotals>,
    /// All further rows together.
    pub others: OtherRows,
    /// Connections that users opened and lost.
    pub connections: Connections,
    /// Messages that arrived on subscriptions.
    pub received: Received,
}

/// What one row has come to.
#[derive(Debug, Clone)]
pub struct RowTotals {
    /// Request type and name.
    pub key: Arc<RowKey>,
    /// Whether it holds measured messages, from end to end, instead of requests.
    pub measured: bool,
    /// All requests, failed ones included.
    pub requests: u64,
    /// Requests that failed.
    pub failures: u64,
    /// Content lengths of all requests together, in bytes.
    pub length: u64,
    /// Their times.
    pub times: TimesTotal,
}

/// What the rows that have no numbers of their own have come to together.
#[derive(Debug, Clone, Default)]
pub struct OtherRows {
    /// How many rows they are.
    pub rows: usize,
    /// All requests, failed ones included.
    pub requests: u64,
    /// Requests that failed.
    pub failures: u64,
    /// Content lengths of all requests together, in bytes.
    pub length: u64,
    /// Response times of requests.
    pub response: TimesTotal,
    /// Times of measured messages from end to end.
    pub measured: TimesTotal,
}

/// Times and their sum.
#[derive(Debug, Clone, Default)]
pub struct TimesTotal {
    /// The times to three digits.
    pub histogram: FineTimes,
    /// Their exact sum in seconds.
    pub sum_s: f64,
}

impl Totals {
    /// What the rows have come to now.
    pub fn of(statistics: &Statistics) -> Self {
        let mut rows = statistics.counted_rows();
        let first: Vec<RowTotals> = rows.by_ref().take(ROWS).map(RowTotals::of).collect();
        let mut others = OtherRows::default();
        for row in rows {
            others.rows += 1;
            others.requests += row.requests;
            others.failures += row.failures;
            others.length += row.length;
            let times = if row.measured { &mut others.measured } else { &mut others.response };
            times.sum_s += row.total_s;
            if row.measured {
                times.histogram.absorb(row.times);
            }
        }
        // There may be 100,000 others. What all requests took, without the first rows, is theirs.
        if others.rows > 0 {
            let mut of_first = FineTimes::default();
            for row in first.iter().filter(|row| !row.measured) {
                of_first.absorb(&row.times.histogram);
            }
            others.response.histogram = statistics.latency().to_fine().without(&of_first);
        }
        Self {
            since: statistics.since(),
            rows: first,
            others,
            connections: statistics.connections(),
            received: statistics.received(),
        }
    }
}

impl Totals {
    /// These and what came later, with rows of one type and name as one row. Rows keep the side of [`ROWS`] that they are on.
    #[must_use]
    pub fn plus(&self, later: &Self) -> Self {
        let mut sum = self.clone();
        if sum.rows.is_empty() {
            return later.clone();
        }
        let places: HashMap<_, _> =
            self.rows.iter().enumerate().map(|(place, row)| (Arc::clone(&row.key), place)).collect();
        let mut beyond = 0;
        for row in &later.rows {
            if let Some(known) = places.get(&row.key).and_then(|place| sum.rows.get_mut(*place)) {
                known.add(row);
            } else if sum.rows.len() < ROWS {
                sum.rows.push(row.clone());
            } else {
                beyond += 1;
                sum.others.add_row(row);
            }
        }
        // Most of the others are the same as before: tests of one worker have one scenario, as a rule.
        sum.others.rows = sum.others.rows.max(later.others.rows + beyond);
        sum.others.add(&later.others);
        sum.connections.add(later.connections);
        sum.received.add(later.received);
        sum
    }
}

impl TimesTotal {
    fn add(&mut self, more: &Self) {
        self.histogram.absorb(&more.histogram);
        self.sum_s += more.sum_s;
    }
}

impl OtherRows {
    /// Adds their numbers; how many rows they are is another question.
    fn add(&mut self, more: &Self) {
        self.requests += more.requests;
        self.failures += more.failures;
        self.length += more.length;
        self.response.add(&more.response);
        self.measured.add(&more.measured);
    }

    fn add_row(&mut self, row: &RowTotals) {
        self.requests += row.requests;
        self.failures += row.failures;
        self.length += row.length;
        let times = if row.measured { &mut self.measured } else { &mut self.response };
        times.add(&row.times);
    }
}

impl RowTotals {
    fn add(&mut self, more: &Self) {
        self.requests += more.requests;
        self.failures += more.failures;
        self.length += more.length;
        self.times.add(&more.times);
    }

    fn of(row: CountedRow<'_>) -> Self {
        Self {
            key: Arc::clone(row.key),
            measured: row.measured,
            requests: row.requests,
            failures: row.failures,
            length: row.length,
            times: TimesTotal { histogram: row.times.clone(), sum_s: row.total_s },
        }
    }
}

#[cfg(test)]
mod tests;
