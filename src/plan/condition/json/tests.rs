use proptest::prelude::*;
use serde_json::json;

use super::*;

/// Whether two JSON values are the same; 1 and 1.0 are.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => same_number(a, b),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

fn found(text: &str, sought: &[(&str, Value)]) -> Option<Vec<Found>> {
    let mut sought: Vec<_> = sought
        .iter()
        .map(|(pointer, value)| Sought { pointer, wanted: Some(value), found: Found::Absent })
        .collect();
    look(text.as_bytes(), &mut sought)?;
    Some(sought.into_iter().map(|sought| sought.found).collect())
}

#[test]
fn each_place_is_compared_with_what_is_wanted_there() {
    let text = r#"{"a": {"b": [1, {"c": "x"}], "b~/": null}, "a/b": 1.0, "é": [[]]}"#;
    for (pointer, wanted, expected) in [
        ("/a/b/0", json!(1), Found::Same(true)),
        ("/a/b/1/c", json!("x"), Found::Same(true)),
        ("/a/b/1/c", json!("y"), Found::Same(false)),
        ("/a/b/1", json!({"c": "x"}), Found::Same(true)),
        ("/a/b", json!([1, {"c": "x"}]), Found::Same(true)),
        ("/a/b", json!([1]), Found::Same(false)),
        ("/a/b", json!([1, {"c": "x"}, 2]), Found::Same(false)),
        ("/a/b/01", json!({"c": "x"}), Found::Absent),
        ("/a/b/2", json!(1), Found::Absent),
        ("/a/b/0/0", json!(1), Found::Absent),
        ("/a/b~0~1", json!(null), Found::Same(true)),
        ("/a~1b", json!(1), Found::Same(true)),
        ("/é/0", json!([]), Found::Same(true)),
        ("a", json!(1), Found::Absent),
        ("", json!({}), Found::Same(false)),
    ] {
        assert_eq!(found(text, &[(pointer, wanted.clone())]), Some(vec![expected]), "{pointer} {wanted}");
    }
    let many = [
        ("/a/b", json!([1])),
        ("/a/b/0", json!(1)),
        ("/a/b/0", json!(2)),
        ("/é/0", json!([])),
        ("/x", json!(1)),
    ];
    let expected =
        [Found::Same(false), Found::Same(true), Found::Same(false), Found::Same(true), Found::Absent];
    assert_eq!(found(text, &many), Some(expected.to_vec()));
}

#[test]
fn of_a_key_that_stands_twice_the_last_counts() {
    for (text, expected) in [
        (r#"{"a": 1, "a": 2}"#, Found::Same(false)),
        (r#"{"a": 2, "a": 1}"#, Found::Same(true)),
        (r#"{"a": {"b": 1}, "a": 5}"#, Found::Same(false)),
    ] {
        assert_eq!(found(text, &[("/a", json!(1))]), Some(vec![expected]), "{text}");
    }
    assert_eq!(found(r#"{"a": {"b": 1}, "a": 5}"#, &[("/a/b", json!(1))]), Some(vec![Found::Absent]));
    assert_eq!(found(r#"[{"a": 1, "a": 2}]"#, &[("/0", json!({"a": 2}))]), Some(vec![Found::Same(true)]));
}

#[test]
fn what_is_no_json_is_nothing() {
    for text in ["", "a", "{\"a\":1", "{\"a\":1}x", "[1,]", "\u{feff}1"] {
        assert_eq!(found(text, &[("/a", json!(1))]), None, "{text}");
    }
    assert_eq!(look(b"\"\xff\"", &mut [Sought { pointer: "", wanted: None, found: Found::Absent }]), None);
}

#[test]
fn depth_costs_no_stack() {
    let deep = "[".repeat(1 << 20) + &"]".repeat(1 << 20);
    let text = format!(r#"{{"deep": {deep}, "a": 1}}"#);
    assert_eq!(found(&text, &[("/a", json!(1))]), Some(vec![Found::Same(true)]));
    assert_eq!(found(&text, &[("/deep", json!(1))]), Some(vec![Found::Same(false)]));
    assert_eq!(found(&text, &[("", json!({"a": 1}))]), Some(vec![Found::Same(false)]));
}

#[test]
fn large_whole_numbers_are_compared_as_they_are() {
    assert!(!same(&json!(9_007_199_254_740_993_u64), &json!(9_007_199_254_740_992_u64)));
    assert!(same(&json!(-3), &json!(-3.0)));
    assert!(!same(&json!(1), &json!(true)));
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (-3..4_i64).prop_map(Value::from),
        (-3..4_i32).prop_map(|number| Value::from(f64::from(number) / 2.0)),
        "[ab\"\\\\é]{0,2}".prop_map(Value::String),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::Array),
            prop::collection::btree_map("[ab/~]{0,2}", inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn it_is_as_with_a_tree(
        message in value(),
        wanted in prop::collection::vec(("(/([ab]|~0|~1|0|1|00){0,2}){0,3}", value()), 1..4),
        pretty in any::<bool>(),
    ) {
        let text = if pretty { format!("{message:#}") } else { message.to_string() };
        let sought: Vec<_> = wanted.iter().map(|(pointer, value)| (pointer.as_str(), value.clone())).collect();
        let expected: Vec<_> = sought.iter().map(|(pointer, value)| {
            message.pointer(pointer).map_or(Found::Absent, |found| Found::Same(same(found, value)))
        }).collect();
        prop_assert_eq!(found(&text, &sought), Some(expected));
    }
}
