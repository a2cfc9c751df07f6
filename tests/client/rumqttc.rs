//! The session that rumqttc drives, against a broker that is played by hand and against the embedded one: it keeps the
//! contract of the own driver, or says what rumqttc does instead.

use std::net::SocketAddr;
use std::time::Duration;

use mqtt_scenario::broker::{Broker, BrokerConfig};
use mqtt_scenario::client::chosen::{ChosenConnector, ChosenSession};
use mqtt_scenario::client::failure::{Ack, Failure, Limit};
use mqtt_scenario::client::transport::Endpoint;
use mqtt_scenario::client::{
    Close, Connect, ConnectRequest, Filter, Message, Patience, Session, Until, Will,
};
use mqtt_scenario::mqtt::property::{self, CONTENT_TYPE, CORRELATION_DATA, USER_PROPERTY};
use mqtt_scenario::mqtt::{Client, Qos, RetainHandling, Settings, SubscribeOptions, Version};
use tokio::net::TcpListener;
use tokio::time::{Instant, timeout};

use crate::support::peer::{ALL_QOS, CONNACK, MINUTE, Peer, SECOND, accept};
use crate::support::{Seen, connect_request, ticket, with_sockets};

const BOTH: [Version; 2] = [Version::V311, Version::V5];
const CONNACK_5: [u8; 5] = [0x20, 3, 0, 0, 0];
const DISCONNECT: &[u8] = b"\xE0\0";
const PATIENCE: Patience = Patience { silence: SECOND, most: SECOND };

/// Long enough for what the other side has sent.
const SOON: Duration = Duration::from_millis(100);

fn request(version: Version) -> ConnectRequest<'static> {
    let settings = Settings { version, ..Settings::default() };
    ConnectRequest { settings, keep_alive_s: 60, ..connect_request("c") }
}

fn connack(version: Version) -> &'static [u8] {
    match version {
        Version::V311 => &CONNACK,
        Version::V5 => &CONNACK_5,
    }
}

fn connector(address: SocketAddr, client: Client) -> ChosenConnector {
    ChosenConnector::new(vec![(Endpoint::from(address), client)])
}

async fn answered_by(
    client: Client,
    request: &ConnectRequest<'_>,
    answer: &[u8],
) -> (Result<ChosenSession, Failure>, Vec<u8>, Peer) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let connector = connector(listener.local_addr().unwrap(), client);
    let (result, (packet, peer)) = tokio::join!(connector.connect(request), async {
        let mut peer = accept(&listener).await;
        let packet = peer.packet().await;
        peer.send(answer).await;
        (packet, peer)
    });
    (result, packet, peer)
}

async fn open_with(request: &ConnectRequest<'_>, connack: &[u8]) -> (ChosenSession, Peer) {
    let (session, _, peer) = answered_by(Client::Rumqttc, request, connack).await;
    (session.unwrap_or_else(|failure| panic!("{failure}")), peer)
}

async fn open(version: Version) -> (ChosenSession, Peer) {
    open_with(&request(version), connack(version)).await
}

async fn open_at(broker: &Broker, request: &ConnectRequest<'_>) -> ChosenSession {
    connector(broker.addr(), Client::Rumqttc).connect(request).await.unwrap_or_else(|f| panic!("{f}"))
}

fn embedded() -> Broker {
    Broker::start(BrokerConfig::default()).unwrap()
}

fn message(topic: &str, qos: Qos) -> Message<'_> {
    Message { topic: topic.as_bytes(), payload: b"x", qos, retain: false, properties: &[] }
}

fn publish(session: &mut ChosenSession, tag: u32, qos: Qos, timeout: Duration) {
    session.publish(&message("t", qos), ticket(tag, timeout)).unwrap();
}

async fn drive_for(session: &mut ChosenSession, time: Duration, seen: &mut Seen) -> Result<bool, Failure> {
    session.drive(Until::Deadline, Some(Instant::now() + time), seen).await
}

