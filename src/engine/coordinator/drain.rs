//! The end of a run for users that only receive. They leave later than the others, so that the last messages can
//! still arrive. If the run ends at a limit of the load, users that wait for messages belong to them too.
//!
//! ```text
//! told to stop                  nobody sends             + settle time
//!      │  they finish their task      │   they only receive    │
//! ─────┴──────────────────────────────┴────────────────────────┴──▶ on_stop, DISCONNECT
//! ```
//! After tasks are cut off, the drain lasts for half of the leave time at most. So these users have time for on_stop,
//! too.

use std::time::Duration;

use tokio::time::Instant;

use crate::engine::delivery::SETTLE_TIME;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The run goes on, or nobody receives to the end.
    Idle,
    Waiting,
    /// Nobody sends any more; the last messages have some time to arrive.
    Draining,
    /// The users that receive were told to leave.
    Over,
}

#[derive(Debug)]
pub(crate) struct Drain {
    receives: bool,
    state: State,
    at: Option<Instant>,
}

impl Drain {
    /// `receives` says whether any user of the plan may receive to the end.
    pub(crate) fn new(receives: bool) -> Self {
        Self { receives, state: State::Idle, at: None }
    }

    /// Users are told to stop. Returns whether the drain begins: the first time, if any user receives to the end.
    pub(crate) fn begin(&mut self) -> bool {
        let begins = self.receives && self.state == State::Idle;
        if begins {
            self.state = State::Waiting;
        }
        begins
    }

    pub(crate) fn is_waiting(&self) -> bool {
        self.state == State::Waiting
    }

    pub(crate) fn all_done_sending(&mut self, now: Instant) {
        if self.state == State::Waiting {
            self.state = State::Draining;
            let end = now + SETTLE_TIME;
            self.at = Some(self.at.map_or(end, |at| at.min(end)));
        }
    }

    /// Tasks were cut off, and users are dropped after `leave_time`.
    pub(crate) fn hurry(&mut self, now: Instant, leave_time: Duration) {
        if matches!(self.state, State::Waiting | State::Draining) {
            let end = now + leave_time / 2;
            self.at = Some(self.at.map_or(end, |at| at.min(end)));
        }
    }

    pub(crate) fn due(&self) -> Option<Instant> {
        self.at
    }

    /// True once.
    pub(crate) fn is_over(&mut self, now: Instant) -> bool {
        let is_over = self.at.is_some_and(|at| at <= now);
        if is_over {
            self.state = State::Over;
            self.at = None;
        }
        is_over
    }
}

#[cfg(test)]
mod tests;
