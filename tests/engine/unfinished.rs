//! Requests that never come to an end: wherever one stands when its user is gone, it is counted, once, in the row in
//! which it would have succeeded or failed. Whole runs on a paused clock over scripted sessions.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::support::scripted::{Answer, Script, ScriptedConnector};
use mqtt_scenario::client::failure::Failure;
use mqtt_scenario::engine::End;
use mqtt_scenario::plan::Plan;
use mqtt_scenario::report::events::Event;
use mqtt_scenario::stats::threshold::Threshold;
use mqtt_scenario::stats::threshold::verdict::Verdict;
use tokio::net::TcpListener;
use tokio::time::sleep;

use crate::support::peer::{CONNACK, accept, listen};
use crate::support::run::{RunResult, Signals, run_logged};
use crate::support::{TestScenario, side_by_side, with_paused_clock, with_sockets};

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// The plan of one class `c` with on_start, one task and what else it has; `load` is what its load says.
fn plan(load: &str, class: &str, steps: &str) -> Arc<Plan> {
    let text = format!(
        "version = 1\n[brokers.b]\nurl = \"mqtt://127.0.0.1\"\ninflight = 4\nconnect_timeout = \"10s\"\n\
         [load]\n{load}\n[user_classes.c]\nclient_id = \"c${{user.number}}\"\n{class}\n\
         tasks = [{{ name = \"t\", steps = [{steps}] }}]\n"
    );
    Arc::new(TestScenario::toml(text).plan())
}

fn ran_with(plan: Arc<Plan>, script: Script, signals: &Signals) -> RunResult {
    with_paused_clock(async { run_logged(plan, ScriptedConnector::new(script), signals).await })
}

/// The failures as `COUNT × NAME: TEXT`.
fn failures(ran: &RunResult) -> Vec<String> {
    let counts = ran.failure_counts().into_iter();
    let mut failures: Vec<_> = counts.map(|(row, text, count)| format!("{count} × {row}: {text}")).collect();
    failures.sort();
    failures
}

/// Unfinished requests that waited for longer than they should have.
fn overdue(ran: &RunResult) -> u64 {
    ran.last.unfinished.iter().map(|row| row.waits.overdue).sum()
}

fn at_once(_: usize) -> Answer {
    Answer::After(Duration::ZERO)
}

/// A broker that answers the first `connects`, `publishes` and `subscribes`, and then nothing more.
fn frozen_after([connects, publishes, subscribes]: [usize; 3]) -> Script {
    let up_to = |most: usize| Box::new(move |n| if n < most { at_once(n) } else { Answer::Never });
    Script {
        connect: up_to(connects),
        publish: up_to(publishes),
        subscribe: up_to(subscribes),
        ..Script::default()
    }
}

const MANY: usize = usize::MAX;
const CONNECT: &str = "on_start = [\"connect\"]";
const PUBLISH: &str = r#"{ publish = { topic = "t", qos = 1, payload = "x", name = "p" } }"#;
const REQUEST: &str =
    r#"{ request = { topic = "t", qos = 1, reply_topic = "a", correlation = "topic", name = "r" } }"#;
const RECEIVE: &str = r#"{ receive = { filter = "a", name = "w" } }"#;
const SUBSCRIBED: &str = r#"on_start = ["connect", { subscribe = { filter = "a", name = "s" } }]"#;