/// Drives until nothing is open, or the connection is lost.
async fn settle(session: &mut ChosenSession, seen: &mut Seen) -> Result<bool, Failure> {
    session.drive(Until::Idle, Some(Instant::now() + 10 * SECOND), seen).await
}

fn ack(first: u8, id: u8) -> [u8; 4] {
    [first, 2, 0, id]
}

mod connecting {
    use super::*;

    #[test]
    fn both_clients_send_the_same_connect() {
        with_sockets(async {
            let mut properties = Vec::new();
            property::put_text(&mut properties, CONTENT_TYPE, b"text");
            for version in BOTH {
                let settings = Settings { max_packet_bytes: 70_000, ..request(version).settings };
                let settings = match version {
                    Version::V311 => settings,
                    Version::V5 => Settings { session_expiry_s: 9, receive_maximum: 3, ..settings },
                };
                let will = Will {
                    topic: "gone",
                    payload: b"\xFF\0",
                    qos: Qos::ExactlyOnce,
                    retain: true,
                    delay_s: 7,
                    properties: &properties,
                };
                let request = ConnectRequest {
                    settings,
                    will: Some(will),
                    username: Some("me"),
                    password: Some("secret"),
                    keep_alive_s: 0x1234,
                    ..connect_request("device 1")
                };
                let (_, native, _) = answered_by(Client::Native, &request, connack(version)).await;
                let (_, rumqttc, _) = answered_by(Client::Rumqttc, &request, connack(version)).await;
                assert_eq!(native, rumqttc, "{version}");
            }
        });
    }

    #[test]
    fn a_refusal_is_named() {
        with_sockets(async {
            for (version, answer, expected) in [
                (Version::V311, &b"\x20\x02\0\x04"[..], "CONNACK: bad user name or password (4)"),
                (Version::V311, b"\x20\x02\0\x05", "CONNACK: not authorized (5)"),
                (Version::V5, b"\x20\x03\0\x87\0", "CONNACK: Not authorized (0x87)"),
                (Version::V311, b"\xD0\0", "protocol error by the broker: no CONNACK as its first packet"),
                (Version::V311, b"\x20\x02\0\x09", "rumqttc: it cannot read a packet of the broker"),
                (
                    Version::V5,
                    b"\x20\x03\x01\0\0",
                    "protocol error by the broker: CONNACK goes on with a session, but a clean one was asked for",
                ),
            ] {
                let (result, ..) = answered_by(Client::Rumqttc, &request(version), answer).await;
                assert_eq!(result.err().unwrap().to_string(), expected);
            }
        });
    }

