//! Pairs of features, each in a run of its own: none changes what the other does.

use std::sync::Arc;

use mqtt_scenario::broker::faults::Faults;
use mqtt_scenario::broker::{Broker, BrokerConfig};
use mqtt_scenario::engine::Interrupts;

use crate::support::run::{RunResult, run_on};
use crate::support::{TestScenario, side_by_side, with_sockets};

/// Runs a scenario, `BROKER` standing for the lines of its broker, against an embedded broker of its own.
fn carry_out(broker: &str, faults: Faults, text: &str) -> RunResult {
    with_sockets(run_beside_others(broker, faults, text))
}

async fn run_beside_others(broker: &str, faults: Faults, text: &str) -> RunResult {
    let head = format!("version = 1\n[brokers.b]\nurl = \"mqtt://127.0.0.1\"\n{broker}\n");
    let plan = Arc::new(TestScenario::toml(format!("{head}{text}")).plan());
    let broker = Broker::start(BrokerConfig { faults, ..BrokerConfig::default() }).unwrap();
    run_on(broker.addr(), plan, &Interrupts::default()).await
}

/// Both versions, with sessions that end with their connection and such that last.
const BROKERS: [&str; 4] = [
    "protocol = \"3.1.1\"",
    "protocol = \"5\"",
    "protocol = \"3.1.1\"\nclean_session = false",
    "protocol = \"5\"\nclean_session = false",
];

#[test]
fn measuring_takes_nothing_from_receive_nor_does_a_rate() {
    for (number, broker) in BROKERS.iter().enumerate() {
        for (qos, rate) in [(0, ""), (1, "rate = \"20/s\""), (2, "wait_time = { constant = \"10ms\" }")] {
            for (stamp, measure) in [("stamp = \"prefix\"", "measure = \"end_to_end\""), ("", "")] {
                let text = format!(
                    r#"
                    [user_classes.device]
                    client_id = "d{number}"
                    iterations = 3
                    {rate}
                    on_start = [{{ subscribe = {{ filter = "echo/#", qos = {qos}, {measure} }} }}]
                    tasks = [{{ name = "t", steps = [
                      {{ publish = {{ topic = "echo/${{client_id}}", payload = "x${{seq}}", qos = {qos}, {stamp} }} }},
                      {{ receive = {{ filter = "echo/+", expect = {{ contains = "x${{seq}}" }}, timeout = "5s", name = "receive" }} }},
                      {{ publish = {{ topic = "${{received.topic}}/again", payload = "${{received.payload}}", qos = {qos} }} }},
                      {{ receive = {{ filter = "echo/d{number}/again", timeout = "5s", name = "again" }} }},
                    ] }}]
                    "#
                )
                .replace(", }", " }")
                .replace("{ filter = \"echo/#\", qos = 0,  }", "{ filter = \"echo/#\", qos = 0 }");
                let ran = carry_out(broker, Faults::default(), &text);
                let what = format!("{broker} {qos} {rate} {stamp}");
                assert_eq!(ran.failures(), [""; 0], "{what}");
                assert_eq!((ran.row("receive").0, ran.row("again").0), (3, 3), "{what}");
                if !measure.is_empty() {
                    // What is sent again has the stamp of the first: it is in its payload.
                    assert_eq!(ran.row(&format!("end_to_end:{qos}:echo/#")).0, 6, "{what}");
                }
            }
        }
    }
}

