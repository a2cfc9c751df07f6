//! The session driver with what only MQTT 5 has, and sessions that outlive their connection, against a broker that
//! is played by hand and against the embedded one.

use std::time::Duration;

use mqtt_scenario::broker::{Broker, BrokerConfig};
use mqtt_scenario::client::failure::Reason;
use mqtt_scenario::client::failure::{Ack, Failure, Limit};
use mqtt_scenario::client::transport::{Connector, Endpoint};
use mqtt_scenario::client::{
    Close, Connect, ConnectRequest, Filter, Key, Message, Patience, Session, SessionState, Until, Will,
};
use mqtt_scenario::mqtt::property::{self, CONTENT_TYPE};
use mqtt_scenario::mqtt::{Qos, RetainHandling, Settings, SubscribeOptions, Version};
use tokio::time::{Instant, sleep};

use crate::support::peer::{
    ALL_QOS, CONNACK, MINUTE, Peer, SECOND, Tcp, accept, answered_with, listen, open_with,
};
use crate::support::{Seen, connect_request, ticket, with_sockets};

/// Long enough for what the other side has sent.
const SOON: Duration = Duration::from_millis(100);

const PATIENCE: Patience = Patience { silence: SECOND, most: SECOND };

const CONNACK_5: [u8; 5] = [0x20, 3, 0, 0, 0];

fn settings() -> Settings {
    Settings { version: Version::V5, ..Settings::default() }
}

fn request() -> ConnectRequest<'static> {
    ConnectRequest { settings: settings(), ..connect_request("c") }
}

/// A CONNACK with these properties.
fn connack(properties: &[u8]) -> Vec<u8> {
    let length = u8::try_from(properties.len()).unwrap();
    [&[0x20, length + 3, 0, 0, length], properties].concat()
}

async fn open_granted(properties: &[u8]) -> (Tcp, Peer) {
    open_asking(&request(), properties).await
}

async fn open_asking(request: &ConnectRequest<'_>, properties: &[u8]) -> (Tcp, Peer) {
    let (session, peer) = answered_with(&connack(properties), request).await;
    (session.unwrap(), peer)
}

fn message(topic: &str, qos: Qos) -> Message<'_> {
    Message { topic: topic.as_bytes(), payload: b"x", qos, retain: false, properties: &[] }
}

fn publish(session: &mut Tcp, tag: u32, qos: Qos) -> Key {
    session.publish(&message("t", qos), ticket(tag, MINUTE)).unwrap()
}

async fn settle(session: &mut Tcp, seen: &mut Seen) -> Result<bool, Failure> {
    session.drive(Until::Idle, Some(Instant::now() + 10 * SECOND), seen).await
}

async fn drive_for(session: &mut Tcp, length: Duration, seen: &mut Seen) -> Result<bool, Failure> {
    session.drive(Until::Deadline, Some(Instant::now() + length), seen).await
}

mod connecting {
    use super::*;

    #[test]
    fn the_connect_packet_says_what_differs_from_the_defaults() {
        with_sockets(async {
            for (settings, will, expected) in [
                (settings(), None, &b"\x10\x0E\0\x04MQTT\x05\x02\0\0\0\0\x01c"[..]),
                (
                    Settings {
                        clean_session: false,
                        session_expiry_s: u32::MAX,
                        receive_maximum: 9,
                        max_packet_bytes: 1000,
                        topic_alias: true,
                        ..settings()
                    },
                    None,
                    b"\x10\x1E\0\x04MQTT\x05\0\0\0\x10\x11\xFF\xFF\xFF\xFF\x21\0\x09\x27\0\0\x03\xE8\x22\0\x40\0\x01c",
                ),
                (
                    settings(),
                    Some(Will {
                        topic: "w",
                        payload: b"p",
                        qos: Qos::AtLeastOnce,
                        retain: true,
                        delay_s: 3,
                        properties: b"\x01\x01",
                    }),
                    b"\x10\x1C\0\x04MQTT\x05\x2E\0\0\0\0\x01c\x07\x18\0\0\0\x03\x01\x01\0\x01w\0\x01p",
                ),
            ] {
                let (listener, connector) = listen().await;
                let request = ConnectRequest { settings, will, ..connect_request("c") };
                let (session, packet) = tokio::join!(connector.connect(&request), async {
                    let mut peer = accept(&listener).await;
                    let packet = peer.packet().await;
                    peer.send(&CONNACK_5).await;
                    packet
                });
                session.unwrap();
                assert_eq!(packet, expected);
            }
        });
    }

    #[test]
    fn a_will_of_3_1_1_has_no_properties() {
        with_sockets(async {
            let will = Will {
                topic: "w",
                payload: b"p",
                qos: Qos::ExactlyOnce,
                retain: false,
                delay_s: 3,
                properties: b"\x01\x01",
            };
            let (listener, connector) = listen().await;
            let request = ConnectRequest { will: Some(will), ..connect_request("c") };
            let (session, packet) = tokio::join!(connector.connect(&request), async {
                let mut peer = accept(&listener).await;
                let packet = peer.packet().await;
                peer.send(&CONNACK).await;
                packet
            });
            session.unwrap();
            assert_eq!(packet, b"\x10\x13\0\x04MQTT\x04\x16\0\0\0\x01c\0\x01w\0\x01p");
        });
    }

