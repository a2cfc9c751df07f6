//! A row over time in at most sixty steps.
//!
//! The lines of eight runs lie over each other in one chart. Second by second they would hide each other, so a step is
//! as many seconds as it takes: its rate is the mean, and its p99 that of all requests in it.

use crate::stats::fine::FineTimes;
use crate::stats::result::series::{Point, RowSeries, Series};

/// A line has at most so many steps.
const MAX_STEPS: f64 = 60.0;

/// The middle of a step in seconds since the start of its run, and the value there.
pub(super) type At = (f64, Option<f64>);

/// How time is divided, for all runs of a comparison alike.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Steps {
    /// The length of the longest run, in seconds.
    pub(super) length_s: f64,
    /// The length of a step, in whole seconds.
    pub(super) step_s: f64,
}

/// What is known of one step of a run.
#[derive(Debug, Clone, Default)]
struct Step {
    /// How much of it the run has.
    seconds: f64,
    /// `None` if the row has no counts over time.
    requests: Option<u64>,
    times: FineTimes,
    /// The highest p99 of its intervals, for runs without histograms.
    p99_ms: Option<f64>,
}

impl Steps {
    /// `None` if no run has anything over time.
    pub(super) fn of<'r>(runs: impl IntoIterator<Item = &'r Series>) -> Option<Self> {
        let (mut length_s, mut interval_s) = (0.0_f64, 1.0_f64);
        for series in runs {
            let end = series.points.last().map(|point| point.at_s).filter(|end| end.is_finite());
            length_s = length_s.max(end.unwrap_or(0.0));
            interval_s = interval_s.max(f64::from(series.interval_s));
        }
        // A multiple of the longest interval, so that all steps of all runs are whole.
        let step_s = (length_s / MAX_STEPS / interval_s).ceil().max(1.0) * interval_s;
        (length_s > 0.0).then_some(Self { length_s, step_s })
    }

    /// Requests per second and p99 of a row of one run. The rate of less than half a step is left out: that of a few
    /// milliseconds at the end of a run is no rate.
    pub(super) fn lines(self, points: &[Point], row: &RowSeries) -> [Vec<At>; 2] {
        let steps = self.steps(points, row);
        let least_s = if steps.len() > 1 { self.step_s / 2.0 } else { 0.0 };
        let line = |value: &dyn Fn(&Step) -> Option<f64>| {
            let at = |(number, step): (usize, &Step)| ((number as f64 + 0.5) * self.step_s, value(step));
            steps.iter().enumerate().map(at).collect()
        };
        let rate = |step: &Step| {
            let requests = step.requests.filter(|_| step.seconds > 0.0 && step.seconds >= least_s)?;
            Some(requests as f64 / step.seconds)
        };
        [line(&rate), line(&|step| step.times.percentile_ms(99.0).or(step.p99_ms))]
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a number of steps, at most as many as there are points"
    )]
    fn steps(self, points: &[Point], row: &RowSeries) -> Vec<Step> {
        let mut steps: Vec<Step> = Vec::new();
        let mut before = None;
        for (index, point) in points.iter().enumerate() {
            let length = point.length_s(before).clamp(0.0, self.step_s);
            before = Some(point);
            let number = ((point.at_s - length / 2.0) / self.step_s).max(0.0);
            // A file can say anything; a run is never longer than the longest one.
            let number = number.min(self.length_s / self.step_s) as usize;
            if steps.len() <= number {
                steps.resize_with(number + 1, Step::default);
            }
            let Some(step) = steps.get_mut(number) else { continue };
            step.seconds += length;
            if let Some(requests) = row.requests.get(index) {
                step.requests = Some(step.requests.unwrap_or(0) + requests);
            }
            if let Some(times) = row.histograms.get(index) {
                step.times.absorb(&times.unpack());
            }
            let p99 = row.p99_ms.get(index).copied().flatten().filter(|p99| p99.is_finite());
            step.p99_ms = p99.into_iter().chain(step.p99_ms).reduce(f64::max);
        }
        steps
    }
}

#[cfg(test)]
mod tests;
