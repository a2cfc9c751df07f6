//! Task runs by the clock: when they start, what is recorded of them, and what a stop or a loss does to them.

use mqtt_scenario::plan::schedule::{Phase, Schedule};
use mqtt_scenario::stats::Starts;
use mqtt_scenario::stats::stamp::{self, Stamp};

use super::*;
use crate::support::TestScenario;

/// A class whose users send a message at each due moment.
fn by_the_clock(b: &mut PlanBuilder, per_user: f64, phase: Phase) {
    let publish = b.publish("t", "");
    let class = b.class("device", WaitTime::ZERO, steps([publish]));
    class.schedule = Some(Schedule { per_user, jitter: Duration::ZERO, phase });
}

/// Response times of the messages, and those from when the step began, in milliseconds.
fn recorded(ran: &RunResult) -> Vec<(u64, u64)> {
    let published = ran.requests.iter().filter(|request| request.name == "publish");
    published.map(|request| (request.response_ms.unwrap(), request.began_ms.unwrap())).collect()
}

#[test]
fn runs_start_by_the_clock_whatever_the_answers_take() {
    let mut b = PlanBuilder::new(ms(950));
    by_the_clock(&mut b, 10.0, Phase::Aligned);
    let ran = run_to_end(b.build(), script(|n| Answer::After(ms(n as u64 * 10))));
    assert_eq!(ran.times("publish"), [0, 100, 200, 300, 400, 500, 600, 700, 800, 900]);
    let in_time: Vec<_> = (0..9).map(|n| (n * 10, n * 10)).collect();
    assert_eq!(recorded(&ran), in_time, "the last one is cut off");
    assert_eq!(ran.last.starts, Starts { count: 10, late: 0 });
}

/// The broker stalls for a second at ten messages a second: the ten that are due meanwhile are sent one after the
/// other when it is over, and count from when they should have been.
#[test]
fn a_stall_is_in_the_response_times_of_what_it_held_up() {
    let mut b = PlanBuilder::new(ms(3_050));
    by_the_clock(&mut b, 10.0, Phase::Aligned);
    let ran = run_to_end(b.build(), script(|n| Answer::After(if n == 10 { SECOND } else { ms(1) })));
    let times = ran.times("publish");
    assert_eq!(times.len(), 31, "no start is left out");
    assert_eq!(times[9..13], [900, 1_000, 2_000, 2_001]);
    assert_eq!(times[19..23], [2_008, 2_009, 2_100, 2_200]);
    let held_up = (0..=10).map(|k| (1_000 - 99 * k, if k == 0 { 1_000 } else { 1 }));
    let expected: Vec<_> = [(1, 1); 10].into_iter().chain(held_up).chain([(1, 1); 10]).collect();
    assert_eq!(recorded(&ran), expected);
    // What the CSV shows: the 28th, 30th and 31st of 31 sorted times.
    let snapshot = &ran.last;
    let row = snapshot.rows.iter().find(|row| row.key.name == "publish").unwrap();
    let percentiles = row.percentiles.as_ref().unwrap();
    assert_eq!((percentiles[0], percentiles[4], percentiles[5], percentiles[7]), (1, 700, 900, 1_000));
    assert_eq!((row.requests, row.failures), (31, 0));
    assert_eq!(snapshot.starts, Starts { count: 31, late: 10 });
    // Beside them the raw times, and the generator's own lag, in which there is nothing of the broker.
    let began = snapshot.began.unwrap();
    assert_eq!(began.count, 32, "the connect too");
    assert!(began.p95_ms < 1.1 && began.max_ms > 999.0, "{began:?}");
    assert_eq!(snapshot.intended, None, "nothing is filled in, since nothing is left out");
    let lag = ran.health.send_lag.unwrap();
    assert!(lag.count == 21 && lag.max_ms <= 1.1, "{lag:?}");
}

/// A class that publishes ten times a second or as it is told otherwise, with a stamp in each message.
fn stamped(wait: &str, stamp: &str) -> Arc<Plan> {
    let text = format!(
        r#"
        version = 1
        load = {{ users = 1, run_time = "3050ms" }}
        [brokers.b]
        url = "mqtt://127.0.0.1"
        [user_classes.device]
        {wait}
        on_start = ["connect"]
        tasks = [{{ name = "t", steps = [
          {{ publish = {{ topic = "t", qos = 1, payload = {{ json = {{ v = 1 }} }}, stamp = "{stamp}", name = "publish" }} }},
        ] }}]
        "#
    );
    Arc::new(TestScenario::toml(text).plan())
}

/// When each message that went out began and was late, in microseconds, as its stamp says.
fn stamps(ran: &RunResult) -> Vec<(u64, Option<u32>)> {
    let sent = ran.journal.iter().filter_map(|entry| entry.action.strip_prefix("publish t "));
    let stamp = |text: &str| {
        let text = &text[text.find('~').unwrap()..][..stamp::LENGTH];
        Stamp::decode(text.as_bytes()).unwrap()
    };
    sent.map(stamp).map(|stamp| (stamp.time_ns / 1_000, stamp.late_us)).collect()
}

