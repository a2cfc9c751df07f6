//! Measures the rates of a search, second by second, and says which comes next.
//!
//! ```text
//! users connect   settling │ judged            settling │ judged
//! ────────────────┴────────┴───────────────────┴────────┴──────────
//!                 lowest rate                  next rate
//! ```
//! A step is judged on its own requests alone, and on whole ticks, since only then is every event before a moment
//! counted and none after it. What the generator could not do is told apart from what the broker could not.

use tracing::info;

use crate::engine::rate_factor::RateFactor;
use crate::plan::Plan;
use crate::plan::search::{Hunt, Search};
use crate::plan::timeline::LoadTimeline;
use crate::stats::UnixMicros;
use crate::stats::search::{SearchReport, Trial, Verdict, Window};
use crate::stats::statistics::Statistics;

/// The part of a step that is not judged, as users change their pace and what was late comes to its end.
const SETTLING: f64 = 0.2;

/// Of the task runs that are asked for, so many must begin.
const ENOUGH: f64 = 0.95;

/// A search that goes on.
#[derive(Debug)]
pub(crate) struct RateSearch {
    search: Search,
    /// The rate of the plan by itself.
    planned: f64,
    rate_factor: RateFactor,
    hunt: Hunt,
    /// Nothing until all users are there.
    step: Option<Step>,
    report: SearchReport,
}

/// The rate that is tried now.
#[derive(Debug)]
struct Step {
    rate: f64,
    began: UnixMicros,
    /// Ticks since it began.
    ticks: u64,
    window: Window,
    /// Requests and failures before the window.
    before: (u64, u64),
    begun: u64,
    limited: bool,
}

/// What happened in the second before a tick.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Second<'a> {
    /// The tick.
    pub(crate) at: UnixMicros,
    /// The present moment, a little later.
    pub(crate) now: UnixMicros,
    /// The statistics up to the tick.
    pub(crate) statistics: &'a Statistics,
    /// Task runs that were begun, of classes with a rate.
    pub(crate) begun: u64,
    /// Whether the generator was at its limit.
    pub(crate) limited: bool,
}

impl RateSearch {
    /// A search that has not begun: schedules go as slowly as its lowest rate.
    pub(crate) fn new(plan: &Plan, rate_factor: RateFactor) -> Option<Self> {
        let search = plan.load.search.clone()?;
        let hunt = Hunt::new(search.low, search.high);
        let report = SearchReport { until: search.until.to_string(), ..SearchReport::default() };
        let rate_search = Self {
            planned: search.planned(&LoadTimeline::of(plan).most),
            search,
            rate_factor,
            hunt,
            step: None,
            report,
        };
        rate_search.set(rate_search.search.low);
        Some(rate_search)
    }

    fn set(&self, rate: f64) {
        if self.planned > 0.0 {
            self.rate_factor.set(rate / self.planned);
        }
    }

    /// What was found so far.
    pub(crate) fn report(&self) -> &SearchReport {
        &self.report
    }

    /// All users are there: the first step begins.
    pub(crate) fn begin(&mut self, now: UnixMicros) {
        if self.step.is_none() {
            self.next_step(now);
        }
    }

    /// Begins the next step; whether there is one.
    fn next_step(&mut self, now: UnixMicros) -> bool {
        self.step = self.hunt.rate().map(|rate| Step::new(rate, now));
        if let Some(step) = &self.step {
            self.set(step.rate);
            info!("Search: trying {} for {}s", per_second(step.rate), self.search.step.as_secs());
        }
        self.step.is_some()
    }

