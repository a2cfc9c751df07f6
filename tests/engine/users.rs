//! The engine: whole runs on a paused clock over scripted sessions, where seconds take no time and every
//! journal is exact; and one on real threads and sockets, counted on both sides.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use crate::support::scripted::{Answer, Script, ScriptedConnector};
use mqtt_scenario::broker::{Broker, BrokerConfig};
use mqtt_scenario::client::failure::Failure;
use mqtt_scenario::engine::{Control, End, Interrupts, Observer, Options, RunError, Tick, run_here};
use mqtt_scenario::mqtt::Qos;
use mqtt_scenario::plan::wait::{Pause, WaitTime};
use mqtt_scenario::plan::{Plan, Publish, Step, Steps};
use mqtt_scenario::stats::batch::Batch;

use crate::support::run::{
    LOGGED, RecordingObserver, RunResult, SeenRequest, SeenTick, Signals, interrupt, run_observed,
    run_scripted,
};
use crate::support::{PlanBuilder, TestScenario, task, with_paused_clock, with_sockets};

mod connection;
mod failing;
mod load;
mod mass_disconnect;
mod schedule;
mod tasks;

const OPTIONS: Options = LOGGED;

const SECOND: Duration = Duration::from_secs(1);

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn after(pause: Duration) -> impl Fn(usize) -> Answer {
    move |_| Answer::After(pause)
}

/// A script that connects at once.
fn script(publish: impl Fn(usize) -> Answer + 'static) -> Script {
    Script { connect: Box::new(after(Duration::ZERO)), publish: Box::new(publish), ..Script::default() }
}

fn steps(publishes: impl IntoIterator<Item = Publish>) -> Vec<Step> {
    publishes.into_iter().map(|publish| Step::Publish(Box::new(publish))).collect()
}

/// Runs a plan on a paused clock; somebody interrupts it at these moments.
fn run_interrupted(plan: Arc<Plan>, script: Script, options: Options, signals: &Signals) -> RunResult {
    let tokens = Interrupts::default();
    let interrupt = interrupt(&tokens, signals);
    let ran = with_paused_clock(run_scripted(plan, script, options, &tokens, interrupt));
    ran.check();
    ran
}

fn run_to_end(plan: Arc<Plan>, script: Script) -> RunResult {
    run_interrupted(plan, script, OPTIONS, &[])
}

impl RunResult {
    /// What holds for every run.
    fn check(&self) {
        let ticks = &self.ticks;
        let first = SeenTick { at_ms: 0, users: 0, requests: 0, reset: false, last: false };
        assert_eq!(ticks[0], first, "nothing has happened at the start");
        let (last, others) = ticks.split_last().unwrap();
        for (second, tick) in (0..).zip(others) {
            assert_eq!((tick.at_ms, tick.last), (1000 * second, false), "{ticks:?}");
        }
        assert!(last.last && last.at_ms >= 1000 * (others.len() as u64 - 1), "{ticks:?}");
        assert!(last.at_ms <= 1000 * others.len() as u64, "a second is missing: {ticks:?}");
        assert_eq!(last.users, 0, "everybody is gone");
        assert_eq!(self.last.connections.open(), 0, "and so are their connections");
        if !ticks.iter().any(|tick| tick.reset) {
            let requests = &self.requests;
            assert_eq!(last.requests, requests.len() as u64, "the log has every request");
            let failed = requests.iter().filter(|request| request.error.is_some()).count();
            assert_eq!(self.last.aggregated.failures, failed as u64);
        }
        assert!(self.outcome.unexpected.is_empty());
    }
}

mod life {
    use super::*;

    #[test]
    fn a_user_starts_works_pauses_and_stops() {
        let mut b = PlanBuilder::new(ms(2_500));
        let on_start = [vec![b.connect()], steps([b.publish("start", "")])].concat();
        let work = b.publish("work/${iteration}", "${seq}");
        let on_stop = steps([b.publish("stop", "${client_id}")]);
        let class = b.class("device", WaitTime::Pause(Pause::Constant(SECOND)), steps([work]));
        class.on_start = Steps(on_start);
        class.on_stop = Steps(on_stop);
        let ran = run_to_end(b.build(), Script::default());
        insta::assert_snapshot!(ran.journal());
        assert_eq!(ran.rows(), BTreeMap::from([("connect", (1, 0)), ("publish", (5, 0))]));
        assert_eq!(ran.outcome.end, End::RunTime);
    }

