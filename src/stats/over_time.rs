//! A run over time while it goes on: its last seconds, its stages, and its course in intervals that are few enough to
//! be kept.
//!
//! Memory does not grow with the length of a run. There are at most 600 intervals, and fewer if the run has many
//! rows: when there is no room for one more, two neighbours become one and the intervals are twice as long from then
//! on. Only the first [`MAX_ROWS`] rows are kept over time; the sums of a stage hold all rows.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::stats::fine::FineTimes;
use crate::stats::health::HealthSecond;
use crate::stats::packed_times::PackedTimes;
use crate::stats::result::row::Times;
use crate::stats::result::series::{Point, RowSeries, Series};
use crate::stats::snapshot::RECENT_SECONDS;
use crate::stats::sums::Sums;
use crate::stats::{Connections, Received, RowKey};

/// Most intervals of a run: ten minutes have each of their seconds.
const MAX_INTERVALS: usize = 600;
/// Fewer intervals than these would show nothing, however many rows there are.
const MIN_INTERVALS: usize = 60;
/// Most histograms that are kept: intervals times rows.
const MAX_HISTOGRAMS: usize = 60_000;
/// So many rows are kept over time, in the order of their first request.
pub const MAX_ROWS: usize = 1_000;

/// What is known of one second of a run besides its requests.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct SecondOfRun {
    /// The index of the stage that it belongs to.
    pub stage: usize,
    /// Users that the plan wants at its end.
    pub users_wanted: u32,
    /// How the load generator did in it.
    pub health: HealthSecond,
}

/// The requests of one row in one second or interval.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Interval {
    /// Requests that ended in it.
    pub requests: u64,
    /// Requests that failed in it.
    pub failures: u64,
    /// Their response times.
    pub times: PackedTimes,
}

impl Interval {
    fn and(&self, other: &Self) -> Self {
        let times = match (self.times.is_empty(), other.times.is_empty()) {
            (true, _) => other.times.clone(),
            (_, true) => self.times.clone(),
            (false, false) => {
                let mut times = self.times.unpack();
                times.absorb(&other.times.unpack());
                PackedTimes::from(&times)
            }
        };
        Self { requests: self.requests + other.requests, failures: self.failures + other.failures, times }
    }
}

/// The requests of one second.
#[derive(Debug, Clone, Default)]
pub struct Second {
    /// All requests together, without measured messages.
    pub all: Interval,
    /// The rows that had requests, in the order of their indices.
    pub rows: Vec<(usize, Interval)>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct OverTime {
    recent: VecDeque<Second>,
    course: Course,
    stages: Vec<StageSums>,
}

/// The sums of a stage.
#[derive(Debug, Clone, Default)]
pub struct StageSums {
    /// When its first second began and its last one ended, in seconds since the start of the run.
    pub span_s: Option<(f64, f64)>,
    /// Users that it wanted.
    pub users: u32,
    /// Messages that arrived on subscriptions.
    pub received: Received,
    /// Connections that were opened and that ended.
    pub connections: Connections,
    /// The most connections at the end of a second.
    pub most_connected: u64,
    /// All requests together, without measured messages.
    pub all: Sums,
    /// By index of the row; rows beyond the end had no requests.
    pub rows: Vec<Option<Box<Sums>>>,
}

#[derive(Debug)]
pub(super) struct MergedSecond<'a> {
    pub(super) context: SecondOfRun,
    pub(super) point: Point,
    pub(super) received: Received,
    pub(super) connections: Connections,
    /// All requests, without measured messages.
    pub(super) all: &'a Sums,
    /// The rows that had requests, in the order of their indices.
    pub(super) rows: &'a [(usize, Sums)],
    pub(super) rows_of_run: usize,
}

impl OverTime {
    /// Takes a second. Stages are summed up only if the run is `staged`.
    pub(super) fn add(&mut self, second: &MergedSecond<'_>, staged: bool) {
        if staged {
            self.add_to_stage(second);
        }
        let interval = |sums: &Sums| Interval {
            requests: sums.requests,
            failures: sums.failures,
            times: PackedTimes::from(&sums.times),
        };
        let kept = second.rows.iter().take_while(|(row, _)| *row < MAX_ROWS);
        let rows = kept.map(|(row, sums)| (*row, interval(sums))).collect();
        let requests = Second { all: interval(second.all), rows };
        self.course.add(second.point.clone(), &requests, second.rows_of_run.min(MAX_ROWS));
        self.recent.push_back(requests);
        if self.recent.len() > RECENT_SECONDS {
            self.recent.pop_front();
        }
    }

