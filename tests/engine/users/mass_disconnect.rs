//! Stages that drop connections: who loses them, what becomes of requests, and how users come back.

use std::cell::RefCell;
use std::collections::BTreeSet;

use mqtt_scenario::plan::ClassId;
use mqtt_scenario::plan::load::{After, MassDisconnect, Stage, Users};
use mqtt_scenario::plan::reconnect::{Pauses, Reconnect};
use mqtt_scenario::stats::snapshot::Snapshot;

use super::*;

/// A stage that drops the connections of such a share of the first class, if any.
fn stage(users: u32, duration: Duration, share: f64) -> Stage {
    let (duration, after) = (Some(duration), After::AtOnce);
    let storm = (share > 0.0).then(|| MassDisconnect { share, of: vec![ClassId(0)] });
    Stage {
        name: None,
        users: Users::Total(users),
        spawn_rate: 100.0,
        duration,
        after,
        mass_disconnect: storm,
    }
}

/// Ten users that connect and pause; in the third second of the run a share of them loses its connection.
fn storm(share: f64, reconnection: Reconnect) -> PlanBuilder {
    let mut b = PlanBuilder::new(SECOND);
    b.load.run_time = None;
    b.load.stages = vec![stage(10, 2 * SECOND, 0.0), stage(10, 6 * SECOND, share)];
    let connect = b.connect();
    let class = b.class("device", WaitTime::ZERO, vec![Step::Wait(Pause::Constant(60 * SECOND))]);
    class.on_start = Steps(vec![connect]);
    class.reconnection = reconnection;
    b
}

fn pauses(initial: Duration, attempts: Option<u32>) -> Reconnect {
    Reconnect::After(Pauses { initial, max: 30 * SECOND, jitter: 0.0, attempts })
}

/// Who did something, without repetition.
fn who<'a>(ran: &'a RunResult, action: &str) -> BTreeSet<&'a str> {
    ran.journal.iter().filter(|entry| entry.action == action).map(|entry| entry.client_id.as_str()).collect()
}

#[test]
fn half_of_the_users_lose_their_connections_and_come_back() {
    let ran = run_to_end(storm(0.5, pauses(SECOND, None)).build(), script(after(Duration::ZERO)));
    assert_eq!(ran.times("sever"), [2_000; 5]);
    assert_eq!(who(&ran, "sever").len(), 5);
    assert_eq!(ran.times("connected"), [vec![0; 10], vec![3_000; 5]].concat());
    assert_eq!(
        ran.rows(),
        [("connect", (15, 0))].into(),
        "what the scenario does is no failure of the broker"
    );
    assert_eq!((ran.outcome.end, ran.ended_at_ms()), (End::Stages, 8_000));
}

#[test]
fn open_connections_are_counted_as_they_fall_and_rise_again() {
    // Half of them are lost at 2 s, and opened again at 3.5 s.
    let plan = storm(0.5, pauses(ms(1_500), None)).build();
    let seen = RefCell::new(Vec::new());
    with_paused_clock(async {
        let connector = ScriptedConnector::new(script(after(Duration::ZERO)));
        let mut observer = RecordingObserver::calling(|snapshot: &Snapshot| {
            let ticked = snapshot.tick_connections;
            seen.borrow_mut().push((snapshot.connections.open(), ticked.opened, ticked.ended));
        });
        run_here(plan, connector, OPTIONS, &Interrupts::default(), &mut observer).await.unwrap();
    });
    let seen: Vec<_> = seen.into_inner();
    let changes: Vec<_> = seen.iter().filter(|(_, opened, ended)| opened + ended > 0).copied().collect();
    assert_eq!(changes, [(10, 10, 0), (5, 0, 5), (10, 5, 0), (0, 0, 10)], "{seen:?}");
}

#[test]
fn who_loses_them_is_drawn_from_the_seed_and_anew_by_each_stage() {
    let cut = |seed: u64, stages: usize| {
        let mut b = storm(0.5, pauses(ms(100), None));
        b.seed = seed;
        b.load.stages.extend((2..stages).map(|_| stage(10, 2 * SECOND, 0.5)));
        let ran = run_to_end(b.build(), script(after(Duration::ZERO)));
        assert_eq!(ran.times("sever").len(), 5 * (stages - 1));
        who(&ran, "sever").into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(cut(1, 2), cut(1, 2));
    assert_ne!(cut(1, 2), cut(2, 2));
    assert!(cut(1, 3).len() > 5);
}

#[test]
fn open_requests_fail_with_a_reason_of_their_own() {
    let mut b = storm(1.0, pauses(SECOND, None));
    b.load.stages = vec![stage(3, 2 * SECOND, 0.0), stage(3, 2 * SECOND, 1.0)];
    b.broker.inflight = 10;
    let mut windowed = b.publish("windowed", "");
    windowed.await_ack = false;
    let list = steps([windowed, b.publish("awaited", ""), b.publish("never", "")]);
    b.last().tasks = vec![task("t", 1, list)];
    let ran = run_to_end(b.build(), script(|n| if n < 6 { Answer::Never } else { Answer::After(ms(1)) }));
    assert_eq!(ran.failure_counts(), [("publish", "connection dropped by the scenario", 6)]);
    // The step after the failed one is skipped; the next task run begins with the new connection.
    assert_eq!(ran.times("publish never").first(), Some(&3_001));
    assert_eq!(ran.rows()["connect"], (6, 0));
    assert!(!ran.rows().contains_key("disconnect"));
}

#[test]
fn users_without_a_connection_are_passed_over() {
    let mut b = storm(1.0, pauses(SECOND, None));
    let cycle = vec![b.disconnect(), Step::Wait(Pause::Constant(60 * SECOND))];
    b.last().tasks = vec![task("away", 1, cycle)];
    let ran = run_to_end(b.build(), script(after(Duration::ZERO)));
    assert_eq!((ran.times("sever"), ran.rows()["connect"]), (Vec::new(), (10, 0)));

    // Those that connect at that moment are not connected yet; what comes of it stays.
    let connect = Box::new(after(2 * SECOND + ms(500)));
    let ran = run_to_end(storm(1.0, pauses(SECOND, None)).build(), Script { connect, ..Script::default() });
    assert_eq!((ran.times("sever"), ran.rows()["connect"]), (Vec::new(), (10, 0)));
}

#[test]
fn a_class_that_never_comes_back_is_gone_and_later_shares_are_of_the_others() {
    let mut b = storm(0.5, Reconnect::Never);
    b.load.stages = vec![stage(8, SECOND, 0.0), stage(8, SECOND, 0.5), stage(8, SECOND, 0.5)];
    let ran = run_to_end(b.build(), script(after(Duration::ZERO)));
    assert_eq!(ran.times("sever"), [vec![1_000; 4], vec![2_000; 2]].concat());
    assert_eq!(ran.times("disconnect"), [3_000; 2], "two are left at the end");
    assert_eq!(ran.rows(), [("connect", (8, 0))].into());
}

#[test]
fn a_connect_that_fails_in_the_storm_counts_as_any_other() {
    let refuse = |n| if n < 10 { Answer::After(ms(0)) } else { Answer::Fail(ms(0), Failure::Refused(3)) };
    let b = storm(1.0, pauses(ms(500), Some(2)));
    let ran = run_to_end(b.build(), Script { connect: Box::new(refuse), ..Script::default() });
    assert_eq!(ran.rows(), [("connect", (30, 20))].into());
    // At 2.5 s and a second later.
    assert_eq!((ran.outcome.end, ran.ended_at_ms()), (End::UsersGone, 3_500));
}