    #[test]
    fn connect_and_disconnect_are_steps_as_others() {
        let mut b = PlanBuilder::new(ms(2_500));
        let mut cycle = vec![b.connect(), b.connect()];
        cycle.extend(steps([b.publish("t", "")]));
        cycle.extend([b.disconnect(), b.disconnect(), Step::Wait(Pause::Constant(ms(900)))]);
        b.class("device", WaitTime::ZERO, cycle);
        let ran = run_to_end(b.build(), Script::default());
        insta::assert_snapshot!(ran.journal());
        let expected = [("connect", (3, 0)), ("disconnect", (3, 0)), ("publish", (3, 0))];
        assert_eq!(ran.rows(), expected.into());
    }

    #[test]
    fn an_abrupt_disconnect_drops() {
        let mut b = PlanBuilder::new(ms(1_500));
        let request = b.request("disconnect");
        let cycle = vec![b.connect(), Step::Disconnect { abrupt: true, request }];
        b.class("device", WaitTime::Pause(Pause::Constant(SECOND)), cycle);
        let ran = run_to_end(b.build(), script(after(SECOND)));
        assert_eq!((ran.times("connected"), ran.times("drop")), (vec![0, 1_000], vec![0, 1_000]));
        assert_eq!(ran.times("disconnect"), [0; 0]);
    }

    /// The example of Locust: pace 0.5 s, on_start 0.2 s, tasks of 0.1, 0.1, 0.9, 0.1 … s.
    #[test]
    fn pacing_keeps_locusts_starts() {
        let mut b = PlanBuilder::new(ms(3_200));
        let on_start = vec![b.connect(), Step::Wait(Pause::Constant(ms(200)))];
        let publish = b.publish("t", "");
        b.class("device", WaitTime::ConstantPacing(ms(500)), steps([publish])).on_start = Steps(on_start);
        let ran = run_to_end(b.build(), script(|n| Answer::After(ms(if n == 2 { 900 } else { 100 }))));
        assert_eq!(ran.times("publish"), [200, 500, 1_000, 1_900, 2_400, 2_900]);
    }

    #[test]
    fn repeated_parts_nest() {
        let mut b = PlanBuilder::new(ms(500));
        let [a, inner, z] = ["a", "b", "z"].map(|topic| Step::Publish(Box::new(b.publish(topic, "${seq}"))));
        let list = vec![
            Step::Repeat { level: 0, times: 2 },
            a,
            Step::Repeat { level: 1, times: 3 },
            inner,
            Step::EndRepeat { level: 1, first: 3 },
            Step::EndRepeat { level: 0, first: 1 },
            z,
        ];
        b.class("device", WaitTime::Pause(Pause::Constant(SECOND)), list);
        let ran = run_to_end(b.build(), Script::default());
        let sent: Vec<_> =
            ran.journal.iter().filter_map(|entry| entry.action.strip_prefix("publish ")).collect();
        assert_eq!(sent, ["a 1", "b 1", "b 2", "b 3", "a 2", "b 4", "b 5", "b 6", "z 1"]);
    }

    #[test]
    fn a_failed_step_ends_its_task_and_the_user_goes_on() {
        let mut b = PlanBuilder::new(ms(2_500));
        let mut list = steps([b.publish("a", ""), b.publish("b", "")]);
        if let Step::Publish(first) = &mut list[0] {
            first.timeout = ms(100);
        }
        b.class("device", WaitTime::Pause(Pause::Constant(ms(900))), list);
        let ran =
            run_to_end(b.build(), script(|n| if n == 0 { Answer::Never } else { Answer::After(ms(1)) }));
        let times = (ran.times("publish a"), ran.times("publish b"));
        assert_eq!(times, (vec![0, 1_000, 1_902], vec![1_001, 1_903]));
        assert_eq!(ran.failure_counts(), [("publish", "no PUBACK within 100ms", 1)]);
    }