#[test]
fn whatever_still_waits_at_the_end_is_unfinished_and_no_failure() {
    let window = format!(
        "{{ repeat = {{ times = 3, steps = [{}] }} }}, {{ wait = \"1m\" }}",
        PUBLISH.replace("qos = 1", "qos = 1, await_ack = false")
    );
    let full = format!(
        "{{ repeat = {{ times = 9, steps = [{}] }} }}",
        PUBLISH.replace("qos = 1", "qos = 2, await_ack = false")
    );
    let unsubscribe = r#"{ unsubscribe = { filter = "a", name = "u" } }"#;
    for (class, steps, answered, row, count) in [
        (CONNECT, PUBLISH, [0, MANY, MANY], "connect", 1),
        (CONNECT, PUBLISH, [MANY, 0, MANY], "p", 1),
        (CONNECT, &*window, [MANY, 0, MANY], "p", 3),
        // Four wait for their acknowledgement, and one for room to be sent.
        (CONNECT, &*full, [MANY, 0, MANY], "p", 5),
        (SUBSCRIBED, PUBLISH, [MANY, MANY, 0], "s", 1),
        (SUBSCRIBED, unsubscribe, [MANY, MANY, 1], "u", 1),
        (SUBSCRIBED, RECEIVE, [MANY, MANY, MANY], "w", 1),
        // Of a request neither the acknowledgement comes nor the reply, or only the reply does not.
        (SUBSCRIBED, REQUEST, [MANY, 0, MANY], "r", 1),
        (SUBSCRIBED, REQUEST, [MANY, MANY, MANY], "r", 1),
    ] {
        // However it ends: by time, with time to finish, at a word, at two, at both at once.
        for (load, signals, end, waited) in [
            ("users = 1\nrun_time = \"3s\"", &[][..], End::RunTime, 3_000),
            ("users = 1\nrun_time = \"3s\"\nstop_timeout = \"2s\"", &[][..], End::RunTime, 5_000),
            ("users = 1", &[ms(3_000)][..], End::Stopped, 3_000),
            ("users = 1\nstop_timeout = \"1m\"", &[ms(3_000), ms(4_000)][..], End::Aborted, 4_000),
            ("users = 1", &[ms(3_000), ms(3_000)][..], End::Aborted, 3_000),
        ] {
            let what = format!("{steps} {load} {signals:?}");
            let ran = ran_with(plan(load, class, steps), frozen_after(answered), signals);
            assert_eq!(ran.outcome.end, end, "{what}");
            assert_eq!(ran.unfinished(), [(row, count, waited)], "{what}");
            assert_eq!(ran.last.aggregated.failures, 0, "{what}: {:?}", failures(&ran));
            let told = ran.events.iter().filter(|event| matches!(event, Event::Unfinished { .. })).count();
            assert_eq!(told as u64, count, "{what}");
        }
    }
}

#[test]
fn what_a_cut_off_user_still_gets_is_a_success_and_the_rest_is_counted_once() {
    // The stop comes at 3 s; on_stop takes half a second more, in which half of it is answered.
    let answers = |n: usize| if n < 3 { Answer::After(ms(3_200)) } else { Answer::Never };
    let script = || Script { publish: Box::new(answers), ..Script::default() };
    let unawaited = PUBLISH.replace("qos = 1", "qos = 1, await_ack = false");
    let steps = format!("{{ repeat = {{ times = 4, steps = [{unawaited}] }} }}, {{ wait = \"1m\" }}");
    let class = format!("{CONNECT}\non_stop = [{{ wait = \"500ms\" }}]");
    let ran = ran_with(plan("users = 1\nrun_time = \"3s\"", &class, &steps), script(), &[]);
    assert_eq!(ran.rows(), BTreeMap::from([("connect", (1, 0)), ("p", (3, 0))]));
    assert_eq!(ran.unfinished(), [("p", 1, 3_499)]);
    // A request that is cut off while its message is on the way is over, whatever becomes of the message.
    let class = format!("{SUBSCRIBED}\non_stop = [{{ wait = \"500ms\" }}]");
    for answer in [Answer::After(ms(3_200)), Answer::Fail(ms(3_200), Failure::Closed), Answer::Never] {
        let publish = Box::new(move |_| answer);
        let request = REQUEST.replace("name = ", "timeout = \"3100ms\", name = ");
        let plan = plan("users = 1\nrun_time = \"3s\"", &class, &request);
        let ran = ran_with(plan, Script { publish, ..Script::default() }, &[]);
        assert_eq!(ran.unfinished(), [("r", 1, 2_999)], "{answer:?}");
        assert!(!ran.rows().contains_key("r"), "{answer:?}: {:?}", ran.rows());
    }
}

#[test]
fn users_that_are_dropped_leave_word_of_what_they_waited_for() {
    // on_stop does not come to its end: after five seconds the user is dropped.
    let class = format!("{CONNECT}\non_stop = [{PUBLISH}]");
    let wait = r#"{ wait = "1m" }"#;
    let script = || frozen_after([MANY, 0, MANY]);
    let ran = ran_with(plan("users = 1\nrun_time = \"1s\"", &class, wait), script(), &[]);
    assert_eq!(ran.unfinished(), [("p", 1, 5_000)]);
    // A stage has fewer users than the one before, and they wait.
    let stages = r#"stages = [{ users = 5, spawn_rate = 100, duration = "2s" }, { users = 2, spawn_rate = 100, duration = "7s" }]"#;
    let ran = ran_with(plan(stages, CONNECT, PUBLISH), script(), &[]);
    assert_eq!(ran.unfinished(), [("p", 5, 9_000)]);
    let times: Vec<_> = ran
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Unfinished { waited, .. } => Some(*waited),
            _ => None,
        })
        .collect();
    assert_eq!(times.len(), 5);
    assert!(times[..3].iter().all(|waited| *waited <= 2_100.0), "{times:?}");
}

