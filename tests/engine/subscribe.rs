//! Subscriptions through all layers: what arrives is counted to the message, on real sockets; what is asked again
//! after a loss is seen exactly on a paused clock.

mod several;

use std::cell::Cell;
use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::support::scripted::Script;
use mqtt_scenario::broker::{Broker, BrokerConfig};
use mqtt_scenario::client::failure::Failure;
use mqtt_scenario::engine::{Interrupts, Options, Origin, Unexpected};
use mqtt_scenario::mqtt::{Qos, SubscribeOptions};
use mqtt_scenario::plan::subscription::Subscription;
use mqtt_scenario::plan::wait::{Pause, WaitTime};
use mqtt_scenario::plan::{Plan, Step, Steps, Subscribe, Text};
use mqtt_scenario::stats::Received;
use mqtt_scenario::stats::snapshot::Snapshot;
use mqtt_scenario::units::fitting;
use tokio::time::sleep;

use crate::support::run::{OPTIONS, RecordingObserver, RunResult, run_observed, run_scripted};
use crate::support::{PlanBuilder, ScenarioDir, TestScenario, row, with_paused_clock, with_sockets};

const SECOND: Duration = Duration::from_secs(1);

/// The plan of a scenario's classes, with one broker; it goes on until it is stopped.
fn plan(users: u32, classes: &str) -> Arc<Plan> {
    let text = format!(
        "version = 1\nbrokers.b.url = \"mqtt://127.0.0.1\"\nload = {{ users = {users}, spawn_rate = 100 }}\n{classes}"
    );
    Arc::new(TestScenario::toml(text).plan())
}

/// Users that subscribe and stay.
fn subscribers(users: u32, filter: &str, qos: Qos) -> Arc<Plan> {
    plan(
        users,
        &format!(
            "[user_classes.subscriber]\n\
             on_start = [{{ subscribe = {{ filter = \"{filter}\", qos = {qos}, name = \"subscribe\" }} }}]\n\
             tasks = [{{ name = \"stay\", steps = [{{ wait = \"1m\" }}] }}]\n"
        ),
    )
}

/// Users that send so many messages of ten bytes each and stay.
fn publishers(users: u32, messages: u32, qos: Qos) -> Arc<Plan> {
    plan(
        users,
        &format!(
            "[user_classes.publisher]\n\
             on_start = [{{ repeat = {{ times = {messages}, steps = [\n\
               {{ publish = {{ topic = \"plant/${{client_id}}\", payload = \"0123456789\", qos = {qos}, name = \"publish\" }} }},\n\
             ] }} }}]\n\
             tasks = [{{ name = \"stay\", steps = [{{ wait = \"1m\" }}] }}]\n"
        ),
    )
}

/// A run that goes on, as seen at its last tick.
#[derive(Default)]
struct Seen {
    /// Requests that succeeded, connects apart.
    succeeded: Cell<u64>,
    received: Cell<Received>,
    stop: Interrupts,
}

impl Seen {
    fn succeeded(snapshot: &Snapshot) -> u64 {
        let rows = snapshot.rows.iter().filter(|row| ["subscribe", "publish"].contains(&&*row.key.name));
        rows.map(|row| row.requests - row.failures).sum()
    }

