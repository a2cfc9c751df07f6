//! MQTT 5, wills and lasting sessions through all layers: what a scenario says is on the wire, and what brokers do is
//! in the statistics, once.

use std::sync::Arc;
use std::time::Duration;

use mqtt_scenario::broker::{Broker, BrokerConfig};
use mqtt_scenario::compile::codes;
use mqtt_scenario::engine::Interrupts;
use mqtt_scenario::plan::Plan;
use mqtt_scenario::scenario::files::Format;
use mqtt_scenario::scenario::source::Source;
use tokio::net::TcpListener;

use crate::support::peer::{Peer, accept};
use crate::support::run::{RunResult, run_on};
use crate::support::{ScenarioDir, TestScenario, row, with_sockets};

fn plan(text: &str) -> Arc<Plan> {
    let text = text.replace("[brokers.b]", "[brokers.b]\nurl = \"mqtt://127.0.0.1\"");
    let text = format!("version = 1\nload.run_time = \"1m\"\n{text}");
    let files = [("will.bin", &b"\0\xFF"[..]), ("wills.txt", b"first\nsecond\n")];
    Arc::new(TestScenario::toml(text).with_files(&files).plan())
}

/// Runs a plan against a broker that is played by hand; the run ends with the play. What the play leaves, such as a
/// connection, is kept until then, or its loss may still count.
async fn played<T: Future>(plan: Arc<Plan>, play: impl FnOnce(TcpListener) -> T) -> RunResult {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let interrupts = Interrupts::default();
    let (ran, _) = tokio::join!(run_on(addr, plan, &interrupts), async {
        let left = play(listener).await;
        interrupts.stop.cancel();
        left
    });
    ran
}

async fn connected(listener: &TcpListener, connack: &[u8]) -> (Peer, Vec<u8>) {
    let mut peer = accept(listener).await;
    let packet = peer.packet().await;
    peer.send(connack).await;
    (peer, packet)
}

#[test]
fn what_a_scenario_says_is_on_the_wire() {
    let plan = plan(
        r#"
        [brokers.b]
        protocol = "5"
        keep_alive = "0s"
        clean_session = false
        session_expiry = "1h"
        receive_maximum = 8
        max_packet_size = "1KiB"
        topic_alias = "auto"
        [user_classes.device]
        client_id = "c${user.number}"
        will = { topic = "w/${client_id}", payload = "gone", qos = 1, retain = true, delay = "2s", properties = { message_expiry = "1m" } }
        tasks = [{ name = "t", steps = [
          { subscribe = { filter = "f", qos = 1, no_local = true, retain_as_published = true, retain_handling = "if_new" } },
          { repeat = { times = 2, steps = [
            { publish = { topic = "t", payload = "p", qos = 1, properties = { content_type = "a/b", correlation_data = "${seq}", user_properties = { k = "${client_id}" } } } },
          ] } },
          { wait = "300ms" },
        ] }]
        "#,
    );
    let ran = with_sockets(played(plan, |listener| async move {
        let (mut peer, packet) = connected(&listener, b"\x20\x06\0\0\x03\x22\0\x05").await;
        let connect = [
            &b"\x10\x36\0\x04MQTT\x05\x2C\0\0"[..],
            b"\x10\x11\0\0\x0E\x10\x21\0\x08\x27\0\0\x04\0\x22\0\x40",
            b"\0\x02c1",
            b"\x0A\x18\0\0\0\x02\x02\0\0\0\x3C\0\x04w/c1\0\x04gone",
        ];
        assert_eq!(packet, connect.concat());
        assert_eq!(peer.packet().await, b"\x82\x07\0\x01\0\0\x01f\x1D");
        peer.send(b"\x90\x04\0\x01\0\x01").await;
        let first = b"\x32\x1C\0\x01t\0\x02\x15\x23\0\x01\x03\0\x03a/b\x09\0\x011\x26\0\x01k\0\x02c1p";
        assert_eq!(peer.packet().await, first);
        peer.send(b"\x40\x02\0\x02").await;
        let second = b"\x32\x1B\0\0\0\x03\x15\x23\0\x01\x03\0\x03a/b\x09\0\x012\x26\0\x01k\0\x02c1p";
        assert_eq!(peer.packet().await, second);
        peer.send(b"\x40\x03\0\x03\x97").await;
        // The failed step ends the task; after its wait the next one begins with its subscription.
        assert_eq!(peer.packet().await[0], 0x82);
    }));
    assert_eq!(ran.failures()[0], "publish:1:t: PUBACK: Quota exceeded (0x97)");
    assert!(ran.outcome.unexpected.is_empty());
}