    #[test]
    fn a_connack_may_come_byte_by_byte_and_with_the_next_packet() {
        with_sockets(async {
            let (listener, connector) = listen().await;
            let request = request();
            let connack = connack(b"\x1F\0\x05hello");
            let (session, mut peer) = tokio::join!(connector.connect(&request), async {
                let mut peer = accept(&listener).await;
                for byte in &connack[..connack.len() - 1] {
                    sleep(Duration::from_millis(1)).await;
                    peer.send(&[*byte]).await;
                }
                peer.send(b"o\x30\x05\0\x01t\0x").await;
                peer
            });
            let (mut session, mut seen) = (session.unwrap(), Seen::default());
            let key = publish(&mut session, 1, Qos::AtLeastOnce);
            peer.send(b"\x40\x02\0\x01").await;
            session.drive(Until::Done(key), None, &mut seen).await.unwrap();
            assert_eq!(seen.received, [("t".to_owned(), b"x".to_vec(), Qos::AtMostOnce)]);
        });
    }

    #[test]
    fn the_brokers_keep_alive_holds() {
        with_sockets(async {
            // Asked for none, and told a second.
            let (mut session, mut peer) = open_granted(b"\x13\0\x01").await;
            let start = Instant::now();
            let mut seen = Seen::default();
            let (lost, ()) = tokio::join!(session.drive(Until::Deadline, None, &mut seen), async {
                peer.packet().await;
            });
            assert_eq!(lost, Err(Failure::AckTimeout(Ack::Pingresp, SECOND)));
            assert!((2 * SECOND..8 * SECOND).contains(&start.elapsed()));
        });
    }
}

mod what_the_broker_takes {
    use super::*;

    #[test]
    fn its_receive_maximum_is_the_inflight_limit_if_it_is_lower() {
        with_sockets(async {
            let (mut session, mut peer) = open_granted(b"\x21\0\x02").await;
            let mut seen = Seen::default();
            publish(&mut session, 1, Qos::AtLeastOnce);
            assert!(session.has_room());
            publish(&mut session, 2, Qos::ExactlyOnce);
            assert!(!session.has_room());
            peer.send(b"\x50\x03\0\x02\x97").await;
            assert!(session.drive(Until::Room, None, &mut seen).await.unwrap(), "a refusal makes room too");
            let request = ConnectRequest { inflight: 1, ..request() };
            let (mut session, _peer) = open_asking(&request, b"\x21\0\x02").await;
            publish(&mut session, 1, Qos::AtLeastOnce);
            assert!(!session.has_room());
        });
    }

    /// Section 4.9, and MQTT-3.3.4-7: the broker knows nothing of our patience.
    #[test]
    fn what_has_timed_out_counts_against_its_receive_maximum_until_it_is_answered() {
        with_sockets(async {
            let (mut session, mut peer) = open_granted(b"\x21\0\x02").await;
            let mut seen = Seen::default();
            for (tag, qos) in [(1, Qos::AtLeastOnce), (2, Qos::ExactlyOnce)] {
                session.publish(&message("t", qos), ticket(tag, Duration::ZERO)).unwrap();
            }
            settle(&mut session, &mut seen).await.unwrap();
            assert_eq!(seen.take().len(), 2);
            let soon = || Some(Instant::now() + Duration::from_millis(20));
            for (bytes, gives_back) in [
                (&b""[..], false),
                (b"\x50\x02\0\x02", false),
                (b"\x70\x02\0\x02", true),
                (b"\x40\x03\0\x01\x97", true),
            ] {
                peer.send(bytes).await;
                let has_room = session.drive(Until::Room, soon(), &mut seen).await.unwrap();
                assert_eq!(has_room, gives_back, "{bytes:02X?}");
                if has_room {
                    session.publish(&message("t", Qos::AtLeastOnce), ticket(3, MINUTE)).unwrap();
                }
            }
            assert_eq!(session.no_room(SECOND), Failure::NoQuota(SECOND));
            assert_eq!(
                session.no_room(SECOND).to_string(),
                "Receive Maximum of the broker not free within 1s"
            );
        });
    }

    #[test]
    fn what_it_does_not_take_is_not_sent() {
        with_sockets(async {
            let (mut session, _peer) = open_granted(b"\x24\x01\x25\0\x27\0\0\0\x14").await;
            let refused = |limit| Err(Failure::NotTaken(limit));
            let qos_2 = message("t", Qos::ExactlyOnce);
            let retained = Message { retain: true, ..message("t", Qos::AtMostOnce) };
            // Two bytes of header, two of length, one of topic, two of id, one of properties: 12 are left.
            let fits = Message { payload: &[b'x'; 12], ..message("t", Qos::AtLeastOnce) };
            let large = Message { payload: &[b'x'; 13], ..message("t", Qos::AtLeastOnce) };
            assert_eq!(session.publish(&qos_2, ticket(1, SECOND)), refused(Limit::Qos(Qos::AtLeastOnce)));
            assert_eq!(session.publish(&retained, ticket(1, SECOND)), refused(Limit::Retain));
            assert_eq!(session.publish(&large, ticket(1, SECOND)), refused(Limit::PacketBytes(20)));
            let filter = Filter::new("a/long/filter", Qos::AtMostOnce);
            assert_eq!(session.subscribe(&[filter], ticket(1, SECOND)), refused(Limit::PacketBytes(20)));
            assert_eq!(session.backlog(), 0);
            let mut seen = Seen::default();
            assert!(settle(&mut session, &mut seen).await.unwrap());
            assert_eq!(seen.take(), []);
            session.publish(&fits, ticket(2, SECOND)).unwrap();
            assert_eq!(session.backlog(), 20);
        });
    }

