//! How long a user waits before it connects again, and when it gives up.

use std::time::Duration;

use crate::plan::reconnect::{Pauses, Reconnect};
use crate::template::random::Random;

/// After a connection that lived this long, the next loss starts from the first pause again.
pub(crate) const GOOD_LIFE: Duration = Duration::from_secs(5);

/// What a user remembers of its losses and failed connects.
///
/// Each pause is twice the one before. A random part of it is left out, so that users that lost the same broker do not
/// all come back at one moment.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Backoff {
    /// Since the last reset.
    pauses: u8,
    gave_up: bool,
    /// In a row.
    failed: u32,
}

impl Backoff {
    /// A connect has failed: returns the pause before the next one. `None` if the user gives up.
    pub(crate) fn failed(&mut self, reconnect: &Reconnect, random: &mut Random) -> Option<Duration> {
        self.failed = self.failed.saturating_add(1);
        self.next(reconnect, random)
    }

    /// A connection was lost: returns the pause before the next connect. `None` if the user gives up.
    pub(crate) fn lost(&mut self, reconnect: &Reconnect, random: &mut Random) -> Option<Duration> {
        self.next(reconnect, random)
    }

    fn next(&mut self, reconnect: &Reconnect, random: &mut Random) -> Option<Duration> {
        let &Reconnect::After(Pauses { initial, max, jitter, attempts }) = reconnect else {
            self.gave_up = true;
            return None;
        };
        if attempts.is_some_and(|most| self.failed >= most) {
            self.gave_up = true;
            return None;
        }
        let full = initial.saturating_mul(1 << self.pauses.min(30)).min(max);
        self.pauses = self.pauses.saturating_add(1);
        Some(full.mul_f64(1.0 - jitter + random.unit() * jitter))
    }

    pub(crate) fn connected(&mut self) {
        self.failed = 0;
    }

    pub(crate) fn reset(&mut self) {
        self.pauses = 0;
    }

    pub(crate) fn gave_up(self) -> bool {
        self.gave_up
    }
}

#[cfg(test)]
mod tests;