    #[test]
    fn a_port_where_nobody_listens_refuses() {
        with_sockets(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            drop(listener);
            for version in BOTH {
                let result = connector(address, Client::Rumqttc).connect(&request(version)).await;
                let failure = result.err().unwrap().to_string();
                assert_eq!(failure, "cannot connect: Connection refused (os error 111)", "{version}");
            }
        });
    }

    #[test]
    fn a_broker_without_a_word_has_so_much_time() {
        with_sockets(async {
            for version in BOTH {
                let request = ConnectRequest { timeout: SOON, ..request(version) };
                let (result, ..) = answered_by(Client::Rumqttc, &request, &[]).await;
                assert_eq!(result.err(), Some(Failure::AckTimeout(Ack::Connack, SOON)));
            }
        });
    }

    #[test]
    fn a_broker_that_hangs_up_has_sent_no_connack() {
        with_sockets(async {
            for version in BOTH {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let connector = connector(listener.local_addr().unwrap(), Client::Rumqttc);
                let asks = request(version);
                let (result, ()) = tokio::join!(connector.connect(&asks), async {
                    accept(&listener).await.packet().await;
                });
                assert!(matches!(result.err(), Some(Failure::NoConnack(None, _))));
            }
        });
    }

    #[test]
    fn what_it_cannot_say_is_not_sent() {
        with_sockets(async {
            let empty = ConnectRequest { username: Some(""), ..request(Version::V311) };
            let brief = ConnectRequest { keep_alive_s: 4, ..request(Version::V5) };
            let settings = Settings { clean_session: false, ..Settings::default() };
            let lasting = ConnectRequest { settings, ..request(Version::V311) };
            let broker = embedded();
            for (request, expected) in [
                (empty, "rumqttc: it sends no user name or password that is empty"),
                (brief, "rumqttc: its shortest keep-alive time in MQTT 5 is 5 seconds"),
                (lasting, "rumqttc: a session here ends with its connection"),
            ] {
                let result = connector(broker.addr(), Client::Rumqttc).connect(&request).await;
                assert_eq!(result.err().unwrap().to_string(), expected);
            }
        });
    }

    #[test]
    fn a_broker_that_wants_no_pings_gets_one_at_most() {
        with_sockets(async {
            let (mut session, mut peer) = open_with(&request(Version::V5), b"\x20\x06\0\0\x03\x13\0\0").await;
            assert_eq!(drive_for(&mut session, SOON, &mut Seen::default()).await, Ok(false));
            assert_eq!(peer.packet().await, b"\xC0\0");
            peer.send(b"\xD0\0").await;
            assert_eq!(drive_for(&mut session, 3 * SOON, &mut Seen::default()).await, Ok(false));
            assert!(peer.is_silent());
        });
    }
}

mod requests {
    use super::*;

    #[test]
    fn each_quality_of_service_ends_with_its_own_acknowledgement() {
        with_sockets(async {
            for version in BOTH {
                let broker = embedded();
                let mut session = open_at(&broker, &request(version)).await;
                let mut seen = Seen::default();
                session.subscribe(&[Filter::new("t", Qos::ExactlyOnce)], ticket(9, MINUTE)).unwrap();
                assert_eq!(settle(&mut session, &mut seen).await, Ok(true));
                for tag in 0..30 {
                    session.drive(Until::Room, None, &mut seen).await.unwrap();
                    publish(&mut session, tag, ALL_QOS[tag as usize % 3], MINUTE);
                }
                assert_eq!(settle(&mut session, &mut seen).await, Ok(true));
                while seen.received.len() < 30 {
                    drive_for(&mut session, SOON, &mut seen).await.unwrap();
                }
                assert!(seen.completed.iter().all(|(_, result)| result.is_ok()));
                assert_eq!(seen.completed.len(), 31);
                assert!(seen.received.iter().all(|(topic, payload, _)| topic == "t" && payload == b"x"));
                for qos in ALL_QOS {
                    assert_eq!(seen.received.iter().filter(|(.., of)| *of == qos).count(), 10);
                }
                session.unsubscribe(&["t"], ticket(1, MINUTE)).unwrap();
                assert_eq!(settle(&mut session, &mut seen).await, Ok(true));
                assert_eq!(session.close(Close::Clean, SECOND, &mut seen).await, Ok(()));
                assert!(seen.unexpected.is_empty());
            }
        });
    }