    #[test]
    fn topics_are_sent_once_if_it_takes_aliases() {
        with_sockets(async {
            let request = ConnectRequest {
                settings: Settings { topic_alias: true, ..settings() },
                ..connect_request("c")
            };
            let (mut session, mut peer) = open_asking(&request, b"\x22\0\x02").await;
            let mut seen = Seen::default();
            for topic in ["a", "b", "c", "a", "b", "c"] {
                session.publish(&message(topic, Qos::AtMostOnce), ticket(1, SECOND)).unwrap();
            }
            session.drive(Until::Written, None, &mut seen).await.unwrap();
            for expected in [
                &b"\x30\x08\0\x01a\x03\x23\0\x01x"[..],
                b"\x30\x08\0\x01b\x03\x23\0\x02x",
                b"\x30\x05\0\x01c\0x",
                b"\x30\x07\0\0\x03\x23\0\x01x",
                b"\x30\x07\0\0\x03\x23\0\x02x",
                b"\x30\x05\0\x01c\0x",
            ] {
                assert_eq!(peer.packet().await, expected);
            }
            // And it may do the same.
            peer.send(b"\x30\x08\0\x01t\x03\x23\0\x40y\x30\x07\0\0\x03\x23\0\x40z").await;
            drive_for(&mut session, Duration::from_millis(20), &mut seen).await.unwrap();
            let received: Vec<_> = seen.received.iter().map(|(t, p, _)| (&t[..], p[0])).collect();
            assert_eq!(received, [("t", b'y'), ("t", b'z')]);
        });
    }

    #[test]
    fn without_aliases_of_the_broker_topics_are_sent_each_time() {
        with_sockets(async {
            let request = ConnectRequest {
                settings: Settings { topic_alias: true, ..settings() },
                ..connect_request("c")
            };
            let (mut session, mut peer) = open_asking(&request, b"").await;
            for _ in 0..2 {
                session.publish(&message("a", Qos::AtMostOnce), ticket(1, SECOND)).unwrap();
            }
            session.drive(Until::Written, None, &mut Seen::default()).await.unwrap();
            for _ in 0..2 {
                assert_eq!(peer.packet().await, b"\x30\x05\0\x01a\0x");
            }
        });
    }
}

mod reasons {
    use super::*;

    #[test]
    fn a_refusal_fails_its_request_and_no_other() {
        with_sockets(async {
            let (mut session, mut peer) = open_granted(b"").await;
            let mut seen = Seen::default();
            for tag in 1..=2 {
                publish(&mut session, tag, Qos::AtLeastOnce);
            }
            for tag in 3..=5 {
                publish(&mut session, tag, Qos::ExactlyOnce);
            }
            let filters = [Filter::new("a", Qos::AtMostOnce), Filter::new("b", Qos::AtMostOnce)];
            session.subscribe(&filters, ticket(6, MINUTE)).unwrap();
            session.subscribe(&filters, ticket(7, MINUTE)).unwrap();
            for bytes in [
                &b"\x40\x08\0\x01\x97\x04\x1F\0\x01x"[..],
                b"\x40\x03\0\x02\x10",
                b"\x50\x03\0\x03\x87",
                b"\x50\x03\0\x04\x10",
                b"\x70\x03\0\x04\x92",
                b"\x50\x02\0\x05",
                b"\x70\x04\0\x05\0\0",
                b"\x90\x05\0\x06\0\x01\x87",
                b"\x90\x05\0\x07\0\x01\x02",
            ] {
                peer.send(bytes).await;
            }
            settle(&mut session, &mut seen).await.unwrap();
            let texts: Vec<_> = seen
                .take()
                .into_iter()
                .map(|(tag, result)| {
                    format!("{tag} {}", result.map_or_else(|f| f.to_string(), |()| "ok".into()))
                })
                .collect();
            let expected = [
                "1 PUBACK: Quota exceeded (0x97): x",
                "2 ok",
                "3 PUBREC: Not authorized (0x87)",
                "4 PUBCOMP: Packet Identifier not found (0x92)",
                "5 ok",
                "6 SUBACK: Not authorized (0x87)",
                "7 ok",
            ];
            assert_eq!(texts, expected);
            assert_eq!(seen.unexpected, [""; 0]);
            // A refused QoS 2 message is not released, and its id is free.
            for _ in 0..7 {
                peer.packet().await;
            }
            assert_eq!(peer.packet().await, [0x62, 2, 0, 4]);
            assert_eq!(peer.packet().await, [0x62, 2, 0, 5]);
            assert_eq!(session.backlog(), 0);
        });
    }

