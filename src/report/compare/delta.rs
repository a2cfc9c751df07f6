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
mod tests {
    use super::*;

    fn p95(a: f64, b: f64) -> Delta {
        Delta { metric: Metric::Percentile(95.0), a, b }
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "the numbers are exact")]
    fn percent_is_of_a() {
        assert_eq!(p95(30.0, 33.0).percent(), 10.0);
        assert_eq!(p95(200.0, 100.0).percent(), -50.0);
        assert_eq!(p95(0.0, 0.0).percent(), 0.0);
        assert_eq!(p95(0.0, 1.0).percent(), f64::INFINITY);
    }

    #[test]
    fn neighbouring_buckets_are_rounding() {
        for (a, b, rounding) in [
            (1.0, 2.0, true),
            (2.0, 2.0, false),
            (1.0, 3.0, false),
            (99.0, 100.0, true),
            (95.0, 100.0, false),
            (110.0, 100.0, true),
            (100.0, 120.0, false),
            (990.0, 1_000.0, true),
            (1_000.0, 1_100.0, true),
            (9_900.0, 10_000.0, true),
            (11_000.0, 10_000.0, true),
        ] {
            assert_eq!(p95(a, b).is_rounding(), rounding, "{a} {b}");
        }
        let average = Delta { metric: Metric::Average, a: 1.0, b: 1.5 };
        assert!(!average.is_rounding(), "averages are exact");
    }

    #[test]
    fn numbers_side_by_side_have_the_same_digits() {
        let average = Delta { metric: Metric::Average, a: 1.217_862_956, b: 0.113_233_370 };
        assert_eq!(average.values_text(), "1.218 → 0.113 ms");
        assert_eq!((average.delta_text(), average.percent_text()), ("-1.105".into(), "-90.7%".into()));
        assert_eq!(
            (p95(0.0, 3.0).delta_text(), p95(0.0, 3.0).percent_text()),
            ("+3".into(), "from 0".into())
        );
        assert_eq!((p95(3.0, 3.0).delta_text(), p95(3.0, 3.0).percent_text()), ("0".into(), "0%".into()));
        let hardly = Delta { metric: Metric::Average, a: 100.500_01, b: 100.5 };
        assert_eq!((hardly.delta_text(), hardly.percent_text()), ("0".into(), "0%".into()));
    }
}
