//! Subscriptions of several filters, and their end, as a session has them: against a broker that is played by hand,
//! the embedded one, and Mosquitto.

use std::collections::BTreeMap;
use std::time::Duration;

use mqtt_scenario::broker::{Broker, BrokerConfig};
use mqtt_scenario::client::failure::{Ack, Failure, Limit};
use mqtt_scenario::client::transport::{Connector, Endpoint};
use mqtt_scenario::client::{
    Completion, Connect, ConnectRequest, Filter, Incoming, Key, Message, Session, Sink, Until,
};
use mqtt_scenario::mqtt::property::{SHARED_AVAILABLE, SUBSCRIPTION_ID_AVAILABLE, WILDCARD_AVAILABLE};
use mqtt_scenario::mqtt::{Qos, Settings, Version};
use tokio::time::Instant;

use crate::support::peer::{MINUTE, Peer, SECOND, Tcp, answered_with};
use crate::support::{Mosquitto, Seen, connect_request, ticket, with_sockets};

const BOTH: [Version; 2] = [Version::V311, Version::V5];

/// How long a request waits that is never answered.
const TIMEOUT: Duration = Duration::from_millis(150);

fn request(version: Version, client_id: &str) -> ConnectRequest<'_> {
    ConnectRequest { settings: Settings { version, ..Settings::default() }, ..connect_request(client_id) }
}

async fn open(version: Version) -> (Tcp, Peer) {
    let connack: &[u8] = match version {
        Version::V311 => b"\x20\x02\0\0",
        Version::V5 => b"\x20\x03\0\0\0",
    };
    let (session, peer) = answered_with(connack, &request(version, "c")).await;
    (session.unwrap(), peer)
}

/// A sink that remembers what was said of filters, too.
#[derive(Default)]
struct Answered {
    seen: Seen,
    answers: Vec<(Key, Vec<u8>)>,
}

impl Sink for Answered {
    fn completed(&mut self, completion: Completion) {
        self.seen.completed(completion);
    }

    fn received(&mut self, message: Incoming<'_>, at: Instant) {
        self.seen.received(message, at);
    }

    fn answered(&mut self, key: Key, answers: &[u8]) {
        self.answers.push((key, answers.to_vec()));
    }

    fn unexpected(&mut self, what: &'static str) {
        self.seen.unexpected(what);
    }
}

async fn settle(session: &mut Tcp, sink: &mut impl Sink) -> Result<bool, Failure> {
    session.drive(Until::Idle, Some(Instant::now() + 10 * SECOND), sink).await
}

#[test]
fn several_filters_are_one_packet_and_each_has_its_answer() {
    with_sockets(async {
        for (version, sent, suback, text) in [
            (
                Version::V311,
                &b"\x82\x0D\0\x01\0\x03a/#\x01\0\x02$x\x02"[..],
                &b"\x90\x04\0\x01\x01\x80"[..],
                "SUBACK: subscription refused (0x80)",
            ),
            (
                Version::V5,
                b"\x82\x0E\0\x01\0\0\x03a/#\x01\0\x02$x\x02",
                b"\x90\x05\0\x01\0\x01\x87",
                "SUBACK: Not authorized (0x87)",
            ),
        ] {
            let (mut session, mut peer) = open(version).await;
            let filters = [Filter::new("a/#", Qos::AtLeastOnce), Filter::new("$x", Qos::ExactlyOnce)];
            let key = session.subscribe(&filters, ticket(1, MINUTE)).unwrap();
            let mut sink = Answered::default();
            session.drive(Until::Written, None, &mut sink).await.unwrap();
            assert_eq!(peer.packet().await, sent);
            peer.send(suback).await;
            assert!(settle(&mut session, &mut sink).await.unwrap());
            assert_eq!(sink.answers, [(key, suback[suback.len() - 2..].to_vec())]);
            assert_eq!(sink.seen.take()[0].1.unwrap_err().to_string(), text);
        }
    });
}

