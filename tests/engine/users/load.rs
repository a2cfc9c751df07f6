//! Load over time: stages up and down, and the limits that end a run.

use mqtt_scenario::plan::load::{After, Stage, Users};
use mqtt_scenario::plan::load::{ClassRate, RateSearchSettings};
use mqtt_scenario::stats::threshold::Threshold;
use tokio::time::sleep;

use super::*;

fn stage(users: u32, spawn_rate: f64, duration: Duration) -> Stage {
    let users = Users::Total(users);
    let (duration, after) = (Some(duration), After::AtOnce);
    Stage { name: None, users, spawn_rate, duration, after, mass_disconnect: None }
}

fn per_class(counts: &[u32], spawn_rate: f64, duration: Duration) -> Stage {
    Stage { users: Users::PerClass(counts.to_vec()), ..stage(0, spawn_rate, duration) }
}

/// Users that connect and publish each 0.1 s, in stages and without a run time.
fn staged(stages: Vec<Stage>) -> PlanBuilder {
    let mut b = PlanBuilder::new(SECOND);
    b.load.run_time = None;
    b.load.stages = stages;
    busy_class(&mut b, "device");
    b
}

fn busy_class(b: &mut PlanBuilder, name: &str) {
    let connect = b.connect();
    let publish = b.publish("t", "");
    b.class(name, WaitTime::Pause(Pause::Constant(ms(100))), steps([publish])).on_start =
        Steps(vec![connect]);
}

/// Users at each tick but the last.
fn users(ran: &RunResult) -> Vec<i64> {
    ran.ticks.iter().filter(|tick| !tick.last).map(|tick| tick.users).collect()
}

/// When users connected and disconnected, by client id.
fn lives(ran: &RunResult) -> BTreeMap<&str, (u128, u128)> {
    let mut lives = BTreeMap::new();
    for entry in &ran.journal {
        let at = entry.at.as_millis();
        match entry.action.as_str() {
            "connected" => drop(lives.insert(entry.client_id.as_str(), (at, 0))),
            "disconnect" => lives.get_mut(entry.client_id.as_str()).unwrap().1 = at,
            _ => {}
        }
    }
    lives
}

#[test]
fn a_reset_that_somebody_asks_for_forgets_exceptions_and_one_at_the_end_of_the_ramp_keeps_them() {
    for (asks, reset_stats, left) in [(false, false, 1), (false, true, 1), (true, false, 0)] {
        let mut b = PlanBuilder::new(3 * SECOND);
        b.load.users = 3;
        b.load.spawn_rate = 3.0;
        busy_class(&mut b, "device");
        let tokens = Interrupts::default();
        let control = tokens.control.clone();
        let resets = async {
            sleep(ms(1_500)).await;
            if asks {
                control.reset_statistics();
            }
        };
        let panics = script(|n| if n == 1 { panic!("planted") } else { Answer::After(ms(1)) });
        let options = Options { reset_stats, ..LOGGED };
        let ran = with_paused_clock(run_scripted(b.build(), panics, options, &tokens, resets));
        assert_eq!(ran.last.exceptions.len(), left, "asked: {asks}, at the end of the ramp: {reset_stats}");
    }
}

#[test]
fn users_come_and_go_as_somebody_asks_while_the_run_goes_on() {
    let mut b = PlanBuilder::new(9 * SECOND);
    b.load.users = 2;
    b.load.spawn_rate = 100.0;
    busy_class(&mut b, "device");
    let tokens = Interrupts::default();
    let control = tokens.control.clone();
    let asks = async {
        for by in [10, -9, -9, 1] {
            sleep(ms(1_500)).await;
            control.add(by);
            sleep(ms(500)).await;
        }
    };
    let ran = with_paused_clock(run_scripted(b.build(), script(after(ms(1))), LOGGED, &tokens, asks));
    ran.check();
    assert_eq!(users(&ran), [0, 2, 12, 12, 3, 3, 0, 0, 1, 1]);
    assert_eq!((ran.outcome.end, ran.ended_at_ms()), (End::RunTime, 9_000));
    assert_eq!(ran.rows()["connect"], (13, 0));
    assert_eq!(
        [&lives(&ran)["device-12"], &lives(&ran)["device-3"]],
        [&(1_500, 3_500), &(1_500, 5_500)],
        "the newest leave first"
    );
    assert_eq!(ran.failures(), [""; 0]);
}

mod stages {
    use super::*;

