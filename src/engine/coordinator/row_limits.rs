//! For how many users a plan has rows, where feeds give no row to two users.
//!
//! `compile` makes sure that there are rows for all users of the stages. Whoever starts more while the run goes on, or
//! stops some and starts others, learns here why the new ones leave at once.

use crate::plan::feed::FeedOrder;
use crate::plan::{ClassId, Plan};

/// The classes whose users may run out of rows.
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
mod tests {
    use super::*;
    use crate::engine::testing;
    use crate::plan::UserClass;
    use crate::plan::feed::{Deal, Feed, FeedPer};

    #[test]
    fn users_without_a_row_are_warned_about_once_for_each_class() {
        let feed = |name: &str, order, own| Feed {
            name: name.to_owned(),
            rows: 20,
            order,
            per: FeedPer::User,
            deal: Deal { before: 0, own, all: own },
        };
        let unique = |own| feed(&format!("unique {own}"), FeedOrder::Unique, own);
        let class = |feeds| UserClass { feeds, ..testing::class() };
        let classes = vec![
            class(vec![feed("round", FeedOrder::Sequential, 0), unique(5), unique(3)]),
            class(vec![feed("round", FeedOrder::Random, 0)]),
            class(vec![unique(4)]),
        ];
        let mut limits = RowLimits::of(&Plan { classes, ..testing::plan(testing::class()) });
        let name = testing::class().name;
        let warning = |own| {
            format!(
                "The feed `unique {own}` has rows for {own} users of `{name}`: further ones leave at once"
            )
        };
        assert_eq!(limits.exceeded(|class| [3, 100, 4][class.0]), [""; 0]);
        assert_eq!(limits.exceeded(|class| [4, 100, 4][class.0]), [warning(3)]);
        assert_eq!(limits.exceeded(|_| 100), [warning(4)]);
        assert_eq!(limits.exceeded(|_| 101), [""; 0]);
    }
}
