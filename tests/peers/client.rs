//! The session driver against a real Mosquitto, in both versions of MQTT: the second witness beside the embedded
//! broker, which shares rumqttc's codec with it.

use std::time::Duration;

use mqtt_scenario::client::driver::Driver;
use mqtt_scenario::client::failure::{Ack, Failure, Limit};
use mqtt_scenario::client::transport::stream::Transport;
use mqtt_scenario::client::transport::{Connector, Endpoint};
use mqtt_scenario::client::{Close, Connect, ConnectRequest, Filter, Message, Session, Until, Will};
use mqtt_scenario::mqtt::{Qos, RetainHandling, Settings, SubscribeOptions, Version};
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::Instant;

use crate::support::{Mosquitto, Seen, connect_request, ticket, with_sockets};

const MINUTE: Duration = Duration::from_mins(1);
const ALL_QOS: [Qos; 3] = [Qos::AtMostOnce, Qos::AtLeastOnce, Qos::ExactlyOnce];

/// `secret`, as `mosquitto_passwd` hashes it.
const PASSWORDS: &str = "me:$7$101$0pGf3TVLOvBbg/2v$itL+FdVNR/KgDHlw0bYk8W+t3LyJwKeTzvvJtaZMqJxvHx1/+tpCCU1Idr+p3WpY3+NACieGDolEr2egzzBiGA==\n";

/// Connects with a window that Mosquitto takes: it ends a connection of 3.1.1 with more QoS 2 messages in flight
/// than its `max_inflight_messages` (by default 20). To one of 5 it tells that number.
async fn try_connect(
    mosquitto: &Mosquitto,
    login: Option<(&str, &str)>,
    inflight: u16,
) -> Result<Box<Driver<Transport>>, Failure> {
    connect_as(mosquitto, &ConnectRequest { inflight, ..with(login, connect_request("peer")) }).await
}

async fn connect_as(
    mosquitto: &Mosquitto,
    request: &ConnectRequest<'_>,
) -> Result<Box<Driver<Transport>>, Failure> {
    Connector::new(vec![Endpoint::from(mosquitto.addr())]).connect(request).await
}

/// Of MQTT 5, with more in flight than any broker takes.
fn request_5(client_id: &str) -> ConnectRequest<'_> {
    let settings = Settings { version: Version::V5, ..Settings::default() };
    ConnectRequest { settings, inflight: u16::MAX, ..connect_request(client_id) }
}

async fn connect(mosquitto: &Mosquitto) -> Box<Driver<Transport>> {
    try_connect(mosquitto, None, 20).await.unwrap()
}

async fn settle(session: &mut Box<Driver<Transport>>, seen: &mut Seen) -> Result<bool, Failure> {
    session.drive(Until::Idle, Some(Instant::now() + MINUTE), seen).await
}

async fn subscribe(session: &mut Box<Driver<Transport>>, filter: &str) -> Result<(), Failure> {
    subscribe_into(session, filter, &mut Seen::default()).await
}

async fn subscribe_into(
    session: &mut Box<Driver<Transport>>,
    filter: &str,
    seen: &mut Seen,
) -> Result<(), Failure> {
    session.subscribe(&[Filter::new(filter, Qos::ExactlyOnce)], ticket(0, MINUTE)).unwrap();
    settle(session, seen).await.unwrap();
    seen.completed[0].1
}

/// Publishes `count` numbered messages to `t` with every quality of service in turn.
async fn publish(
    session: &mut Box<Driver<Transport>>,
    count: u32,
    timeout: Duration,
    seen: &mut Seen,
) -> Result<(), Failure> {
    for tag in 0..count {
        let qos = ALL_QOS[tag as usize % 3];
        if qos != Qos::AtMostOnce {
            session.drive(Until::Room, None, seen).await?;
        }
        let message =
            Message { topic: b"t", payload: &tag.to_be_bytes(), qos, retain: false, properties: &[] };
        session.publish(&message, ticket(tag, timeout))?;
    }
    Ok(())
}

