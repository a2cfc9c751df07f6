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

#[derive(Debug, PartialEq, Default)]
pub(crate) struct Progress {
    /// For the log.
    pub(crate) lines: Vec<String>,
    /// From now on schedules go faster than planned by this factor.
    pub(crate) factor: Option<f64>,
    pub(crate) is_over: bool,
}

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

#[derive(Debug, Clone, Copy)]
pub(crate) struct Second<'a> {
    pub(crate) at: UnixMicros,
    /// The present moment, which is a little later.
    pub(crate) now: UnixMicros,
    pub(crate) statistics: &'a Statistics,
    /// How many task runs of classes with a rate began.
    pub(crate) begun: u64,
    pub(crate) limited: bool,
}

impl RateSearch {
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
mod tests;