    fn add_to_stage(&mut self, second: &MergedSecond<'_>) {
        let began_s = self.course.ended_s();
        let index = second.context.stage;
        if self.stages.len() <= index {
            self.stages.resize_with(index + 1, StageSums::default);
        }
        let stage = &mut self.stages[index];
        stage.span_s = Some((stage.span_s.map_or(began_s, |(began_s, _)| began_s), second.point.at_s));
        stage.users = second.context.users_wanted;
        stage.received.add(second.received);
        stage.connections.add(second.connections);
        stage.most_connected = stage.most_connected.max(second.point.connected.unwrap_or(0).into());
        stage.all.absorb(second.all);
        for (row, sums) in second.rows {
            if stage.rows.len() <= *row {
                stage.rows.resize_with(row + 1, || None);
            }
            stage.rows[*row].get_or_insert_default().absorb(sums);
        }
    }

    pub(super) fn clear(&mut self) {
        let ended_s = self.course.ended_s();
        *self = Self::default();
        self.course.began_s = ended_s;
    }

    /// The end of the last second, in seconds since the start of the run.
    pub(super) fn ended_s(&self) -> f64 {
        self.course.ended_s()
    }

    pub(super) fn last(&self) -> Option<&Second> {
        self.recent.back()
    }

    pub(super) fn stages(&self) -> &[StageSums] {
        &self.stages
    }

    /// The response times of the last seconds: of a row, or of all requests.
    pub(super) fn recent_times(&self, row: Option<usize>) -> Option<Times> {
        let mut times = FineTimes::default();
        for second in &self.recent {
            if let Some(interval) = second.of(row) {
                times.absorb(&interval.times.unpack());
            }
        }
        Times::of(&times)
    }

    /// The course of the run that started at this unix time; `keys` are the rows by index.
    pub(super) fn series(&self, started: f64, all: &RowKey, keys: &[Arc<RowKey>]) -> Series {
        let mut course = self.course.clone();
        course.close();
        course.join_short_end();
        let count = course.points.len();
        Series {
            started,
            interval_s: course.interval_s.max(1),
            percentiles_over_s: None,
            points: course.points,
            all: row_series(all, course.all, count),
            rows: keys.iter().zip(course.rows).map(|(key, row)| row_series(key, row, count)).collect(),
        }
    }
}

impl Second {
    fn join(&mut self, later: &Self) {
        self.all = self.all.and(&later.all);
        let mut rows = Vec::with_capacity(self.rows.len().max(later.rows.len()));
        let mut ours = std::mem::take(&mut self.rows).into_iter().peekable();
        for (row, interval) in &later.rows {
            while let Some(our) = ours.next_if(|(our, _)| our < row) {
                rows.push(our);
            }
            match ours.next_if(|(our, _)| our == row) {
                Some((_, our)) => rows.push((*row, our.and(interval))),
                None => rows.push((*row, interval.clone())),
            }
        }
        rows.extend(ours);
        self.rows = rows;
    }

    /// A row, or all requests.
    pub fn of(&self, row: Option<usize>) -> Option<&Interval> {
        let Some(row) = row else { return Some(&self.all) };
        let at = self.rows.binary_search_by_key(&row, |(row, _)| *row).ok()?;
        Some(&self.rows[at].1)
    }
}

#[derive(Debug, Clone, Default)]
struct Course {
    began_s: f64,
    /// Length of an interval in seconds; 0 before the first.
    interval_s: u32,
    points: Vec<Point>,
    all: Vec<Interval>,
    /// By row, as far as there were intervals when the row last had requests.
    rows: Vec<Vec<Interval>>,
    /// The interval that has not ended, and how many seconds of it have passed.
    open: Option<(Point, Second)>,
    open_s: u32,
}

impl Course {
    fn ended_s(&self) -> f64 {
        let last = self.open.as_ref().map(|(point, _)| point).or(self.points.last());
        last.map_or(self.began_s, |point| point.at_s)
    }

    fn add(&mut self, point: Point, second: &Second, rows: usize) {
        self.interval_s = self.interval_s.max(1);
        self.open = Some(match self.open.take() {
            None => (point, second.clone()),
            Some((before, mut open)) => {
                open.join(second);
                (joined(&before, &point), open)
            }
        });
        self.open_s += 1;
        if self.open_s < self.interval_s {
            return;
        }
        self.close();
        let most = (MAX_HISTOGRAMS / rows.max(1)).clamp(MIN_INTERVALS, MAX_INTERVALS);
        while self.points.len() > most {
            self.halve();
        }
    }

