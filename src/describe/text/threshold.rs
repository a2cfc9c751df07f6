//! Thresholds in a plan for people.

use std::time::Duration;

use crate::stats::threshold::{Check, Threshold};

/// `p99 < 50ms in peak, ends the run if missed from 10s on`.
pub(super) fn line(threshold: &Threshold) -> String {
    let stage = threshold.stage.as_ref().map_or_else(String::new, |stage| format!(" in {}", stage.name));
    let abort = match threshold.check() {
        None => String::new(),
        Some(Check::AtTheEndOfTheStage) => ", ends the run if missed by then".to_owned(),
        Some(Check::EachSecondAfter(Duration::ZERO)) => ", ends the run if missed".to_owned(),
        Some(Check::EachSecondAfter(after)) => {
            format!(", ends the run if missed from {} on", humantime::format_duration(after))
        }
    };
    format!("{threshold}{stage}{abort}")
}
