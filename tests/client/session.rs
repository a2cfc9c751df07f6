//! The session driver on real sockets, against a broker that is played by hand, byte by byte, and against
//! the embedded one. What only MQTT 5 has is in `client5`, what a broken broker may do in `hostile`.

use std::fmt::Write as _;
use std::future::{Future, poll_fn};
use std::io::{Read as _, Write as _};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use mqtt_scenario::broker::{Broker, BrokerConfig};
use mqtt_scenario::client::failure::{Ack, Failure};
use mqtt_scenario::client::transport::{Connector, Endpoint};
use mqtt_scenario::client::{Close, Connect, ConnectRequest, Filter, Key, Message, Session, Until};
use mqtt_scenario::mqtt::{Qos, Settings};
use mqtt_scenario::template::random::Random;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep};

use crate::support::peer::{
    ALL_QOS, CONNACK, MINUTE, Peer, SECOND, Tcp, accept, answered_with, listen, open, open_with,
};
use crate::support::{Seen, connect_request, side_by_side, ticket, with_sockets};

fn message(payload: &[u8], qos: Qos) -> Message<'_> {
    Message { topic: b"t", payload, qos, retain: false, properties: &[] }
}

fn publish(session: &mut Tcp, tag: u32, qos: Qos, timeout: Duration) -> Key {
    session.publish(&message(b"x", qos), ticket(tag, timeout)).unwrap()
}

/// Drives until so much time has passed, whatever happens.
async fn drive_for(session: &mut Tcp, length: Duration, seen: &mut Seen) -> Result<bool, Failure> {
    session.drive(Until::Deadline, Some(Instant::now() + length), seen).await
}

/// Drives until nothing is open, or the connection is lost.
async fn settle(session: &mut Tcp, seen: &mut Seen) -> Result<bool, Failure> {
    session.drive(Until::Idle, Some(Instant::now() + 10 * SECOND), seen).await
}

fn ack(first: u8, id: u16) -> [u8; 4] {
    let [high, low] = id.to_be_bytes();
    [first, 2, high, low]
}

fn puback(id: u16) -> [u8; 4] {
    ack(0x40, id)
}

fn id_of(key: Key) -> u16 {
    match key {
        Key::Packet(id) => id,
        Key::Written(_) => panic!("no packet id"),
    }
}

mod connecting {
    use super::*;

    #[test]
    fn the_connect_packet_says_who_and_how() {
        with_sockets(async {
            let (listener, connector) = listen().await;
            let request = ConnectRequest {
                username: Some("me"),
                password: Some("secret"),
                keep_alive_s: 0x1234,
                ..connect_request("device 1")
            };
            let (session, packet) = tokio::join!(connector.connect(&request), async {
                let mut peer = accept(&listener).await;
                let packet = peer.packet().await;
                peer.send(&CONNACK).await;
                packet
            });
            session.unwrap();
            let expected = b"\x10\x20\0\x04MQTT\x04\xC2\x12\x34\0\x08device 1\0\x02me\0\x06secret";
            assert_eq!(packet, expected);
        });
    }

    #[test]
    fn a_refusal_is_named() {
        with_sockets(async {
            let mut texts = String::new();
            for code in 1..=7 {
                let (result, _peer) = answered_with(&[0x20, 2, 0, code], &connect_request("c")).await;
                writeln!(texts, "{}", result.unwrap_err()).unwrap();
            }
            insta::assert_snapshot!(texts);
        });
    }

    #[test]
    fn a_connack_may_come_byte_by_byte() {
        with_sockets(async {
            let (listener, connector) = listen().await;
            let request = connect_request("c");
            let (session, _peer) = tokio::join!(connector.connect(&request), async {
                let mut peer = accept(&listener).await;
                for byte in CONNACK {
                    sleep(Duration::from_millis(2)).await;
                    peer.send(&[byte]).await;
                }
                peer
            });
            session.unwrap();
        });
    }

    #[test]
    fn no_connack_in_time_fails() {
        with_sockets(async {
            let timeout = Duration::from_millis(50);
            let request = ConnectRequest { timeout, ..connect_request("c") };
            for bytes in [&[][..], &CONNACK[..3]] {
                let start = Instant::now();
                let (result, mut peer) = answered_with(bytes, &request).await;
                assert_eq!(result.unwrap_err(), Failure::AckTimeout(Ack::Connack, timeout));
                assert!(start.elapsed() >= timeout && start.elapsed() < 20 * timeout);
                assert!(peer.rest().await.unwrap().is_empty(), "the connection is closed");
            }
        });
    }

    #[test]
    fn something_else_than_connack_fails() {
        with_sockets(async {
            let publish = [0x30, 4, 0, 1, b't', b'x'];
            let long = [0x20, 3, 0, 0, 0];
            for bytes in [&[0xD0, 0][..], &publish, &long, b"HELO\r\n", &[0xFF; 9]] {
                let (result, _peer) = answered_with(bytes, &connect_request("c")).await;
                let failure = result.unwrap_err();
                assert_eq!(failure, Failure::Protocol("no CONNACK as its first packet"), "{bytes:?}");
            }
        });
    }

    #[test]
    fn a_connection_that_ends_before_connack_fails() {
        with_sockets(async {
            let (listener, connector) = listen().await;
            let request = connect_request("c");
            for reset in [false, true] {
                let (result, ()) = tokio::join!(connector.connect(&request), async {
                    let mut peer = accept(&listener).await;
                    peer.packet().await;
                    peer.send(&CONNACK[..2]).await;
                    if reset {
                        peer.reset();
                    }
                });
                let text = result.unwrap_err().to_string();
                let expected =
                    ["closed by the broker", "connection lost: Connection reset by peer (os error 104)"];
                assert_eq!(text, format!("no CONNACK: {}", expected[usize::from(reset)]));
            }
        });
    }

    #[test]
    fn nobody_listens() {
        with_sockets(async {
            let (listener, connector) = listen().await;
            drop(listener);
            let failure = connector.connect(&connect_request("c")).await.unwrap_err();
            assert_eq!(failure.to_string(), "cannot connect: Connection refused (os error 111)");
        });
    }

    #[test]
    fn what_comes_in_one_segment_with_connack_is_not_left_lying() {
        with_sockets(async {
            let mut bytes = CONNACK.to_vec();
            bytes.extend([0x32, 6, 0, 1, b't', 0, 9, b'x']);
            let (session, mut peer) = answered_with(&bytes, &connect_request("c")).await;
            let (mut session, mut seen) = (session.unwrap(), Seen::default());
            drive_for(&mut session, Duration::from_millis(20), &mut seen).await.unwrap();
            assert_eq!(seen.received, [("t".to_owned(), b"x".to_vec(), Qos::AtLeastOnce)]);
            assert_eq!(peer.packet().await, puback(9));
        });
    }