async fn echo(settings: &str, request: ConnectRequest<'_>, count: u32) {
    let mosquitto = Mosquitto::start(settings, &[]);
    let mut session = connect_as(&mosquitto, &request).await.unwrap();
    let mut seen = Seen::default();
    subscribe(&mut session, "t").await.unwrap();
    publish(&mut session, count, MINUTE, &mut seen).await.unwrap();
    assert!(settle(&mut session, &mut seen).await.unwrap());
    while seen.received.len() < count as usize {
        let soon = Some(Instant::now() + Duration::from_millis(1));
        session.drive(Until::Deadline, soon, &mut seen).await.unwrap();
    }
    // Anything sent twice would come before the answer to this.
    subscribe(&mut session, "other").await.unwrap();
    assert_eq!(seen.tags(), (0..count).collect::<Vec<_>>());
    assert!(seen.completed.iter().all(|(_, result)| result.is_ok()));
    assert_eq!(seen.unexpected, [""; 0]);
    for (level, qos) in ALL_QOS.into_iter().enumerate() {
        let mut payloads: Vec<_> = seen.received.iter().filter(|m| m.2 == qos).map(|m| m.1.clone()).collect();
        payloads.sort();
        let sent: Vec<_> = (0..count)
            .filter(|tag| *tag as usize % 3 == level)
            .map(|tag| tag.to_be_bytes().to_vec())
            .collect();
        assert_eq!(payloads, sent, "{qos:?}");
    }
    session.close(Close::Clean, MINUTE, &mut seen).await.unwrap();
}

#[test]
#[ignore = "needs Debian's mosquitto: run by .ci/run"]
fn every_message_comes_back_once() {
    let request = ConnectRequest { inflight: 20, ..connect_request("peer") };
    with_sockets(echo("max_queued_messages 0", request, 3_000));
}

#[test]
#[ignore = "needs Debian's mosquitto: run by .ci/run"]
fn a_broker_that_sends_one_message_at_a_time_is_answered_each_time() {
    let request = ConnectRequest { inflight: 1, ..connect_request("peer") };
    with_sockets(echo("max_queued_messages 0\nmax_inflight_messages 1", request, 600));
}

/// The same with this user name and password.
fn with<'a>(login: Option<(&'a str, &'a str)>, request: ConnectRequest<'a>) -> ConnectRequest<'a> {
    ConnectRequest { username: login.map(|login| login.0), password: login.map(|login| login.1), ..request }
}

#[test]
#[ignore = "needs Debian's mosquitto: run by .ci/run"]
fn a_login_is_checked() {
    let settings = "allow_anonymous false\npassword_file DIR/passwords";
    let mosquitto = Mosquitto::start(settings, &[("passwords", PASSWORDS)]);
    with_sockets(async {
        try_connect(&mosquitto, Some(("me", "secret")), 20).await.unwrap();
        for login in [None, Some(("me", "wrong")), Some(("you", "secret"))] {
            let failure = try_connect(&mosquitto, login, 20).await.unwrap_err();
            assert_eq!(failure.to_string(), "CONNACK: not authorized (5)", "{login:?}");
        }
    });
}

#[test]
#[ignore = "needs Debian's mosquitto: run by .ci/run"]
fn a_message_that_an_access_list_denies_is_acknowledged_all_the_same() {
    let mosquitto = Mosquitto::start("acl_file DIR/acl", &[("acl", "topic read #\ntopic write open\n")]);
    with_sockets(async {
        let mut session = connect(&mosquitto).await;
        let mut seen = Seen::default();
        subscribe(&mut session, "#").await.unwrap();
        publish(&mut session, 3, MINUTE, &mut seen).await.unwrap();
        let message =
            Message { topic: b"open", payload: b"", qos: Qos::AtLeastOnce, retain: false, properties: &[] };
        session.publish(&message, ticket(3, MINUTE)).unwrap();
        assert!(settle(&mut session, &mut seen).await.unwrap());
        assert_eq!(seen.tags(), [0, 1, 2, 3]);
        assert!(seen.completed.iter().all(|(_, result)| result.is_ok()));
        while seen.received.is_empty() {
            let soon = Some(Instant::now() + Duration::from_millis(1));
            session.drive(Until::Deadline, soon, &mut seen).await.unwrap();
        }
        assert_eq!(seen.received[0].0, "open");
    });
}

