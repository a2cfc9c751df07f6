use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::client::sink::Late;

fn ticket(tag: u32, due: Instant, timeout_ms: u64) -> Ticket {
    let deadline = due + Duration::from_millis(timeout_ms);
    Ticket { tag, awaited: false, due, late: Late::NONE, deadline, length: 0 }
}

#[test]
fn a_late_acknowledgement_is_not_taken_for_a_newer_message() {
    let start = Instant::now();
    let mut inflight = Inflight::new(1, false);
    let first = inflight.open(ticket(1, start, 10), Ack::Puback).unwrap();
    assert!(!inflight.has_room());
    let mut expired = Vec::new();
    inflight.expire(start + Duration::from_millis(10), |t, _| expired.push(t.tag));
    assert_eq!(expired, [1]);
    assert!(inflight.has_room());
    let second = inflight.open(ticket(2, start, 1000), Ack::Puback).unwrap();
    assert_ne!(first, second);
    assert_eq!(inflight.acknowledge(first, Ack::Puback), Acknowledged::Late);
    assert!(inflight.is_open(second));
    assert_eq!(inflight.acknowledge(first, Ack::Puback), Acknowledged::Unknown);
    assert!(matches!(inflight.acknowledge(second, Ack::Puback), Acknowledged::Done(t) if t.tag == 2));
    assert!(inflight.is_idle());
}

#[test]
fn qos_2_is_acknowledged_in_two_halves() {
    let mut inflight = Inflight::new(10, false);
    let id = inflight.open(ticket(1, Instant::now(), 10), Ack::Pubrec).unwrap();
    assert_eq!(inflight.acknowledge(id, Ack::Pubrec), Acknowledged::Release);
    assert_eq!(inflight.acknowledge(id, Ack::Pubrec), Acknowledged::Release);
    assert!(!inflight.is_idle());
    assert!(matches!(inflight.acknowledge(id, Ack::Pubcomp), Acknowledged::Done(_)));
}

#[test]
fn what_has_filters_is_not_limited_and_knows_how_many() {
    let start = Instant::now();
    let mut inflight = Inflight::new(1, false);
    let id = inflight.open_filters(ticket(1, start, 10), Ack::Suback, 3).unwrap();
    let other = inflight.open_filters(ticket(2, start, 10), Ack::Unsuback, 2).unwrap();
    assert!(inflight.has_room());
    assert_eq!((inflight.filters(id, Ack::Suback), inflight.filters(id, Ack::Unsuback)), (Some(3), None));
    assert_eq!(inflight.filters(other, Ack::Unsuback), Some(2));
    // Also when nobody waits for it any more.
    inflight.expire(start + Duration::from_millis(10), |_, _| {});
    assert_eq!(inflight.filters(id, Ack::Suback), Some(3));
    assert_eq!(inflight.acknowledge(id, Ack::Suback), Acknowledged::Late);
    assert_eq!(inflight.filters(id, Ack::Suback), None);
    assert!(inflight.has_room());
}

#[test]
fn the_wrong_acknowledgement_ends_the_request() {
    let mut inflight = Inflight::new(10, false);
    let id = inflight.open(ticket(1, Instant::now(), 10), Ack::Pubrec).unwrap();
    let answer = inflight.acknowledge(id, Ack::Puback);
    assert!(matches!(answer, Acknowledged::Wrong(Some(t), Ack::Pubrec) if t.tag == 1));
    assert!(inflight.is_idle());
}

#[test]
fn a_session_without_a_connection_keeps_messages_and_no_subscriptions() {
    let start = Instant::now();
    let mut inflight = Inflight::new(10, false);
    for (tag, ack) in
        [Ack::Suback, Ack::Puback, Ack::Pubrec, Ack::Unsuback, Ack::Pubrec].into_iter().enumerate()
    {
        inflight.open(ticket(u32::try_from(tag).unwrap(), start, 10), ack).unwrap();
    }
    inflight.acknowledge(5, Ack::Pubrec);
    let mut ended = Vec::new();
    inflight.drain_subscriptions(|ticket| ended.push(ticket.tag));
    assert_eq!(ended, [3, 0]);
    let expected = [(2, Ack::Puback), (3, Ack::Pubrec), (5, Ack::Pubcomp)];
    assert_eq!(inflight.unanswered(), expected);
    inflight.abandon(|ticket| ended.push(ticket.tag));
    assert_eq!(ended, [3, 0, 1, 2, 4]);
    assert!(inflight.is_idle() && inflight.has_room());
    assert_eq!(inflight.unanswered(), expected);
    assert_eq!(inflight.acknowledge(2, Ack::Puback), Acknowledged::Late);
    assert!(matches!(inflight.open(ticket(6, start, 10), Ack::Puback), Some(6)));
}