    #[test]
    fn a_message_says_the_same_of_both_clients() {
        with_sockets(async {
            let mut properties = Vec::new();
            property::put_u32(&mut properties, property::MESSAGE_EXPIRY, 60);
            property::put_text(&mut properties, property::RESPONSE_TOPIC, b"r");
            property::put_text(&mut properties, CORRELATION_DATA, b"\xFF\0");
            properties.extend(b"\x26\0\x01k\0\x01v");
            assert_eq!(USER_PROPERTY, 0x26);
            property::put_text(&mut properties, CONTENT_TYPE, b"text");
            for version in BOTH {
                let mut packets = Vec::new();
                for client in [Client::Native, Client::Rumqttc] {
                    let (session, _, mut peer) =
                        answered_by(client, &request(version), connack(version)).await;
                    let mut session = session.unwrap_or_else(|failure| panic!("{failure}"));
                    let message =
                        Message { retain: true, properties: &properties, ..message("a/b", Qos::ExactlyOnce) };
                    session.publish(&message, ticket(0, MINUTE)).unwrap();
                    let filters = [
                        Filter::new("a/#", Qos::AtLeastOnce),
                        Filter {
                            path: "$share/g/b",
                            qos: Qos::AtMostOnce,
                            options: SubscribeOptions {
                                no_local: version == Version::V5,
                                retain_as_published: true,
                                retain_handling: RetainHandling::Never,
                            },
                        },
                    ];
                    let identifier = (version == Version::V5).then_some(300);
                    session.subscribe_with(&filters, identifier, ticket(1, MINUTE)).unwrap();
                    session.unsubscribe(&["a/#"], ticket(2, MINUTE)).unwrap();
                    session.drive(Until::Written, None, &mut Seen::default()).await.unwrap();
                    packets.push([peer.packet().await, peer.packet().await, peer.packet().await]);
                }
                assert_eq!(packets[0], packets[1], "{version}");
            }
        });
    }

    #[test]
    fn what_the_broker_sends_arrives_whole() {
        with_sockets(async {
            for version in BOTH {
                let (mut session, mut peer) = open(version).await;
                let mut seen = Seen::default();
                let properties: &[u8] = if version == Version::V5 { &[0] } else { &[] };
                let length = 6 + u8::try_from(properties.len()).unwrap();
                let second = [&[0x34, length, 0, 1, b'q', 0, 7], properties, b"2"].concat();
                for _ in 0..3 {
                    peer.send(&second).await;
                }
                drive_for(&mut session, SOON, &mut seen).await.unwrap();
                assert_eq!(seen.received, [("q".to_owned(), b"2".to_vec(), Qos::ExactlyOnce)]);
                for _ in 0..3 {
                    assert_eq!(peer.packet().await, ack(0x50, 7));
                }
                peer.send(&ack(0x62, 7)).await;
                peer.send(&second).await;
                drive_for(&mut session, SOON, &mut seen).await.unwrap();
                assert_eq!(seen.received.len(), 2, "a new message under the old id");
            }
        });
    }

    #[test]
    fn an_acknowledgement_that_does_not_come_is_waited_for_in_vain_and_a_late_one_is_told() {
        with_sockets(async {
            for version in BOTH {
                let (mut session, mut peer) = open(version).await;
                let mut seen = Seen::default();
                publish(&mut session, 1, Qos::AtLeastOnce, SOON);
                assert_eq!(settle(&mut session, &mut seen).await, Ok(true));
                assert_eq!(seen.take(), [(1, Err(Failure::AckTimeout(Ack::Puback, SOON)))]);
                peer.send(&ack(0x40, 1)).await;
                assert_eq!(drive_for(&mut session, SOON, &mut seen).await, Ok(false));
                assert_eq!(seen.unexpected, ["acknowledgement after its request had timed out"]);
                publish(&mut session, 2, Qos::AtLeastOnce, MINUTE);
                peer.send(&ack(0x40, 2)).await;
                assert_eq!(settle(&mut session, &mut seen).await, Ok(true));
                assert_eq!(seen.take(), [(2, Ok(()))]);
            }
        });
    }