#[test]
fn an_unsubscribe_ends_with_its_unsuback() {
    with_sockets(async {
        for (version, sent, unsuback, answers, result) in [
            (Version::V311, &b"\xA2\x0A\0\x01\0\x03a/#\0\x01b"[..], &b"\xB0\x02\0\x01"[..], &b""[..], "ok"),
            (Version::V5, b"\xA2\x0B\0\x01\0\0\x03a/#\0\x01b", b"\xB0\x05\0\x01\0\0\0", b"\0\0", "ok"),
            // There was no such subscription: so be it.
            (
                Version::V5,
                b"\xA2\x0B\0\x01\0\0\x03a/#\0\x01b",
                b"\xB0\x05\0\x01\0\x11\x11",
                b"\x11\x11",
                "ok",
            ),
            (
                Version::V5,
                b"\xA2\x0B\0\x01\0\0\x03a/#\0\x01b",
                b"\xB0\x0A\0\x01\x05\x1F\0\x02no\0\x87",
                b"\0\x87",
                "UNSUBACK: Not authorized (0x87): no",
            ),
        ] {
            let (mut session, mut peer) = open(version).await;
            let key = session.unsubscribe(&["a/#", "b"], ticket(1, MINUTE)).unwrap();
            let mut sink = Answered::default();
            session.drive(Until::Written, None, &mut sink).await.unwrap();
            assert_eq!(peer.packet().await, sent);
            peer.send(unsuback).await;
            assert!(settle(&mut session, &mut sink).await.unwrap());
            assert_eq!(sink.answers, [(key, answers.to_vec())], "{unsuback:?}");
            let ended = sink.seen.take()[0].1;
            assert_eq!(ended.map_or_else(|failure| failure.to_string(), |()| "ok".to_owned()), result);
        }
    });
}

/// What a broker answers to an UNSUBSCRIBE of two filters that is no UNSUBACK for it: how the request ends, and what
/// is noted. Anything but a failure of the request alone ends the connection.
#[test]
fn a_broker_that_does_not_let_go_is_named() {
    const MALFORMED: &str = "protocol error by the broker: malformed UNSUBACK";
    const WRONG: &str =
        "protocol error by the broker: UNSUBACK with more or fewer codes than there were filters";
    const NEVER: &str = "no UNSUBACK within 150ms";
    const UNKNOWN: &[&str] = &["acknowledgement for a packet id that is not in use"];
    const NOTHING: &[&str] = &[];
    with_sockets(async {
        for (versions, bytes, text, noted, stays) in [
            (&BOTH[..], &b""[..], NEVER, NOTHING, true),
            (&BOTH[..1], b"\xB0\x02\0\x09", NEVER, UNKNOWN, true),
            (&BOTH[1..], b"\xB0\x05\0\x09\0\0\0", NEVER, UNKNOWN, true),
            (&BOTH, b"\xB0\x02\0", NEVER, NOTHING, true),
            (&BOTH, b"\xB0\x02\0\0", "protocol error by the broker: packet id 0", NOTHING, false),
            (&BOTH, b"\xB0\x01\0", MALFORMED, NOTHING, false),
            (&BOTH, b"\xB0\0", MALFORMED, NOTHING, false),
            (&BOTH, b"\xB2\x02\0\x01", MALFORMED, NOTHING, false),
            (&BOTH[..1], b"\xB0\x03\0\x01\0", MALFORMED, NOTHING, false),
            (
                &BOTH[1..],
                b"\xB0\x02\0\x01",
                "protocol error by the broker: properties are cut short",
                NOTHING,
                false,
            ),
            (&BOTH[1..], b"\xB0\x03\0\x01\0", MALFORMED, NOTHING, false),
            (&BOTH[1..], b"\xB0\x05\0\x01\0\0\x01", MALFORMED, NOTHING, false),
            (&BOTH[1..], b"\xB0\x04\0\x01\0\0", WRONG, NOTHING, false),
            (&BOTH[1..], b"\xB0\x06\0\x01\0\0\0\0", WRONG, NOTHING, false),
            (
                &BOTH[1..],
                b"\xB0\x05\0\x01\x09\0\0",
                "protocol error by the broker: properties are cut short",
                NOTHING,
                false,
            ),
            (
                &BOTH[..1],
                b"\x90\x03\0\x01\0",
                "protocol error by the broker: SUBACK instead of UNSUBACK",
                NOTHING,
                false,
            ),
            (
                &BOTH[1..],
                b"\x90\x04\0\x01\0\0",
                "protocol error by the broker: SUBACK instead of UNSUBACK",
                NOTHING,
                false,
            ),
            (
                &BOTH,
                b"\x40\x02\0\x01",
                "protocol error by the broker: PUBACK instead of UNSUBACK",
                NOTHING,
                false,
            ),
        ] {
            for version in versions {
                let (mut session, mut peer) = open(*version).await;
                session.unsubscribe(&["a", "b"], ticket(1, TIMEOUT)).unwrap();
                let mut seen = Seen::default();
                session.drive(Until::Written, None, &mut seen).await.unwrap();
                peer.send(bytes).await;
                let ended = settle(&mut session, &mut seen).await;
                let [(1, Err(failure))] = seen.take()[..] else { panic!("{version} {bytes:?}") };
                assert_eq!(failure.to_string(), text, "{version} {bytes:?}");
                assert_eq!(seen.unexpected, noted, "{version} {bytes:?}");
                assert_eq!(ended, if stays { Ok(true) } else { Err(failure) }, "{version} {bytes:?}");
            }
        }
    });
}