    #[test]
    fn a_client_id_that_does_not_fit_is_not_sent() {
        with_sockets(async {
            let (_listener, connector) = listen().await;
            let failure = connector.connect(&connect_request(&"x".repeat(65_536))).await.unwrap_err();
            assert_eq!(failure, Failure::TooLarge);
        });
    }
}

mod publishing {
    use super::*;

    #[test]
    fn each_quality_of_service_has_its_handshake() {
        with_sockets(async {
            let (mut session, mut peer) = open().await;
            let mut seen = Seen::default();

            let key = publish(&mut session, 0, Qos::AtMostOnce, SECOND);
            assert!(session.drive(Until::Done(key), None, &mut seen).await.unwrap());
            assert_eq!(seen.take(), [(0, Ok(()))]);
            assert_eq!(peer.packet().await, [0x30, 4, 0, 1, b't', b'x']);

            let key = publish(&mut session, 1, Qos::AtLeastOnce, SECOND);
            session.drive(Until::Written, None, &mut seen).await.unwrap();
            assert_eq!(seen.take(), []);
            assert_eq!(peer.packet().await, [0x32, 6, 0, 1, b't', 0, 1, b'x']);
            peer.send(&puback(1)).await;
            assert!(session.drive(Until::Done(key), None, &mut seen).await.unwrap());
            assert_eq!(seen.take(), [(1, Ok(()))]);

            let key = publish(&mut session, 2, Qos::ExactlyOnce, SECOND);
            session.drive(Until::Written, None, &mut seen).await.unwrap();
            assert_eq!(peer.packet().await, [0x34, 6, 0, 1, b't', 0, 2, b'x']);
            peer.send(&ack(0x50, 2)).await;
            let (done, pubrel) = tokio::join!(session.drive(Until::Done(key), None, &mut seen), async {
                let pubrel = peer.packet().await;
                peer.send(&ack(0x70, 2)).await;
                pubrel
            });
            assert!(done.unwrap());
            assert_eq!(pubrel, ack(0x62, 2));
            assert_eq!(seen.take(), [(2, Ok(()))]);
            assert_eq!(seen.unexpected, [""; 0]);
        });
    }

    #[test]
    fn acknowledgements_in_any_order_find_their_own_request() {
        with_sockets(async {
            let (mut session, mut peer) = open().await;
            let mut seen = Seen::default();
            let mut random = Random::for_user(1, "order", 0);
            let mut open: Vec<_> = (0..100)
                .map(|tag| (id_of(publish(&mut session, tag, Qos::AtLeastOnce, MINUTE)), tag))
                .collect();
            assert!(!session.has_room());
            while !open.is_empty() {
                let pick = usize::try_from(random.below(open.len() as u64)).unwrap();
                let (id, tag) = open.swap_remove(pick);
                peer.send(&puback(id)).await;
                session.drive(Until::Done(Key::Packet(id)), None, &mut seen).await.unwrap();
                assert_eq!(seen.take(), [(tag, Ok(()))]);
                assert!(session.has_room());
            }
        });
    }

    /// One stream with packets of every kind, cut in two at every place.
    #[test]
    fn a_segment_may_end_anywhere() {
        with_sockets(async {
            let mut stream = Vec::new();
            stream.extend(puback(1));
            stream.extend([0x32, 6, 0, 1, b't', 0, 7, b'x']);
            stream.extend(ack(0x50, 2));
            stream.extend([0x34, 200, 1, 0, 1, b't', 0, 8]);
            stream.extend([b'y'; 195]);
            stream.extend(ack(0x62, 8));
            stream.extend(ack(0x70, 2));
            stream.extend([0x90, 3, 0, 3, 1]);
            for cut in 0..=stream.len() {
                let (mut session, mut peer) = open().await;
                let mut seen = Seen::default();
                publish(&mut session, 1, Qos::AtLeastOnce, MINUTE);
                publish(&mut session, 2, Qos::ExactlyOnce, MINUTE);
                session.subscribe(&[Filter::new("#", Qos::AtLeastOnce)], ticket(3, MINUTE)).unwrap();
                session.drive(Until::Written, None, &mut seen).await.unwrap();
                peer.send(&stream[..cut]).await;
                drive_for(&mut session, Duration::ZERO, &mut seen).await.unwrap();
                peer.send(&stream[cut..]).await;
                assert!(settle(&mut session, &mut seen).await.unwrap());
                assert_eq!(seen.take(), [(1, Ok(())), (2, Ok(())), (3, Ok(()))], "cut at {cut}");
                assert_eq!(seen.received.len(), 2);
                assert_eq!(seen.received[1].1, [b'y'; 195]);
                session.drive(Until::Written, None, &mut seen).await.unwrap();
                for _ in 0..3 {
                    peer.packet().await;
                }
                let mut replies = Vec::new();
                for _ in 0..4 {
                    replies.push(peer.packet().await);
                }
                let expected = [ack(0x40, 7), ack(0x62, 2), ack(0x50, 8), ack(0x70, 8)];
                assert_eq!(replies, expected, "cut at {cut}");
            }
        });
    }

    #[test]
    fn packets_queued_between_two_drives_go_out_in_one_write() {
        with_sockets(async {
            let (mut session, mut peer) = open().await;
            for tag in 0..50 {
                publish(&mut session, tag, ALL_QOS[tag as usize % 3], MINUTE);
            }
            let backlog = session.backlog();
            assert!(backlog > 300);
            session.drive(Until::Written, None, &mut Seen::default()).await.unwrap();
            assert_eq!(session.backlog(), 0);
            let mut bytes = vec![0; 2 * backlog];
            assert_eq!(peer.0.read(&mut bytes).await.unwrap(), backlog);
        });
    }

    #[test]
    fn room_comes_with_each_acknowledgement() {
        with_sockets(async {
            let request = ConnectRequest { inflight: 2, ..connect_request("c") };
            let (mut session, mut peer) = open_with(&request).await;
            let mut seen = Seen::default();
            publish(&mut session, 1, Qos::AtLeastOnce, MINUTE);
            publish(&mut session, 2, Qos::ExactlyOnce, MINUTE);
            // Neither takes room.
            publish(&mut session, 3, Qos::AtMostOnce, MINUTE);
            session.subscribe(&[Filter::new("#", Qos::AtMostOnce)], ticket(4, MINUTE)).unwrap();
            let deadline = Some(Instant::now() + Duration::from_millis(20));
            assert!(!session.drive(Until::Room, deadline, &mut seen).await.unwrap());
            peer.send(&ack(0x50, 2)).await;
            let deadline = Some(Instant::now() + Duration::from_millis(20));
            assert!(!session.drive(Until::Room, deadline, &mut seen).await.unwrap(), "half is not enough");
            peer.send(&ack(0x70, 2)).await;
            assert!(session.drive(Until::Room, None, &mut seen).await.unwrap());
            assert_eq!(seen.take(), [(3, Ok(())), (2, Ok(()))]);
        });
    }

