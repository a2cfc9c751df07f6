//! Thresholds at the end of a run, for the console.

use std::fmt::Write;

use crate::stats::result::ThresholdResult;

/// A line for each verdict; an empty text if there are none.
pub fn table(results: &[ThresholdResult]) -> String {
    let mut text = String::new();
    if results.is_empty() {
        return text;
    }
    let titles: Vec<_> = results.iter().map(title).collect();
    let width = titles.iter().map(|title| title.chars().count()).max().unwrap_or(0);
    let met = results.iter().filter(|it| it.met == Some(true)).count();
    let not_judged = results.iter().filter(|it| it.met.is_none()).count();
    // Writing to a String cannot fail.
    let _ = write!(text, "\nThresholds: {met} of {} met", results.len());
    let _ = match not_judged {
        0 => writeln!(text),
        _ => writeln!(text, ", {not_judged} not judged"),
    };
    let words = if not_judged > 0 { "not judged".len() } else { "MISSED".len() };
    for (title, ThresholdResult { row, met, fails_the_run, sentence, aborted_the_run, .. }) in
        titles.iter().zip(results)
    {
        let word = match (met, fails_the_run) {
            (Some(true), _) => "met",
            (Some(false), _) => "MISSED",
            (None, true) => "NOT JUDGED",
            (None, false) => "not judged",
        };
        let ended = if *aborted_the_run { "; it ended the run" } else { "" };
        let _ = writeln!(text, "  {word:words$} {title:width$}  {row}: {sentence}{ended}");
    }
    text
}

/// A threshold, and the stage that it is about if that is not the whole run: `p99 < 50ms in peak`.
pub(super) fn title(result: &ThresholdResult) -> String {
    match &result.stage {
        Some(stage) => format!("{} in {stage}", result.threshold),
        None => result.threshold.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::result::testing::threshold;

    #[test]
    fn each_threshold_is_told_with_its_value() {
        assert_eq!(table(&[]), "");
        insta::assert_snapshot!(table(&[
            threshold("p99 < 200ms", "Aggregated", Some(true), "p99 12.31 ms"),
            threshold("failures[MQTT connect] < 1%", "MQTT connect", Some(false), "failure_ratio 3.200%"),
        ]));
    }

    #[test]
    fn what_could_not_be_judged_is_told_apart() {
        let fine =
            threshold("failures[disconnect] < 1", "disconnect", None, "no failures: the run has no such row");
        insta::assert_snapshot!(table(&[
            threshold("p99 < 200ms", "Aggregated", Some(true), "p99 12.31 ms"),
            threshold(
                "failures[publish] < 1%",
                "MQTT publish",
                None,
                "no failure_ratio: no request was finished, 8 unfinished"
            ),
            ThresholdResult { fails_the_run: false, ..fine },
        ]));
    }

    #[test]
    fn the_stage_and_what_ended_the_run_are_told() {
        let missed =
            threshold("p99 < 50ms", "Aggregated", Some(false), "p99 61.2 ms, 12 s after the stage began");
        let peak = Some("peak".to_owned());
        insta::assert_snapshot!(table(&[
            ThresholdResult { stage: peak.clone(), aborted_the_run: true, ..missed },
            ThresholdResult { stage: peak, ..threshold("rps > 10", "Aggregated", Some(true), "rps 12/s") },
        ]));
    }
}