/// Opens a request that has no time, and gives it up.
fn give_up_one(inflight: &mut Inflight, now: Instant, ack: Ack) -> Option<u16> {
    let id = inflight.open(ticket(0, now, 0), ack)?;
    inflight.expire(now, |_, _| {});
    Some(id)
}

#[test]
fn an_id_that_the_broker_may_still_answer_is_never_used_again() {
    let start = Instant::now();
    let mut inflight = Inflight::new(10, false);
    let mut ids = std::collections::BTreeSet::new();
    let acks = [Ack::Puback, Ack::Pubrec, Ack::Suback, Ack::Unsuback];
    for ack in acks.into_iter().cycle().take(IDS) {
        assert!(inflight.has_id());
        assert!(ids.insert(give_up_one(&mut inflight, start, ack).unwrap()));
    }
    assert_eq!((inflight.lack(), inflight.has_id()), (Some(Lack::Id), false));
    assert_eq!(inflight.open(ticket(1, start, 1000), Ack::Suback), None);
    assert!(inflight.slots.capacity() < 100, "what nobody waits for takes no room in the ring");
    // It goes on as soon as one is answered, with that one's id.
    for id in [500, 17, 65_535, 1] {
        let got = acks[(usize::from(id) - 1) % acks.len()];
        assert_eq!(
            inflight.acknowledge(id, got),
            if got == Ack::Pubrec { Acknowledged::Release } else { Acknowledged::Late }
        );
        if got == Ack::Pubrec {
            assert!(!inflight.has_id(), "half an answer");
            assert_eq!(inflight.acknowledge(id, Ack::Pubcomp), Acknowledged::Late);
        }
        assert_eq!(inflight.lack(), None);
        assert_eq!(inflight.open(ticket(9, start, 1000), Ack::Puback), Some(id));
        assert_eq!(inflight.lack(), Some(Lack::Id));
        assert!(matches!(inflight.acknowledge(id, Ack::Puback), Acknowledged::Done(t) if t.tag == 9));
        assert!(give_up_one(&mut inflight, start, got).is_some());
    }
}

#[test]
fn one_request_without_an_answer_does_not_stretch_the_ring() {
    let start = Instant::now();
    let mut inflight = Inflight::new(10, false);
    let owed = give_up_one(&mut inflight, start, Ack::Puback).unwrap();
    for tag in 0..200_000 {
        let id = inflight.open(ticket(tag, start, 1000), Ack::Puback).unwrap();
        assert_ne!(id, owed);
        assert!(matches!(inflight.acknowledge(id, Ack::Puback), Acknowledged::Done(t) if t.tag == tag));
    }
    assert!(inflight.slots.capacity() < 100, "{}", inflight.slots.capacity());
    assert!(!inflight.is_answered() && inflight.is_idle());
    assert_eq!(inflight.acknowledge(owed, Ack::Puback), Acknowledged::Late);
    assert!(inflight.is_answered());
}

/// MQTT 5, section 4.9.
#[test]
fn only_an_answer_gives_back_what_the_broker_takes_at_once() {
    let start = Instant::now();
    let mut inflight = Inflight::new(10, false);
    inflight.set_limits(10, 2);
    let first = give_up_one(&mut inflight, start, Ack::Puback).unwrap();
    give_up_one(&mut inflight, start, Ack::Suback).unwrap();
    assert!(inflight.has_room(), "a subscription takes none of it");
    let second = give_up_one(&mut inflight, start, Ack::Pubrec).unwrap();
    assert_eq!(inflight.lack(), Some(Lack::Quota));
    assert_eq!(inflight.acknowledge(second, Ack::Pubrec), Acknowledged::Release);
    assert_eq!(inflight.lack(), Some(Lack::Quota), "half is not enough");
    assert_eq!(inflight.acknowledge(second, Ack::Pubcomp), Acknowledged::Late);
    assert!(inflight.has_room());
    inflight.open(ticket(1, start, 1000), Ack::Puback).unwrap();
    assert_eq!(inflight.lack(), Some(Lack::Quota));
    assert_eq!(inflight.acknowledge(first, Ack::Puback), Acknowledged::Late);
    assert!(inflight.has_room());
}

#[test]
fn what_lasts_counts_until_it_is_acknowledged() {
    let start = Instant::now();
    for (lasting, lack) in [(false, None), (true, Some(Lack::Room))] {
        let mut inflight = Inflight::new(1, lasting);
        let id = give_up_one(&mut inflight, start, Ack::Puback).unwrap();
        assert_eq!(inflight.lack(), lack);
        inflight.acknowledge(id, Ack::Puback);
        assert!(inflight.has_room());
    }
}

