//! Thresholds at the end of a run, for the console.

use std::fmt::Write;

use crate::stats::threshold::Judgement;

/// A line for each judgement; nothing if there is none.
pub fn table(judgements: &[Judgement]) -> String {
    let mut text = String::new();
    if judgements.is_empty() {
        return text;
    }
    let width = judgements.iter().map(|j| j.threshold.chars().count()).max().unwrap_or(0);
    let missed = judgements.iter().filter(|judgement| !judgement.met).count();
    // Writing to a String cannot fail.
    let _ = writeln!(text, "\nThresholds: {} of {} met", judgements.len() - missed, judgements.len());
    for Judgement { threshold, row, met, detail, .. } in judgements {
        let word = if *met { "met   " } else { "MISSED" };
        let _ = writeln!(text, "  {word} {threshold:width$}  {row}: {detail}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_threshold_is_told_with_its_value() {
        let judgement = |threshold: &str, row: &str, met, detail: &str| Judgement {
            threshold: threshold.to_owned(),
            row: row.to_owned(),
            met,
            value: None,
            detail: detail.to_owned(),
        };
        assert_eq!(table(&[]), "");
        insta::assert_snapshot!(table(&[
            judgement("p99 < 200ms", "Aggregated", true, "p99 12.31 ms"),
            judgement("failures[MQTT connect] < 1%", "MQTT connect", false, "failure_ratio 3.200%"),
            judgement("p95[no] < 1s", "no", false, "the run has no such row"),
        ]));
    }
}
