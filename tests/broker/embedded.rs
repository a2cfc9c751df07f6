//! The embedded broker, seen from a socket.
//!
//! Every packet here is bytes written by hand after the standard: the broker and our client share a codec,
//! which cannot be its own witness.

use mqtt_scenario::broker::counters::Counters;
use mqtt_scenario::broker::faults::{FaultOption, Faults, HELD, OPTIONS};
use mqtt_scenario::broker::{Broker, BrokerConfig, BrokerError, QueueLimit};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;
use tokio::time::Instant;

use crate::support::ScenarioDir;

const PATIENCE: Duration = Duration::from_secs(10);
const MOMENT: Duration = Duration::from_millis(60);

const PINGREQ: [u8; 2] = [0xC0, 0];
const PINGRESP: [u8; 2] = [0xD0, 0];
const DISCONNECT: [u8; 2] = [0xE0, 0];
const CONNACK: [u8; 4] = [0x20, 2, 0, 0];
const CONNACK_PRESENT: [u8; 4] = [0x20, 2, 1, 0];

fn start(query: &str) -> Broker {
    let faults = Faults::from_query(query).unwrap();
    Broker::start(BrokerConfig { faults, ..BrokerConfig::default() }).unwrap()
}

/// A packet: its first byte, the length, the parts.
fn packet(first: u8, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let mut bytes = vec![first];
    let mut length = body.len();
    loop {
        let more = if length > 127 { 0x80 } else { 0 };
        bytes.push(u8::try_from(length & 0x7F).unwrap() | more);
        length >>= 7;
        if length == 0 {
            break;
        }
    }
    bytes.extend(body);
    bytes
}

fn text(text: &str) -> Vec<u8> {
    [&u16::try_from(text.len()).unwrap().to_be_bytes()[..], text.as_bytes()].concat()
}

/// `rest`: will topic and will message, if `flags` has them.
fn connect_packet(level: u8, id: &str, flags: u8, keep_alive: u8, rest: &[u8]) -> Vec<u8> {
    let properties: &[u8] = if level == 5 { &[0] } else { &[] };
    packet(0x10, &[&text("MQTT"), &[level, flags, 0, keep_alive], properties, &text(id), rest])
}

fn subscribe_packet(pkid: u8, filter: &str, qos: u8) -> Vec<u8> {
    packet(0x82, &[&[0, pkid], &text(filter), &[qos]])
}

/// `flags`: retain 1, quality of service 2 or 4, dup 8.
fn publish_packet(flags: u8, topic: &str, pkid: u8, payload: &[u8]) -> Vec<u8> {
    let pkid: &[u8] = if flags & 6 == 0 { &[] } else { &[0, pkid] };
    packet(0x30 | flags, &[&text(topic), pkid, payload])
}

fn puback(pkid: u8) -> [u8; 4] {
    [0x40, 2, 0, pkid]
}

fn pubrec(pkid: u8) -> [u8; 4] {
    [0x50, 2, 0, pkid]
}

fn pubrel(pkid: u8) -> [u8; 4] {
    [0x62, 2, 0, pkid]
}

fn pubcomp(pkid: u8) -> [u8; 4] {
    [0x70, 2, 0, pkid]
}

/// One socket, read and written in bytes.
struct Peer(TcpStream);

impl Peer {
    fn raw(broker: &Broker) -> Self {
        let stream = TcpStream::connect(broker.addr()).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self(stream)
    }

    /// Connected with a clean session.
    fn new(broker: &Broker, id: &str) -> Self {
        let mut peer = Self::raw(broker);
        peer.ask(&connect_packet(4, id, 2, 0, &[]), &CONNACK);
        peer
    }

    /// Connected with a session that stays.
    fn persistent(broker: &Broker, id: &str, present: bool) -> Self {
        let mut peer = Self::raw(broker);
        peer.ask(&connect_packet(4, id, 0, 0, &[]), if present { &CONNACK_PRESENT } else { &CONNACK });
        peer
    }

    fn subscribed(broker: &Broker, id: &str, filter: &str, qos: u8) -> Self {
        let mut peer = Self::new(broker, id);
        peer.subscribe(filter, qos);
        peer
    }

    fn subscribe(&mut self, filter: &str, qos: u8) {
        self.ask(&subscribe_packet(9, filter, qos), &[0x90, 3, 0, 9, qos]);
    }

    fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).unwrap();
    }

    #[track_caller]
    fn expect(&mut self, bytes: &[u8]) {
        let mut got = vec![0; bytes.len()];
        if let Err(error) = self.0.read_exact(&mut got) {
            panic!("expected {bytes:02x?}, got {error}");
        }
        assert_eq!(got, bytes, "got {got:02x?}, expected {bytes:02x?}");
    }

    #[track_caller]
    fn ask(&mut self, bytes: &[u8], answer: &[u8]) {
        self.send(bytes);
        self.expect(answer);
    }

    #[track_caller]
    fn ping(&mut self) {
        self.ask(&PINGREQ, &PINGRESP);
    }

    /// Nothing arrives for a moment.
    #[track_caller]
    fn silent(&mut self) {
        self.0.set_read_timeout(Some(MOMENT)).unwrap();
        let mut byte = [0];
        match self.0.read(&mut byte) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            other => panic!("expected silence, got {other:?} {byte:02x?}"),
        }
        self.0.set_read_timeout(Some(PATIENCE)).unwrap();
    }

    /// The broker closes the connection and says nothing more.
    #[track_caller]
    fn closed(&mut self) {
        let mut rest = Vec::new();
        match self.0.read_to_end(&mut rest) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            Err(error) => panic!("not closed: {error}"),
        }
        assert!(rest.is_empty(), "{rest:02x?}");
    }
}

#[test]
fn each_quality_of_service_goes_both_ways() {
    let broker = start("");
    let mut sub = Peer::subscribed(&broker, "sub", "t", 2);
    let mut publisher = Peer::new(&broker, "pub");

    publisher.send(&publish_packet(0, "t", 0, b"zero"));
    sub.expect(&publish_packet(0, "t", 0, b"zero"));

    publisher.ask(&publish_packet(2, "t", 7, b"one"), &puback(7));
    sub.expect(&publish_packet(2, "t", 1, b"one"));
    sub.send(&puback(1));

    publisher.ask(&publish_packet(4, "t", 8, b"two"), &pubrec(8));
    publisher.ask(&pubrel(8), &pubcomp(8));
    sub.expect(&publish_packet(4, "t", 1, b"two"));
    sub.ask(&pubrec(1), &pubrel(1));
    sub.send(&pubcomp(1));
    sub.ping();

    let expected = Counters {
        connections: 2,
        sessions: 2,
        publishes: [1, 1, 1],
        acks: 3,
        forwarded: 3,
        ..Counters::default()
    };
    assert_eq!(broker.stop(), expected);
}

