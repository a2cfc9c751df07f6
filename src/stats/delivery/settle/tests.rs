use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::stats::delivery::group::SharedMessage;
use crate::stats::delivery::receiver::Terms;
use crate::stats::delivery::{Arrival, Duplicates, Lost};

const SETTLE: u64 = 100;

fn key(user: u32) -> StreamKey {
    StreamKey { publisher: Publisher { run: 1, user }, step: 0, topic: 0 }
}

/// Messages 1 … `sent` at 1,010, 1,020 …
fn published(user: u32, topic: &str, qos: u8, sent: u64) -> Published {
    let mut published = Published::new(key(user), topic.into(), 0, qos, false);
    (1..=sent).for_each(|seq| published.send(at(seq)));
    published
}

fn at(seq: u64) -> u64 {
    1_000 + seq * 10
}

fn terms(filter: &str, qos: u8) -> Terms {
    let (row, filter) = (RowId(0), filter.into());
    Terms { row, filter, group: None, broker: 0, qos, not_of: None, kept_ns: 0 }
}

/// A subscription from 900 on.
fn receiver(terms: Terms, arrived: &[u64]) -> Receiver {
    let mut receiver = Receiver::new(terms, 900);
    receiver.granted(910);
    arrive(&mut receiver, arrived);
    receiver
}

fn arrive(receiver: &mut Receiver, arrived: &[u64]) {
    for seq in arrived {
        let arrival = Arrival { qos: receiver.terms.qos, dup: false };
        receiver.take(key(1), *seq, at(*seq), arrival, &mut 100, |_| true);
    }
}

fn matches(filter: &str, topic: &str) -> bool {
    filter == "#" || filter == topic
}

fn all(published: &[Published], receivers: &[Receiver], groups: &Groups, end_ns: u64) -> Counts {
    let ends = Ends { published, receivers, groups, is_shard: false, end_ns, settle_ns: SETTLE, matches };
    let (rows, complete) = settle(&ends);
    assert!(complete);
    rows.get(&0).copied().unwrap_or_default()
}

fn alone(published: Published, receiver: Receiver, end_ns: u64) -> Counts {
    all(&[published], &[receiver], &Groups::default(), end_ns)
}

#[test]
fn what_is_missing_before_in_between_and_after_is_lost() {
    let published = published(1, "t", 1, 10);
    for (arrived, received, lost) in
        [(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10][..], 10, 0), (&[3, 4, 6, 7], 4, 6), (&[10], 1, 9), (&[], 0, 10)]
    {
        for filter in ["t", "#"] {
            let counts = alone(published.clone(), receiver(terms(filter, 1), arrived), 9_000);
            let expected = Lost { unexplained: lost, ..Lost::default() };
            assert_eq!(
                (counts.received, counts.lost, counts.unsettled),
                (received, expected, 0),
                "{arrived:?}"
            );
            assert_eq!(counts.expected(), 10);
        }
    }
    let other = receiver(terms("u", 1), &[]);
    assert_eq!(alone(published, other, 9_000), Counts::default(), "another topic");
}

#[test]
fn what_was_sent_before_the_grant_or_in_the_last_moments_is_not_lost() {
    let arrived = [4, 5];
    let mut late = Receiver::new(terms("t", 1), 1_015);
    late.granted(1_025);
    arrive(&mut late, &arrived);
    // Granted between 2 and 3; the end between 10 and 11, so that 1 to 6 are settled.
    late.ended(1_105);
    let counts = alone(published(1, "t", 1, 20), late, 9_000);
    let lost = Lost { unexplained: 1, ..Lost::default() };
    assert_eq!((counts.received, counts.lost, counts.unsettled), (2, lost, 5));
    let mut never = Receiver::new(terms("t", 1), 900);
    never.ended(2_000);
    assert_eq!(alone(published(1, "t", 1, 5), never, 9_000), Counts::default(), "never granted");
}

#[test]
fn behind_a_late_message_others_may_be_under_way() {
    // 3 to 20 are lost if they were sent before 1,200, but for those behind a message that came just now.
    for (last_at, lost, unsettled) in [(1_150, 18, 0), (1_250, 5, 13)] {
        let mut receiver = receiver(terms("t", 1), &[1, 2]);
        receiver.arrived(last_at, 130);
        receiver.ended(1_300);
        let counts = alone(published(1, "t", 1, 20), receiver, 9_000);
        assert_eq!((counts.lost.unexplained, counts.unsettled), (lost, unsettled), "{counts:?}");
    }
}

