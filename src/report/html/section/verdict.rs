//! The verdict and the thresholds: the first thing on the page.

use askama::Template;

use crate::report::html::text;
use crate::stats::result::{Outcome, RunResult, Source, ThresholdResult};

#[derive(Template)]
#[template(path = "report/verdict.html", whitespace = "minimize")]
pub(crate) struct Verdict {
    class: &'static str,
    word: &'static str,
    sentence: String,
    exit_code: u8,
    /// Without a run of this program there was no exit code.
    is_run: bool,
    /// `2 of 3 thresholds were met.`
    summary: String,
    thresholds: Vec<Threshold>,
    notes: Vec<String>,
}

struct Threshold {
    class: &'static str,
    word: String,
    condition: String,
    row: String,
    stage: String,
    sentence: String,
    place: String,
    remark: &'static str,
}

impl Verdict {
    pub(crate) fn of(result: &RunResult) -> Self {
        let (class, word) = match result.verdict.outcome {
            Outcome::Passed => ("good", "Passed"),
            Outcome::Failed => ("bad", "Failed"),
            Outcome::ThresholdMissed => ("bad", "Threshold missed"),
            Outcome::Aborted => ("bad", "Aborted"),
        };
        let met = result.thresholds.iter().filter(|threshold| threshold.met == Some(true)).count();
        let summary = match result.thresholds.len() {
            0 if result.source == Source::Csv => "CSV files have none.".to_owned(),
            0 => "This run had none.".to_owned(),
            1 if met == 1 => "The threshold was met.".to_owned(),
            1 => "The threshold was not met.".to_owned(),
            all if met == all => format!("All {all} thresholds were met."),
            all => format!("{met} of {all} thresholds were met."),
        };
        Self {
            class,
            word,
            sentence: text::line(&result.verdict.sentence),
            exit_code: result.verdict.exit_code,
            is_run: result.source != Source::Csv,
            summary,
            thresholds: result.thresholds.iter().map(Threshold::of).collect(),
            notes: result.notes.iter().map(|note| text::line(note)).collect(),
        }
    }
}

impl Threshold {
    fn of(result: &ThresholdResult) -> Self {
        let class = match result.met {
            Some(true) => "good",
            Some(false) => "bad",
            None if result.fails_the_run => "bad",
            None => "open",
        };
        let line = result.line.map(|line| format!(":{line}")).unwrap_or_default();
        let place = result.file.as_ref().map(|file| text::line(&format!("{file}{line}")));
        let remark = if result.aborted_the_run { "It ended the run." } else { "" };
        Self {
            class,
            word: text::line(&result.verdict),
            condition: text::line(&result.threshold),
            row: text::line(&result.row),
            stage: result.stage.as_deref().map_or_else(|| "whole run".to_owned(), text::line),
            sentence: text::line(&result.sentence),
            place: place.unwrap_or_default(),
            remark,
        }
    }
}