#[test]
#[ignore = "needs Debian's mosquitto: run by .ci/run"]
fn a_killed_broker_fails_each_open_request_once() {
    let mut mosquitto = Mosquitto::start("", &[]);
    with_sockets(async {
        let mut session = connect(&mosquitto).await;
        let mut seen = Seen::default();
        publish(&mut session, 300, MINUTE, &mut seen).await.unwrap();
        assert!(settle(&mut session, &mut seen).await.unwrap());
        assert_eq!(seen.take().len(), 300);
        // Stopped first, so that nothing of this is answered.
        let id = Pid::from_raw(i32::try_from(mosquitto.id()).unwrap()).unwrap();
        kill_process(id, Signal::STOP).unwrap();
        publish(&mut session, 30, MINUTE, &mut seen).await.unwrap();
        session.drive(Until::Written, None, &mut seen).await.unwrap();
        assert!(seen.take().iter().all(|(tag, result)| tag % 3 == 0 && result.is_ok()));
        mosquitto.kill();
        let failure = settle(&mut session, &mut seen).await.unwrap_err();
        assert!(failure.to_string().starts_with("connection lost: "), "{failure}");
        assert_eq!(seen.tags(), (0..30).filter(|tag| tag % 3 != 0).collect::<Vec<_>>());
        assert!(seen.completed.iter().all(|(_, result)| *result == Err(failure)));
        let failure = try_connect(&mosquitto, None, 20).await.unwrap_err();
        assert_eq!(failure.to_string(), "cannot connect: Connection refused (os error 111)");
    });
}

#[test]
#[ignore = "needs Debian's mosquitto: run by .ci/run"]
fn a_broker_that_hangs_fails_requests_by_their_time_and_its_late_answers_are_noted() {
    let mosquitto = Mosquitto::start("", &[]);
    with_sockets(async {
        let mut session = connect(&mosquitto).await;
        let mut seen = Seen::default();
        let id = Pid::from_raw(i32::try_from(mosquitto.id()).unwrap()).unwrap();
        kill_process(id, Signal::STOP).unwrap();
        let timeout = Duration::from_millis(100);
        publish(&mut session, 9, timeout, &mut seen).await.unwrap();
        assert!(settle(&mut session, &mut seen).await.unwrap());
        let failed = |ack| Err(Failure::AckTimeout(ack, timeout));
        let mut completed = seen.take();
        completed.sort_by_key(|(tag, _)| *tag);
        let expected = [Ok(()), failed(Ack::Puback), failed(Ack::Pubrec)];
        assert!(completed.iter().all(|(tag, result)| *result == expected[*tag as usize % 3]));
        assert_eq!(completed.len(), 9);
        kill_process(id, Signal::CONT).unwrap();
        while seen.unexpected.len() < 6 {
            let soon = Some(Instant::now() + Duration::from_millis(1));
            session.drive(Until::Deadline, soon, &mut seen).await.unwrap();
        }
        assert_eq!(seen.unexpected, ["acknowledgement after its request had timed out"; 6]);
        // And the session is as good as new.
        publish(&mut session, 9, MINUTE, &mut seen).await.unwrap();
        assert!(settle(&mut session, &mut seen).await.unwrap());
        assert!(seen.take().iter().all(|(_, result)| result.is_ok()));
    });
}

