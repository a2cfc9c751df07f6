//! Thresholds, read with the exact place of a mistake.

use crate::compile::codes;
use crate::compile::problems::{Problems, suggestion};
use crate::diagnostic::{Diagnostic, FieldPath, Mark, nearest};
use crate::plan::Plan;
use crate::stats::RowKey;
use crate::stats::criterion::{Criterion, Fault, Op, Rows};
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
                Fault::UnknownMetric(word) => other_word(word, text).map_or_else(
                    || {
                        let words = Metric::words();
                        suggestion(word, "metrics", words.iter().map(String::as_str))
                    },
                    |ours| format!("did you mean `{ours}`?"),
                ),
                _ if text.contains("&&") || text.contains(',') || text.contains(" and ") => {
                    "write a threshold of its own for each: [\"p99 < 200ms\", \"failures < 1%\"]".to_owned()
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

/// What a metric of another tool is called here.
fn other_word(word: &str, text: &str) -> Option<String> {
    let ours = match word.to_ascii_lowercase().replace(['_', '-'], "").as_str() {
        "errors" | "error" | "fails" | "failed" => "failures",
        "errorrate" | "errorratio" | "failrate" | "failurerate" | "httpreqfailed" => "failures < 1%",
        "avg" | "mean" | "averageresponsetime" | "avgresponsetime" => "average",
        "med" => "median",
        "count" | "total" | "iterations" => "requests",
        "throughput" | "tps" | "qps" | "reqs/s" | "req/s" => "rps",
        "latency" | "responsetime" | "duration" | "httpreqduration" => "p99",
        // k6's `p(99)` and JMeter's `99%`.
        "p" | "" => {
            let number = text.trim_start().strip_prefix("p(")?.split(')').next()?;
            return Metric::from_name(&format!("p{number}")).map(|metric| metric.to_string());
        }
        word => {
            let number = word.trim_end_matches("thpercentile").trim_end_matches("th");
            return Metric::from_name(&format!("p{number}")).map(|metric| metric.to_string());
        }
    };
    Some(ours.to_owned())
}

/// A threshold that asks for response times or failures above a limit, turned round.
pub(super) fn the_right_way_round(threshold: &Threshold) -> Option<String> {
    let Criterion { metric, op, .. } = threshold.criterion();
    let is_bad = !matches!(metric, Metric::Requests | Metric::Rps);
    (is_bad && matches!(op, Op::More | Op::AtLeast)).then(|| threshold.to_string().replacen('>', "<", 1))
}

/// Warns of thresholds that are missed as long as all goes well.
pub(super) fn warn_of_lower_bounds(thresholds: &[String], at: &FieldPath, problems: &mut Problems<'_>) {
    for (i, text) in thresholds.iter().enumerate() {
        let Ok(threshold) = Threshold::parse(text) else { continue };
        let Some(right) = the_right_way_round(&threshold) else { continue };
        let message =
            format!("a threshold says what must hold, and `{threshold}` holds when the run goes badly");
        problems.add(
            Diagnostic::warning(codes::LOWER_BOUND, at.index(i), message)
                .help(format!("write what the run must keep to: \"{right}\"")),
        );
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
        let message = format!("no row of the statistics is called `{word}`, so {end}");
        problems
            .add(Diagnostic::warning(codes::THRESHOLD_ROW, at.index(i), message).marking(mark).help(help));
    }
}
