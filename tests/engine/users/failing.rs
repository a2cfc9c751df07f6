//! What follows a failure: a user that fails is not much faster than one that does not.

use mqtt_scenario::client::failure::{Ack, Limit};
use mqtt_scenario::plan::schedule::{Phase, Schedule};
use mqtt_scenario::plan::{OnError, TaskOrder};

use super::*;

const NOT_TAKEN: Answer = Answer::NotTaken(Failure::NotTaken(Limit::Retain));
const REFUSED: Answer = Answer::Refuse(Duration::from_millis(1), Failure::AckTimeout(Ack::Puback, SECOND));

fn wait(length: Duration) -> Step {
    Step::Wait(Pause::Constant(length))
}

/// When messages of a minute failed, in milliseconds: those of one user, whose connect takes no time.
fn failed_at(
    wait_time: WaitTime,
    answer: impl Fn(usize) -> Answer + 'static,
    change: impl FnOnce(&mut PlanBuilder, Step),
) -> Vec<u64> {
    let mut b = PlanBuilder::new(ms(59_999));
    let (connect, publish) = (b.connect(), Step::Publish(Box::new(b.publish("t", ""))));
    b.class("device", wait_time, vec![publish.clone()]).on_start = Steps(vec![connect]);
    change(&mut b, publish);
    let ran = run_to_end(b.build(), script(answer));
    ran.requests.iter().filter(|r| r.error.is_some()).map(|r| r.at_ms).collect()
}

fn steps_of(b: &mut PlanBuilder, steps: Vec<Step>) {
    b.last().tasks = vec![task("task", 1, steps)];
}

#[test]
fn a_task_that_fails_at_once_is_as_slow_as_its_own_waits() {
    for on_error in [OnError::AbortTask, OnError::Continue] {
        for answer in [NOT_TAKEN, REFUSED] {
            let failed = failed_at(
                WaitTime::ZERO,
                move |_| answer,
                |b, publish| {
                    steps_of(b, vec![publish, wait(ms(400)), wait(ms(600))]);
                    b.last().on_error = on_error;
                },
            );
            assert!((59..=60).contains(&failed.len()), "{on_error:?} {answer:?}: {failed:?}");
        }
    }
    // A wait before it, too.
    let failed = failed_at(
        WaitTime::ZERO,
        |_| NOT_TAKEN,
        |b, publish| {
            steps_of(b, vec![wait(SECOND), publish]);
        },
    );
    assert_eq!(failed, (1..60).map(|n| n * 1_000).collect::<Vec<_>>());
}

#[test]
fn a_wait_time_or_a_rate_is_pause_enough() {
    for wait_time in [
        WaitTime::Pause(Pause::Constant(SECOND)),
        WaitTime::ConstantPacing(SECOND),
        WaitTime::Pause(Pause::Between(SECOND, SECOND)),
    ] {
        let failed = failed_at(wait_time, |_| NOT_TAKEN, |_, _| {});
        assert_eq!(failed.len(), 60, "{wait_time:?}: {failed:?}");
    }
    let schedule = Schedule { per_user: 2.0, jitter: Duration::ZERO, phase: Phase::Aligned };
    let failed = failed_at(WaitTime::ZERO, |_| NOT_TAKEN, |b, _| b.last().schedule = Some(schedule));
    assert_eq!(failed.len(), 120);
}

/// Half a second, then twice as long each time.
const GROWING: [u64; 7] = [0, 500, 1_500, 3_500, 7_500, 15_500, 31_500];

#[test]
fn what_nothing_keeps_apart_rests_longer_each_time() {
    for wait_time in [
        WaitTime::ZERO,
        WaitTime::Pause(Pause::Constant(Duration::ZERO)),
        WaitTime::Pause(Pause::Constant(Duration::from_micros(10))),
    ] {
        let failed = failed_at(wait_time, |_| NOT_TAKEN, |_, _| {});
        let is_close = |(at, expected): (&u64, &u64)| at.abs_diff(*expected) < 10;
        assert!(failed.iter().zip(&GROWING).all(is_close), "{wait_time:?}: {failed:?}");
        assert_eq!(failed.len(), 7);
    }
    // A wait of nothing is none.
    let failed = failed_at(
        WaitTime::ZERO,
        |_| NOT_TAKEN,
        |b, publish| {
            steps_of(b, vec![publish, wait(Duration::ZERO)]);
        },
    );
    assert_eq!(failed, GROWING);
}