    #[test]
    fn a_megabyte_goes_both_ways() {
        with_sockets(async {
            let (mut session, mut peer) = open().await;
            let mut seen = Seen::default();
            let payload: Vec<u8> = (0..1 << 20).map(|i: u32| i.to_le_bytes()[0]).collect();
            let key = session.publish(&message(&payload, Qos::AtLeastOnce), ticket(1, MINUTE)).unwrap();
            let (done, packet) = tokio::join!(session.drive(Until::Done(key), None, &mut seen), async {
                let packet = peer.packet().await;
                peer.send(&puback(1)).await;
                packet
            });
            assert!(done.unwrap());
            assert_eq!(packet[packet.len() - payload.len()..], payload);

            let mut back = vec![0x30, 0x83, 0x80, 0x40, 0, 1, b't'];
            back.extend(&payload);
            back.extend(puback(2));
            let key = publish(&mut session, 2, Qos::AtLeastOnce, MINUTE);
            let (done, ()) = tokio::join!(session.drive(Until::Done(key), None, &mut seen), peer.send(&back));
            assert!(done.unwrap());
            assert_eq!(seen.received.len(), 1);
            assert_eq!(seen.received[0].1, payload);
            assert_eq!(seen.take(), [(1, Ok(())), (2, Ok(()))]);
        });
    }

    #[test]
    fn what_does_not_fit_is_not_sent() {
        with_sockets(async {
            let (mut session, _peer) = open().await;
            let topic = vec![b'x'; 65_536];
            for qos in ALL_QOS {
                let message = Message { topic: &topic, payload: b"", qos, retain: false, properties: &[] };
                assert_eq!(session.publish(&message, ticket(1, SECOND)), Err(Failure::TooLarge));
            }
            assert_eq!(session.backlog(), 0);
            let mut seen = Seen::default();
            assert!(settle(&mut session, &mut seen).await.unwrap());
            assert_eq!(seen.take(), []);
        });
    }

    /// The ids go round while the first one waits: none is used twice, and the others find room.
    #[test]
    fn one_message_without_acknowledgement_does_not_hold_up_the_others() {
        with_sockets(async {
            let (mut session, mut peer) = open().await;
            let mut seen = Seen::default();
            let stuck = id_of(publish(&mut session, 0, Qos::AtLeastOnce, MINUTE));
            let mut passed = 0;
            for round in 0..1_000_u32 {
                let mut acks = Vec::new();
                for n in 1..=70 {
                    let id = id_of(publish(&mut session, round * 70 + n, Qos::AtLeastOnce, MINUTE));
                    assert_ne!(id, stuck);
                    acks.extend(puback(id));
                }
                session.drive(Until::Written, None, &mut seen).await.unwrap();
                let mut bytes = [0; 8 * 71];
                let expected = if round == 0 { 8 * 71 } else { 8 * 70 };
                peer.0.read_exact(&mut bytes[..expected]).await.unwrap();
                peer.send(&acks).await;
                while seen.completed.len() < 70 {
                    drive_for(&mut session, Duration::from_micros(100), &mut seen).await.unwrap();
                }
                passed += seen.take().len();
            }
            assert_eq!(passed, 70_000);
            peer.send(&puback(stuck)).await;
            assert!(settle(&mut session, &mut seen).await.unwrap());
            assert_eq!(seen.take(), [(0, Ok(()))]);
            assert_eq!(seen.unexpected, [""; 0]);
        });
    }
}

mod odd_acknowledgements {
    use super::*;

    #[test]
    fn a_second_or_foreign_one_is_noted_and_harms_nothing() {
        with_sockets(async {
            let (mut session, mut peer) = open().await;
            let mut seen = Seen::default();
            publish(&mut session, 1, Qos::AtLeastOnce, MINUTE);
            let second = publish(&mut session, 2, Qos::AtLeastOnce, MINUTE);
            let mut acks = puback(1).to_vec();
            for other in [puback(1), puback(99), ack(0x70, 1), puback(2)] {
                acks.extend(other);
            }
            peer.send(&acks).await;
            session.drive(Until::Done(second), None, &mut seen).await.unwrap();
            assert_eq!(seen.take(), [(1, Ok(())), (2, Ok(()))]);
            assert_eq!(seen.unexpected, ["acknowledgement for a packet id that is not in use"; 3]);
        });
    }

    #[test]
    fn a_late_one_is_not_taken_for_a_newer_request() {
        with_sockets(async {
            let (mut session, mut peer) = open().await;
            let mut seen = Seen::default();
            let timeout = Duration::from_millis(30);
            let key = publish(&mut session, 1, Qos::AtLeastOnce, timeout);
            assert!(session.drive(Until::Done(key), None, &mut seen).await.unwrap());
            assert_eq!(seen.take(), [(1, Err(Failure::AckTimeout(Ack::Puback, timeout)))]);
            publish(&mut session, 2, Qos::AtLeastOnce, MINUTE);
            peer.send(&puback(id_of(key))).await;
            drive_for(&mut session, Duration::from_millis(20), &mut seen).await.unwrap();
            assert_eq!(seen.take(), []);
            assert_eq!(seen.unexpected, ["acknowledgement after its request had timed out"]);
            peer.send(&puback(2)).await;
            settle(&mut session, &mut seen).await.unwrap();
            assert_eq!(seen.take(), [(2, Ok(()))]);
        });
    }

    #[test]
    fn a_timeout_says_which_half_is_missing() {
        with_sockets(async {
            let (mut session, mut peer) = open().await;
            let mut seen = Seen::default();
            let timeout = Duration::from_millis(50);
            publish(&mut session, 1, Qos::ExactlyOnce, timeout);
            publish(&mut session, 2, Qos::ExactlyOnce, timeout);
            session.subscribe(&[Filter::new("#", Qos::AtMostOnce)], ticket(3, timeout)).unwrap();
            peer.send(&ack(0x50, 2)).await;
            settle(&mut session, &mut seen).await.unwrap();
            let failed = |ack| Err(Failure::AckTimeout(ack, timeout));
            let expected = [(1, failed(Ack::Pubrec)), (2, failed(Ack::Pubcomp)), (3, failed(Ack::Suback))];
            assert_eq!(seen.take(), expected);
        });
    }

