//! How users leave: the broker reads all that they sent, DISCONNECT included, whatever it is sending them meanwhile;
//! against brokers that are played by hand.
#![expect(clippy::disallowed_methods, reason = "a broker that is slow, in real time")]

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use mqtt_scenario::client::failure::Failure;
use mqtt_scenario::client::{Close, ConnectRequest, Filter, Message, Patience, Session, Until};
use mqtt_scenario::mqtt::{Qos, Settings, Version};
use rustix::process::Signal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep};

use crate::support::peer::{MINUTE, Peer, SECOND, Tcp, answered_with, open, open_with};
use crate::support::{ScenarioDir, Seen, connect_request, row, side_by_side, ticket, with_sockets};

/// As long as it takes.
const PATIENT: Patience = Patience { silence: MINUTE, most: MINUTE };

const MOMENT: Duration = Duration::from_millis(20);

fn publish(session: &mut Tcp, qos: Qos, timeout: Duration) {
    let message = Message { topic: b"t", payload: b"x", qos, retain: false, properties: &[] };
    session.publish(&message, ticket(1, timeout)).unwrap();
}

async fn subscribe(session: &mut Tcp, peer: &mut Peer, seen: &mut Seen) {
    let key = session.subscribe(&[Filter::new("#", Qos::AtMostOnce)], ticket(0, MINUTE)).unwrap();
    peer.send(b"\x90\x03\0\x01\0").await;
    session.drive(Until::Done(key), None, seen).await.unwrap();
}

#[test]
fn a_broker_that_sends_all_the_time_reads_everything_of_a_user_that_leaves() {
    const MESSAGES: usize = 2_000;
    with_sockets(async {
        let (mut session, mut peer) = open().await;
        let mut seen = Seen::default();
        subscribe(&mut session, &mut peer, &mut seen).await;
        let broker = async move {
            let (mut reader, mut writer) = peer.0.into_split();
            let messages = b"\x30\x04\0\x01tx".repeat(10_000);
            let flood = async { while writer.write_all(&messages).await.is_ok() {} };
            let read = async {
                let (mut all, mut bytes) = (Vec::new(), [0; 500]);
                loop {
                    sleep(Duration::from_millis(2)).await;
                    match reader.read(&mut bytes).await.unwrap() {
                        0 => break all,
                        n => all.extend_from_slice(&bytes[..n]),
                    }
                }
            };
            tokio::select! {
                () = flood => panic!("the connection was reset"),
                all = read => all,
            }
        };
        let client = async {
            for _ in 0..MESSAGES {
                publish(&mut session, Qos::AtMostOnce, MINUTE);
            }
            session.close(Close::Clean, SECOND, &mut seen).await.unwrap();
            let told = Instant::now();
            assert!(session.farewell(PATIENT).unwrap().await);
            told.elapsed()
        };
        let (all, waited) = tokio::join!(broker, client);
        // SUBSCRIBE, the messages, DISCONNECT.
        assert_eq!(all.len(), 8 + MESSAGES * 6 + 2);
        assert!(all.ends_with(&[0xE0, 0]));
        assert!(waited < 10 * SECOND, "it ends with the broker's own close: {waited:?}");
    });
}

#[test]
fn who_can_hear_nothing_more_is_gone_at_once() {
    with_sockets(async {
        let mut text = String::new();
        for case in [
            "nothing was said",
            "all is acknowledged",
            "a message of QoS 0",
            "a message of QoS 0, for good",
            "a message is open",
            "a message has timed out",
            "subscribed",
            "a message came unasked",
            "half a packet came",
            "goes on with a session",
            "dropped",
            "lost",
        ] {
            let settings =
                Settings { clean_session: case != "goes on with a session", ..Settings::default() };
            let request = ConnectRequest { settings, ..connect_request("c") };
            let connack: &[u8] = if settings.clean_session { b"\x20\x02\0\0" } else { b"\x20\x02\x01\0" };
            let (session, mut peer) = answered_with(connack, &request).await;
            let (mut session, mut seen) = (session.unwrap(), Seen::default());
            let mut how = Close::Clean;
            match case {
                "all is acknowledged" => {
                    publish(&mut session, Qos::AtLeastOnce, MINUTE);
                    peer.send(b"\x40\x02\0\x01").await;
                    session.drive(Until::Idle, None, &mut seen).await.unwrap();
                }
                "a message of QoS 0" => publish(&mut session, Qos::AtMostOnce, MINUTE),
                "a message of QoS 0, for good" => {
                    publish(&mut session, Qos::AtMostOnce, MINUTE);
                    how = Close::ForGood;
                }
                "a message is open" => publish(&mut session, Qos::AtLeastOnce, MINUTE),
                "a message has timed out" => {
                    publish(&mut session, Qos::AtLeastOnce, Duration::ZERO);
                    session.drive(Until::Idle, None, &mut seen).await.unwrap();
                }
                "subscribed" => subscribe(&mut session, &mut peer, &mut seen).await,
                "a message came unasked" => peer.send(b"\x30\x04\0\x01tx").await,
                "half a packet came" => peer.send(b"\x30\x04\0").await,
                "dropped" => how = Close::Abrupt,
                "lost" => {
                    subscribe(&mut session, &mut peer, &mut seen).await;
                    peer.0.shutdown().await.unwrap();
                }
                _ => {}
            }
            let _ = session.drive(Until::Deadline, Some(Instant::now() + MOMENT), &mut seen).await;
            let _ = session.close(how, SECOND, &mut seen).await;
            let hears = session.farewell(PATIENT).is_some();
            writeln!(text, "{case}: {}", if hears { "heard out" } else { "closed" }).unwrap();
        }
        insta::assert_snapshot!(text);
    });
}

