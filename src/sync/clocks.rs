//! How far two clocks are apart, from round trips between them: the idea of NTP.
//!
//! A message takes some time there and some time back. If both were equal, the other clock was read in the middle. They
//! differ by the whole round trip at most, so the shortest one says most.

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

impl RoundTrip {
    fn length_us(self) -> u64 {
        self.back_us.saturating_sub(self.left_us)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_shortest_round_trip_counts() {
        let trip = |left_us, there_us, back_us| RoundTrip { left_us, there_us, back_us };
        let slow = trip(1_000, 5_900, 2_000);
        let fast = trip(3_000, 8_100, 3_200);
        assert_eq!(ClockOffset::of(&[slow, fast]), Some(ClockOffset { ahead_us: 5_000, within_us: 100 }));
        assert_eq!(ClockOffset::of(&[]), None);
        let behind = ClockOffset::of(&[trip(9_000, 1_050, 9_100)]).unwrap();
        assert_eq!((behind.ahead_us, behind.ours(2_000)), (-8_000, 10_000));
    }

    proptest! {
        #[test]
        fn the_true_offset_is_within_what_is_told(
            ahead in -10_000_000_i64..10_000_000,
            trips in prop::collection::vec((0_u64..1_000_000, 0_u64..50_000, 0_u64..50_000), 1..12),
        ) {
            let trips: Vec<_> = trips.into_iter().map(|(left, there, back)| {
                let left_us = 1_800_000_000_000_000 + left;
                let there_us = (left_us + there).saturating_add_signed(ahead);
                RoundTrip { left_us, there_us, back_us: left_us + there + back }
            }).collect();
            let found = ClockOffset::of(&trips).unwrap();
            prop_assert!(found.ahead_us.abs_diff(ahead) <= found.within_us + 1, "{:?} {}", found, ahead);
        }
    }
}