    /// MQTT-4.8.0-1.
    #[test]
    fn the_wrong_kind_ends_the_connection() {
        with_sockets(async {
            let mut texts = String::new();
            for bytes in [ack(0x50, 1), ack(0x70, 1), ack(0x40, 2), ack(0x70, 2), ack(0x40, 3), ack(0x50, 3)]
            {
                let (mut session, mut peer) = open().await;
                let mut seen = Seen::default();
                publish(&mut session, 1, Qos::AtLeastOnce, MINUTE);
                publish(&mut session, 2, Qos::ExactlyOnce, MINUTE);
                session.subscribe(&[Filter::new("#", Qos::AtMostOnce)], ticket(3, MINUTE)).unwrap();
                session.drive(Until::Written, None, &mut seen).await.unwrap();
                peer.send(&bytes).await;
                let failure = settle(&mut session, &mut seen).await.unwrap_err();
                assert_eq!(seen.tags(), [1, 2, 3], "each ends once");
                assert!(seen.take().iter().all(|(_, result)| *result == Err(failure)));
                writeln!(texts, "{bytes:02X?} {failure}").unwrap();
            }
            insta::assert_snapshot!(texts);
        });
    }

    /// Nobody waits for the request any more, but the broker does not know how to answer it all the same.
    #[test]
    fn the_wrong_kind_for_what_has_timed_out_ends_the_connection_too() {
        with_sockets(async {
            let (mut session, mut peer) = open().await;
            let mut seen = Seen::default();
            publish(&mut session, 1, Qos::ExactlyOnce, Duration::ZERO);
            settle(&mut session, &mut seen).await.unwrap();
            publish(&mut session, 2, Qos::AtLeastOnce, MINUTE);
            seen.take();
            peer.send(&puback(1)).await;
            let failure = settle(&mut session, &mut seen).await.unwrap_err();
            assert_eq!(failure, Failure::WrongAck { expected: Ack::Pubrec, got: Ack::Puback });
            assert_eq!(seen.take(), [(2, Err(failure))]);
        });
    }

    #[test]
    fn a_second_pubrec_is_answered_again_and_completes_once() {
        with_sockets(async {
            let (mut session, mut peer) = open().await;
            let mut seen = Seen::default();
            publish(&mut session, 1, Qos::ExactlyOnce, MINUTE);
            peer.send(&ack(0x50, 1)).await;
            peer.send(&ack(0x50, 1)).await;
            peer.send(&ack(0x50, 77)).await;
            drive_for(&mut session, Duration::from_millis(20), &mut seen).await.unwrap();
            assert_eq!(seen.take(), []);
            peer.send(&ack(0x70, 1)).await;
            peer.send(&ack(0x70, 1)).await;
            drive_for(&mut session, Duration::from_millis(20), &mut seen).await.unwrap();
            assert_eq!(seen.take(), [(1, Ok(()))]);
            assert_eq!(seen.unexpected.len(), 2, "PUBREC for 77, second PUBCOMP: {:?}", seen.unexpected);
            peer.packet().await;
            for id in [1, 1, 77] {
                assert_eq!(peer.packet().await, ack(0x62, id));
            }
        });
    }

    #[test]
    fn a_refused_subscription_fails() {
        with_sockets(async {
            let (mut session, mut peer) = open().await;
            let mut seen = Seen::default();
            let filters = [Filter::new("a", Qos::AtMostOnce), Filter::new("b", Qos::AtMostOnce)];
            session.subscribe(&filters, ticket(1, MINUTE)).unwrap();
            session.drive(Until::Written, None, &mut seen).await.unwrap();
            assert_eq!(peer.packet().await, [0x82, 10, 0, 1, 0, 1, b'a', 0, 0, 1, b'b', 0]);
            peer.send(&[0x90, 4, 0, 1, 0, 0x80]).await;
            settle(&mut session, &mut seen).await.unwrap();
            assert_eq!(seen.take(), [(1, Err(Failure::SubscriptionRefused))]);
        });
    }
}

mod losing_the_connection {
    use super::*;

    /// A window of requests of every kind; the last message is larger than the kernel takes.
    async fn window(session: &mut Tcp, seen: &mut Seen) {
        publish(session, 1, Qos::AtLeastOnce, MINUTE);
        publish(session, 2, Qos::ExactlyOnce, MINUTE);
        session.subscribe(&[Filter::new("#", Qos::AtMostOnce)], ticket(3, MINUTE)).unwrap();
        session.publish(&message(&vec![0; 32 << 20], Qos::AtMostOnce), ticket(4, MINUTE)).unwrap();
        publish(session, 5, Qos::AtLeastOnce, MINUTE);
        drive_for(session, Duration::from_millis(20), seen).await.unwrap();
    }

    async fn all_failed_once(session: &mut Tcp, seen: &mut Seen, text: &str) {
        let failure = settle(session, seen).await.unwrap_err();
        assert_eq!(failure.to_string(), text);
        assert_eq!(seen.tags(), [1, 2, 3, 4, 5]);
        assert!(seen.take().iter().all(|(_, result)| *result == Err(failure)));
        // And it stays lost.
        assert_eq!(drive_for(session, SECOND, seen).await, Err(failure));
        assert_eq!(session.close(Close::Clean, SECOND, seen).await, Err(failure));
        assert_eq!(seen.take(), []);
    }

    #[test]
    fn a_reset_fails_each_open_request_once() {
        with_sockets(async {
            let (mut session, peer) = open().await;
            let mut seen = Seen::default();
            window(&mut session, &mut seen).await;
            peer.reset();
            let text = "connection lost: Connection reset by peer (os error 104)";
            all_failed_once(&mut session, &mut seen, text).await;
        });
    }

    #[test]
    fn a_close_fails_each_open_request_once() {
        with_sockets(async {
            let (mut session, mut peer) = open().await;
            let mut seen = Seen::default();
            window(&mut session, &mut seen).await;
            // Half of an acknowledgement does not count.
            peer.send(&puback(1)[..3]).await;
            peer.0.shutdown().await.unwrap();
            all_failed_once(&mut session, &mut seen, "connection lost: closed by the broker").await;
        });
    }

    #[test]
    fn what_was_acknowledged_before_the_close_counts() {
        with_sockets(async {
            let (mut session, mut peer) = open().await;
            let mut seen = Seen::default();
            publish(&mut session, 1, Qos::AtLeastOnce, MINUTE);
            publish(&mut session, 2, Qos::AtLeastOnce, MINUTE);
            session.drive(Until::Written, None, &mut seen).await.unwrap();
            peer.packet().await;
            peer.packet().await;
            peer.send(&puback(2)).await;
            drop(peer);
            assert_eq!(settle(&mut session, &mut seen).await, Err(Failure::Closed));
            assert_eq!(seen.take(), [(2, Ok(())), (1, Err(Failure::Closed))]);
        });
    }