    #[test]
    fn users_go_up_and_down_and_the_run_ends_after_the_last_stage() {
        let b = staged(vec![stage(4, 2.0, 3 * SECOND), stage(1, 1.0, 4 * SECOND), stage(3, 1.0, 3 * SECOND)]);
        let ran = run_to_end(b.build(), script(after(ms(1))));
        assert_eq!(users(&ran), [0, 4, 4, 4, 3, 2, 1, 2, 3, 3, 3]);
        assert_eq!((ran.outcome.end, ran.ended_at_ms()), (End::Stages, 10_000));
        // The newest stop first, and numbers go on counting.
        let expected = [
            ("device-1", (0, 10_000)),
            ("device-2", (0, 5_000)),
            ("device-3", (1_000, 4_000)),
            ("device-4", (1_000, 3_000)),
            ("device-5", (7_000, 10_000)),
            ("device-6", (8_000, 10_000)),
        ];
        assert_eq!(lives(&ran), expected.into());
        assert_eq!(ran.failure_counts(), []);
    }

    #[test]
    fn users_that_a_stage_stops_finish_their_task_within_the_stop_timeout() {
        let mut b = staged(vec![stage(2, 2.0, ms(1_050)), stage(0, 2.0, 60 * SECOND)]);
        b.load.stop_timeout = SECOND;
        // The first messages are acknowledged in time, the second of one user never.
        let answers = |n| if n < 3 { Answer::After(ms(990)) } else { Answer::Never };
        let ran = run_to_end(b.build(), script(answers));
        assert_eq!(ran.outcome.end, End::UsersGone);
        // Both began their first message at 0, paused from 990 to 1090, and were told at 1050 in the pause.
        assert_eq!(ran.times("disconnect"), [1_050, 1_050]);
        assert_eq!(ran.ended_at_ms(), 1_050);

        let mut b = staged(vec![stage(2, 2.0, ms(1_500)), stage(0, 2.0, 60 * SECOND)]);
        b.load.stop_timeout = SECOND;
        let ran = run_to_end(b.build(), script(answers));
        // One of them gets its second acknowledgement, the other is cut off after the stop timeout.
        assert_eq!(ran.times("disconnect"), [2_080, 2_500]);
        assert_eq!(ran.rows()["publish"], (3, 0));
    }

    #[test]
    fn users_that_do_not_come_to_an_end_are_dropped_after_a_while() {
        let mut b = staged(vec![stage(1, 1.0, SECOND), stage(0, 1.0, 60 * SECOND)]);
        let (publish, connect) = (b.publish("bye", ""), b.connect());
        let class = b.class("sticky", WaitTime::Pause(Pause::Constant(SECOND)), vec![connect]);
        class.on_stop = Steps(steps([publish]));
        class.fixed_count = 1;
        let ran = run_to_end(b.build(), script(|_| Answer::Never));
        assert_eq!((ran.outcome.end, ran.ended_at_ms()), (End::UsersGone, 6_000));
        assert_eq!(ran.times("disconnect"), [0; 0]);
    }

    #[test]
    fn classes_are_counted_one_by_one() {
        let mut b = staged(vec![
            per_class(&[2, 0], 10.0, 2 * SECOND),
            per_class(&[1, 3], 1.0, 4 * SECOND),
            stage(5, 1.0, 2 * SECOND),
        ]);
        busy_class(&mut b, "other");
        let ran = run_to_end(b.build(), script(after(ms(1))));
        let lives = lives(&ran);
        let of = |name: &str| {
            let of_class = lives.iter().filter(|(id, _)| id.starts_with(name));
            of_class.map(|(_, life)| *life).collect::<Vec<_>>()
        };
        // The second stage exchanges users one by one; the third goes by weight again.
        assert_eq!(of("device"), [(0, 8_000), (0, 2_000), (6_000, 8_000)]);
        assert_eq!(of("other"), [(2_000, 8_000), (3_000, 8_000), (4_000, 8_000)]);
    }

    #[test]
    fn a_stage_that_is_too_short_gives_way_to_the_next() {
        let ran = run_to_end(
            staged(vec![stage(100, 1.0, ms(2_500)), stage(2, 10.0, ms(1_500))]).build(),
            script(after(ms(1))),
        );
        assert_eq!(users(&ran), [0, 2, 3, 2, 2]);
        assert_eq!(ran.ended_at_ms(), 4_000);
    }