    #[test]
    fn the_window_holds_and_acknowledgements_may_come_in_any_order() {
        with_sockets(async {
            let asks = ConnectRequest { inflight: 2, ..request(Version::V311) };
            let (mut session, mut peer) = open_with(&asks, &CONNACK).await;
            let mut seen = Seen::default();
            publish(&mut session, 1, Qos::ExactlyOnce, MINUTE);
            publish(&mut session, 2, Qos::AtLeastOnce, MINUTE);
            assert!(!session.has_room() && session.has_id());
            peer.send(&ack(0x40, 2)).await;
            assert_eq!(session.drive(Until::Room, None, &mut seen).await, Ok(true));
            publish(&mut session, 3, Qos::AtLeastOnce, MINUTE);
            peer.send(&ack(0x40, 3)).await;
            let soon = Some(Instant::now() + SOON);
            assert_eq!(session.drive(Until::Room, soon, &mut seen).await, Ok(false), "1 is not answered");
            assert_eq!(session.no_room(SOON), Failure::NoRoom(SOON));
            assert!(!session.has_id());
            let text = "rumqttc: its next packet id is in use: the broker has not answered";
            assert_eq!(session.no_id().to_string(), text);
            assert_eq!(seen.tags(), [2, 3]);
            peer.send(&[ack(0x50, 1), ack(0x70, 1)].concat()).await;
            assert_eq!(session.drive(Until::Room, None, &mut seen).await, Ok(true));
            assert_eq!(seen.tags(), [1, 2, 3]);
        });
    }

    #[test]
    fn a_broker_of_mqtt_5_says_what_it_takes() {
        with_sockets(async {
            // Receive Maximum 1, Maximum QoS 1, no retained messages, packets up to 40 bytes, no wildcards.
            let connack = b"\x20\x11\0\0\x0E\x21\0\x01\x24\x01\x25\0\x27\0\0\0\x28\x28\0";
            let (mut session, _peer) = open_with(&request(Version::V5), connack).await;
            let long = [b'x'; 40];
            let mut take = |message: Message<'_>| session.publish(&message, ticket(0, MINUTE)).err();
            let at_once = message("t", Qos::AtLeastOnce);
            let refused = |limit| Some(Failure::NotTaken(limit));
            assert_eq!(take(message("t", Qos::ExactlyOnce)), refused(Limit::Qos(Qos::AtLeastOnce)));
            assert_eq!(take(Message { retain: true, ..at_once }), refused(Limit::Retain));
            assert_eq!(take(Message { payload: &long, ..at_once }), refused(Limit::PacketBytes(40)));
            assert_eq!(take(at_once), None);
            assert!(!session.has_room());
            let filters = [Filter::new("a/#", Qos::AtMostOnce)];
            let subscribed = session.subscribe(&filters, ticket(0, MINUTE));
            assert_eq!(subscribed, Err(Failure::NotTaken(Limit::Wildcards)));
        });
    }

    #[test]
    fn a_refused_request_has_its_reason() {
        with_sockets(async {
            let (mut session, mut peer) = open(Version::V5).await;
            let mut seen = Seen::default();
            publish(&mut session, 1, Qos::AtLeastOnce, MINUTE);
            publish(&mut session, 2, Qos::ExactlyOnce, MINUTE);
            session.subscribe(&[Filter::new("a", Qos::AtMostOnce)], ticket(3, MINUTE)).unwrap();
            peer.send(b"\x40\x04\0\x01\x97\0").await;
            peer.send(b"\x50\x0A\0\x02\x87\x06\x1F\0\x03bad").await;
            peer.send(b"\x90\x04\0\x03\0\x8F").await;
            assert_eq!(settle(&mut session, &mut seen).await, Ok(true));
            let texts: Vec<_> =
                seen.completed.iter().map(|(_, result)| result.unwrap_err().to_string()).collect();
            let expected = [
                "PUBACK: Quota exceeded (0x97)",
                "PUBREC: Not authorized (0x87): bad",
                "SUBACK: Topic Filter invalid (0x8F)",
            ];
            assert_eq!(texts, expected);
        });
    }

