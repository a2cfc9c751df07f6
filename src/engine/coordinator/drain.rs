//! When users that only receive may leave at the end of a run: later than the others, so that what was sent last can
//! still arrive. Those are the users that measure, and at a limit of the load those that wait for messages.
//!
//! ```text
//! told to stop                  all others gone          + settle time
//!      │  they finish their task      │   they only receive    │
//! ─────┴──────────────────────────────┴────────────────────────┴──▶ on_stop, DISCONNECT
//! ```
//! However long the others take, users are not kept beyond half of the leave time after they were cut off, so that
//! they too come to the end of on_stop.

use std::time::Duration;

use tokio::time::Instant;

use crate::engine::delivery::SETTLE_TIME;

/// How far that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The run goes on, or nobody receives to its end.
    Idle,
    /// Others are not done.
    Waiting,
    /// All are done, or there was no time left.
    Drain,
    /// Who receives has been told.
    Over,
}

/// The end of a run for those who receive to the end.
#[derive(Debug)]
pub(crate) struct Drain {
    receives: bool,
    state: State,
    at: Option<Instant>,
}

impl Drain {
    /// For a plan in which somebody may receive to the end, or nobody does.
    pub(crate) fn new(receives: bool) -> Self {
        Self { receives, state: State::Idle, at: None }
    }

    /// Users are told to stop; true the first time, if anybody receives to the end.
    pub(crate) fn begin(&mut self) -> bool {
        let begins = self.receives && self.state == State::Idle;
        if begins {
            self.state = State::Waiting;
        }
        begins
    }

    /// Whether it waits for others.
    pub(crate) fn is_waiting(&self) -> bool {
        self.state == State::Waiting
    }

    /// All others are done.
    pub(crate) fn all_done_sending(&mut self, now: Instant) {
        if self.state == State::Waiting {
            self.state = State::Drain;
            let end = now + SETTLE_TIME;
            self.at = Some(self.at.map_or(end, |at| at.min(end)));
        }
    }

    /// Users were cut off, and are dropped after `leave_time`.
    pub(crate) fn hurry(&mut self, now: Instant, leave_time: Duration) {
        if matches!(self.state, State::Waiting | State::Drain) {
            let end = now + leave_time / 2;
            self.at = Some(self.at.map_or(end, |at| at.min(end)));
        }
    }

    /// When it is over.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.at
    }

    /// Whether it is over now; true once.
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
mod tests {
    use super::*;

    const LEAVE: Duration = Duration::from_secs(5);

    #[tokio::test(start_paused = true)]
    async fn it_is_over_when_the_last_messages_had_their_time() {
        let now = Instant::now();
        let mut drain = Drain::new(true);
        assert!(drain.begin() && drain.is_waiting());
        assert!(!drain.begin(), "once");
        assert_eq!(drain.due(), None);
        drain.all_done_sending(now);
        assert!(!drain.is_waiting());
        assert_eq!(drain.due(), Some(now + SETTLE_TIME));
        assert!(!drain.is_over(now));
        drain.hurry(now, LEAVE);
        assert!(drain.is_over(now + SETTLE_TIME) && !drain.is_over(now + LEAVE), "once");
        drain.hurry(now, LEAVE);
        assert_eq!(drain.due(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn others_that_do_not_end_are_not_waited_for_too_long() {
        let now = Instant::now();
        let mut drain = Drain::new(true);
        drain.hurry(now, LEAVE);
        assert_eq!(drain.due(), None, "the run goes on");
        drain.begin();
        drain.hurry(now, LEAVE);
        assert_eq!(drain.due(), Some(now + LEAVE / 2));
        drain.all_done_sending(now + LEAVE / 2 - SETTLE_TIME / 2);
        assert_eq!(drain.due(), Some(now + LEAVE / 2));
        assert!(!Drain::new(false).begin(), "nobody receives");
    }
}
