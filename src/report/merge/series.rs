//! Runs over time, laid over each other by wall clock.
//!
//! The intervals of the sum begin at whole multiples of their length in unix time, and an interval counts for the one that
//! its first second falls into. So it does not matter which runs are merged first, and nothing is split: an interval can
//! stand up to one interval beside where it was. If lengths differ, the sum has the least common multiple.

use std::collections::BTreeMap;

use crate::report::merge::counts::of_both;
use crate::stats::RowKey;
use crate::stats::fine::FineTimes;
use crate::stats::packed_times::PackedTimes;
use crate::stats::result::RunResult;
use crate::stats::result::series::{Point, RowSeries, Series};

/// Runs that were far apart get longer intervals, so that there are never more than these.
const MAX_INTERVALS: u64 = 1_200;

/// All of them; `ended` is when the last run ended, in seconds of unix time.
pub(super) fn merged(all: &[&RunResult], ended: f64) -> Series {
    let all: Vec<&Series> = all.iter().map(|of| &of.series).filter(|of| !of.points.is_empty()).collect();
    let Some(grid) = Grid::of(&all, ended) else { return Series::default() };
    let mut rows = BTreeMap::<RowKey, Vec<(&Series, &RowSeries)>>::new();
    for series in &all {
        for row in &series.rows {
            let key = RowKey { request_type: row.request_type.clone(), name: row.name.clone() };
            rows.entry(key).or_default().push((series, row));
        }
    }
    let whole: Vec<_> = all.iter().map(|series| (*series, &series.all)).collect();
    Series {
        started: grid.started() as f64,
        interval_s: u32::try_from(grid.length).unwrap_or(u32::MAX),
        percentiles_over_s: None,
        points: points(&grid, &all),
        all: row_series(&grid, &whole),
        rows: rows.into_values().map(|of| row_series(&grid, &of)).collect(),
    }
}

/// The highest value of all together at the end of an interval in a part of the sum, which is in seconds of unix time; `None`
/// if one of the results does not tell.
pub(super) fn most(
    all: &[&RunResult],
    sum: &Series,
    part: (f64, f64),
    of: fn(&Point) -> Option<u32>,
) -> Option<u64> {
    if all.iter().any(|of| of.series.points.is_empty()) {
        return None;
    }
    let ends = |point: &&Point| sum.started + point.at_s;
    let points = sum.points.iter().filter(|point| part.0 < ends(point) && ends(point) <= part.1);
    points.map(of).collect::<Option<Vec<u32>>>()?.into_iter().max().map(u64::from)
}

/// The intervals of the sum.
struct Grid {
    /// Their length in seconds.
    length: u64,
    /// The number of the first: its start divided by the length.
    first: u64,
    /// How many there are.
    count: usize,
    /// When the last run ended, in seconds of unix time.
    ended: f64,
}

impl Grid {
    /// `None` if no run has an interval.
    fn of(all: &[&Series], ended: f64) -> Option<Self> {
        let mut length =
            all.iter().fold(1, |length, of| common_multiple(length, of.interval_s.max(1).into()));
        let first = all.iter().map(|series| second(series, 0)).min()?;
        let last = all.iter().map(|series| second(series, series.points.len() - 1)).max()?;
        while last / length - first / length >= MAX_INTERVALS {
            length *= 2;
        }
        let (first, last) = (first / length, last / length);
        Some(Self { length, first, count: usize::try_from(last - first).ok()? + 1, ended })
    }

    fn started(&self) -> u64 {
        self.first * self.length
    }

    /// The index of the interval that one of a series counts for.
    fn index(&self, series: &Series, interval: usize) -> usize {
        usize::try_from(second(series, interval) / self.length - self.first).unwrap_or(usize::MAX)
    }

    /// The end of an interval in seconds since the start of the first; that of the last one is the end of the runs.
    fn at_s(&self, index: usize) -> f64 {
        let full = (index as u64 + 1) * self.length;
        let ended = self.ended - self.started() as f64;
        let is_last = index + 1 == self.count;
        let begins = (full - self.length) as f64;
        if is_last && ended > begins { ended.min(full as f64) } else { full as f64 }
    }
}

/// The second of unix time in which an interval of a series begins.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the casts saturate, and times before 1970 are none"
)]
fn second(series: &Series, interval: usize) -> u64 {
    /// Beyond the year 9999 there is no run; the bound keeps the sums below from overflowing.
    const MAX_UNIX_S: u64 = 253_402_300_799;
    let started = (series.started.round() as u64).min(MAX_UNIX_S);
    started + interval as u64 * u64::from(series.interval_s.max(1))
}