#[test]
fn the_lower_quality_of_service_wins() {
    let broker = start("");
    let mut sub = Peer::subscribed(&broker, "sub", "t", 1);
    let mut publisher = Peer::new(&broker, "pub");
    publisher.ask(&publish_packet(4, "t", 8, b"x"), &pubrec(8));
    sub.expect(&publish_packet(2, "t", 1, b"x"));
    publisher.send(&publish_packet(0, "t", 0, b"y"));
    sub.expect(&publish_packet(0, "t", 0, b"y"));
}

#[test]
fn a_message_of_quality_2_sent_again_is_not_forwarded_again() {
    let broker = start("");
    let mut sub = Peer::subscribed(&broker, "sub", "t", 0);
    let mut publisher = Peer::new(&broker, "pub");
    publisher.ask(&publish_packet(4, "t", 8, b"x"), &pubrec(8));
    publisher.ask(&publish_packet(4 | 8, "t", 8, b"x"), &pubrec(8));
    publisher.ask(&pubrel(8), &pubcomp(8));
    // Released: the id is free for the next message.
    publisher.ask(&publish_packet(4, "t", 8, b"y"), &pubrec(8));
    sub.expect(&publish_packet(0, "t", 0, b"x"));
    sub.expect(&publish_packet(0, "t", 0, b"y"));
    sub.silent();
    let counters = broker.counters();
    assert_eq!((counters.publishes[2], counters.duplicates, counters.forwarded), (3, 1, 2));
}

#[test]
fn wildcards_match_and_unsubscribing_ends_it() {
    let broker = start("");
    let mut sub = Peer::subscribed(&broker, "sub", "a/+/c", 0);
    sub.subscribe("z/#", 0);
    let mut publisher = Peer::new(&broker, "pub");
    for topic in ["a/b/c", "a/b", "a/b/c/d", "z", "z/1/2", "$SYS/x"] {
        publisher.send(&publish_packet(0, topic, 0, b""));
    }
    for topic in ["a/b/c", "z", "z/1/2"] {
        sub.expect(&publish_packet(0, topic, 0, b""));
    }
    sub.ask(&packet(0xA2, &[&[0, 5], &text("z/#"), &text("never")]), &[0xB0, 2, 0, 5]);
    publisher.send(&publish_packet(0, "z/1", 0, b""));
    publisher.ping();
    sub.silent();
    // A filter that cannot be is refused, the others of the packet are not.
    let both = packet(0x82, &[&[0, 6], &text("a/#/b"), &[0], &text("ok"), &[1]]);
    sub.ask(&both, &[0x90, 4, 0, 6, 0x80, 1]);
    let deep = "/".repeat(10_000);
    sub.ask(&subscribe_packet(7, &deep, 0), &[0x90, 3, 0, 7, 0x80]);
}

#[test]
fn a_retained_message_waits_for_subscribers() {
    let broker = start("");
    let mut publisher = Peer::new(&broker, "pub");
    publisher.ask(&publish_packet(2 | 1, "r/1", 1, b"kept"), &puback(1));
    // The flag says "from before": live subscribers do not see it.
    let mut sub = Peer::new(&broker, "sub");
    sub.send(&subscribe_packet(1, "r/+", 1));
    let mut answers = vec![0; 5 + publish_packet(3, "r/1", 1, b"kept").len()];
    sub.0.read_exact(&mut answers).unwrap();
    let (suback, retained) = ([0x90, 3, 0, 1, 1], publish_packet(3, "r/1", 1, b"kept"));
    assert!(answers == [&suback[..], &retained].concat() || answers == [&retained[..], &suback].concat());
    publisher.ask(&publish_packet(2 | 1, "r/1", 2, b"new"), &puback(2));
    sub.expect(&publish_packet(2, "r/1", 2, b"new"));
    // Cleared by an empty payload.
    publisher.ask(&publish_packet(2 | 1, "r/1", 3, b""), &puback(3));
    let mut late = Peer::subscribed(&broker, "late", "r/1", 1);
    late.silent();
}

#[test]
fn a_will_is_published_unless_the_client_says_goodbye() {
    let broker = start("");
    let mut sub = Peer::subscribed(&broker, "sub", "gone/#", 1);
    // Flags: clean, will, will quality 1, will retained.
    let rest = [text("gone/a"), text("bye")].concat();
    let connect = connect_packet(4, "a", 2 | 4 | 8 | 32, 0, &rest);
    let mut polite = Peer::raw(&broker);
    polite.ask(&connect, &CONNACK);
    polite.send(&DISCONNECT);
    polite.closed();
    sub.silent();
    let mut lost = Peer::raw(&broker);
    lost.ask(&connect, &CONNACK);
    drop(lost);
    sub.expect(&publish_packet(2, "gone/a", 1, b"bye"));
    // It was a retained one.
    let mut late = Peer::new(&broker, "late");
    late.send(&subscribe_packet(1, "gone/a", 0));
    let mut answers = vec![0; 5 + publish_packet(1, "gone/a", 0, b"bye").len()];
    late.0.read_exact(&mut answers).unwrap();
    assert!(answers.windows(3).any(|window| window == b"bye"));
}

#[test]
fn a_second_connection_takes_the_session_over() {
    let broker = start("");
    let mut sub = Peer::subscribed(&broker, "sub", "gone", 0);
    let mut first = Peer::raw(&broker);
    let rest = [text("gone"), text("bye")].concat();
    first.ask(&connect_packet(4, "same", 2 | 4, 0, &rest), &CONNACK);
    let mut second = Peer::subscribed(&broker, "same", "t", 0);
    first.closed();
    sub.expect(&publish_packet(0, "gone", 0, b"bye"));
    sub.send(&publish_packet(0, "t", 0, b"x"));
    second.expect(&publish_packet(0, "t", 0, b"x"));
}

#[test]
fn a_session_that_stays_keeps_what_was_missed_and_what_was_not_acknowledged() {
    let broker = start("");
    let mut publisher = Peer::new(&broker, "pub");
    let mut sub = Peer::persistent(&broker, "stays", false);
    sub.subscribe("t", 2);
    publisher.ask(&publish_packet(2, "t", 1, b"a"), &puback(1));
    publisher.ask(&publish_packet(4, "t", 2, b"b"), &pubrec(2));
    publisher.ask(&publish_packet(2, "t", 3, b"c"), &puback(3));
    sub.expect(&publish_packet(2, "t", 1, b"a"));
    sub.expect(&publish_packet(4, "t", 2, b"b"));
    sub.expect(&publish_packet(2, "t", 3, b"c"));
    sub.ask(&pubrec(2), &pubrel(2));
    sub.send(&puback(1));
    sub.ping();
    sub.send(&DISCONNECT);
    sub.closed();
    publisher.ask(&publish_packet(0, "t", 0, b"not queued"), &[]);
    publisher.ask(&publish_packet(2, "t", 4, b"d"), &puback(4));
    // Back: the PUBREL and the third again, in the old order, then what was missed, with the free id.
    let mut sub = Peer::persistent(&broker, "stays", true);
    sub.expect(&pubrel(2));
    sub.expect(&publish_packet(2 | 8, "t", 3, b"c"));
    sub.expect(&publish_packet(2, "t", 1, b"d"));
    sub.send(&[pubcomp(2), puback(3), puback(1)].concat());
    sub.ping();
    drop(sub);
    // A clean session forgets it all.
    let mut clean = Peer::new(&broker, "stays");
    publisher.ask(&publish_packet(2, "t", 5, b"e"), &puback(5));
    clean.silent();
    drop(clean);
    Peer::persistent(&broker, "stays", false).silent();
}