    #[test]
    fn a_disconnect_of_the_broker_is_no_lost_connection() {
        with_sockets(async {
            for (bytes, text) in [
                (&b"\xE0\0"[..], "DISCONNECT by the broker: Success (0x00)"),
                (b"\xE0\x01\x8B", "DISCONNECT by the broker: Server shutting down (0x8B)"),
                (b"\xE0\x02\x8E\0", "DISCONNECT by the broker: Session taken over (0x8E)"),
                (
                    b"\xE0\x0D\x9D\x0B\x1F\0\x02up\x1C\0\x03b:1",
                    "DISCONNECT by the broker: Server moved (0x9D): up; see b:1",
                ),
            ] {
                let (mut session, mut peer) = open_granted(b"").await;
                let mut seen = Seen::default();
                publish(&mut session, 1, Qos::AtLeastOnce);
                session.drive(Until::Written, None, &mut seen).await.unwrap();
                peer.packet().await;
                peer.send(bytes).await;
                drop(peer);
                let failure = settle(&mut session, &mut seen).await.unwrap_err();
                assert_eq!(failure.to_string(), text);
                assert_eq!(seen.take(), [(1, Err(failure))]);
            }
        });
    }

    #[test]
    fn a_refused_connect_names_the_reason() {
        with_sockets(async {
            let bytes = b"\x20\x09\0\x9C\x06\x1C\0\x03b:1";
            let (result, _peer) = answered_with(bytes, &request()).await;
            let expected = Failure::Reason(Ack::Connack, Reason::of(0x9C));
            let failure = result.unwrap_err();
            assert_ne!(failure, expected);
            assert_eq!(failure.to_string(), "CONNACK: Use another server (0x9C): see b:1");
        });
    }
}

mod lasting_sessions {
    use super::*;

    fn lasting(version: Version) -> Settings {
        Settings { version, clean_session: false, ..Settings::default() }
    }

    async fn open(settings: Settings, kept: Option<&SessionState>, present: u8) -> (Tcp, Peer) {
        let request = ConnectRequest { settings, session: kept, ..connect_request("c") };
        let bytes: &[u8] = match settings.version {
            Version::V311 => &[0x20, 2, present, 0],
            Version::V5 => &[0x20, 3, present, 0, 0],
        };
        let (session, peer) = answered_with(bytes, &request).await;
        (session.unwrap(), peer)
    }

    /// The bytes of a PUBLISH of `x` to `t`.
    fn publish_bytes(version: Version, first: u8, id: u8) -> Vec<u8> {
        match version {
            Version::V311 => vec![first, 6, 0, 1, b't', 0, id, b'x'],
            Version::V5 => vec![first, 7, 0, 1, b't', 0, id, 0, b'x'],
        }
    }

    #[test]
    fn what_was_open_is_sent_again_and_counts_once() {
        with_sockets(async {
            for version in [Version::V311, Version::V5] {
                let (mut session, mut peer) = open(lasting(version), None, 0).await;
                let mut seen = Seen::default();
                publish(&mut session, 1, Qos::AtLeastOnce);
                publish(&mut session, 2, Qos::ExactlyOnce);
                publish(&mut session, 3, Qos::ExactlyOnce);
                publish(&mut session, 4, Qos::AtLeastOnce);
                session.subscribe(&[Filter::new("#", Qos::AtMostOnce)], ticket(5, MINUTE)).unwrap();
                session.publish(&message("t", Qos::AtMostOnce), ticket(6, MINUTE)).unwrap();
                session.drive(Until::Written, None, &mut seen).await.unwrap();
                // The first is acknowledged, the third half.
                peer.send(&[0x40, 2, 0, 1, 0x50, 2, 0, 3]).await;
                drive_for(&mut session, Duration::from_millis(20), &mut seen).await.unwrap();
                assert_eq!(seen.take(), [(6, Ok(())), (1, Ok(()))]);
                peer.reset();
                let failure = settle(&mut session, &mut seen).await.unwrap_err();
                assert_eq!(seen.take(), [(5, Err(failure))], "only the subscription fails");

                let kept = session.take_state();
                assert!(kept.is_open(Key::Packet(2)) && !kept.is_open(Key::Packet(1)));
                let (mut session, mut peer) = open(lasting(version), Some(&kept), 1).await;
                assert!(session.resumed() && !kept.is_open(Key::Packet(2)));
                session.drive(Until::Written, None, &mut seen).await.unwrap();
                assert_eq!(peer.packet().await, publish_bytes(version, 0x3C, 2));
                assert_eq!(peer.packet().await, [0x62, 2, 0, 3]);
                assert_eq!(peer.packet().await, publish_bytes(version, 0x3A, 4));
                peer.send(&[0x70, 2, 0, 3, 0x50, 2, 0, 2, 0x70, 2, 0, 2, 0x40, 2, 0, 4]).await;
                assert!(settle(&mut session, &mut seen).await.unwrap());
                assert_eq!(seen.take(), [(3, Ok(())), (2, Ok(())), (4, Ok(()))]);
                // Ids go on where they were.
                assert_eq!(publish(&mut session, 7, Qos::AtLeastOnce), Key::Packet(6));
            }
        });
    }

