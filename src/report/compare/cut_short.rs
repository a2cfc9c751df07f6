//! Runs that did not come to their end, and so are no part of a comparison of runs that did.
//!
//! A shorter run is another measurement: it has more of the start in it. `run --versus` leaves such runs out, and whoever
//! gives its folder to `compare` later must read the same. A side of which no run came to its end stays as it is.

use crate::report::read::csv::run::UNFINISHED;
use crate::report::verdict::interruption;
use crate::stats::result::RunResult;

/// Which runs of a side are left out, by number.
pub fn left_out(side: &[RunResult]) -> Vec<usize> {
    let cut: Vec<usize> = (0..side.len()).filter(|at| is_cut_short(&side[*at])).collect();
    if cut.len() < side.len() { cut } else { Vec::new() }
}

/// A run without an end of its own is always interrupted, and one that a threshold ended is a result.
fn is_cut_short(result: &RunResult) -> bool {
    match result.run.end.as_str() {
        "interrupted" => result.run.planned_s.is_some(),
        end => matches!(end, "aborted" | "error" | UNFINISHED),
    }
}

/// What to say of a run that is left out.
pub fn note(name: &str, result: &RunResult) -> String {
    let how = match result.run.end.as_str() {
        UNFINISHED => "it did not end".to_owned(),
        "error" => "it could not go on".to_owned(),
        _ => interruption(&result.run).map_or_else(String::new, |how| format!("it was {how}")),
    };
    format!("{name} is left out: {how}, and a shorter run is another measurement.")
}
