//! Thresholds that end a run as soon as they are missed, checked once a second.
//!
//! Only a value that there is can miss: what cannot be judged yet ends nothing. A threshold on a stage is checked while
//! its stage goes on, and a last time when the stage is over.

use crate::stats::criterion::Rows;
use crate::stats::metric::Metric;
use crate::stats::result::row::RowResult;
use crate::stats::threshold::figures::{RunFigures, of_row};
use crate::stats::threshold::judge::{judge_run, judged};
use crate::stats::threshold::verdict::{Judgement, Miss, Verdict};
use crate::stats::threshold::{Check, Threshold};

/// The thresholds of a run that may end it.
#[derive(Debug, Clone)]
pub struct Watch {
    thresholds: Vec<Watched>,
}

#[derive(Debug, Clone)]
struct Watched {
    /// Among all thresholds of the run.
    index: usize,
    threshold: Threshold,
    check: Check,
    /// Whether its stage is over and it was checked for the last time.
    is_over: bool,
}

/// A run at the end of one of its seconds.
pub struct Now<'a> {
    /// Seconds since the run began, or since its statistics began anew.
    pub run_s: f64,
    /// The number of the stage that the second belongs to, from 0.
    pub stage: usize,
    /// Seconds since that stage began.
    pub stage_s: f64,
    /// The rows of the run so far, or of one of its stages by number, that are wanted. For [`Rows::Aggregated`] it is
    /// one: all requests together.
    pub rows: &'a dyn Fn(Option<usize>, &Rows) -> Vec<RowResult>,
    /// What only the run has.
    pub run: &'a RunFigures,
}

impl Watch {
    /// Watches those of the thresholds of a run that may end it.
    pub fn new(thresholds: &[Threshold]) -> Self {
        let watched = thresholds.iter().enumerate().filter_map(|(index, threshold)| {
            let check = threshold.check()?;
            Some(Watched { index, threshold: threshold.clone(), check, is_over: false })
        });
        Self { thresholds: watched.collect() }
    }

    /// Returns whether none of them may end the run, so that there is nothing to watch.
    pub fn is_idle(&self) -> bool {
        self.thresholds.iter().all(|watched| watched.is_over)
    }

    /// Checks what can be checked by now, and returns the first threshold that is missed.
    pub fn second(&mut self, now: &Now<'_>) -> Option<Miss> {
        self.thresholds.iter_mut().find_map(|watched| watched.second(now))
    }
}

impl Watched {
    fn second(&mut self, now: &Now<'_>) -> Option<Miss> {
        if self.is_over {
            return None;
        }
        let stage = self.threshold.stage.as_ref().map(|stage| stage.index);
        let lasted_s = match stage {
            None => Some(now.run_s),
            Some(stage) if now.stage == stage => Some(now.stage_s),
            Some(stage) => {
                self.is_over = now.stage > stage;
                None
            }
        };
        let is_due = match (self.check, lasted_s) {
            (Check::EachSecondAfter(after), Some(lasted_s)) => lasted_s >= after.as_secs_f64(),
            (Check::EachSecondAfter(_), None) => false,
            (Check::AtTheEndOfTheStage, _) => self.is_over,
        };
        if !is_due {
            return None;
        }
        let missed = self.judge(stage, now).into_iter().filter(|judged| judged.verdict == Verdict::Missed);
        let when = match stage {
            Some(_) if self.is_over => ", at the end of the stage".to_owned(),
            Some(_) => format!(", {} s after the stage began", now.stage_s.round()),
            None => format!(", {} s after the start", now.run_s.round()),
        };
        let results: Vec<_> = missed
            .map(|mut judged| {
                judged.detail += &when;
                judged.result(&self.threshold, true)
            })
            .collect();
        (!results.is_empty()).then_some(Miss { index: self.index, results })
    }

    fn judge(&self, stage: Option<usize>, now: &Now<'_>) -> Vec<Judgement> {
        let criterion = self.threshold.criterion();
        if let Metric::OfRun(metric) = criterion.metric {
            return vec![judge_run(&self.threshold, metric, now.run)];
        }
        let rows = (now.rows)(stage, &criterion.rows);
        let values = rows.iter().filter_map(|row| Some((row, of_row(criterion.metric, row)?)));
        values.map(|(row, value)| judged(&self.threshold, &row.title(), value)).collect()
    }
}

#[cfg(test)]
mod tests;