    #[test]
    fn only_failures_count_of_what_is_not_recorded() {
        let mut b = PlanBuilder::new(ms(3_500));
        let mut publish = b.publish("t", "12345");
        publish.request.record = false;
        publish.timeout = ms(100);
        b.class("device", WaitTime::Pause(Pause::Constant(SECOND)), steps([publish]));
        let ran =
            run_to_end(b.build(), script(|n| if n == 1 { Answer::Never } else { Answer::After(ms(1)) }));
        assert_eq!(ran.times("publish").len(), 4);
        assert_eq!(ran.rows()["publish"], (1, 1));
    }

    #[test]
    fn a_row_may_be_a_users_own() {
        let mut b = PlanBuilder::new(ms(1_500));
        b.load.users = 3;
        b.load.spawn_rate = 10.0;
        let mut publish = b.publish("t", "12345");
        publish.request = b.request_per_user("publish ${user.number}");
        b.class("device", WaitTime::Pause(Pause::Constant(SECOND)), steps([publish]));
        let ran = run_to_end(b.build(), Script::default());
        let expected =
            [("connect", (3, 0)), ("publish 1", (2, 0)), ("publish 2", (2, 0)), ("publish 3", (2, 0))];
        assert_eq!(ran.rows(), expected.into());
    }

    #[test]
    fn response_times_and_lengths_are_those_of_the_message() {
        let mut b = PlanBuilder::new(ms(1_500));
        let mut at_most_once = b.publish("t", "1234567");
        at_most_once.qos = Qos::AtMostOnce;
        let list = steps([b.publish("t", "12345"), at_most_once]);
        b.class("device", WaitTime::Pause(Pause::Constant(SECOND * 10)), list);
        let connect = Box::new(after(ms(30)));
        let ran = run_to_end(b.build(), Script { connect, ..script(after(ms(250))) });
        let seen = |at_ms, name: &str, response_ms, length| SeenRequest {
            at_ms,
            name: name.to_owned(),
            response_ms: Some(response_ms),
            began_ms: None,
            length,
            error: None,
        };
        let expected = [seen(30, "connect", 30, 0), seen(280, "publish", 250, 5), seen(280, "publish", 0, 7)];
        assert_eq!(ran.requests, expected);
    }
}

mod ramp {
    use super::*;

    #[test]
    fn users_start_at_locusts_pace() {
        let mut b = PlanBuilder::new(ms(3_500));
        b.load.users = 7;
        b.load.spawn_rate = 2.5;
        let connect = b.connect();
        b.class("device", WaitTime::Pause(Pause::Constant(SECOND)), vec![connect]);
        let ran = run_to_end(b.build(), Script::default());
        assert_eq!(ran.times("connected"), [1, 1, 801, 801, 1_601, 1_601, 2_401]);
        let users: Vec<_> = ran.ticks.iter().map(|tick| tick.users).collect();
        assert_eq!(users, [0, 4, 6, 7, 0]);
    }

    #[test]
    fn classes_share_the_users() {
        let mut b = PlanBuilder::new(ms(1_500));
        b.load.users = 7;
        b.load.spawn_rate = 100.0;
        let connect = b.connect();
        b.class("a", WaitTime::Pause(Pause::Constant(SECOND)), vec![connect.clone()]).weight = 2.0;
        b.class("b", WaitTime::Pause(Pause::Constant(SECOND)), vec![connect.clone()]);
        b.class("c", WaitTime::Pause(Pause::Constant(SECOND)), vec![connect]).fixed_count = 1;
        let ran = run_to_end(b.build(), Script::default());
        let mut ids: Vec<_> = ran.journal.iter().filter(|e| e.action == "connect").collect();
        ids.sort_by_key(|entry| entry.client_id[2..].parse::<u32>().unwrap());
        let ids: Vec<_> = ids.iter().map(|entry| entry.client_id.as_str()).collect();
        assert_eq!(ids, ["c-1", "a-2", "b-3", "a-4", "a-5", "b-6", "a-7"]);
    }

