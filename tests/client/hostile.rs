//! Brokers that are broken or mean no good, on raw sockets: each misbehaviour has a name here, and whatever it is,
//! every request ends once, by name and in its time, in bounded memory.
//!
//! The scripts send bytes, not packets of a codec, since a codec would not let most of them pass.

use std::fmt::Write as _;
use std::time::Duration;

use mqtt_scenario::client::failure::{Ack, Failure};
use mqtt_scenario::client::{Connect, ConnectRequest, Filter, Message, Session, Until};
use mqtt_scenario::mqtt::{Qos, Settings, Version};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep};

use crate::support::peer::{MINUTE, Peer, SECOND, Tcp, accept, answered_with, listen};
use crate::support::{Seen, connect_request, ticket, with_sockets};

/// How long a request waits here.
const TIMEOUT: Duration = Duration::from_millis(150);

fn request(version: Version) -> ConnectRequest<'static> {
    ConnectRequest {
        timeout: TIMEOUT,
        settings: Settings { version, ..Settings::default() },
        ..connect_request("c")
    }
}

fn connack(version: Version) -> &'static [u8] {
    match version {
        Version::V311 => b"\x20\x02\0\0",
        Version::V5 => b"\x20\x03\0\0\0",
    }
}

async fn open(request: &ConnectRequest<'_>) -> (Tcp, Peer) {
    let (session, peer) = answered_with(connack(request.settings.version), request).await;
    (session.unwrap(), peer)
}

const V311: &[Version] = &[Version::V311];
const V5: &[Version] = &[Version::V5];
const BOTH: &[Version] = &[Version::V311, Version::V5];