    #[test]
    fn bytes_that_are_not_mqtt_fail_each_open_request_once() {
        with_sockets(async {
            let mut texts = String::new();
            for bytes in [
                &b"\0\0"[..],
                b"\x10\x02\0\0",
                &CONNACK,
                b"\x20\x01\0",
                b"\x30\x02\0\x05",
                b"\x30\xFF\xFF\xFF\xFF\xFF",
                b"\x30\x03\0\x01#",
                b"\x30\x03\0\x01\xFF",
                b"\x32\x05\0\x01t\0\0",
                b"\x36\x05\0\x01t\0\x01",
                b"\x40\x02\0\0",
                b"\x40\x03\0\x01\0",
                b"\x41\x02\0\x01",
                b"\x60\x02\0\x01",
                b"\x82\x06\0\x01\0\x01a\0",
                b"\x90\x02\0\x01",
                b"\x90\x03\0\0\0",
                b"\xA2\x05\0\x01\0\x01a",
                b"\xB0\x03\0\x01\0",
                b"\xC0\0",
                b"\xD0\x01\0",
                b"\xE0\0",
                b"\xFF\xFF\xFF\xFF\xFF",
            ] {
                let (mut session, mut peer) = open().await;
                let mut seen = Seen::default();
                publish(&mut session, 1, Qos::AtLeastOnce, MINUTE);
                publish(&mut session, 2, Qos::ExactlyOnce, MINUTE);
                session.drive(Until::Written, None, &mut seen).await.unwrap();
                peer.send(bytes).await;
                let failure = settle(&mut session, &mut seen).await.unwrap_err();
                assert_eq!(seen.take(), [(1, Err(failure)), (2, Err(failure))]);
                writeln!(texts, "{bytes:02X?} {failure}").unwrap();
            }
            insta::assert_snapshot!(texts);
        });
    }
}

mod a_broker_that_does_not_read {
    use super::*;

    /// More than the kernel's buffers for a loopback connection take.
    const TOO_MUCH: usize = 32 << 20;

    #[test]
    fn a_message_is_written_when_its_last_byte_is() {
        with_sockets(async {
            let (mut session, mut peer) = open().await;
            let mut seen = Seen::default();
            let key =
                session.publish(&message(&vec![b'x'; TOO_MUCH], Qos::AtMostOnce), ticket(1, MINUTE)).unwrap();
            drive_for(&mut session, Duration::from_millis(50), &mut seen).await.unwrap();
            assert_eq!(seen.take(), []);
            assert!(session.backlog() > 0);
            let (done, packet) =
                tokio::join!(session.drive(Until::Done(key), None, &mut seen), peer.packet());
            assert!(done.unwrap());
            assert_eq!(packet.len(), 1 + 4 + 3 + TOO_MUCH);
            assert_eq!(seen.take(), [(1, Ok(()))]);
            assert_eq!(session.backlog(), 0);
        });
    }

    #[test]
    fn each_message_fails_after_its_own_time() {
        with_sockets(async {
            let (mut session, mut peer) = open().await;
            let mut seen = Seen::default();
            let big = vec![b'x'; TOO_MUCH];
            let (long, short) = (3 * SECOND, Duration::from_millis(50));
            session.publish(&message(&big, Qos::AtMostOnce), ticket(1, long)).unwrap();
            let key = publish(&mut session, 2, Qos::AtMostOnce, short);
            let start = Instant::now();
            assert!(session.drive(Until::Done(key), None, &mut seen).await.unwrap());
            assert_eq!(seen.take(), [(2, Err(Failure::WriteTimeout(short)))]);
            assert!(start.elapsed() < long, "{:?}", start.elapsed());
            // Nothing is open once the first has failed too, though its bytes still wait.
            assert!(settle(&mut session, &mut seen).await.unwrap());
            assert_eq!(seen.take(), [(1, Err(Failure::WriteTimeout(long)))]);
            assert!(session.backlog() > 0);
            // They are written whole when the broker reads on, and nothing completes twice.
            let (written, ()) = tokio::join!(session.drive(Until::Written, None, &mut seen), async {
                peer.packet().await;
                peer.packet().await;
            });
            assert!(written.unwrap());
            assert_eq!(seen.take(), []);
        });
    }

    #[test]
    fn a_clean_close_gives_up_in_time() {
        with_sockets(async {
            let (mut session, _peer) = open().await;
            let mut seen = Seen::default();
            session.publish(&message(&vec![0; TOO_MUCH], Qos::AtMostOnce), ticket(1, MINUTE)).unwrap();
            publish(&mut session, 2, Qos::AtLeastOnce, MINUTE);
            let timeout = Duration::from_millis(50);
            let result = session.close(Close::Clean, timeout, &mut seen).await;
            assert_eq!(result, Err(Failure::WriteTimeout(timeout)));
            assert_eq!(seen.tags(), [1, 2]);
            assert!(seen.take().iter().all(|(_, result)| *result == Err(Failure::Closing)));
        });
    }
}

mod keep_alive {
    use super::*;

    const PINGREQ: [u8; 2] = [0xC0, 0];
    const PINGRESP: [u8; 2] = [0xD0, 0];

    #[test]
    fn silence_is_broken_and_must_be_answered() {
        with_sockets(async {
            let request = ConnectRequest { keep_alive_s: 1, ..connect_request("c") };
            let (mut session, mut peer) = open_with(&request).await;
            let mut seen = Seen::default();
            let start = Instant::now();
            let (lost, ()) = tokio::join!(session.drive(Until::Deadline, None, &mut seen), async {
                assert_eq!(peer.packet().await, PINGREQ);
                assert!(start.elapsed() >= SECOND, "{:?}", start.elapsed());
                peer.send(&PINGRESP).await;
                assert_eq!(peer.packet().await, PINGREQ);
                assert!(start.elapsed() >= 2 * SECOND, "{:?}", start.elapsed());
            });
            assert_eq!(lost, Err(Failure::AckTimeout(Ack::Pingresp, SECOND)));
            assert!((3 * SECOND..8 * SECOND).contains(&start.elapsed()), "{:?}", start.elapsed());
            assert_eq!(seen.unexpected, [""; 0]);
        });
    }

