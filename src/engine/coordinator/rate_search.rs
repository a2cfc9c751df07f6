//! A rate search: judges each rate second by second, and says which rate comes next.
//!
//! ```text
//! users connect   settling │ judged            settling │ judged
//! ────────────────┴────────┴───────────────────┴────────┴──────────
//!                 lowest rate                  next rate
//! ```
//! A rate is judged by its own requests only, and by whole ticks, because a tick counts exactly the events before it. A
//! rate that the generator cannot reach is told apart from a rate that the broker cannot bear.

mod bisection;

use crate::engine::coordinator::rate_search::bisection::Bisection;
use crate::plan::Plan;
use crate::plan::load::RateSearchSettings;
use crate::plan::timeline::LoadTimeline;
use crate::stats::UnixMicros;
use crate::stats::rate_search::{Probe, RateSearchReport, Verdict, Window};
use crate::stats::statistics::Statistics;

/// The first part of a step is not judged: users change their pace, and late requests of the step before end.
const SETTLING: f64 = 0.2;

/// At least this share of the planned task runs must begin.
const ENOUGH: f64 = 0.95;

/// The state of a rate search.
#[derive(Debug)]
pub(crate) struct RateSearch {
    settings: RateSearchSettings,
    /// The rate of the plan without the search.
    planned: f64,
    bisection: Bisection,
    /// The rate that is tried now; `None` until all users are there.
    step: Option<Step>,
    report: RateSearchReport,
}

/// What the run does because of the search.
#[derive(Debug, PartialEq, Default)]
pub(crate) struct Progress {
    /// Lines for the log.
    pub(crate) lines: Vec<String>,
    /// From now on schedules go faster than planned by this factor.
    pub(crate) factor: Option<f64>,
    /// Whether the search is over.
    pub(crate) is_over: bool,
}

/// A rate that is being tried.
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
    /// The present moment, which is a little later.
    pub(crate) now: UnixMicros,
    /// The statistics up to the tick.
    pub(crate) statistics: &'a Statistics,
    /// How many task runs of classes with a rate began.
    pub(crate) begun: u64,
    /// Whether the generator was at its limit.
    pub(crate) limited: bool,
}

impl RateSearch {
    /// The search of a plan, if it has one.
    pub(crate) fn new(plan: &Plan) -> Option<Self> {
        let settings = plan.load.search.clone()?;
        Some(Self::of(settings, &LoadTimeline::of(plan).most))
    }

    fn of(settings: RateSearchSettings, users: &[u32]) -> Self {
        Self {
            planned: settings.planned(users),
            bisection: Bisection::new(settings.low, settings.high),
            step: None,
            report: RateSearchReport { until: settings.until.to_string(), ..RateSearchReport::default() },
            settings,
        }
    }

    /// How much faster than planned schedules go at this rate; `None` if the plan has no rate.
    fn factor(&self, rate: f64) -> Option<f64> {
        (self.planned > 0.0).then(|| rate / self.planned)
    }

    /// The factor of the lowest rate. Schedules go at this rate until the search begins.
    pub(crate) fn first_factor(&self) -> Option<f64> {
        self.factor(self.settings.low)
    }

    /// The result so far.
    pub(crate) fn report(&self) -> &RateSearchReport {
        &self.report
    }

    /// Begins the first step, when all users are connected.
    pub(crate) fn begin(&mut self, now: UnixMicros) -> Progress {
        if self.step.is_some() { Progress::default() } else { self.next_step(now) }
    }

    fn next_step(&mut self, now: UnixMicros) -> Progress {
        self.step = self.bisection.rate().map(|rate| Step::new(rate, now));
        let Some(step) = &self.step else { return Progress { is_over: true, ..Progress::default() } };
        let seconds = self.settings.step.as_secs();
        let line = format!("Search: trying {} for {seconds}s", per_second(step.rate));
        Progress { lines: vec![line], factor: self.factor(step.rate), is_over: false }
    }

    /// Judges a second. At the end of a step the next one begins, if there is one.
    pub(crate) fn tick(&mut self, second: Second<'_>) -> Progress {
        let length = self.settings.step.as_secs();
        // A tick that was late says nothing about a rate that was set after it.
        let Some(step) = self.step.as_mut().filter(|step| step.began < second.at) else {
            return Progress::default();
        };
        step.ticks += 1;
        if step.ticks <= ticks_to_settle(length) {
            step.before = second.statistics.requests_and_failures();
            return Progress::default();
        }
        step.begun += second.begun;
        step.limited |= second.limited;
        step.window.latency.add(second.statistics.tick_latency());
        step.window.seconds += 1.0;
        if step.ticks < length {
            return Progress::default();
        }
        let (requests, failures) = second.statistics.requests_and_failures();
        step.window.requests = requests.saturating_sub(step.before.0);
        step.window.failures = failures.saturating_sub(step.before.1);
        let probe = step.judge(&self.settings);
        let line = format!("Search: {}", sentence(&probe));
        self.bisection.judge(probe.verdict == Verdict::Holds);
        self.report.probes.push(probe);
        self.report.highest = self.bisection.highest();
        let mut progress = self.next_step(second.now);
        progress.lines.insert(0, line);
        self.report.complete = progress.is_over;
        progress
    }
}

impl Step {
    fn new(rate: f64, began: UnixMicros) -> Self {
        let window = Window::default();
        Self { rate, began, ticks: 0, window, before: (0, 0), begun: 0, limited: false }
    }

