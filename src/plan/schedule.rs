//! Task runs by the clock: when the n-th one of a user is due, as a pure function.
//!
//! The moments are counted and not added up: the n-th is `base + n periods`, so that nothing shifts them, neither
//! a slow broker nor the rounding of a period. A user that is behind starts the next run at once, until it has
//! caught up; that is the open model, and the opposite of pacing (see [`wait`](crate::plan::wait)).
//!
//! ```text
//! due          |    |    |    |    |    |        one period apart
//! runs         ██   ███████████████              the broker stalls in the second one,
//!                                  ██ ██ ██      the next three begin late, but all of them begin
//! ```

use std::time::Duration;

use crate::plan::wait::below;
pub use crate::scenario::model::user_class::Phase;
use crate::template::random::Random;

/// Longest period, about ten years: far below where adding to a clock could overflow.
const LONGEST_S: f64 = 3.2e8;

/// When the users of a class start their task runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Schedule {
    /// Task runs per second of each user, above 0.
    pub per_user: f64,
    /// Each task run is due by up to so much later than at even times, evenly distributed; below the period.
    pub jitter: Duration,
    /// When the first one is due.
    pub phase: Phase,
}

impl Schedule {
    /// Seconds from one task run to the next.
    pub fn period_s(&self) -> f64 {
        (1.0 / self.per_user).min(LONGEST_S)
    }
}

/// The due moments of one user, as times since the start of the run.
///
/// The tempo is a factor on the rate. When it changes, the moment that a user waits for stays, and those after it are
/// of the new tempo. Starts that are overdue then are dropped: what could not be done at one tempo is no part of what
/// is measured at the next. Jitter shrinks and grows with the period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ArrivalTimes {
    base: Duration,
    /// How many periods after `base` the next run is due.
    n: u64,
    tempo: f64,
}

impl ArrivalTimes {
    /// That of a user that is ready for its first task run `now`.
    pub fn new(schedule: &Schedule, now: Duration, tempo: f64, random: &mut Random) -> Self {
        match schedule.phase {
            Phase::Random => {
                Self { base: now.saturating_add(below(periods(schedule, 1, tempo), random)), n: 0, tempo }
            }
            Phase::Aligned => Self { base: Duration::ZERO, n: whole_periods(schedule, now, tempo), tempo },
        }
    }

    /// When the next task run is due. It can be over; `now` only matters when the tempo has changed.
    pub fn next(&mut self, schedule: &Schedule, now: Duration, tempo: f64, random: &mut Random) -> Duration {
        // Bits, since it is a matter of whether somebody has set another one.
        if tempo.to_bits() != self.tempo.to_bits() {
            *self = self.at_tempo(schedule, now, tempo);
        }
        let due = self.base.saturating_add(periods(schedule, self.n, self.tempo));
        self.n += 1;
        if schedule.jitter.is_zero() {
            return due;
        }
        let jitter = schedule.jitter.as_secs_f64() / tempo;
        due.saturating_add(below(Duration::try_from_secs_f64(jitter).unwrap_or_default(), random))
    }

    /// Goes on from the last due moment, in the periods of another tempo.
    fn at_tempo(self, schedule: &Schedule, now: Duration, tempo: f64) -> Self {
        let last = self.base.saturating_add(periods(schedule, self.n.saturating_sub(1), self.tempo));
        let base = match schedule.phase {
            Phase::Random => last,
            Phase::Aligned => Duration::ZERO,
        };
        // No moment comes twice.
        let next = now.max(last.saturating_add(Duration::from_micros(1)));
        Self { base, n: whole_periods(schedule, next.saturating_sub(base), tempo), tempo }
    }
}

/// The length of so many periods.
fn periods(schedule: &Schedule, n: u64, tempo: f64) -> Duration {
    let seconds = n as f64 * (schedule.period_s() / tempo).min(LONGEST_S);
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}

/// How many periods are at least so long together.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number from 0 up")]
fn whole_periods(schedule: &Schedule, length: Duration, tempo: f64) -> u64 {
    (length.as_secs_f64() * tempo / schedule.period_s()).ceil() as u64
}

#[cfg(test)]
mod tests;
