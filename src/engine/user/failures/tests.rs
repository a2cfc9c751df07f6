use super::*;
use crate::plan::wait::Pause;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn wait(length: u64) -> Step {
    Step::Wait(Pause::Constant(ms(length)))
}

#[tokio::test(start_paused = true)]
async fn rests_grow_until_something_takes_its_time() {
    let (mut failures, mut now) = (Failures::default(), Instant::now());
    let mut rests = Vec::new();
    for _ in 0..9 {
        failures.at_once = true;
        let rest = failures.rest(now);
        rests.push(rest.as_millis());
        now += rest + ms(1);
    }
    assert_eq!(rests, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    now += LONG;
    failures.at_once = true;
    assert_eq!(failures.rest(now), FIRST);
}

#[tokio::test(start_paused = true)]
async fn failures_that_the_broker_answers_cost_a_rest_only_when_they_do_not_end() {
    let (mut failures, mut now) = (Failures::default(), Instant::now());
    let mut rests = Vec::new();
    for _ in 0..12 {
        let rest = failures.rest(now);
        rests.push(rest.as_millis());
        now += rest + ms(1);
    }
    assert_eq!(rests, [0, 0, 0, 0, 0, 0, 0, 0, 0, 500, 1_000, 2_000]);
    let mut slow = Failures::default();
    let rests = (1..30).map(|n| slow.rest(now + LONG * n));
    assert!(rests.into_iter().all(|rest| rest.is_zero()), "each took its time");
}

#[test]
fn waits_of_the_remaining_steps_are_made_up_for() {
    let repeat = |level, times| Step::Repeat { level, times };
    let end = |level| Step::EndRepeat { level, first: 0 };
    let steps = [wait(1), repeat(0, 3), wait(10), end(0), wait(100)];
    let mut random = Random::for_user(1, "x", 1);
    let mut after = |steps: &[Step], position| left_out(steps, position, &mut random).as_millis();
    assert_eq!(after(&steps, 0), 131, "as often as it is repeated");
    assert_eq!((after(&steps, 2), after(&steps, 3)), (10, 100), "the rest of a round, if it has any");
    assert_eq!((after(&steps, 4), after(&steps, 5), after(&steps, 9)), (100, 0, 0));
    let nested = [repeat(0, 2), repeat(1, 5), wait(1), end(1), wait(7), end(0)];
    assert_eq!((after(&nested, 1), after(&nested, 0)), (12, 24));
}
