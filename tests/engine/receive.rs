//! Steps that wait for messages, through all layers: what is taken, when it counts, and what is said when it does not
//! come.

use std::sync::Arc;
use std::time::Duration;

use crate::support::scripted::{Answer, Script};
use mqtt_scenario::broker::faults::Faults;
use mqtt_scenario::broker::{Broker, BrokerConfig};
use mqtt_scenario::client::failure::Failure;
use mqtt_scenario::engine::{Interrupts, Origin, Unexpected};
use mqtt_scenario::plan::Plan;
use tokio::net::TcpListener;

use crate::support::peer::{Peer, accept};
use crate::support::run::{OPTIONS, RunResult, run_on, run_scripted};
use crate::support::{Mosquitto, ScenarioDir, TestScenario, with_paused_clock, with_sockets};

/// The plan of one class `device` of one user, which leaves after a task run; `class` is what stands in the class.
fn plan(protocol: &str, class: &str) -> Arc<Plan> {
    let iterations = if class.contains("iterations") { "" } else { "iterations = 1" };
    let text = format!(
        "version = 1\n[brokers.b]\nurl = \"mqtt://127.0.0.1\"\nprotocol = \"{protocol}\"\n\
         [user_classes.device]\nclient_id = \"c${{user.number}}\"\n{iterations}\n{class}"
    );
    Arc::new(TestScenario::toml(text).plan())
}

/// Runs a class on a broker of its own, in both versions.
fn on_broker(faults: Faults, class: &str, check: impl Fn(&str, &RunResult)) {
    with_sockets(async {
        let [old, new] = ["3.1.1", "5"].map(|protocol| async move {
            let broker = Broker::start(BrokerConfig { faults, ..BrokerConfig::default() }).unwrap();
            run_on(broker.addr(), plan(protocol, class), &Interrupts::default()).await
        });
        let (old, new) = tokio::join!(old, new);
        check("3.1.1", &old);
        check("5", &new);
    });
}

fn slow() -> Faults {
    Faults { delay: Duration::from_millis(200), ..Faults::default() }
}

#[test]
fn a_message_that_comes_before_the_acknowledgement_of_what_it_answers_is_kept() {
    let class = r#"
        on_start = [{ subscribe = { filter = "echo/+", qos = 1 } }]
        tasks = [{ name = "t", steps = [
          { publish = { topic = "echo/${client_id}", payload = "a", qos = 1 } },
          { receive = { filter = "echo/${client_id}", expect = { equals = "a" } } },
        ] }]
    "#;
    on_broker(slow(), class, |version, ran| {
        assert_eq!(ran.failures(), [""; 0], "{version}");
        let (requests, longest) =
            (ran.row("receive:echo/${client_id}").0, ran.max_ms("receive:echo/${client_id}"));
        // It was there already: the acknowledgement came 200 ms after it.
        assert_eq!(requests, 1);
        assert!(longest < 100.0, "{version}: {longest}");
        assert!(ran.max_ms("publish:1:echo/${client_id}") >= 200.0);
        assert!(ran.outcome.unexpected.is_empty(), "{:?}", ran.outcome.unexpected);
    });
}

#[test]
fn a_receive_is_one_sample_of_all_its_messages() {
    let class = r#"
        on_start = [{ subscribe = { filter = "n/#", qos = 2 } }]
        tasks = [{ name = "t", steps = [
          { repeat = { times = 3, steps = [{ publish = { topic = "n/${seq}", payload = "0123456789", qos = 2, await_ack = false } }] } },
          { receive = { filter = "$share/g/n/+", count = 3, name = "three" } },
        ] }]
    "#;
    on_broker(Faults::default(), class, |version, ran| {
        assert_eq!(ran.failures(), [""; 0], "{version}");
        let row = ran.last.rows.iter().find(|row| row.key.name == "three").unwrap();
        assert_eq!((row.requests, row.average_length.to_f64()), (1, 30.0), "{version}");
    });
}