/// What a broker sends instead of a CONNACK, or after it.
type Misbehaviour = (&'static str, &'static [Version], &'static [u8]);

/// Instead of an orderly CONNACK.
const AT_CONNECT: &[Misbehaviour] = &[
    ("says nothing", BOTH, b""),
    ("stops in the middle of CONNACK", BOTH, b"\x20\x02\0"),
    ("speaks HTTP", BOTH, b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    ("speaks TLS", BOTH, b"\x15\x03\x01\0\x02\x02\x46"),
    ("begins with PUBLISH", BOTH, b"\x30\x04\0\x01tx"),
    ("begins with PINGRESP", BOTH, b"\xD0\0"),
    ("sends CONNACK with wrong flags in its first byte", BOTH, b"\x21\x02\0\0"),
    ("sends an empty CONNACK", BOTH, b"\x20\0\0\0"),
    ("sends CONNACK of a byte", BOTH, b"\x20\x01\0\0"),
    ("sends CONNACK with reserved flags", V311, b"\x20\x02\x02\0"),
    ("sends CONNACK with reserved flags", V5, b"\x20\x03\x82\0\0"),
    ("sends CONNACK that is too long", V311, b"\x20\x03\0\0\0"),
    ("sends CONNACK of 5 to a client of 3.1.1", V311, b"\x20\x06\0\0\x03\x21\0\x05"),
    ("sends CONNACK of 3.1.1 to a client of 5", V5, b"\x20\x02\0\0"),
    ("refuses 5 in the words of 3.1.1", V5, b"\x20\x02\0\x01"),
    ("has a session where none is to be", V311, b"\x20\x02\x01\0"),
    ("has a session where none is to be", V5, b"\x20\x03\x01\0\0"),
    ("sends CONNACK of 256 MiB", BOTH, b"\x20\xFF\xFF\xFF\x7F\0\0\0"),
    ("sends CONNACK of an impossible length", BOTH, b"\x20\xFF\xFF\xFF\xFF\x01"),
    ("refuses with an invalid reason code", V311, b"\x20\x02\0\x63"),
    ("refuses with an invalid reason code", V5, b"\x20\x03\0\x42\0"),
    ("grants nothing: receive maximum 0", V5, b"\x20\x06\0\0\x03\x21\0\0"),
    ("grants nothing: packets of 0 bytes", V5, b"\x20\x08\0\0\x05\x27\0\0\0\0"),
    ("grants quality of service 2 by name", V5, b"\x20\x05\0\0\x02\x24\x02"),
    ("grants a retain flag of 2", V5, b"\x20\x05\0\0\x02\x25\x02"),
    ("grants twice", V5, b"\x20\x09\0\0\x06\x21\0\x05\x21\0\x05"),
    ("grants a property of PUBLISH", V5, b"\x20\x06\0\0\x03\x23\0\x01"),
    ("grants an unknown property", V5, b"\x20\x05\0\0\x02\x7F\0"),
    ("has properties longer than the packet", V5, b"\x20\x05\0\0\x09\x24\x01"),
    ("has properties shorter than the packet", V5, b"\x20\x05\0\0\0\x24\x01"),
    ("has properties of an endless length", V5, b"\x20\x07\0\0\xFF\xFF\xFF\xFF\x01"),
    ("cuts a property short", V5, b"\x20\x05\0\0\x02\x21\0"),
    ("gives reasons in Latin-1", V5, b"\x20\x08\0\x87\x05\x1F\0\x02\xFCb"),
    ("gives reasons with a null character", V5, b"\x20\x07\0\x87\x04\x1F\0\x01\0"),
    ("asks for authentication", V5, b"\xF0\x02\x18\0"),
];

/// After CONNACK, with a QoS 1 message (id 1), a QoS 2 message (id 2) and a SUBSCRIBE (id 3) open.
const AFTER: &[Misbehaviour] = &[
    ("never acknowledges", BOTH, b""),
    ("acknowledges halves", BOTH, b"\x50\x02\0\x02"),
    ("acknowledges what is not open", BOTH, b"\x40\x02\0\x09\x50\x02\0\x09\x70\x02\0\x09"),
    ("acknowledges twice", BOTH, b"\x40\x02\0\x01\x40\x02\0\x01\x50\x02\0\x02\x70\x02\0\x02\x70\x02\0\x02"),
    ("acknowledges with the wrong packet", BOTH, b"\x50\x02\0\x01\x40\x02\0\x02\x70\x02\0\x03"),
    ("grants a message", V311, b"\x90\x03\0\x01\0\x90\x03\0\x02\x80"),
    ("grants a message", V5, b"\x90\x04\0\x01\0\0\x90\x04\0\x02\0\x87"),
    ("acknowledges a subscription as a message", BOTH, b"\x40\x02\0\x03"),
    ("acknowledges a subscription by halves", BOTH, b"\x50\x02\0\x03\x70\x02\0\x03"),
    ("releases what it is sent", BOTH, b"\x62\x02\0\x02"),
    ("refuses a subscription as a message", V5, b"\x40\x03\0\x03\x97\x50\x03\0\x03\x97"),
    ("completes what it has not received", BOTH, b"\x70\x02\0\x02"),
    ("acknowledges packet 0", BOTH, b"\x40\x02\0\0"),
    ("acknowledges in a byte", BOTH, b"\x40\x01\0"),
    ("acknowledges in no bytes", BOTH, b"\x40\0"),
    ("acknowledges at length", V311, b"\x40\x03\0\x01\0"),
    ("acknowledges at length", V5, b"\x40\x05\0\x01\0\0\0"),
    ("acknowledges with reserved flags", BOTH, b"\x41\x02\0\x01"),
    ("releases with wrong flags", BOTH, b"\x60\x02\0\x01"),
    ("releases what it has not sent", BOTH, b"\x62\x02\0\x07"),
    ("refuses with an invalid reason code", V5, b"\x40\x03\0\x01\x07"),
    ("refuses for an unknown reason", V5, b"\x40\x03\0\x01\xEE"),
    ("refuses what is not open", V5, b"\x40\x03\0\x09\x97"),
    ("refuses in the middle of a handshake", V5, b"\x50\x02\0\x02\x50\x03\0\x02\x97"),
    ("acknowledges with a property of PUBLISH", V5, b"\x40\x07\0\x01\0\x03\x23\0\x01"),
    ("acknowledges with properties that are cut short", V5, b"\x40\x05\0\x01\0\x05\x1F"),
    ("grants no filter", BOTH, b"\x90\x02\0\x03"),
    ("grants no filter, with properties", V5, b"\x90\x03\0\x03\0"),
    ("grants a quality of service of 3", V311, b"\x90\x03\0\x03\x03"),
    ("grants a quality of service of 3", V5, b"\x90\x04\0\x03\0\x03"),
    ("grants subscription 0", V311, b"\x90\x03\0\0\0"),
    ("grants subscription 0", V5, b"\x90\x04\0\0\0\0"),
    ("grants what was not asked for", V311, b"\x90\x03\0\x09\0"),
    ("grants what was not asked for", V5, b"\x90\x04\0\x09\0\0"),
    ("grants two filters for one", V311, b"\x90\x04\0\x03\0\0"),
    ("grants two filters for one", V5, b"\x90\x05\0\x03\0\0\0"),
    ("grants and refuses one filter", V5, b"\x90\x05\0\x03\0\0\x87"),
    ("sends SUBACK with reserved flags", V311, b"\x92\x03\0\x03\0"),
    ("sends UNSUBACK out of nothing", V311, b"\xB0\x02\0\x03"),
    ("sends UNSUBACK out of nothing", V5, b"\xB0\x04\0\x03\0\0"),
    ("sends PINGRESP out of nothing", BOTH, b"\xD0\0"),
    ("sends PINGRESP with a body", BOTH, b"\xD0\x01\0"),
    ("sends PINGRESP with reserved flags", BOTH, b"\xD1\0"),
    ("accepts a second time", V311, b"\x20\x02\0\0"),
    ("accepts a second time", V5, b"\x20\x03\0\0\0"),
    ("plays the client: CONNECT", BOTH, b"\x10\x0C\0\x04MQTT\x04\x02\0\0\0\0"),
    ("plays the client: SUBSCRIBE", BOTH, b"\x82\x06\0\x01\0\x01a\0"),
    ("plays the client: UNSUBSCRIBE", BOTH, b"\xA2\x05\0\x01\0\x01a"),
    ("plays the client: PINGREQ", BOTH, b"\xC0\0"),
    ("sends DISCONNECT", V311, b"\xE0\0"),
    ("sends DISCONNECT with reserved flags", V5, b"\xE1\0"),
    ("sends DISCONNECT with a session expiry", V5, b"\xE0\x07\0\x05\x11\0\0\0\x01"),
    ("sends DISCONNECT with a length that lies", V5, b"\xE0\x02\x8B\x09"),
    ("sends AUTH", V5, b"\xF0\0"),
    ("sends packet type 15", V311, b"\xF0\0"),
    ("sends packet type 0", BOTH, b"\0\0"),
    ("sends an impossible length", BOTH, b"\x30\xFF\xFF\xFF\xFF\x01"),
    ("announces 256 MiB and sends nothing", BOTH, b"\x30\xFF\xFF\xFF\x7F"),
    ("publishes with quality of service 3", BOTH, b"\x36\x07\0\x01t\0\x01\0x"),
    ("publishes with packet id 0", BOTH, b"\x32\x07\0\x01t\0\0\0x"),
    ("publishes without a packet id", BOTH, b"\x32\x03\0\x01t"),
    ("repeats with quality of service 0", BOTH, b"\x38\x05\0\x01t\0x"),
    ("publishes to no topic", BOTH, b"\x30\x03\0\0\0"),
    ("publishes to a topic longer than the packet", BOTH, b"\x30\x02\0\x05"),
    ("publishes to a wildcard", BOTH, b"\x30\x05\0\x02a#\0"),
    ("publishes to a topic in Latin-1", BOTH, b"\x30\x04\0\x01\xFC\0"),
    ("publishes to a topic with a null character", BOTH, b"\x30\x04\0\x01\0\0"),
    ("publishes a surrogate", BOTH, b"\x30\x06\0\x03\xED\xA0\x80\0"),
    ("publishes nothing", BOTH, b"\x30\0"),
    ("publishes without properties", V5, b"\x30\x03\0\x01t"),
    ("publishes with an alias of 0", V5, b"\x30\x07\0\x01t\x03\x23\0\0"),
    ("publishes with an alias that was not allowed", V5, b"\x30\x07\0\x01t\x03\x23\0\x01"),
    ("publishes with an alias only", V5, b"\x30\x06\0\0\x03\x23\0\x01"),
    ("publishes with a property of CONNACK", V5, b"\x30\x07\0\x01t\x03\x21\0\x01"),
    ("publishes with an unknown property", V5, b"\x30\x06\0\x01t\x02\x04\0"),
    ("publishes with a property twice", V5, b"\x30\x08\0\x01t\x04\x01\x01\x01\x01"),
    ("publishes with a format of 2", V5, b"\x30\x06\0\x01t\x02\x01\x02"),
    ("publishes with subscription identifier 0", V5, b"\x30\x06\0\x01t\x02\x0B\0"),
    ("publishes with properties longer than the packet", V5, b"\x30\x05\0\x01t\x7F\x01"),
    ("publishes with a user property that is cut short", V5, b"\x30\x08\0\x01t\x04\x26\0\x05k"),
    ("publishes with a content type in Latin-1", V5, b"\x30\x08\0\x01t\x04\x03\0\x01\xFC"),
    ("sends noise", BOTH, b"\xDE\xAD\xBE\xEF\xDE\xAD\xBE\xEF"),
];

/// The misbehaviours of a list, one version each, and what comes of them: a line each.
fn lines(list: &[Misbehaviour], of: impl Fn(Version, &'static [u8]) -> String) -> String {
    let mut text = String::new();
    for (name, versions, bytes) in list {
        for version in *versions {
            writeln!(text, "{name} ({version}): {}", of(*version, bytes)).unwrap();
        }
    }
    text
}

#[test]
fn at_connect_each_misbehaviour_has_its_name() {
    let text = lines(AT_CONNECT, |version, bytes| {
        with_sockets(async {
            let start = Instant::now();
            let (result, mut peer) = answered_with(bytes, &request(version)).await;
            assert!(start.elapsed() < 20 * TIMEOUT, "{:?}", start.elapsed());
            let failure = result.unwrap_err();
            // Whatever it was, the connection is given up.
            let _ = peer.0.read(&mut [0; 64]).await;
            failure.to_string()
        })
    });
    insta::assert_snapshot!(text);
}

#[test]
fn after_connack_each_misbehaviour_has_its_name() {
    let text = lines(AFTER, |version, bytes| {
        with_sockets(async {
            let (mut session, mut peer) = open(&request(version)).await;
            let mut seen = Seen::default();
            open_three(&mut session, &mut seen).await;
            peer.send(bytes).await;
            let start = Instant::now();
            let ended = session.drive(Until::Idle, Some(start + SECOND), &mut seen).await;
            assert!(start.elapsed() < SECOND, "{:?}", start.elapsed());
            assert_eq!(seen.tags(), [1, 2, 3], "each request ends once");
            outcome(&ended, &seen)
        })
    });
    assert!(text.lines().count() >= 40);
    insta::assert_snapshot!(text);
}

/// A message of QoS 1, one of QoS 2 and a subscription, written.
async fn open_three(session: &mut Tcp, seen: &mut Seen) {
    for (tag, qos) in [(1, Qos::AtLeastOnce), (2, Qos::ExactlyOnce)] {
        let message = Message { topic: b"t", payload: b"x", qos, retain: false, properties: &[] };
        session.publish(&message, ticket(tag, TIMEOUT)).unwrap();
    }
    session.subscribe(&[Filter::new("t", Qos::ExactlyOnce)], ticket(3, TIMEOUT)).unwrap();
    session.drive(Until::Written, None, seen).await.unwrap();
}

/// The loss of the connection, or how each request went; what was noted.
fn outcome(ended: &Result<bool, Failure>, seen: &Seen) -> String {
    let mut text = if let Err(failure) = ended {
        let with_it = seen.completed.iter().filter(|(_, result)| *result == Err(*failure)).count();
        format!("{failure} [{with_it} of 3 with it]")
    } else {
        let texts = seen.completed.iter().map(|(tag, result)| match result {
            Ok(()) => format!("{tag} ok"),
            Err(failure) => format!("{tag} {failure}"),
        });
        texts.collect::<Vec<_>>().join(", ")
    };
    for noted in &seen.unexpected {
        write!(text, "; noted: {noted}").unwrap();
    }
    text
}

/// Runs with both versions.
fn with_both<T: Future<Output = ()>>(test: impl Fn(Version) -> T) {
    for version in [Version::V311, Version::V5] {
        with_sockets(test(version));
    }
}

fn publish_header(version: Version, first: u8, id: Option<u16>, payload: usize) -> Vec<u8> {
    let mut body = vec![0, 1, b't'];
    body.extend(id.iter().flat_map(|id| id.to_be_bytes()));
    if version == Version::V5 {
        body.push(0);
    }
    let mut bytes = vec![first];
    mqtt_scenario::mqtt::property::put_varint(&mut bytes, body.len() + payload);
    bytes.extend(body);
    bytes
}

#[test]
fn a_packet_larger_than_the_client_takes_is_refused_by_its_header() {
    with_both(|version| async move {
        let settings = Settings { max_packet_bytes: 1000, ..request(version).settings };
        let (mut session, mut peer) = open(&ConnectRequest { settings, ..request(version) }).await;
        let mut seen = Seen::default();
        open_three(&mut session, &mut seen).await;
        // 990 bytes are taken in, whole.
        let header = publish_header(version, 0x30, None, 980);
        peer.send(&header).await;
        peer.send(&[b'x'; 980]).await;
        peer.send(&publish_header(version, 0x30, None, 1000)).await;
        let failure = session.drive(Until::Deadline, None, &mut seen).await.unwrap_err();
        assert_eq!(failure, Failure::Protocol("packet larger than the client takes"));
        assert_eq!(seen.received.len(), 1);
        assert_eq!(seen.tags(), [1, 2, 3]);
    });
}

#[test]
fn a_connection_that_closes_in_the_middle_of_a_packet_is_lost() {
    with_both(|version| async move {
        let (mut session, mut peer) = open(&request(version)).await;
        let mut seen = Seen::default();
        open_three(&mut session, &mut seen).await;
        peer.send(&publish_header(version, 0x30, None, 1000)).await;
        peer.0.shutdown().await.unwrap();
        let failure = session.drive(Until::Idle, None, &mut seen).await.unwrap_err();
        assert_eq!(failure, Failure::Closed);
        assert_eq!(seen.tags(), [1, 2, 3]);
    });
}

/// The connection stands, but nobody is there any more.
#[test]
fn a_half_open_connection_is_found_by_its_keep_alive() {
    with_both(|version| async move {
        let request = ConnectRequest { keep_alive_s: 1, ..request(version) };
        let (mut session, _peer) = open(&request).await;
        let mut seen = Seen::default();
        let start = Instant::now();
        let failure = session.drive(Until::Deadline, None, &mut seen).await.unwrap_err();
        assert_eq!(failure, Failure::AckTimeout(Ack::Pingresp, SECOND));
        assert!(start.elapsed() < 8 * SECOND);
    });
}

#[test]
fn a_broker_that_stops_reading_fails_messages_in_their_time() {
    with_both(|version| async move {
        let (mut session, _peer) = open(&request(version)).await;
        let mut seen = Seen::default();
        let payload = vec![b'x'; 32 << 20];
        for (tag, qos) in [(1, Qos::AtMostOnce), (2, Qos::AtLeastOnce)] {
            let message = Message { topic: b"t", payload: &payload, qos, retain: false, properties: &[] };
            session.publish(&message, ticket(tag, TIMEOUT)).unwrap();
        }
        let start = Instant::now();
        assert!(session.drive(Until::Idle, Some(start + 5 * SECOND), &mut seen).await.unwrap());
        assert!(start.elapsed() < 5 * SECOND);
        let mut completed = seen.take();
        completed.sort_by_key(|(tag, _)| *tag);
        let expected = [Failure::WriteTimeout(TIMEOUT), Failure::AckTimeout(Ack::Puback, TIMEOUT)];
        assert_eq!(completed, [(1, Err(expected[0])), (2, Err(expected[1]))]);
    });
}

/// Its acknowledgements pile up on our side: a broker has at most so many packet ids.
#[test]
fn a_broker_that_sends_without_reading_is_given_up() {
    with_both(|version| async move {
        let (mut session, peer) = open(&request(version)).await;
        let (reader, mut writer) = peer.0.into_split();
        let mut seen = Counted::default();
        let mut packets = Vec::new();
        for id in 1..=u16::MAX {
            packets.extend(publish_header(version, 0x34, Some(id), 0));
        }
        let flood = async { while writer.write_all(&packets).await.is_ok() {} };
        let start = Instant::now();
        let drive = session.drive(Until::Deadline, Some(start + 100 * SECOND), &mut seen);
        let failure = tokio::select! {
            () = flood => panic!("the client has closed, without a word"),
            failure = drive => failure.unwrap_err(),
        };
        let text = failure.to_string();
        assert_eq!(
            text,
            "protocol error by the broker: sends messages without reading their acknowledgements"
        );
        assert!(session.backlog() < 4 << 20, "{}", session.backlog());
        assert_eq!(seen.0, 65_535, "each message once");
        drop(reader);
    });
}

/// Counts messages and keeps nothing.
#[derive(Default)]
struct Counted(u64);

impl mqtt_scenario::client::Sink for Counted {
    fn completed(&mut self, _: mqtt_scenario::client::Completion) {}

    fn received(&mut self, _: mqtt_scenario::client::Incoming<'_>, _: Instant) {
        self.0 += 1;
    }

    fn unexpected(&mut self, _: &'static str) {}
}

#[test]
fn a_broker_that_exceeds_the_receive_maximum_is_given_up() {
    with_sockets(async {
        let settings = Settings { receive_maximum: 3, ..request(Version::V5).settings };
        let (mut session, mut peer) = open(&ConnectRequest { settings, ..request(Version::V5) }).await;
        let mut seen = Seen::default();
        for id in 1..=4 {
            peer.send(&publish_header(Version::V5, 0x34, Some(id), 0)).await;
        }
        let failure = session.drive(Until::Deadline, None, &mut seen).await.unwrap_err();
        assert_eq!(failure, Failure::Protocol("more QoS 2 messages than the receive maximum"));
    });
}

#[test]
fn aliases_out_of_range_or_made_up_end_the_connection() {
    with_sockets(async {
        let settings = Settings { topic_alias: true, ..request(Version::V5).settings };
        for (bytes, what) in [
            (&b"\x30\x07\0\x01t\x03\x23\xFF\xFF"[..], "topic alias above the maximum"),
            (b"\x30\x06\0\0\x03\x23\0\x05", "topic alias that was not given"),
        ] {
            let (mut session, mut peer) = open(&ConnectRequest { settings, ..request(Version::V5) }).await;
            peer.send(bytes).await;
            let failure = session.drive(Until::Deadline, None, &mut Seen::default()).await.unwrap_err();
            assert_eq!(failure, Failure::Protocol(what));
        }
    });
}

/// Rows of the statistics are named by what a broker says, so it may not say something else each time. What is kept of
/// that is bounded in a process, so this test, which fills it, has a process of its own.
#[test]
fn reasons_that_are_never_the_same_do_not_make_endless_rows() {
    const ALONE: &str = "MQTT_SCENARIO_TEST_ALONE";
    if std::env::var_os(ALONE).is_none() {
        let name = format!(
            "{}::reasons_that_are_never_the_same_do_not_make_endless_rows",
            module_path!().split_once("::").unwrap().1
        );
        let mut alone = std::process::Command::new(std::env::current_exe().unwrap());
        let output = alone.args([&name, "--exact"]).env(ALONE, "").output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("1 passed"), "{said}");
        return;
    }
    with_sockets(async {
        let (mut session, mut peer) = open(&request(Version::V5)).await;
        let mut seen = Seen::default();
        let mut texts = std::collections::BTreeSet::new();
        for tag in 0..1000_u32 {
            let message =
                Message { topic: b"t", payload: b"", qos: Qos::AtLeastOnce, retain: false, properties: &[] };
            let key = session.publish(&message, ticket(tag, MINUTE)).unwrap();
            let mqtt_scenario::client::Key::Packet(id) = key else { panic!("no id") };
            let [high, low] = id.to_be_bytes();
            let reason = format!("{tag:08}");
            let mut bytes = vec![0x40, 15, high, low, 0x97, 11, 0x1F, 0, 8];
            bytes.extend(reason.as_bytes());
            peer.send(&bytes).await;
            session.drive(Until::Done(key), None, &mut seen).await.unwrap();
            texts.insert(seen.take()[0].1.unwrap_err().to_string());
        }
        assert!(texts.len() <= 257, "{}", texts.len());
        assert!(texts.contains("PUBACK: Quota exceeded (0x97)"));
    });
}

#[test]
fn a_slow_trickle_does_not_hold_requests_up() {
    with_both(|version| async move {
        let (mut session, mut peer) = open(&request(version)).await;
        let mut seen = Seen::default();
        open_three(&mut session, &mut seen).await;
        let start = Instant::now();
        let trickle = async {
            peer.send(&publish_header(version, 0x30, None, 100_000)).await;
            loop {
                peer.send(b"x").await;
                sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::select! {
            () = trickle => {}
            settled = session.drive(Until::Idle, None, &mut seen) => assert!(settled.unwrap()),
        }
        assert!(start.elapsed() < 20 * TIMEOUT);
        assert_eq!(seen.tags(), [1, 2, 3]);
    });
}

/// Nearly right packets, of both versions.
const PACKETS: &[&[u8]] = &[
    b"\x20\x03\0\0\0",
    b"\x40\x02\0\x01",
    b"\x40\x08\0\x01\x97\x04\x1F\0\x01x",
    b"\x50\x02\0\x02",
    b"\x70\x02\0\x02",
    b"\x62\x02\0\x07",
    b"\x90\x04\0\x03\0\x01",
    b"\x30\x06\0\x01t\0hi",
    b"\x34\x12\0\x01t\0\x07\x0B\x23\0\x05\x26\0\x01k\0\x01vhi",
    b"\xD0\0",
    b"\xE0\x09\x9D\x07\x1C\0\x04next",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// Whatever comes, each request ends once, in time.
    #[test]
    fn random_and_mutated_bytes_end_each_request_once(
        v5: bool,
        noise in vec(any::<u8>(), 0..40),
        packets in vec(any::<Index>(), 0..8),
        wrong in vec((any::<Index>(), any::<u8>()), 0..4),
        connects: bool,
    ) {
        let version = if v5 { Version::V5 } else { Version::V311 };
        let mut bytes: Vec<u8> = packets.iter().flat_map(|pick| *pick.get(PACKETS)).copied().collect();
        bytes.extend(noise);
        for (place, byte) in wrong {
            if !bytes.is_empty() {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
        }
        let timeout = Duration::from_millis(20);
        with_sockets(async {
            if connects {
                let (listener, connector) = listen().await;
                let request = ConnectRequest { timeout, ..request(version) };
                let start = Instant::now();
                let (result, _peer) = tokio::join!(connector.connect(&request), async {
                    let mut peer = accept(&listener).await;
                    peer.packet().await;
                    let _ = peer.0.write_all(&bytes).await;
                    peer
                });
                drop(result);
                assert!(start.elapsed() < 10 * SECOND);
                return;
            }
            let (mut session, mut peer) = open(&request(version)).await;
            let mut seen = Seen::default();
            for (tag, qos) in [(1, Qos::AtLeastOnce), (2, Qos::ExactlyOnce)] {
                let message = Message { topic: b"t", payload: b"x", qos, retain: false, properties: &[] };
                session.publish(&message, ticket(tag, timeout)).unwrap();
            }
            session.subscribe(&[Filter::new("t", Qos::ExactlyOnce)], ticket(3, timeout)).unwrap();
            session.drive(Until::Written, None, &mut seen).await.unwrap();
            let _ = peer.0.write_all(&bytes).await;
            let start = Instant::now();
            let _ = session.drive(Until::Idle, Some(start + 10 * SECOND), &mut seen).await;
            assert!(start.elapsed() < 10 * SECOND);
            assert_eq!(seen.tags(), [1, 2, 3]);
        });
    }
}
