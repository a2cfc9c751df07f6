//! One quantity of a Locust statistics row in two runs.
//!
//! A change knows how exact its numbers can be: Locust keeps response times in buckets, so two runs of the
//! same job often differ by one bucket. Such a change is called rounding and never better or worse.

use crate::stats::metric::{Metric, decimals};

/// A change of more than this many percent is called better or worse. Smaller ones are common between two
/// runs of the same job on the same machine.
pub const NOTABLE_PERCENT: f64 = 10.0;

/// Whether a change is one to worry about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Changed for the better by more than [`NOTABLE_PERCENT`]; fewer failures.
    Better,
    /// Changed for the worse by more than [`NOTABLE_PERCENT`]; more failures.
    Worse,
    /// Little or no change, rounding, or a metric of which neither more nor less is better.
    Neutral,
}

/// One metric of one row in both runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    /// The metric.
    pub metric: Metric,
    /// Its value in BASE.
    pub base: f64,
    /// Its value in NEW.
    pub new: f64,
}

impl Change {
    /// NEW minus BASE, in the metric's unit.
    pub fn delta(self) -> f64 {
        self.new - self.base
    }

    /// The change in percent of BASE. Up from 0 is infinite, 0 to 0 is 0.
    pub fn percent(self) -> f64 {
        let delta = self.delta();
        if delta == 0.0 {
            0.0
        } else if self.base == 0.0 {
            f64::INFINITY.copysign(delta)
        } else {
            // Multiplied first: 30 ms to 33 ms is 10 %, not a hair above it.
            delta * 100.0 / self.base.abs()
        }
    }

    /// Whether Locust's rounding alone may have made the change: the two values are at most one bucket
    /// apart. Locust rounds response times to 1 ms below 100 ms, to 10 ms below 1 s, to 100 ms below 10 s
    /// and to 1 s above. Of the two values the smaller one tells the step, since 99 and 100 are neighbours
    /// and so are 100 and 110.
    pub fn is_rounding(self) -> bool {
        let step = match self.base.min(self.new) {
            low if low < 100.0 => 1.0,
            low if low < 1_000.0 => 10.0,
            low if low < 10_000.0 => 100.0,
            _ => 1_000.0,
        };
        let bucketed = matches!(self.metric, Metric::Median | Metric::Percentile(_));
        bucketed && self.delta() != 0.0 && self.delta().abs() <= step
    }

    /// Better, worse or neither.
    pub fn verdict(self) -> Verdict {
        let more_is_better = match self.metric {
            Metric::Requests => return Verdict::Neutral,
            Metric::Rps => true,
            _ => false,
        };
        let of_failures =
            matches!(self.metric, Metric::Failures | Metric::FailureRatio | Metric::FailuresPerS);
        let notable = if of_failures {
            self.delta() != 0.0
        } else {
            self.percent().abs() > NOTABLE_PERCENT && !self.is_rounding()
        };
        match (notable, (self.delta() > 0.0) == more_is_better) {
            (false, _) => Verdict::Neutral,
            (true, true) => Verdict::Better,
            (true, false) => Verdict::Worse,
        }
    }

    /// `2 → 6 ms`.
    pub fn values_text(self) -> String {
        let decimals = decimals(&[self.base, self.new]);
        let (base, new, unit) = (self.base, self.new, self.metric.unit().suffix());
        format!("{base:.decimals$} → {new:.decimals$}{unit}")
    }

    /// The difference with its sign, as exact as the values beside it: `+4`, `-0.968`, `0`.
    pub fn delta_text(self) -> String {
        let decimals = decimals(&[self.base, self.new]);
        if self.delta() == 0.0 { "0".to_owned() } else { format!("{:+.decimals$}", self.delta()) }
    }

    /// The change in percent with its sign: `+5.5%`, `-100%`, `+inf%`, `0%`.
    pub fn percent_text(self) -> String {
        let percent = self.percent();
        if percent == 0.0 {
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

    fn p95(base: f64, new: f64) -> Change {
        Change { metric: Metric::Percentile(95.0), base, new }
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "the numbers are exact")]
    fn percent_is_of_base() {
        assert_eq!(p95(30.0, 33.0).percent(), 10.0);
        assert_eq!(p95(200.0, 100.0).percent(), -50.0);
        assert_eq!(p95(0.0, 0.0).percent(), 0.0);
        assert_eq!(p95(0.0, 1.0).percent(), f64::INFINITY);
    }

    #[test]
    fn neighbouring_buckets_are_rounding() {
        for (base, new, rounding) in [
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
            assert_eq!(p95(base, new).is_rounding(), rounding, "{base} {new}");
        }
        let average = Change { metric: Metric::Average, base: 1.0, new: 1.5 };
        assert!(!average.is_rounding(), "averages are exact");
    }

    #[test]
    fn better_and_worse_depend_on_the_metric() {
        for (metric, base, new, verdict) in [
            (Metric::Percentile(95.0), 100.0, 200.0, Verdict::Worse),
            (Metric::Percentile(95.0), 200.0, 100.0, Verdict::Better),
            (Metric::Percentile(95.0), 1.0, 2.0, Verdict::Neutral),
            (Metric::Average, 10.0, 11.0, Verdict::Neutral),
            (Metric::Average, 10.0, 11.1, Verdict::Worse),
            (Metric::Rps, 100.0, 80.0, Verdict::Worse),
            (Metric::Rps, 100.0, 120.0, Verdict::Better),
            (Metric::Failures, 1000.0, 1001.0, Verdict::Worse),
            (Metric::Failures, 1.0, 0.0, Verdict::Better),
            (Metric::Failures, 1.0, 1.0, Verdict::Neutral),
            (Metric::Requests, 1.0, 1000.0, Verdict::Neutral),
        ] {
            assert_eq!(Change { metric, base, new }.verdict(), verdict, "{metric} {base} {new}");
        }
    }

    #[test]
    fn numbers_side_by_side_have_the_same_digits() {
        let average = Change { metric: Metric::Average, base: 1.217_862_956, new: 0.113_233_370 };
        assert_eq!(average.values_text(), "1.218 → 0.113 ms");
        assert_eq!((average.delta_text(), average.percent_text()), ("-1.105".into(), "-90.7%".into()));
        assert_eq!((p95(0.0, 3.0).delta_text(), p95(0.0, 3.0).percent_text()), ("+3".into(), "+inf%".into()));
        assert_eq!((p95(3.0, 3.0).delta_text(), p95(3.0, 3.0).percent_text()), ("0".into(), "0%".into()));
    }
}