#[test]
fn a_message_that_is_not_as_expected_fails_the_step_at_once() {
    for (expect, text) in [
        ("equals = \"b\"", "payload is not equal to what is expected"),
        ("contains = \"c\"", "payload does not contain what is expected"),
        ("regex = \"^b\"", "payload does not match the regex"),
        ("topic = \"e/other\"", "topic does not match what is expected"),
        ("json = { \"/a/b\" = \"1\" }", "JSON pointer /a/b has another value"),
        ("json = { \"/a/c\" = 1 }", "JSON pointer /a/c is absent"),
    ] {
        let class = format!(
            r#"
            on_start = [{{ subscribe = {{ filter = "e/+" }} }}]
            tasks = [{{ name = "t", steps = [
              {{ publish = {{ topic = "e/${{client_id}}", payload = {{ json = {{ a = {{ b = 1 }} }} }} }} }},
              {{ receive = {{ filter = "e/#", expect = {{ {expect} }}, name = "receive" }} }},
            ] }}]
            "#
        );
        on_broker(Faults::default(), &class, |version, ran| {
            assert_eq!(ran.failures(), [format!("receive: received message: {text}")], "{version}");
            assert!(ran.max_ms("receive") < 1_000.0);
        });
    }
}

#[test]
fn conditions_hold_with_the_texts_of_their_step() {
    let class = r#"
        on_error = "continue"
        on_start = [{ subscribe = { filter = "s/#" } }]
        tasks = [{ name = "t", steps = [{ repeat = { times = 3, steps = [
          { publish = { topic = "s/${client_id}", payload = { json = { seq = "${seq}", who = "${client_id}", text = "n${seq}" } } } },
          { receive = { filter = "s/+", expect = { json = { "/seq" = "${seq}", "/who" = "${client_id}", "/text" = "n${seq}" }, topic = "+/${client_id}", contains = "\"${client_id}\"" }, name = "receive" } },
        ] } }] }]
    "#;
    on_broker(Faults::default(), class, |version, ran| {
        assert_eq!(ran.failures(), [""; 0], "{version}");
        assert_eq!(ran.row("receive").0, 3);
    });
}

#[test]
fn a_wait_whose_time_is_over_says_what_was_missing() {
    let class = r#"
        on_error = "continue"
        on_start = [{ subscribe = { filter = "m/#" } }]
        tasks = [{ name = "t", steps = [
          { receive = { filter = "m/none", timeout = "50ms", name = "none" } },
          { publish = { topic = "m/1", payload = "a" } },
          { receive = { filter = "m/+", where = { equals = "b" }, timeout = "200ms", name = "passed over" } },
          { receive = { filter = "m/+", count = 2, timeout = "200ms", name = "fewer" } },
          { receive = { filter = "m/+", retained = true, timeout = "50ms", name = "retained" } },
          { request = { topic = "m/2", reply_topic = "m/reply", timeout = "50ms", name = "reply" } },
        ] }]
    "#;
    let expected = [
        "none: no message within 50ms",
        "passed over: no message that `where` lets through within 200ms",
        "fewer: fewer messages than `count` within 200ms",
        "retained: fewer retained messages than `count` within 50ms",
        "reply: no reply within 50ms",
    ];
    on_broker(Faults::default(), class, |version, ran| {
        assert_eq!(ran.failures(), expected, "{version}");
        for (name, least) in [("none", 50.0), ("passed over", 200.0), ("reply", 50.0)] {
            let ((requests, failures), longest) = (ran.row(name), ran.max_ms(name));
            assert_eq!((requests, failures), (1, 1), "{version} {name}");
            assert!(longest >= least && longest < least + 1_000.0, "{version} {name}: {longest}");
        }
    });
}