#[test]
#[ignore = "needs Debian's mosquitto: run by .ci/run"]
fn a_queue_of_ten_gives_a_returning_session_ten_of_fifty_messages() {
    for version in [Version::V311, Version::V5] {
        let mosquitto = Mosquitto::start("max_queued_messages 10\nmax_inflight_messages 5", &[]);
        let settings =
            Settings { version, clean_session: false, session_expiry_s: 60, ..Settings::default() };
        let sleeper = ConnectRequest { settings, ..connect_request("sleeper") };
        with_sockets(async {
            let mut seen = Seen::default();
            let mut session = connect_as(&mosquitto, &sleeper).await.unwrap();
            subscribe(&mut session, "t").await.unwrap();
            session.close(Close::Clean, MINUTE, &mut seen).await.unwrap();
            let mut publisher = connect_as(&mosquitto, &request_5("publisher")).await.unwrap();
            for tag in 0..50 {
                let payload = [tag];
                let message = Message {
                    topic: b"t",
                    payload: &payload,
                    qos: Qos::AtLeastOnce,
                    retain: false,
                    properties: &[],
                };
                publisher.drive(Until::Room, None, &mut seen).await.unwrap();
                publisher.publish(&message, ticket(tag.into(), MINUTE)).unwrap();
            }
            settle(&mut publisher, &mut seen).await.unwrap();
            assert!(
                seen.take().iter().all(|(_, result)| result.is_ok()),
                "the queue is no concern of theirs"
            );
            let mut session = connect_as(&mosquitto, &sleeper).await.unwrap();
            assert!(session.resumed());
            let mut seen = Seen::default();
            while seen.received.len() < 10 {
                let soon = Some(Instant::now() + Duration::from_millis(1));
                session.drive(Until::Deadline, soon, &mut seen).await.unwrap();
            }
            // What is still under way comes before the answer to one of these.
            for _ in 0..2 {
                subscribe_into(&mut session, "other", &mut seen).await.unwrap();
            }
            let came: Vec<_> = seen.received.iter().map(|message| message.1[0]).collect();
            assert_eq!(came, (0..10).collect::<Vec<_>>(), "{version}");
        });
    }
}

mod version_5 {
    use super::*;

    #[test]
    #[ignore = "needs Debian's mosquitto: run by .ci/run"]
    fn every_message_comes_back_once_within_the_brokers_window() {
        with_sockets(echo("max_queued_messages 0", request_5("peer"), 3_000));
        with_sockets(echo("max_queued_messages 0\nmax_inflight_messages 1", request_5("peer"), 600));
    }

    #[test]
    #[ignore = "needs Debian's mosquitto: run by .ci/run"]
    fn every_message_comes_back_once_with_aliases() {
        let settings = Settings { topic_alias: true, ..request_5("").settings };
        with_sockets(echo("max_queued_messages 0", ConnectRequest { settings, ..request_5("peer") }, 3_000));
    }

    #[test]
    #[ignore = "needs Debian's mosquitto: run by .ci/run"]
    fn a_refused_login_has_a_reason() {
        let settings = "allow_anonymous false\npassword_file DIR/passwords";
        let mosquitto = Mosquitto::start(settings, &[("passwords", PASSWORDS)]);
        with_sockets(async {
            let right = with(Some(("me", "secret")), request_5("peer"));
            connect_as(&mosquitto, &right).await.unwrap();
            for login in [None, Some(("me", "wrong")), Some(("you", "secret"))] {
                let failure = connect_as(&mosquitto, &with(login, right)).await.unwrap_err();
                assert_eq!(failure.to_string(), "CONNACK: Not authorized (0x87)", "{login:?}");
            }
        });
    }