#[test]
fn an_unsubscribe_fails_with_its_connection_and_no_session_takes_it_over() {
    with_sockets(async {
        for version in BOTH {
            let settings = Settings { clean_session: false, ..request(version, "c").settings };
            let connack: &[u8] = if version == Version::V5 { b"\x20\x03\0\0\0" } else { b"\x20\x02\0\0" };
            let (session, peer) =
                answered_with(connack, &ConnectRequest { settings, ..request(version, "c") }).await;
            let mut session = session.unwrap();
            let key = session.unsubscribe(&["a"], ticket(1, MINUTE)).unwrap();
            let mut seen = Seen::default();
            session.drive(Until::Written, None, &mut seen).await.unwrap();
            drop(peer);
            let failure = settle(&mut session, &mut seen).await.unwrap_err();
            assert_eq!(seen.take(), [(1, Err(failure))]);
            assert!(!session.take_state().is_open(key));
        }
    });
}

#[test]
fn an_answer_that_comes_too_late_is_told_to_nobody() {
    with_sockets(async {
        let (mut session, mut peer) = open(Version::V5).await;
        session.subscribe(&[Filter::new("a", Qos::AtMostOnce)], ticket(1, TIMEOUT)).unwrap();
        let mut sink = Answered::default();
        assert!(settle(&mut session, &mut sink).await.unwrap());
        assert_eq!(sink.seen.take(), [(1, Err(Failure::AckTimeout(Ack::Suback, TIMEOUT)))]);
        peer.send(b"\x90\x04\0\x01\0\0").await;
        session.drive(Until::Deadline, Some(Instant::now() + TIMEOUT), &mut sink).await.unwrap();
        assert!(sink.answers.is_empty());
        assert_eq!(sink.seen.unexpected, ["acknowledgement after its request had timed out"]);
        // With as many codes as it likes it is still broken.
        session.subscribe(&[Filter::new("a", Qos::AtMostOnce)], ticket(2, Duration::ZERO)).unwrap();
        peer.send(b"\x90\x05\0\x02\0\0\0").await;
        let failure = session.drive(Until::Deadline, None, &mut sink).await.unwrap_err();
        assert_eq!(
            failure.to_string(),
            "protocol error by the broker: SUBACK with more or fewer codes than there were filters"
        );
    });
}

#[test]
fn a_subscription_that_the_broker_does_not_take_is_not_sent() {
    with_sockets(async {
        let plain = Filter::new("a/b", Qos::AtMostOnce);
        let wild = Filter::new("a/#", Qos::AtMostOnce);
        let shared = Filter::new("$share/g/a", Qos::AtMostOnce);
        for (property, filters, identifier, limit, text) in [
            (
                SUBSCRIPTION_ID_AVAILABLE,
                [plain, wild],
                Some(5),
                Limit::SubscriptionIds,
                "subscription identifiers",
            ),
            (SHARED_AVAILABLE, [plain, shared], None, Limit::Shared, "shared subscriptions"),
            (WILDCARD_AVAILABLE, [plain, wild], None, Limit::Wildcards, "filters with wildcards"),
        ] {
            for available in [0, 1] {
                let connack = [0x20, 5, 0, 0, 2, property, available];
                let (session, mut peer) = answered_with(&connack, &request(Version::V5, "c")).await;
                let mut session = session.unwrap();
                let result = session.subscribe_with(&filters, identifier, ticket(1, MINUTE));
                if available == 0 {
                    let failure = result.unwrap_err();
                    assert_eq!(failure, Failure::NotTaken(limit));
                    assert_eq!(failure.to_string(), format!("not sent: the broker takes no {text}"));
                    assert_eq!(session.backlog(), 0);
                    session.subscribe(&[plain], ticket(2, MINUTE)).unwrap();
                } else {
                    result.unwrap();
                }
                session.drive(Until::Written, None, &mut Seen::default()).await.unwrap();
                assert_eq!(peer.packet().await[0], 0x82);
            }
        }
    });
}

