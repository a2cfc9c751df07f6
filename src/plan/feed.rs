//! Gives the rows of a feed to users.
//!
//! A user computes its rows from its index, the seed and the number of its messages. So threads share nothing, and a
//! run can be repeated. With `unique`, the rows are given out before the start: the users of all classes with the feed
//! get consecutive numbers, in the order of the classes' names, and user `u` of `n` owns the rows `u`, `u + n`, `u +
//! 2n` and so on.

pub use crate::scenario::model::payload::{FeedOrder, FeedPer};
use crate::template::random::Random;

/// A feed as the users of one class see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    /// Its name in the scenario.
    pub name: String,
    /// How many rows it has, at least one.
    pub rows: u32,
    /// The order in which users get rows.
    pub order: FeedOrder,
    /// How long a user keeps a row.
    pub per: FeedPer,
    /// Whose rows are whose, if the order is [`FeedOrder::Unique`]; of no meaning otherwise.
    pub deal: Deal,
}

/// How the rows of a feed that gives no row twice are dealt to the users.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Deal {
    /// How many users of other classes come before this class's first.
    pub before: u32,
    /// How many users of this class there are at most; a later one gets no row.
    pub own: u32,
    /// How many users of all classes share the feed.
    pub all: u32,
}

impl Feed {
    /// How many rows a user can take, if not as many as it likes.
    pub fn share(&self) -> Option<u32> {
        match (self.order, self.per) {
            (FeedOrder::Unique, FeedPer::User) => Some(1),
            (FeedOrder::Unique, FeedPer::Message) => Some(self.rows / self.deal.all.max(1)),
            _ => None,
        }
    }

    /// The row for the user's `taken`th time, from 0; nothing if its share is used up.
    fn row(&self, index: u64, taken: u32, random: &mut Random) -> Option<u32> {
        let rows = u64::from(self.rows);
        let row = match self.order {
            FeedOrder::Sequential => (index % rows + u64::from(taken) % rows) % rows,
            FeedOrder::Random => random.below(rows),
            FeedOrder::Unique => {
                let Deal { before, own, all } = self.deal;
                if index >= u64::from(own) || self.share().is_some_and(|share| taken >= share) {
                    return None;
                }
                u64::from(before) + index + u64::from(taken) * u64::from(all)
            }
        };
        u32::try_from(row).ok().filter(|row| *row < self.rows)
    }
}

/// The rows that a user has of the feeds of its class.
///
/// One pointer, as most users have no feeds and an idle one shall weigh little.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rows(Option<Box<Held>>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Held {
    /// The present row of each feed.
    current: Box<[u32]>,
    /// How many rows were taken of each.
    taken: Box<[u32]>,
    /// A feed has no row left.
    used_up: bool,
}

impl Rows {
    /// What the user with this index in its class has at its start: the rows that it keeps.
    pub fn new(feeds: &[Feed], index: u64, random: &mut Random) -> Self {
        if feeds.is_empty() {
            return Self(None);
        }
        let none = || vec![0; feeds.len()].into();
        let owns_nothing = |feed: &Feed| feed.order == FeedOrder::Unique && index >= feed.deal.own.into();
        let held = Held { current: none(), taken: none(), used_up: feeds.iter().any(owns_nothing) };
        let mut rows = Self(Some(Box::new(held)));
        for feed in (0..feeds.len()).filter(|feed| feeds[*feed].per == FeedPer::User) {
            rows.take(feeds, &[feed], index, random);
        }
        rows
    }

    /// The present row of each feed.
    #[inline]
    pub fn current(&self) -> &[u32] {
        self.0.as_ref().map_or(&[], |held| &held.current)
    }

    /// Goes on to the next row of these feeds. If one has none left after that, [`Rows::are_used_up`].
    pub fn take(&mut self, feeds: &[Feed], indices: &[usize], index: u64, random: &mut Random) {
        let Some(held) = &mut self.0 else { return };
        for at in indices {
            let (feed, taken) = (&feeds[*at], &mut held.taken[*at]);
            match feed.row(index, *taken, random) {
                Some(row) => held.current[*at] = row,
                None => held.used_up = true,
            }
            *taken = taken.wrapping_add(1);
            let is_last = feed.share().is_some_and(|share| *taken >= share);
            held.used_up |= is_last && feed.per == FeedPer::Message;
        }
    }

    /// Whether the user has used up its share of some feed, or never had one: it has nothing left to send.
    #[inline]
    pub fn are_used_up(&self) -> bool {
        self.0.as_ref().is_some_and(|held| held.used_up)
    }
}

#[cfg(test)]
mod tests {
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
}