/// One that sends nothing is waited for as long as it may be silent, one that sends for ever as long as it may take.
#[test]
fn a_broker_that_does_not_close_is_waited_for_so_long_and_no_longer() {
    let patience = Patience { silence: Duration::from_millis(300), most: Duration::from_millis(800) };
    with_sockets(async {
        for (floods, least) in [(false, patience.silence), (true, patience.most)] {
            let (mut session, mut peer) = open().await;
            let mut seen = Seen::default();
            subscribe(&mut session, &mut peer, &mut seen).await;
            session.close(Close::Clean, SECOND, &mut seen).await.unwrap();
            let start = Instant::now();
            let farewell = session.farewell(patience).unwrap();
            let messages = b"\x30\x04\0\x01tx".repeat(1_000);
            let flood = async {
                if floods {
                    loop {
                        peer.send(&messages).await;
                    }
                }
                std::future::pending::<()>().await;
            };
            tokio::select! {
                closed = farewell => assert!(!closed),
                () = flood => {}
            }
            let waited = start.elapsed();
            assert!((least..least + 3 * SECOND).contains(&waited), "{floods}: {waited:?}");
        }
    });
}

/// MQTT 5, sections 4.13 and 3.14.2.1: what is said to a broker that has broken the protocol, and that it is heard.
#[test]
fn a_broker_of_5_is_told_why_it_is_left_and_one_of_3_1_1_is_left() {
    with_sockets(async {
        for (bytes, reason) in [
            // The wrong packet, for a message of QoS 1 and one of QoS 2.
            (&b"\x50\x02\0\x01"[..], 0x82),
            (b"\x70\x02\0\x02", 0x82),
            (b"\x40\x02\0\x02", 0x82),
            (b"\x90\x04\0\x01\0\0", 0x82),
            (b"\x20\x03\0\0\0", 0x82),
            (b"\xC0\0", 0x82),
            (b"\x30\x07\0\x01t\x03\x21\0\x01", 0x82),
            // What is no packet.
            (b"\x41\x02\0\x01", 0x81),
            (b"\x40\x02\0\0", 0x81),
            (b"\x36\x07\0\x01t\0\x01\0x", 0x81),
            (b"\x30\xFF\xFF\xFF\xFF\x01", 0x81),
            (b"\x30\x04\0\x01\xFC\0", 0x81),
            (b"\x40\x05\0\x01\0\x05\x1F", 0x81),
            // What has a reason of its own.
            (b"\x30\x05\0\x02a#\0", 0x90),
            (b"\x34\x06\0\x01t\0\x01\0\x34\x06\0\x01t\0\x02\0", 0x93),
            (b"\x30\x07\0\x01t\x03\x23\0\x01", 0x94),
            (b"\x30\xFF\xFF\x7F", 0x95),
        ] {
            for version in [Version::V5, Version::V311] {
                let settings = Settings {
                    version,
                    receive_maximum: 1,
                    max_packet_bytes: 1_000_000,
                    ..Settings::default()
                };
                let request = ConnectRequest { settings, ..connect_request("c") };
                let connack: &[u8] = if version == Version::V5 { b"\x20\x03\0\0\0" } else { b"\x20\x02\0\0" };
                let (session, mut peer) = answered_with(connack, &request).await;
                let (mut session, mut seen) = (session.unwrap(), Seen::default());
                publish(&mut session, Qos::AtLeastOnce, MINUTE);
                publish(&mut session, Qos::ExactlyOnce, MINUTE);
                session.drive(Until::Written, None, &mut seen).await.unwrap();
                peer.packet().await;
                peer.packet().await;
                peer.send(bytes).await;
                let lost = session.drive(Until::Deadline, Some(Instant::now() + SECOND), &mut seen).await;
                if version == Version::V311 {
                    // Some of these are no mistakes there.
                    assert!(lost.is_ok() || session.farewell(PATIENT).is_none(), "{bytes:02X?}");
                    continue;
                }
                lost.unwrap_err();
                // It goes on sending, and must not be reset before it has read.
                peer.send(&b"\x30\x05\0\x01t\0x".repeat(1_000)).await;
                let (all, _) = tokio::join!(
                    async {
                        let all = peer.rest().await.unwrap();
                        drop(peer);
                        all
                    },
                    session.farewell(PATIENT).unwrap()
                );
                assert!(all.ends_with(&[0xE0, 1, reason]), "{bytes:02X?}: {all:02X?}");
            }
        }
    });
}

