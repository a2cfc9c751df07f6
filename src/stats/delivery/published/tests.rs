use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::stats::stamp::Publisher;

fn published() -> Published {
    let key = StreamKey { publisher: Publisher { run: 1, user: 1 }, step: 0, topic: 0 };
    Published::new(key, "t".into(), 0, 1, false)
}

#[test]
fn moments_are_exact_for_few_messages_and_on_the_safe_side_for_many() {
    let mut few = published();
    assert_eq!((few.first_after(0), few.last_before(9)), (None, 0));
    for seq in 1..=64 {
        few.send(seq * 10);
    }
    assert_eq!((few.first_after(0), few.first_after(15), few.first_after(20)), (Some(1), Some(2), Some(2)));
    assert_eq!((few.first_after(640), few.first_after(641)), (Some(64), None));
    assert_eq!((few.last_before(9), few.last_before(10), few.last_before(25)), (0, 1, 2));
    assert_eq!(few.last_before(u64::MAX), 64);
}

proptest! {
    #[test]
    fn what_is_known_is_never_too_much(steps in vec(1_u64..5, 1..1_500), at in 0_u64..4_000) {
        let mut published = published();
        let times: Vec<u64> =
            steps.iter().scan(0, |now, step| { *now += step; Some(*now) }).collect();
        for time in &times {
            published.send(*time);
        }
        let sent = times.len() as u64;
        // Half of the marks are left after they were thinned.
        let apart = (sent / 32).next_power_of_two().max(1);
        let first = times.iter().position(|time| *time >= at).map(|index| index as u64 + 1);
        let known = published.first_after(at);
        prop_assert_eq!(known.is_some(), first.is_some());
        if let (Some(known), Some(first)) = (known, first) {
            prop_assert!(known >= first && known - first < apart, "{} {} {}", known, first, apart);
        }
        let last = times.iter().filter(|time| **time <= at).count() as u64;
        let known = published.last_before(at);
        prop_assert!(known <= last && last - known < apart, "{} {} {}", known, last, apart);
    }

    #[test]
    fn failures_are_counted_as_in_a_set(seqs in vec(1_u64..60, 0..60), first in 1_u64..60, more in 0_u64..60) {
        let mut published = published();
        for seq in &seqs {
            published.fail(*seq);
        }
        let known: BTreeSet<u64> = seqs.into_iter().collect();
        let expected = known.range(first..=first + more).count() as u64;
        prop_assert_eq!(published.failed_in(first, first + more), expected);
    }
}