    /// rumqttc counts a message of QoS 2 for ever that the broker refuses, and takes none any more in the end.
    #[test]
    fn a_window_full_of_refused_messages_ends_the_connection() {
        with_sockets(async {
            let asks = ConnectRequest { inflight: 2, ..request(Version::V5) };
            let (mut session, mut peer) = open_with(&asks, &CONNACK_5).await;
            let mut seen = Seen::default();
            for id in 1..=2 {
                publish(&mut session, id, Qos::ExactlyOnce, MINUTE);
                peer.send(&[0x50, 4, 0, u8::try_from(id).unwrap(), 0x87, 0]).await;
                let _ = settle(&mut session, &mut seen).await;
            }
            assert_eq!(seen.tags(), [1, 2]);
            let failure = drive_for(&mut session, SOON, &mut seen).await.unwrap_err();
            let text = "rumqttc: the messages of QoS 2 that the broker refused take all places of its window";
            assert_eq!(failure.to_string(), text);
        });
    }

    #[test]
    fn a_full_socket_holds_messages_back_and_they_have_their_time() {
        with_sockets(async {
            for version in BOTH {
                let (mut session, _peer) = open(version).await;
                let payload = vec![0; 1 << 20];
                let mut seen = Seen::default();
                for tag in 0..16 {
                    let message = Message { payload: &payload, ..message("t", Qos::AtMostOnce) };
                    session.publish(&message, ticket(tag, 3 * SOON)).unwrap();
                }
                assert_eq!(settle(&mut session, &mut seen).await, Ok(true));
                assert!(session.backlog() >= 1 << 20);
                let failed: Vec<_> = seen.completed.iter().filter_map(|(_, result)| result.err()).collect();
                assert!(!failed.is_empty() && seen.completed.len() == 16);
                assert!(failed.iter().all(|failure| *failure == Failure::WriteTimeout(3 * SOON)));
                let closed = session.close(Close::Clean, SOON, &mut seen).await;
                assert_eq!(closed, Err(Failure::WriteTimeout(SOON)));
            }
        });
    }
}

mod endings {
    use super::*;

    #[test]
    fn a_lost_connection_fails_what_is_open_once_and_is_not_opened_again() {
        with_sockets(async {
            for version in BOTH {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let connector = connector(listener.local_addr().unwrap(), Client::Rumqttc);
                let asks = request(version);
                let (session, mut peer) = tokio::join!(connector.connect(&asks), async {
                    let mut peer = accept(&listener).await;
                    peer.packet().await;
                    peer.send(connack(version)).await;
                    peer
                });
                let mut session = session.unwrap_or_else(|failure| panic!("{failure}"));
                let mut seen = Seen::default();
                publish(&mut session, 1, Qos::AtLeastOnce, MINUTE);
                publish(&mut session, 2, Qos::AtLeastOnce, MINUTE);
                session.drive(Until::Written, None, &mut seen).await.unwrap();
                peer.packet().await;
                peer.packet().await;
                peer.send(&ack(0x40, 1)).await;
                drop(peer);
                assert_eq!(settle(&mut session, &mut seen).await, Err(Failure::Closed));
                assert_eq!(seen.completed, [(1, Ok(())), (2, Err(Failure::Closed))]);
                assert_eq!(drive_for(&mut session, SOON, &mut seen).await, Err(Failure::Closed));
                assert!(timeout(SOON, listener.accept()).await.is_err(), "it has come back");
                assert_eq!(seen.completed.len(), 2);
            }
        });
    }

    #[test]
    fn a_reset_is_told_as_the_system_says() {
        with_sockets(async {
            for version in BOTH {
                let (mut session, peer) = open(version).await;
                peer.reset();
                let failure = drive_for(&mut session, SECOND, &mut Seen::default()).await.unwrap_err();
                assert!(failure.to_string().contains("Connection reset by peer"), "{failure}");
            }
        });
    }

