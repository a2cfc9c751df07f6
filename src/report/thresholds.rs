//! Thresholds at the end of a run, for the console.

use std::fmt::Write;

use crate::stats::threshold::{Judgement, Verdict};

/// A line for each judgement; an empty text if there are none.
pub fn table(judgements: &[Judgement]) -> String {
    let mut text = String::new();
    if judgements.is_empty() {
        return text;
    }
    let width = judgements.iter().map(|j| j.threshold.chars().count()).max().unwrap_or(0);
    let count = |wanted: fn(Verdict) -> bool| judgements.iter().filter(|j| wanted(j.verdict)).count();
    let met = count(|verdict| verdict == Verdict::Met);
    let not_judged = count(|verdict| matches!(verdict, Verdict::NotJudged { .. }));
    // Writing to a String cannot fail.
    let _ = write!(text, "\nThresholds: {met} of {} met", judgements.len());
    let _ = match not_judged {
        0 => writeln!(text),
        _ => writeln!(text, ", {not_judged} not judged"),
    };
    let words = if not_judged > 0 { "not judged".len() } else { "MISSED".len() };
    for Judgement { threshold, row, verdict, detail, .. } in judgements {
        let word = match verdict {
            Verdict::Met => "met",
            Verdict::Missed => "MISSED",
            Verdict::NotJudged { fails: true } => "NOT JUDGED",
            Verdict::NotJudged { fails: false } => "not judged",
        };
        let _ = writeln!(text, "  {word:words$} {threshold:width$}  {row}: {detail}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judgement(threshold: &str, row: &str, verdict: Verdict, detail: &str) -> Judgement {
        Judgement {
            threshold: threshold.to_owned(),
            row: row.to_owned(),
            verdict,
            value: None,
            detail: detail.to_owned(),
        }
    }

    #[test]
    fn each_threshold_is_told_with_its_value() {
        assert_eq!(table(&[]), "");
        insta::assert_snapshot!(table(&[
            judgement("p99 < 200ms", "Aggregated", Verdict::Met, "p99 12.31 ms"),
            judgement("failures[MQTT connect] < 1%", "MQTT connect", Verdict::Missed, "failure_ratio 3.200%"),
        ]));
    }

    #[test]
    fn what_could_not_be_judged_is_told_apart() {
        let not_judged = |fails| Verdict::NotJudged { fails };
        insta::assert_snapshot!(table(&[
            judgement("p99 < 200ms", "Aggregated", Verdict::Met, "p99 12.31 ms"),
            judgement(
                "failures[publish] < 1%",
                "MQTT publish",
                not_judged(true),
                "no failure_ratio: no request was finished, 8 unfinished"
            ),
            judgement(
                "failures[disconnect] < 1",
                "disconnect",
                not_judged(false),
                "no failures: the run has no such row"
            ),
        ]));
    }
}