    #[test]
    #[ignore = "needs Debian's mosquitto: run by .ci/run"]
    fn what_an_access_list_denies_fails_by_name() {
        let mosquitto = Mosquitto::start("acl_file DIR/acl", &[("acl", "topic read t\ntopic write open\n")]);
        with_sockets(async {
            let mut session = connect_as(&mosquitto, &request_5("peer")).await.unwrap();
            let mut seen = Seen::default();
            publish(&mut session, 3, MINUTE, &mut seen).await.unwrap();
            settle(&mut session, &mut seen).await.unwrap();
            let mut completed = seen.take();
            completed.sort_by_key(|(tag, _)| *tag);
            let texts: Vec<_> =
                completed.iter().map(|(_, r)| r.map_or_else(|f| f.to_string(), |()| "ok".into())).collect();
            assert_eq!(texts, ["ok", "PUBACK: Not authorized (0x87)", "PUBREC: Not authorized (0x87)"]);
        });
    }

    #[test]
    #[ignore = "needs Debian's mosquitto: run by .ci/run"]
    fn what_the_broker_does_not_take_is_not_sent() {
        let mosquitto = Mosquitto::start("retain_available false\nmax_packet_size 100", &[]);
        with_sockets(async {
            let mut session = connect_as(&mosquitto, &request_5("peer")).await.unwrap();
            let small =
                Message { topic: b"t", payload: b"", qos: Qos::AtLeastOnce, retain: false, properties: &[] };
            let retained = Message { retain: true, ..small };
            let large = Message { payload: &[0; 100], ..small };
            let refused = |limit| Err(Failure::NotTaken(limit));
            assert_eq!(session.publish(&retained, ticket(1, MINUTE)), refused(Limit::Retain));
            assert_eq!(session.publish(&large, ticket(1, MINUTE)), refused(Limit::PacketBytes(100)));
            session.publish(&small, ticket(2, MINUTE)).unwrap();
            let mut seen = Seen::default();
            settle(&mut session, &mut seen).await.unwrap();
            assert_eq!(seen.take(), [(2, Ok(()))]);
        });
    }

    #[test]
    #[ignore = "needs Debian's mosquitto: run by .ci/run"]
    fn a_broker_that_ends_the_connection_says_why() {
        let mosquitto = Mosquitto::start("", &[]);
        with_sockets(async {
            let mut session = connect_as(&mosquitto, &request_5("peer")).await.unwrap();
            // A property that belongs to CONNACK.
            let wrong = Message {
                topic: b"t",
                payload: b"",
                qos: Qos::AtLeastOnce,
                retain: false,
                properties: b"\x13\0\x01",
            };
            session.publish(&wrong, ticket(1, MINUTE)).unwrap();
            let mut seen = Seen::default();
            let failure = session.drive(Until::Deadline, None, &mut seen).await.unwrap_err();
            assert!(failure.to_string().starts_with("DISCONNECT by the broker: "), "{failure}");
            assert_eq!(seen.take(), [(1, Err(failure))]);
        });
    }

    #[test]
    #[ignore = "needs Debian's mosquitto: run by .ci/run"]
    fn options_of_subscriptions_hold() {
        let mosquitto = Mosquitto::start("", &[]);
        with_sockets(async {
            let mut session = connect_as(&mosquitto, &request_5("peer")).await.unwrap();
            let mut seen = Seen::default();
            let kept = Message {
                topic: b"kept",
                payload: b"",
                qos: Qos::AtLeastOnce,
                retain: true,
                properties: &[],
            };
            session.publish(&Message { payload: b"x", ..kept }, ticket(1, MINUTE)).unwrap();
            settle(&mut session, &mut seen).await.unwrap();
            let options = SubscribeOptions {
                no_local: true,
                retain_handling: RetainHandling::Never,
                ..SubscribeOptions::default()
            };
            let quiet = Filter { path: "kept", qos: Qos::AtLeastOnce, options };
            session.subscribe(&[quiet], ticket(2, MINUTE)).unwrap();
            settle(&mut session, &mut seen).await.unwrap();
            session.publish(&kept, ticket(3, MINUTE)).unwrap();
            settle(&mut session, &mut seen).await.unwrap();
            // What came at all would come before the answer to this.
            subscribe(&mut session, "other").await.unwrap();
            assert_eq!(seen.received, []);
        });
    }
}