/// MQTT-3.1.2-6: state of a clean session is of no other, not even if the other takes its place.
#[test]
fn a_session_that_stays_never_inherits_a_clean_one() {
    let broker = start("");
    let mut clean = Peer::subscribed(&broker, "x", "t", 1);
    let mut stays = Peer::persistent(&broker, "x", false);
    clean.closed();
    let mut publisher = Peer::new(&broker, "pub");
    publisher.ask(&publish_packet(2, "t", 1, b"x"), &puback(1));
    stays.silent();
    // It is a session of its own from then on, which a clean one ends.
    let mut stays = Peer::persistent(&broker, "x", true);
    stays.subscribe("t", 1);
    let _clean = Peer::new(&broker, "x");
    stays.closed();
    Peer::persistent(&broker, "x", false).ping();
}

#[test]
fn ids_of_quality_2_survive_the_connection() {
    let broker = start("");
    let mut sub = Peer::subscribed(&broker, "sub", "t", 0);
    let mut publisher = Peer::persistent(&broker, "pub", false);
    publisher.ask(&publish_packet(4, "t", 8, b"x"), &pubrec(8));
    drop(publisher);
    let mut publisher = Peer::persistent(&broker, "pub", true);
    publisher.ask(&publish_packet(4 | 8, "t", 8, b"x"), &pubrec(8));
    sub.expect(&publish_packet(0, "t", 0, b"x"));
    sub.silent();
}

#[test]
fn members_of_a_shared_group_take_turns() {
    let broker = start("");
    let mut members = ["a", "b"].map(|id| Peer::subscribed(&broker, id, "$share/g/t", 0));
    let mut publisher = Peer::new(&broker, "pub");
    for i in 0..4 {
        publisher.send(&publish_packet(0, "t", 0, &[i]));
    }
    for (first, member) in (0..).zip(&mut members) {
        member.expect(&publish_packet(0, "t", 0, &[first]));
        member.expect(&publish_packet(0, "t", 0, &[first + 2]));
        member.silent();
    }
    // Who has left is passed over.
    let [mut a, b] = members;
    drop(b);
    a.ping();
    for i in 4..8 {
        publisher.send(&publish_packet(0, "t", 0, &[i]));
        a.expect(&publish_packet(0, "t", 0, &[i]));
    }
}

#[test]
fn packets_may_come_byte_by_byte_or_all_at_once() {
    let broker = start("");
    let all = [
        &connect_packet(4, "slow", 2, 0, &[])[..],
        &subscribe_packet(9, "t", 0),
        &publish_packet(2, "t", 1, &[b'x'; 200]),
        &PINGREQ,
    ]
    .concat();
    let answers =
        [&CONNACK[..], &[0x90, 3, 0, 9, 0], &publish_packet(0, "t", 0, &[b'x'; 200]), &puback(1), &PINGRESP]
            .concat();
    let mut at_once = Peer::raw(&broker);
    at_once.send(&all);
    let mut got = vec![0; answers.len()];
    at_once.0.read_exact(&mut got).unwrap();
    // Answers and forwarded messages are separate streams of one connection; the CONNACK is always first.
    assert_eq!(got[..4], CONNACK);
    let (mut sorted, mut expected) = (got, answers);
    sorted.sort_unstable();
    expected.sort_unstable();
    assert_eq!(sorted, expected);
    drop(at_once);
    let mut by_byte = Peer::raw(&broker);
    for byte in &all {
        by_byte.send(&[*byte]);
    }
    by_byte.expect(&CONNACK);
    let mut rest = vec![0; expected.len() - 4];
    by_byte.0.read_exact(&mut rest).unwrap();
    assert!(rest.ends_with(&PINGRESP));
    assert_eq!(broker.counters().protocol_errors, 0);
}

#[test]
fn what_is_not_mqtt_closes_its_own_connection_only() {
    let broker = start("");
    let mut bystander = Peer::new(&broker, "bystander");
    let first_packets: [&[u8]; 16] = [
        b"GET / HTTP/1.1\r\n\r\n",
        &[0; 64],
        &[0xFF; 64],
        &PINGREQ,
        // A length of five bytes.
        &[0x10, 0xFF, 0xFF, 0xFF, 0xFF, 0x01],
        // Reserved connect flag.
        &connect_packet(4, "x", 3, 0, &[]),
        // Will quality of service 3; will flags without a will.
        &connect_packet(4, "x", 0b1_1110, 0, &[0, 1, b't', 0, 0]),
        &connect_packet(4, "x", 2 | 8, 0, &[]),
        // A will to a wildcard.
        &connect_packet(4, "x", 2 | 4, 0, &[0, 1, b'#', 0, 0]),
        // A password without a user name; a null character in client id, will topic and user name; bytes behind the end.
        &connect_packet(4, "x", 2 | 0x40, 0, &text("p")),
        &connect_packet(4, "a\0b", 2, 0, &[]),
        &connect_packet(4, "x", 2 | 4, 0, &[text("a\0"), text("")].concat()),
        &connect_packet(4, "x", 2 | 0x80, 0, &text("\0")),
        &connect_packet(4, "x", 2, 0, &[0]),
        // A will's flags without a will.
        &connect_packet(4, "x", 2 | 0x20, 0, &[]),
        // A client id longer than the packet.
        &[0x10, 12, 0, 4, b'M', b'Q', b'T', b'T', 4, 2, 0, 0, 0, 99],
    ];
    for bytes in first_packets {
        let mut peer = Peer::raw(&broker);
        peer.send(bytes);
        peer.closed();
    }
    let later_packets: [&[u8]; 28] = [
        // A second CONNECT; a server's packets; the reserved types.
        &connect_packet(4, "x", 2, 0, &[]),
        &CONNACK,
        &PINGRESP,
        &[0x00, 0],
        &[0xF0, 0],
        // Reserved flags.
        &[0x80, 0],
        &[0x60, 2, 0, 1],
        &[0xC1, 0],
        // PUBLISH: quality of service 3, id 0, no topic, a wildcard in the topic, not UTF-8, inner length.
        &publish_packet(6, "t", 1, b""),
        &publish_packet(2, "t", 0, b""),
        &publish_packet(0, "", 0, b""),
        &publish_packet(0, "a/+", 0, b""),
        &packet(0x30, &[&[0, 1, 0xFF]]),
        &packet(0x30, &[&[0xFF, 0xFF, b'x']]),
        // A message of quality 0 that was sent before; a null character.
        &publish_packet(8, "t", 0, b""),
        &publish_packet(0, "a\0", 0, b""),
        // SUBSCRIBE and UNSUBSCRIBE of nothing.
        &packet(0x82, &[&[0, 1]]),
        &packet(0xA2, &[&[0, 1]]),
        // Packet id 0, quality of service 3, reserved bits, null characters, no options.
        &subscribe_packet(0, "t", 0),
        &subscribe_packet(1, "t", 3),
        &subscribe_packet(1, "t", 4),
        &subscribe_packet(1, "a\0", 0),
        &packet(0x82, &[&[0, 1], &text("t")]),
        &packet(0xA2, &[&[0, 1], &text("a\0")]),
        &puback(0),
        // Bytes behind the end.
        &packet(0x40, &[&[0, 1, 0]]),
        &packet(0xC0, &[&[0]]),
        &packet(0xE0, &[&[0]]),
    ];
    for bytes in later_packets {
        let mut peer = Peer::new(&broker, "x");
        peer.send(bytes);
        peer.closed();
    }
    bystander.ping();
    let errors = first_packets.len() + later_packets.len();
    assert_eq!(broker.counters().protocol_errors, errors as u64);
}