/// A stamped message first, so that what it needs is there before the subscription.
#[test]
fn a_stamp_before_the_subscription_takes_nothing_from_receive_or_request() {
    side_by_side(BROKERS, |broker| {
        for stamp in ["prefix", "json:/sent"] {
            let text = format!(
                r#"
                [load]
                users = 2
                spawn_rate = 100
                [user_classes.service]
                fixed_count = 1
                client_id = "service"
                iterations = 1
                on_start = [
                  {{ publish = {{ topic = "hello", payload = {{ json = {{ a = 1 }} }}, qos = 1, stamp = "{stamp}" }} }},
                  {{ subscribe = {{ filter = "ask", qos = 1 }} }},
                ]
                tasks = [{{ name = "answer", steps = [
                  {{ receive = {{ filter = "ask", timeout = "5s", name = "hear" }} }},
                  {{ publish = {{ topic = "reply", payload = "${{received.payload}}", qos = 1, name = "answer" }} }},
                ] }}]
                [user_classes.device]
                fixed_count = 1
                client_id = "device"
                iterations = 1
                on_start = [
                  {{ publish = {{ topic = "hello", payload = {{ json = {{ a = 1 }} }}, qos = 1, stamp = "{stamp}" }} }},
                  {{ subscribe = {{ filter = "reply", qos = 1 }} }},
                  {{ wait = "300ms" }},
                ]
                tasks = [{{ name = "ask", steps = [
                  {{ publish = {{ topic = "hello", payload = {{ json = {{ a = 1 }} }}, qos = 1, stamp = "{stamp}" }} }},
                  {{ request = {{ topic = "ask", payload = "7", qos = 1, reply_topic = "reply", correlation = "topic", expect = {{ equals = "7" }}, timeout = "5s", name = "request" }} }},
                ] }}]
                "#
            );
            let ran = carry_out(broker, Faults::default(), &text);
            assert_eq!(ran.failures(), [""; 0], "{broker} {stamp}");
            assert_eq!(
                (ran.row("hear").0, ran.row("answer").0, ran.row("request").0),
                (1, 1, 1),
                "{broker} {stamp}"
            );
        }
    });
}

/// A session that lasts and a broker that never acknowledges: what is measured and received arrives all the same.
#[test]
fn a_kept_session_that_is_never_acknowledged_receives_and_measures() {
    for broker in BROKERS {
        let text = r#"
            [user_classes.device]
            client_id = "d"
            iterations = 3
            on_start = [{ subscribe = { filter = "echo/#", qos = 1, measure = "end_to_end" } }]
            tasks = [{ name = "t", on_error = "continue", steps = [
              { publish = { topic = "echo/a", payload = "x${seq}", qos = 1, stamp = "prefix", timeout = "100ms", name = "publish" } },
              { receive = { filter = "echo/a", expect = { contains = "x${seq}" }, timeout = "5s", name = "receive" } },
            ] }]
        "#;
        let ran = carry_out(broker, Faults { never_ack: true, ..Faults::default() }, text);
        assert_eq!(ran.row("publish"), (3, 3), "{broker}");
        assert_eq!(ran.row("receive"), (3, 0), "{broker}: {:?}", ran.failures());
        assert_eq!(ran.row("end_to_end:1:echo/#").0, 3, "{broker}");
    }
}

/// A rate, or a wait time, and each way of going on after a failure: the messages are the same.
#[test]
fn a_rate_changes_nothing_of_what_steps_do() {
    for (rhythm, on_error) in [
        ("rate = \"20/s\"", "abort_task"),
        ("rate = { per_user = \"20/s\", phase = \"aligned\" }", "continue"),
        ("wait_time = { constant_pacing = \"50ms\" }", "continue"),
        ("", "abort_task"),
    ] {
        let text = format!(
            r#"
            [user_classes.device]
            client_id = "d"
            iterations = 4
            on_error = "{on_error}"
            {rhythm}
            on_start = [{{ subscribe = {{ filter = "echo/#", qos = 1 }} }}]
            tasks = [{{ name = "t", steps = [
              "connect",
              {{ repeat = {{ times = 2, steps = [{{ publish = {{ topic = "echo/a", qos = 1, stamp = "prefix", name = "publish" }} }}] }} }},
              {{ receive = {{ filter = "echo/+", count = 2, timeout = "5s", name = "receive" }} }},
              {{ request = {{ topic = "echo/b", qos = 1, reply_topic = "echo/b", correlation = "topic", timeout = "5s", name = "request" }} }},
              {{ unsubscribe = {{ filter = "echo/#", name = "unsubscribe" }} }},
              {{ subscribe = {{ filter = "echo/#", qos = 1, measure = "end_to_end", name = "subscribe" }} }},
            ] }}]
            "#
        );
        for broker in &BROKERS[..2] {
            let ran = carry_out(broker, Faults::default(), &text);
            assert_eq!(ran.failures(), [""; 0], "{rhythm}");
            for (row, requests) in
                [("publish", 8), ("receive", 4), ("request", 4), ("unsubscribe", 4), ("subscribe", 4)]
            {
                assert_eq!(ran.row(row).0, requests, "{rhythm} {row}");
            }
        }
    }
}

