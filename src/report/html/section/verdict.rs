//! The verdict and the thresholds: the first thing on the page.

use askama::Template;

use crate::report::html::text;
use crate::report::judged;
use crate::report::verdict::{Impression, impression, is_cut_short, is_running};
use crate::stats::result::{RunResult, Source, ThresholdResult};

#[derive(Template)]
#[template(path = "report/verdict.html", whitespace = "minimize")]
pub(crate) struct Verdict {
    class: &'static str,
    word: &'static str,
    sentence: String,
    exit_code: u8,
    /// A run that goes on has no exit code, nor has one of another program.
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
        let (impression, word) = impression(result);
        let class = match impression {
            Impression::Good => "good",
            Impression::Doubtful => "open",
            Impression::Bad => "bad",
        };
        let so_far = if is_cut_short(&result.run) { " so far" } else { "" };
        let met = result.thresholds.iter().filter(|threshold| threshold.met == Some(true)).count();
        let summary = match result.thresholds.len() {
            0 if result.source == Source::Csv => "CSV files have none.".to_owned(),
            0 => "This run had none.".to_owned(),
            1 if met == 1 => format!("The threshold was met{so_far}."),
            1 => "The threshold was not met.".to_owned(),
            all if met == all => format!("All {all} thresholds were met{so_far}."),
            all => format!("{met} of {all} thresholds were met{so_far}."),
        };
        Self {
            class,
            word,
            sentence: text::line(&result.verdict.sentence),
            exit_code: result.verdict.exit_code,
            is_run: result.source != Source::Csv && !is_running(&result.run),
            summary,
            thresholds: result.thresholds.iter().map(|of| Threshold::of(of, so_far)).collect(),
            notes: result.notes.iter().map(|note| text::line(note)).collect(),
        }
    }
}

impl Threshold {
    /// `so_far` follows the word of those that were met for a part of the run only.
    fn of(result: &ThresholdResult, so_far: &str) -> Self {
        let so_far = if result.met == Some(true) { so_far } else { "" };
        let class = match result.met {
            Some(true) if !so_far.is_empty() => "open",
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
            word: text::line(&result.verdict) + so_far,
            condition: text::line(&result.threshold),
            row: text::line(&result.row),
            stage: result.stage.as_deref().map_or_else(|| "whole run".to_owned(), text::line),
            sentence: text::line(&judged::sentence(result)),
            place: place.unwrap_or_default(),
            remark,
        }
    }
}