    #[test]
    fn a_run_time_cuts_stages_short() {
        let mut b = staged(vec![stage(1, 1.0, 2 * SECOND), stage(2, 1.0, 60 * SECOND)]);
        b.load.run_time = Some(ms(3_500));
        let ran = run_to_end(b.build(), script(after(ms(1))));
        assert_eq!((ran.outcome.end, ran.ended_at_ms()), (End::RunTime, 3_500));
    }

    #[test]
    fn statistics_begin_anew_after_the_ramp_of_each_stage() {
        let b = staged(vec![stage(2, 1.0, 3 * SECOND), stage(3, 1.0, 3 * SECOND)]);
        let options = Options { reset_stats: true, ..OPTIONS };
        let ran = run_interrupted(b.build(), script(after(ms(1))), options, &[]);
        let resets: Vec<_> = ran.ticks.iter().filter(|t| t.reset).map(|t| t.at_ms).collect();
        assert_eq!(resets, [1_000, 3_000]);
    }
}

mod connected {
    use super::*;

    fn waiting(users: u32, duration: Duration) -> Stage {
        Stage { after: After::Connected, ..stage(users, 10.0, duration) }
    }

    /// The n-th connect takes so many seconds.
    fn slow_connects(seconds: &'static [u64]) -> Script {
        let connect = Box::new(|n: usize| Answer::After(SECOND * u32::try_from(seconds[n]).unwrap()));
        Script { connect, ..script(after(ms(1))) }
    }

    #[test]
    fn the_clock_of_a_stage_starts_when_all_its_users_are_connected() {
        let mut b = staged(vec![waiting(3, 2 * SECOND), stage(0, 10.0, SECOND)]);
        b.broker.connect_timeout = 60 * SECOND;
        let ran = run_to_end(b.build(), slow_connects(&[1, 25, 3]));
        assert_eq!(ran.times("connected"), [1_000, 3_000, 25_000]);
        assert_eq!((ran.times("disconnect"), ran.ended_at_ms()), (vec![27_000; 3], 27_000));
        assert_eq!(ran.outcome.end, End::UsersGone);
    }

    #[test]
    fn users_that_disconnect_again_have_been_there() {
        let mut b = PlanBuilder::new(SECOND);
        b.load.run_time = None;
        b.load.stages = vec![waiting(2, 2 * SECOND)];
        let cycle = vec![b.connect(), b.disconnect()];
        b.class("device", WaitTime::Pause(Pause::Constant(ms(700))), cycle);
        let ran = run_to_end(b.build(), slow_connects(&[0, 1, 0, 0, 0, 0, 0, 0, 0, 0]));
        assert_eq!((ran.outcome.end, ran.ended_at_ms()), (End::Stages, 3_000));
    }

    #[test]
    fn a_stage_does_not_wait_for_ever_for_connections() {
        // Twice a connect of 5 s and the longest pause of 30 s before it.
        let nobody = Script { connect: Box::new(|_| Answer::Never), ..Script::default() };
        let ran = run_to_end(staged(vec![waiting(2, 2 * SECOND)]).build(), nobody);
        assert_eq!(ran.outcome.end, End::NobodyConnected);
        assert!((70_000..100_000).contains(&ran.ended_at_ms()), "{}", ran.ended_at_ms());
        assert!(!ran.failure_counts().is_empty());

        let connect = Box::new(|n| if n == 1 { Answer::After(ms(0)) } else { Answer::Never });
        let some = Script { connect, ..script(after(ms(1))) };
        let ran = run_to_end(staged(vec![waiting(2, 2 * SECOND)]).build(), some);
        assert_eq!(ran.outcome.end, End::Stages, "it goes on without the one");
        assert!((72_000..102_000).contains(&ran.ended_at_ms()), "{}", ran.ended_at_ms());
    }

    #[test]
    fn nobody_waits_longer_than_the_run_time_or_an_interrupt() {
        let connect = || Script { connect: Box::new(|_| Answer::Never), ..Script::default() };
        let mut b = staged(vec![waiting(1, 2 * SECOND)]);
        b.load.run_time = Some(ms(31_500));
        let ran = run_to_end(b.build(), connect());
        assert_eq!((ran.outcome.end, ran.ended_at_ms()), (End::RunTime, 31_500));

        let b = staged(vec![waiting(1, 2 * SECOND)]);
        let ran = run_interrupted(b.build(), connect(), OPTIONS, &[ms(12_500)]);
        assert_eq!((ran.outcome.end, ran.ended_at_ms()), (End::Stopped, 12_500));
    }
}

mod limits {
    use super::*;

