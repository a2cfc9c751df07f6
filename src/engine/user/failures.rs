//! How long a user pauses after a task run that failed: a user that fails is not much faster than one that does not.
//!
//! A failed step ends its task run, but the user makes the waits that were still to come:
//! ```text
//! publish ✓ ── wait 1 s ── publish ✓ ── wait 1 s ──
//! publish ✗ ·· 1 s ······· publish ✗ ·· 1 s ·······
//! ```
//! If nothing separates task runs (no wait, no wait time, no rate), a failure that takes no time would be followed by
//! the next one at once, a million times a second. So the user rests, each time twice as long: after each message
//! that could not be sent, and after more than a few failures in a row that the broker answers at once.

use std::time::Duration;

use tokio::time::Instant;

use crate::plan::Step;
use crate::template::random::Random;

const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);
/// After this many failures in a row the user does not rest yet, if the broker has answered them.
const MAX_IN_A_ROW: u32 = 9;
/// A failure that took this long does not count as one that came at once: in a closed load, a success takes no longer.
const LONG: Duration = Duration::from_millis(10);
/// Waits are made up for to this length. Adding it to a clock does not overflow.
const MAX_LEFT_OUT: Duration = Duration::from_hours(24 * 365);

/// What a user remembers of its failures since it last did something that did not fail.
#[derive(Debug, Default)]
pub(super) struct Failures {
    pub(super) position: usize,
    /// Whether a message failed that was not sent.
    pub(super) at_once: bool,
    in_a_row: u32,
    rests: u32,
    /// When the last rest was over, or the last failure without a rest.
    since: Option<Instant>,
}

impl Failures {
    /// The rest after a failure, if nothing else separates it from the next attempt.
    pub(super) fn rest(&mut self, now: Instant) -> Duration {
        let at_once = std::mem::take(&mut self.at_once);
        if self.since.is_some_and(|since| now.saturating_duration_since(since) >= LONG) {
            (self.in_a_row, self.rests) = (0, 0);
        }
        self.in_a_row = self.in_a_row.saturating_add(1);
        let mut rest = Duration::ZERO;
        if at_once || self.in_a_row > MAX_IN_A_ROW {
            rest = FIRST.saturating_mul(1 << self.rests.min(16)).min(LONGEST);
            self.rests += 1;
        }
        self.since = Some(now + rest);
        rest
    }
}

/// Whether a list of steps pauses anywhere for a millisecond or more.
pub(super) fn pauses(steps: &[Step]) -> bool {
    steps.iter().any(|step| matches!(step, Step::Wait(pause) if pause.mean_s() >= 0.001))
}

/// The waits that a list of steps leaves out if it ends at `position`: those in the rest of the innermost `repeat`
/// round that has any, or else of the steps around it.
pub(super) fn left_out(steps: &[Step], position: usize, random: &mut Random) -> Duration {
    let mut total = Duration::ZERO;
    // How often the present step runs, for each open `repeat` that began after `position`.
    let mut rounds: Vec<u32> = Vec::new();
    for step in steps.get(position..).unwrap_or_default() {
        match step {
            Step::Wait(pause) => {
                let times = rounds.iter().fold(1_u32, |all, times| all.saturating_mul(*times));
                total = total.saturating_add(pause.draw(random).saturating_mul(times)).min(MAX_LEFT_OUT);
            }
            Step::Repeat { times, .. } => rounds.push(*times),
            Step::EndRepeat { .. } if rounds.pop().is_none() && !total.is_zero() => break,
            _ => {}
        }
    }
    total
}

#[cfg(test)]
mod tests;