/// A measured message counts from where its publish does: the moment of the stamp less the lateness.
#[test]
fn a_stamp_says_when_its_message_began_and_when_it_was_due() {
    let stall = |n| Answer::After(if n == 10 { SECOND } else { ms(1) });
    for place in ["prefix", "json:/sent"] {
        let ran =
            run_to_end(stamped("rate = { per_user = \"10/s\", phase = \"aligned\" }", place), script(stall));
        let stamps = stamps(&ran);
        let began: Vec<_> = stamps.iter().map(|(at, _)| (at - stamps[0].0) / 1_000).collect();
        let sent: Vec<_> = ran.times("publish").iter().map(|at| u64::try_from(*at).unwrap()).collect();
        assert_eq!(began, sent, "{place}");
        let due: Vec<_> =
            stamps.iter().map(|(at, late)| at - u64::from(late.unwrap()) - stamps[0].0).collect();
        assert!(due.iter().zip(0..).all(|(due, n)| due.abs_diff(n * 100_000) < 1_000), "{place}: {due:?}");
        let late = |(response, began): &(u64, u64)| response - began;
        let told: Vec<_> = stamps.iter().map(|(_, late)| u64::from(late.unwrap() / 1_000)).collect();
        assert_eq!(told, recorded(&ran).iter().map(late).collect::<Vec<_>>(), "{place}");
        assert_eq!(told[9..13], [0, 0, 900, 801], "{place}");
    }
    // Without a rate the response time begins with the step, also of a user that keeps a pace.
    for wait in ["wait_time = { constant = \"100ms\" }", "wait_time = { constant_pacing = \"100ms\" }"] {
        let ran = run_to_end(stamped(wait, "prefix"), script(stall));
        let stamps = stamps(&ran);
        assert!(stamps.len() > 15 && stamps.iter().all(|(_, late)| late.is_none()), "{wait}: {stamps:?}");
    }
}

#[test]
fn an_acknowledgement_in_a_later_run_counts_from_its_own() {
    let mut b = PlanBuilder::new(ms(940));
    b.broker.inflight = 20;
    let mut open = b.publish("open", "");
    open.await_ack = false;
    open.request = b.request("open");
    let list = steps([open, b.publish("awaited", "")]);
    let class = b.class("device", WaitTime::ZERO, list);
    class.schedule = Some(Schedule { per_user: 10.0, jitter: Duration::ZERO, phase: Phase::Aligned });
    // Every open one takes 250 ms; the awaited one of the second run 150 ms, which makes the third one late.
    let answers = |n| Answer::After(ms(if n % 2 == 0 { 250 } else { 150 * u64::from(n == 3) }));
    let ran = run_to_end(b.build(), script(answers));
    let open = ran.requests.iter().filter(|request| request.name == "open");
    let open: Vec<_> =
        open.map(|request| (request.response_ms.unwrap(), request.began_ms.unwrap())).collect();
    assert_eq!(open, [(250, 250), (250, 250), (300, 250), (250, 250), (250, 250), (250, 250), (250, 250)]);
}

#[test]
fn users_of_a_random_phase_are_spread_over_the_period() {
    let mut b = PlanBuilder::new(ms(4_500));
    b.load.users = 50;
    b.load.spawn_rate = 50.0;
    by_the_clock(&mut b, 1.0, Phase::Random);
    let ran = run_to_end(b.build(), script(after(ms(1))));
    let mut by_user: BTreeMap<&str, Vec<u128>> = BTreeMap::new();
    for entry in ran.journal.iter().filter(|entry| entry.action.starts_with("publish")) {
        by_user.entry(&entry.client_id).or_default().push(entry.at.as_millis());
    }
    assert_eq!(by_user.len(), 50);
    let tenths: std::collections::BTreeSet<_> = by_user.values().map(|times| times[0] / 100).collect();
    assert!(tenths.len() >= 8 && tenths.iter().all(|tenth| *tenth <= 10), "{tenths:?}");
    // Timers of a test tick in milliseconds.
    let even = |times: &Vec<u128>| times.windows(2).all(|pair| pair[1].abs_diff(pair[0] + 1_000) <= 1);
    assert!(by_user.values().all(even), "{by_user:?}");
}

#[test]
fn aligned_users_are_due_together_whenever_they_started() {
    let mut b = PlanBuilder::new(ms(2_900));
    b.load.users = 3;
    b.load.spawn_rate = 2.0;
    by_the_clock(&mut b, 1.0, Phase::Aligned);
    let ran = run_to_end(b.build(), script(after(ms(1))));
    // Two start with the run, one after a second, which is due at once.
    assert_eq!(ran.times("publish"), [0, 0, 1_000, 1_000, 1_000, 2_000, 2_000, 2_000]);
}