    /// Waits until so many requests have succeeded.
    async fn until(&self, succeeded: u64) {
        while self.succeeded.get() < succeeded {
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until so many messages have arrived and, a second later, no more.
    async fn until_received(&self, messages: u64) {
        while self.received.get().messages < messages {
            sleep(Duration::from_millis(10)).await;
        }
        sleep(SECOND).await;
    }
}

async fn run_on(addr: SocketAddr, plan: Arc<Plan>, seen: &Seen) -> RunResult {
    let observer = RecordingObserver::calling(|snapshot| {
        seen.succeeded.set(Seen::succeeded(snapshot));
        seen.received.set(snapshot.received);
    });
    let options = Options { threads: 2, ..OPTIONS };
    let ran = run_observed(addr, plan, options, &seen.stop, observer).await;
    assert_eq!(ran.last.received, ran.outcome.received);
    ran
}

/// Has three users send so many messages each.
async fn publish(addr: SocketAddr, messages: u32, qos: Qos) {
    let seen = Seen::default();
    let (ran, ()) = tokio::join!(run_on(addr, publishers(3, messages, qos), &seen), async {
        seen.until(u64::from(3 * messages)).await;
        seen.stop.stop.cancel();
    });
    assert_eq!(ran.row("publish"), (u64::from(3 * messages), 0));
}

#[test]
fn every_message_arrives_and_is_counted_once() {
    async fn five_by_three(qos: Qos) {
        let broker = Broker::start(BrokerConfig::default()).unwrap();
        let (addr, seen) = (broker.addr(), Seen::default());
        let (ran, ()) = tokio::join!(run_on(addr, subscribers(5, "plant/+", qos), &seen), async {
            seen.until(5).await;
            publish(addr, 400, qos).await;
            seen.until_received(5 * 3 * 400).await;
            seen.stop.stop.cancel();
        });
        assert_eq!(ran.outcome.received, Received { messages: 6_000, bytes: 60_000 }, "QoS {qos}");
        assert_eq!(broker.stop().forwarded, 6_000, "QoS {qos}");
        assert!(ran.outcome.unexpected.is_empty(), "QoS {qos}: {:?}", ran.outcome.unexpected);
        assert_eq!(ran.failures(), [""; 0], "QoS {qos}");
        assert_eq!(ran.row("subscribe"), (5, 0), "QoS {qos}");
        assert_eq!(ran.last.rows.len(), 2, "what arrives is no request: {:?}", ran.last.rows);
    }
    with_sockets(async {
        tokio::join!(
            five_by_three(Qos::AtMostOnce),
            five_by_three(Qos::AtLeastOnce),
            five_by_three(Qos::ExactlyOnce)
        );
    });
}

/// Runs subscribers over the death of a broker, who then get thirty messages from its successor.
async fn over_a_restart(plan: Arc<Plan>, subscriptions: u64) -> RunResult {
    let broker = Broker::start(BrokerConfig::default()).unwrap();
    let (addr, seen) = (broker.addr(), Seen::default());
    let (ran, ()) = tokio::join!(run_on(addr, plan, &seen), async {
        seen.until(subscriptions).await;
        broker.stop();
        let broker = Broker::start(BrokerConfig { bind: addr, ..BrokerConfig::default() }).unwrap();
        seen.until(2 * subscriptions).await;
        publish(addr, 10, Qos::AtLeastOnce).await;
        seen.until_received(subscriptions * 30).await;
        seen.stop.stop.cancel();
        // Kept until the users have left.
        sleep(SECOND).await;
        drop(broker);
    });
    ran
}

#[test]
fn subscriptions_outlive_their_broker() {
    let ran = with_sockets(over_a_restart(subscribers(4, "plant/#", Qos::AtLeastOnce), 4));
    assert_eq!(ran.outcome.received, Received { messages: 4 * 30, bytes: 4 * 300 });
    assert!(ran.outcome.unexpected.is_empty(), "{:?}", ran.outcome.unexpected);
    assert_eq!(ran.row("subscribe"), (8, 0));
    assert_eq!(ran.row("disconnect"), (4, 4), "each loss is one");
}

/// A subscription as the compiler would refuse it, or not.
fn subscribe(b: &mut PlanBuilder, filter: &str) -> Step {
    let request = b.request("subscribe");
    let filter = Text::Constant(filter.as_bytes().into());
    let options = SubscribeOptions::default();
    let filters = vec![Subscription { filter, qos: Qos::AtLeastOnce, options }];
    Step::Subscribe(Arc::new(Subscribe {
        filters,
        identifier: None,
        timeout: SECOND,
        request,
        measure: None,
    }))
}

#[test]
fn a_refused_filter_fails_its_task_and_is_forgotten() {
    let mut b = PlanBuilder::new(Duration::from_hours(1));
    let on_start = vec![subscribe(&mut b, "plant/#"), subscribe(&mut b, "plant/#/x"), b.disconnect()];
    b.class("device", WaitTime::ZERO, vec![Step::Wait(Pause::Constant(SECOND))]).on_start = Steps(on_start);
    let ran = with_sockets(over_a_restart(b.build(), 1));
    assert_eq!(ran.row("subscribe"), (3, 1), "it was not asked for again");
    assert!(ran.failures().contains(&"subscribe: SUBACK: subscription refused (0x80)".to_owned()));
    assert_eq!(ran.outcome.received.messages, 30, "the other one was, and no disconnect was reached");
}

/// What users do on a broker whose first connection lives for 2.5 seconds.
fn journal(plan: Arc<Plan>) -> Vec<String> {
    let lives = |n| (n == 0).then_some((Duration::from_millis(2_500), Failure::Closed));
    let script = Script { lives: Box::new(lives), ..Script::default() };
    let ran = with_paused_clock(run_scripted(plan, script, OPTIONS, &Interrupts::default(), async {}));
    ran.journal.into_iter().map(|entry| entry.action).collect()
}

#[test]
fn a_new_connection_gets_each_subscription_once_in_the_order_of_their_last_steps() {
    let mut b = PlanBuilder::new(5 * SECOND);
    let on_start = ["a", "b", "a", "c"].map(|filter| subscribe(&mut b, filter)).to_vec();
    b.class("device", WaitTime::Pause(Pause::Constant(SECOND)), vec![Step::Wait(Pause::Constant(SECOND))])
        .on_start = Steps(on_start);
    let expected = ["connect", "connected", "subscribe a", "subscribe b", "subscribe a", "subscribe c"];
    let again = ["connect", "connected", "subscribe b", "subscribe a", "subscribe c", "disconnect"];
    assert_eq!(journal(b.build()), [expected, again].concat());
}

#[test]
fn a_disconnect_ends_the_subscriptions() {
    let mut b = PlanBuilder::new(5 * SECOND);
    let on_start = vec![subscribe(&mut b, "a"), b.disconnect(), b.connect(), subscribe(&mut b, "b")];
    let cycle = vec![
        Step::Wait(Pause::Constant(3 * SECOND)),
        b.disconnect(),
        b.connect(),
        Step::Wait(Pause::Constant(SECOND)),
    ];
    b.class("device", WaitTime::Pause(Pause::Constant(10 * SECOND)), cycle).on_start = Steps(on_start);
    let journal = journal(b.build());
    let first = ["connect", "connected", "subscribe a", "disconnect"];
    let second = ["connect", "connected", "subscribe b", "disconnect"];
    assert_eq!(journal, [&first[..], &second, &["connect", "connected", "disconnect"]].concat());
}

/// Each user gets what it sends itself, and time at the end for the last of it.
const ECHO: &str = r#"
version = 1
brokers.b.url = "embedded:"
load = { users = 4, spawn_rate = 100, run_time = "3s" }
[user_classes.device]
wait_time = { constant = "20ms" }
on_start = [{ subscribe = { filter = "echo/${client_id}", name = "subscribe" } }]
on_stop = [{ wait = "500ms" }]
[[user_classes.device.tasks]]
name = "publish"
steps = [{ publish = { topic = "echo/${client_id}", payload = "0123456789", qos = 1, name = "publish" } }]
"#;

#[test]
fn a_plan_shows_the_filters_of_users() {
    let output = ScenarioDir::new(ECHO).run(&["plan", "scenario.toml"]);
    insta::assert_snapshot!(String::from_utf8(output.stdout).unwrap());
}

#[test]
fn a_filter_is_as_long_as_mqtt_carries() {
    let validate = |length: usize| {
        let place = ScenarioDir::new(
            &ECHO.replace("echo/${client_id}\", name", &format!("{}\", name", "x".repeat(length))),
        );
        let output = place.run(&["validate", "scenario.toml"]);
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(validate(65_535), (Some(0), String::new()));
    let (code, stderr) = validate(65_536);
    let message = "error[E0212]: this filter can become 65536 bytes long, and MQTT carries at most 65535";
    assert_eq!((code, stderr.lines().next()), (Some(2), Some(message)));
}

#[test]
fn the_program_says_what_arrived() {
    let place = ScenarioDir::new(ECHO);
    let output = place.run(&["run", "scenario.toml", "--csv", "out"]);
    let [stdout, stderr] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    let sent = row(&place.rows("out_stats.csv"), "publish").count("Request Count");
    assert!(sent >= 40, "{sent}");
    let received = format!("Received {sent} messages, {}", fitting::bytes(10 * sent));
    assert!(stdout.lines().any(|line| line == received), "{received}: {stdout}");
    let progress = stderr.lines().find(|line| line.contains("users 4/4")).unwrap();
    assert!(progress.contains("  received ") && progress.ends_with("/s)"), "{progress}");
    for file in ["stats", "stats_history", "failures", "exceptions"] {
        assert!(!place.read(&format!("out_{file}.csv")).to_lowercase().contains("received"), "{file}");
    }
}

#[test]
fn a_program_that_asks_for_nothing_does_not_speak_of_it() {
    let scenario = fs::read_to_string("scenarios/publish.toml").unwrap();
    let output = ScenarioDir::new(&scenario).run(&["run", "scenario.toml", "-t", "1s"]);
    assert!(!String::from_utf8(output.stdout).unwrap().contains("Received"));
}
