//! How far two clocks are apart, from round trips between them: the idea of NTP.
//!
//! A message takes some time there and some time back. If both were equal, the other clock was read in the middle. They
//! differ by the whole round trip at most, so the shortest one says most.

use std::time::Duration;

use tokio::time::Instant;

/// A message to another clock and back, in microseconds of unix time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "their unit stands in their names")]
pub(super) struct RoundTrip {
    /// When it left, by our clock.
    pub(super) left_us: u64,
    /// When it was there, by the other clock.
    pub(super) there_us: u64,
    /// When it was back, by our clock.
    pub(super) back_us: u64,
}

/// How far another clock is ahead of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClockOffset {
    /// By how much, in microseconds; below 0 if it is behind.
    pub ahead_us: i64,
    /// The true value differs from that by so much at most, in microseconds.
    pub within_us: u64,
}

impl ClockOffset {
    /// What the shortest of these round trips says; `None` if there is none.
    pub(super) fn of(trips: &[RoundTrip]) -> Option<Self> {
        let shortest = trips.iter().min_by_key(|trip| trip.length_us())?;
        let middle = shortest.left_us + shortest.length_us() / 2;
        let (there, middle) = (i64::try_from(shortest.there_us).ok()?, i64::try_from(middle).ok()?);
        Some(Self { ahead_us: there - middle, within_us: shortest.length_us().div_ceil(2) })
    }

    /// The moment of the other clock by ours.
    pub(super) fn ours(self, theirs_us: u64) -> u64 {
        theirs_us.saturating_add_signed(self.ahead_us.saturating_neg())
    }
}

/// A clock that nobody sets: it goes on from where the machine's clock stood.
#[derive(Debug, Clone, Copy)]
pub(super) struct OwnClock {
    since: Instant,
    unix_us: u64,
}

impl OwnClock {
    /// It is this time of unix now, in microseconds.
    pub(super) fn starting(unix_us: u64) -> Self {
        Self { since: Instant::now(), unix_us }
    }

    pub(super) fn now(self) -> u64 {
        self.at(Instant::now())
    }

    /// What it showed then. It shows nothing from before its start.
    pub(super) fn at(self, moment: Instant) -> u64 {
        let passed = moment.saturating_duration_since(self.since).as_micros();
        self.unix_us.saturating_add(u64::try_from(passed).unwrap_or(u64::MAX))
    }

    /// When it shows this. A moment from before its start is its start.
    pub(super) fn instant(self, at_us: u64) -> Instant {
        self.since + Duration::from_micros(at_us.saturating_sub(self.unix_us))
    }
}

impl RoundTrip {
    fn length_us(self) -> u64 {
        self.back_us.saturating_sub(self.left_us)
    }
}

#[cfg(test)]
mod tests;