    #[test]
    fn statistics_begin_anew_once_all_users_have_started() {
        let mut b = PlanBuilder::new(ms(5_500));
        b.load.users = 3;
        let publish = b.publish("t", "");
        b.class("device", WaitTime::Pause(Pause::Constant(ms(300))), steps([publish]));
        let ran =
            run_interrupted(b.build(), Script::default(), Options { reset_stats: true, ..OPTIONS }, &[]);
        let resets: Vec<_> = ran.ticks.iter().filter(|t| t.reset).map(|t| t.at_ms).collect();
        assert_eq!(resets, [2_000]);
        let later = ran.requests.iter().filter(|request| request.at_ms > 2_000).count();
        assert_eq!(ran.last.aggregated.requests, later as u64);
        assert!(later > 20 && later < ran.requests.len());
    }
}

mod stopping {
    use super::*;

    /// A user that publishes without a pause, each message acknowledged after 0.4 s.
    fn busy(run_time: Duration, stop_timeout: Duration) -> PlanBuilder {
        let mut b = PlanBuilder::new(run_time);
        b.load.stop_timeout = stop_timeout;
        let connect = b.connect();
        let mut publish = b.publish("t", "");
        publish.timeout = 120 * SECOND;
        b.class("device", WaitTime::ZERO, steps([publish])).on_start = Steps(vec![connect]);
        b
    }

    #[test]
    fn without_a_stop_timeout_the_request_in_flight_is_cut_off_unreported() {
        let mut b = busy(ms(1_500), Duration::ZERO);
        b.load.users = 2;
        b.load.spawn_rate = 2.0;
        let ran = run_to_end(b.build(), script(after(ms(400))));
        assert_eq!(ran.times("publish").len(), 8);
        assert_eq!(ran.rows(), BTreeMap::from([("connect", (2, 0)), ("publish", (6, 0))]));
        assert_eq!((ran.times("disconnect"), ran.ended_at_ms()), (vec![1_500, 1_500], 1_500));
    }

    #[test]
    fn with_one_the_task_is_finished() {
        let ran = run_to_end(busy(ms(1_500), 5 * SECOND).build(), script(after(ms(400))));
        assert_eq!(ran.rows()["publish"], (4, 0));
        assert_eq!((ran.times("disconnect"), ran.ended_at_ms()), (vec![1_600], 1_600));
        assert_eq!(ran.outcome.end, End::RunTime);
    }

    #[test]
    fn after_it_the_rest_is_cut_off() {
        let ran = run_to_end(busy(ms(1_500), 2 * SECOND).build(), script(after(60 * SECOND)));
        assert!(!ran.rows().contains_key("publish"));
        assert_eq!((ran.times("disconnect"), ran.ended_at_ms()), (vec![3_500], 3_500));
        assert_eq!(ran.outcome.end, End::RunTime);
    }

    #[test]
    fn a_pause_between_tasks_ends_at_once() {
        let mut b = busy(ms(1_500), 60 * SECOND);
        let publish = b.publish("slow", "");
        b.class("idle", WaitTime::Pause(Pause::Constant(100 * SECOND)), steps([publish]));
        b.load.users = 2;
        b.load.spawn_rate = 2.0;
        let ran = run_to_end(b.build(), script(after(ms(400))));
        let stops: BTreeMap<_, _> = (ran.journal.iter().filter(|e| e.action == "disconnect"))
            .map(|entry| (entry.client_id.as_str(), entry.at.as_millis()))
            .collect();
        assert_eq!(stops, BTreeMap::from([("device-1", 1_600), ("idle-2", 1_500)]));
    }

    #[test]
    fn a_wait_step_is_part_of_its_task() {
        let mut b = PlanBuilder::new(ms(1_500));
        b.load.stop_timeout = 60 * SECOND;
        let publish = b.publish("t", "");
        let list = [vec![Step::Wait(Pause::Constant(ms(2_300)))], steps([publish])].concat();
        b.class("device", WaitTime::ZERO, list);
        let ran = run_to_end(b.build(), Script::default());
        assert_eq!((ran.times("publish"), ran.times("disconnect")), (vec![2_301], vec![2_302]));
    }

