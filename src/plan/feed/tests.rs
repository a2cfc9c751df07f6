use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn feed(rows: u32, order: FeedOrder, per: FeedPer) -> Feed {
    Feed { name: "f".to_owned(), rows, order, per, deal: Deal::default() }
}

fn unique(rows: u32, deal: Deal, per: FeedPer) -> Feed {
    Feed { deal, ..feed(rows, FeedOrder::Unique, per) }
}

/// The first `n` rows of a user, fewer if its share ends.
fn rows_of(feed: &Feed, index: u64, n: usize) -> Vec<u32> {
    let feeds = std::slice::from_ref(feed);
    let mut random = Random::for_user(1, "class", index);
    let mut rows = Rows::new(feeds, index, &mut random);
    match feed.per {
        FeedPer::User if rows.are_used_up() => Vec::new(),
        FeedPer::User => vec![rows.current()[0]],
        FeedPer::Message => (0..n)
            .map_while(|_| {
                (!rows.are_used_up()).then(|| rows.take(feeds, &[0], index, &mut random))?;
                Some(rows.current()[0])
            })
            .collect(),
    }
}

#[test]
fn rows_go_round_in_order() {
    let per_user = feed(3, FeedOrder::Sequential, FeedPer::User);
    let first: Vec<_> = (0..5).map(|index| rows_of(&per_user, index, 1)[0]).collect();
    assert_eq!(first, [0, 1, 2, 0, 1]);
    let per_message = feed(3, FeedOrder::Sequential, FeedPer::Message);
    assert_eq!(rows_of(&per_message, 0, 4), [0, 1, 2, 0]);
    assert_eq!(rows_of(&per_message, 4, 4), [1, 2, 0, 1]);
}

#[test]
fn drawn_rows_reach_all_and_repeat_with_the_seed() {
    let per_message = feed(4, FeedOrder::Random, FeedPer::Message);
    let drawn = rows_of(&per_message, 0, 100);
    assert_eq!(drawn.iter().collect::<BTreeSet<_>>().len(), 4);
    assert_eq!(drawn, rows_of(&per_message, 0, 100));
    assert_ne!(drawn, rows_of(&per_message, 1, 100));
    let per_user = feed(4, FeedOrder::Random, FeedPer::User);
    let users: BTreeSet<_> = (0..100).map(|index| rows_of(&per_user, index, 1)[0]).collect();
    assert_eq!(users.len(), 4);
}

#[test]
fn two_classes_share_a_unique_feed_and_a_late_user_gets_nothing() {
    let class = |before, own| unique(7, Deal { before, own, all: 3 }, FeedPer::Message);
    let (first, second) = (class(0, 2), class(2, 1));
    assert_eq!(rows_of(&first, 0, 9), [0, 3]);
    assert_eq!(rows_of(&first, 1, 9), [1, 4]);
    assert_eq!(rows_of(&second, 0, 9), [2, 5]);
    assert!(rows_of(&first, 2, 9).is_empty());
    let per_user = Feed { per: FeedPer::User, ..first };
    assert_eq!([0, 1, 2].map(|index| rows_of(&per_user, index, 1)), [vec![0], vec![1], vec![]]);
}

#[test]
fn a_share_is_used_up_with_its_last_row() {
    let feeds = [unique(2, Deal { before: 0, own: 1, all: 1 }, FeedPer::Message)];
    let mut random = Random::for_user(0, "", 0);
    let mut rows = Rows::new(&feeds, 0, &mut random);
    rows.take(&feeds, &[0], 0, &mut random);
    assert!(!rows.are_used_up());
    rows.take(&feeds, &[0], 0, &mut random);
    assert!(rows.are_used_up());
    assert_eq!(rows.current(), [1]);
}

proptest! {
    #[test]
    fn no_row_is_dealt_twice(counts in prop::collection::vec(1_u32..6, 1..5), more in 0_u32..40) {
        let all: u32 = counts.iter().sum();
        for per in [FeedPer::User, FeedPer::Message] {
            let mut seen = BTreeSet::new();
            let mut before = 0;
            for own in &counts {
                let feed = unique(all + more, Deal { before, own: *own, all }, per);
                for index in 0..u64::from(*own) {
                    let dealt = rows_of(&feed, index, 100);
                    let share = if per == FeedPer::User { 1 } else { (all + more) / all };
                    prop_assert_eq!(dealt.len(), share as usize);
                    for row in dealt {
                        prop_assert!(seen.insert(row), "{} twice", row);
                    }
                }
                before += own;
            }
        }
    }
}
