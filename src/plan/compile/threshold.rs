//! What must hold: thresholds, read with the exact place of a mistake.

use crate::diagnostic::{Diagnostic, FieldPath, Mark, nearest};
use crate::plan::Plan;
use crate::plan::codes;
use crate::plan::compile::problems::{Problems, suggestion};
use crate::stats::RowKey;
use crate::stats::criterion::{Fault, Rows};
use crate::stats::metric::Metric;
use crate::stats::threshold::Threshold;

/// Compiles the thresholds of a scenario; those with mistakes are noted and left out.
pub(super) fn compile_thresholds(
    thresholds: &[String],
    at: &FieldPath,
    problems: &mut Problems<'_>,
) -> Vec<Threshold> {
    let compiled = thresholds.iter().enumerate();
    compiled.filter_map(|(i, text)| compile_threshold(text, &at.index(i), problems)).collect()
}

/// Compiles one threshold.
pub(super) fn compile_threshold(
    text: &str,
    at: &FieldPath,
    problems: &mut Problems<'_>,
) -> Option<Threshold> {
    match Threshold::parse(text) {
        Ok(threshold) => Some(threshold),
        Err(error) => {
            let help = match &error.fault {
                Fault::UnknownMetric(word) => {
                    let words = Metric::words();
                    suggestion(word, "metrics", words.iter().map(String::as_str))
                }
                _ => "a threshold reads \"p99 < 200ms\", \"failures < 1%\" or \"p95[MQTT connect] < 1s\""
                    .to_owned(),
            };
            problems.add(
                Diagnostic::error(codes::THRESHOLD, at.clone(), error.fault.to_string())
                    .marking(Mark::Within(error.at))
                    .help(help),
            );
            None
        }
    }
}

/// Warns of thresholds for rows that the plan does not have.
pub(super) fn warn_of_rows(plan: &Plan, thresholds: &[String], at: &FieldPath, problems: &mut Problems<'_>) {
    // Names that differ from user to user are known to the run only.
    if plan.classes.iter().any(|class| class.user_rows > 0) {
        return;
    }
    // The loss of an idle connection has its row in every run.
    let loss = RowKey { request_type: "MQTT".to_owned(), name: "disconnect".to_owned() };
    let rows = || plan.rows.iter().chain([&loss]);
    for (i, text) in thresholds.iter().enumerate() {
        if problems.is_full() {
            break;
        }
        let Ok(threshold) = Threshold::parse(text) else { continue };
        let Rows::Called(word) = &threshold.criterion().rows else { continue };
        if rows().any(|row| threshold.criterion().rows.hold(row)) {
            continue;
        }
        let titles: Vec<_> = rows().map(|row| format!("{} {}", row.request_type, row.name)).collect();
        let names = rows().map(|row| row.name.as_str()).chain(titles.iter().map(String::as_str));
        let help = match nearest(word, names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`mqtt-scenario plan` lists the rows of the statistics".to_owned(),
        };
        let mark = threshold.criterion().rows_at.clone().map_or(Mark::Value, Mark::Within);
        let metric = threshold.criterion().metric;
        let end = if metric.is_of_failures() {
            "nothing of it can fail"
        } else if metric.is_of_unfinished() {
            "nothing of it can wait"
        } else {
            "the threshold cannot be judged"
        };
        let message = format!("no row of the statistics is called `{word}`: {end}");
        problems
            .add(Diagnostic::warning(codes::THRESHOLD_ROW, at.index(i), message).marking(mark).help(help));
    }
}
