//! `_stats_history.csv`: the run over time.
//!
//! The file has totals since the start, one tick a second; what happened in an interval is the difference of two totals.
//! Its own rates are averages of ten seconds that ended two seconds before, so they are not used. Its percentile
//! columns have two meanings: with `--csv-full-history` they are of about the ten seconds before each tick, otherwise of
//! the whole run until then. Only the former say something about a moment, and only a file with rows beside Aggregated
//! has them.

use std::collections::HashMap;

use crate::report::read::csv::table::{Record, Table};
use crate::report::read::possible::MAX_UNIX_S;
use crate::report::read::problem::{Problem, Wanted};
use crate::stats::RowKey;
use crate::stats::result::series::{Point, RowSeries, Series};

/// A longer run has longer intervals, so that there are never more than these.
const MAX_INTERVALS: u64 = 600;

/// Only so many rows have a series, those with the most requests.
const MAX_ROWS: usize = 100;

/// Over how many seconds the percentiles of a tick go.
const WINDOW_S: u32 = 10;

/// The run over time, and what the file tells beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// When the run began, in whole seconds of unix time.
    pub started: u64,
    /// When the last tick was, in whole seconds of unix time.
    pub ended: u64,
    /// The most users at a time.
    pub users: u32,
    /// Whether it has every row, and the percentiles of moments.
    pub is_full: bool,
    /// Whether the totals went back to zero in the run: Locust's `--reset-stats`.
    pub was_reset: bool,
    /// The run in intervals of equal length.
    pub series: Series,
}

/// What one row says at one tick.
#[derive(Debug, Clone, Copy, Default)]
struct Tick {
    at: u64,
    users: u32,
    /// Requests, failures and the sum of their times in milliseconds, since the start of the run.
    total: Total,
    /// The percentiles of [`PERCENTS`], as far as the file has them.
    percentiles: [Option<f64>; PERCENTS.len()],
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Total {
    requests: u64,
    failures: u64,
    sum_ms: f64,
}

/// The percentiles of a [`RowSeries`].
const PERCENTS: [f64; 5] = [50.0, 95.0, 99.0, 99.9, 100.0];

/// One row, tick by tick.
#[derive(Debug, Default)]
struct Row {
    ticks: Vec<Tick>,
    /// What stood in the file at the last tick, since the last reset.
    last: Total,
    was_reset: bool,
}

impl History {
    /// Reads the bytes of a `_stats_history.csv`; `None` if it has no tick.
    pub fn parse(bytes: &[u8]) -> Result<Option<Self>, Problem> {
        let mut table = Table::open(bytes, Wanted::History)?;
        let columns = table.columns(HEADINGS)?;
        let percentiles = PERCENTS.map(|percent| table.column(&format!("{percent}%")));
        let (mut all, mut rows) = (Row::default(), HashMap::<RowKey, Row>::new());
        while let Some(record) = table.next() {
            let record = record?;
            let (key, tick) = tick(&record, columns, percentiles)?;
            if key.request_type.is_empty() && key.name == "Aggregated" {
                all.push(tick);
                continue;
            }
            let before = all.ticks.last().map(|tick| tick.at);
            let row = rows.entry(key).or_default();
            if let (true, Some(before)) = (row.ticks.is_empty(), before) {
                // Until the tick before its first one the row had no request.
                row.ticks.push(Tick { at: before, ..Tick::default() });
            }
            row.push(tick);
        }
        let (Some(first), Some(last)) = (all.ticks.first().copied(), all.ticks.last().copied()) else {
            return if rows.is_empty() { Ok(None) } else { Err(Problem::NoAggregated) };
        };
        // A tick that has requests already ends a second.
        let started = if first.total.requests > 0 { first.at.saturating_sub(1) } else { first.at };
        let is_full = !rows.is_empty();
        Ok(Some(Self {
            started,
            ended: last.at,
            users: all.ticks.iter().map(|tick| tick.users).max().unwrap_or_default(),
            is_full,
            was_reset: all.was_reset,
            series: series(Interval::new(started, last.at), &all, rows, is_full),
        }))
    }
}

const HEADINGS: [&str; 7] = [
    "Timestamp",
    "User Count",
    "Type",
    "Name",
    "Total Request Count",
    "Total Failure Count",
    "Total Average Response Time",
];

fn tick(
    record: &Record,
    columns: [usize; HEADINGS.len()],
    percentiles: [Option<usize>; PERCENTS.len()],
) -> Result<(RowKey, Tick), Problem> {
    let [timestamp, users, request_type, name, requests, failures, average] = columns;
    let at = record.count(timestamp)?;
    if at as f64 > MAX_UNIX_S {
        return Err(record.problem(timestamp, "a unix time in seconds"));
    }
    let (requests, failures) = (record.count(requests)?, record.count(failures)?);
    if failures > requests {
        return Err(record.problem(columns[5], "the Total Request Count or less"));
    }
    let sum_ms = record.number(average)? * requests as f64;
    let mut tick = Tick {
        at,
        users: u32::try_from(record.count(users)?).unwrap_or(u32::MAX),
        total: Total { requests, failures, sum_ms },
        percentiles: [None; PERCENTS.len()],
    };
    for (value, at) in tick.percentiles.iter_mut().zip(percentiles) {
        *value = at.map_or(Ok(None), |at| record.number_if_any(at))?;
    }
    // Locust writes zeros also if it has no times of the last seconds.
    if tick.percentiles.iter().all(|value| value.is_none_or(|ms| ms == 0.0)) {
        tick.percentiles = [None; PERCENTS.len()];
    }
    let key =
        RowKey { request_type: record.text(request_type).to_owned(), name: record.text(name).to_owned() };
    Ok((key, tick))
}

impl Row {
    /// Adds a tick, whose totals are since the last reset.
    fn push(&mut self, mut tick: Tick) {
        let (now, last) = (tick.total, self.last);
        let is_reset = now.requests < last.requests || now.failures < last.failures;
        let since = if is_reset { Total::default() } else { last };
        self.was_reset |= is_reset;
        self.last = now;
        let before = self.ticks.last().map(|tick| (tick.at, tick.total)).unwrap_or_default();
        tick.total = Total {
            requests: before.1.requests.saturating_add(now.requests - since.requests),
            failures: before.1.failures.saturating_add(now.failures - since.failures),
            sum_ms: before.1.sum_ms + (now.sum_ms - since.sum_ms).max(0.0),
        };
        // A clock that was set back makes no time pass; and a second can have two ticks.
        tick.at = tick.at.max(before.0);
        match self.ticks.last_mut() {
            Some(last) if last.at == tick.at => *last = tick,
            _ => self.ticks.push(tick),
        }
    }