    #[test]
    fn the_first_interrupt_is_a_stop_and_the_second_drops() {
        let b = busy(600 * SECOND, 60 * SECOND).build();
        let interrupts = [ms(1_500), ms(2_500)];
        let ran = run_interrupted(b, script(after(30 * SECOND)), OPTIONS, &interrupts);
        assert_eq!((ran.outcome.end, ran.ended_at_ms()), (End::Aborted, 2_500));
        assert_eq!(ran.times("disconnect"), [0; 0]);
        assert_eq!(ran.rows(), BTreeMap::from([("connect", (1, 0))]));

        let b = busy(600 * SECOND, 60 * SECOND).build();
        let ran = run_interrupted(b, script(after(ms(400))), OPTIONS, &interrupts[..1]);
        assert_eq!((ran.outcome.end, ran.ended_at_ms()), (End::Stopped, 1_600));
        assert_eq!(ran.times("disconnect"), [1_600]);
    }

    #[test]
    fn an_interrupt_ends_the_ramp_too() {
        let mut b = busy(600 * SECOND, SECOND);
        b.load.users = 100;
        let ran = run_interrupted(b.build(), script(after(ms(400))), OPTIONS, &[ms(2_500)]);
        assert_eq!(ran.times("connected"), [0, 1_000, 2_000]);
        assert_eq!(ran.ended_at_ms(), 2_800);
    }

    #[test]
    fn an_on_stop_without_end_is_dropped_and_the_run_time_stays_the_reason() {
        let mut b = busy(ms(1_500), Duration::ZERO);
        let mut publish = b.publish("bye", "");
        publish.timeout = 600 * SECOND;
        let connect = b.connect();
        b.class("slow", WaitTime::ZERO, vec![connect, Step::Wait(Pause::Constant(SECOND))]).on_stop =
            Steps(steps([publish]));
        b.load.users = 2;
        b.load.spawn_rate = 2.0;
        let ran = run_to_end(b.build(), script(|_| Answer::Never));
        assert_eq!((ran.outcome.end, ran.ended_at_ms()), (End::RunTime, 6_500));
        assert_eq!(ran.times("disconnect"), [1_500], "the other user leaves as it should");
    }

    #[test]
    fn open_acknowledgements_are_waited_for_as_long_as_the_task_may_be() {
        for (stop_timeout, counted, end) in [(5 * SECOND, 3, 3_000), (SECOND, 0, 2_500)] {
            let mut b = PlanBuilder::new(ms(1_500));
            b.broker.inflight = 10;
            b.load.stop_timeout = stop_timeout;
            let mut publish = b.publish("t", "");
            publish.await_ack = false;
            let list = steps([publish.clone(), publish.clone(), publish]);
            b.class("device", WaitTime::Pause(Pause::Constant(600 * SECOND)), list);
            let ran = run_to_end(b.build(), script(after(3 * SECOND)));
            assert_eq!(ran.rows().get("publish").map_or(0, |row| row.0), counted);
            assert_eq!((ran.times("disconnect"), ran.ended_at_ms()), (vec![u128::from(end)], end));
            assert_eq!(ran.failure_counts(), []);
        }
    }
}

mod brokers_at_their_worst {
    use super::*;

    #[test]
    fn connects_that_fail_are_repeated_with_growing_pauses() {
        let mut b = PlanBuilder::new(ms(120_500));
        b.load.stop_timeout = 600 * SECOND;
        let publish = b.publish("t", "");
        b.class("device", WaitTime::ZERO, steps([publish]));
        let refuse = |_| Answer::Fail(ms(10), Failure::Refused(3));
        let ran = run_to_end(b.build(), Script { connect: Box::new(refuse), ..Script::default() });
        let times = ran.times("connect");
        for (n, pair) in (0..).zip(times.windows(2)) {
            let full = (500 << n.min(6_u32)).min(30_000);
            let pause = pair[1] - pair[0] - 10;
            assert!((full / 2..=full + 1).contains(&pause), "pause {n}: {pause} of {full} ms");
        }
        assert!((9..=16).contains(&times.len()), "{times:?}");
        let count = times.len() as u64;
        assert_eq!(ran.failure_counts(), [("connect", "CONNACK: server unavailable (3)", count)]);
        assert_eq!(ran.ended_at_ms(), 120_500, "the stop ends the pause");
    }