/// A connection that is lost in each step: the user opens another, asks again for what it had, and goes on.
#[test]
fn a_connection_that_is_lost_in_any_step_comes_back() {
    let steps = [
        ("publish", r#"{ publish = { topic = "echo/a", qos = 1, stamp = "prefix" } }"#),
        ("publish of QoS 2", r#"{ publish = { topic = "echo/a", qos = 2 } }"#),
        ("receive", r#"{ receive = { filter = "echo/later", timeout = "3s" } }"#),
        (
            "request",
            r#"{ request = { topic = "x", qos = 1, reply_topic = "echo/later", correlation = "topic", timeout = "3s" } }"#,
        ),
        ("subscribe", r#"{ subscribe = { filter = "more/#", qos = 1 } }"#),
        ("unsubscribe", r#"{ unsubscribe = { filter = "none" } }"#),
        ("wait", r#"{ wait = "300ms" }"#),
        ("repeat", r#"{ repeat = { times = 20, steps = [{ wait = "10ms" }] } }"#),
        ("disconnect", r#""disconnect""#),
        ("abrupt disconnect", r#"{ disconnect = { abrupt = true } }, "connect""#),
    ];
    side_by_side(steps, |(name, step)| {
        let [a, b, c, d] = BROKERS.map(|broker| async move {
            // Another user of the same client id drives this one out as the step begins.
            let text = format!(
                r#"
                [load]
                users = 2
                spawn_rate = 100
                [user_classes.device]
                fixed_count = 1
                client_id = "d"
                iterations = 2
                reconnect = {{ initial = "100ms", max = "100ms", jitter = 0 }}
                on_start = [{{ subscribe = {{ filter = "echo/#", qos = 1, measure = "end_to_end" }} }}, {{ wait = "200ms" }}]
                tasks = [{{ name = "t", on_error = "continue", steps = [
                  {step},
                  {{ wait = "300ms" }},
                  "connect",
                  {{ subscribe = {{ filter = "echo/#", qos = 1, measure = "end_to_end" }} }},
                  {{ publish = {{ topic = "echo/after", qos = 1, stamp = "prefix", name = "after" }} }},
                  {{ receive = {{ filter = "echo/after", timeout = "5s", name = "receive after" }} }},
                ] }}]
                [user_classes.intruder]
                fixed_count = 1
                client_id = "d"
                iterations = 1
                reconnect = "never"
                on_start = [{{ wait = "205ms" }}]
                tasks = [{{ name = "intrude", steps = [{{ connect = {{ name = "intrude" }} }}, {{ wait = "20ms" }}, {{ disconnect = {{ name = "intrude" }} }}] }}]
                "#
            );
            let ran = run_beside_others(broker, Faults::default(), &text).await;
            assert_eq!(ran.row("after"), (2, 0), "{name} {broker}: {:?}", ran.failures());
            assert_eq!(ran.row("receive after"), (2, 0), "{name} {broker}: {:?}", ran.failures());
        });
        with_sockets(async { tokio::join!(a, b, c, d) });
    });
}