/// In both versions: what a broker of another make does with a session and a will.
mod lasting_sessions_and_wills {
    use super::*;

    fn lasting(version: Version) -> Settings {
        Settings { version, clean_session: false, session_expiry_s: 60, ..Settings::default() }
    }

    #[test]
    #[ignore = "needs Debian's mosquitto: run by .ci/run"]
    fn a_session_goes_on_and_its_requests_count_once() {
        let mosquitto = Mosquitto::start("", &[]);
        with_sockets(async {
            for (version, name) in [(Version::V311, "old"), (Version::V5, "new")] {
                let request =
                    ConnectRequest { settings: lasting(version), inflight: 20, ..connect_request(name) };
                let mut session = connect_as(&mosquitto, &request).await.unwrap();
                assert!(!session.resumed());
                let mut seen = Seen::default();
                subscribe(&mut session, "t").await.unwrap();
                // Written, and lost before they can be acknowledged: by a reset, or not read any more.
                publish(&mut session, 12, MINUTE, &mut seen).await.unwrap();
                session.drive(Until::Written, None, &mut seen).await.unwrap();
                session.close(Close::Abrupt, MINUTE, &mut seen).await.unwrap();
                let kept = session.take_state();
                drop(session);
                assert_eq!(seen.tags(), (0..12).collect::<Vec<_>>(), "{name}");
                let request = ConnectRequest { session: Some(&kept), ..request };
                let mut session = connect_as(&mosquitto, &request).await.unwrap();
                assert!(session.resumed(), "{name}");
                // Every QoS 2 message arrives once, however often it was sent.
                let by = Instant::now() + Duration::from_secs(1);
                session.drive(Until::Deadline, Some(by), &mut seen).await.unwrap();
                let mut twice: Vec<_> = seen.received.iter().filter(|m| m.2 == Qos::ExactlyOnce).collect();
                twice.sort();
                assert_eq!(twice.len(), 4, "{name}: {:?}", seen.received);
                twice.dedup();
                assert_eq!(twice.len(), 4, "{name}");
                let at_least: std::collections::BTreeSet<_> =
                    seen.received.iter().filter(|m| m.2 == Qos::AtLeastOnce).map(|m| &m.1).collect();
                assert_eq!(at_least.len(), 4, "{name}");
            }
        });
    }

    #[test]
    #[ignore = "needs Debian's mosquitto: run by .ci/run"]
    fn a_will_is_published_for_the_lost_and_not_for_those_who_left() {
        let mosquitto = Mosquitto::start("", &[]);
        with_sockets(async {
            let mut watcher = connect(&mosquitto).await;
            subscribe(&mut watcher, "lost").await.unwrap();
            let mut seen = Seen::default();
            for version in [Version::V311, Version::V5] {
                for how in [Close::Clean, Close::Abrupt] {
                    let payload = format!("{version} {how:?}");
                    let will = Will {
                        topic: "lost",
                        payload: payload.as_bytes(),
                        qos: Qos::AtLeastOnce,
                        retain: false,
                        delay_s: 0,
                        properties: b"\x03\0\x01t",
                    };
                    let settings = Settings { version, ..Settings::default() };
                    let request = ConnectRequest { settings, will: Some(will), ..connect_request(&payload) };
                    let mut victim = connect_as(&mosquitto, &request).await.expect(&payload);
                    victim.close(how, MINUTE, &mut seen).await.unwrap();
                }
            }
            while seen.received.len() < 2 {
                let soon = Some(Instant::now() + Duration::from_millis(1));
                watcher.drive(Until::Deadline, soon, &mut seen).await.unwrap();
            }
            let mut wills: Vec<_> = seen.received.iter().map(|m| String::from_utf8_lossy(&m.1)).collect();
            wills.sort();
            assert_eq!(wills, ["3.1.1 Abrupt", "5 Abrupt"]);
        });
    }
}