    #[test]
    fn a_connect_without_answer_fails_in_its_time() {
        let mut b = PlanBuilder::new(ms(7_000));
        let connect = b.connect();
        b.class("device", WaitTime::ZERO, vec![connect]);
        let ran = run_to_end(b.build(), Script { connect: Box::new(|_| Answer::Never), ..Script::default() });
        assert_eq!(ran.failure_counts(), [("connect", "no CONNACK within 5s", 1)]);
    }

    #[test]
    fn a_connection_lost_in_a_pause_counts_once_and_is_opened_again() {
        let mut b = PlanBuilder::new(ms(12_500));
        let publish = b.publish("t", "");
        b.class("device", WaitTime::Pause(Pause::Constant(10 * SECOND)), steps([publish]));
        let lives = |n| (n == 0).then_some((ms(2_250), Failure::Closed));
        let ran = run_to_end(b.build(), Script { lives: Box::new(lives), ..script(after(ms(1))) });
        insta::assert_snapshot!(ran.journal());
        assert_eq!(ran.failure_counts(), [("disconnect", "connection lost: closed by the broker", 1)]);
        let loss = ran.requests.iter().find(|request| request.error.is_some()).unwrap();
        assert_eq!((loss.at_ms, loss.response_ms), (2_250, None));
        let expected = [("connect", (2, 0)), ("disconnect", (1, 1)), ("publish", (2, 0))];
        assert_eq!(ran.rows(), expected.into());
    }

    #[test]
    fn a_loss_together_with_the_acknowledgement_counts_too() {
        let mut b = PlanBuilder::new(ms(1_600));
        let publish = b.publish("t", "");
        b.class("device", WaitTime::Pause(Pause::Constant(10 * SECOND)), steps([publish]));
        let lives = |n| (n == 0).then_some((SECOND, Failure::Closed));
        let ran = run_to_end(b.build(), Script { lives: Box::new(lives), ..script(after(SECOND)) });
        assert_eq!(ran.rows()["publish"], (1, 0));
        assert_eq!(ran.failure_counts(), [("disconnect", "connection lost: closed by the broker", 1)]);
    }

    #[test]
    fn a_connection_lost_with_a_window_fails_each_request_once() {
        let mut b = PlanBuilder::new(ms(1_400));
        b.broker.inflight = 10;
        let mut publish = b.publish("t", "");
        publish.await_ack = false;
        let list = vec![
            Step::Repeat { level: 0, times: 10 },
            Step::Publish(Box::new(publish)),
            Step::EndRepeat { level: 0, first: 1 },
        ];
        b.class("device", WaitTime::Pause(Pause::Constant(10 * SECOND)), list);
        let lives = |_| Some((ms(1_250), Failure::Closed));
        let ran = run_to_end(b.build(), Script { lives: Box::new(lives), ..script(|_| Answer::Never) });
        assert_eq!(ran.failure_counts(), [("publish", "connection lost: closed by the broker", 10)]);
        assert_eq!(ran.rows(), BTreeMap::from([("connect", (1, 0)), ("publish", (10, 10))]));
    }

    #[test]
    fn without_acknowledgements_each_message_fails_in_its_time() {
        let mut b = PlanBuilder::new(ms(35_500));
        let publish = b.publish("t", "12345");
        b.class("device", WaitTime::ZERO, steps([publish]));
        let ran = run_to_end(b.build(), script(|_| Answer::Never));
        assert_eq!(ran.times("publish"), [0, 10_000, 20_000, 30_000]);
        assert_eq!(ran.failure_counts(), [("publish", "no PUBACK within 10s", 3)]);
        let row = &ran.last.rows[1];
        assert_eq!((row.average, row.requests), (10_000.0, 3));
        assert_eq!(ran.times("connected"), [0], "the connection is still good");
    }

