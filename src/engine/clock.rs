//! The clock of a run: monotonic instants as unix time.
//!
//! The system clock is read once, at the start. After that only the monotonic clock counts, so a system clock that
//! jumps cannot make a response time negative or a history go backwards. The start is a whole number of microseconds,
//! because the request log is exact to the microsecond.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use crate::stats::UnixMicros;

/// Converts between instants and unix time.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: Instant,
    start_us: u64,
}

impl Clock {
    /// A clock of a run that starts now.
    pub fn start() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let start_us = u64::try_from(since_epoch.as_micros()).unwrap_or(0);
        Self { start: Instant::now(), start_us }
    }

    /// When the run started.
    pub fn started(&self) -> Instant {
        self.start
    }

    /// The same as unix time.
    pub fn started_at(&self) -> UnixMicros {
        UnixMicros(self.start_us)
    }

    /// The unix time of an instant. An instant before the start counts as the start.
    pub fn at(&self, instant: Instant) -> UnixMicros {
        UnixMicros(self.start_us + micros(instant.saturating_duration_since(self.start)))
    }

    /// The unix time of an instant in nanoseconds, for templates.
    pub(crate) fn unix_ns(&self, instant: Instant) -> u64 {
        self.start_us * 1000 + nanos(instant.saturating_duration_since(self.start))
    }

    /// The instant of a unix time, which is not before the start.
    pub(crate) fn instant(&self, at: UnixMicros) -> Instant {
        self.start + Duration::from_micros(at.0.saturating_sub(self.start_us))
    }
}

/// Whole microseconds of a duration; 584,000 years fit.
fn micros(duration: Duration) -> u64 {
    duration.as_secs() * 1_000_000 + u64::from(duration.subsec_micros())
}

/// Nanoseconds of a duration; 584 years fit.
pub(crate) fn nanos(duration: Duration) -> u64 {
    duration.as_secs() * 1_000_000_000 + u64::from(duration.subsec_nanos())
}
