//! The outcome of a threshold for one row.

use std::fmt;

use crate::stats::result::ThresholdResult;
use crate::stats::threshold::Threshold;

/// The outcome of a threshold for one row.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// The threshold as it was written.
    pub threshold: String,
    /// The row's type and name, or what the threshold calls it; `run` for a number that only the run has.
    pub row: String,
    /// Whether it holds.
    pub verdict: Verdict,
    /// The row's value in the metric's unit, if it has one.
    pub value: Option<f64>,
    /// The value with the metric's name and unit, or why there is none.
    pub detail: String,
}

/// Whether a threshold holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Met,
    /// It does not hold.
    Missed,
    /// It cannot be judged, since what it is about has not happened.
    NotJudged {
        /// Whether the run fails because of it.
        fails: bool,
    },
}

/// A threshold that was missed and ends the run.
#[derive(Debug, Clone, PartialEq)]
pub struct Miss {
    /// Its number among all thresholds of the run, from 0.
    pub index: usize,
    /// The verdicts on the rows that miss it.
    pub results: Vec<ThresholdResult>,
}

impl Verdict {
    /// Whether the run fails because of it.
    pub fn fails(self) -> bool {
        matches!(self, Self::Missed | Self::NotJudged { fails: true })
    }

    /// Whether it was met; `None` if it could not be judged.
    pub fn met(self) -> Option<bool> {
        match self {
            Self::Met => Some(true),
            Self::Missed => Some(false),
            Self::NotJudged { .. } => None,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Met => "met",
            Self::Missed => "missed",
            Self::NotJudged { .. } => "not judged",
        })
    }
}

impl Judgement {
    /// The same as part of a result. `aborted` says that it ended the run.
    pub(super) fn result(self, of: &Threshold, aborted: bool) -> ThresholdResult {
        ThresholdResult {
            threshold: self.threshold,
            row: self.row,
            stage: of.stage.as_ref().map(|stage| stage.name.clone()),
            verdict: self.verdict.to_string(),
            met: self.verdict.met(),
            fails_the_run: self.verdict.fails(),
            aborted_the_run: aborted,
            value: self.value,
            sentence: self.detail,
            file: of.place.as_ref().map(|place| place.file.clone()),
            line: of.place.as_ref().map(|place| place.line),
        }
    }
}