#[test]
fn since_says_which_messages_count() {
    // One that came in `on_start`, one that came before in the task.
    let class = |since: &str| {
        format!(
            r#"
            on_start = [
              {{ subscribe = {{ filter = "w/+", qos = 1 }} }},
              {{ publish = {{ topic = "w/start", qos = 1 }} }},
              {{ wait = "100ms" }},
            ]
            tasks = [{{ name = "t", steps = [
              {{ publish = {{ topic = "w/task", qos = 1 }} }},
              {{ wait = "100ms" }},
              {{ receive = {{ filter = "w/+", count = 3, since = "{since}", timeout = "300ms", expect = {{ topic = "w/none" }}, name = "receive" }} }},
            ] }}]
            "#
        )
    };
    // What is taken first fails the step; without any, the time is over.
    on_broker(Faults::default(), &class("step"), |version, ran| {
        assert_eq!(ran.failures(), ["receive: no message within 300ms"], "{version}");
    });
    for (since, first) in [("task", "w/task"), ("subscribe", "w/start")] {
        let class = class(since).replace("w/none", first);
        on_broker(Faults::default(), &class, |version, ran| {
            // The first is right; the next one, if there is one, is not.
            let expected = match since {
                "task" => "receive: fewer messages than `count` within 300ms",
                _ => "receive: received message: topic does not match what is expected",
            };
            assert_eq!(ran.failures(), [expected], "{version} {since}");
        });
    }
}

#[test]
fn a_retained_set_is_complete_or_not() {
    let class = |count: u32| {
        format!(
            r#"
            on_start = [{{ repeat = {{ times = 20, steps = [{{ publish = {{ topic = "set/${{seq}}", payload = "on", qos = 1, retain = true }} }}] }} }}]
            tasks = [{{ name = "t", steps = [
              {{ subscribe = {{ filter = "set/#", qos = 1 }} }},
              {{ publish = {{ topic = "set/live", qos = 1 }} }},
              {{ subscribe = {{ filter = "set/#", qos = 1 }} }},
              {{ receive = {{ filter = "set/+", retained = true, count = {count}, expect = {{ equals = "on" }}, timeout = "300ms", name = "set" }} }},
            ] }}]
            "#
        )
    };
    on_broker(Faults::default(), &class(20), |version, ran| {
        assert_eq!(ran.failures(), [""; 0], "{version}");
        assert_eq!(ran.outcome.received.messages, 41, "each retained message came twice: {version}");
    });
    on_broker(Faults::default(), &class(21), |version, ran| {
        let expected = "set: fewer retained messages than `count` within 300ms";
        assert_eq!(ran.failures(), [expected], "{version}");
    });
}

#[test]
fn a_large_set_that_comes_at_once_is_kept_for_the_step_that_waits_for_all_of_it() {
    let class = r#"
        on_start = [{ repeat = { times = 3000, steps = [{ publish = { topic = "set/${seq}", payload = "on", qos = 1, retain = true, await_ack = false } }] } }]
        tasks = [{ name = "t", steps = [
          { subscribe = { filter = "set/+" } },
          { wait = "500ms" },
          { receive = { filter = "set/+", retained = true, count = 3000, name = "set" } },
        ] }]
    "#;
    on_broker(Faults::default(), class, |version, ran| {
        assert_eq!((ran.failures(), ran.outcome.unexpected.len()), (Vec::new(), 0), "{version}");
        assert_eq!((ran.row("set").0, ran.outcome.received.messages), (1, 3_000));
    });
}

#[test]
fn what_no_step_takes_is_dropped_in_the_end_and_told() {
    let class = r#"
        on_start = [{ subscribe = { filter = "d/#" } }]
        tasks = [{ name = "t", steps = [
          { repeat = { times = 1003, steps = [{ publish = { topic = "d/${client_id}", payload = "${seq}" } }] } },
          { publish = { topic = "d/last", qos = 1 } },
          { receive = { filter = "d/last" } },
          { receive = { filter = "d/+", expect = { equals = "5" }, name = "oldest" } },
        ] }]
    "#;
    on_broker(Faults::default(), class, |version, ran| {
        let what = "message dropped: too many wait for a `receive`";
        let dropped = Unexpected { what, origin: Origin::Generator };
        assert_eq!(ran.outcome.unexpected, [(dropped, 4)].into(), "{version}");
        assert_eq!(ran.failures(), [""; 0], "{version}");
    });
}

/// Runs a plan against a broker that is played by hand.
async fn played<T: Future<Output = ()>>(plan: Arc<Plan>, play: impl FnOnce(TcpListener) -> T) -> RunResult {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let interrupts = Interrupts::default();
    tokio::join!(run_on(addr, plan, &interrupts), play(listener)).0
}

