//! The result of a rate search in one sentence.

use crate::stats::rate_search::{RateSearchReport, Verdict};

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

fn number(rate: f64) -> String {
    if rate < 100.0 { format!("{rate:.2}") } else { format!("{rate:.0}") }
}

#[cfg(test)]
mod tests;