    #[test]
    fn a_window_keeps_so_many_messages_open_and_fails_without_room() {
        let mut b = PlanBuilder::new(ms(3_500));
        b.broker.inflight = 3;
        let mut publish = b.publish("t", "");
        publish.await_ack = false;
        publish.timeout = 2 * SECOND;
        b.class("device", WaitTime::ZERO, steps([publish]));
        let plan = b.build();
        let ran = run_to_end(Arc::clone(&plan), script(after(SECOND)));
        assert_eq!(
            ran.times("publish"),
            [0, 0, 0, 1_000, 1_000, 1_000, 2_000, 2_000, 2_000, 3_000, 3_000, 3_000]
        );
        assert_eq!(ran.rows()["publish"], (9, 0));

        let ran = run_to_end(plan, script(|_| Answer::Never));
        // The fourth was due with the others, and its time is over with theirs.
        assert_eq!(ran.times("publish"), [0, 0, 0, 2_000, 2_000, 2_000, 2_000]);
        assert_eq!(ran.failure_counts(), [("publish", "no PUBACK within 2s", 4)]);
    }

    #[test]
    fn a_user_that_panics_is_an_exception_and_the_others_go_on() {
        let mut b = PlanBuilder::new(ms(2_500));
        b.load.users = 3;
        b.load.spawn_rate = 3.0;
        let publish = b.publish("t", "");
        b.class("device", WaitTime::Pause(Pause::Constant(SECOND)), steps([publish]));
        let ran =
            run_to_end(b.build(), script(|n| if n == 1 { panic!("planted") } else { Answer::After(ms(1)) }));
        let exceptions = &ran.last.exceptions;
        assert_eq!(exceptions.len(), 1);
        assert_eq!((exceptions[0].count, exceptions[0].message.as_str()), (1, "planted"));
        assert_eq!(ran.rows()["publish"], (6, 0));
        let users: Vec<_> = ran.ticks.iter().map(|tick| tick.users).collect();
        assert_eq!(users, [0, 2, 2, 0]);
    }
}

/// Messages by user, without their times.
fn messages(ran: &RunResult) -> BTreeMap<String, Vec<String>> {
    let mut messages = BTreeMap::<_, Vec<_>>::new();
    for entry in ran.journal.iter().filter(|entry| entry.action.starts_with("publish")) {
        messages.entry(entry.client_id.clone()).or_default().push(entry.action.clone());
    }
    messages
}

#[test]
fn a_seed_repeats_what_each_user_sends_however_the_broker_answers() {
    let run = |seed, answer: Duration| {
        let mut b = PlanBuilder::new(ms(20_500));
        b.seed = seed;
        b.load.users = 3;
        b.load.spawn_rate = 10.0;
        let lists = ["a", "b"].map(|topic| {
            steps([b.publish(topic, "${random_int(1, 1000000)} ${uuid()} ${choice('x', 'y')}")])
        });
        let [first, second] = lists;
        let class = b.class("device", WaitTime::Pause(Pause::Between(ms(100), ms(900))), first);
        class.tasks.push(task("other", 3, second));
        let refuse_once =
            move |n| if n == 1 { Answer::Fail(ms(5), Failure::Closed) } else { Answer::After(answer) };
        messages(&run_to_end(b.build(), Script { connect: Box::new(refuse_once), ..script(after(answer)) }))
    };
    let (fast, slow, other) = (run(1, ms(1)), run(1, ms(150)), run(2, ms(1)));
    assert_eq!(fast.len(), 3);
    for (user, sent) in &fast {
        let common = sent.len().min(slow[user].len());
        assert!(common > 20, "{common}");
        assert_eq!(sent[..common], slow[user][..common], "{user}");
        assert_ne!(sent[..10], other[user][..10], "{user}");
        let share = sent.iter().filter(|action| action.starts_with("publish b")).count();
        assert!(share > sent.len() / 2, "weights count: {share} of {}", sent.len());
    }
    assert_ne!(fast["device-1"], fast["device-2"]);
}