/// A client of MQTT 5 that has connected and subscribed at QoS 0 in its first two packets.
async fn subscribed(listener: &TcpListener) -> Peer {
    let mut peer = accept(listener).await;
    peer.packet().await;
    peer.send(b"\x20\x03\0\0\0").await;
    let subscribe = peer.packet().await;
    peer.send(&[0x90, 4, subscribe[2], subscribe[3], 0, 0]).await;
    peer
}

/// A QoS 0 message of MQTT 5 with correlation data, or none.
fn reply(topic: &str, data: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut properties = Vec::new();
    if !data.is_empty() {
        properties.extend([9, 0, u8::try_from(data.len()).unwrap()]);
        properties.extend(data);
    }
    let mut body = vec![0, u8::try_from(topic.len()).unwrap()];
    body.extend(topic.as_bytes());
    body.push(u8::try_from(properties.len()).unwrap());
    body.extend(properties);
    body.extend(payload);
    [&[0x30, u8::try_from(body.len()).unwrap()][..], &body].concat()
}

/// The correlation data of a request to `ask` with the response topic `r/c1`, and what stands behind its properties.
fn asked(packet: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let head = b"\0\x03ask\x22\x08\0\x04r/c1\x09\0\x18";
    assert_eq!(packet[2..2 + head.len()], *head);
    let (data, payload) = packet[2 + head.len()..].split_at(24);
    (data.to_vec(), payload.to_vec())
}

const ASKING: &str = r#"
    on_error = "continue"
    on_start = [{ subscribe = { filter = "r/+" } }]
    tasks = [{ name = "t", steps = [{ repeat = { times = 2, steps = [
      { request = { topic = "ask", payload = "${seq}", reply_topic = "r/${client_id}", expect = { equals = "re ${seq}" }, timeout = "300ms", name = "request" } },
    ] } }] }]
"#;

#[test]
fn a_late_reply_is_not_that_of_the_next_request() {
    let ran = with_sockets(played(plan("5", ASKING), |listener| async move {
        let mut peer = subscribed(&listener).await;
        let (first, payload) = asked(&peer.packet().await);
        assert_eq!(payload, b"1");
        // Nothing in time; then both at once, the late one first.
        let (second, payload) = asked(&peer.packet().await);
        assert_eq!(payload, b"2");
        assert_ne!(first, second);
        peer.send(&reply("r/c1", &first, b"re 1")).await;
        peer.send(&reply("r/c1", b"", b"re 2")).await;
        peer.send(&reply("r/c2", &second, b"re 2")).await;
        peer.send(&reply("r/c1", &second, b"re 2")).await;
        assert_eq!(peer.packet().await, b"\xE0\0");
    }));
    assert_eq!(ran.failures(), ["request: no reply within 300ms"]);
    assert_eq!(ran.row("request"), (2, 1));
}

#[test]
fn swapped_replies_reach_their_requests() {
    // Two users ask at the same time, on one topic for replies, and are answered in the wrong order.
    let text = format!(
        "version = 1\nload = {{ users = 2, spawn_rate = 100 }}\n\
         [brokers.b]\nurl = \"mqtt://127.0.0.1\"\nprotocol = \"5\"\n[user_classes.device]\niterations = 1\n{}",
        ASKING
            .replace("r/${client_id}", "r/c1")
            .replace("times = 2", "times = 1")
            .replace("${seq}", "${user.number}")
    );
    let plan = Arc::new(TestScenario::toml(text).plan());
    let ran = with_sockets(played(plan, |listener| async move {
        let mut peers = [subscribed(&listener).await, subscribed(&listener).await];
        let mut data = Vec::new();
        for peer in &mut peers {
            data.push(asked(&peer.packet().await));
        }
        for peer in &mut peers {
            for (data, payload) in data.iter().rev() {
                let payload = [b"re ", &payload[..]].concat();
                peer.send(&reply("r/c1", data, &payload)).await;
            }
        }
        for peer in &mut peers {
            assert_eq!(peer.packet().await, b"\xE0\0");
        }
    }));
    assert_eq!(ran.failures(), [""; 0]);
    assert_eq!(ran.row("request"), (2, 0));
}

