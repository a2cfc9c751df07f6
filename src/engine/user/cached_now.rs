//! The present time as a user needs it for the beginnings of its steps.
//!
//! A step that follows another one without a wait is due when that one ended. The clock was read for that moment
//! already. So one reading serves for a few steps of a fraction of a microsecond each, and a closed loop reads the
//! clock once per message instead of twice. One reading takes longer than recording the request.

use tokio::time::Instant;

/// The most steps that may begin at one reading, and the most other events in the read that ended a request. What they
/// add to a response time stays about a microsecond.
pub(super) const FEW: u8 = 8;

/// The last reading of the clock, as long as it still counts as now.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct CachedNow {
    read: Option<Instant>,
    /// How many steps have used it.
    used: u8,
}

impl CachedNow {
    /// Now, by a reading that other steps may have used.
    pub(super) fn get(&mut self) -> Instant {
        match self.read {
            Some(read) if self.used < FEW => {
                self.used += 1;
                read
            }
            _ => {
                let now = Instant::now();
                self.set(now);
                now
            }
        }
    }

    pub(super) fn set(&mut self, now: Instant) {
        *self = Self { read: Some(now), used: 0 };
    }

    /// Time passes: the next step reads the clock again.
    pub(super) fn forget(&mut self) {
        self.read = None;
    }
}

#[cfg(test)]
mod tests;