#[test]
fn the_wrong_acknowledgement_is_wrong_also_when_nobody_waits() {
    let mut inflight = Inflight::new(10, false);
    let id = give_up_one(&mut inflight, Instant::now(), Ack::Pubrec).unwrap();
    assert_eq!(inflight.acknowledge(id, Ack::Puback), Acknowledged::Wrong(None, Ack::Pubrec));
}

#[test]
fn what_is_unanswered_stands_in_the_order_in_which_it_was_sent() {
    let start = Instant::now();
    let mut inflight = Inflight::new(10, true);
    // Round the circle, but for the last few ids.
    for _ in 0..IDS - 2 {
        let id = inflight.open(ticket(0, start, 1000), Ack::Puback).unwrap();
        inflight.acknowledge(id, Ack::Puback);
    }
    let owed: Vec<_> = (0..4).map(|_| give_up_one(&mut inflight, start, Ack::Puback).unwrap()).collect();
    assert_eq!(owed, [65_534, 65_535, 1, 2]);
    inflight.open(ticket(0, start, 1000), Ack::Pubrec).unwrap();
    let ids: Vec<_> = inflight.unanswered().into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids, [65_534, 65_535, 1, 2, 3]);
}

#[test]
fn ids_behind_an_old_request_are_used_again_once_they_are_free() {
    let start = Instant::now();
    let mut inflight = Inflight::new(u16::MAX, false);
    inflight.open(ticket(0, start, 1000), Ack::Puback).unwrap();
    for tag in 1..65_535 {
        inflight.open(ticket(tag, start, 10), Ack::Puback).unwrap();
    }
    inflight.expire(start + Duration::from_millis(10), |_, _| {});
    assert!(!inflight.has_room());
    assert_eq!(inflight.open(ticket(1, start, 1000), Ack::Suback), None);
    for id in [500, 400] {
        assert_eq!(inflight.acknowledge(id, Ack::Puback), Acknowledged::Late);
        assert!(inflight.has_room());
        assert_eq!(inflight.open(ticket(id.into(), start, 1000), Ack::Puback), Some(id));
        assert!(!inflight.has_room());
    }
    let answer = inflight.acknowledge(400, Ack::Puback);
    assert!(matches!(answer, Acknowledged::Done(t) if t.tag == 400));
}

proptest! {
    /// Against the simplest model: a map from id to tag, and a set of ids that are owed.
    #[test]
    fn every_acknowledgement_finds_its_own_request(steps in prop::collection::vec((0..4_u8, any::<prop::sample::Index>()), 1..2000)) {
        let start = Instant::now();
        let mut inflight = Inflight::new(u16::MAX, false);
        // Soon round the circle.
        inflight.base = 65_300;
        let mut model = std::collections::BTreeMap::new();
        let mut owed = std::collections::BTreeSet::new();
        for (tag, (step, pick)) in (0..).zip(steps) {
            match step {
                2 if !model.is_empty() => {
                    let id = *pick.get(&model.keys().copied().collect::<Vec<_>>());
                    let tag = model.remove(&id).unwrap();
                    let answer = inflight.acknowledge(id, Ack::Puback);
                    prop_assert!(matches!(answer, Acknowledged::Done(t) if t.tag == tag));
                    prop_assert_eq!(inflight.acknowledge(id, Ack::Puback), Acknowledged::Unknown);
                }
                3 if !owed.is_empty() => {
                    let id = *pick.get(&owed.iter().copied().collect::<Vec<_>>());
                    owed.remove(&id);
                    prop_assert_eq!(inflight.acknowledge(id, Ack::Puback), Acknowledged::Late);
                    prop_assert_eq!(inflight.acknowledge(id, Ack::Puback), Acknowledged::Unknown);
                }
                1 => {
                    let id = give_up_one(&mut inflight, start, Ack::Puback).unwrap();
                    prop_assert!(!model.contains_key(&id) && owed.insert(id));
                }
                _ => {
                    let id = inflight.open(ticket(tag, start, 1000), Ack::Puback).unwrap();
                    prop_assert!(id != 0 && !owed.contains(&id));
                    prop_assert!(model.insert(id, tag).is_none());
                }
            }
            prop_assert_eq!(inflight.open, model.len());
            prop_assert_eq!(inflight.owed.as_ref().map_or(0, |owed| owed.len()), owed.len());
            prop_assert!(model.keys().all(|id| inflight.is_open(*id)) || model.len() > 50);
        }
    }
}
