//! What a threshold cannot ask for: a row or a stage of what only the run has, and an end of the run by something that
//! nobody knows before.

use std::time::Duration;

use crate::compile::codes;
use crate::compile::problems::Problems;
use crate::diagnostic::{Diagnostic, FieldPath, Mark};
use crate::stats::criterion::Rows;
use crate::stats::metric::{Course, Metric, Of};
use crate::stats::threshold::{Abort, Check, Threshold};

/// A threshold that was read, and where its parts stand.
pub(super) struct Limits<'a> {
    pub(super) threshold: &'a Threshold,
    pub(super) check_at: &'a FieldPath,
    pub(super) at: &'a FieldPath,
    /// Whether it names a stage, even one that does not exist.
    pub(super) has_stage: bool,
}

impl Limits<'_> {
    pub(super) fn check(&self, problems: &mut Problems<'_>) {
        self.check_row(problems);
        self.check_stage(problems);
        self.check_abort(problems);
    }

    fn metric(&self) -> Metric {
        self.threshold.criterion().metric
    }

    fn check_row(&self, problems: &mut Problems<'_>) {
        let criterion = self.threshold.criterion();
        if criterion.rows == Rows::Aggregated || self.metric().known().of != Of::Nothing {
            return;
        }
        let metric = self.metric();
        let message = format!("`{metric}` is a number of the whole run, not of its rows");
        let mark = criterion.rows_at.clone().map_or(Mark::Value, Mark::Within);
        let diagnostic = Diagnostic::error(codes::THRESHOLD_SCOPE, self.check_at.clone(), message);
        problems.add(diagnostic.marking(mark).help("leave out the brackets and what stands in them"));
    }

    fn check_stage(&self, problems: &mut Problems<'_>) {
        if !self.has_stage || self.metric().known().of_stages {
            return;
        }
        let metric = self.metric();
        let message = format!("`{metric}` is known of the whole run, not of a stage");
        let diagnostic = Diagnostic::error(codes::THRESHOLD_SCOPE, self.at.key("stage"), message);
        problems.add(diagnostic.marking(Mark::Key).help("remove `stage`"));
    }

    fn check_abort(&self, problems: &mut Problems<'_>) {
        let Some(Abort { after }) = self.threshold.abort else { return };
        let metric = self.metric();
        let error = |message: String, help: &str| {
            Diagnostic::error(codes::THRESHOLD_ABORT, self.at.key("abort"), message)
                .marking(Mark::Key)
                .help(help)
        };
        if !metric.known().before_the_end {
            let message = format!("`{metric}` is known only when the run is over, so it cannot end the run");
            problems.add(error(message, "remove `abort`: the threshold is judged at the end"));
            return;
        }
        if self.has_stage && matches!(metric, Metric::OfRun(_)) {
            let message = format!("`{metric}` of a stage is known only when the run is over");
            problems.add(error(message, "remove `abort`, or `stage`"));
            return;
        }
        if self.threshold.check() != Some(Check::AtTheEndOfTheStage) {
            return;
        }
        if !self.has_stage {
            let message =
                format!("`{}` may still be met until the run is over, so it cannot end it", self.threshold);
            let help = match metric.course() {
                Course::RampsUp => "add `after`, longer than all users take to start, such as \"1m\"",
                _ => "remove `abort`, or name the `stage` at whose end it must be met",
            };
            problems.add(error(message, help));
        } else if after.is_some_and(|after| after > Duration::ZERO) {
            let message = format!(
                "`{}` may still be met until its stage is over, and it is checked then: `after` has no influence",
                self.threshold
            );
            problems.add(
                Diagnostic::error(codes::CONFLICT, self.at.key("after"), message)
                    .marking(Mark::Key)
                    .help("remove `after`"),
            );
        }
    }
}