#[test]
fn each_loss_has_the_cause_that_explains_it_best() {
    let arrived = [1, 2, 5, 6];
    let lost = |published: Published, terms: Terms, lose: fn(&mut Receiver)| {
        let mut receiver = Receiver::new(terms, 900);
        receiver.granted(910);
        arrive(&mut receiver, &arrived[..2]);
        lose(&mut receiver);
        arrive(&mut receiver, &arrived[2..]);
        alone(published, receiver, 9_000).lost
    };
    let none = |_: &mut Receiver| {};
    let reconnect = |receiver: &mut Receiver| {
        receiver.away(1_033);
        receiver.granted(1_043);
    };
    let resumed = |receiver: &mut Receiver| {
        receiver.away(1_033);
        receiver.resumed(1_043);
    };
    let lasting = Terms { kept_ns: u64::MAX, ..terms("t", 1) };
    let sent = |qos| published(1, "t", qos, 6);
    let failed = || {
        let mut sent = sent(1);
        sent.fail(4);
        sent
    };
    let expires = || {
        let mut sent = sent(1);
        sent.expires = true;
        sent
    };
    let lost_for = |lost: fn(&mut Lost, u64)| {
        let mut all = Lost::default();
        lost(&mut all, 2);
        all
    };
    let qos_0 = lost_for(|lost, n| lost.qos_0 = n);
    let unexplained = lost_for(|lost, n| lost.unexplained = n);
    let reconnected = lost_for(|lost, n| lost.reconnect = n);
    let expired = lost_for(|lost, n| lost.expiry = n);
    assert_eq!(lost(sent(1), terms("t", 1), none), unexplained);
    assert_eq!(lost(sent(0), terms("t", 1), none), qos_0);
    assert_eq!(lost(sent(1), terms("t", 0), none), qos_0);
    assert_eq!(lost(sent(1), terms("t", 1), reconnect), reconnected);
    assert_eq!(lost(sent(1), lasting.clone(), reconnect), expired, "the session was gone");
    assert_eq!(lost(sent(1), lasting.clone(), resumed), unexplained, "it had to be kept");
    assert_eq!(lost(sent(0), lasting, resumed), reconnected, "it had not");
    assert_eq!(lost(expires(), terms("t", 1), none), expired);
    let one_each = Lost { not_acknowledged: 1, unexplained: 1, ..Lost::default() };
    assert_eq!(lost(failed(), terms("t", 1), none), one_each);
    let ended = |receiver: &mut Receiver| {
        receiver.ended(1_033);
        receiver.asked(1_043);
        receiver.granted(1_044);
    };
    assert_eq!(lost(sent(1), terms("t", 1), ended), Lost::default(), "there was no subscription");
}

#[test]
fn what_the_broker_keeps_for_a_subscriber_that_is_away_at_the_end_is_not_lost() {
    let away = |qos, kept_ns, ended: Option<u64>| {
        let mut receiver = receiver(Terms { kept_ns, ..terms("t", qos) }, &[1, 2, 4]);
        receiver.away(1_305);
        if let Some(at) = ended {
            receiver.ended(at);
        }
        receiver
    };
    let lost = |lost: &Lost| (lost.unexplained, lost.reconnect, lost.expiry, lost.qos_0);
    // 3 is missing in the middle, and so are 5 to 20, which were sent a settle time before it went.
    for (qos, kept_ns, ended, expected, unsettled) in [
        (1, u64::MAX, None, (17, 0, 0, 0), 30),
        (1, u64::MAX, Some(1_700), (17, 0, 0, 0), 30),
        (2, 1_000_000, Some(1_700), (17, 0, 0, 0), 30),
        (1, 10, None, (1, 0, 46, 0), 0),
        (1, 0, None, (1, 46, 0, 0), 0),
        (0, u64::MAX, None, (0, 46, 0, 1), 0),
    ] {
        let published = published(1, "t", 2, 50);
        let counts = alone(published, away(qos, kept_ns, ended), 9_000);
        assert_eq!(
            (lost(&counts.lost), counts.unsettled),
            (expected, unsettled),
            "{qos} {kept_ns} {ended:?}"
        );
    }
}