async fn connect(addr: std::net::SocketAddr, version: Version, client_id: &str) -> Tcp {
    let request = ConnectRequest { inflight: 20, ..request(version, client_id) };
    Connector::new(vec![Endpoint::from(addr)]).connect(&request).await.unwrap()
}

/// Publishes so many messages to `t`, waiting for room.
async fn publish(session: &mut Tcp, messages: u32, seen: &mut Seen) {
    for tag in 0..messages {
        session.drive(Until::Room, None, seen).await.unwrap();
        let message = Message {
            topic: b"t",
            payload: &tag.to_be_bytes(),
            qos: Qos::AtLeastOnce,
            retain: false,
            properties: &[],
        };
        session.publish(&message, ticket(tag, MINUTE)).unwrap();
    }
    assert!(settle(session, seen).await.unwrap());
}

/// After an unsubscribe nothing arrives, and before it everything.
async fn nothing_arrives_after_an_unsubscribe(addr: std::net::SocketAddr) {
    for version in BOTH {
        let mut session = connect(addr, version, "both").await;
        let mut seen = Seen::default();
        let filters = [Filter::new("t", Qos::AtLeastOnce), Filter::new("other/#", Qos::AtMostOnce)];
        session.subscribe(&filters, ticket(0, MINUTE)).unwrap();
        assert!(settle(&mut session, &mut seen).await.unwrap());
        publish(&mut session, 100, &mut seen).await;
        while seen.received.len() < 100 {
            session.drive(Until::Deadline, Some(Instant::now() + TIMEOUT), &mut seen).await.unwrap();
        }
        session.unsubscribe(&["t", "never/there"], ticket(1, MINUTE)).unwrap();
        assert!(settle(&mut session, &mut seen).await.unwrap());
        publish(&mut session, 100, &mut seen).await;
        // What came at all would come before the answer to this.
        session.unsubscribe(&["other/#"], ticket(2, MINUTE)).unwrap();
        assert!(settle(&mut session, &mut seen).await.unwrap());
        assert_eq!(seen.received.len(), 100, "{version}");
        assert!(seen.completed.iter().all(|(_, result)| result.is_ok()), "{version}: {:?}", seen.completed);
        assert!(seen.unexpected.is_empty(), "{version}: {:?}", seen.unexpected);
    }
}

#[test]
fn nothing_arrives_after_an_unsubscribe_from_the_embedded_broker() {
    let broker = Broker::start(BrokerConfig::default()).unwrap();
    with_sockets(nothing_arrives_after_an_unsubscribe(broker.addr()));
}

#[test]
#[ignore = "needs Debian's mosquitto: run by .ci/run"]
fn nothing_arrives_after_an_unsubscribe_from_mosquitto() {
    let mosquitto = Mosquitto::start("", &[]);
    with_sockets(nothing_arrives_after_an_unsubscribe(mosquitto.addr()));
}

