//! The schedule of one user, and what makes a task run late.
//!
//! A late start has one of two causes. Either the user was busy: with the run before, whose answers took too long, or
//! with a connection that was lost. Or the user was free, and the generator woke it late. The first is an effect of the
//! broker and counts as a late start. The second is the generator's send lag. A lag can be longer than the period. Then
//! the next start is late too, because the user is still busy with the run that began late: that also counts as lag.

use std::time::Duration;

use crate::plan::schedule::{ArrivalTimes, Schedule};
use crate::template::random::Random;

#[derive(Debug)]
pub(super) struct UserSchedule {
    arrivals: ArrivalTimes,
    /// How late the last start was because of the generator alone.
    pub(super) lag: Duration,
}

impl UserSchedule {
    /// For a user that is ready for its first task run `now`, counted from the start of the run.
    pub(super) fn new(schedule: &Schedule, now: Duration, rate_factor: f64, random: &mut Random) -> Self {
        Self { arrivals: ArrivalTimes::new(schedule, now, rate_factor, random), lag: Duration::ZERO }
    }

    /// When the next task run is due, counted from the start of the run. It may be over.
    pub(super) fn next_start(
        &mut self,
        schedule: &Schedule,
        now: Duration,
        rate_factor: f64,
        random: &mut Random,
    ) -> Duration {
        self.arrivals.next(schedule, now, rate_factor, random)
    }

    /// Whether more than the generator's lag at the start before has held up a start that is overdue by this much.
    pub(super) fn is_held_up(&self, overdue: Duration) -> bool {
        overdue > self.lag
    }
}

#[cfg(test)]
mod tests;
