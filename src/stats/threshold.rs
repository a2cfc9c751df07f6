//! Conditions on the results of a run, in words such as `p95[MQTT connect] < 1s`.
//!
//! They are judged when the run is over ([`judge`]), and those that may end a run also while it goes on ([`watch`]).
//! Both compare exact numbers: percentiles come from histograms with three digits, for all requests and for single rows,
//! and never from Locust's buckets of whole milliseconds.

pub mod figures;
pub mod judge;
pub mod verdict;
pub mod watch;

use std::fmt;
use std::time::Duration;

use crate::stats::criterion::{Criterion, CriterionError, Form, Limit, Op};
use crate::stats::metric::Course;

/// A condition on the results of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    criterion: Criterion,
    limit: f64,
    /// The stage that it is about; `None` is the whole run.
    pub stage: Option<StageOf>,
    /// That it ends the run when it is missed; `None` if it is only judged at the end.
    pub abort: Option<Abort>,
    /// Where it stands; `None` if it stands in no file.
    pub place: Option<SourcePlace>,
}

/// A stage of the load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageOf {
    /// Its number, from 0.
    pub index: usize,
    /// What results call it: its name, or `stage 2` if it has none. No other stage is called so.
    pub name: String,
}

/// That a threshold ends the run when it is missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Abort {
    /// How much of the run, or of the stage of the threshold, has to be over before; `None` is what fits the metric.
    pub after: Option<Duration>,
}

/// When a threshold that ends the run is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// Each second from so much of the run, or of the stage, on.
    EachSecondAfter(Duration),
    /// When its stage is over, or never if it is about the whole run: until then it may still come true.
    AtTheEndOfTheStage,
}

/// A line of one of the files of a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourcePlace {
    /// The path of the file, as messages about it say it.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
}

/// What rises and falls is not checked before so much of the run or stage is over, unless `after` says otherwise. In the
/// first seconds users connect all at once and caches are cold, and the p99 of a handful of requests is the slowest one.
pub const SETTLING_TIME: Duration = Duration::from_secs(10);

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.criterion.fmt(f)
    }
}

impl Threshold {
    /// Reads a threshold on the whole run that is judged at its end; the grammar is that of [`Criterion`], without
    /// changes.
    pub fn parse(text: &str) -> Result<Self, CriterionError> {
        let criterion = Criterion::parse(text, Form::Own)?;
        // A run by itself has no changes: the form allows only the first.
        let (Limit::Own(limit) | Limit::Change(limit) | Limit::PercentOfBase(limit)) = criterion.limit;
        Ok(Self { criterion, limit, stage: None, abort: None, place: None })
    }

    /// Returns what it asks for.
    pub fn criterion(&self) -> &Criterion {
        &self.criterion
    }

    /// Returns whether a value satisfies it.
    pub fn holds(&self, value: f64) -> bool {
        self.criterion.op.holds(value, self.limit)
    }

    /// When it is checked while the run goes on; `None` if it does not end the run.
    ///
    /// What can never be met again is checked at once. What may still be met at the end is not checked before: a number
    /// of requests that has not been reached yet, and a rate without an `after` that says when all users have started.
    pub fn check(&self) -> Option<Check> {
        let Abort { after } = self.abort?;
        let has_upper_limit = matches!(self.criterion.op, Op::Less | Op::AtMost);
        Some(match (self.criterion.metric.course(), has_upper_limit, after) {
            (Course::Rises, true, after) | (Course::Falls, false, after) => {
                Check::EachSecondAfter(after.unwrap_or_default())
            }
            (Course::Rises, false, _) | (Course::Falls, true, _) | (Course::RampsUp, false, None) => {
                Check::AtTheEndOfTheStage
            }
            (Course::Varies | Course::RampsUp, _, after) => {
                Check::EachSecondAfter(after.unwrap_or(SETTLING_TIME))
            }
        })
    }
}

#[cfg(test)]
mod tests;