    fn close(&mut self) {
        self.open_s = 0;
        let Some((point, second)) = self.open.take() else { return };
        let index = self.points.len();
        self.points.push(point);
        self.all.push(second.all);
        for (row, interval) in second.rows {
            if self.rows.len() <= row {
                self.rows.resize_with(row + 1, Vec::new);
            }
            self.rows[row].resize_with(index, Interval::default);
            self.rows[row].push(interval);
        }
    }

    /// Makes the last interval a part of the one before if it is shorter than half of one. It holds what ended while the
    /// users left, and its rate would look like a broker that stopped.
    fn join_short_end(&mut self) {
        let [rest @ .., one, two] = &self.points[..] else { return };
        if two.length_s(Some(one)) * 2.0 >= one.length_s(rest.last()) {
            return;
        }
        let point = Point { users: one.users, connected: one.connected, ..joined(one, two) };
        let count = self.points.len() - 2;
        self.points.truncate(count);
        self.points.push(point);
        for intervals in std::iter::once(&mut self.all).chain(&mut self.rows) {
            if intervals.len() > count + 1
                && let Some(last) = intervals.pop()
            {
                intervals[count] = intervals[count].and(&last);
            }
        }
    }

    /// Makes one interval of every two; an odd last one is open again.
    fn halve(&mut self) {
        if self.points.len() % 2 == 1
            && let (Some(point), Some(all)) = (self.points.pop(), self.all.pop())
        {
            let count = self.points.len();
            let last = |(row, intervals): (usize, &mut Vec<Interval>)| {
                if intervals.len() > count { Some((row, intervals.pop()?)) } else { None }
            };
            let rows = self.rows.iter_mut().enumerate().filter_map(last).collect();
            self.open = Some((point, Second { all, rows }));
            self.open_s = self.interval_s;
        }
        self.interval_s *= 2;
        self.points = self.points.chunks(2).map(|pair| joined(&pair[0], &pair[pair.len() - 1])).collect();
        let pairs = |intervals: &[Interval]| -> Vec<Interval> {
            let both = |pair: &[Interval]| match pair {
                [one, two] => one.and(two),
                one => one.first().cloned().unwrap_or_default(),
            };
            intervals.chunks(2).map(both).collect()
        };
        self.all = pairs(&self.all);
        for row in &mut self.rows {
            *row = pairs(row);
        }
    }
}

fn joined(one: &Point, two: &Point) -> Point {
    let worst = |one: Option<f64>, two: Option<f64>| match (one, two) {
        (Some(one), Some(two)) => Some(one.max(two)),
        (one, two) => one.or(two),
    };
    let mean = |one: Option<f64>, two: Option<f64>| match (one, two) {
        (Some(one), Some(two)) => Some(f64::midpoint(one, two)),
        (one, two) => one.or(two),
    };
    let sum = |one: Option<u64>, two: Option<u64>| Some(one? + two?);
    Point {
        connects: sum(one.connects, two.connects),
        requests: one.requests + two.requests,
        failures: one.failures + two.failures,
        received: one.received + two.received,
        generator_cpu_cores: mean(one.generator_cpu_cores, two.generator_cpu_cores),
        send_lag_p99_ms: worst(one.send_lag_p99_ms, two.send_lag_p99_ms),
        generator_was_the_limit: one.generator_was_the_limit || two.generator_was_the_limit,
        ..two.clone()
    }
}

fn row_series(key: &RowKey, mut intervals: Vec<Interval>, count: usize) -> RowSeries {
    intervals.resize_with(count, Interval::default);
    let mut row =
        RowSeries { request_type: key.request_type.clone(), name: key.name.clone(), ..RowSeries::default() };
    for Interval { requests, failures, times } in intervals {
        row.requests.push(requests);
        row.failures.push(failures);
        let unpacked = times.unpack();
        let quantiles = unpacked.quantiles_ms([0.5, 0.95, 0.99, 0.999, 1.0]);
        let [p50, p95, p99, p999, max] = quantiles.map_or([None; 5], |found| found.map(Some));
        row.mean_ms.push(unpacked.mean_ms());
        row.p50_ms.push(p50);
        row.p95_ms.push(p95);
        row.p99_ms.push(p99);
        row.p999_ms.push(p999);
        row.max_ms.push(max);
        row.histograms.push(times);
    }
    row
}

#[cfg(test)]
mod tests;