    /// Three users that start at once and publish twice in each task, each message acknowledged after 0.4 s.
    fn limited(iterations: Option<u64>, messages: Option<u64>) -> PlanBuilder {
        let mut b = PlanBuilder::new(600 * SECOND);
        (b.load.users, b.load.spawn_rate) = (3, 10.0);
        (b.load.iterations, b.load.messages) = (iterations, messages);
        let (connect, bye) = (b.connect(), b.publish("bye", ""));
        let work = [b.publish("t", ""), b.publish("t", "")];
        let class = b.class("device", WaitTime::Pause(Pause::Constant(10 * SECOND)), steps(work));
        class.on_start = Steps(vec![connect]);
        class.on_stop = Steps(steps([bye]));
        b
    }

    #[test]
    fn the_last_task_run_is_finished_and_pauses_end_at_once() {
        let ran = run_to_end(limited(Some(7), None).build(), script(after(ms(400))));
        // Three at 0, three at 10.8, one at 21.6, which takes 0.8 s; the others leave as it begins. One message
        // more of each user on its way out.
        assert_eq!(ran.rows()["publish"], (2 * 7 + 3, 0));
        assert_eq!(ran.times("disconnect"), [22_000, 22_000, 22_800]);
        assert_eq!(ran.outcome.end, End::Limit);
    }

    #[test]
    fn messages_are_counted_to_the_last_one_in_the_middle_of_a_task() {
        let ran = run_to_end(limited(None, Some(11)).build(), script(after(ms(400))));
        assert_eq!(ran.rows()["publish"], (11 + 3, 0));
        assert_eq!(ran.outcome.end, End::Limit);
        assert_eq!(ran.failure_counts(), []);
    }

    #[test]
    fn a_run_time_that_is_over_first_ends_the_run() {
        let mut b = limited(Some(7), None);
        b.load.run_time = Some(5 * SECOND);
        let ran = run_to_end(b.build(), script(after(ms(400))));
        assert_eq!(ran.outcome.end, End::RunTime);
    }

    #[test]
    fn who_waits_for_the_last_tasks_can_be_interrupted() {
        let b = limited(Some(3), None).build();
        let ran = run_interrupted(b, script(|_| Answer::Never), OPTIONS, &[ms(1_500)]);
        assert_eq!(ran.outcome.end, End::Stopped);
        assert_eq!(ran.ended_at_ms(), 6_500, "on_stop gets its five seconds");
    }

    /// A publisher each 0.1 s, whose fifth message is the last of the limit, beside a user of this class; each connects
    /// before its first task.
    fn beside(limit: &str, stop_timeout: &str, class: &str) -> Arc<Plan> {
        let limit = if limit == "iterations" { "iterations = 6" } else { "messages = 5" };
        let text = format!(
            r#"
            version = 1
            brokers.b = {{ url = "mqtt://127.0.0.1", connect_timeout = "60s" }}
            load = {{ users = 2, spawn_rate = 10, {limit}, stop_timeout = "{stop_timeout}" }}
            [user_classes.a]
            fixed_count = 1
            on_start = ["connect"]
            wait_time = {{ constant = "100ms" }}
            tasks = [{{ name = "t", steps = [{{ publish = {{ topic = "t", qos = 1, name = "publish" }} }}] }}]
            [user_classes.b]
            fixed_count = 1
            {class}
            "#
        );
        Arc::new(TestScenario::toml(text).plan())
    }

    /// When a run with such a user ends, in milliseconds.
    fn ends(limit: &str, stop_timeout: &str, steps: &str) -> u64 {
        let class = format!(
            "on_start = [{{ subscribe = {{ filter = \"c\" }} }}]\ntasks = [{{ name = \"t\", steps = [{steps}] }}]"
        );
        let ran = run_to_end(beside(limit, stop_timeout, &class), script(after(ms(1))));
        assert_eq!(ran.outcome.end, End::Limit);
        assert_eq!(ran.rows()["publish"], (5, 0), "{limit} {steps}");
        assert_eq!(ran.failure_counts(), [], "{limit} {steps}");
        ran.ended_at_ms()
    }

    const RECEIVE: &str = "{ receive = { filter = \"c\", timeout = \"1h\" } }";