    /// A broker that takes fewer messages than before gets them one by one, in their order, and no new one before.
    #[test]
    fn what_is_sent_again_keeps_to_the_receive_maximum_of_the_new_connack() {
        with_sockets(async {
            let settings = lasting(Version::V5);
            let (mut session, mut peer) = open(settings, None, 0).await;
            let mut seen = Seen::default();
            let qos = [Qos::ExactlyOnce, Qos::AtLeastOnce, Qos::ExactlyOnce, Qos::AtLeastOnce];
            for (tag, qos) in (1..).zip(qos) {
                publish(&mut session, tag, qos);
            }
            session.drive(Until::Written, None, &mut seen).await.unwrap();
            for _ in qos {
                peer.packet().await;
            }
            // Half of a handshake, which is not limited but is not over.
            peer.send(&[0x50, 2, 0, 1]).await;
            drive_for(&mut session, SOON, &mut seen).await.unwrap();
            assert_eq!(peer.packet().await, [0x62, 2, 0, 1]);
            peer.reset();
            session.drive(Until::Deadline, None, &mut seen).await.unwrap_err();
            let kept = session.take_state();
            let request = ConnectRequest { settings, session: Some(&kept), ..connect_request("c") };
            let (session, mut peer) = answered_with(&[0x20, 6, 1, 0, 3, 0x21, 0, 2], &request).await;
            let mut session = session.unwrap();
            drive_for(&mut session, SOON, &mut seen).await.unwrap();
            assert!(!session.has_room());
            assert_eq!(peer.packet().await, [0x62, 2, 0, 1]);
            assert_eq!(peer.packet().await, publish_bytes(Version::V5, 0x3A, 2));
            // A foreign one makes no room.
            peer.send(&[0x40, 2, 0, 9]).await;
            drive_for(&mut session, SOON, &mut seen).await.unwrap();
            assert!(peer.is_silent());
            peer.send(&[0x70, 2, 0, 1]).await;
            drive_for(&mut session, SOON, &mut seen).await.unwrap();
            assert_eq!(peer.packet().await, publish_bytes(Version::V5, 0x3C, 3));
            // The second one is held back until a handshake is over: by its first half it is not.
            peer.send(&[0x50, 2, 0, 3]).await;
            drive_for(&mut session, SOON, &mut seen).await.unwrap();
            assert_eq!(peer.packet().await, [0x62, 2, 0, 3]);
            assert!(peer.is_silent() && !session.has_room());
            // A refusal is an end, too.
            peer.send(&[0x40, 3, 0, 2, 0x97]).await;
            drive_for(&mut session, SOON, &mut seen).await.unwrap();
            assert_eq!(peer.packet().await, publish_bytes(Version::V5, 0x3A, 4));
            peer.send(&[0x40, 2, 0, 4, 0x70, 2, 0, 3]).await;
            assert!(settle(&mut session, &mut seen).await.unwrap());
            assert!(session.has_room());
            assert_eq!(seen.tags(), [1, 2, 3, 4], "each ends once");
            let refused = Failure::Reason(Ack::Puback, Reason::of(0x97));
            assert_eq!(
                seen.completed.iter().filter(|(_, result)| result.is_err()).collect::<Vec<_>>(),
                [&(2, Err(refused))]
            );
        });
    }

    #[test]
    fn what_is_held_back_moves_on_whatever_ends_the_message_before_it() {
        with_sockets(async {
            let settings = lasting(Version::V5);
            let (mut session, mut peer) = open(settings, None, 0).await;
            let mut seen = Seen::default();
            for tag in 1..=4 {
                publish(&mut session, tag, Qos::AtLeastOnce);
            }
            session.drive(Until::Written, None, &mut seen).await.unwrap();
            for _ in 0..4 {
                peer.packet().await;
            }
            peer.reset();
            session.drive(Until::Deadline, None, &mut seen).await.unwrap_err();
            let kept = session.take_state();
            let request = ConnectRequest { settings, session: Some(&kept), ..connect_request("c") };
            let (session, mut peer) = answered_with(&[0x20, 6, 1, 0, 3, 0x21, 0, 1], &request).await;
            let mut session = session.unwrap();
            // A subscription makes no room, and neither does its answer.
            let key = session.subscribe(&[Filter::new("t", Qos::AtMostOnce)], ticket(5, MINUTE)).unwrap();
            assert_eq!(key, Key::Packet(5));
            session.drive(Until::Written, None, &mut seen).await.unwrap();
            assert_eq!(peer.packet().await, publish_bytes(Version::V5, 0x3A, 1));
            assert_eq!(peer.packet().await[0], 0x82);
            peer.send(&[0x90, 4, 0, 5, 0, 0]).await;
            drive_for(&mut session, SOON, &mut seen).await.unwrap();
            assert!(peer.is_silent());
            for (id, answer) in
                [(1, &[0x40, 3, 0, 1, 0x97][..]), (2, &[0x40, 3, 0, 2, 0x10]), (3, &[0x40, 2, 0, 3])]
            {
                peer.send(answer).await;
                drive_for(&mut session, SOON, &mut seen).await.unwrap();
                assert_eq!(peer.packet().await, publish_bytes(Version::V5, 0x3A, id + 1));
                assert!(peer.is_silent());
            }
            peer.send(&[0x40, 2, 0, 4]).await;
            assert!(settle(&mut session, &mut seen).await.unwrap());
            let refused = Err(Failure::Reason(Ack::Puback, Reason::of(0x97)));
            assert_eq!(seen.take(), [(5, Ok(())), (1, refused), (2, Ok(())), (3, Ok(())), (4, Ok(()))]);
        });
    }