#[test]
fn sequences_rounds_and_what_goes_on_rest_too() {
    let failed = failed_at(
        WaitTime::ZERO,
        |_| NOT_TAKEN,
        |b, publish| {
            b.last().tasks = ["a", "b", "c"].map(|name| task(name, 1, vec![publish.clone()])).into();
            b.last().order = TaskOrder::Sequence;
        },
    );
    assert_eq!(failed, GROWING);
    let failed = failed_at(
        WaitTime::ZERO,
        |_| NOT_TAKEN,
        |b, publish| {
            steps_of(b, vec![publish.clone(), publish]);
            b.last().on_error = OnError::Continue;
        },
    );
    assert_eq!(failed, GROWING.map(|at| [at, at]).concat());
    let failed = failed_at(
        WaitTime::ZERO,
        |_| NOT_TAKEN,
        |b, publish| {
            let (begin, end) =
                (Step::Repeat { level: 0, times: 1_000_000 }, Step::EndRepeat { level: 0, first: 1 });
            steps_of(b, vec![begin, publish, end]);
            b.last().tasks[0].on_error = Some(OnError::Continue);
        },
    );
    assert_eq!(failed, GROWING);
    let failed = failed_at(
        WaitTime::Pause(Pause::Constant(SECOND)),
        |_| NOT_TAKEN,
        |b, publish| {
            let (begin, end) = (Step::Repeat { level: 0, times: 5 }, Step::EndRepeat { level: 0, first: 1 });
            steps_of(b, vec![begin, publish, wait(SECOND), end]);
            b.last().on_error = OnError::Continue;
        },
    );
    assert!((49..=51).contains(&failed.len()), "rounds with a wait of their own: {failed:?}");
}

#[test]
fn a_failed_on_start_makes_its_waits_and_rests() {
    let failed = failed_at(
        WaitTime::ZERO,
        |_| NOT_TAKEN,
        |b, publish| {
            let connect = b.connect();
            b.last().on_start = Steps(vec![connect, publish, wait(10 * SECOND)]);
        },
    );
    assert_eq!(failed[..2], [0, 10_000]);
    let failed = failed_at(
        WaitTime::ZERO,
        |_| NOT_TAKEN,
        |b, publish| {
            let connect = b.connect();
            b.last().on_start = Steps(vec![connect, publish]);
        },
    );
    assert_eq!(failed, GROWING);
}

#[test]
fn a_broker_that_refuses_now_and_then_gets_the_load_that_it_would_get() {
    let one_of =
        |n: usize| move |count: usize| if count.is_multiple_of(n) { REFUSED } else { Answer::After(ms(1)) };
    let failed = failed_at(WaitTime::ZERO, one_of(3), |_, _| {});
    assert_eq!(failed.len(), 20_000, "of 60,000");
    let failed = failed_at(WaitTime::ZERO, |_| REFUSED, |_, _| {});
    assert!((10..30).contains(&failed.len()), "always: {failed:?}");
    // What takes its time is no failure at once.
    let slow = Answer::Refuse(ms(100), Failure::AckTimeout(Ack::Puback, SECOND));
    let failed = failed_at(WaitTime::ZERO, move |_| slow, |_, _| {});
    assert_eq!(failed.len(), 599);
}

#[test]
fn a_stop_ends_a_rest_at_once() {
    let mut b = PlanBuilder::new(20 * SECOND);
    b.load.stop_timeout = 60 * SECOND;
    let publish = steps([b.publish("t", "")]);
    b.class("device", WaitTime::ZERO, publish);
    let ran = run_to_end(b.build(), script(|_| NOT_TAKEN));
    assert_eq!((ran.outcome.end, ran.ended_at_ms()), (End::RunTime, 20_000));
}

/// The script that `scenarios/seed.toml` stands for: a message that fails changes nothing of the rhythm.
#[test]
fn a_task_that_goes_on_keeps_its_rhythm_whatever_fails() {
    let lost = |n: usize| Answer::Fail(ms(1), if n == 1 { Failure::Closed } else { Failure::SessionLost });
    for failing in [Answer::Never, REFUSED, NOT_TAKEN, lost(1), lost(2)] {
        let mut b = PlanBuilder::new(ms(7_500));
        let connect = b.connect();
        let mut publish = b.publish("t", "");
        publish.timeout = ms(900);
        let disconnect = b.disconnect();
        let cycle = [vec![connect], steps([publish]), vec![disconnect, wait(SECOND)]].concat();
        b.class("device", WaitTime::ZERO, cycle);
        b.last().tasks[0].on_error = Some(OnError::Continue);
        let ran = run_to_end(b.build(), script(move |n| if n == 2 { failing } else { Answer::After(ms(1)) }));
        let connected = ran.times("connected");
        let late = if failing == Answer::Never { 900 } else { 0 };
        let expected = [0, 1_000, 2_000, 3_000 + late, 4_000 + late, 5_000 + late];
        let close = |(a, b): (&u128, &u128)| a.abs_diff(*b) < 20;
        assert!(connected.iter().zip(&expected).all(close), "{failing:?}: {connected:?}");
        assert!(connected.len() >= 6, "{failing:?}: {connected:?}");
        let closed = ran.times("disconnect").len();
        assert!(closed + 1 >= connected.len(), "{failing:?}: {closed} {connected:?}");
        let failures = ran.requests.iter().filter(|r| r.error.is_some()).count();
        assert_eq!(failures, 1, "{failing:?}");
    }
}