#[test]
fn what_is_left_by_the_broker_or_the_network_is_told_nothing() {
    with_sockets(async {
        let settings = Settings { version: Version::V5, ..Settings::default() };
        let request = ConnectRequest { settings, ..connect_request("c") };
        for says in [true, false] {
            let (session, mut peer) = answered_with(b"\x20\x03\0\0\0", &request).await;
            let (mut session, mut seen) = (session.unwrap(), Seen::default());
            if says {
                peer.send(b"\xE0\x01\x8B").await;
            } else {
                peer.reset();
            }
            session.drive(Until::Deadline, None, &mut seen).await.unwrap_err();
            assert!(session.farewell(PATIENT).is_none());
        }
        let (mut session, _peer) = open_with(&connect_request("c")).await;
        session.sever(Failure::Dropped, &mut Seen::default());
        assert!(session.farewell(PATIENT).is_none());
    });
}

/// Answers connects and subscribes, and never closes.
fn clinging_broker() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            kept.push(stream.try_clone().unwrap());
            std::thread::spawn(move || {
                let mut head = [0; 2];
                while stream.read_exact(&mut head).is_ok() {
                    // Every packet here is shorter than 128 bytes.
                    let mut body = vec![0; head[1].into()];
                    let answer = match head[0] {
                        _ if stream.read_exact(&mut body).is_err() => return,
                        0x10 => vec![0x20, 2, 0, 0],
                        0x82 => vec![0x90, 3, body[0], body[1], 0],
                        _ => continue,
                    };
                    stream.write_all(&answer).unwrap();
                }
            });
        }
    });
    host
}

const LISTENERS: &str = r##"
version = 1
brokers.b.url = "mqtt://127.0.0.1:1"
load = { users = 100, spawn_rate = 1000, run_time = "2s" }
[user_classes.listener]
on_start = ["connect", { subscribe = { filter = "#" } }]
on_stop = ON_STOP
[[user_classes.listener.tasks]]
name = "listen"
steps = [{ wait = "10s" }]
"##;

/// A hundred wait together as long as one, and what they wait for is no part of their `disconnect`.
#[test]
fn users_of_a_broker_that_does_not_close_leave_together_and_in_time() {
    side_by_side(["[]", "[\"disconnect\"]"], |on_stop| {
        let host = clinging_broker();
        let place = ScenarioDir::new(&LISTENERS.replace("ON_STOP", on_stop));
        let start = std::time::Instant::now();
        let output = place.run(&["run", "scenario.toml", "-H", &host, "--only-summary", "--csv", "a"]);
        let took = start.elapsed();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert!((4 * SECOND..10 * SECOND).contains(&took), "two seconds and two: {took:?}");
        assert!(!said.contains("dropped"), "{said}");
        assert!(said.contains("had not closed 100 connections a few seconds after DISCONNECT"), "{said}");
        if on_stop != "[]" {
            let stats = place.rows("a_stats.csv");
            let disconnect = row(&stats, "disconnect");
            assert_eq!(disconnect.count("Request Count"), 100);
            let longest = disconnect.text("Max Response Time").parse::<f64>().unwrap();
            assert!(longest < 1_500.0, "{longest}");
        }
    });
}

#[test]
fn the_second_interrupt_waits_for_no_broker() {
    let host = clinging_broker();
    let place = ScenarioDir::new(&LISTENERS.replace("ON_STOP", "[]").replace("\"2s\"", "\"1m\""));
    let running = place.start(&["run", "scenario.toml", "-H", &host, "--only-summary"]);
    // All have subscribed by then.
    std::thread::sleep(SECOND);
    running.signal(Signal::INT);
    std::thread::sleep(Duration::from_millis(300));
    let start = std::time::Instant::now();
    running.signal(Signal::INT);
    assert_eq!(running.end().2, Some(130));
    assert!(start.elapsed() < SECOND, "{:?}", start.elapsed());
}
