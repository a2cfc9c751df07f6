use super::*;

const ARRIVAL: Arrival = Arrival { qos: 1, dup: false };

fn key(user: u32) -> StreamKey {
    StreamKey { publisher: Publisher { run: 1, user }, step: 0, topic: 0 }
}

fn receiver(kept_ns: u64) -> Receiver {
    let (filter, row) = ("a/+".into(), RowId(0));
    Receiver::new(Terms { row, filter, group: None, broker: 0, qos: 1, not_of: None, kept_ns }, 100)
}

fn take(receiver: &mut Receiver, user: u32, seq: u64, sent_ns: u64) -> Taken {
    receiver.take(key(user), seq, sent_ns, ARRIVAL, &mut 100, |_| true)
}

#[test]
fn what_was_sent_before_the_subscription_is_retained() {
    let mut receiver = receiver(0);
    assert_eq!(take(&mut receiver, 1, 8, 99), Taken::Retained);
    assert_eq!(take(&mut receiver, 1, 9, 100), Taken::Measured, "before it was granted");
    receiver.granted(150);
    assert_eq!(take(&mut receiver, 1, 11, 170), Taken::Measured);
    let track = receiver.track(&key(1)).unwrap();
    assert_eq!((track.first, track.received, track.gaps().count()), ((9, 100), 2, 1));
    assert_eq!((receiver.counts.retained, receiver.granted_ns()), (1, Some(150)));
}

#[test]
fn a_topic_is_held_against_the_filter_once_for_a_stream() {
    let mut receiver = receiver(0);
    let mut take = |user, seq, fits: bool| {
        receiver.take(key(user), seq, 200, ARRIVAL, &mut 100, |filter| filter == "a/+" && fits)
    };
    assert_eq!(take(1, 1, false), Taken::NotAskedFor);
    assert_eq!(take(1, 1, true), Taken::Measured);
    assert_eq!(take(2, 1, true), Taken::Measured);
    assert_eq!(take(1, 2, false), Taken::Measured);
}

#[test]
fn streams_without_room_and_messages_without_number_are_not_tracked() {
    let mut receiver = receiver(0);
    let mut room = 1;
    for (user, seq) in [(1, 1), (2, 1), (2, 2), (1, 2), (1, 0)] {
        receiver.take(key(user), seq, 200, ARRIVAL, &mut room, |_| true);
    }
    assert_eq!((receiver.counts.untracked, receiver.tracks().count(), room), (3, 1, 0));
    assert_eq!(receiver.track(&key(1)).unwrap().received, 2);
}

#[test]
fn absences_tell_why() {
    let absence = |from_ns, to_ns, reason| Absence { from_ns, to_ns, reason };
    let mut clean = receiver(0);
    clean.granted(110);
    clean.away(200);
    clean.away(210);
    clean.asked(220);
    clean.granted(230);
    clean.ended(300);
    assert_eq!(take(&mut clean, 1, 1, 299), Taken::Measured, "on its way when it ended");
    assert_eq!(take(&mut clean, 1, 2, 300), Taken::NotAskedFor);
    clean.asked(400);
    assert!(clean.is_live());
    assert_eq!(take(&mut clean, 1, 3, 399), Taken::Retained);
    clean.granted(410);
    clean.away(500);
    assert_eq!(
        clean.absences(900),
        [
            absence(200, 230, Reason::Lost),
            absence(300, 400, Reason::Ended),
            absence(500, u64::MAX, Reason::Lost),
        ]
    );
    assert_eq!(clean.granted_ns(), Some(110));

    let mut lasting = receiver(u64::MAX);
    lasting.granted(110);
    lasting.away(200);
    lasting.resumed(210);
    lasting.away(300);
    lasting.granted(320);
    let expected = [absence(200, 210, Reason::Resumed), absence(300, 320, Reason::Expired)];
    assert_eq!(lasting.absences(900), expected);
    assert_eq!(lasting.ended_ns(), None);
}

#[test]
fn a_session_that_lasts_is_kept_for_a_user_that_does_not_come_back() {
    for (kept_ns, ended, reason) in [
        (u64::MAX, 900, Reason::Kept),
        (400, 599, Reason::Kept),
        (400, 600, Reason::Expired),
        (0, 300, Reason::Lost),
    ] {
        let mut receiver = receiver(kept_ns);
        receiver.granted(110);
        receiver.away(200);
        assert_eq!(receiver.absences(ended)[0].reason, reason, "still away at {ended}");
        receiver.ended(ended);
        assert_eq!(receiver.absences(ended), [Absence { from_ns: 200, to_ns: ended, reason }]);
    }
}

#[test]
fn what_comes_again_is_explained_by_its_mark_or_a_reconnect_unless_it_may_not() {
    let mut receiver = receiver(u64::MAX);
    let again = |receiver: &mut Receiver, sent_ns, qos, dup| {
        let before = receiver.counts.duplicates;
        receiver.take(key(1), 1, sent_ns, Arrival { qos, dup }, &mut 100, |_| true);
        let now = receiver.counts.duplicates;
        (
            now.redelivered - before.redelivered,
            now.against_qos_2 - before.against_qos_2,
            now.unexplained - before.unexplained,
        )
    };
    assert_eq!(again(&mut receiver, 150, 1, false), (0, 0, 0), "the first time");
    assert_eq!(again(&mut receiver, 150, 1, false), (0, 0, 1));
    assert_eq!(again(&mut receiver, 150, 1, true), (1, 0, 0));
    assert_eq!(again(&mut receiver, 150, 0, true), (0, 0, 1));
    assert_eq!(again(&mut receiver, 150, 2, true), (0, 1, 0), "QoS 2 has no reason to come again");
    receiver.away(200);
    receiver.resumed(210);
    assert_eq!(again(&mut receiver, 150, 1, false), (1, 0, 0));
    assert_eq!(again(&mut receiver, 150, 0, false), (0, 0, 1));
    assert_eq!(again(&mut receiver, 150, 2, false), (0, 1, 0), "not after a reconnect either");
}

#[test]
fn old_absences_become_one() {
    let mut receiver = receiver(0);
    for n in 0..2_000 {
        receiver.away(1_000 + n * 10);
        receiver.resumed(1_005 + n * 10);
    }
    let absences = receiver.absences(u64::MAX);
    assert_eq!((absences.len(), absences[0].from_ns, absences[1].to_ns), (MAX_ABSENCES, 1_000, 10_775));
}
