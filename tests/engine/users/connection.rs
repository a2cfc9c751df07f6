//! Whether and when users come back after their connection was lost or could not be opened.

use mqtt_scenario::plan::reconnect::{Pauses, Reconnect};

use super::*;

fn pauses(initial: Duration, max: Duration, attempts: Option<u32>) -> Reconnect {
    Reconnect::After(Pauses { initial, max, jitter: 0.0, attempts })
}

/// A user that connects and publishes every second, and says goodbye.
fn device(run_time: Duration, reconnection: Reconnect) -> PlanBuilder {
    let mut b = PlanBuilder::new(run_time);
    let (connect, work, bye) = (b.connect(), b.publish("t", ""), b.publish("bye", ""));
    let class = b.class("device", WaitTime::Pause(Pause::Constant(SECOND)), steps([work]));
    class.on_start = Steps(vec![connect]);
    class.on_stop = Steps(steps([bye]));
    class.reconnection = reconnection;
    b
}

/// Connects by this answer, lives by that.
fn network(
    connect: impl Fn(usize) -> Answer + 'static,
    lives: impl Fn(usize) -> Option<Duration> + 'static,
) -> Script {
    let lives = Box::new(move |n| lives(n).map(|length| (length, Failure::Closed)));
    Script { connect: Box::new(connect), lives, ..script(after(Duration::ZERO)) }
}

fn refused(_: usize) -> Answer {
    Answer::Fail(ms(100), Failure::Refused(3))
}

#[test]
fn pauses_between_failed_connects_are_those_of_the_class() {
    let b = device(10 * SECOND, pauses(SECOND, 3 * SECOND, None));
    let ran = run_to_end(b.build(), network(refused, |_| None));
    // Each attempt takes 0.1 s.
    assert_eq!(ran.times("connect"), [0, 1_100, 3_200, 6_300, 9_400]);
    assert_eq!(ran.rows()["connect"], (5, 5));
    assert_eq!(ran.outcome.end, End::RunTime);
}

#[test]
fn a_user_leaves_after_so_many_failed_connects_in_a_row() {
    let b = device(60 * SECOND, pauses(SECOND, SECOND, Some(3)));
    // The third succeeds and lives for a while; then none does.
    let connect = |n| if n == 2 { Answer::After(Duration::ZERO) } else { refused(n) };
    let ran = run_to_end(b.build(), network(connect, |_| Some(ms(2_500))));
    let attempts: Vec<_> =
        ran.journal.iter().filter(|e| e.action == "connect").map(|e| e.at.as_millis()).collect();
    assert_eq!(attempts, [0, 1_100, 2_200, 5_700, 6_800, 7_900]);
    assert_eq!((ran.outcome.end, ran.ended_at_ms()), (End::UsersGone, 8_000));
    assert_eq!(ran.times("publish bye"), [0; 0], "on_stop does not connect");
}

#[test]
fn a_user_that_never_comes_back_leaves_with_its_connection() {
    let connect = |_| Answer::After(Duration::ZERO);
    let mut b = device(60 * SECOND, Reconnect::Never);
    (b.load.users, b.load.spawn_rate) = (2, 10.0);
    let ran = run_to_end(b.build(), network(connect, |n| Some(ms(if n == 0 { 2_500 } else { 4_700 }))));
    assert_eq!(ran.times("connected"), [0, 0], "nobody comes in their place");
    assert_eq!(ran.times("publish t").len(), 3 + 5);
    assert_eq!((ran.outcome.end, ran.ended_at_ms()), (End::UsersGone, 4_700));
    assert_eq!(ran.failure_counts(), [("disconnect", "connection lost: closed by the broker", 2)]);
    assert_eq!(ran.times("publish bye"), [0; 0]);
}

#[test]
fn one_that_gets_no_connection_leaves_too() {
    let ran = run_to_end(device(60 * SECOND, Reconnect::Never).build(), network(refused, |_| None));
    assert_eq!((ran.outcome.end, ran.ended_at_ms()), (End::UsersGone, 100));
    assert_eq!(ran.rows(), [("connect", (1, 1))].into());
}

#[test]
fn a_request_that_its_connection_takes_along_is_the_last_one() {
    let b = device(60 * SECOND, Reconnect::Never);
    let lose = |n| if n == 1 { Answer::Fail(ms(300), Failure::Closed) } else { Answer::After(ms(0)) };
    let ran = run_to_end(b.build(), script(lose));
    // Not a second later, when the pause would have been over.
    assert_eq!((ran.outcome.end, ran.ended_at_ms()), (End::UsersGone, 1_300));
    assert_eq!(ran.failure_counts(), [("publish", "connection lost: closed by the broker", 1)]);
}

#[test]
fn a_connection_lost_in_a_step_is_opened_again_in_the_pause_after_it() {
    let mut b = device(ms(3_500), pauses(ms(100), SECOND, None));
    b.last().on_stop = Steps(Vec::new());
    let lose = |n| if n == 1 { Answer::Fail(ms(300), Failure::Closed) } else { Answer::After(ms(0)) };
    let ran = run_to_end(b.build(), script(lose));
    // Lost at 1.3 s; the next message is due at 2.3 s.
    assert_eq!(ran.times("connected"), [0, 1_400]);
    assert_eq!(ran.times("publish t"), [0, 1_000, 2_300, 3_300]);
}

#[test]
fn what_a_step_has_closed_is_opened_again() {
    let mut b = device(ms(3_500), Reconnect::Never);
    let cycle = [vec![b.disconnect(), b.connect(), b.disconnect()], steps([b.publish("t", "")])].concat();
    b.last().tasks = vec![task("cycle", 1, cycle)];
    let ran = run_to_end(b.build(), script(after(Duration::ZERO)));
    assert_eq!(ran.rows()["connect"], (1 + 2 * 4, 0));
    assert_eq!((ran.outcome.end, ran.failure_counts()), (End::RunTime, Vec::new()));
}

#[test]
fn on_stop_does_what_needs_no_connection() {
    let mut b = device(60 * SECOND, Reconnect::Never);
    let on_stop = [vec![Step::Wait(Pause::Constant(ms(700)))], steps([b.publish("bye", "")])].concat();
    b.last().on_stop = Steps(on_stop);
    let ran = run_to_end(b.build(), network(|_| Answer::After(Duration::ZERO), |_| Some(ms(2_500))));
    assert_eq!((ran.outcome.end, ran.ended_at_ms()), (End::UsersGone, 3_200));
    assert_eq!(ran.times("publish bye"), [0; 0]);
}