/// Of a group each message reaches one member, and everybody else all the same.
async fn a_shared_group_gets_each_message_once(addr: std::net::SocketAddr) {
    const MESSAGES: u32 = 300;
    for version in BOTH {
        let mut publisher = connect(addr, version, "publisher").await;
        let mut seen = Seen::default();
        let mut members = Vec::new();
        let filters = ["$share/group/t", "$share/group/t", "$share/group/t", "$share/others/t", "t"];
        for (client_id, filter) in ["a", "b", "c", "d", "e"].into_iter().zip(filters) {
            let mut member = connect(addr, version, client_id).await;
            member.subscribe(&[Filter::new(filter, Qos::AtLeastOnce)], ticket(0, MINUTE)).unwrap();
            assert!(settle(&mut member, &mut seen).await.unwrap());
            members.push((member, Seen::default()));
        }
        assert!(seen.take().iter().all(|(_, result)| result.is_ok()), "{version}");
        publish(&mut publisher, MESSAGES, &mut seen).await;
        let start = Instant::now();
        while members.iter().map(|(_, seen)| seen.received.len()).sum::<usize>() < 3 * MESSAGES as usize {
            assert!(start.elapsed() < 10 * SECOND, "{version}: messages are missing");
            for (member, seen) in &mut members {
                let soon = Some(Instant::now() + Duration::from_millis(1));
                member.drive(Until::Deadline, soon, seen).await.unwrap();
            }
        }
        let mut of_group = BTreeMap::<Vec<u8>, u32>::new();
        for (place, (member, seen)) in members.iter_mut().enumerate() {
            // Anything sent twice would come before the answer to this.
            member.unsubscribe(&[filters[place]], ticket(1, MINUTE)).unwrap();
            assert!(settle(member, seen).await.unwrap());
            if place < 3 {
                assert!(!seen.received.is_empty(), "{version}: member {place} got none");
                for (_, payload, _) in &seen.received {
                    *of_group.entry(payload.clone()).or_default() += 1;
                }
            } else {
                assert_eq!(seen.received.len(), MESSAGES as usize, "{version}");
            }
        }
        assert_eq!(of_group.len(), MESSAGES as usize, "{version}");
        assert!(of_group.values().all(|times| *times == 1), "{version}");
    }
}

#[test]
fn a_shared_group_of_the_embedded_broker_gets_each_message_once() {
    let broker = Broker::start(BrokerConfig::default()).unwrap();
    with_sockets(a_shared_group_gets_each_message_once(broker.addr()));
}

#[test]
#[ignore = "needs Debian's mosquitto: run by .ci/run"]
fn a_shared_group_of_mosquitto_gets_each_message_once() {
    // Its queue bounds what waits for a member that is not driven.
    let mosquitto = Mosquitto::start("max_queued_messages 0", &[]);
    with_sockets(a_shared_group_gets_each_message_once(mosquitto.addr()));
}

#[test]
#[ignore = "needs Debian's mosquitto: run by .ci/run"]
fn messages_from_mosquitto_name_the_subscriptions_that_brought_them() {
    /// The identifiers that came with each message.
    #[derive(Default)]
    struct Ids(Vec<Vec<u32>>);

    impl Sink for Ids {
        fn completed(&mut self, completion: Completion) {
            completion.result.unwrap();
        }

        fn received(&mut self, message: Incoming<'_>, _: Instant) {
            let mut ids: Vec<_> =
                mqtt_scenario::mqtt::property::subscription_ids(message.properties).collect();
            ids.sort_unstable();
            self.0.push(ids);
        }

        fn unexpected(&mut self, what: &'static str) {
            panic!("{what}");
        }
    }

    let mosquitto = Mosquitto::start("", &[]);
    with_sockets(async {
        let mut session = connect(mosquitto.addr(), Version::V5, "c").await;
        let mut sink = Ids::default();
        for (tag, (filter, identifier)) in
            (0..).zip([("a/#", Some(7)), ("+/b", Some(268_435_455)), ("c", None)])
        {
            let filter = Filter::new(filter, Qos::AtLeastOnce);
            session.subscribe_with(&[filter], identifier, ticket(tag, MINUTE)).unwrap();
            assert!(settle(&mut session, &mut sink).await.unwrap());
        }
        for topic in ["a/x", "x/b", "c"] {
            let topic = topic.as_bytes();
            let message = Message {
                topic,
                payload: b"",
                qos: Qos::AtLeastOnce,
                retain: false,
                properties: b"\x26\0\x01k\0\x01v",
            };
            session.publish(&message, ticket(9, MINUTE)).unwrap();
            assert!(settle(&mut session, &mut sink).await.unwrap());
        }
        while sink.0.len() < 3 {
            session.drive(Until::Deadline, Some(Instant::now() + TIMEOUT), &mut sink).await.unwrap();
        }
        assert_eq!(sink.0, [vec![7], vec![268_435_455], vec![]]);
    });
}