#[test]
fn a_publisher_of_another_run_leaves_gaps_only() {
    let counts = all(&[], &[receiver(terms("t", 1), &[3, 5])], &Groups::default(), 9_000);
    assert_eq!((counts.received, counts.lost.unexplained), (2, 1));
    let mut receiver = receiver(terms("t", 1), &[]);
    for seq in [3, 5] {
        receiver.take(key(1), seq, at(seq), Arrival { qos: 0, dup: false }, &mut 100, |_| true);
    }
    let counts = all(&[], &[receiver], &Groups::default(), 9_000);
    assert_eq!(counts.lost.qos_0, 1, "as it was delivered");
}

#[test]
fn own_messages_are_not_expected_if_they_are_not_wanted() {
    let terms = Terms { not_of: Some(key(1).publisher), ..terms("#", 1) };
    let published = [published(1, "t", 1, 5), published(2, "t", 1, 3)];
    let counts = all(&published, &[receiver(terms, &[])], &Groups::default(), 9_000);
    assert_eq!(counts.lost.unexplained, 3);
}

#[test]
fn the_members_of_a_group_are_one_receiver() {
    let member = || receiver(Terms { group: Some(7), ..terms("t", 1) }, &[]);
    let shared = |seq| {
        let arrival = Arrival { qos: 1, dup: false };
        SharedMessage { group: 7, key: key(1), seq, sent_ns: at(seq), arrival }
    };
    let mut groups = Groups::default();
    groups.take([2, 3, 5, 5].map(shared).to_vec(), 10);
    let counts = all(&[published(1, "t", 1, 6)], &[member(), member()], &groups, 9_000);
    let (lost, duplicates) =
        (Lost { unexplained: 3, ..Lost::default() }, Duplicates { unexplained: 1, ..Duplicates::default() });
    assert_eq!(counts, Counts { received: 3, lost, duplicates, ..Counts::default() });
    // In a shard, members elsewhere may have the rest.
    let (published, receivers) = ([published(1, "t", 1, 6)], [member(), member()]);
    let ends = Ends {
        published: &published,
        receivers: &receivers,
        groups: &groups,
        is_shard: true,
        end_ns: 9_000,
        settle_ns: SETTLE,
        matches,
    };
    let (rows, complete) = settle(&ends);
    assert_eq!((rows[&0], complete), (Counts { received: 3, duplicates, ..Counts::default() }, false));
}

#[test]
fn too_many_comparisons_are_left_out_and_told() {
    let published: Vec<_> = (1..=8_000).map(|user| published(user, "t", 1, 1)).collect();
    let receivers: Vec<_> = (0..7_000).map(|_| receiver(terms("+", 1), &[])).collect();
    let ends = Ends {
        published: &published,
        receivers: &receivers,
        groups: &Groups::default(),
        is_shard: false,
        end_ns: 9_000,
        settle_ns: 0,
        matches: |_, _| false,
    };
    assert!(!settle(&ends).1);
}

/// What a broker does with a message.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Deliver,
    Drop,
    Repeat,
    /// Deliver it after the next one.
    Swap,
}

proptest! {
    #[test]
    fn what_a_broker_does_is_counted_exactly(
        fates in vec(
            prop_oneof![3 => Just(Fate::Deliver), 1 => Just(Fate::Drop), 1 => Just(Fate::Repeat), 1 => Just(Fate::Swap)], 1..200,
        ),
        qos in 0_u8..2,
    ) {
        let (mut arrived, mut held, mut expected) = (Vec::new(), Vec::new(), Counts::default());
        for (seq, fate) in (1..).zip(&fates) {
            match fate {
                Fate::Drop => {
                    expected.lost.qos_0 += u64::from(qos == 0);
                    expected.lost.unexplained += u64::from(qos > 0);
                    continue;
                }
                Fate::Swap => {
                    held.push(seq);
                    continue;
                }
                Fate::Deliver => arrived.push(seq),
                Fate::Repeat => {
                    arrived.extend([seq, seq]);
                    expected.duplicates.count(qos, false);
                }
            }
            expected.reordered += held.len() as u64;
            expected.received += 1 + held.len() as u64;
            arrived.append(&mut held);
        }
        expected.received += held.len() as u64;
        arrived.append(&mut held);
        let counts = alone(published(1, "t", qos, fates.len() as u64), receiver(terms("t", 1), &arrived), 9_000);
        prop_assert_eq!(counts, expected);
        prop_assert_eq!(counts.expected(), fates.len() as u64);
    }
}
