use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::stats::stamp::Publisher;

fn message(group: u64, user: u32, seq: u64) -> SharedMessage {
    let key = StreamKey { publisher: Publisher { run: 1, user }, step: 0, topic: 0 };
    SharedMessage { group, key, seq, sent_ns: seq * 10, arrival: Arrival { qos: 1, dup: false } }
}

#[test]
fn members_fill_each_others_gaps() {
    let mut groups = Groups::default();
    let members = [2, 4, 6, 8, 1, 3, 5, 8].map(|seq| message(7, 1, seq));
    groups.take(members.to_vec(), 10);
    groups.take(vec![message(7, 1, 9), message(8, 1, 2), message(7, 2, 1), message(7, 1, 0)], 1);
    let group = groups.group(7).unwrap();
    let track = group.track(&message(7, 1, 1).key).unwrap();
    assert_eq!((track.received, track.high.0), (8, 9));
    assert_eq!(track.gaps().map(|gap| (gap.first, gap.last)).collect::<Vec<_>>(), [(7, 7)]);
    assert_eq!((group.counts.duplicates.unexplained, group.counts.untracked), (1, 2));
    assert!(groups.group(8).is_some() && groups.group(9).is_none());
}

proptest! {
    #[test]
    fn how_messages_are_spread_over_members_changes_nothing(
        seqs in vec(1_u64..50, 1..80), cut in 0_usize..80,
    ) {
        let messages: Vec<_> = seqs.iter().map(|seq| message(1, 1, *seq)).collect();
        let (mut once, mut twice) = (Groups::default(), Groups::default());
        once.take(messages.clone(), 10);
        let (a, b) = messages.split_at(cut.min(messages.len()));
        twice.take(a.to_vec(), 10);
        twice.take(b.to_vec(), 10);
        let (once, twice) = (once.group(1).unwrap(), twice.group(1).unwrap());
        prop_assert_eq!(once.counts, twice.counts);
        let key = messages[0].key;
        let gaps = |group: &Group| group.track(&key).unwrap().gaps().collect::<Vec<_>>();
        prop_assert_eq!(gaps(once), gaps(twice));
    }
}
