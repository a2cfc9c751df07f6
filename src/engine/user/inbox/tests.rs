use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::mqtt::Qos;
use crate::plan::Text;
use crate::plan::condition::{Check, Condition, Mismatch};

fn message<'a>(topic: &'a str, payload: &'a [u8]) -> Incoming<'a> {
    Incoming { topic, payload, qos: Qos::AtMostOnce, retain: false, dup: false, properties: &[] }
}

fn retained<'a>(topic: &'a str, payload: &'a [u8]) -> Incoming<'a> {
    Incoming { retain: true, ..message(topic, payload) }
}

fn inbox(filters: &[&str], long: bool) -> Inbox {
    Inbox::new(filters.iter().map(|filter| (*filter).into()).collect(), &Keeps { long, ..Keeps::default() })
}

fn equals(text: &str) -> Check {
    let equals = Some(Text::Constant(text.as_bytes().into()));
    Condition { equals, ..Condition::default() }.made(|text| match text {
        Text::Constant(bytes) => Arc::clone(bytes),
        _ => panic!("{text:?}"),
    })
}

fn wait_for(filter: &str, count: u32) -> Awaited {
    Awaited::messages(filter, Check::default(), Check::default(), count, false)
}

/// What has come of a wait that began after these messages.
fn after(messages: &[Incoming<'_>], wait: Awaited, since: Since) -> (Awaited, usize) {
    let mut inbox = inbox(&["#"], true);
    for message in messages {
        inbox.receive(message, Instant::now());
    }
    inbox.begin(wait, since, Instant::now());
    (inbox.end().unwrap(), inbox.stored.len())
}

#[test]
fn messages_that_a_step_does_not_want_stay() {
    let messages = [message("a", b"1"), message("b", b"2"), message("a", b"3"), message("a", b"4")];
    let (wait, left) = after(&messages, wait_for("a", 2), Since::Subscribe);
    assert_eq!((wait.over.unwrap().0, wait.bytes, left), (Ok(()), 2, 2));
    let wait = Awaited::messages("a", equals("4"), Check::default(), 1, false);
    let (wait, left) = after(&messages, wait, Since::Subscribe);
    assert_eq!((wait.over.unwrap().0, wait.has_passed_over, left), (Ok(()), true, 3));
    let (wait, left) = after(&messages, wait_for("c", 1), Since::Subscribe);
    assert_eq!((wait.over, wait.has_passed_over, left), (None, false, 4));
    let (wait, left) = after(&messages, wait_for("$share/g/a", 3), Since::Step);
    assert_eq!((wait.over, left), (None, 4));
}

#[test]
fn a_message_that_is_not_as_expected_is_taken_and_ends_the_wait() {
    let messages = [message("a", b"1"), message("a", b"2"), message("a", b"1")];
    let wait = Awaited::messages("a", Check::default(), equals("1"), 3, false);
    let (wait, left) = after(&messages, wait, Since::Subscribe);
    assert_eq!((wait.over.unwrap().0, left), (Err(Mismatch::NotEqual), 1));
}

#[test]
fn each_retained_topic_counts_once() {
    let wait = || Awaited::messages("s/#", Check::default(), Check::default(), 2, true);
    let messages = [retained("s/1", b""), retained("s/1", b""), message("s/2", b""), retained("t", b"")];
    let (incomplete, left) = after(&messages, wait(), Since::Subscribe);
    assert_eq!((incomplete.over, left), (None, 2));
    let messages = [&messages[..], &[retained("s/2", b"")]].concat();
    assert_eq!(after(&messages, wait(), Since::Subscribe).0.over.unwrap().0, Ok(()));
}

#[test]
fn a_list_of_steps_begins_with_what_counts_for_it() {
    for (long, since, found) in [
        (false, Since::Task, false),
        (false, Since::Subscribe, false),
        (true, Since::Task, false),
        (true, Since::Subscribe, true),
    ] {
        let mut inbox = inbox(&["a"], long);
        inbox.receive(&message("a", b""), Instant::now());
        inbox.end_list();
        inbox.receive(&message("a", b""), Instant::now());
        assert_eq!(inbox.stored.len(), if long { 2 } else { 0 });
        inbox.begin_list();
        inbox.begin(wait_for("a", 1), since, Instant::now());
        assert_eq!(inbox.is_satisfied(), found, "{long} {since:?}");
        inbox.begin_list();
        inbox.receive(&message("a", b""), Instant::now());
        inbox.begin(wait_for("a", 1), since, Instant::now());
        assert!(inbox.is_satisfied());
    }
}

#[test]
fn a_single_message_may_be_longer_than_all_others_together() {
    let mut inbox = inbox(&["a"], false);
    let long = vec![0; 2 * MAX_BYTES];
    assert_eq!(inbox.receive(&message("a", b"1"), Instant::now()), 0);
    assert_eq!(inbox.receive(&message("a", &long), Instant::now()), 1);
    assert_eq!(inbox.receive(&message("a", b"2"), Instant::now()), 1);
    assert_eq!((inbox.stored.len(), inbox.bytes), (1, 2));
}

/// What happens to an inbox.
#[derive(Debug, Clone)]
enum Event {
    Arrives { topic: u8, bytes: usize },
    Begins { topic: u8, count: u32, since: u8 },
    Ends,
    List,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        20 => (0_u8..3, prop_oneof![9 => 4_usize..40, 1 => 4_usize..300_000])
            .prop_map(|(topic, bytes)| Event::Arrives { topic, bytes }),
        3 => (0_u8..3, 1_u32..5, 0_u8..3)
            .prop_map(|(topic, count, since)| Event::Begins { topic, count, since }),
        2 => Just(Event::Ends),
        1 => Just(Event::List),
    ]
}

