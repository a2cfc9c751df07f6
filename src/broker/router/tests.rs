use super::*;
use crate::broker::config::QueueLimit;
use crate::broker::session::Session;
use proptest::prelude::*;
use std::cell::RefCell;
use std::sync::Arc;

fn session(name: &str) -> SessionRef {
    Rc::new(RefCell::new(Session::new(name.into(), QueueLimit::default(), Arc::default())))
}

fn target(session: &SessionRef, qos: Qos) -> Target {
    let options = Options { qos, no_local: false, retain_as_published: false };
    Target { session: Rc::clone(session), options }
}

fn names(router: &mut Router, topic: &str) -> Vec<(String, u8)> {
    let mut found = Vec::new();
    router.matching(topic, &mut found);
    let name = |target: &Target| (target.session.borrow().client_id.to_string(), target.options.qos.level());
    let mut names: Vec<_> = found.iter().map(name).collect();
    names.sort();
    names
}

#[test]
fn overlapping_subscriptions_are_one_with_the_highest_quality() {
    let mut router = Router::default();
    let (a, b) = (session("a"), session("b"));
    router.subscribe("x/#", target(&a, Qos::AtMostOnce));
    router.subscribe("x/+", target(&a, Qos::ExactlyOnce));
    router.subscribe("x/y", target(&b, Qos::AtLeastOnce));
    assert_eq!(names(&mut router, "x/y"), [("a".into(), 2), ("b".into(), 1)]);
    assert_eq!(names(&mut router, "x"), [("a".into(), 0)]);
    router.subscribe("x/y", target(&b, Qos::AtMostOnce));
    assert_eq!(names(&mut router, "x/y"), [("a".into(), 2), ("b".into(), 0)]);
}

#[test]
fn a_shared_group_takes_turns_beside_ordinary_subscribers() {
    let mut router = Router::default();
    let (a, b, c) = (session("a"), session("b"), session("c"));
    router.subscribe("$share/g/x", target(&a, Qos::AtLeastOnce));
    router.subscribe("$share/g/x", target(&b, Qos::AtLeastOnce));
    router.subscribe("x", target(&c, Qos::AtLeastOnce));
    let seen: Vec<_> = (0..4).map(|_| names(&mut router, "x")[0].0.clone()).collect();
    assert_eq!(seen, ["a", "b", "a", "b"]);
    assert_eq!(names(&mut router, "x").len(), 2);
    router.unsubscribe("$share/g/x", &a);
    router.unsubscribe("$share/g/x", &b);
    assert_eq!(names(&mut router, "x"), [("c".into(), 1)]);
}

#[test]
fn nothing_is_left_of_a_subscription_that_was_removed() {
    let mut router = Router::default();
    let a = session("a");
    for filter in ["x/y/z", "x/+/z", "#", "$share/g/x/y"] {
        router.subscribe(filter, target(&a, Qos::AtMostOnce));
    }
    for filter in ["x/y/z", "x/+/z", "#", "$share/g/x/y", "never/there"] {
        router.unsubscribe(filter, &a);
    }
    assert!(router.root.is_empty());
    assert_eq!(Rc::strong_count(&a), 1);
}

proptest! {
    /// The tree and the leaf's plain rule agree.
    #[test]
    fn the_tree_matches_like_the_rule(
        filter in "[$]?[ab+]?(/([ab]|[+])?){0,3}(/#)?",
        topic in "[$]?[ab]?(/[ab]?){0,4}",
    ) {
        prop_assume!(mqtt::check_topic_filter(&filter).is_ok() && mqtt::check_topic_name(&topic).is_ok());
        let mut router = Router::default();
        router.subscribe(&filter, target(&session("a"), Qos::AtMostOnce));
        prop_assert_eq!(!names(&mut router, &topic).is_empty(), mqtt::matches(&filter, &topic));
    }
}