    #[test]
    fn nobody_waits_for_a_user_that_waits_for_what_may_never_come() {
        for limit in ["messages", "iterations"] {
            // The fifth message is acknowledged at about 405 ms; who only answers stays for the settle time more.
            let answers = format!("{RECEIVE}, {{ publish = {{ topic = \"x\", qos = 1 }} }}");
            for (stop_timeout, steps, ends_at) in [
                ("0s", RECEIVE, 655),
                ("10s", RECEIVE, 655),
                ("0s", &*answers, 655),
                ("0s", "{ wait = \"1h\" }", 405),
                ("10s", "{ wait = \"1h\" }", 405),
            ] {
                let ended = ends(limit, stop_timeout, steps);
                assert!(
                    (ends_at - 10..=ends_at + 10).contains(&ended),
                    "{limit} {stop_timeout} {steps}: {ended}"
                );
            }
        }
    }

    #[test]
    fn a_pause_that_ends_within_the_stop_timeout_is_made_to_its_end() {
        for (limit, stop_timeout, pause, ends_at) in [
            ("messages", "0s", "1300ms", 1_300),
            ("messages", "0s", "1500ms", 405),
            ("messages", "10s", "9s", 9_000),
            ("iterations", "0s", "3300ms", 3_300),
            ("iterations", "0s", "3500ms", 405),
        ] {
            let ended = ends(limit, stop_timeout, &format!("{{ wait = \"{pause}\" }}"));
            assert!((ends_at - 10..=ends_at + 10).contains(&ended), "{limit} {pause}: {ended}");
        }
    }

    #[test]
    fn a_reply_that_does_not_come_has_the_stop_timeout() {
        let ask =
            "{ request = { topic = \"q\", reply_topic = \"c\", correlation = \"topic\", timeout = \"1h\" } }";
        for (stop_timeout, ends_at) in [("0s", 3_400), ("500ms", 900), ("2s", 2_400), ("10s", 10_400)] {
            let class = format!(
                "on_start = [{{ subscribe = {{ filter = \"c\" }} }}]\ntasks = [{{ name = \"t\", steps = [{ask}] }}]"
            );
            let ran = run_to_end(beside("iterations", stop_timeout, &class), script(after(ms(1))));
            assert_eq!(ran.outcome.end, End::Limit);
            assert!((ends_at - 10..=ends_at + 10).contains(&ran.ended_at_ms()), "{}", ran.ended_at_ms());
        }
    }

    #[test]
    fn a_connect_that_is_not_answered_does_not_hold_up_the_end() {
        for (limit, ends_at) in [("messages", 1_405), ("iterations", 3_405)] {
            let plan =
                beside(limit, "0s", "tasks = [{ name = \"t\", steps = [\"connect\", { wait = \"1s\" }] }]");
            let connect = Box::new(|n| if n == 0 { Answer::After(ms(0)) } else { Answer::Never });
            let ran = run_to_end(plan, Script { connect, ..script(after(ms(1))) });
            assert_eq!(ran.outcome.end, End::Limit);
            assert!(
                (ends_at - 10..=ends_at + 10).contains(&ran.ended_at_ms()),
                "{limit}: {}",
                ran.ended_at_ms()
            );
        }
    }

    #[test]
    fn what_on_stop_waits_for_does_not_hold_up_the_end() {
        let class = format!(
            "on_start = [{{ subscribe = {{ filter = \"c\" }} }}]\ntasks = [{{ name = \"t\", steps = [\"connect\", {{ wait = \"100ms\" }}] }}]\non_stop = [{RECEIVE}]"
        );
        let ran = run_to_end(beside("messages", "0s", &class), script(after(ms(1))));
        assert_eq!(ran.outcome.end, End::Limit);
        assert!(ran.ended_at_ms() <= 6_000, "{}", ran.ended_at_ms());
    }

    #[test]
    fn who_answers_is_there_until_the_last_of_the_others_is_done() {
        // The limit is reached as the last task run of the one that asks begins, which takes two more seconds.
        let text = r#"
            version = 1
            brokers.b = { url = "mqtt://127.0.0.1" }
            load = { users = 2, spawn_rate = 10, iterations = 2 }
            [user_classes.a]
            fixed_count = 1
            on_start = ["connect"]
            tasks = [{ name = "t", steps = [{ wait = "2s" }, { publish = { topic = "ask", qos = 1 } }] }]
            [user_classes.b]
            fixed_count = 1
            on_start = [{ subscribe = { filter = "ask" } }]
            tasks = [{ name = "t", steps = [{ receive = { filter = "ask", timeout = "1h" } }, { publish = { topic = "answer", qos = 1 } }] }]
        "#;
        let plan = Arc::new(TestScenario::toml(text).plan());
        // The script does not forward: it sends the message when it would come.
        let sends = Box::new(|n| if n == 1 { vec![(ms(2_100), "ask", "")] } else { vec![] });
        let ran = run_to_end(plan, Script { sends, ..script(after(ms(1))) });
        assert_eq!(ran.times("publish answer"), [2_100]);
        assert_eq!((ran.outcome.end, ran.failure_counts()), (End::Limit, vec![]));
    }