#[test]
fn a_wrong_reply_and_a_missing_acknowledgement_are_one_failure_each() {
    let class = |qos: u8| {
        ASKING.replace("payload = \"${seq}\"", &format!("qos = {qos}")).replace("times = 2", "times = 1")
    };
    let ran = with_sockets(played(plan("5", &class(0)), |listener| async move {
        let mut peer = subscribed(&listener).await;
        let (data, _) = asked(&peer.packet().await);
        peer.send(&reply("r/c1", &data, b"re 2")).await;
        peer.packet().await;
    }));
    assert_eq!(ran.failures(), ["request: received message: payload is not equal to what is expected"]);
    // The reply is there and right; what lacks is the PUBACK.
    let ran = with_sockets(played(plan("5", &class(1)), |listener| async move {
        let mut peer = subscribed(&listener).await;
        let packet = peer.packet().await;
        assert_eq!(packet[0], 0x32);
        peer.send(&reply("r/c1", &packet[20..44], b"re 1")).await;
        peer.packet().await;
    }));
    assert_eq!(ran.failures(), ["request: no PUBACK within 300ms"]);
    assert_eq!(ran.row("request"), (1, 1));
}

#[test]
fn a_wait_goes_on_over_a_lost_connection() {
    let class = ASKING.replace("300ms", "5s").replace("times = 2", "times = 1");
    let ran = with_sockets(played(plan("5", &class), |listener| async move {
        let mut peer = subscribed(&listener).await;
        let (data, _) = asked(&peer.packet().await);
        drop(peer);
        let mut peer = subscribed(&listener).await;
        peer.send(&reply("r/c1", &data, b"re 1")).await;
        assert_eq!(peer.packet().await, b"\xE0\0");
    }));
    assert_eq!(ran.failures(), ["disconnect: connection to b:1883 lost: closed by the broker"]);
    let ((requests, failures), longest) = (ran.row("request"), ran.max_ms("request"));
    assert_eq!((requests, failures), (1, 0));
    assert!(longest >= 100.0, "the pause before the new connection counts: {longest}");
}

#[test]
fn replies_are_known_by_topic_or_by_a_value_of_their_json() {
    let class = |how: &str| {
        format!(
            r#"
            on_error = "continue"
            on_start = [{{ subscribe = {{ filter = "r/+" }} }}]
            tasks = [{{ name = "t", steps = [{{ repeat = {{ times = 2, steps = [
              {{ request = {{ topic = "r/${{client_id}}", payload = {{ json = {{ id = "${{seq}}" }} }}, qos = 1, reply_topic = "r/${{client_id}}", {how}, name = "request", timeout = "500ms" }} }},
            ] }} }}] }}]
            "#
        )
    };
    // Each request is its own reply.
    for how in [
        "correlation = \"topic\"",
        "correlation = { json = \"/id\" }, expect = { json = { \"/id\" = \"${seq}\" } }",
    ] {
        on_broker(slow(), &class(how), |version, ran| {
            assert_eq!(ran.failures(), [""; 0], "{version} {how}");
            let (requests, longest) = (ran.row("request").0, ran.max_ms("request"));
            assert_eq!(requests, 2);
            assert!(longest < 200.0, "the time is the reply's, which came before PUBACK: {longest}");
        });
    }
    on_broker(Faults::default(), &class("correlation = { json = \"/none\" }"), |version, ran| {
        let expected = "request: not sent: its payload has nothing at the JSON pointer of `correlation`";
        assert_eq!(ran.failures(), [expected], "{version}");
        assert_eq!(ran.row("request"), (2, 2));
    });
}

