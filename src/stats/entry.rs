//! One entry, the sums of one (type, name) or of Aggregated, as Locust's `StatsEntry` keeps them.
//!
//! Rates of all rows depend on the start and the last request of Aggregated ([`RunSpan`]). Seconds are whole seconds
//! of unix time, not of the run, because Locust's rates and current percentiles use them.

use std::sync::Arc;

use crate::stats::RowKey;
use crate::stats::batch::Cell;
use crate::stats::fine::FineTimes;
use crate::stats::histogram::Histogram;
use crate::stats::number::{Number, ratio};
use crate::stats::percentiles::{PercentileList, Percentiles};
use crate::stats::snapshot::Row;
use crate::stats::sums::Sums;

/// Seconds before the last request at which the window of the current rates begins.
const RATE_WINDOW_S: i64 = 12;
/// Seconds before the last request that are still too fresh for the current rates.
const RATE_FRESH_S: i64 = 2;
/// Seconds ago at which the window of the current percentiles should begin.
const PERCENTILE_WINDOW_S: i64 = 10;
/// How far off that the beginning may be if there is no nearer state.
const PERCENTILE_SLACK_S: i64 = 8;
const EARLIER_STATES: usize = 20;

/// Start and last request of a run, in unix seconds: Aggregated's, for the rates of every row.
#[derive(Debug, Clone, Copy)]
pub struct RunSpan {
    start: f64,
    last_request: Option<f64>,
}

/// The sums of one row.
#[derive(Debug, Clone)]
pub struct Entry {
    start: f64,
    last_request: Option<f64>,
    requests: u64,
    none_requests: u64,
    failures: u64,
    /// In the order of the requests, as Locust adds them; 0 where nanoseconds are added.
    total_response_time: Number,
    /// Whole nanoseconds, which give the same sum in any order.
    total_ns: u128,
    min: Option<Number>,
    max: Number,
    total_length: i128,
    seconds: Vec<Second>,
    /// Whether seconds are kept that no rate needs any more.
    keep_seconds: bool,
    times: Histogram,
    fine: FineTimes,
    failed: FineTimes,
    /// Earlier states by second, oldest first; `None` if nobody will ask for current percentiles.
    earlier: Option<Vec<(i64, Histogram)>>,
}

/// What Locust keeps of a row, and writes with `--json`. Moments in seconds of unix time, times in milliseconds.
#[derive(Debug, Clone, PartialEq)]
pub struct LocustSums {
    /// Request type and name.
    pub key: Arc<RowKey>,
    /// When its last request ended.
    pub last_request: Option<f64>,
    /// When it was made.
    pub start: f64,
    /// All requests.
    pub requests: u64,
    /// Requests without a response time.
    pub none_requests: u64,
    /// Requests that failed.
    pub failures: u64,
    /// The sum of the response times.
    pub total_response_time: Number,
    /// The longest one.
    pub max: Number,
    /// The shortest one.
    pub min: Option<Number>,
    /// The sum of the lengths in bytes.
    pub total_length: i128,
    /// Response times by bucket in milliseconds, ascending.
    pub buckets: Vec<(i128, u64)>,
    /// Requests by second of unix time; seconds without one are left out.
    pub requests_per_second: Vec<(i64, u64)>,
    /// The same of failures.
    pub failures_per_second: Vec<(i64, u64)>,
}

#[derive(Debug, Clone, Copy)]
struct Second {
    at: i64,
    requests: u64,
    failures: u64,
}

impl Entry {
    /// An entry without requests that is made at `now` (unix seconds). Current percentiles need
    /// `keep_history`.
    pub fn new(now: f64, keep_history: bool) -> Self {
        Self {
            start: now,
            last_request: None,
            requests: 0,
            none_requests: 0,
            failures: 0,
            total_response_time: Number::ZERO,
            total_ns: 0,
            min: None,
            max: Number::ZERO,
            total_length: 0,
            seconds: Vec::new(),
            keep_seconds: false,
            times: Histogram::default(),
            fine: FineTimes::default(),
            failed: FineTimes::default(),
            earlier: keep_history.then(|| vec![(whole_second(now), Histogram::default())]),
        }
    }

    /// Keeps all seconds of the run, which [`sums`](Self::sums) shows.
    #[must_use]
    pub fn keeping_seconds(self, keep_seconds: bool) -> Self {
        Self { keep_seconds, ..self }
    }