    /// As long as it sends to a broker that has died, nothing fails by itself.
    #[test]
    fn who_sends_all_the_time_and_hears_nothing_asks() {
        with_sockets(async {
            let request = ConnectRequest { keep_alive_s: 1, ..connect_request("c") };
            let (mut session, mut peer) = open_with(&request).await;
            let mut seen = Seen::default();
            let start = Instant::now();
            let reads = async {
                let mut pings = 0;
                loop {
                    let packet = peer.packet().await;
                    if packet == PINGREQ {
                        pings += 1;
                        // The first one is answered.
                        if pings == 1 {
                            peer.send(&PINGRESP).await;
                        }
                    }
                }
            };
            let sends = async {
                loop {
                    publish(&mut session, 1, Qos::AtMostOnce, MINUTE);
                    if let Err(failure) = drive_for(&mut session, Duration::from_millis(50), &mut seen).await
                    {
                        break failure;
                    }
                }
            };
            let failure = tokio::select! {
                () = reads => unreachable!("it reads for ever"),
                failure = sends => failure,
            };
            assert_eq!(failure, Failure::AckTimeout(Ack::Pingresp, SECOND));
            assert!((3 * SECOND..8 * SECOND).contains(&start.elapsed()), "{:?}", start.elapsed());
        });
    }

    /// A broker on a slow line, in a way: its machine takes little more than it has read.
    async fn open_narrow(request: &ConnectRequest<'_>) -> (Tcp, Peer) {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(128 * 1024).unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        let listener = socket.listen(1).unwrap();
        let connector = Connector::new(vec![Endpoint::from(listener.local_addr().unwrap())]);
        let (session, peer) = tokio::join!(connector.connect(request), async {
            let mut peer = accept(&listener).await;
            peer.packet().await;
            peer.send(&CONNACK).await;
            peer
        });
        (session.unwrap(), peer)
    }

    /// For twice the keep-alive time and more a message goes up, and another one comes down. The smaller one is all
    /// in our kernel at once, so that only that knows how it moves.
    #[test]
    fn a_message_that_takes_long_is_no_silence() {
        side_by_side([2 << 20, 8 << 20], |length| {
            with_sockets(async {
                let request = ConnectRequest { keep_alive_s: 1, ..connect_request("c") };
                let (mut session, mut peer) = open_narrow(&request).await;
                let mut seen = Seen::default();
                let payload = vec![7; length];
                let key = session.publish(&message(&payload, Qos::AtLeastOnce), ticket(1, MINUTE)).unwrap();
                let slow = async {
                    let mut left = 1 + 4 + 5 + length;
                    let mut bytes = vec![0; length / 40];
                    while left > 0 {
                        let most = bytes.len().min(left);
                        left -= peer.0.read(&mut bytes[..most]).await.unwrap();
                        sleep(Duration::from_millis(100)).await;
                    }
                    peer.send(&puback(1)).await;
                    let mut back = vec![0x30, 0x83, 0x80, 0x40, 0, 1, b't'];
                    back.resize(7 + (1 << 20), 7);
                    for piece in back.chunks(back.len() / 35) {
                        peer.send(piece).await;
                        sleep(Duration::from_millis(100)).await;
                    }
                };
                let (done, ()) = tokio::join!(
                    async {
                        session.drive(Until::Done(key), None, &mut seen).await?;
                        while seen.received.is_empty() {
                            drive_for(&mut session, Duration::from_millis(50), &mut seen).await?;
                        }
                        Ok::<_, Failure>(())
                    },
                    slow
                );
                done.unwrap();
                assert_eq!(seen.take(), [(1, Ok(()))]);
            });
        });
    }

    #[test]
    fn a_message_is_no_silence_and_an_odd_answer_is_noted() {
        with_sockets(async {
            let request = ConnectRequest { keep_alive_s: 2, ..connect_request("c") };
            let (mut session, mut peer) = open_with(&request).await;
            let mut seen = Seen::default();
            drive_for(&mut session, SECOND * 12 / 10, &mut seen).await.unwrap();
            let key = publish(&mut session, 1, Qos::AtLeastOnce, SECOND);
            peer.send(&puback(id_of(key))).await;
            peer.send(&PINGRESP).await;
            drive_for(&mut session, SECOND * 12 / 10, &mut seen).await.unwrap();
            assert_eq!(seen.take(), [(1, Ok(()))]);
            assert_eq!(seen.unexpected, ["PINGRESP that was not asked for"]);
            session.close(Close::Clean, SECOND, &mut seen).await.unwrap();
            drop(session);
            let sent = peer.rest().await.unwrap();
            assert_eq!(sent, [0x32, 6, 0, 1, b't', 0, 1, b'x', 0xE0, 0], "no PINGREQ");
        });
    }
}

mod receiving {
    use super::*;

    #[test]
    fn a_qos_2_message_that_comes_again_although_it_is_finished_is_a_breach() {
        const BREACH: &str = "QoS 2 message sent again although it was finished, or was never sent";
        with_sockets(async {
            for resumed in [false, true] {
                let settings = Settings { clean_session: !resumed, ..Settings::default() };
                let request = ConnectRequest { settings, ..connect_request("c") };
                let connack = [0x20, 2, u8::from(resumed), 0];
                let (session, mut peer) = answered_with(&connack, &request).await;
                let (mut session, mut seen) = (session.unwrap(), Seen::default());
                let (first, again) = ([0x34, 6, 0, 1, b'c', 0, 6, b'2'], [0x3C, 6, 0, 1, b'c', 0, 6, b'2']);
                // Repeated before it is released: no breach. Then the same id for another message: neither.
                for bytes in [&first[..], &again, &ack(0x62, 6), &first, &ack(0x62, 6)] {
                    peer.send(bytes).await;
                }
                drive_for(&mut session, Duration::from_millis(20), &mut seen).await.unwrap();
                assert_eq!((seen.received.len(), &seen.unexpected[..]), (2, &[][..]));
                peer.send(&again).await;
                drive_for(&mut session, Duration::from_millis(20), &mut seen).await.unwrap();
                // A session that goes on may have lost the first delivery with its last connection.
                assert_eq!(seen.unexpected, if resumed { vec![] } else { vec![BREACH] });
            }
        });
    }

