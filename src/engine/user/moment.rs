//! The moment at which a user's next step is due.
//!
//! A step that follows another without a wait is due when that one ended, which the clock was read for already:
//! for the end of a request, or for the step before. So a reading serves again, for a few steps of a fraction of
//! a microsecond each, and a closed loop reads the clock once per message instead of twice (one reading takes
//! longer than recording the request).

use tokio::time::Instant;

/// So many steps may begin at one reading, and so many other things may have happened in the read that ended a
/// request: what they add to a response time stays about a microsecond.
pub(super) const FEW: usize = 8;

/// The last reading of the clock, as long as it is one of now.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Moment {
    read: Option<Instant>,
    used: usize,
}

impl Moment {
    /// Now, by a reading that may have served before.
    pub(super) fn now(&mut self) -> Instant {
        match self.read {
            Some(read) if self.used < FEW => {
                self.used += 1;
                read
            }
            _ => {
                let now = Instant::now();
                self.read(now);
                now
            }
        }
    }

    /// The clock was read just now.
    pub(super) fn read(&mut self, now: Instant) {
        *self = Self { read: Some(now), used: 0 };
    }

    /// Time passes: the next step needs a reading of its own.
    pub(super) fn pass(&mut self) {
        self.read = None;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_reading_serves_a_few_steps_and_none_after_a_wait() {
        let mut moment = Moment::default();
        let start = moment.now();
        tokio::time::advance(Duration::from_micros(1)).await;
        for _ in 0..FEW {
            assert_eq!(moment.now(), start);
        }
        assert_ne!(moment.now(), start);
        moment.read(start);
        assert_eq!(moment.now(), start);
        moment.pass();
        assert_ne!(moment.now(), start);
    }
}