    /// What Locust keeps of a row.
    pub fn sums(&self, key: Arc<RowKey>) -> LocustSums {
        let total = self.total_ms();
        let per_second = |count: fn(&Second) -> u64| {
            let seconds = self.seconds.iter().map(|second| (second.at, count(second)));
            seconds.filter(|(_, count)| *count > 0).collect()
        };
        LocustSums {
            key,
            last_request: self.last_request,
            start: self.start,
            requests: self.requests,
            none_requests: self.none_requests,
            failures: self.failures,
            total_response_time: total,
            max: self.max,
            min: self.min,
            total_length: self.total_length,
            buckets: self.times.buckets().to_vec(),
            requests_per_second: per_second(|second| second.requests),
            failures_per_second: per_second(|second| second.failures),
        }
    }

    pub(super) fn total_ms(&self) -> Number {
        match self.total_ns {
            0 => self.total_response_time,
            ns => Number::Float(ns as f64 / 1e6),
        }
    }

    pub(super) fn total_length(&self) -> u64 {
        u64::try_from(self.total_length.max(0)).unwrap_or(u64::MAX)
    }

    pub(super) fn start(&self) -> f64 {
        self.start
    }

    /// Start and last request.
    pub fn span(&self) -> RunSpan {
        RunSpan { start: self.start, last_request: self.last_request }
    }

    /// How many requests were counted, and how many failures.
    pub fn requests_and_failures(&self) -> (u64, u64) {
        (self.requests, self.failures)
    }

    /// Counts a request that ended at `now` (unix seconds), with its response time in milliseconds, if it has
    /// one, and its length in bytes.
    pub fn log(&mut self, now: f64, response_time: Option<Number>, length: i128) {
        self.log_but_for_the_sum(now, response_time, length);
        if let Some(ms) = response_time {
            self.total_response_time = self.total_response_time.plus(ms);
        }
    }

    /// The same for a response time in whole nanoseconds: the average does not depend on the order of requests.
    pub fn log_ns(&mut self, now: f64, response_ns: Option<u64>, length: i128) {
        let response_time = response_ns.map(|ns| Number::Float(ns as f64 / 1e6));
        self.log_but_for_the_sum(now, response_time, length);
        self.total_ns += u128::from(response_ns.unwrap_or(0));
    }

    fn log_but_for_the_sum(&mut self, now: f64, response_time: Option<Number>, length: i128) {
        self.enter_second(now);
        self.second(now).requests += 1;
        self.requests += 1;
        self.total_length += length;
        let Some(ms) = response_time else {
            self.none_requests += 1;
            return;
        };
        self.widen(ms, ms);
        self.times.add(ms.bucket(), 1);
    }

    /// Counts the failure of a request that was logged.
    pub fn log_error(&mut self, now: f64) {
        self.failures += 1;
        self.second(now).failures += 1;
    }

    /// Counts all requests of a cell, the last of them at `now`, but for their buckets.
    pub(super) fn absorb(&mut self, now: f64, cell: &Cell) {
        self.enter_second(now);
        let second = self.second(now);
        second.requests += cell.requests;
        second.failures += cell.failures;
        self.requests += cell.requests;
        self.failures += cell.failures;
        self.none_requests += cell.none_requests;
        self.total_length = self.total_length.saturating_add_unsigned(cell.length);
        if cell.requests > cell.none_requests {
            self.total_ns += cell.sum_ns;
            self.widen(Number::Float(cell.min_ns as f64 / 1e6), Number::Float(cell.max_ns as f64 / 1e6));
        }
    }

    /// Response times with three digits; nothing of requests that were logged one by one.
    pub(super) fn fine(&self) -> &FineTimes {
        &self.fine
    }

    /// The same of failed requests alone.
    pub(super) fn failed(&self) -> &FineTimes {
        &self.failed
    }

    /// Counts the response times of a tick, after its cells were absorbed.
    pub(super) fn absorb_fine(&mut self, tick: &Sums) {
        self.fine.absorb(&tick.times);
        self.failed.absorb(&tick.failed);
    }

    /// Counts `times` response times in `bucket`, after their cell was absorbed.
    pub(super) fn absorb_times(&mut self, bucket: i128, times: u64) {
        self.times.add(bucket, times);
    }

