//! The values of metrics in a row, and in a run as a whole.

use std::borrow::Cow;

use crate::stats::fine::FineTimes;
use crate::stats::metric::{Metric, RunMetric, RunTimes, Statistic};
use crate::stats::result::connections::Connections;
use crate::stats::result::generator::Generator;
use crate::stats::result::row::{RowResult, Times};
use crate::stats::result::{RunResult, ScheduledStarts, StageResult};

/// The value of a metric in a row, in its unit; `None` if nothing happened that could have one, and for metrics that are
/// not of rows alone.
pub(super) fn of_row(metric: Metric, row: &RowResult) -> Option<f64> {
    let timed = |value: f64| row.has_times().then_some(value);
    let some = |value: f64| (row.requests > 0).then_some(value);
    match metric {
        Metric::Requests => Some(row.requests as f64),
        Metric::Failures => Some(row.failures as f64),
        Metric::FailureRatio => some(row.failure_ratio() * 100.0),
        Metric::Rps => Some(row.requests_per_s),
        Metric::FailuresPerS => Some(row.failures_per_s),
        // Exact, where a histogram has three digits.
        Metric::Average => timed(row.average_ms),
        Metric::Min => timed(row.min_ms),
        Metric::Max => timed(row.max_ms),
        Metric::Median => Statistic::Median.of(&row.histogram),
        Metric::Percentile(p) => row.histogram.percentile_ms(p),
        Metric::AverageLength => some(row.average_length_bytes),
        Metric::Succeeded(statistic) => statistic.of(&succeeded(row)),
        Metric::Failed(statistic) => statistic.of(&row.failed_histogram),
        Metric::Unfinished | Metric::UnfinishedRatio | Metric::OfMessages(_) | Metric::OfRun(_) => None,
    }
}

fn succeeded(row: &RowResult) -> Cow<'_, FineTimes> {
    if row.failed_histogram.is_empty() {
        return Cow::Borrowed(&row.histogram);
    }
    Cow::Owned(row.histogram.without(&row.failed_histogram))
}

/// What only the run as a whole has, or a stage as a whole.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RunFigures {
    /// Connections of all users, if they are known.
    pub connections: Option<Connections>,
    /// Messages that arrived on subscriptions, if they are known.
    pub arrived: Option<u64>,
    /// Faults of the scenario or of the program, if they are known.
    pub exceptions: Option<u64>,
    /// Task runs that a schedule started.
    pub starts: ScheduledStarts,
    /// Whether there was a search, and the highest rate that held.
    pub search: Option<Option<f64>>,
    /// How the load generator did.
    pub generator: Generator,
    /// Response times from when requests really began.
    pub service_time: Option<Times>,
    /// Response times from when requests were due.
    pub intended: Option<Times>,
}

/// Why a metric of a run has no value, and whether the run fails because of it.
pub(super) struct Missing {
    pub(super) why: &'static str,
    pub(super) fails: bool,
}

impl RunFigures {
    pub(super) fn of(result: &RunResult) -> Self {
        Self {
            connections: result.connections,
            arrived: Some(result.received.messages),
            exceptions: Some(result.exceptions.iter().map(|exception| exception.count).sum()),
            starts: result.scheduled_starts,
            search: result.search.as_ref().map(|search| search.highest_rate),
            generator: result.generator.clone(),
            service_time: result.service_time_ms,
            intended: result.from_intended_moments_ms,
        }
    }

    /// Those of a stage, which are few.
    pub(super) fn of_stage(stage: &StageResult) -> Self {
        Self {
            connections: stage.connections,
            arrived: stage.received.map(|received| received.messages),
            ..Self::default()
        }
    }

    /// The value of a metric in its unit, or why there is none.
    pub(super) fn value(&self, metric: RunMetric) -> Result<f64, Missing> {
        let because = |why| Missing { why, fails: true };
        let share = |of: u64, whole: u64| (whole > 0).then(|| of as f64 * 100.0 / whole as f64);
        let unknown = || because("it is not known");
        match metric {
            RunMetric::Connects => self.connections.map(|all| all.opened as f64).ok_or_else(unknown),
            RunMetric::Connected => self.connections.map(|all| all.most as f64).ok_or_else(unknown),
            RunMetric::Arrived => self.arrived.map(|messages| messages as f64).ok_or_else(unknown),
            RunMetric::Exceptions => self.exceptions.map(|count| count as f64).ok_or_else(unknown),
            RunMetric::Starts => Ok(self.starts.count as f64),
            RunMetric::LateStarts | RunMetric::LateStartRatio if self.starts.count == 0 => {
                Err(because("no schedule started a task run"))
            }
            RunMetric::LateStarts => Ok(self.starts.late as f64),
            RunMetric::LateStartRatio => share(self.starts.late, self.starts.count).ok_or_else(unknown),
            RunMetric::HighestRate => match self.search {
                Some(Some(rate)) => Ok(rate),
                Some(None) => Err(because("no rate held")),
                None => Err(because("the run did not search for it")),
            },
            RunMetric::GeneratorCpu => self.generator.cpu_cores.ok_or_else(unknown),
            RunMetric::GeneratorLimited => Ok(self.generator.limited_seconds as f64),
            RunMetric::GeneratorLimitedRatio => share(self.generator.limited_seconds, self.generator.seconds)
                .ok_or(Missing { why: "no whole second was judged", fails: false }),
            RunMetric::Times(times, statistic) => self.times(times, statistic),
        }
    }

    fn times(&self, of: RunTimes, statistic: Statistic) -> Result<f64, Missing> {
        let (times, missing) = match of {
            // Without pauses there is nothing that could be late.
            RunTimes::SendLag => {
                (&self.generator.send_lag_ms, Missing { why: "no pause ended", fails: false })
            }
            RunTimes::ServiceTime => {
                (&self.service_time, Missing { why: "no request of a schedule was finished", fails: true })
            }
            RunTimes::Intended => (
                &self.intended,
                Missing { why: "no request of a user with pacing was finished", fails: true },
            ),
        };
        times.as_ref().and_then(|times| statistic.of_kept(times)).ok_or(missing)
    }
}
