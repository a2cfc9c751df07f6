//! The result of a rate search, for the console.

use std::fmt::Write;

use crate::stats::rate_search::{Probe, RateSearchReport, Verdict};

/// A table of the rates that were tried, the lowest first, and a sentence with the result.
pub fn table(report: &RateSearchReport) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(text, "\nSearch for the highest rate at which {}", report.until);
    let heading = ["rate/s", "begun/s", "p50 (ms)", "p99 (ms)", "failures"];
    let _ = writeln!(text, "  {}", heading.map(|word| format!("{word:>12}")).join(""));
    let mut probes: Vec<_> = report.probes.iter().collect();
    probes.sort_by(|a, b| a.rate.total_cmp(&b.rate));
    for probe in probes {
        let time = |ms: Option<f64>| ms.map_or_else(|| "-".to_owned(), |ms| format!("{ms:.2}"));
        let Probe { rate, achieved, p50_ms, p99_ms, failures, .. } = probe;
        let columns = [number(*rate), number(*achieved), time(*p50_ms), time(*p99_ms), failures.to_string()];
        let columns = columns.map(|column| format!("{column:>12}")).join("");
        let _ = writeln!(text, "  {columns}  {}", word(probe.verdict));
    }
    let _ = writeln!(text, "{}", sentence(report));
    text
}

/// The result in one sentence.
pub fn sentence(report: &RateSearchReport) -> String {
    let until = &report.until;
    let found = match report.highest {
        Some(rate) => format!("{until} holds up to {} task runs/s", number(rate)),
        None if report.probes.is_empty() => return "The search did not come to try a rate.".to_owned(),
        None => format!("{until} does not hold at the lowest rate"),
    };
    let why = match report.lowest_failed().map(|probe| probe.verdict) {
        _ if !report.complete => "; the search was cut short",
        None => ", the highest rate of the range: the broker may sustain more",
        Some(Verdict::Saturated) => "; then the load generator was at its limit: the broker may sustain more",
        Some(_) => "",
    };
    format!("{found}{why}.")
}

/// The verdict on a rate in a few words.
fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Holds => "holds",
        Verdict::Missed => "missed",
        Verdict::Behind => "cannot be kept up",
        Verdict::Saturated => "load generator at its limit",
    }
}

fn number(rate: f64) -> String {
    if rate < 100.0 { format!("{rate:.2}") } else { format!("{rate:.0}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probe(rate: f64, p99_ms: f64, verdict: Verdict) -> Probe {
        Probe { rate, achieved: rate * 0.999, p50_ms: Some(0.41), p99_ms: Some(p99_ms), failures: 0, verdict }
    }

    fn report(probes: Vec<Probe>, highest: Option<f64>) -> RateSearchReport {
        RateSearchReport { until: "p99 < 20ms".to_owned(), probes, highest, complete: true }
    }

    #[test]
    fn rates_are_listed_from_the_lowest() {
        let silent =
            Probe { p50_ms: None, p99_ms: None, failures: 7, ..probe(4_000.0, 0.0, Verdict::Behind) };
        let probes = vec![probe(50.0, 1.2, Verdict::Holds), silent, probe(2_000.0, 35.123, Verdict::Missed)];
        insta::assert_snapshot!(table(&report(probes, Some(50.0))));
    }

    #[test]
    fn the_sentence_says_whose_limit_it_was() {
        let (holds, missed) = (probe(100.0, 1.0, Verdict::Holds), probe(200.0, 50.0, Verdict::Missed));
        let saturated = probe(150.0, 50.0, Verdict::Saturated);
        for (probes, highest, expected) in [
            (vec![], None, "The search did not come to try a rate."),
            (vec![missed.clone()], None, "p99 < 20ms does not hold at the lowest rate."),
            (vec![holds.clone(), missed.clone()], Some(100.0), "p99 < 20ms holds up to 100 task runs/s."),
            (
                vec![holds.clone()],
                Some(100.0),
                "p99 < 20ms holds up to 100 task runs/s, the highest rate of the range: the broker may sustain more.",
            ),
            (
                vec![holds.clone(), missed, saturated],
                Some(100.0),
                "p99 < 20ms holds up to 100 task runs/s; then the load generator was at its limit: the broker may \
                 sustain more.",
            ),
        ] {
            assert_eq!(sentence(&report(probes, highest)), expected);
        }
        let cut = RateSearchReport { complete: false, ..report(vec![holds], Some(100.0)) };
        assert_eq!(sentence(&cut), "p99 < 20ms holds up to 100 task runs/s; the search was cut short.");
    }
}