    #[test]
    fn the_wrong_acknowledgement_ends_request_and_connection() {
        with_sockets(async {
            for version in BOTH {
                for (qos, first, expected, got) in [
                    (Qos::ExactlyOnce, 0x40, Ack::Pubrec, Ack::Puback),
                    (Qos::AtLeastOnce, 0x50, Ack::Puback, Ack::Pubrec),
                    (Qos::AtLeastOnce, 0x70, Ack::Puback, Ack::Pubcomp),
                ] {
                    let (mut session, mut peer) = open(version).await;
                    let mut seen = Seen::default();
                    publish(&mut session, 1, qos, MINUTE);
                    session.drive(Until::Written, None, &mut seen).await.unwrap();
                    peer.send(&ack(first, 1)).await;
                    let failure = Failure::WrongAck { expected, got };
                    assert_eq!(settle(&mut session, &mut seen).await, Err(failure), "{version} {qos}");
                    assert_eq!(seen.completed, [(1, Err(failure))]);
                }
            }
        });
    }

    #[test]
    fn what_ends_a_connection_of_rumqttc_is_named() {
        with_sockets(async {
            for (version, packet, expected) in [
                (
                    Version::V311,
                    &b"\x40\x02\0\x09"[..],
                    "rumqttc: it ends the connection: acknowledgement for a packet id that is not in use",
                ),
                (Version::V311, b"\xE0\0", "protocol error by the broker: DISCONNECT sent to a client"),
                (
                    Version::V5,
                    b"\x40\x02\0\x09",
                    "rumqttc: it ends the connection: acknowledgement for a packet id that is not in use",
                ),
                (Version::V5, b"\xE0\x02\x8B\0", "DISCONNECT by the broker: Server shutting down (0x8B)"),
                (
                    Version::V5,
                    b"\x30\x07\0\0\x03\x23\0\x01x",
                    "protocol error by the broker: topic alias that was not allowed",
                ),
                (
                    Version::V5,
                    b"\x30\x04\0\x01\xFF\0",
                    "protocol error by the broker: PUBLISH topic is not UTF-8",
                ),
                (Version::V5, b"\xF0\x02\0\0", "rumqttc: it cannot read a packet of the broker"),
            ] {
                let (mut session, mut peer) = open(version).await;
                let mut seen = Seen::default();
                peer.send(packet).await;
                let failure = drive_for(&mut session, SECOND, &mut seen).await.unwrap_err();
                assert_eq!(failure.to_string(), expected, "{version} {packet:?}");
            }
        });
    }

    #[test]
    fn a_packet_larger_than_the_client_takes_ends_the_connection() {
        with_sockets(async {
            for version in BOTH {
                let settings = Settings { max_packet_bytes: 100, ..request(version).settings };
                let asks = ConnectRequest { settings, ..request(version) };
                for (length, is_taken) in [(98, true), (99, false), (101, false)] {
                    let (mut session, mut peer) = open_with(&asks, connack(version)).await;
                    let mut seen = Seen::default();
                    let packet =
                        [&[0x30, length, 0, 1, b't', 0][..], &vec![b'x'; usize::from(length) - 4]].concat();
                    peer.send(&packet).await;
                    let driven = drive_for(&mut session, SOON, &mut seen).await;
                    let too_large = Failure::Protocol("packet larger than the client takes");
                    assert_eq!(
                        driven,
                        if is_taken { Ok(false) } else { Err(too_large) },
                        "{version} {length}"
                    );
                }
            }
        });
    }

    #[test]
    fn a_broker_that_does_not_answer_a_ping_is_dead() {
        with_sockets(async {
            let asks = ConnectRequest { keep_alive_s: 1, ..request(Version::V311) };
            let (mut session, mut peer) = open_with(&asks, &CONNACK).await;
            let failure = drive_for(&mut session, 5 * SECOND, &mut Seen::default()).await;
            assert_eq!(failure, Err(Failure::AckTimeout(Ack::Pingresp, SECOND)));
            assert_eq!(peer.packet().await, b"\xC0\0");
        });
    }

