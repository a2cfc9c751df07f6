use super::*;

#[test]
fn a_filter_matches_as_the_standard_says() {
    for (filter, topic, expected) in [
        ("a/b", "a/b", true),
        ("a/b", "a/b/c", false),
        ("a/+/c", "a/b/c", true),
        ("a/+", "a", false),
        ("a/+", "a/", true),
        ("a/#", "a", true),
        ("a/#", "a/b/c", true),
        ("#", "a/b", true),
        ("#", "$SYS/x", false),
        ("+/x", "$SYS/x", false),
        ("$SYS/#", "$SYS/x", true),
        ("/+", "/a", true),
        ("+", "/a", false),
    ] {
        assert_eq!(matches(filter, topic), expected, "{filter} {topic}");
    }
}

#[test]
fn filters_overlap_where_a_topic_matches_both() {
    for (a, b, expected) in [
        ("a/b", "a/b", true),
        ("a/b", "a/c", false),
        ("a/+", "+/b", true),
        ("a/+", "a", false),
        ("a/#", "a", true),
        ("a/#", "a/+/c", true),
        ("a/+/c", "a/b", false),
        ("#", "a", true),
        ("#", "$SYS/#", false),
        ("$SYS/+", "$SYS/x", true),
    ] {
        assert_eq!(overlap(a, b), expected, "{a} {b}");
        assert_eq!(overlap(b, a), expected, "{b} {a}");
    }
}

#[test]
fn a_shared_filter_is_that_behind_its_group() {
    assert_eq!(without_share("$share/g/a/#"), "a/#");
    assert_eq!(without_share("a/#"), "a/#");
}

#[test]
fn bad_topics_are_named() {
    assert_eq!(check_topic_name(""), Err(TopicError::Empty));
    assert_eq!(check_topic_name("a/+/b"), Err(TopicError::Wildcard('+')));
    assert_eq!(check_topic_name("a\0b"), Err(TopicError::Null));
    assert_eq!(check_topic_name(&"x".repeat(65_536)), Err(TopicError::TooLong));
    assert_eq!(check_topic_name(&"x".repeat(65_535)), Ok(()));
    assert_eq!(check_topic_filter("a/#/b"), Err(TopicError::MisplacedWildcard('#')));
    assert_eq!(check_topic_filter("a+"), Err(TopicError::MisplacedWildcard('+')));
    assert_eq!(check_topic_filter("$share/g"), Err(TopicError::Share));
    assert_eq!(check_topic_filter("$share/g/a/#"), Ok(()));
}