proptest! {
    // Long ones and few, as it is the bounds that take many messages.
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn each_message_is_taken_once_in_order_and_the_bounds_hold(
        events in prop::collection::vec(event(), 1..3_000),
        long in any::<bool>(),
    ) {
        let topics = ["a", "b", "c"];
        let mut inbox = inbox(&topics[..2], long);
        let start = Instant::now();
        let mut arrived = 0_u32;
        // Payloads begin with the number of their message, so that what was taken can be told.
        let (mut taken, mut dropped, mut stored) = (0_u64, 0_usize, BTreeSet::new());
        for event in events {
            let before: BTreeSet<u32> = numbers(&inbox);
            match event {
                Event::Arrives { topic, bytes } => {
                    let mut payload = vec![0; bytes];
                    payload[..4].copy_from_slice(&arrived.to_be_bytes());
                    arrived += 1;
                    let was_open = inbox.wait.as_ref().map(|wait| wait.missing);
                    dropped += inbox.receive(&message(topics[usize::from(topic)], &payload), start);
                    let is_taken = inbox.wait.as_ref().map(|wait| wait.missing) != was_open;
                    taken += u64::from(is_taken);
                    let now = numbers(&inbox);
                    let is_stored = now.contains(&(arrived - 1));
                    prop_assert!(!(is_taken && is_stored));
                    prop_assert_eq!(is_stored, !is_taken && topic < 2);
                    prop_assert!(stored.insert(arrived - 1) || !is_stored);
                    // What went, went from the front.
                    let gone: Vec<_> = before.difference(&now).collect();
                    prop_assert!(gone.iter().all(|gone| now.iter().all(|kept| *gone < kept)));
                }
                Event::Begins { topic, count, since } => {
                    let since = [Since::Task, Since::Step, Since::Subscribe][usize::from(since)];
                    inbox.begin(wait_for(topics[usize::from(topic)], count), since, start);
                    let now = numbers(&inbox);
                    prop_assert!(now.is_subset(&before));
                    let missing = inbox.wait.as_ref().unwrap().missing;
                    let of_inbox = before.len() - now.len();
                    prop_assert_eq!(of_inbox, (count - missing) as usize);
                    taken += of_inbox as u64;
                    prop_assert!(since != Since::Step || of_inbox == 0);
                }
                Event::Ends => drop(inbox.end()),
                Event::List => {
                    inbox.begin_list();
                    if !long {
                        prop_assert!(inbox.stored.is_empty());
                    }
                }
            }
            prop_assert!(inbox.stored.len() <= 1_000);
            prop_assert!(inbox.bytes <= MAX_BYTES || inbox.stored.len() == 1);
            prop_assert_eq!(inbox.bytes, inbox.stored.iter().map(|stored| stored.bytes.len()).sum::<usize>());
            prop_assert!(taken + (dropped + inbox.stored.len()) as u64 <= u64::from(arrived));
        }
    }
}

fn numbers(inbox: &Inbox) -> BTreeSet<u32> {
    inbox
        .stored
        .iter()
        .map(|stored| u32::from_be_bytes(*stored.arrival().payload.first_chunk().unwrap()))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn what_was_there_before_took_no_time_and_what_comes_later_counts_from_its_reading() {
    let mut inbox = inbox(&["a"], true);
    let start = Instant::now();
    inbox.receive(&message("a", b""), start);
    tokio::time::advance(Duration::from_secs(1)).await;
    let began = Instant::now();
    inbox.begin(wait_for("a", 1), Since::Subscribe, began);
    assert_eq!(inbox.end().unwrap().over, Some((Ok(()), began)));
    inbox.begin(wait_for("a", 2), Since::Subscribe, began);
    for second in 1..4 {
        inbox.receive(&message("a", b""), began + Duration::from_secs(second));
    }
    assert_eq!(inbox.end().unwrap().over, Some((Ok(()), began + Duration::from_secs(2))));
    assert_eq!(inbox.stored.len(), 1, "the third one is for the next step");
}