/// The least common multiple, or the greater one if it is beyond a year.
fn common_multiple(a: u64, b: u64) -> u64 {
    const YEAR_S: u64 = 366 * 86_400;
    let divisor = |mut a: u64, mut b: u64| {
        while b > 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    (a / divisor(a, b)).checked_mul(b).filter(|multiple| *multiple <= YEAR_S).unwrap_or(a.max(b))
}

fn points(grid: &Grid, all: &[&Series]) -> Vec<Point> {
    let zero = |index: usize| Point {
        at_s: grid.at_s(index),
        users_wanted: Some(0),
        connected: Some(0),
        connects: Some(0),
        ..Point::default()
    };
    let mut sum: Vec<Point> = (0..grid.count).map(zero).collect();
    let lengths: Vec<f64> = (0..grid.count)
        .map(|index| sum[index].length_s(index.checked_sub(1).map(|before| &sum[before])))
        .collect();
    for series in all {
        for (index, point) in in_grid(grid, series) {
            let Some(sum) = sum.get_mut(index) else { continue };
            sum.users_wanted = both(sum.users_wanted, point.users_wanted, u32::saturating_add);
            sum.users = sum.users.saturating_add(point.users);
            sum.connected = both(sum.connected, point.connected, u32::saturating_add);
            sum.connects = both(sum.connects, point.connects, u64::saturating_add);
            sum.requests = sum.requests.saturating_add(point.requests);
            sum.failures = sum.failures.saturating_add(point.failures);
            sum.received = sum.received.saturating_add(point.received);
            // The sum of CPU seconds until here; divided below.
            sum.generator_cpu_cores =
                of_both(sum.generator_cpu_cores, point.generator_cpu_cores, |one, two| one + two);
            sum.send_lag_p99_ms = of_both(sum.send_lag_p99_ms, point.send_lag_p99_ms, f64::max);
            sum.generator_was_the_limit |= point.generator_was_the_limit;
        }
    }
    for (point, length_s) in sum.iter_mut().zip(lengths) {
        point.generator_cpu_cores = point.generator_cpu_cores.map(|cpu_s| cpu_s / length_s);
    }
    sum
}

/// The points of one run in the grid: counts are added, users are those at the end, and CPU is in seconds.
fn in_grid(grid: &Grid, series: &Series) -> BTreeMap<usize, Point> {
    let mut found = BTreeMap::<usize, Point>::new();
    let mut before = None;
    for (interval, point) in series.points.iter().enumerate() {
        let cpu_s = point.generator_cpu_cores.map(|cores| cores * point.length_s(before));
        before = Some(point);
        let sum = found
            .entry(grid.index(series, interval))
            .or_insert_with(|| Point { connects: Some(0), ..Point::default() });
        *sum = Point {
            connects: both(sum.connects, point.connects, u64::saturating_add),
            requests: sum.requests.saturating_add(point.requests),
            failures: sum.failures.saturating_add(point.failures),
            received: sum.received.saturating_add(point.received),
            generator_cpu_cores: of_both(sum.generator_cpu_cores, cpu_s, |one, two| one + two),
            send_lag_p99_ms: of_both(sum.send_lag_p99_ms, point.send_lag_p99_ms, f64::max),
            generator_was_the_limit: sum.generator_was_the_limit || point.generator_was_the_limit,
            ..point.clone()
        };
    }
    found
}

fn both<T>(one: Option<T>, two: Option<T>, add: impl Fn(T, T) -> T) -> Option<T> {
    Some(add(one?, two?))
}

/// One row, or all requests, of several runs.
fn row_series(grid: &Grid, of: &[(&Series, &RowSeries)]) -> RowSeries {
    let mut sum = RowSeries::default();
    let mut times = vec![FineTimes::default(); grid.count];
    sum.requests.resize(grid.count, 0);
    sum.failures.resize(grid.count, 0);
    for (series, row) in of {
        sum.request_type.clone_from(&row.request_type);
        sum.name.clone_from(&row.name);
        for interval in 0..series.points.len() {
            let index = grid.index(series, interval);
            let Some(times) = times.get_mut(index) else { continue };
            let count = |counts: &[u64]| counts.get(interval).copied().unwrap_or_default();
            sum.requests[index] = sum.requests[index].saturating_add(count(&row.requests));
            sum.failures[index] = sum.failures[index].saturating_add(count(&row.failures));
            if let Some(packed) = row.histograms.get(interval) {
                times.absorb(&packed.unpack());
            }
        }
    }
    for times in &times {
        let [p50, p95, p99, p999, max] =
            times.quantiles_ms([0.5, 0.95, 0.99, 0.999, 1.0]).map_or([None; 5], |found| found.map(Some));
        sum.mean_ms.push(times.mean_ms());
        sum.p50_ms.push(p50);
        sum.p95_ms.push(p95);
        sum.p99_ms.push(p99);
        sum.p999_ms.push(p999);
        sum.max_ms.push(max);
        sum.histograms.push(PackedTimes::from(times));
    }
    sum
}
