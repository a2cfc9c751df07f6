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
mod tests;