    /// Takes in a second; whether the search is over.
    pub(crate) fn tick(&mut self, second: Second<'_>) -> bool {
        let (length, settling) = (self.search.step.as_secs(), settling(self.search.step.as_secs()));
        // A tick that was late says nothing about a rate that was set after it.
        let Some(step) = self.step.as_mut().filter(|step| step.began < second.at) else { return false };
        step.ticks += 1;
        if step.ticks <= settling {
            step.before = second.statistics.requests_and_failures();
            return false;
        }
        step.begun += second.begun;
        step.limited |= second.limited;
        step.window.latency.add(second.statistics.tick_latency());
        step.window.seconds += 1.0;
        if step.ticks < length {
            return false;
        }
        let (requests, failures) = second.statistics.requests_and_failures();
        step.window.requests = requests.saturating_sub(step.before.0);
        step.window.failures = failures.saturating_sub(step.before.1);
        let trial = step.judge(&self.search);
        info!("Search: {}", sentence(&trial));
        self.hunt.judge(trial.verdict == Verdict::Holds);
        self.report.trials.push(trial);
        self.report.highest = self.hunt.highest();
        self.report.complete = !self.next_step(second.now);
        self.report.complete
    }
}

impl Step {
    fn new(rate: f64, began: UnixMicros) -> Self {
        let window = Window::default();
        Self { rate, began, ticks: 0, window, before: (0, 0), begun: 0, limited: false }
    }

    fn judge(&self, search: &Search) -> Trial {
        let achieved = self.begun as f64 / self.window.seconds;
        let value = self.window.value(search.until.criterion().metric);
        let verdict = if self.limited {
            Verdict::Saturated
        } else if achieved < ENOUGH * self.rate {
            Verdict::Behind
        } else if value.is_some_and(|value| search.until.holds(value)) {
            Verdict::Holds
        } else {
            Verdict::Missed
        };
        Trial {
            rate: self.rate,
            achieved,
            p50_ms: self.window.latency.percentile_ms(50.0),
            p99_ms: self.window.latency.percentile_ms(99.0),
            failures: self.window.failures,
            verdict,
        }
    }
}

/// How many ticks of a step of so many are not judged.
fn settling(ticks: u64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a part of a number of seconds"
    )]
    let settling = (ticks as f64 * SETTLING).ceil() as u64;
    settling
}

fn sentence(trial: &Trial) -> String {
    let what = match trial.verdict {
        Verdict::Holds => "holds",
        Verdict::Missed => "does not hold",
        Verdict::Behind => "cannot be kept up",
        Verdict::Saturated => "is too much for the load generator itself",
    };
    let p99 = trial.p99_ms.map_or_else(|| "no response".to_owned(), |ms| format!("p99 {ms:.2} ms"));
    format!("{} {what}: begun {}, {p99}", per_second(trial.rate), per_second(trial.achieved))
}