#[test]
fn a_disconnect_that_waits_and_a_user_between_two_connects_vanish_not_either() {
    // The connection is lost at 1 s, and cannot be opened again.
    let connect = Box::new(|n| if n == 0 { at_once(n) } else { Answer::Never });
    let lives = Box::new(|_| Some((ms(1_000), Failure::Closed)));
    let script = Script { connect, lives, ..Script::default() };
    let plan = plan("users = 1\nrun_time = \"3s\"", CONNECT, r#"{ wait = "10m" }"#);
    let ran = ran_with(plan, script, &[]);
    assert_eq!(ran.rows(), BTreeMap::from([("connect", (1, 0)), ("disconnect", (1, 1))]));
    let [("connect", 1, waited)] = ran.unfinished()[..] else { panic!("{:?}", ran.unfinished()) };
    assert!((1_500..2_000).contains(&waited), "{waited}");
}

#[test]
fn what_waits_for_longer_than_it_should_is_told_apart() {
    let script = || frozen_after([MANY, 0, MANY]);
    for (load, overdue) in [
        ("users = 1\nrun_time = \"3s\"", 0),
        ("users = 1\nrun_time = \"3s\"\nstop_timeout = \"2s\"", 1),
        // It was begun less than a second before, and so has no fault.
        ("users = 1\nrun_time = \"300ms\"\nstop_timeout = \"500ms\"", 0),
    ] {
        let ran = ran_with(plan(load, CONNECT, PUBLISH), script(), &[]);
        assert_eq!((ran.unfinished().len(), self::overdue(&ran)), (1, overdue), "{load}");
    }
}

#[test]
fn a_wait_whose_connection_is_lost_is_over_with_it_or_with_its_user() {
    let lives = |length| Script {
        lives: Box::new(move |n| (n == 0).then_some((length, Failure::Closed))),
        connect: Box::new(|n| if n == 0 { at_once(n) } else { Answer::Fail(ms(100), Failure::Refused(3)) }),
        ..Script::default()
    };
    let lost = "connection lost: closed by the broker";
    // Nobody comes back: it has failed.
    let never = format!("{SUBSCRIBED}\nreconnect = \"never\"");
    for (steps, row) in [(RECEIVE, "w"), (REQUEST, "r")] {
        let ran = ran_with(plan("users = 1", &never, steps), lives(ms(500)), &[]);
        let expected = [format!("1 × disconnect: {lost}"), format!("1 × {row}: {lost}")];
        assert_eq!((failures(&ran), ran.unfinished()), (expected.to_vec(), Vec::new()));
        assert_eq!(ran.outcome.end, End::UsersGone);
    }
    // The message of a request is lost with its connection, and the request with it.
    let script = Script { publish: Box::new(|_| Answer::Never), ..lives(ms(500)) };
    let ran = ran_with(plan("users = 1", &never, REQUEST), script, &[]);
    assert_eq!((failures(&ran), ran.unfinished()), (vec![format!("1 × r: {lost}")], Vec::new()));
    // Three attempts, and then nobody comes back.
    let three = format!("{SUBSCRIBED}\nreconnect = {{ initial = \"100ms\", max = \"100ms\", attempts = 3 }}");
    let ran = ran_with(plan("users = 1", &three, RECEIVE), lives(ms(500)), &[]);
    let refused = "3 × connect: CONNACK: server unavailable (3)";
    let expected = [format!("1 × disconnect: {lost}"), format!("1 × w: {lost}"), refused.to_owned()];
    assert_eq!((failures(&ran), ran.unfinished()), (expected.to_vec(), Vec::new()));
    // It is told to stop while it waits to connect again, with time to finish and without, or is dropped.
    for (load, signals) in [
        ("users = 1\nrun_time = \"2s\"", &[][..]),
        ("users = 1\nrun_time = \"2s\"\nstop_timeout = \"1s\"", &[][..]),
        ("users = 1", &[ms(2_000), ms(2_000)][..]),
    ] {
        let ran = ran_with(plan(load, SUBSCRIBED, RECEIVE), lives(ms(500)), signals);
        let [("w", 1, 1_999..=2_000)] = ran.unfinished()[..] else {
            panic!("{load}: {:?}", ran.unfinished())
        };
        assert!(!ran.rows().contains_key("w"), "{load}");
    }
}

#[test]
fn a_failure_names_the_time_it_was_given_also_with_a_stamp() {
    let stamped = r#"{ publish = { topic = "t", qos = 1, stamp = "prefix", await_ack = false, timeout = "1s", name = "p" } }"#;
    let steps = format!("{{ repeat = {{ times = 4, steps = [{stamped}] }} }}, {{ wait = \"1m\" }}");
    let ran = ran_with(
        plan("users = 2\nspawn_rate = 9\nrun_time = \"5s\"", CONNECT, &steps),
        frozen_after([MANY, 0, MANY]),
        &[],
    );
    assert_eq!(failures(&ran), ["8 × p: no PUBACK within 1s"]);
}

#[test]
fn what_nothing_was_finished_of_is_not_judged() {
    let plan = |thresholds: &[&str]| {
        let mut plan = plan("users = 1\nrun_time = \"3s\"", CONNECT, PUBLISH);
        let parsed = thresholds.iter().map(|text| Threshold::parse(text).unwrap());
        Arc::get_mut(&mut plan).unwrap().thresholds = parsed.collect();
        plan
    };
    let open = Verdict::NotJudged { fails: true };
    let fine = Verdict::NotJudged { fails: false };
    for (text, dead, frozen, well) in [
        ("failures < 1%", open, Verdict::Met, Verdict::Met),
        ("p99 < 1s", open, Verdict::Met, Verdict::Met),
        ("failures[p] < 1%", open, open, Verdict::Met),
        ("p99[p] < 1s", open, open, Verdict::Met),
        ("unfinished < 1", Verdict::Missed, Verdict::Missed, Verdict::Missed),
        ("unfinished[connect] < 1", Verdict::Missed, Verdict::Met, Verdict::Met),
        ("unfinished < 50%", Verdict::Missed, Verdict::Missed, Verdict::Met),
        ("failures[disconnect] < 1", open, fine, fine),
    ] {
        for (script, expected) in [
            (frozen_after([0, MANY, MANY]), dead),
            (frozen_after([MANY, 0, MANY]), frozen),
            (frozen_after([MANY, 20, MANY]), well),
        ] {
            assert_eq!(ran_with(plan(&[text]), script, &[]).verdicts, [expected], "{text}");
        }
    }
}

/// A broker of one connection, on which it answers CONNECT alone; after half a second it hangs up, and answers nobody
/// any more.
async fn hangs_up_for_good(listener: &TcpListener) {
    let mut peer = accept(listener).await;
    peer.packet().await;
    peer.send(&CONNACK).await;
    peer.packet().await;
    sleep(ms(500)).await;
    drop(peer);
    std::future::pending::<()>().await;
}

#[test]
fn what_a_session_that_lasts_keeps_for_its_next_connection_is_unfinished_too() {
    side_by_side([(1, true), (2, true), (1, false), (2, false)], |(qos, await_ack)| {
        for signals in [&[ms(1_700)][..], &[ms(1_700), ms(1_700)][..]] {
            let text = format!(
                "version = 1\n[brokers.b]\nurl = \"mqtt://127.0.0.1\"\nclean_session = false\n\
                 [user_classes.c]\nclient_id = \"c\"\non_start = [\"connect\"]\n\
                 reconnect = {{ initial = \"100ms\", max = \"100ms\" }}\n\
                 tasks = [{{ name = \"t\", steps = [\
                 {{ publish = {{ topic = \"t\", qos = {qos}, await_ack = {await_ack}, name = \"p\" }} }}, \
                 {{ wait = \"1m\" }}] }}]\n"
            );
            let plan = Arc::new(TestScenario::toml(text).plan());
            let ran = with_sockets(async {
                let (listener, connector) = listen().await;
                tokio::select! {
                    ran = run_logged(plan, connector, signals) => ran,
                    () = hangs_up_for_good(&listener) => unreachable!(),
                }
            });
            let rows: Vec<_> = ran.unfinished().iter().map(|(name, count, _)| (*name, *count)).collect();
            assert_eq!(rows, [("connect", 1), ("p", 1)], "{qos} {await_ack} {signals:?}");
            assert_eq!(failures(&ran), ["1 × disconnect: connection to b:1883 lost: closed by the broker"]);
        }
    });
}

#[test]
fn a_search_is_not_judged_by_what_only_the_end_of_a_run_can_tell() {
    for until in ["unfinished < 1", "unfinished < 1%"] {
        let text = format!(
            "version = 1\n[brokers.b]\nurl = \"mqtt://127.0.0.1\"\n[load]\nusers = 1\n\
             search = {{ rate = \"1/s..9/s\", until = \"{until}\" }}\n\
             [user_classes.c]\nrate = \"1/s\"\ntasks = [{{ name = \"t\", steps = [\"connect\"] }}]\n"
        );
        let mistakes = TestScenario::toml(text).refused();
        let [mistake] = &mistakes[..] else { panic!("{mistakes:?}") };
        assert_eq!(mistake.message, "what is unfinished is known at the end of a run, not of a step");
    }
}