    /// What the broker cannot answer has failed; the rest of the session goes on.
    #[test]
    fn a_message_that_is_answered_with_the_wrong_packet_is_not_sent_again() {
        with_sockets(async {
            for version in [Version::V311, Version::V5] {
                let (mut session, mut peer) = open(lasting(version), None, 0).await;
                let mut seen = Seen::default();
                publish(&mut session, 1, Qos::ExactlyOnce);
                publish(&mut session, 2, Qos::AtLeastOnce);
                session.drive(Until::Written, None, &mut seen).await.unwrap();
                peer.send(&[0x40, 2, 0, 1]).await;
                let failure = settle(&mut session, &mut seen).await.unwrap_err();
                assert_eq!(failure, Failure::WrongAck { expected: Ack::Pubrec, got: Ack::Puback });
                assert_eq!(seen.take(), [(1, Err(failure))]);
                let kept = session.take_state();
                assert_eq!(session.farewell(PATIENCE).is_some(), version == Version::V5);
                let (mut session, mut peer) = open(lasting(version), Some(&kept), 1).await;
                session.drive(Until::Written, None, &mut seen).await.unwrap();
                assert_eq!(peer.packet().await, publish_bytes(version, 0x3A, 2));
                assert!(peer.is_silent());
                peer.send(&[0x40, 2, 0, 2]).await;
                assert!(settle(&mut session, &mut seen).await.unwrap());
                assert_eq!(seen.take(), [(2, Ok(()))]);
            }
        });
    }

    /// What is sent and not acknowledged is kept to be sent again, whoever still waits for it: the limit bounds it.
    #[test]
    fn a_broker_that_never_acknowledges_gets_no_more_than_the_limit() {
        with_sockets(async {
            for version in [Version::V311, Version::V5] {
                let request =
                    ConnectRequest { settings: lasting(version), inflight: 2, ..connect_request("c") };
                let connack: &[u8] = if version == Version::V5 { b"\x20\x03\0\0\0" } else { b"\x20\x02\0\0" };
                let (session, mut peer) = answered_with(connack, &request).await;
                let (mut session, mut seen) = (session.unwrap(), Seen::default());
                for tag in 1..=2 {
                    session.publish(&message("t", Qos::AtLeastOnce), ticket(tag, Duration::ZERO)).unwrap();
                }
                settle(&mut session, &mut seen).await.unwrap();
                assert_eq!(seen.take().len(), 2, "both have failed");
                assert!(!session.has_room());
                assert_eq!(session.no_room(SECOND), Failure::NoRoom(SECOND));
                peer.send(&[0x40, 2, 0, 1]).await;
                assert!(session.drive(Until::Room, None, &mut seen).await.unwrap());
            }
        });
    }

    /// Its CONNACK counts for what is sent again, too.
    #[test]
    fn what_a_broker_does_not_take_any_more_is_not_sent_again_and_has_failed() {
        with_sockets(async {
            let most_qos = Failure::NotTaken(Limit::Qos(Qos::AtLeastOnce));
            let most_bytes = Failure::NotTaken(Limit::PacketBytes(8));
            let retain = Failure::NotTaken(Limit::Retain);
            for (properties, failure, stays) in [
                (&[0x24, 1][..], most_qos, true),
                (&[0x27, 0, 0, 0, 8], most_bytes, false),
                (&[0x25, 0], retain, true),
            ] {
                let (mut session, peer) = open(lasting(Version::V5), None, 0).await;
                let mut seen = Seen::default();
                publish(&mut session, 1, Qos::AtLeastOnce);
                let other = Message { retain: failure == retain, ..message("t", Qos::ExactlyOnce) };
                session.publish(&other, ticket(2, MINUTE)).unwrap();
                // Nobody waits for this one any more, but the session still has it.
                session.publish(&other, ticket(3, Duration::ZERO)).unwrap();
                session.drive(Until::Written, None, &mut seen).await.unwrap();
                drive_for(&mut session, Duration::from_millis(20), &mut seen).await.unwrap();
                assert_eq!(seen.take().len(), 1);
                peer.reset();
                settle(&mut session, &mut seen).await.unwrap_err();
                let kept = session.take_state();
                let request = ConnectRequest {
                    settings: lasting(Version::V5),
                    session: Some(&kept),
                    ..connect_request("c")
                };
                let length = u8::try_from(properties.len()).unwrap();
                let connack = [&[0x20, length + 3, 1, 0, length], properties].concat();
                let (session, mut peer) = answered_with(&connack, &request).await;
                let mut session = session.unwrap();
                session.drive(Until::Written, None, &mut seen).await.unwrap();
                if stays {
                    assert_eq!(seen.take(), [(2, Err(failure))]);
                    assert_eq!(peer.packet().await, publish_bytes(Version::V5, 0x3A, 1));
                    peer.send(&[0x40, 2, 0, 1]).await;
                    assert!(settle(&mut session, &mut seen).await.unwrap());
                    assert_eq!(seen.take(), [(1, Ok(()))]);
                } else {
                    assert_eq!(seen.take(), [(1, Err(failure)), (2, Err(failure))]);
                }
                assert!(peer.is_silent());
            }
        });
    }