fn per_second(rate: f64) -> String {
    if rate < 100.0 { format!("{rate:.2}/s") } else { format!("{rate:.0}/s") }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::stats::RowKey;
    use crate::stats::recorder::Recorder;
    use crate::stats::threshold::Threshold;

    /// A broker and a generator of which everything is known, a second at a time.
    struct World {
        rate_search: RateSearch,
        statistics: Statistics,
        recorder: Recorder,
        seconds: u64,
        /// Up to this rate the broker answers in 5 ms, above it in 50 ms.
        broker_knee: f64,
        /// No more task runs than this can begin.
        most_begun: f64,
        /// Above this rate the generator is at its limit.
        generator_knee: f64,
    }

    impl World {
        fn new(until: &str, step_s: u64) -> Self {
            let (until, step) = (Threshold::parse(until).unwrap(), Duration::from_secs(step_s));
            let search = Search { low: 100.0, high: 10_000.0, until, step, rates: Vec::new() };
            let rate_search = RateSearch {
                planned: 50.0,
                rate_factor: RateFactor::new(),
                hunt: Hunt::new(search.low, search.high),
                search,
                step: None,
                report: SearchReport::default(),
            };
            let row = RowKey { request_type: "MQTT".to_owned(), name: "publish".to_owned() };
            Self {
                rate_search,
                statistics: Statistics::new(1_000.0, false),
                recorder: Recorder::new(UnixMicros(1_000_000_000), &[row], false),
                seconds: 1_000,
                broker_knee: f64::INFINITY,
                most_begun: f64::INFINITY,
                generator_knee: f64::INFINITY,
            }
        }

        /// One second at the rate that the schedules have; whether the search is over with it.
        fn second(&mut self) -> bool {
            let rate = self.rate_search.rate_factor.factor() * self.rate_search.planned;
            let settling = self.rate_search.step.as_ref().is_some_and(|step| step.ticks < 2);
            let ms = match settling {
                // Far too slow, and of no meaning.
                true => 900,
                false if rate <= self.broker_knee => 5,
                false => 50,
            };
            for n in 0..50 {
                let at = UnixMicros(self.seconds * 1_000_000 + n);
                let row = crate::stats::RowId(0);
                if settling {
                    self.recorder.record_failure(row, at, Some(ms * 1_000_000), 0, "slow");
                } else {
                    self.recorder.record(row, at, Some(ms * 1_000_000), 0);
                }
            }
            self.seconds += 1;
            self.statistics.merge(vec![self.recorder.take(UnixMicros(self.seconds * 1_000_000))]);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
            let begun = rate.min(self.most_begun).round() as u64;
            let limited = rate > self.generator_knee;
            let at = UnixMicros(self.seconds * 1_000_000);
            self.rate_search.tick(Second { at, now: at, statistics: &self.statistics, begun, limited })
        }

        fn run(mut self) -> SearchReport {
            self.rate_search.begin(UnixMicros(self.seconds * 1_000_000));
            let limit = self.seconds + 1_000;
            while !self.second() {
                assert!(self.seconds < limit, "it does not end");
            }
            let taken = self.seconds + 1_000 - limit;
            let (tried, step) =
                (self.rate_search.report.trials.len() as u64, self.rate_search.search.step.as_secs());
            assert_eq!(taken, tried * step, "each rate is tried for one step");
            self.rate_search.report
        }
    }

    #[test]
    fn the_knee_of_the_broker_is_found_on_what_is_left_after_settling() {
        for until in ["p99 < 20ms", "average < 6ms", "failures < 1%"] {
            let mut world = World::new(until, 10);
            world.broker_knee = 777.0;
            let report = world.run();
            assert!(report.complete);
            if until.starts_with("failures") {
                // Only what does not count failed.
                assert_eq!(report.highest, Some(10_000.0));
                continue;
            }
            let highest = report.highest.unwrap();
            assert!((777.0 / 1.05..=777.0).contains(&highest), "{until}: {highest}");
            assert!(report.trials.iter().all(|trial| trial.failures == 0), "{until}");
            assert_eq!(report.lowest_failed().unwrap().verdict, Verdict::Missed);
        }
    }

    #[test]
    fn a_rate_that_cannot_be_kept_up_does_not_hold() {
        let mut world = World::new("p99 < 20ms", 10);
        world.most_begun = 950.0;
        let report = world.run();
        let highest = report.highest.unwrap();
        assert!((1_000.0 / 1.05..=1_000.0).contains(&highest), "95 % are enough: {highest}");
        assert_eq!(report.lowest_failed().unwrap().verdict, Verdict::Behind);
    }

    #[test]
    fn a_generator_at_its_limit_is_told_apart() {
        let mut world = World::new("p99 < 20ms", 10);
        (world.generator_knee, world.broker_knee) = (300.0, 5_000.0);
        let report = world.run();
        assert!((300.0 / 1.05..=300.0).contains(&report.highest.unwrap()));
        assert_eq!(report.lowest_failed().unwrap().verdict, Verdict::Saturated);
    }

    #[test]
    fn a_fifth_of_a_step_is_left_out_in_whole_seconds() {
        assert_eq!([2, 3, 5, 6, 10, 60].map(settling), [1, 1, 1, 2, 2, 12]);
    }
}