/// All ways of saying what a message carries, once per user.
#[test]
fn a_will_carries_what_a_message_can_carry() {
    // The bytes, or how many there are if they are drawn.
    for (payload, expected) in [
        ("'gone ${client_id}'", Ok(&b"gone c1"[..])),
        ("{ text = '${random_bytes(2)}' }", Err(2)),
        (
            "{ json = { id = '${client_id}', at = '${user.number}', ok = true } }",
            Ok(br#"{"id":"c1","at":1,"ok":true}"#),
        ),
        ("{ hex = '00 ff' }", Ok(b"\0\xFF")),
        ("{ base64 = 'AP8=' }", Ok(b"\0\xFF")),
        ("{ file = 'will.bin' }", Ok(b"\0\xFF")),
        ("{ lines = 'wills.txt' }", Ok(b"first")),
        ("{ size = '4B' }", Err(4)),
        ("{ size = { between = ['3B', '3B'] } }", Err(3)),
        ("{ named = 'lost' }", Ok(b"c1 is lost")),
    ] {
        let text = format!(
            "payloads.lost = '${{client_id}} is lost'\n[brokers.b]\n[user_classes.device]\n\
             client_id = 'c${{user.number}}'\nwill = {{ topic = 'w', payload = {payload} }}\n\
             tasks = [{{ name = 't', steps = [{{ publish = {{ topic = 't', payload = {{ named = 'lost' }} }} }}] }}]\n"
        );
        with_sockets(played(plan(&text), |listener| async move {
            let (_peer, packet) = connected(&listener, b"\x20\x02\0\0").await;
            let start = packet.windows(3).position(|bytes| bytes == b"\0\x01w").unwrap() + 3;
            let length = usize::from(u16::from_be_bytes([packet[start], packet[start + 1]]));
            let carried = &packet[start + 2..];
            assert_eq!(carried.len(), length, "{payload}");
            match expected {
                Ok(bytes) => assert_eq!(carried, bytes, "{payload}"),
                Err(drawn) => assert_eq!(length, drawn, "{payload}"),
            }
        }));
    }
}

#[test]
fn a_will_is_the_same_as_long_as_its_user_lives() {
    for (payload, code) in [
        ("'${seq}'", mqtt_scenario::template::codes::NOT_ALLOWED_HERE),
        ("{ json = { at = '${now_ms()}' } }", mqtt_scenario::template::codes::NOT_ALLOWED_HERE),
        ("{ json = '${random_bytes(2)}' }", mqtt_scenario::template::codes::NOT_ALLOWED_HERE),
        ("{ size = '65536B' }", codes::TOO_LONG),
        ("{ file = 'none.bin' }", codes::FILE),
        ("{ hex = 'f' }", codes::HEX),
        ("{ named = 'none' }", codes::UNKNOWN_PAYLOAD),
    ] {
        let text = format!(
            "version = 1\nbrokers.b.url = 'embedded:'\n[user_classes.device]\n\
             will = {{ topic = 'w', payload = {payload} }}\ntasks = [{{ name = 't', steps = ['connect'] }}]\n"
        );
        let found = TestScenario::toml(text).refused();
        let found: Vec<_> = found.iter().map(|diagnostic| diagnostic.code).collect();
        assert_eq!(found, [code], "{payload}");
    }
}

/// 3.1.1 has no password without a user name (MQTT-3.1.2-22); 5 has.
#[test]
fn a_password_alone_is_said_to_a_broker_of_5() {
    let text = "[brokers.b]\nprotocol = '5'\nkeep_alive = '0s'\n[user_classes.device]\nclient_id = 'c'\npassword = 'token'\n\
                tasks = [{ name = 't', steps = ['connect', { wait = '1m' }] }]\n";
    with_sockets(played(plan(text), |listener| async move {
        let (_peer, packet) = connected(&listener, b"\x20\x03\0\0\0").await;
        assert_eq!(packet, b"\x10\x15\0\x04MQTT\x05\x42\0\0\0\0\x01c\0\x05token");
    }));
    for (protocol, expected) in [("'5'", &[][..]), ("'3.1.1'", &[codes::CONFLICT])] {
        let text = format!(
            "version = 1\nload.run_time = '1m'\nbrokers.b = {{ url = 'mqtt://h', protocol = {protocol} }}\n\
             [user_classes.device]\npassword = 'token'\ntasks = [{{ name = 't', steps = ['connect'] }}]\n"
        );
        let found = TestScenario::toml(text).compile().err();
        let found: Vec<_> = found.into_iter().flatten().map(|diagnostic| diagnostic.code).collect();
        assert_eq!(found, expected, "{protocol}");
    }
}

/// Their order may say something, be they templates or not.
#[test]
fn user_properties_keep_the_order_of_the_file() {
    let text = r#"
        [brokers.b]
        protocol = "5"
        keep_alive = "0s"
        [user_classes.device]
        client_id = "c"
        will = { topic = "w", properties = { user_properties = { z = "1", a = "2" } } }
        tasks = [{ name = "t", steps = [
          { publish = { topic = "t", properties = { user_properties = { z = "1", m = "${client_id}", a = "3", "0" = "4" } } } },
          { wait = "1m" },
        ] }]
        "#;
    with_sockets(played(plan(text), |listener| async move {
        let (mut peer, packet) = connected(&listener, b"\x20\x03\0\0\0").await;
        let will = b"\x0E\x26\0\x01z\0\x011\x26\0\x01a\0\x012\0\x01w\0\0";
        assert!(packet.ends_with(will), "{packet:x?}");
        let properties = b"\x1C\x26\0\x01z\0\x011\x26\0\x01m\0\x01c\x26\0\x01a\0\x013\x26\0\x010\0\x014";
        assert_eq!(peer.packet().await[5..], properties[..]);
    }));
    let toml = "version = 1\n[user_classes.d.will.properties.user_properties]\nz = '1'\na = '2'\nm = '3'\n";
    let yaml =
        "version: 1\nuser_classes:\n  d: {will: {properties: {user_properties: {z: '1', a: '2', m: '3'}}}}\n";
    for (format, text) in [(Format::Toml, toml), (Format::Yaml, yaml)] {
        let (_, parsed) = Source::parse("test", text, format);
        let will = parsed.scenario.user_classes["d"].will.clone().unwrap();
        let properties = will.properties.unwrap().user_properties;
        let names: Vec<_> = properties.iter().map(|(name, value)| format!("{name}{value}")).collect();
        assert_eq!(names, ["z1", "a2", "m3"]);
    }
    // A class that goes on with another one: its own first, in their order, and then what it inherits.
    let extended = format!(
        "{toml}[user_classes.e]\nextends = 'd'\n[user_classes.e.will.properties.user_properties]\ny = '4'\na = '5'\n"
    );
    let (_, parsed) = Source::parse("test.toml", &extended, Format::Toml);
    let will = parsed.scenario.user_classes["e"].will.clone().unwrap();
    let properties = will.properties.unwrap().user_properties;
    let names: Vec<_> = properties.iter().map(|(name, value)| format!("{name}{value}")).collect();
    assert_eq!(names, ["y4", "a5", "z1", "m3"]);
}

/// A broker that sends a client elsewhere has not lost it, and one that closes has not sent it elsewhere.
#[test]
fn redirects_are_told_apart_from_lost_connections() {
    let text = "[brokers.b]\nprotocol = '5'\n[user_classes.device]\nclient_id = 'c'\n\
                tasks = [{ name = 't', steps = [{ publish = { topic = 't', qos = 1, name = 'publish' } }] }]\n";
    for (connack, then, row, failure) in [
        (
            &b"\x20\x09\0\x9C\x06\x1C\0\x03b:1"[..],
            &b""[..],
            "connect",
            "b:1883 refused the connection: Use another server (0x9C): see b:1",
        ),
        (
            b"\x20\x09\0\x9D\x06\x1C\0\x03b:1",
            b"",
            "connect",
            "b:1883 refused the connection: Server moved (0x9D): see b:1",
        ),
        (b"\x20\x03\0\x9D\0", b"", "connect", "b:1883 refused the connection: Server moved (0x9D)"),
        (
            b"",
            b"",
            "connect",
            "no CONNACK from b:1883: closed by the broker (does it want TLS or WebSocket at this port?)",
        ),
        (
            b"\x20\x03\0\0\0",
            b"\xE0\x08\x9C\x06\x1C\0\x03b:1",
            "publish",
            "DISCONNECT by b:1883: Use another server (0x9C): see b:1",
        ),
        (
            b"\x20\x03\0\0\0",
            b"\xE0\x08\x9D\x06\x1C\0\x03b:1",
            "publish",
            "DISCONNECT by b:1883: Server moved (0x9D): see b:1",
        ),
        (b"\x20\x03\0\0\0", b"", "publish", "connection to b:1883 lost: closed by the broker"),
    ] {
        let ran = with_sockets(played(plan(text), |listener| async move {
            let (mut peer, _) = connected(&listener, connack).await;
            if row == "publish" {
                assert_eq!(peer.packet().await[0], 0x32);
                peer.send(then).await;
            }
            // The broker closes, and what it is connected to next is still itself: redirects are not followed.
            drop(peer);
            let (peer, packet) = connected(&listener, b"").await;
            assert_eq!(packet[0], 0x10);
            drop(peer);
        }));
        assert_eq!(ran.failures()[0], format!("{row}: {failure}"));
    }
}

const LASTING: &str = r#"
    [brokers.b]
    clean_session = false
    keep_alive = "0s"
    [user_classes.device]
    on_start = [{ subscribe = { filter = "f", qos = 1, name = "subscribe" } }]
    tasks = [{ name = "t", steps = [{ publish = { topic = "t", payload = "p", qos = 1, name = "publish" } }, { wait = "300ms" }] }]
"#;

/// Takes a subscription and a message, and is gone before it acknowledges the message.
async fn lose_a_message(listener: &TcpListener) {
    let (mut peer, packet) = connected(listener, b"\x20\x02\0\0").await;
    assert_eq!(packet[9], 0, "no clean session");
    assert_eq!(peer.packet().await[0], 0x82);
    peer.send(b"\x90\x03\0\x01\x01").await;
    assert_eq!(peer.packet().await[0], 0x32);
    peer.reset();
}

#[test]
fn a_request_outlives_its_connection_and_counts_once() {
    let ran = with_sockets(played(plan(LASTING), |listener| async move {
        lose_a_message(&listener).await;
        let (mut peer, _) = connected(&listener, b"\x20\x02\x01\0").await;
        assert_eq!(peer.packet().await, b"\x3A\x06\0\x01t\0\x02p", "and no SUBSCRIBE before it");
        peer.send(b"\x40\x02\0\x02").await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        peer
    }));
    let ((requests, failures), max_ms) = (ran.row("publish"), ran.max_ms("publish"));
    assert_eq!((requests, failures), (1, 0));
    assert!(max_ms >= 100.0, "its time counts from the first send: {max_ms} ms");
    assert_eq!(ran.row("connect").0, 2);
    assert_eq!(ran.row("subscribe").0, 1, "the session has it");
    assert_eq!(ran.row("disconnect").1, 1, "the loss");
}

#[test]
fn a_request_of_a_session_that_is_forgotten_fails_once() {
    let ran = with_sockets(played(plan(LASTING), |listener| async move {
        lose_a_message(&listener).await;
        let (mut peer, _) = connected(&listener, b"\x20\x02\0\0").await;
        assert_eq!(peer.packet().await[0], 0x82, "the subscription is made again");
        peer.send(b"\x90\x03\0\x01\x01").await;
        assert_eq!(peer.packet().await[0], 0x32, "the next task run, without DUP");
        peer.send(b"\x40\x02\0\x02").await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }));
    let (requests, failures) = ran.row("publish");
    assert_eq!((requests, failures), (2, 1));
    assert!(ran.failures().contains(&"publish: session lost: the broker has forgotten it".to_owned()));
    assert_eq!(ran.row("subscribe").0, 2);
}

#[test]
fn a_request_that_runs_out_of_time_without_a_connection_fails_in_its_time() {
    let text =
        LASTING.replace("qos = 1, name = \"publish\"", "qos = 1, name = \"publish\", timeout = \"50ms\"");
    let ran = with_sockets(played(plan(&text), |listener| async move {
        lose_a_message(&listener).await;
        let (mut peer, _) = connected(&listener, b"\x20\x02\x01\0").await;
        assert_eq!(peer.packet().await, b"\x3A\x06\0\x01t\0\x02p", "the broker is told all the same");
        peer.send(b"\x40\x02\0\x02").await;
        assert_eq!(peer.packet().await[0], 0x32);
        peer.send(b"\x40\x02\0\x03").await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }));
    let ((requests, failures), max_ms) = (ran.row("publish"), ran.max_ms("publish"));
    assert_eq!((requests, failures), (2, 1));
    assert!((50.0..100.0).contains(&max_ms), "{max_ms} ms");
    assert!(ran.failures().contains(&"publish: no PUBACK within 50ms".to_owned()), "{:?}", ran.failures());
}

/// Who is away gets what was published meanwhile, on both protocols.
#[test]
fn messages_wait_for_users_that_are_away() {
    for protocol in ["3.1.1", "5"] {
        let plan = plan(&format!(
            r#"
            [brokers.b]
            protocol = "{protocol}"
            clean_session = false
            [user_classes.device]
            client_id = "sleeper"
            on_start = [
              {{ subscribe = {{ filter = "f", qos = 1 }} }},
              {{ publish = {{ topic = "f", payload = "12345", qos = 1, await_ack = false }} }},
              {{ disconnect = {{}} }},
              {{ wait = "100ms" }},
              {{ connect = {{}} }},
            ]
            tasks = [{{ name = "t", steps = [{{ wait = "1m" }}] }}]
            "#
        ));
        let broker = Broker::start(BrokerConfig::default()).unwrap();
        let interrupts = Interrupts::default();
        let ran = with_sockets(async {
            let (ran, ()) = tokio::join!(run_on(broker.addr(), plan, &interrupts), async {
                tokio::time::sleep(Duration::from_millis(1_500)).await;
                interrupts.stop.cancel();
            });
            ran
        });
        assert_eq!(ran.outcome.received.messages, 1, "{protocol}");
        assert!(ran.outcome.unexpected.is_empty(), "{protocol}: {:?}", ran.outcome.unexpected);
        assert_eq!(broker.stop().protocol_errors, 0);
    }
}

/// Through the built program: a will reaches the user that waits for it, who is the same one a moment later.
#[test]
fn the_program_leaves_a_will() {
    for protocol in ["3.1.1", "5"] {
        let place = ScenarioDir::new(&format!(
            r#"
            version = 1
            load = {{ users = 4, spawn_rate = 100, run_time = "3s" }}
            [brokers.b]
            url = "embedded:"
            protocol = "{protocol}"
            [user_classes.watcher]
            fixed_count = 1
            on_start = [{{ subscribe = {{ filter = "lost/+", name = "subscribe" }} }}]
            tasks = [{{ name = "t", steps = [{{ wait = "1m" }}] }}]
            [user_classes.victim]
            will = {{ topic = "lost/${{client_id}}", payload = "0123456789" }}
            on_start = [{{ wait = "500ms" }}, {{ connect = {{}} }}, {{ disconnect = {{ abrupt = true }} }}]
            tasks = [{{ name = "t", steps = [{{ wait = "1m" }}] }}]
            "#
        ));
        let output = place.run(&["run", "scenario.toml", "--csv", "out"]);
        let [stdout, stderr] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        assert_eq!(output.status.code(), Some(0), "{stderr}");
        assert!(stdout.lines().any(|line| line == "Received 3 messages, 30 B"), "{protocol}: {stdout}");
        assert_eq!(row(&place.rows("out_stats.csv"), "subscribe").count("Failure Count"), 0);
    }
}