    /// The row at `now` (unix seconds), with the percentiles of `list`.
    pub fn row(&self, key: Arc<RowKey>, now: f64, run: RunSpan, list: &PercentileList) -> Row {
        let timed = self.requests - self.none_requests;
        let of = |times: &Histogram| Percentiles::from(times.percentiles(list.fractions()));
        let percentiles = of(&self.times);
        let of_web_interface = self.times.percentiles(&[0.5, 0.95, 0.99]);
        let window = run.rate_window();
        let in_window = || self.seconds.iter().filter(|second| window.contains(&second.at));
        let window_s = (window.end - window.start).max(1) as f64;
        Row {
            key,
            requests: self.requests,
            failures: self.failures,
            timed,
            median: self.median(of_web_interface[0]),
            p95_p99: [of_web_interface[1], of_web_interface[2]],
            average: self.average(timed),
            min: self.min.filter(|min| !min.is_zero()).unwrap_or(Number::ZERO),
            max: self.max,
            average_length: if self.requests == 0 {
                Number::ZERO
            } else {
                Number::Float(ratio(self.total_length, self.requests.into()))
            },
            rps: run.rate(self.requests),
            failures_per_s: run.rate(self.failures),
            current_rps: in_window().map(|second| second.requests).sum::<u64>() as f64 / window_s,
            current_failures_per_s: in_window().map(|second| second.failures).sum::<u64>() as f64 / window_s,
            history_percentiles: (self.requests > 0).then(|| match &self.earlier {
                Some(earlier) => of(&self.current_times(earlier, now)),
                None => Arc::clone(&percentiles),
            }),
            percentiles: (self.requests > 0).then_some(percentiles),
        }
    }

    /// Keeps the state of before if `now` is in a later second than the last request.
    fn enter_second(&mut self, now: f64) {
        let second = whole_second(now);
        if let Some(earlier) = &mut self.earlier
            // Locust asks whether there is a last request by its truth, so none at the epoch counts.
            && let Some(last) = self.last_request.filter(|&last| last != 0.0)
            && second > whole_second(last)
        {
            let state = self.times.clone();
            match earlier.iter_mut().find(|(at, _)| *at == second - 1) {
                Some((_, known)) => *known = state,
                None => earlier.push((second - 1, state)),
            }
            if earlier.len() > EARLIER_STATES {
                earlier.remove(0);
            }
        }
        self.last_request = Some(self.last_request.map_or(now, |last| last.max(now)));
    }

    /// The counters of the second that `now` is in. Those before the window of the rates go: the last request
    /// of Aggregated is never earlier than this one.
    fn second(&mut self, now: f64) -> &mut Second {
        let at = whole_second(now);
        if !self.keep_seconds {
            self.seconds.retain(|second| second.at >= at - RATE_WINDOW_S);
        }
        let index = self.seconds.iter().rposition(|second| second.at == at).unwrap_or_else(|| {
            self.seconds.push(Second { at, requests: 0, failures: 0 });
            self.seconds.len() - 1
        });
        &mut self.seconds[index]
    }

    /// Of two equal values the first one stays, as with Python's `min` and `max`.
    fn widen(&mut self, min: Number, max: Number) {
        if self.min.is_none_or(|known| min.order(known).is_lt()) {
            self.min = Some(min);
        }
        if max.order(self.max).is_gt() {
            self.max = max;
        }
    }

    /// Divided once, so that equal sums give equal averages to the last digit.
    fn average(&self, timed: u64) -> f64 {
        const NS_PER_MS: u128 = 1_000_000;
        match (timed, self.total_ns) {
            (0, _) => 0.0,
            (_, 0) => self.total_response_time.to_f64() / timed as f64,
            (_, ns) => ratio(ns.cast_signed(), u128::from(timed) * NS_PER_MS),
        }
    }

    fn median(&self, bucket: i128) -> Number {
        let median = Number::Int(bucket);
        match self.min {
            None => Number::ZERO,
            Some(_) if median.order(self.max).is_gt() => self.max,
            Some(min) if median.order(min).is_lt() => min,
            Some(_) => median,
        }
    }

    /// Response times since the kept state nearest to ten seconds ago, of two equally near ones the older; none if there
    /// is no such state.
    fn current_times(&self, earlier: &[(i64, Histogram)], now: f64) -> Histogram {
        let wanted = whole_second(now) - PERCENTILE_WINDOW_S;
        earlier
            .iter()
            .filter(|(at, _)| (at - wanted).abs() <= PERCENTILE_SLACK_S)
            .min_by_key(|(at, _)| ((at - wanted).abs(), *at))
            .map_or_else(Histogram::default, |(_, state)| self.times.since(state))
    }
}

impl RunSpan {
    /// The number of seconds that the current rates count: ten, without those before the start and without the last
    /// two.
    fn rate_window(self) -> std::ops::Range<i64> {
        let Some(last) = self.last_request else {
            return 0..0;
        };
        let last = whole_second(last);
        let start = (last - RATE_WINDOW_S).max(whole_second(self.start));
        start..(last - RATE_FRESH_S).max(start)
    }

    /// `count` per second over the whole run. Locust takes a time of 0 as no time at all.
    fn rate(self, count: u64) -> f64 {
        let last = self.last_request.unwrap_or(0.0);
        let elapsed = last - self.start;
        if last == 0.0 || self.start == 0.0 || elapsed == 0.0 { 0.0 } else { count as f64 / elapsed }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "cutting off the fraction is the purpose")]
fn whole_second(seconds: f64) -> i64 {
    seconds as i64
}
