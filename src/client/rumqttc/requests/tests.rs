use std::time::Duration;

use super::*;
use crate::client::sink::Late;

fn ticket(tag: u32, seconds: u64) -> Ticket {
    let due = Instant::now();
    let deadline = due + Duration::from_secs(seconds);
    Ticket { tag, awaited: true, due, late: Late::NONE, deadline, length: 0 }
}

fn publish(requests: &mut Requests, qos: Qos) -> Ticket {
    let ticket = ticket(0, 10);
    requests.taken(Kind::Publish(qos), 1, ticket);
    ticket
}

#[test]
fn packet_ids_go_round_within_the_limit_and_the_next_one_must_be_free() {
    let mut requests = Requests::new(2, u16::MAX);
    let first = publish(&mut requests, Qos::AtLeastOnce);
    let second = publish(&mut requests, Qos::AtLeastOnce);
    assert!(!requests.has_room() && requests.has_id());
    assert_eq!(requests.acknowledged(2, Ack::Puback), Answered::Done(second));
    let third = publish(&mut requests, Qos::AtLeastOnce);
    assert_eq!(requests.acknowledged(3, Ack::Puback), Answered::Done(third));
    assert!(!requests.has_room() && !requests.has_id(), "1 is next, and is not answered");
    assert_eq!(requests.acknowledged(1, Ack::Puback), Answered::Done(first));
    assert!(requests.has_room());
}

#[test]
fn the_id_of_a_message_of_qos_2_is_in_use_until_the_end_of_its_handshake() {
    let mut requests = Requests::new(1, 1);
    let ticket = publish(&mut requests, Qos::ExactlyOnce);
    assert_eq!(requests.acknowledged(1, Ack::Pubrec), Answered::Half);
    assert!(!requests.has_room());
    assert_eq!(requests.acknowledged(1, Ack::Pubcomp), Answered::Done(ticket));
    assert!(requests.has_room() && requests.is_answered());
    assert_eq!(requests.acknowledged(1, Ack::Pubcomp), Answered::Unknown);
}

#[test]
fn what_rumqttc_has_written_must_be_what_was_next() {
    let mut requests = Requests::new(5, u16::MAX);
    let ticket = publish(&mut requests, Qos::AtMostOnce);
    publish(&mut requests, Qos::AtLeastOnce);
    requests.disconnect_taken();
    assert_eq!(requests.unwritten_bytes(), 2);
    assert_eq!(requests.written(&Outgoing::PingReq), Ok(None));
    assert_eq!(requests.written(&Outgoing::Publish(0)), Ok(Some(ticket)));
    assert_eq!(requests.written(&Outgoing::Publish(1)), Ok(None));
    assert_eq!(requests.written(&Outgoing::Disconnect), Ok(None));
    assert!(requests.is_written() && !requests.is_idle());
    publish(&mut requests, Qos::AtLeastOnce);
    for outgoing in [Outgoing::Publish(3), Outgoing::Subscribe(2), Outgoing::AwaitAck(2)] {
        let mut requests = Requests::new(5, u16::MAX);
        publish(&mut requests, Qos::AtLeastOnce);
        publish(&mut requests, Qos::AtLeastOnce);
        assert_eq!(requests.written(&Outgoing::Publish(1)), Ok(None));
        assert!(requests.written(&outgoing).is_err(), "{outgoing:?}");
    }
}

#[test]
fn a_wrong_answer_names_the_right_one_and_a_late_one_ends_nothing() {
    let mut requests = Requests::new(5, u16::MAX);
    let first = publish(&mut requests, Qos::ExactlyOnce);
    publish(&mut requests, Qos::AtLeastOnce);
    assert_eq!(requests.acknowledged(1, Ack::Puback), Answered::Wrong(Some(first), Ack::Pubrec));
    let mut expired = Vec::new();
    requests.expire(Instant::now() + Duration::from_secs(11), |_, ack| expired.push(ack));
    assert_eq!(expired, [Some(Ack::Puback)]);
    assert!(requests.is_idle() && !requests.is_answered());
    assert_eq!(requests.acknowledged(2, Ack::Puback), Answered::Late);
}

#[test]
fn a_refused_message_of_qos_2_takes_its_place_for_ever() {
    let mut requests = Requests::new(2, u16::MAX);
    for _ in 0..2 {
        assert!(requests.has_room() && !requests.is_stuck());
        let ticket = publish(&mut requests, Qos::ExactlyOnce);
        let id = requests.next_id - 1;
        assert_eq!(requests.refused(id, Ack::Pubrec), Answered::Done(ticket));
    }
    assert!(!requests.has_room() && requests.is_stuck());
}

#[test]
fn only_what_is_over_expires() {
    let mut requests = Requests::new(5, u16::MAX);
    let now = Instant::now();
    requests.taken(Kind::Publish(Qos::AtMostOnce), 1, ticket(1, 20));
    requests.taken(Kind::Subscribe(3), 1, ticket(2, 10));
    assert_eq!(requests.filters(1, Ack::Suback), Some((Key::Written(2), 3)));
    for (after, expected) in [(5, &[][..]), (15, &[2]), (30, &[1])] {
        let mut tags = Vec::new();
        requests.expire(now + Duration::from_secs(after), |ticket, _| tags.push(ticket.tag));
        assert_eq!(tags, expected);
    }
    assert_eq!(requests.next_deadline(), None);
}