#[test]
fn a_class_can_answer_what_another_asks() {
    let text = r#"
        version = 1
        load = { users = 4, spawn_rate = 100 }
        [brokers.b]
        url = "mqtt://127.0.0.1"
        protocol = "5"
        [user_classes.service]
        fixed_count = 1
        iterations = 60
        on_start = [{ subscribe = { filter = "ask/+", qos = 1 } }]
        tasks = [{ name = "t", steps = [
          { receive = { filter = "ask/+", since = "subscribe", record = false } },
          { publish = { topic = "${received.response_topic}", payload = "${received.topic} ${received.payload}", qos = 1, properties = { correlation_data = "${received.correlation_data}" }, name = "answer" } },
        ] }]
        [user_classes.client]
        iterations = 20
        on_start = [{ subscribe = { filter = "re/${client_id}" } }, { wait = "200ms" }]
        tasks = [{ name = "t", steps = [
          { request = { topic = "ask/${client_id}", payload = "${seq}", qos = 1, reply_topic = "re/${client_id}", expect = { equals = "ask/${client_id} ${seq}" }, name = "ask" } },
        ] }]
    "#;
    let plan = Arc::new(TestScenario::toml(text).plan());
    let ran = with_sockets(async {
        let broker = Broker::start(BrokerConfig::default()).unwrap();
        run_on(broker.addr(), plan, &Interrupts::default()).await
    });
    assert_eq!(ran.failures(), [""; 0]);
    assert_eq!((ran.row("ask").0, ran.row("answer").0), (60, 60));
    assert!(ran.outcome.unexpected.is_empty(), "{:?}", ran.outcome.unexpected);
}

#[test]
fn an_answer_goes_to_a_topic_made_of_levels_of_the_question() {
    let text = r#"
        version = 1
        load = { users = 4, spawn_rate = 100 }
        [brokers.b]
        url = "mqtt://127.0.0.1"
        [user_classes.service]
        fixed_count = 1
        iterations = 15
        on_start = [{ subscribe = { filter = "/site/+/ask/#", qos = 1 } }]
        tasks = [{ name = "t", steps = [
          { receive = { filter = "/site/+/ask/#", since = "subscribe", record = false } },
          { publish = { topic = "/re/${received.level(3)}", payload = "${received.level(1)}|${received.level(5)}|${received.level(6)}", qos = 1, name = "answer" } },
        ] }]
        [user_classes.client]
        iterations = 5
        on_start = [{ subscribe = { filter = "/re/${client_id}" } }, { wait = "200ms" }]
        tasks = [{ name = "t", steps = [
          { publish = { topic = "/site/${client_id}/ask/${iteration}", qos = 1, name = "ask" } },
          { receive = { filter = "/re/${client_id}", where = { equals = "|${iteration}|" }, since = "task", name = "answered" } },
        ] }]
    "#;
    let plan = Arc::new(TestScenario::toml(text).plan());
    let ran = with_sockets(async {
        let broker = Broker::start(BrokerConfig::default()).unwrap();
        run_on(broker.addr(), plan, &Interrupts::default()).await
    });
    assert_eq!(ran.failures(), [""; 0]);
    assert_eq!((ran.row("ask").0, ran.row("answer").0, ran.row("answered").0), (15, 15, 15));
    assert!(ran.outcome.unexpected.is_empty(), "{:?}", ran.outcome.unexpected);
}

#[test]
fn what_was_received_must_make_a_topic() {
    let class = r#"
        on_error = "continue"
        on_start = [{ subscribe = { filter = "a" } }]
        tasks = [{ name = "t", steps = [
          { publish = { topic = "a", properties = { correlation_data = "${random_bytes(4)}" } } },
          { receive = { filter = "a" } },
          { publish = { topic = "${received.response_topic}", name = "without" } },
          { publish = { topic = "a", properties = { response_topic = "b" } } },
          { receive = { filter = "a" } },
          { publish = { topic = "${received.response_topic}", name = "with" } },
        ] }]
    "#;
    let ran = with_sockets(async {
        let broker = Broker::start(BrokerConfig::default()).unwrap();
        run_on(broker.addr(), plan("5", class), &Interrupts::default()).await
    });
    assert_eq!(ran.failures(), ["without: not sent: what was received makes no topic"]);
    assert_eq!(ran.row("with"), (1, 0));
}

/// How a class fares on a broker that follows a script, on a paused clock.
fn scripted(script: Script, class: &str) -> (RunResult, Vec<String>) {
    let plan = plan("3.1.1", class);
    let ran = with_paused_clock(run_scripted(plan, script, OPTIONS, &Interrupts::default(), async {}));
    let entries = ran.journal.iter().map(ToString::to_string).collect();
    (ran, entries)
}

const S: Duration = Duration::from_secs(1);

