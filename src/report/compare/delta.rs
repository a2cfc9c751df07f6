//! The change of one metric from A to B, as `--fail-on` judges and writes it.
//!
//! A change knows how exact its numbers can be: Locust keeps response times in buckets, so two runs of the
//! same job often differ by one bucket. Such a change is marked `~`.

use crate::report::compare::figures::step_ms;
use crate::stats::metric::{Metric, decimals};

/// One metric of one row in both sides.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Delta {
    /// The metric.
    pub metric: Metric,
    /// Its value in A.
    pub a: f64,
    /// Its value in B.
    pub b: f64,
}

impl Delta {
    /// B minus A, in the metric's unit.
    pub fn delta(self) -> f64 {
        self.b - self.a
    }

    /// The change in percent of A. Up from 0 is infinite, 0 to 0 is 0.
    pub fn percent(self) -> f64 {
        let delta = self.delta();
        if delta == 0.0 {
            0.0
        } else if self.a == 0.0 {
            f64::INFINITY.copysign(delta)
        } else {
            // Multiplied first: 30 ms to 33 ms is 10 %, not a hair above it.
            delta * 100.0 / self.a.abs()
        }
    }

    /// Whether Locust's rounding alone may have made the change: the two values are at most one bucket
    /// apart. Locust rounds response times to 1 ms below 100 ms, to 10 ms below 1 s, to 100 ms below 10 s
    /// and to 1 s above. Of the two values the smaller one tells the step, since 99 and 100 are neighbours
    /// and so are 100 and 110.
    pub fn is_rounding(self) -> bool {
        let step = step_ms(self.a.min(self.b));
        let bucketed = matches!(self.metric, Metric::Median | Metric::Percentile(_));
        bucketed && self.delta() != 0.0 && self.delta().abs() <= step
    }

    /// `2 → 6 ms`.
    pub fn values_text(self) -> String {
        let decimals = decimals(&[self.a, self.b]);
        let (a, b, unit) = (self.a, self.b, self.metric.unit().suffix());
        format!("{a:.decimals$} → {b:.decimals$}{unit}")
    }

    /// The difference with its sign, as exact as the values beside it: `+4`, `-0.968`, `0`.
    pub fn delta_text(self) -> String {
        let decimals = decimals(&[self.a, self.b]);
        let text = format!("{:+.decimals$}", self.delta());
        // What rounds to nothing has no sign.
        if text.chars().all(|c| matches!(c, '+' | '-' | '0' | '.')) { "0".to_owned() } else { text }
    }

    /// The change in percent with its sign: `+5.5%`, `-100%`, `0%`; `from 0` where there is no percentage.
    pub fn percent_text(self) -> String {
        let percent = self.percent();
        if percent.is_infinite() {
            "from 0".to_owned()
        } else if percent.abs() < 0.05 {
            "0%".to_owned()
        } else if percent.abs() < 99.95 {
            format!("{percent:+.1}%")
        } else {
            format!("{percent:+.0}%")
        }
    }
}

#[cfg(test)]
mod tests;
