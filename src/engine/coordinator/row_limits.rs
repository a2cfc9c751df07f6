//! For how many users a plan has rows, where feeds give no row to two users.
//!
//! `compile` makes sure that there are rows for all users of the stages. Whoever starts more while the run goes on, or
//! stops some and starts others, learns here why the new ones leave at once.

use crate::plan::feed::FeedOrder;
use crate::plan::{ClassId, Plan};

#[derive(Debug)]
pub(crate) struct RowLimits(Vec<Limit>);

#[derive(Debug)]
struct Limit {
    class: ClassId,
    class_name: String,
    feed: String,
    users: u32,
}

impl RowLimits {
    /// The limits of a plan: one for each class with such a feed, that of its shortest one.
    pub(crate) fn of(plan: &Plan) -> Self {
        let limits = plan.classes.iter().enumerate().filter_map(|(id, class)| {
            let unique = class.feeds.iter().filter(|feed| feed.order == FeedOrder::Unique);
            let shortest = unique.min_by_key(|feed| feed.deal.own)?;
            Some(Limit {
                class: ClassId(id),
                class_name: class.name.clone(),
                feed: shortest.name.clone(),
                users: shortest.deal.own,
            })
        });
        Self(limits.collect())
    }

    /// Warnings of the classes of which more users than that were ever started. Each is given once.
    pub(crate) fn exceeded(&mut self, started: impl Fn(ClassId) -> u64) -> Vec<String> {
        let exceeded = self.0.extract_if(.., |limit| started(limit.class) > limit.users.into());
        let warning = |Limit { class_name, feed, users, .. }| {
            format!(
                "The feed `{feed}` has rows for {users} users of `{class_name}`: further ones leave at once"
            )
        };
        exceeded.map(warning).collect()
    }
}

#[cfg(test)]
mod tests;