#[test]
fn random_bytes_do_no_harm() {
    let broker = start("");
    let mut bystander = Peer::new(&broker, "bystander");
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_be_bytes()[0]
    };
    for level in [4, 5].into_iter().cycle().take(300) {
        let mut peer = Peer::raw(&broker);
        let mut bytes = connect_packet(level, "x", 2, 0, &[]);
        // A plausible type and length, then anything.
        let length = random() % 40;
        bytes.extend([random(), length]);
        bytes.extend((0..length).map(|_| random()));
        peer.send(&bytes);
        drop(peer);
    }
    bystander.ping();
    // Connections are accepted in their order: once this one is served, all were.
    Peer::new(&broker, "last").ping();
    assert_eq!(broker.counters().connections, 302);
}

#[test]
fn a_packet_beyond_the_limit_is_refused_by_its_length_alone() {
    let broker = Broker::start(BrokerConfig { max_packet_bytes: 1_000, ..BrokerConfig::default() }).unwrap();
    let mut peer = Peer::new(&broker, "x");
    peer.ask(&publish_packet(2, "t", 1, &[0; 995]), &puback(1));
    peer.send(&publish_packet(2, "t", 1, &[0; 996])[..4]);
    peer.closed();
}

#[test]
fn other_protocol_levels_are_refused_by_name() {
    let broker = start("");
    for bytes in
        [connect_packet(6, "x", 2, 0, &[]), packet(0x10, &[&text("MQIsdp"), &[3, 2, 0, 0], &text("x")])]
    {
        let mut peer = Peer::raw(&broker);
        peer.ask(&bytes, &[0x20, 2, 0, 1]);
        peer.closed();
    }
    // A session that stays needs a name.
    let mut peer = Peer::raw(&broker);
    peer.ask(&connect_packet(4, "", 0, 0, &[]), &[0x20, 2, 0, 2]);
    peer.closed();
    Peer::new(&broker, "").ping();
}

#[test]
fn a_silent_client_is_closed_after_one_and_a_half_keep_alives() {
    let broker = start("");
    let mut peer = Peer::raw(&broker);
    peer.ask(&connect_packet(4, "x", 2, 1, &[]), &CONNACK);
    peer.silent();
    let since = Instant::now();
    peer.ping();
    peer.closed();
    let silence = since.elapsed();
    assert!((Duration::from_millis(1_490)..PATIENCE).contains(&silence), "{silence:?}");
}

#[test]
fn who_does_not_read_costs_a_bounded_queue_and_nobody_else() {
    let queue = QueueLimit { messages: 100, bytes: usize::MAX };
    let broker = Broker::start(BrokerConfig { queue, ..BrokerConfig::default() }).unwrap();
    let deaf = Peer::subscribed(&broker, "deaf", "t", 0);
    let mut hearing = Peer::subscribed(&broker, "hearing", "u", 0);
    let mut publisher = Peer::new(&broker, "pub");
    // More than the kernel's buffers hold.
    let large = publish_packet(2, "t", 1, &vec![0; 30_000]);
    for _ in 0..1_000 {
        publisher.ask(&large, &puback(1));
    }
    publisher.send(&publish_packet(0, "u", 0, b"x"));
    hearing.expect(&publish_packet(0, "u", 0, b"x"));
    let counters = broker.counters();
    assert!(counters.dropped > 100, "{counters:?}");
    assert_eq!(counters.publishes[1], 1_000);
    drop(deaf);
}

#[test]
fn an_offline_queue_is_bounded() {
    let queue = QueueLimit { messages: 3, bytes: usize::MAX };
    let broker = Broker::start(BrokerConfig { queue, ..BrokerConfig::default() }).unwrap();
    let mut sub = Peer::persistent(&broker, "stays", false);
    sub.subscribe("t", 1);
    sub.send(&DISCONNECT);
    sub.closed();
    let mut publisher = Peer::new(&broker, "pub");
    for i in 0..5 {
        publisher.ask(&publish_packet(2, "t", 1, &[i]), &puback(1));
    }
    let mut sub = Peer::persistent(&broker, "stays", true);
    for i in 0..3 {
        sub.expect(&publish_packet(2, "t", i + 1, &[i]));
    }
    sub.silent();
    assert_eq!(broker.counters().dropped, 2);
}

#[test]
fn a_publish_finds_one_of_ten_thousand_topics() {
    let broker = start("");
    let mut sub = Peer::new(&broker, "sub");
    for chunk in 0..10 {
        let filters: Vec<u8> =
            (0..1_000).flat_map(|i| [text(&format!("d/{chunk}/{i}/cmd")), vec![0]].concat()).collect();
        let suback = packet(0x90, &[&[0, 1], &[0; 1_000]]);
        sub.ask(&packet(0x82, &[&[0, 1], &filters]), &suback);
    }
    let mut publisher = Peer::new(&broker, "pub");
    publisher.send(&publish_packet(0, "d/7/77/cmd", 0, b"x"));
    sub.expect(&publish_packet(0, "d/7/77/cmd", 0, b"x"));
    sub.silent();
}