#[test]
fn a_wait_counts_from_its_step_to_the_reading_of_its_last_message() {
    let sends =
        |_| vec![(S, "a", "1"), (2 * S, "b", ""), (3 * S, "a", "2"), (4 * S, "a", "3"), (9 * S, "a", "")];
    let class = r#"
        on_start = [{ subscribe = { filter = "+" } }]
        tasks = [{ name = "t", steps = [
          { wait = "1500ms" },
          { receive = { filter = "a", count = 3, name = "three" } },
          { receive = { filter = "b", name = "before" } },
          { receive = { filter = "a", timeout = "2s", name = "late" } },
        ] }]
    "#;
    let (ran, _) = scripted(Script { sends: Box::new(sends), ..Script::default() }, class);
    assert_eq!(ran.failures(), ["late: no message within 2s"]);
    assert_eq!((ran.row("three"), ran.max_ms("three")), ((1, 0), 2_500.0));
    assert_eq!((ran.row("before"), ran.max_ms("before")), ((1, 0), 0.0));
    assert_eq!((ran.row("late"), ran.max_ms("late")), ((1, 1), 2_000.0));
}

#[test]
fn the_deadline_of_a_wait_stays_where_it_was_when_the_connection_is_lost() {
    let class = r#"
        on_start = [{ subscribe = { filter = "+" } }]
        tasks = [{ name = "t", steps = [
          { receive = { filter = "a", timeout = "TIMEOUT", name = "wait" } },
          { publish = { topic = "next" } },
        ] }]
    "#;
    // Lost after a second, and again only six seconds later there is a connection; a second after that a message.
    let script = || Script {
        lives: Box::new(|n| (n == 0).then_some((S, Failure::Closed))),
        connect: Box::new(|n| Answer::After(if n == 0 { Duration::ZERO } else { 6 * S })),
        sends: Box::new(|n| if n == 0 { Vec::new() } else { vec![(S, "a", "")] }),
        ..Script::default()
    };
    let (ran, entries) = scripted(script(), &class.replace("TIMEOUT", "3s"));
    let expected = ["disconnect: connection lost: closed by the broker", "wait: no message within 3s"];
    assert_eq!((ran.failures(), ran.max_ms("wait")), (expected.map(str::to_owned).to_vec(), 3_000.0));
    assert!(!entries.iter().any(|entry| entry.contains("publish")), "{entries:?}");
    let (ran, entries) = scripted(script(), &class.replace("TIMEOUT", "20s"));
    assert_eq!(ran.failures(), expected[..1]);
    let longest = ran.max_ms("wait");
    assert!((8_000.0..10_000.0).contains(&longest), "loss, pause, connect, message: {longest}");
    assert!(entries.iter().any(|entry| entry.contains("publish next")), "{entries:?}");
}

#[test]
fn what_comes_between_two_task_runs_is_for_no_step() {
    let sends = |_| {
        let flood = (0..1_500).map(|_| (3 * S, "a", "flood"));
        [(S, "a", "0")].into_iter().chain(flood).chain([(6 * S, "a", "1")]).collect()
    };
    let class = r#"
        iterations = 2
        wait_time = { constant = "4s" }
        on_start = [{ subscribe = { filter = "+" } }]
        tasks = [{ name = "t", steps = [{ receive = { filter = "a", expect = { equals = "${iteration}" }, name = "receive" } }] }]
    "#;
    let (ran, _) = scripted(Script { sends: Box::new(sends), ..Script::default() }, class);
    assert_eq!((ran.failures(), ran.row("receive").0), (Vec::new(), 2));
    assert_eq!((ran.outcome.received.messages, ran.outcome.unexpected.len()), (1_502, 0));
}

#[test]
fn what_a_condition_passes_over_is_there_for_the_next_step() {
    let sends = |_| vec![(S, "a", "1"), (S, "a", "2"), (S, "a", "3"), (2 * S, "a", "4")];
    let class = r#"
        on_start = [{ subscribe = { filter = "+" } }]
        tasks = [{ name = "t", steps = [
          { receive = { filter = "a", where = { equals = "3" } } },
          { receive = { filter = "a", expect = { equals = "1" } } },
          { receive = { filter = "+", expect = { equals = "2" } } },
          { receive = { filter = "+", since = "step", name = "last", expect = { equals = "4" } } },
        ] }]
    "#;
    let (ran, _) = scripted(Script { sends: Box::new(sends), ..Script::default() }, class);
    assert_eq!((ran.failures(), ran.max_ms("last")), (Vec::new(), 1_000.0));
}