    #[test]
    fn every_message_is_acknowledged_by_its_quality_of_service() {
        with_sockets(async {
            let (mut session, mut peer) = open().await;
            let mut seen = Seen::default();
            let mut stream = vec![0x31, 4, 0, 1, b'a', b'0'];
            stream.extend([0x32, 6, 0, 1, b'b', 0, 5, b'1']);
            // Twice, the second time as a repeat, and again after it was released.
            stream.extend([0x34, 6, 0, 1, b'c', 0, 6, b'2']);
            stream.extend([0x3C, 6, 0, 1, b'c', 0, 6, b'2']);
            stream.extend(ack(0x62, 6));
            stream.extend([0x34, 6, 0, 1, b'c', 0, 6, b'3']);
            stream.extend(ack(0x62, 6));
            // Released a second time: the broker did not see the first PUBCOMP.
            stream.extend(ack(0x62, 6));
            stream.extend(ack(0x62, 1234));
            peer.send(&stream).await;
            drive_for(&mut session, Duration::from_millis(20), &mut seen).await.unwrap();
            let received: Vec<_> = seen.received.iter().map(|(t, p, q)| (&t[..], p[0], q.level())).collect();
            assert_eq!(received, [("a", b'0', 0), ("b", b'1', 1), ("c", b'2', 2), ("c", b'3', 2)]);
            let mut replies = Vec::new();
            for _ in 0..8 {
                let reply = peer.packet().await;
                replies.push((reply[0], reply[3]));
            }
            let expected =
                [(0x40, 5), (0x50, 6), (0x50, 6), (0x70, 6), (0x50, 6), (0x70, 6), (0x70, 6), (0x70, 210)];
            assert_eq!(replies, expected);
            assert_eq!(seen.take(), []);
        });
    }
}

mod packet_ids {
    use super::*;

    /// The broker has read them all and may still answer each.
    async fn all_ids_taken(session: &mut Tcp, peer: &mut Peer, seen: &mut Seen) {
        let reads = async {
            let mut bytes = vec![0; 8 * 65_535];
            peer.0.read_exact(&mut bytes).await.unwrap();
            let ids: std::collections::BTreeSet<_> =
                bytes.chunks(8).map(|packet| (packet[5], packet[6])).collect();
            assert_eq!(ids.len(), 65_535, "each message has an id of its own");
        };
        let sends = async {
            for tag in 0..65_535 {
                assert!(session.has_room() && session.has_id());
                publish(session, tag, Qos::AtLeastOnce, Duration::ZERO);
                if tag % 1_000 == 0 {
                    session.drive(Until::Written, None, seen).await.unwrap();
                    settle(session, seen).await.unwrap();
                }
            }
            session.drive(Until::Written, None, seen).await.unwrap();
            settle(session, seen).await.unwrap();
        };
        tokio::join!(reads, sends);
        assert_eq!(seen.take().len(), 65_535);
    }

    #[test]
    fn when_all_are_taken_requests_wait_for_the_first_answer() {
        with_sockets(async {
            let request = ConnectRequest { inflight: u16::MAX, ..connect_request("c") };
            let (mut session, mut peer) = open_with(&request).await;
            let mut seen = Seen::default();
            all_ids_taken(&mut session, &mut peer, &mut seen).await;
            assert!(!session.has_room() && !session.has_id());
            let soon = || Some(Instant::now() + Duration::from_millis(20));
            for until in [Until::Room, Until::Id] {
                assert!(!session.drive(until, soon(), &mut seen).await.unwrap());
            }
            assert_eq!(session.no_room(SECOND), Failure::NoPacketId);
            let filters = [Filter::new("#", Qos::AtMostOnce)];
            assert_eq!(session.subscribe(&filters, ticket(1, MINUTE)), Err(Failure::NoPacketId));
            assert_eq!(session.unsubscribe(&["#"], ticket(1, MINUTE)), Err(Failure::NoPacketId));
            // As soon as one is answered there is room for one, of whatever kind.
            for until in [Until::Room, Until::Id] {
                peer.send(&puback(777)).await;
                assert!(session.drive(until, None, &mut seen).await.unwrap());
                assert_eq!(seen.unexpected.pop(), Some("acknowledgement after its request had timed out"));
                let key = match until {
                    Until::Room => publish(&mut session, 7, Qos::AtLeastOnce, MINUTE),
                    _ => session.subscribe(&filters, ticket(7, MINUTE)).unwrap(),
                };
                assert_eq!(key, Key::Packet(777));
                assert!(!session.has_room() && !session.has_id());
                if until == Until::Room {
                    peer.send(&puback(777)).await;
                    session.drive(Until::Done(key), None, &mut seen).await.unwrap();
                    assert_eq!(seen.take(), [(7, Ok(()))]);
                    publish(&mut session, 8, Qos::AtLeastOnce, Duration::ZERO);
                    settle(&mut session, &mut seen).await.unwrap();
                    seen.take();
                }
            }
        });
    }
}

mod closing {
    use super::*;

    #[test]
    fn a_clean_close_says_so_after_everything_queued() {
        with_sockets(async {
            let (mut session, mut peer) = open().await;
            let mut seen = Seen::default();
            publish(&mut session, 1, Qos::AtMostOnce, SECOND);
            publish(&mut session, 2, Qos::AtLeastOnce, SECOND);
            session.close(Close::Clean, SECOND, &mut seen).await.unwrap();
            assert_eq!(seen.take(), [(1, Ok(())), (2, Err(Failure::Closing))]);
            drop(session);
            let sent = peer.rest().await.unwrap();
            assert_eq!(sent, b"\x30\x04\0\x01tx\x32\x06\0\x01t\0\x01x\xE0\0");
        });
    }

    /// On a thread of its own, so that it is as quick as a broker can be.
    #[test]
    fn a_broker_may_close_as_soon_as_it_has_read_disconnect() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let connector = Connector::new(vec![Endpoint::from(listener.local_addr().unwrap())]);
        let broker = std::thread::spawn(move || {
            for _ in 0..100 {
                let (mut stream, _) = listener.accept().unwrap();
                let mut bytes = [0; 15];
                stream.read_exact(&mut bytes).unwrap();
                stream.write_all(&CONNACK).unwrap();
                stream.read_exact(&mut bytes[..10]).unwrap();
                assert_eq!(bytes[8..10], [0xE0, 0]);
            }
        });
        with_sockets(async {
            for _ in 0..100 {
                let mut session = connector.connect(&connect_request("c")).await.unwrap();
                let mut seen = Seen::default();
                publish(&mut session, 1, Qos::AtLeastOnce, SECOND);
                session.close(Close::Clean, SECOND, &mut seen).await.unwrap();
                assert_eq!(seen.take(), [(1, Err(Failure::Closing))]);
            }
        });
        broker.join().unwrap();
    }

    #[test]
    fn an_abrupt_close_says_nothing() {
        with_sockets(async {
            let (mut session, mut peer) = open().await;
            let mut seen = Seen::default();
            publish(&mut session, 1, Qos::AtLeastOnce, SECOND);
            session.drive(Until::Written, None, &mut seen).await.unwrap();
            peer.packet().await;
            session.close(Close::Abrupt, SECOND, &mut seen).await.unwrap();
            assert_eq!(seen.take(), [(1, Err(Failure::Closing))]);
            drop(session);
            let error = peer.rest().await.unwrap_err();
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
        });
    }

    #[test]
    fn closing_what_the_broker_has_closed_fails() {
        with_sockets(async {
            let (mut session, peer) = open().await;
            peer.reset();
            sleep(Duration::from_millis(10)).await;
            let mut seen = Seen::default();
            session.close(Close::Clean, SECOND, &mut seen).await.unwrap_err();
            assert_eq!(seen.take(), []);
        });
    }
}

