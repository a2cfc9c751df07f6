use proptest::prelude::*;

use super::*;

fn random() -> Random {
    Random::for_user(0, "test", 0)
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn schedule(per_user: f64, jitter: Duration, phase: Phase) -> Schedule {
    Schedule { per_user, jitter, phase }
}

/// The first due moments in milliseconds, each asked for at the moment before it.
fn moments(schedule: &Schedule, ready: Duration, tempos: &[f64]) -> Vec<u128> {
    let mut random = random();
    let mut timetable = ArrivalTimes::new(schedule, ready, tempos[0], &mut random);
    let mut now = ready;
    let next = |tempo: &f64| {
        now = timetable.next(schedule, now, *tempo, &mut random);
        now.as_millis()
    };
    tempos.iter().map(next).collect()
}

#[test]
fn aligned_moments_are_multiples_of_the_period() {
    for (per_user, ready, due) in [
        (10.0, 0, [0, 100, 200, 300]),
        (10.0, 1, [100, 200, 300, 400]),
        (10.0, 100, [100, 200, 300, 400]),
        (10.0, 101, [200, 300, 400, 500]),
        (0.5, 5_000, [6_000, 8_000, 10_000, 12_000]),
        (3.0, 0, [0, 333, 666, 1_000]),
    ] {
        let schedule = schedule(per_user, Duration::ZERO, Phase::Aligned);
        assert_eq!(moments(&schedule, ms(ready), &[1.0; 4]), due, "{per_user}/s after {ready} ms");
    }
}

#[test]
fn rounding_does_not_add_up() {
    let schedule = schedule(3.0, Duration::ZERO, Phase::Aligned);
    let mut timetable = ArrivalTimes::new(&schedule, Duration::ZERO, 1.0, &mut random());
    timetable.n = 3 * 86_400 * 365;
    let due = timetable.next(&schedule, Duration::ZERO, 1.0, &mut random());
    assert!(due.abs_diff(Duration::from_hours(24 * 365)) < Duration::from_micros(1), "{due:?}");
}

#[test]
fn a_random_phase_spreads_users_over_the_first_period() {
    let schedule = schedule(10.0, Duration::ZERO, Phase::Random);
    let firsts: Vec<Duration> = (0..1_000)
        .map(|index| {
            let mut random = Random::for_user(0, "test", index);
            let mut timetable = ArrivalTimes::new(&schedule, ms(250), 1.0, &mut random);
            let first = timetable.next(&schedule, ms(250), 1.0, &mut random);
            let second = timetable.next(&schedule, first, 1.0, &mut random);
            assert!(second.abs_diff(first + ms(100)) <= Duration::from_nanos(1));
            first
        })
        .collect();
    assert!(firsts.iter().all(|first| (ms(250)..ms(350)).contains(first)));
    for tenth in 0..10 {
        let part = ms(250 + tenth * 10)..ms(260 + tenth * 10);
        let count = firsts.iter().filter(|first| part.contains(*first)).count();
        assert!((70..130).contains(&count), "{count} in {part:?}");
    }
}

#[test]
fn another_tempo_begins_after_the_moment_that_is_due() {
    let aligned = schedule(10.0, Duration::ZERO, Phase::Aligned);
    assert_eq!(moments(&aligned, ms(0), &[1.0, 1.0, 2.0, 2.0, 0.5, 0.5]), [0, 100, 150, 200, 400, 600]);
    // The phase of the first moment stays that of the later ones.
    let random = schedule(10.0, Duration::ZERO, Phase::Random);
    let due = moments(&random, ms(0), &[1.0, 1.0, 2.0, 2.0, 0.5, 0.5]);
    let since_first: Vec<u128> = due.iter().map(|at| (at - due[0] + 5) / 10 * 10).collect();
    assert_eq!(since_first, [0, 100, 150, 200, 400, 600]);
}

#[test]
fn another_tempo_drops_what_is_overdue() {
    let schedule = schedule(10.0, Duration::ZERO, Phase::Random);
    let mut random = random();
    let mut timetable = ArrivalTimes::new(&schedule, ms(0), 1.0, &mut random);
    let first = timetable.next(&schedule, ms(0), 1.0, &mut random);
    // The run took 1 s. At the same tempo nine starts are to be made up for,
    let late = first + ms(1_000);
    assert_eq!(timetable.next(&schedule, late, 1.0, &mut random), first + ms(100));
    // at another one the next is the first that is not over, in step with the last one.
    let next = timetable.next(&schedule, late + ms(10), 2.0, &mut random);
    assert!(next.abs_diff(first + ms(1_050)) <= Duration::from_nanos(2), "{next:?} {first:?}");
}

proptest! {
    #[test]
    fn moments_never_go_back_and_keep_their_period(
        per_user in 1e-3..1e5_f64,
        share in 0.0..1.0_f64,
        aligned: bool,
        ready_ms in 0..100_000_u64,
    ) {
        let phase = if aligned { Phase::Aligned } else { Phase::Random };
        let period = Duration::from_secs_f64(1.0 / per_user);
        let schedule = schedule(per_user, period.mul_f64(share), phase);
        let mut random = random();
        let mut timetable = ArrivalTimes::new(&schedule, ms(ready_ms), 1.0, &mut random);
        let first = timetable.next(&schedule, ms(ready_ms), 1.0, &mut random);
        let slack = Duration::from_micros(1);
        prop_assert!(first + slack >= ms(ready_ms));
        prop_assert!(first <= ms(ready_ms) + 2 * period + slack);
        let mut last = first;
        for n in 1..50 {
            let due = timetable.next(&schedule, last, 1.0, &mut random);
            prop_assert!(due + slack >= last);
            prop_assert!(due.abs_diff(first + n * period) <= period.mul_f64(share) + slack);
            last = due;
        }
    }
}
