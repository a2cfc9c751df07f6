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

#[test]
fn a_clock_of_its_own_goes_on_evenly() {
    let clock = OwnClock::starting(1_000_000);
    let then = clock.instant(4_500_000);
    assert_eq!(clock.at(then), 4_500_000);
    assert_eq!(clock.at(clock.instant(7)), 1_000_000, "it shows nothing from before its start");
}