/// Polls a future a few times at most and drops it; tells whether it was finished.
async fn poll_and_drop<T>(future: impl Future<Output = T>, polls: u64) -> Option<T> {
    let mut future = pin!(future);
    for _ in 0..polls {
        let polled = poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await;
        if let Poll::Ready(result) = polled {
            return Some(result);
        }
        tokio::task::yield_now().await;
    }
    None
}

/// Acknowledges everything, in random order, in random portions cut at random places; ends when the client
/// has closed.
async fn scrambling_broker(mut peer: Peer, mut random: Random) {
    let mut owed: Vec<[u8; 4]> = Vec::new();
    let (mut bytes, mut unread) = (vec![0; 4096], Vec::new());
    loop {
        let read = tokio::time::timeout(Duration::from_millis(1), peer.0.read(&mut bytes)).await;
        match read {
            Ok(Ok(0) | Err(_)) => return,
            Ok(Ok(n)) => unread.extend_from_slice(&bytes[..n]),
            Err(_) => {}
        }
        // Every packet here is shorter than 128 bytes.
        while unread.len() > 1 && unread.len() >= 2 + usize::from(unread[1]) {
            let packet: Vec<u8> = unread.drain(..2 + usize::from(unread[1])).collect();
            match packet[0] {
                0x32 => owed.push([0x40, 2, packet[5], packet[6]]),
                0x34 => owed.push([0x50, 2, packet[5], packet[6]]),
                0x62 => owed.push([0x70, 2, packet[2], packet[3]]),
                _ => {}
            }
        }
        let most = if read.is_err() { owed.len() as u64 } else { random.below(owed.len() as u64 + 1) };
        let mut acks = Vec::new();
        for _ in 0..most {
            let pick = usize::try_from(random.below(owed.len() as u64)).unwrap();
            acks.extend(owed.swap_remove(pick));
        }
        let cut = usize::try_from(random.below(acks.len() as u64 + 1)).unwrap();
        peer.send(&acks[..cut]).await;
        tokio::task::yield_now().await;
        peer.send(&acks[cut..]).await;
    }
}

/// Random publishes, drives that are dropped in the middle, acknowledgements in any order: whatever happens,
/// every request completes exactly once.
#[test]
fn dropping_a_drive_loses_nothing() {
    for seed in 0..40 {
        with_sockets(async {
            let (mut session, peer) = open().await;
            let mut random = Random::for_user(seed, "client", 0);
            let mut seen = Seen::default();
            let broker = scrambling_broker(peer, Random::for_user(seed, "broker", 0));
            let client = async {
                let mut tag = 0;
                while tag < 300 {
                    for _ in 0..random.below(12) {
                        let qos = ALL_QOS[usize::try_from(random.below(3)).unwrap()];
                        if qos == Qos::AtMostOnce || session.has_room() {
                            publish(&mut session, tag, qos, MINUTE);
                            tag += 1;
                        }
                    }
                    let until = [Until::Deadline, Until::Written, Until::Idle, Until::Room]
                        [usize::try_from(random.below(4)).unwrap()];
                    let drive = session.drive(until, None, &mut seen);
                    if let Some(result) = poll_and_drop(drive, random.below(4)).await {
                        result.unwrap();
                    }
                }
                assert!(settle(&mut session, &mut seen).await.unwrap());
                session.close(Close::Clean, SECOND, &mut seen).await.unwrap();
                drop(session);
                tag
            };
            let (sent, ()) = tokio::join!(client, broker);
            assert_eq!(seen.tags(), (0..sent).collect::<Vec<_>>(), "seed {seed}");
            assert!(seen.completed.iter().all(|(_, result)| result.is_ok()), "seed {seed}");
            assert_eq!(seen.unexpected, [""; 0], "seed {seed}");
        });
    }
}

#[test]
fn the_embedded_broker_returns_every_message_once() {
    const EACH: u32 = 1_000;
    let broker = Broker::start(BrokerConfig::default()).unwrap();
    with_sockets(async {
        let connector = Connector::new(vec![Endpoint::from(broker.addr())]);
        let mut session = connector.connect(&connect_request("echo")).await.unwrap();
        let mut seen = Seen::default();
        session.subscribe(&[Filter::new("t", Qos::ExactlyOnce)], ticket(u32::MAX, MINUTE)).unwrap();
        settle(&mut session, &mut seen).await.unwrap();
        assert_eq!(seen.take(), [(u32::MAX, Ok(()))]);
        for tag in 0..3 * EACH {
            let qos = ALL_QOS[tag as usize % 3];
            if qos != Qos::AtMostOnce {
                session.drive(Until::Room, None, &mut seen).await.unwrap();
            }
            session.publish(&message(&tag.to_be_bytes(), qos), ticket(tag, MINUTE)).unwrap();
        }
        assert!(settle(&mut session, &mut seen).await.unwrap());
        while seen.received.len() < 3 * EACH as usize {
            drive_for(&mut session, Duration::from_millis(1), &mut seen).await.unwrap();
        }
        assert_eq!(seen.tags(), (0..3 * EACH).collect::<Vec<_>>());
        assert!(seen.completed.iter().all(|(_, result)| result.is_ok()));
        let mut payloads: Vec<_> = seen.received.iter().map(|(_, payload, _)| payload.clone()).collect();
        payloads.sort();
        assert_eq!(payloads, (0..3 * EACH).map(|tag| tag.to_be_bytes().to_vec()).collect::<Vec<_>>());
        for qos in ALL_QOS {
            assert_eq!(seen.received.iter().filter(|(_, _, q)| *q == qos).count(), EACH as usize);
        }
        session.close(Close::Clean, SECOND, &mut seen).await.unwrap();
    });
    let counters = broker.stop();
    assert_eq!(counters.publishes, [u64::from(EACH); 3]);
    assert_eq!(counters.forwarded, u64::from(3 * EACH));
    assert_eq!((counters.dropped, counters.duplicates, counters.protocol_errors), (0, 0, 0));
}