#[test]
fn a_plan_tells_what_is_waited_for_and_what_of_it_is_expected() {
    let place = ScenarioDir::new(
        r#"
        version = 1
        load.run_time = "1m"
        [brokers.b]
        url = "embedded:"
        protocol = "5"
        [user_classes.device]
        username = "u"
        password = "secret"
        on_start = [{ subscribe = { filter = "a/#" } }]
        tasks = [{ name = "t", steps = [
          { receive = { filter = "a/${client_id}/+", where = { contains = "secret", topic = "+/${client_id}/#" }, expect = { equals = "n${seq}", regex = "^n\\d+", json = { "/a" = "${seq}", "/b" = "n${seq}", "/c" = [1.5, true] } }, count = 3, since = "subscribe" } },
          { receive = { filter = "a/+", retained = true, since = "step", timeout = "1s" } },
          { request = { topic = "b", payload = "${received.payload}", reply_topic = "a/${random_int(7, 7)}", expect = { equals = "on" } } },
          { request = { topic = "b", payload = { json = { id = 1 } }, reply_topic = "a", correlation = { json = "/id" }, qos = 1 } },
          { request = { topic = "b", reply_topic = "a", correlation = "topic" } },
        ] }]
        "#,
    );
    let said = |arguments: &[&str]| {
        let output = place.run(&[&["plan", "scenario.toml"], arguments].concat());
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let (_, text) = said(&[]).split_once("  on_start").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    insta::assert_snapshot!("plan_as_text", text);
    let json: serde_json::Value = serde_json::from_str(&said(&["--format", "json"])).unwrap();
    let steps = &json["user_classes"][0]["tasks"][0]["steps"];
    insta::assert_snapshot!("plan_as_json", format!("{steps:#}"));
    assert!(!format!("{text}{json}").contains("secret"));
}

/// Mosquitto as the second witness, in both versions.
#[test]
#[ignore = "needs mosquitto"]
fn mosquitto_brings_messages_replies_and_retained_sets() {
    let mosquitto = Mosquitto::start("", &[]);
    let class = |set: &str| {
        format!(
            r#"
            on_start = [
              {{ repeat = {{ times = 200, steps = [{{ publish = {{ topic = "{set}/${{seq}}", payload = "on", qos = 1, retain = true, name = "set" }} }}] }} }},
              {{ subscribe = {{ filter = "{set}/+", qos = 1 }} }},
              {{ receive = {{ filter = "{set}/+", retained = true, count = 200, expect = {{ equals = "on" }}, name = "retained" }} }},
              {{ subscribe = {{ filter = "echo/{set}", qos = 2 }} }},
            ]
            tasks = [{{ name = "t", steps = [{{ repeat = {{ times = 50, steps = [
              {{ publish = {{ topic = "echo/{set}", payload = "${{seq}}", qos = 2, name = "publish" }} }},
              {{ receive = {{ filter = "echo/{set}", expect = {{ equals = "${{seq}}" }}, name = "receive" }} }},
              {{ request = {{ topic = "echo/{set}", payload = "${{seq}}", qos = 1, reply_topic = "echo/{set}", expect = {{ equals = "${{seq}}" }}, name = "request" }} }},
            ] }} }}] }}]
            "#
        )
    };
    for (protocol, set) in [("3.1.1", "old"), ("5", "new")] {
        let ran = with_sockets(run_on(mosquitto.addr(), plan(protocol, &class(set)), &Interrupts::default()));
        assert_eq!(ran.failures(), [""; 0], "{protocol}");
        for (name, requests) in [("retained", 1), ("receive", 50), ("request", 50)] {
            assert_eq!(ran.row(name).0, requests, "{protocol} {name}");
        }
        assert!(ran.outcome.unexpected.is_empty(), "{protocol}: {:?}", ran.outcome.unexpected);
    }
}