    #[test]
    fn a_clean_close_says_disconnect_behind_all_messages_and_hears_the_broker_out() {
        with_sockets(async {
            for version in BOTH {
                let (mut session, mut peer) = open(version).await;
                let mut seen = Seen::default();
                session.subscribe(&[Filter::new("t", Qos::AtMostOnce)], ticket(1, MINUTE)).unwrap();
                publish(&mut session, 2, Qos::AtLeastOnce, MINUTE);
                publish(&mut session, 3, Qos::AtMostOnce, MINUTE);
                assert_eq!(session.close(Close::Clean, SECOND, &mut seen).await, Ok(()));
                let failed = seen.completed.iter().filter(|(_, result)| *result == Err(Failure::Closing));
                assert_eq!((failed.count(), seen.completed.len()), (2, 3));
                let farewell = session.farewell(PATIENCE).expect("it has subscribed");
                let (closed, ()) = tokio::join!(farewell, async {
                    for first in [0x82, 0x32, 0x30] {
                        assert_eq!(peer.packet().await[0], first);
                    }
                    assert_eq!(peer.packet().await, DISCONNECT);
                    // What still comes is not answered.
                    peer.send(&[0x32, 6, 0, 1, b't', 0, 1, 0]).await;
                    tokio::time::sleep(SOON).await;
                    assert!(peer.is_silent());
                    drop(peer);
                });
                assert!(closed);
            }
        });
    }

    #[test]
    fn who_expects_nothing_leaves_at_once() {
        with_sockets(async {
            let (mut session, mut peer) = open(Version::V311).await;
            assert_eq!(session.close(Close::Clean, SECOND, &mut Seen::default()).await, Ok(()));
            assert!(session.farewell(PATIENCE).is_none());
            assert_eq!(peer.rest().await.unwrap(), DISCONNECT);
        });
    }

    #[test]
    fn an_abrupt_close_leaves_the_will_to_the_broker() {
        with_sockets(async {
            for version in BOTH {
                let broker = embedded();
                let mut witness =
                    open_at(&broker, &ConnectRequest { client_id: "w", ..request(version) }).await;
                let mut seen = Seen::default();
                witness.subscribe(&[Filter::new("gone", Qos::AtMostOnce)], ticket(0, MINUTE)).unwrap();
                assert_eq!(settle(&mut witness, &mut seen).await, Ok(true));
                for (how, expected) in [(Close::Clean, 0), (Close::Abrupt, 1)] {
                    let will = Will {
                        topic: "gone",
                        payload: b"by",
                        qos: Qos::AtMostOnce,
                        retain: false,
                        delay_s: 0,
                        properties: &[],
                    };
                    let mut lost =
                        open_at(&broker, &ConnectRequest { will: Some(will), ..request(version) }).await;
                    publish(&mut lost, 7, Qos::AtLeastOnce, MINUTE);
                    lost.close(how, SECOND, &mut Seen::default()).await.unwrap();
                    if let Some(farewell) = lost.farewell(PATIENCE) {
                        farewell.await;
                    }
                    drive_for(&mut witness, SOON, &mut seen).await.unwrap();
                    assert_eq!(seen.received.len(), expected, "{version} {how:?}");
                }
            }
        });
    }

    #[test]
    fn a_severed_connection_fails_with_what_severed_it() {
        with_sockets(async {
            let (mut session, mut peer) = open(Version::V5).await;
            let mut seen = Seen::default();
            publish(&mut session, 1, Qos::AtLeastOnce, MINUTE);
            session.drive(Until::Written, None, &mut seen).await.unwrap();
            session.sever(Failure::Dropped, &mut seen);
            assert_eq!(seen.completed, [(1, Err(Failure::Dropped))]);
            assert_eq!(peer.packet().await[0], 0x32);
            assert!(peer.rest().await.unwrap().is_empty(), "no DISCONNECT");
            session.give_up(&mut seen);
            assert_eq!(seen.completed.len(), 1);
        });
    }
}