#[test]
fn stopping_closes_every_connection_and_frees_the_port() {
    let broker = start("");
    let addr = broker.addr();
    let mut connected = Peer::subscribed(&broker, "a", "gone", 0);
    let mut with_will = Peer::raw(&broker);
    let rest = [text("gone"), text("bye")].concat();
    with_will.ask(&connect_packet(4, "b", 2 | 4, 0, &rest), &CONNACK);
    let mut half = Peer::raw(&broker);
    half.send(&[0x10]);
    connected.ping();
    assert_eq!(broker.stop().sessions, 2);
    connected.closed();
    with_will.closed();
    half.closed();
    assert_eq!(TcpStream::connect(addr).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    let again = Broker::start(BrokerConfig { bind: addr, ..BrokerConfig::default() }).unwrap();
    assert_eq!(again.addr(), addr);
    let taken = Broker::start(BrokerConfig { bind: addr, ..BrokerConfig::default() });
    assert!(matches!(taken, Err(BrokerError::Bind { address, .. }) if address == addr), "{taken:?}");
}

#[test]
fn the_documentation_has_every_option() {
    let text = std::fs::read_to_string("docs/transports.md").unwrap();
    let rows: Vec<&str> = text.lines().collect();
    for FaultOption { name, value, doc } in OPTIONS {
        let row = format!("| `{name}` | {value} | {doc} |");
        assert!(rows.contains(&&*row), "{row}");
    }
}

#[test]
fn planted_delay_holds_answers_back_in_order() {
    let broker = start("delay=80ms&jitter=40ms");
    let since = Instant::now();
    let mut peer = Peer::new(&broker, "x");
    let connected = since.elapsed();
    assert!((Duration::from_millis(80)..PATIENCE).contains(&connected), "{connected:?}");
    let since = Instant::now();
    let burst: Vec<u8> = (1..=50).flat_map(|pkid| publish_packet(2, "t", pkid, b"")).collect();
    let acks: Vec<u8> = (1..=50).flat_map(puback).collect();
    peer.ask(&burst, &acks);
    let answered = since.elapsed();
    assert!((Duration::from_millis(80)..Duration::from_secs(1)).contains(&answered), "{answered:?}");
}

#[test]
fn planted_loss_swallows_publishes() {
    let broker = start("loss=1");
    let mut peer = Peer::subscribed(&broker, "x", "t", 1);
    peer.send(&publish_packet(2, "t", 1, b"x"));
    peer.send(&publish_packet(4, "t", 2, b"x"));
    peer.silent();
    peer.ping();
    let counters = broker.counters();
    assert_eq!((counters.publishes, counters.lost, counters.acks, counters.forwarded), ([0, 1, 1], 2, 0, 0));
}

#[test]
fn faults_repeat_with_their_seed() {
    let acknowledged = |query| {
        let broker = start(query);
        let mut peer = Peer::new(&broker, "x");
        peer.send(&(1..=100).flat_map(|pkid| publish_packet(2, "t", pkid, b"")).collect::<Vec<_>>());
        peer.send(&DISCONNECT);
        let mut acks = Vec::new();
        peer.0.read_to_end(&mut acks).unwrap();
        assert_eq!(acks.len() as u64, 4 * (100 - broker.counters().lost));
        acks
    };
    let acks = acknowledged("loss=0.3&seed=1");
    assert!((40 * 4..95 * 4).contains(&acks.len()), "{}", acks.len());
    assert_eq!(acks, acknowledged("loss=0.3&seed=1"));
    assert_ne!(acks, acknowledged("loss=0.3&seed=2"));
}

#[test]
fn planted_repeats_double_acknowledgements_and_messages() {
    let broker = start("repeat=1");
    let mut sub = Peer::subscribed(&broker, "sub", "t", 1);
    let mut publisher = Peer::new(&broker, "pub");
    publisher.ask(&publish_packet(2, "t", 1, b"x"), &[puback(1), puback(1)].concat());
    sub.expect(&publish_packet(2, "t", 1, b"x"));
    sub.expect(&publish_packet(2, "t", 2, b"x"));
    sub.silent();
    let counters = broker.counters();
    assert_eq!((counters.repeated_acks, counters.repeated_deliveries, counters.forwarded), (1, 1, 2));
}

#[test]
fn a_planted_repeat_has_no_dup_flag_and_the_same_id_for_quality_2_alone() {
    for (qos, first, second) in [(0, 0, 0), (1, 1, 2), (2, 1, 1)] {
        let broker = start("repeat=1");
        let mut sub = Peer::subscribed(&broker, "sub", "t", qos);
        let mut publisher = Peer::new(&broker, "pub");
        publisher.send(&publish_packet(4, "t", 1, b"x"));
        sub.expect(&publish_packet(qos << 1, "t", first, b"x"));
        sub.expect(&publish_packet(qos << 1, "t", second, b"x"));
        sub.silent();
        let counters = broker.counters();
        assert_eq!((counters.repeated_deliveries, counters.forwarded), (1, 2), "quality {qos}");
    }
}

#[test]
fn planted_drops_are_acknowledged_and_take_no_packet_id() {
    for qos in [0, 1, 2] {
        let broker = start("drop=0.5&seed=3");
        let mut sub = Peer::subscribed(&broker, "sub", "t", qos);
        let mut publisher = Peer::new(&broker, "pub");
        for pkid in 1..=100 {
            publisher.ask(&publish_packet(2, "t", pkid, &[pkid]), &puback(pkid));
        }
        let counters = broker.counters();
        let (forwarded, dropped) = (counters.forwarded, counters.dropped_deliveries);
        assert_eq!(forwarded + dropped, 100);
        assert!((30..70).contains(&dropped), "{dropped}");
        assert_eq!((counters.dropped, counters.lost, counters.acks), (0, 0, 100));
        let mut last = 0;
        for pkid in 1..=u8::try_from(forwarded).unwrap() {
            let pkid = if qos == 0 { 0 } else { pkid };
            let mut got = publish_packet(qos.min(1) << 1, "t", pkid, &[0]);
            let (payload, head) = (got.len() - 1, got.clone());
            sub.0.read_exact(&mut got).unwrap();
            assert_eq!(got[..payload], head[..payload]);
            assert!(got[payload] > last, "{} after {last}", got[payload]);
            last = got[payload];
        }
        sub.silent();
    }
}

#[test]
fn planted_swaps_change_two_neighbours_and_let_the_last_one_go() {
    let broker = start("swap=1");
    let mut sub = Peer::subscribed(&broker, "sub", "t", 0);
    let mut publisher = Peer::new(&broker, "pub");
    let burst: Vec<u8> = (1..=5).flat_map(|n| publish_packet(0, "t", 0, &[n])).collect();
    let since = Instant::now();
    publisher.send(&burst);
    for n in [2, 1, 4, 3, 5] {
        sub.expect(&publish_packet(0, "t", 0, &[n]));
    }
    let waited = since.elapsed();
    assert!((HELD..PATIENCE).contains(&waited), "{waited:?}");
    let counters = broker.counters();
    assert_eq!((counters.swapped_deliveries, counters.forwarded), (2, 5));
    // One that is held back when the connection ends is kept if the session is.
    let mut stays = Peer::persistent(&broker, "stays", false);
    stays.subscribe("kept", 1);
    publisher.ask(&publish_packet(2, "kept", 1, b"x"), &puback(1));
    stays.ask(&DISCONNECT, &[]);
    stays.closed();
    let mut stays = Peer::persistent(&broker, "stays", true);
    stays.expect(&publish_packet(2, "kept", 1, b"x"));
    assert_eq!(broker.counters().swapped_deliveries, 2);
}

/// What a fault did is counted so exactly that it can be told from what arrived.
#[test]
fn drops_repeats_and_swaps_together_are_counted_exactly() {
    let broker = start("drop=0.1&repeat=0.1&swap=0.1&seed=11");
    let mut sub = Peer::subscribed(&broker, "sub", "t", 0);
    let mut publisher = Peer::new(&broker, "pub");
    for n in 1..=200 {
        publisher.ask(&publish_packet(2, "t", 1, &[n]), &puback(1));
    }
    // All there is: the last one may be held back for a while.
    sub.0.set_read_timeout(Some(HELD + MOMENT)).unwrap();
    let mut arrived = Vec::new();
    sub.0.read_to_end(&mut arrived).unwrap_err();
    let counters = broker.counters();
    assert_eq!(arrived.len() as u64, counters.forwarded * 6);
    let arrived: Vec<u8> = arrived.chunks(6).map(|packet| packet[5]).collect();
    let mut seen = arrived.clone();
    seen.dedup();
    let repeated = (arrived.len() - seen.len()) as u64;
    let swapped = seen.windows(2).filter(|pair| pair[1] < pair[0]).count() as u64;
    let dropped = (200 - seen.len()) as u64;
    assert_eq!(
        (dropped, repeated, swapped),
        (counters.dropped_deliveries, counters.repeated_deliveries, counters.swapped_deliveries)
    );
    for count in [dropped, repeated, swapped] {
        assert!((5..50).contains(&count), "{dropped} {repeated} {swapped}");
    }
}

#[test]
fn planted_refusal_answers_with_server_unavailable() {
    let broker = start("refuse=1");
    let mut peer = Peer::raw(&broker);
    peer.ask(&connect_packet(4, "x", 2, 0, &[]), &[0x20, 2, 0, 3]);
    peer.closed();
    let counters = broker.counters();
    assert_eq!((counters.refused, counters.sessions, counters.protocol_errors), (1, 0, 0));
}

#[test]
fn planted_stall_stops_every_answer_once() {
    let since = Instant::now();
    let broker = start("stall_after=3s&stall=2s");
    let mut peer = Peer::new(&broker, "x");
    peer.ping();
    assert!(since.elapsed() < Duration::from_secs(3), "this machine is too slow for the test");
    while since.elapsed() < Duration::from_millis(3_020) {
        peer.silent();
    }
    peer.ping();
    let second = since.elapsed();
    assert!((Duration::from_secs(5)..PATIENCE).contains(&second), "{second:?}");
    let after = Instant::now();
    peer.ping();
    assert!(after.elapsed() < Duration::from_millis(1_500));
}

#[test]
fn planted_silence_withholds_acknowledgements_of_publishes_alone() {
    let broker = start("never_ack");
    let mut sub = Peer::subscribed(&broker, "sub", "t", 0);
    let mut publisher = Peer::new(&broker, "pub");
    publisher.send(&publish_packet(2, "t", 1, b"x"));
    publisher.send(&publish_packet(4, "t", 2, b"y"));
    sub.expect(&publish_packet(0, "t", 0, b"x"));
    sub.expect(&publish_packet(0, "t", 0, b"y"));
    publisher.silent();
    publisher.ping();
    assert_eq!(broker.counters().withheld, 2);
}

/// MQTT 5, on the same port.
mod v5 {
    use super::*;

    /// CONNACK with "no subscription identifiers" as its only property.
    const CONNACK: [u8; 7] = [0x20, 5, 0, 0, 2, 41, 0];

    fn connect(broker: &Broker, id: &str, properties: &[u8], present: bool) -> Peer {
        let mut peer = Peer::raw(broker);
        let length = [u8::try_from(properties.len()).unwrap()];
        let flags = if present { 0 } else { 2 };
        peer.send(&packet(0x10, &[&text("MQTT"), &[5, flags, 0, 0], &length, properties, &text(id)]));
        let mut connack = CONNACK;
        connack[2] = u8::from(present);
        peer.expect(&connack);
        peer
    }

    fn subscribe(peer: &mut Peer, filter: &str, options: u8) {
        peer.ask(&packet(0x82, &[&[0, 9, 0], &text(filter), &[options]]), &[0x90, 4, 0, 9, 0, options & 3]);
    }

    fn publish(flags: u8, topic: &str, pkid: u8, properties: &[u8], payload: &[u8]) -> Vec<u8> {
        let pkid: &[u8] = if flags & 6 == 0 { &[] } else { &[0, pkid] };
        let length = [u8::try_from(properties.len()).unwrap()];
        packet(0x30 | flags, &[&text(topic), pkid, &length, properties, payload])
    }

    #[test]
    fn properties_pass_through_and_old_clients_get_none() {
        let broker = start("");
        let mut sub = connect(&broker, "sub", &[], false);
        subscribe(&mut sub, "t", 1);
        let mut old = Peer::subscribed(&broker, "old", "t", 0);
        let mut publisher = connect(&broker, "pub", &[], false);
        // Payload format, response topic, correlation data, user property, content type.
        let properties =
            [&[1, 1, 8][..], &text("r"), &[9, 0, 1, 7, 38], &text("k"), &text("v"), &[3], &text("json")]
                .concat();
        publisher.ask(&publish(2, "t", 1, &properties, b"x"), &[0x40, 2, 0, 1]);
        sub.expect(&publish(2, "t", 1, &properties, b"x"));
        old.expect(&publish_packet(0, "t", 0, b"x"));
    }

    #[test]
    fn reasons_are_given() {
        let broker = start("");
        let mut peer = connect(&broker, "x", &[], false);
        peer.ask(&publish(2, "nobody", 1, &[], b""), &[0x40, 4, 0, 1, 0x10, 0]);
        peer.ask(&publish(4, "nobody", 1, &[], b""), &[0x50, 4, 0, 1, 0x10, 0]);
        peer.ask(&packet(0x82, &[&[0, 9, 0], &text("a/#/b"), &[0]]), &[0x90, 4, 0, 9, 0, 0x8F]);
        peer.ask(&packet(0xA2, &[&[0, 9, 0], &text("never")]), &[0xB0, 4, 0, 9, 0, 0x11]);
        // Taken over.
        let _second = connect(&broker, "x", &[], false);
        peer.expect(&[0xE0, 2, 0x8E, 0]);
        peer.closed();
        // No name: the broker gives one.
        let mut peer = Peer::raw(&broker);
        peer.send(&connect_packet(5, "", 2, 0, &[]));
        peer.expect(&[&[0x20, 14, 0, 0, 11, 18][..], &text("auto-1"), &[41, 0]].concat());
    }

    /// What a client does wrong ends its connection, and DISCONNECT says by which reason code.
    #[test]
    fn each_mistake_ends_the_connection_by_its_reason() {
        const MALFORMED: u8 = 0x81;
        const PROTOCOL: u8 = 0x82;
        let broker = start("");
        let user = [&[38][..], &text("k"), &text("v")].concat();
        let filter = |options: u8, filter: &str| packet(0x82, &[&[0, 1, 0], &text(filter), &[options]]);
        let mistakes: &[(&str, u8, Vec<u8>)] = &[
            ("second CONNECT", PROTOCOL, connect_packet(5, "x", 2, 0, &[])),
            ("AUTH", PROTOCOL, vec![0xF0, 0]),
            ("a server's packet", PROTOCOL, vec![0xD0, 0]),
            ("reserved type", MALFORMED, vec![0, 0]),
            ("reserved flags", MALFORMED, vec![0xC1, 0]),
            ("quality 3", MALFORMED, publish(6, "t", 1, &[], b"")),
            ("dup of quality 0", MALFORMED, publish(8, "t", 0, &[], b"")),
            ("message with packet id 0", PROTOCOL, publish(2, "t", 0, &[], b"")),
            ("no topic", PROTOCOL, publish(0, "", 0, &[], b"")),
            ("wildcard in a topic", 0x90, publish(0, "a/+", 0, &[], b"")),
            ("null in a topic", MALFORMED, publish(0, "a\0", 0, &[], b"")),
            ("topic that is no text", MALFORMED, packet(0x30, &[&[0, 1, 0xFF, 0]])),
            ("alias", 0x94, publish(0, "t", 0, &[35, 0, 1], b"")),
            ("alias 0", PROTOCOL, publish(0, "t", 0, &[35, 0, 0], b"")),
            ("subscription identifier in a message", PROTOCOL, publish(0, "t", 0, &[11, 1], b"")),
            ("doubled property", PROTOCOL, publish(0, "t", 0, &[1, 1, 1, 1], b"")),
            ("property out of its range", PROTOCOL, publish(0, "t", 0, &[1, 2], b"")),
            ("foreign property", MALFORMED, publish(0, "t", 0, &[17, 0, 0, 0, 1], b"")),
            ("unknown property", MALFORMED, publish(0, "t", 0, &[99], b"")),
            ("property cut short", MALFORMED, publish(0, "t", 0, &[2, 0], b"")),
            ("null in a property", MALFORMED, publish(0, "t", 0, &[&[3][..], &text("\0")].concat(), b"")),
            ("null in a user property", MALFORMED, publish(0, "t", 0, &[&user[..6], &[0]].concat(), b"")),
            ("wildcard to answer to", PROTOCOL, publish(0, "t", 0, &[&[8][..], &text("#")].concat(), b"")),
            ("no filter", PROTOCOL, packet(0x82, &[&[0, 1, 0]])),
            ("subscription with packet id 0", PROTOCOL, packet(0x82, &[&[0, 0, 0], &text("t"), &[0]])),
            ("subscription of quality 3", PROTOCOL, filter(3, "t")),
            ("retain handling 3", PROTOCOL, filter(0x30, "t")),
            ("reserved bits", MALFORMED, filter(0x40, "t")),
            ("No Local, shared", PROTOCOL, filter(4, "$share/g/t")),
            ("null in a filter", MALFORMED, filter(0, "a\0")),
            ("subscription identifier", 0xA1, packet(0x82, &[&[0, 1, 2, 11, 1], &text("t"), &[0]])),
            ("nothing to unsubscribe", PROTOCOL, packet(0xA2, &[&[0, 1, 0]])),
            ("null to unsubscribe", MALFORMED, packet(0xA2, &[&[0, 1, 0], &text("\0")])),
            ("acknowledgement of packet 0", PROTOCOL, vec![0x40, 2, 0, 0]),
            ("acknowledgement with a foreign property", MALFORMED, vec![0x40, 6, 0, 1, 0, 2, 1, 1]),
            ("bytes behind an acknowledgement", MALFORMED, vec![0x40, 5, 0, 1, 0, 0, 0]),
            ("bytes in a ping", MALFORMED, vec![0xC0, 1, 0]),
            ("goodbye that prolongs a session", PROTOCOL, vec![0xE0, 7, 0, 5, 17, 0, 0, 0, 1]),
            ("goodbye with a foreign property", MALFORMED, vec![0xE0, 4, 0, 2, 1, 1]),
        ];
        for (what, reason, bytes) in mistakes {
            let mut peer = connect(&broker, "x", &[], false);
            peer.send(bytes);
            let mut answer = [0; 4];
            peer.0.read_exact(&mut answer).unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_eq!(answer, [0xE0, 2, *reason, 0], "{what}: {answer:02x?}");
            peer.closed();
        }
        assert_eq!(broker.counters().protocol_errors, mistakes.len() as u64);
        // Twice is right for a user property.
        let mut peer = connect(&broker, "x", &[], false);
        peer.ask(&publish(2, "t", 1, &[&user[..], &user].concat(), b""), &[0x40, 4, 0, 1, 0x10, 0]);
    }

    #[test]
    fn a_connect_that_is_none_is_refused_by_its_reason() {
        let broker = start("");
        let packet = |flags: u8, properties: &[u8], rest: &[u8]| {
            let length = [u8::try_from(properties.len()).unwrap()];
            packet(0x10, &[&text("MQTT"), &[5, flags, 0, 0], &length, properties, &text("x"), rest])
        };
        let will = |properties: &[u8], topic: &str| {
            [&[u8::try_from(properties.len()).unwrap()][..], properties, &text(topic), &text("")].concat()
        };
        for (what, reason, bytes) in [
            ("reserved flag", 0x81, packet(3, &[], &[])),
            ("will of quality 3", 0x81, packet(0b1_1110, &[], &will(&[], "t"))),
            ("null in a user name", 0x81, packet(0x82, &[], &text("\0"))),
            ("bytes behind the end", 0x81, packet(2, &[], &[0])),
            ("receive maximum 0", 0x82, packet(2, &[33, 0, 0], &[])),
            ("doubled property", 0x82, packet(2, &[33, 0, 1, 33, 0, 1], &[])),
            ("authentication data without a method", 0x82, packet(2, &[22, 0, 1, 7], &[])),
            ("foreign property", 0x81, packet(2, &[35, 0, 1], &[])),
            ("foreign property of a will", 0x81, packet(6, &[], &will(&[17, 0, 0, 0, 1], "t"))),
            ("will to a wildcard", 0x90, packet(6, &[], &will(&[], "#"))),
            ("authentication", 0x8C, packet(2, &[&[21][..], &text("SCRAM")].concat(), &[])),
        ] {
            let mut peer = Peer::raw(&broker);
            peer.send(&bytes);
            let mut answer = [0; 5];
            peer.0.read_exact(&mut answer).unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_eq!(answer, [0x20, 3, 0, reason, 0], "{what}: {answer:02x?}");
            peer.closed();
        }
        // A password needs no user name in MQTT 5, and has no need to be a text.
        let mut peer = Peer::raw(&broker);
        peer.ask(&packet(0x42, &[], &[0, 2, 0, 0xFF]), &CONNACK);
    }

    #[test]
    fn a_wills_expiry_begins_with_its_publication_and_arrives_in_whole_seconds() {
        let broker = start("");
        let mut watcher = connect(&broker, "watcher", &[], false);
        subscribe(&mut watcher, "will", 0);
        let will = [&[5, 2, 0, 0, 0, 2][..], &text("will"), &text("bye")].concat();
        let mut lost = Peer::raw(&broker);
        let connect_with_will = [&[5, 6, 0, 0, 0][..], &text("lost"), &will].concat();
        lost.ask(&packet(0x10, &[&text("MQTT"), &connect_with_will]), &CONNACK);
        watcher.0.set_read_timeout(Some(Duration::from_millis(1_200))).unwrap();
        assert!(watcher.0.read(&mut [0]).is_err(), "nothing is lost yet");
        watcher.0.set_read_timeout(Some(PATIENCE)).unwrap();
        drop(lost);
        watcher.expect(&publish(0, "will", 0, &[2, 0, 0, 0, 2], b"bye"));
        // Not rounded down: at once, it is as it was published.
        watcher.send(&publish(0, "will", 0, &[2, 0, 0, 0, 1], b"x"));
        watcher.expect(&publish(0, "will", 0, &[2, 0, 0, 0, 1], b"x"));
    }

    #[test]
    fn subscription_options_are_kept() {
        let broker = start("");
        let mut peer = connect(&broker, "x", &[], false);
        // No local; retain as published; retained messages never, and only for a new subscription.
        subscribe(&mut peer, "own", 4);
        subscribe(&mut peer, "kept/#", 8);
        peer.send(&publish(0, "own", 0, &[], b""));
        peer.send(&publish(1, "kept/1", 0, &[], b"x"));
        peer.expect(&publish(1, "kept/1", 0, &[], b"x"));
        subscribe(&mut peer, "kept/1", 0x20);
        subscribe(&mut peer, "kept/#", 0x10);
        peer.silent();
    }

    #[test]
    fn sessions_and_messages_expire_and_wills_wait() {
        let broker = start("");
        // Session expiry 1 s and 100 s.
        let mut short = connect(&broker, "short", &[17, 0, 0, 0, 1], false);
        subscribe(&mut short, "t", 1);
        let mut long = connect(&broker, "long", &[17, 0, 0, 0, 100], false);
        subscribe(&mut long, "t", 1);
        for peer in [&mut short, &mut long] {
            peer.send(&DISCONNECT);
            peer.closed();
        }
        let mut watcher = connect(&broker, "watcher", &[], false);
        subscribe(&mut watcher, "will", 0);
        // A will after 1 s of a session of 100 s; it is due although DISCONNECT was sent, with reason 4.
        let will = [&[5, 24, 0, 0, 0, 1][..], &text("will"), &text("bye")].concat();
        let mut lost = Peer::raw(&broker);
        let connect_with_will = [&[5, 6, 0, 0, 5, 17, 0, 0, 0, 100][..], &text("lost"), &will].concat();
        lost.ask(&packet(0x10, &[&text("MQTT"), &connect_with_will]), &CONNACK);
        let since = Instant::now();
        lost.ask(&[0xE0, 1, 4], &[]);
        // Message expiry 1 s and 100 s.
        watcher.ask(&publish(2, "t", 1, &[2, 0, 0, 0, 1], b"stale"), &[0x40, 2, 0, 1]);
        watcher.ask(&publish(2, "t", 2, &[2, 0, 0, 0, 100], b"fresh"), &[0x40, 2, 0, 2]);
        watcher.expect(&publish(0, "will", 0, &[], b"bye"));
        let waited = since.elapsed();
        assert!((Duration::from_secs(1)..PATIENCE).contains(&waited), "{waited:?}");
        // The will came with a sweep, and so did the end of the short session, which is older.
        let _short = connect(&broker, "short", &[17, 0, 0, 0, 1], false);
        let mut long = connect(&broker, "long", &[17, 0, 0, 0, 100], true);
        let mut got = vec![0; publish(2, "t", 1, &[2, 0, 0, 0, 99], b"fresh").len()];
        long.0.read_exact(&mut got).unwrap();
        let left = got[12];
        assert!((90..=99).contains(&left), "{left} s left");
        assert_eq!(got, publish(2, "t", 1, &[2, 0, 0, 0, left], b"fresh"));
    }

    #[test]
    fn planted_faults_are_the_same_as_in_3_1_1() {
        // Packet id and payload of each delivery.
        for (query, deliveries) in [
            ("swap=1", &[(1, 2), (2, 1), (3, 3)][..]),
            ("repeat=1", &[(1, 1), (1, 1), (2, 2), (2, 2), (3, 3), (3, 3)]),
            ("drop=1", &[]),
        ] {
            let broker = start(query);
            let mut sub = connect(&broker, "sub", &[], false);
            subscribe(&mut sub, "t", 2);
            let mut publisher = Peer::new(&broker, "pub");
            publisher.send(&(1..=3).flat_map(|n| publish_packet(4, "t", n, &[n])).collect::<Vec<_>>());
            for (pkid, n) in deliveries {
                sub.expect(&publish(4, "t", *pkid, &[], &[*n]));
            }
            sub.silent();
            assert_eq!(broker.counters().forwarded, deliveries.len() as u64, "{query}");
        }
    }

    #[test]
    fn the_clients_limits_are_kept() {
        let broker = start("");
        // Receive maximum 2, maximum packet size 20.
        let mut sub = connect(&broker, "sub", &[33, 0, 2, 39, 0, 0, 0, 20], false);
        subscribe(&mut sub, "t", 1);
        let mut publisher = Peer::new(&broker, "pub");
        publisher.ask(&publish_packet(2, "t", 1, &[0; 100]), &puback(1));
        for i in 0..4 {
            publisher.ask(&publish_packet(2, "t", 1, &[i]), &puback(1));
        }
        sub.expect(&publish(2, "t", 1, &[], &[0]));
        sub.expect(&publish(2, "t", 2, &[], &[1]));
        sub.silent();
        sub.ask(&puback(2), &publish(2, "t", 2, &[], &[2]));
        assert_eq!(broker.counters().dropped, 1);
    }
}

/// As two brokers with the same URL elsewhere.
#[test]
fn equal_options_of_an_embedded_broker_are_one_broker() {
    for (listener, speaker, heard) in [
        ("embedded:", "embedded:?delay=0s&seed=0", true),
        ("embedded:?seed=7&delay=1ms", "embedded:?delay=1000us&seed=7&never_ack=false", true),
        ("embedded:", "embedded:?seed=1", false),
    ] {
        let place = ScenarioDir::new(&format!(
            r#"
version = 1
brokers.a.url = "{listener}"
brokers.b.url = "{speaker}"
load = {{ users = 2, spawn_rate = 100, run_time = "1500ms" }}
[user_classes.listener]
broker = "a"
fixed_count = 1
on_start = [{{ subscribe = {{ filter = "t" }} }}]
tasks = [{{ name = "hear", steps = [{{ receive = {{ filter = "t", timeout = "1s", name = "hear" }} }}] }}]
[user_classes.speaker]
broker = "b"
fixed_count = 1
tasks = [{{ name = "say", steps = [{{ publish = {{ topic = "t" }} }}, {{ wait = "50ms" }}] }}]
"#
        ));
        let output = place.run(&["run", "scenario.toml", "--csv", "o"]);
        let said = String::from_utf8_lossy(&output.stderr);
        let rows = place.rows("o_stats.csv");
        let row = rows.iter().find(|row| row.text("Name") == "hear").unwrap_or_else(|| panic!("{said}"));
        let succeeded = row.count("Request Count") != row.count("Failure Count");
        assert_eq!(succeeded, heard, "{listener} {speaker}: {said}");
    }
}