    fn judge(&self, settings: &RateSearchSettings) -> Probe {
        let achieved = self.begun as f64 / self.window.seconds;
        let value = self.window.value(settings.until.criterion().metric);
        let verdict = if self.limited {
            Verdict::Saturated
        } else if achieved < ENOUGH * self.rate {
            Verdict::Behind
        } else if value.is_some_and(|value| settings.until.holds(value)) {
            Verdict::Holds
        } else {
            Verdict::Missed
        };
        Probe {
            rate: self.rate,
            achieved,
            p50_ms: self.window.latency.percentile_ms(50.0),
            p99_ms: self.window.latency.percentile_ms(99.0),
            failures: self.window.failures,
            verdict,
        }
    }
}

/// How many ticks at the begin of a step are not judged, if the step has this many.
fn ticks_to_settle(ticks: u64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a part of a number of seconds"
    )]
    let settling = (ticks as f64 * SETTLING).ceil() as u64;
    settling
}

fn sentence(probe: &Probe) -> String {
    let what = match probe.verdict {
        Verdict::Holds => "holds",
        Verdict::Missed => "does not hold",
        Verdict::Behind => "cannot be kept up",
        Verdict::Saturated => "is too much for the load generator itself",
    };
    let p99 = probe.p99_ms.map_or_else(|| "no response".to_owned(), |ms| format!("p99 {ms:.2} ms"));
    format!("{} {what}: begun {}, {p99}", per_second(probe.rate), per_second(probe.achieved))
}

fn per_second(rate: f64) -> String {
    if rate < 100.0 { format!("{rate:.2}/s") } else { format!("{rate:.0}/s") }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::plan::load::ClassRate;
    use crate::stats::RowKey;
    use crate::stats::recorder::Recorder;
    use crate::stats::threshold::Threshold;

    /// A broker and a generator with known limits, one second after the other.
    struct World {
        search: RateSearch,
        /// How much faster than planned schedules go.
        factor: f64,
        statistics: Statistics,
        recorder: Recorder,
        seconds: u64,
        /// Up to this rate the broker answers in 5 ms, above it in 50 ms.
        broker_limit: f64,
        /// At most this many task runs can begin.
        most_begun: f64,
        /// Above this rate the generator is at its limit.
        generator_limit: f64,
    }

    impl World {
        fn new(until: &str, step_s: u64) -> Self {
            let (until, step) = (Threshold::parse(until).unwrap(), Duration::from_secs(step_s));
            let (low, high) = (100.0, 10_000.0);
            let rates = vec![Some(ClassRate::PerClass(50.0))];
            let search = RateSearch::of(RateSearchSettings { low, high, until, step, rates }, &[1]);
            let row = RowKey { request_type: "MQTT".to_owned(), name: "publish".to_owned() };
            Self {
                factor: search.first_factor().unwrap(),
                search,
                statistics: Statistics::new(1_000.0, false),
                recorder: Recorder::new(UnixMicros(1_000_000_000), &[row], false),
                seconds: 1_000,
                broker_limit: f64::INFINITY,
                most_begun: f64::INFINITY,
                generator_limit: f64::INFINITY,
            }
        }

        /// One second at the present rate. Returns whether the search is over.
        fn second(&mut self) -> bool {
            let rate = self.factor * self.search.planned;
            let settling = self.search.step.as_ref().is_some_and(|step| step.ticks < 2);
            let ms = match settling {
                // Far too slow, and of no meaning.
                true => 900,
                false if rate <= self.broker_limit => 5,
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
            let limited = rate > self.generator_limit;
            let at = UnixMicros(self.seconds * 1_000_000);
            let second = Second { at, now: at, statistics: &self.statistics, begun, limited };
            let progress = self.search.tick(second);
            self.follow(&progress)
        }

        fn follow(&mut self, progress: &Progress) -> bool {
            self.factor = progress.factor.unwrap_or(self.factor);
            progress.is_over
        }

        fn run(mut self) -> RateSearchReport {
            let begun = self.search.begin(UnixMicros(self.seconds * 1_000_000));
            self.follow(&begun);
            let limit = self.seconds + 1_000;
            while !self.second() {
                assert!(self.seconds < limit, "it does not end");
            }
            let taken = self.seconds + 1_000 - limit;
            let (tried, step) = (self.search.report.probes.len() as u64, self.search.settings.step.as_secs());
            assert_eq!(taken, tried * step, "each rate is tried for one step");
            self.search.report
        }
    }

    #[test]
    fn the_saturation_point_of_the_broker_is_found_on_what_is_left_after_settling() {
        for until in ["p99 < 20ms", "average < 6ms", "failures < 1%"] {
            let mut world = World::new(until, 10);
            world.broker_limit = 777.0;
            let report = world.run();
            assert!(report.complete);
            if until.starts_with("failures") {
                // Only what does not count failed.
                assert_eq!(report.highest, Some(10_000.0));
                continue;
            }
            let highest = report.highest.unwrap();
            assert!((777.0 / 1.05..=777.0).contains(&highest), "{until}: {highest}");
            assert!(report.probes.iter().all(|probe| probe.failures == 0), "{until}");
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
        (world.generator_limit, world.broker_limit) = (300.0, 5_000.0);
        let report = world.run();
        assert!((300.0 / 1.05..=300.0).contains(&report.highest.unwrap()));
        assert_eq!(report.lowest_failed().unwrap().verdict, Verdict::Saturated);
    }

    #[test]
    fn a_fifth_of_a_step_is_left_out_in_whole_seconds() {
        assert_eq!([2, 3, 5, 6, 10, 60].map(ticks_to_settle), [1, 1, 1, 2, 2, 12]);
    }
}