    #[test]
    fn without_the_session_what_was_open_has_failed() {
        with_sockets(async {
            let (mut session, peer) = open(lasting(Version::V5), None, 0).await;
            let mut seen = Seen::default();
            publish(&mut session, 1, Qos::AtLeastOnce);
            publish(&mut session, 2, Qos::ExactlyOnce);
            peer.reset();
            settle(&mut session, &mut seen).await.unwrap_err();
            let kept = session.take_state();
            let (mut session, _peer) = open(lasting(Version::V5), Some(&kept), 0).await;
            assert!(!session.resumed());
            assert_eq!(seen.take(), []);
            kept.fail(Failure::SessionLost, &mut seen);
            assert_eq!(seen.take(), [(1, Err(Failure::SessionLost)), (2, Err(Failure::SessionLost))]);
            assert!(settle(&mut session, &mut seen).await.unwrap());
            assert_eq!(session.backlog(), 0, "nothing is sent again");
        });
    }

    #[test]
    fn time_runs_while_there_is_no_connection() {
        with_sockets(async {
            let (mut session, peer) = open(lasting(Version::V311), None, 0).await;
            let mut seen = Seen::default();
            let timeout = Duration::from_millis(50);
            session.publish(&message("t", Qos::AtLeastOnce), ticket(1, timeout)).unwrap();
            peer.reset();
            settle(&mut session, &mut seen).await.unwrap_err();
            let kept = session.take_state();
            let deadline = kept.next_deadline().unwrap();
            kept.expire(deadline, &mut seen);
            assert_eq!(seen.take(), [(1, Err(Failure::AckTimeout(Ack::Puback, timeout)))]);
            // The broker is told all the same, and its answer is late.
            let (mut session, mut peer) = open(lasting(Version::V311), Some(&kept), 1).await;
            session.drive(Until::Written, None, &mut seen).await.unwrap();
            assert_eq!(peer.packet().await, publish_bytes(Version::V311, 0x3A, 1));
            peer.send(&[0x40, 2, 0, 1]).await;
            drive_for(&mut session, Duration::from_millis(20), &mut seen).await.unwrap();
            assert_eq!(seen.unexpected, ["acknowledgement after its request had timed out"]);
        });
    }

    #[test]
    fn a_message_that_the_broker_did_not_release_comes_once() {
        with_sockets(async {
            let (mut session, mut peer) = open(lasting(Version::V311), None, 0).await;
            let mut seen = Seen::default();
            peer.send(&publish_bytes(Version::V311, 0x34, 9)).await;
            drive_for(&mut session, Duration::from_millis(20), &mut seen).await.unwrap();
            peer.reset();
            drive_for(&mut session, SECOND, &mut seen).await.unwrap_err();
            let kept = session.take_state();
            let (mut session, mut peer) = open(lasting(Version::V311), Some(&kept), 1).await;
            peer.send(&publish_bytes(Version::V311, 0x3C, 9)).await;
            drive_for(&mut session, Duration::from_millis(20), &mut seen).await.unwrap();
            assert_eq!(peer.packet().await, [0x50, 2, 0, 9]);
            assert_eq!(seen.received.len(), 1);
        });
    }

    #[test]
    fn a_pubrel_that_was_answered_before_is_no_failure_when_it_is_sent_again() {
        with_sockets(async {
            let (mut session, mut peer) = open(lasting(Version::V5), None, 0).await;
            let mut seen = Seen::default();
            publish(&mut session, 1, Qos::ExactlyOnce);
            peer.send(&[0x50, 2, 0, 1]).await;
            drive_for(&mut session, Duration::from_millis(20), &mut seen).await.unwrap();
            peer.reset();
            settle(&mut session, &mut seen).await.unwrap_err();
            let kept = session.take_state();
            let (mut session, mut peer) = open(lasting(Version::V5), Some(&kept), 1).await;
            peer.send(&[0x70, 3, 0, 1, 0x92]).await;
            settle(&mut session, &mut seen).await.unwrap();
            assert_eq!(seen.take(), [(1, Ok(()))]);
        });
    }

    #[test]
    fn a_close_ends_requests_for_the_user_and_not_for_the_broker() {
        with_sockets(async {
            let (mut session, _peer) = open(lasting(Version::V311), None, 0).await;
            let mut seen = Seen::default();
            publish(&mut session, 1, Qos::ExactlyOnce);
            session.close(Close::Clean, SECOND, &mut seen).await.unwrap();
            assert_eq!(seen.take(), [(1, Err(Failure::Closing))]);
            let kept = session.take_state();
            assert!(!kept.is_open(Key::Packet(1)));
            let (mut session, mut peer) = open(lasting(Version::V311), Some(&kept), 1).await;
            assert_eq!(publish(&mut session, 2, Qos::ExactlyOnce), Key::Packet(2), "id 1 is still taken");
            session.drive(Until::Written, None, &mut seen).await.unwrap();
            assert_eq!(peer.packet().await, publish_bytes(Version::V311, 0x3C, 1));
            assert_eq!(peer.packet().await, publish_bytes(Version::V311, 0x34, 2));
            assert_eq!(seen.take(), []);
        });
    }

    #[test]
    fn a_clean_session_leaves_nothing() {
        with_sockets(async {
            let (mut session, peer) = open_with(&connect_request("c")).await;
            let mut seen = Seen::default();
            let key = publish(&mut session, 1, Qos::AtLeastOnce);
            peer.reset();
            settle(&mut session, &mut seen).await.unwrap_err();
            assert_eq!(seen.take().len(), 1);
            let kept = session.take_state();
            assert!(!kept.is_open(key) && kept.next_deadline().is_none());
        });
    }

