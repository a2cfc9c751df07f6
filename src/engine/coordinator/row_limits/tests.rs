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
        format!("The feed `unique {own}` has rows for {own} users of `{name}`: further ones leave at once")
    };
    assert_eq!(limits.exceeded(|class| [3, 100, 4][class.0]), [""; 0]);
    assert_eq!(limits.exceeded(|class| [4, 100, 4][class.0]), [warning(3)]);
    assert_eq!(limits.exceeded(|_| 100), [warning(4)]);
    assert_eq!(limits.exceeded(|_| 101), [""; 0]);
}
