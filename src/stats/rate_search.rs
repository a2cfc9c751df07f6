//! The result of a rate search as plain data, and the numbers of one of its steps.

use crate::stats::latency::Latency;
use crate::stats::metric::Metric;

/// The result of a rate search.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RateSearchReport {
    /// The condition that had to hold.
    pub until: String,
    /// The rates that were tried, in order.
    pub probes: Vec<Probe>,
    /// The highest rate that held, in task runs per second.
    pub highest: Option<f64>,
    /// Whether the search came to its end.
    pub complete: bool,
}

/// One rate that was tried.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    /// The rate: task runs per second.
    pub rate: f64,
    /// How many task runs per second really began.
    pub achieved: f64,
    /// Median response time, if there was one.
    pub p50_ms: Option<f64>,
    /// 99 % of the response times were at most this.
    pub p99_ms: Option<f64>,
    /// How many requests failed.
    pub failures: u64,
    /// Whether the rate holds.
    pub verdict: Verdict,
}

/// The verdict on a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The condition held.
    Holds,
    /// The condition did not hold.
    Missed,
    /// Less than 95 % of the task runs could begin in time.
    Behind,
    /// The load generator itself was at its limit, so this says nothing about the broker.
    Saturated,
}

impl RateSearchReport {
    /// The lowest rate that did not hold.
    pub fn lowest_failed(&self) -> Option<&Probe> {
        let failed = self.probes.iter().filter(|probe| probe.verdict != Verdict::Holds);
        failed.min_by(|a, b| a.rate.total_cmp(&b.rate))
    }
}

/// The requests within a length of time.
#[derive(Debug, Clone, Default)]
pub struct Window {
    /// Their response times.
    pub latency: Latency,
    /// How many there were.
    pub requests: u64,
    /// How many of them failed.
    pub failures: u64,
    /// The length of the time, in seconds.
    pub seconds: f64,
}

impl Window {
    /// The value of a metric, in its unit; `None` if nothing happened that could have one.
    pub fn value(&self, metric: Metric) -> Option<f64> {
        let (requests, failures) = (self.requests as f64, self.failures as f64);
        match metric {
            Metric::Requests => Some(requests),
            // A broker that answers nothing has no failures, and holds nothing.
            Metric::Failures => (self.requests > 0).then_some(failures),
            Metric::FailureRatio => (self.requests > 0).then(|| failures * 100.0 / requests),
            // A step is over before anybody knows what of it never ends, and it keeps nothing else apart.
            Metric::Unfinished
            | Metric::UnfinishedRatio
            | Metric::AverageLength
            | Metric::Succeeded(_)
            | Metric::Failed(_)
            | Metric::OfMessages(_)
            | Metric::OfRun(_) => None,
            Metric::Rps => Some(requests / self.seconds),
            Metric::FailuresPerS => (self.requests > 0).then(|| failures / self.seconds),
            Metric::Median => self.latency.percentile_ms(50.0),
            Metric::Average => self.latency.mean_ms(),
            Metric::Min => self.latency.percentile_ms(0.0),
            Metric::Max => self.latency.percentile_ms(100.0),
            Metric::Percentile(p) => self.latency.percentile_ms(p),
        }
    }
}

#[cfg(test)]
mod tests;