    #[test]
    fn a_session_is_resumed_by_the_name_that_the_broker_gave_it() {
        with_sockets(async {
            let settings = lasting(Version::V5);
            let request = ConnectRequest { client_id: "", settings, ..connect_request("c") };
            let (mut session, peer) = open_asking(&request, b"\x12\0\x05given").await;
            let mut seen = Seen::default();
            publish(&mut session, 1, Qos::AtLeastOnce);
            peer.reset();
            settle(&mut session, &mut seen).await.unwrap_err();
            let kept = session.take_state();
            let (listener, connector) = listen().await;
            let request = ConnectRequest { session: Some(&kept), ..request };
            let (session, packet) = tokio::join!(connector.connect(&request), async {
                let mut peer = accept(&listener).await;
                let packet = peer.packet().await;
                peer.send(&[0x20, 3, 1, 0, 0]).await;
                packet
            });
            assert!(session.unwrap().resumed());
            assert!(packet.ends_with(b"\0\x05given"), "{packet:?}");
        });
    }

    /// The embedded broker keeps the session and what was published meanwhile.
    #[test]
    fn the_embedded_broker_goes_on_with_a_session() {
        let broker = Broker::start(BrokerConfig::default()).unwrap();
        with_sockets(async {
            for version in [Version::V311, Version::V5] {
                let connector = Connector::new(vec![Endpoint::from(broker.addr())]);
                let name = format!("sleeper {version}");
                let settings = Settings { session_expiry_s: 60, ..lasting(version) };
                let request = ConnectRequest { settings, ..connect_request(&name) };
                let mut sleeper = connector.connect(&request).await.unwrap();
                assert!(!sleeper.resumed());
                let mut seen = Seen::default();
                sleeper.subscribe(&[Filter::new("t", Qos::ExactlyOnce)], ticket(1, MINUTE)).unwrap();
                settle(&mut sleeper, &mut seen).await.unwrap();
                sleeper.close(Close::Clean, SECOND, &mut seen).await.unwrap();
                let mut other = connector.connect(&connect_request("other")).await.unwrap();
                for tag in 2..5 {
                    publish(&mut other, tag, ALL_QOS[tag as usize % 3]);
                }
                settle(&mut other, &mut seen).await.unwrap();
                let kept = sleeper.take_state();
                let request = ConnectRequest { session: Some(&kept), ..request };
                let mut sleeper = connector.connect(&request).await.unwrap();
                assert!(sleeper.resumed());
                drive_for(&mut sleeper, Duration::from_millis(50), &mut seen).await.unwrap();
                let qos: Vec<_> = seen.received.iter().map(|(_, _, qos)| qos.level()).collect();
                assert!(qos.contains(&1) && qos.contains(&2), "{qos:?}");
                sleeper.close(Close::Clean, SECOND, &mut seen).await.unwrap();
            }
        });
        assert_eq!(broker.stop().protocol_errors, 0);
    }
}

#[test]
fn the_embedded_broker_speaks_5_too() {
    const EACH: u32 = 300;
    let broker = Broker::start(BrokerConfig::default()).unwrap();
    with_sockets(async {
        let connector = Connector::new(vec![Endpoint::from(broker.addr())]);
        let mut session = connector.connect(&request()).await.unwrap();
        let mut seen = Seen::default();
        session.subscribe(&[Filter::new("t", Qos::ExactlyOnce)], ticket(u32::MAX, MINUTE)).unwrap();
        let options = SubscribeOptions {
            no_local: true,
            retain_handling: RetainHandling::Never,
            ..SubscribeOptions::default()
        };
        let own = Filter { path: "own", qos: Qos::AtMostOnce, options };
        session.subscribe(&[own], ticket(u32::MAX, MINUTE)).unwrap();
        settle(&mut session, &mut seen).await.unwrap();
        assert_eq!(seen.take(), [(u32::MAX, Ok(())); 2]);
        let mut properties = Vec::new();
        property::put_text(&mut properties, CONTENT_TYPE, b"text/plain");
        for tag in 0..3 * EACH {
            let qos = ALL_QOS[tag as usize % 3];
            if qos != Qos::AtMostOnce {
                session.drive(Until::Room, None, &mut seen).await.unwrap();
            }
            let payload = tag.to_be_bytes();
            let topic = if tag % 2 == 0 { "t" } else { "own" };
            let message = Message { payload: &payload, properties: &properties, ..message(topic, qos) };
            session.publish(&message, ticket(tag, MINUTE)).unwrap();
        }
        assert!(settle(&mut session, &mut seen).await.unwrap());
        let expected = 3 * EACH as usize / 2;
        while seen.received.len() < expected {
            drive_for(&mut session, Duration::from_millis(1), &mut seen).await.unwrap();
        }
        drive_for(&mut session, Duration::from_millis(20), &mut seen).await.unwrap();
        assert_eq!(seen.received.len(), expected, "not one's own");
        assert!(seen.received.iter().all(|(topic, ..)| topic == "t"));
        assert_eq!(seen.tags(), (0..3 * EACH).collect::<Vec<_>>());
        assert!(seen.completed.iter().all(|(_, result)| result.is_ok()));
        session.close(Close::Clean, SECOND, &mut seen).await.unwrap();
    });
    assert_eq!(broker.stop().protocol_errors, 0);
}