    #[test]
    fn limits_are_exact_over_threads_and_sockets() {
        for (iterations, messages) in [(Some(1_001), None), (None, Some(1_001)), (Some(400), Some(9_999))] {
            let broker = Broker::start(BrokerConfig::default()).unwrap();
            let mut b = PlanBuilder::new(20 * SECOND);
            (b.load.users, b.load.spawn_rate) = (6, 100.0);
            (b.load.iterations, b.load.messages) = (iterations, messages);
            let (connect, work) = (b.connect(), [b.publish("t", ""), b.publish("t", "")]);
            b.class("device", WaitTime::ZERO, steps(work)).on_start = Steps(vec![connect]);
            let options = Options { threads: 2, ..OPTIONS };
            let (interrupts, observer) = (Interrupts::default(), RecordingObserver::default());
            let run = run_observed(broker.addr(), b.build(), options, &interrupts, observer);
            let ran = with_sockets(run);
            let counters = broker.stop();
            ran.check();
            let sent = messages.filter(|n| *n < 9_999).or(iterations.map(|n| 2 * n)).unwrap();
            assert_eq!(counters.publishes, [0, sent, 0]);
            assert_eq!(ran.rows()["publish"], (sent, 0), "every acknowledgement is waited for");
            assert_eq!(ran.outcome.end, End::Limit);
        }
    }
}

mod search {
    use super::*;

    /// Ten users whose task runs begin 100 times a second each, whatever the search asks for.
    fn searching(until: &str) -> PlanBuilder {
        let mut b = PlanBuilder::new(SECOND);
        (b.load.users, b.load.spawn_rate, b.load.run_time) = (10, 5.0, None);
        let (until, rates) = (Threshold::parse(until).unwrap(), vec![Some(ClassRate::PerUser(1.0))]);
        b.load.search =
            Some(RateSearchSettings { low: 100.0, high: 50_000.0, until, step: 4 * SECOND, rates });
        let (connect, publish) = (b.connect(), b.publish("t", ""));
        b.class("device", WaitTime::Pause(Pause::Constant(ms(10))), steps([publish])).on_start =
            Steps(vec![connect]);
        b
    }

    #[test]
    fn rates_are_tried_once_all_are_connected_and_the_run_ends_with_the_answer() {
        let connect = Box::new(|n| Answer::After(if n == 3 { 7 * SECOND } else { Duration::ZERO }));
        let mut b = searching("p99 < 20ms");
        b.broker.connect_timeout = 60 * SECOND;
        let ran = run_to_end(b.build(), Script { connect, ..script(after(Duration::ZERO)) });
        assert_eq!(ran.outcome.end, End::Search);
        let report = ran.search.as_ref().unwrap();
        assert!(report.complete);
        // What is begun does not follow the search here: 95 % of a rate are enough.
        let begun = report.probes[0].achieved;
        assert!((850.0..=1_000.0).contains(&begun), "{begun}");
        let highest = report.highest.unwrap();
        assert!((begun / 0.95 / 1.06..=begun / 0.95 * 1.01).contains(&highest), "{highest} {begun}");
        assert!(report.probes.iter().all(|probe| probe.failures == 0 && probe.p99_ms < Some(20.0)));
        // The fourth user connects at 7 s; then each step takes four ticks.
        assert_eq!(ran.ended_at_ms() / 1_000, 7 + 4 * report.probes.len() as u64);
    }

    #[test]
    fn an_interrupt_leaves_what_was_found_so_far() {
        let interrupts = [ms(11_500)];
        let ran =
            run_interrupted(searching("p99 < 20ms").build(), script(after(ms(1))), OPTIONS, &interrupts);
        let report = ran.search.as_ref().unwrap();
        assert_eq!((ran.outcome.end, report.complete), (End::Stopped, false));
        assert_eq!((report.probes.len(), report.highest), (2, Some(200.0)));
    }

    #[test]
    fn a_lowest_rate_that_does_not_hold_ends_the_search() {
        let ran = run_to_end(searching("p99 < 20ms").build(), script(after(ms(40))));
        let report = ran.search.as_ref().unwrap();
        assert_eq!((ran.outcome.end, report.probes.len(), report.highest), (End::Search, 1, None));
    }
}