#[test]
fn an_observer_that_fails_ends_the_run() {
    struct Full(Rc<Cell<u32>>);
    impl Observer for Full {
        type Error = &'static str;
        fn recorded(&mut self, _: &[Batch]) -> Result<(), &'static str> {
            Ok(())
        }
        fn tick(&mut self, _: &Tick<'_>) -> Result<Control, &'static str> {
            self.0.set(self.0.get() + 1);
            if self.0.get() == 3 { Err("disk full") } else { Ok(Control::GoOn) }
        }
    }
    with_paused_clock(async {
        let mut b = PlanBuilder::new(600 * SECOND);
        let publish = b.publish("t", "");
        b.class("device", WaitTime::Pause(Pause::Constant(SECOND)), steps([publish]));
        let ticks = Rc::new(Cell::new(0));
        let connector = ScriptedConnector::new(Script::default());
        let mut observer = Full(Rc::clone(&ticks));
        let interrupts = Interrupts::default();
        let result = run_here(b.build(), connector.clone(), OPTIONS, &interrupts, &mut observer).await;
        assert!(matches!(result, Err(RunError::Observer("disk full"))), "{result:?}");
        assert_eq!(ticks.get(), 3);
        assert!(connector.entries().iter().all(|entry| entry.at < 3 * SECOND));
    });
}

#[test]
fn an_observer_that_finds_a_threshold_missed_ends_the_run_in_order() {
    with_paused_clock(async {
        let mut b = PlanBuilder::new(600 * SECOND);
        b.load.stop_timeout = 10 * SECOND;
        let publish = b.publish("t", "");
        let stop = b.publish("stop", "");
        let class = b.class("device", WaitTime::Pause(Pause::Constant(ms(400))), steps([publish]));
        class.on_stop = Steps(steps([stop]));
        let connector = ScriptedConnector::new(Script::default());
        // One user connects, and then publishes each 400 ms.
        let mut observer = RecordingObserver::stopping_at(5);
        let plan = b.build();
        let outcome = run_here(plan, connector.clone(), LOGGED, &Interrupts::default(), &mut observer).await;
        let ran = observer.result(outcome.unwrap(), connector.entries());
        ran.check();
        assert_eq!(ran.outcome.end, End::Threshold);
        assert!((2_000..2_010).contains(&ran.ended_at_ms()), "{}", ran.ended_at_ms());
        assert_eq!(ran.times("publish stop").len(), 1, "on_stop is run");
        assert_eq!(ran.times("disconnect").len(), 1);
    });
}

#[test]
fn two_threads_count_what_the_broker_counts() {
    let broker = Broker::start(BrokerConfig::default()).unwrap();
    let mut b = PlanBuilder::new(ms(1_200));
    b.load.users = 6;
    b.load.spawn_rate = 6.0;
    b.load.stop_timeout = 20 * SECOND;
    b.broker.inflight = 20;
    let mut list = vec![b.connect()];
    for (level, qos) in [Qos::AtMostOnce, Qos::AtLeastOnce, Qos::ExactlyOnce].into_iter().enumerate() {
        for await_ack in [false, true] {
            let mut publish = b.publish("device/${user.number}", "${random_string(20)}");
            publish.request = b.request(&format!("publish {level}"));
            list.push(Step::Publish(Box::new(Publish { qos, await_ack, ..publish })));
        }
    }
    list.push(b.disconnect());
    b.class("device", WaitTime::Pause(Pause::Constant(ms(5))), list);
    let plan = b.build();
    let options = Options { threads: 2, ..OPTIONS };
    let (interrupts, observer) = (Interrupts::default(), RecordingObserver::default());
    let ran = with_sockets(run_observed(broker.addr(), plan, options, &interrupts, observer));
    let counters = broker.stop();
    ran.check();
    let rows = ran.rows();
    assert_eq!(ran.failure_counts(), []);
    let tasks = rows["connect"].0;
    assert!(tasks >= 12, "{tasks}");
    let expected = [
        ("connect", (counters.sessions, 0)),
        ("disconnect", (tasks, 0)),
        ("publish 0", (counters.publishes[0], 0)),
        ("publish 1", (counters.publishes[1], 0)),
        ("publish 2", (counters.publishes[2], 0)),
    ];
    assert_eq!(rows, expected.into());
    assert_eq!(counters.publishes, [2 * tasks; 3]);
    assert_eq!((counters.protocol_errors, counters.duplicates), (0, 0));
}