#[test]
fn jitter_moves_each_run_by_itself() {
    let mut b = PlanBuilder::new(ms(9_950));
    by_the_clock(&mut b, 10.0, Phase::Aligned);
    b.last().schedule.as_mut().unwrap().jitter = ms(50);
    let ran = run_to_end(b.build(), script(after(ms(1))));
    let offsets: Vec<u128> = ran.times("publish").iter().zip(0..).map(|(at, n)| at - n * 100).collect();
    assert_eq!(offsets.len(), 100, "it adds up to nothing");
    assert!(offsets.iter().all(|offset| *offset <= 51), "{offsets:?}");
    let mean = offsets.iter().sum::<u128>() as f64 / 100.0;
    assert!((20.0..31.0).contains(&mean), "{mean}");
    assert!(
        recorded(&ran).iter().all(|(response, began)| response.abs_diff(*began) <= 1),
        "jitter is no delay"
    );
}

#[test]
fn a_stop_ends_the_pause_before_a_run() {
    let mut b = PlanBuilder::new(ms(1_500));
    b.load.stop_timeout = 60 * SECOND;
    by_the_clock(&mut b, 0.1, Phase::Aligned);
    let ran = run_to_end(b.build(), script(after(ms(1))));
    assert_eq!((ran.times("publish"), ran.times("disconnect")), (vec![0], vec![1_500]));
}

#[test]
fn a_user_that_is_behind_ends_its_run_and_makes_up_for_none() {
    for (stop_timeout, published, counted, left) in [(60 * SECOND, 3, 3, 1_800), (ms(100), 3, 2, 1_600)] {
        let mut b = PlanBuilder::new(ms(1_500));
        b.load.stop_timeout = stop_timeout;
        by_the_clock(&mut b, 10.0, Phase::Aligned);
        let ran = run_to_end(b.build(), script(after(ms(600))));
        assert_eq!((ran.times("publish").len(), ran.rows()["publish"].0), (published, counted));
        assert_eq!(ran.times("disconnect"), [left]);
    }
}

#[test]
fn starts_that_a_lost_connection_held_up_are_made_later_and_count_as_late() {
    let mut b = PlanBuilder::new(ms(3_050));
    by_the_clock(&mut b, 10.0, Phase::Aligned);
    let lives = |n| (n == 0).then_some((ms(1_050), Failure::Closed));
    let slow = |n| Answer::After(if n == 0 { Duration::ZERO } else { ms(300) });
    let ran = run_to_end(
        b.build(),
        Script { connect: Box::new(slow), lives: Box::new(lives), ..script(after(ms(1))) },
    );
    let times = ran.times("publish");
    assert_eq!(times.len(), 31);
    let connected = ran.times("connected")[1];
    assert!((1_600..=1_900).contains(&connected), "a back-off of up to 500 ms, then 300 ms: {connected}");
    // Those due at 1.1 s, 1.2 s, … wait for it.
    assert_eq!(times[10..12], [1_000, connected]);
    let waited = u64::try_from((connected - 1_000) / 100).unwrap();
    let snapshot = &ran.last;
    assert!((waited..=waited + 1).contains(&snapshot.starts.late), "{:?} {waited}", snapshot.starts);
    let connects = ran.requests.iter().filter(|request| request.name == "connect");
    let connects: Vec<_> = connects.map(|request| (request.response_ms, request.began_ms)).collect();
    assert_eq!(
        connects,
        [(Some(0), Some(0)), (Some(300), None)],
        "a connect in a pause was due at no moment"
    );
    let first_late = recorded(&ran)[11];
    assert_eq!(first_late, (u64::try_from(connected).unwrap() - 1_100 + 1, 1));
    assert_eq!(ran.failure_counts(), [("disconnect", "connection lost: closed by the broker", 1)]);
}

#[test]
fn a_schedule_ends_after_its_iterations() {
    let mut b = PlanBuilder::new(ms(2_500));
    by_the_clock(&mut b, 10.0, Phase::Aligned);
    b.last().iterations = Some(4);
    let ran = run_to_end(b.build(), script(after(ms(1))));
    assert_eq!((ran.times("publish"), ran.times("disconnect")), (vec![0, 100, 200, 300], vec![301]));
}

#[test]
fn what_on_start_and_on_stop_send_has_no_due_moment() {
    let mut b = PlanBuilder::new(ms(950));
    by_the_clock(&mut b, 1.0, Phase::Aligned);
    let (hello, bye) = (b.publish("hello", ""), b.publish("bye", ""));
    b.last().on_start = Steps(steps([hello]));
    b.last().on_stop = Steps(steps([bye]));
    let ran = run_to_end(b.build(), script(after(ms(100))));
    let requests = ran.requests.iter();
    let seen: Vec<_> = requests.map(|r| (r.name.as_str(), r.response_ms.unwrap(), r.began_ms)).collect();
    // The run ends before the first due moment of a user that was ready at 0.1 s.
    assert_eq!(seen, [("connect", 0, None), ("publish", 100, None), ("publish", 100, None)]);
}
