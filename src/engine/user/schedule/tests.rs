use super::*;
use crate::plan::schedule::Phase;

/// Runs of these lengths in milliseconds, 100 apart, woken late by so much: which starts were held up.
fn held_up(lengths: &[u64], woken_late: &[u64]) -> Vec<bool> {
    let ms = Duration::from_millis;
    let schedule = Schedule { per_user: 10.0, jitter: Duration::ZERO, phase: Phase::Aligned };
    let mut random = Random::for_user(0, "test", 0);
    let mut own = UserSchedule::new(&schedule, Duration::ZERO, 1.0, &mut random);
    let mut ready = Duration::ZERO;
    let start = |(length, late): (&u64, &u64)| {
        let due = own.next_start(&schedule, ready, 1.0, &mut random);
        let held_up = due < ready && own.is_held_up(ready.saturating_sub(due));
        let begun = ready.max(due + ms(if due < ready { 0 } else { *late }));
        own.lag = if held_up { Duration::ZERO } else { begun.saturating_sub(due) };
        ready = begun + ms(*length);
        held_up
    };
    lengths.iter().zip(woken_late).map(start).collect()
}

#[test]
fn the_broker_is_blamed_for_what_the_generator_did_not_cause() {
    for (lengths, woken_late, expected) in [
        // No start is late.
        ([10, 10, 10, 10, 10], [0, 0, 0, 0, 0], [false, false, false, false, false]),
        // A long run holds up the next two.
        ([10, 250, 10, 10, 10], [0; 5], [false, false, true, true, false]),
        // The generator oversleeps by more than a period; the runs themselves are short.
        ([10, 10, 10, 10, 10], [0, 150, 0, 0, 0], [false; 5]),
        // It oversleeps, and then the runs take longer than a period.
        ([10, 120, 120, 10, 10], [0, 150, 0, 0, 0], [false, false, true, true, true]),
    ] {
        assert_eq!(held_up(&lengths, &woken_late), expected, "{lengths:?} {woken_late:?}");
    }
}
