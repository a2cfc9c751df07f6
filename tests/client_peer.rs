//! The session driver against a real Mosquitto: the second witness beside the embedded broker, which shares
//! rumqttc's codec with it.

use std::time::Duration;

use mqtt_scenario::client::driver::Driver;
use mqtt_scenario::client::failure::{Ack, Failure};
use mqtt_scenario::client::tcp::{Endpoint, TcpConnector};
use mqtt_scenario::client::{Close, Connect, ConnectRequest, Filter, Message, Session, Until};
use mqtt_scenario::mqtt::Qos;
use rustix::process::{Pid, Signal, kill_process};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::support::{Mosquitto, Seen, connect_request, ticket, with_sockets};

const MINUTE: Duration = Duration::from_mins(1);
const ALL_QOS: [Qos; 3] = [Qos::AtMostOnce, Qos::AtLeastOnce, Qos::ExactlyOnce];

/// `secret`, as `mosquitto_passwd` hashes it.
const PASSWORDS: &str = "me:$7$101$0pGf3TVLOvBbg/2v$itL+FdVNR/KgDHlw0bYk8W+t3LyJwKeTzvvJtaZMqJxvHx1/+tpCCU1Idr+p3WpY3+NACieGDolEr2egzzBiGA==\n";

/// Connects with a window that Mosquitto takes: it ends a connection with more QoS 2 messages in flight than
/// its `max_inflight_messages` (by default 20), version 3.1.1 or not.
async fn try_connect(
    mosquitto: &Mosquitto,
    login: Option<(&str, &str)>,
    inflight: u16,
) -> Result<Driver<TcpStream>, Failure> {
    let connector = TcpConnector::new(vec![Endpoint::from(mosquitto.addr())]);
    connector.connect(&ConnectRequest { login, inflight, ..connect_request("peer") }).await
}

async fn connect(mosquitto: &Mosquitto) -> Driver<TcpStream> {
    try_connect(mosquitto, None, 20).await.unwrap()
}

async fn settle(session: &mut Driver<TcpStream>, seen: &mut Seen) -> Result<bool, Failure> {
    session.drive(Until::Idle, Some(Instant::now() + MINUTE), seen).await
}

async fn subscribe(session: &mut Driver<TcpStream>, filter: &str) -> Result<(), Failure> {
    let mut seen = Seen::default();
    session.subscribe(&[Filter::new(filter, Qos::ExactlyOnce)], ticket(0, MINUTE)).unwrap();
    settle(session, &mut seen).await.unwrap();
    seen.completed[0].1
}

/// Publishes `count` numbered messages to `t` with every quality of service in turn.
async fn publish(
    session: &mut Driver<TcpStream>,
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

async fn echo(settings: &str, inflight: u16, count: u32) {
    let mosquitto = Mosquitto::start(settings, &[]);
    let mut session = try_connect(&mosquitto, None, inflight).await.unwrap();
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
    with_sockets(echo("max_queued_messages 0", 20, 3_000));
}

#[test]
#[ignore = "needs Debian's mosquitto: run by .ci/run"]
fn a_broker_that_sends_one_message_at_a_time_is_answered_each_time() {
    with_sockets(echo("max_queued_messages 0\nmax_inflight_messages 1", 1, 600));
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