    /// The last tick until a moment.
    fn until(&self, at: u64) -> Option<&Tick> {
        self.ticks[..self.ticks.partition_point(|tick| tick.at <= at)].last()
    }

    /// The totals at a moment. Locust's ticks come a little later than each second, so that a second is left out now and
    /// then: what happened between two ticks is spread over the seconds between them.
    fn at(&self, at: u64) -> Total {
        let next = self.ticks.partition_point(|tick| tick.at <= at);
        let Some(before) = next.checked_sub(1).map(|before| &self.ticks[before]) else {
            return Total::default();
        };
        let Some(after) = self.ticks.get(next).filter(|_| before.at < at) else {
            return before.total;
        };
        let part = |from: u64, to: u64| {
            let grown = u128::from(to.saturating_sub(from)) * u128::from(at - before.at);
            from + u64::try_from(grown / u128::from(after.at - before.at)).unwrap_or_default()
        };
        let requests = part(before.total.requests, after.total.requests);
        let share = (requests - before.total.requests) as f64
            / (after.total.requests - before.total.requests).max(1) as f64;
        Total {
            requests,
            failures: part(before.total.failures, after.total.failures),
            sum_ms: before.total.sum_ms + (after.total.sum_ms - before.total.sum_ms) * share,
        }
    }
}

/// How a run is divided.
#[derive(Debug, Clone, Copy)]
struct Interval {
    started: u64,
    ended: u64,
    length: u64,
}

impl Interval {
    fn new(started: u64, ended: u64) -> Self {
        let length = (ended - started).div_ceil(MAX_INTERVALS).max(1);
        Self { started, ended, length }
    }

    /// Start and end of each, in unix time.
    fn all(self) -> impl Iterator<Item = (u64, u64)> {
        let count = (self.ended - self.started).div_ceil(self.length);
        (0..count).map(move |number| {
            let start = self.started + number * self.length;
            (start, (start + self.length).min(self.ended))
        })
    }
}

fn series(interval: Interval, all: &Row, rows: HashMap<RowKey, Row>, is_full: bool) -> Series {
    let whole = RowKey { request_type: String::new(), name: "Aggregated".to_owned() };
    let points = interval.all().map(|(start, end)| {
        let (before, now) = (all.at(start), all.at(end));
        Point {
            at_s: (end - interval.started) as f64,
            users: all.until(end).map_or(0, |tick| tick.users),
            requests: now.requests - before.requests,
            failures: now.failures - before.failures,
            ..Point::default()
        }
    });
    let mut rows: Vec<(RowKey, Row)> = rows.into_iter().collect();
    rows.sort_by_cached_key(|(key, row)| (std::cmp::Reverse(row.at(interval.ended).requests), key.clone()));
    rows.truncate(MAX_ROWS);
    rows.sort_by(|(a, _), (b, _)| a.cmp(b));
    Series {
        started: interval.started as f64,
        interval_s: u32::try_from(interval.length).unwrap_or(u32::MAX),
        percentiles_over_s: is_full.then_some(WINDOW_S),
        points: points.collect(),
        all: row_series(interval, &whole, all, is_full),
        rows: rows.iter().map(|(key, row)| row_series(interval, key, row, is_full)).collect(),
    }
}

fn row_series(interval: Interval, key: &RowKey, row: &Row, is_full: bool) -> RowSeries {
    let mut series =
        RowSeries { request_type: key.request_type.clone(), name: key.name.clone(), ..RowSeries::default() };
    for (start, end) in interval.all() {
        let (before, now) = (row.at(start), row.at(end));
        let requests = now.requests - before.requests;
        series.requests.push(requests);
        series.failures.push(now.failures - before.failures);
        series.mean_ms.push((requests > 0).then(|| (now.sum_ms - before.sum_ms) / requests as f64));
        if is_full {
            let tick = row.until(end).filter(|tick| tick.at > start);
            let [p50, p95, p99, p999, max] = tick.map(|tick| tick.percentiles).unwrap_or_default();
            series.p50_ms.push(p50);
            series.p95_ms.push(p95);
            series.p99_ms.push(p99);
            series.p999_ms.push(p999);
            series.max_ms.push(max);
        }
    }
    series
}

#[cfg(test)]
mod tests;
