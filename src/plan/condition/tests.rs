use serde_json::json;

use super::*;

fn text(text: &str) -> Text {
    Text::Constant(text.as_bytes().into())
}

fn check(condition: &Condition, topic: &str, payload: &str) -> Result<(), String> {
    let check = condition.made(|text| match text {
        Text::Constant(bytes) => Arc::clone(bytes),
        _ => panic!("{text:?}"),
    });
    check.holds(topic, &Payload::new(payload.as_bytes())).map_err(|mismatch| mismatch.to_string())
}

#[test]
fn each_condition_says_what_is_wrong() {
    let equals = Condition { equals: Some(text("on")), ..Condition::default() };
    let contains = Condition { contains: Some(text("rat")), ..Condition::default() };
    let regex = Pattern(Arc::new(Regex::new(r"^\d+$").unwrap()));
    let regex = Condition { regex: Some(regex), ..Condition::default() };
    let topic = Condition { topic: Some(text("a/+")), ..Condition::default() };
    let shared = Condition { topic: Some(text("$share/g/a/+")), ..Condition::default() };
    let json = |pointer: &str, value| {
        let value = Wanted::Constant(Arc::new(value));
        Condition { json: vec![JsonValue { pointer: pointer.into(), value }], ..Condition::default() }
    };
    for (condition, payload, wrong) in [
        (&Condition::default(), "", None),
        (&equals, "on", None),
        (&equals, "one", Some("payload is not equal to what is expected")),
        (&contains, "operation", None),
        (&contains, "ratt", None),
        (&contains, "ra t", Some("payload does not contain what is expected")),
        (&regex, "17", None),
        (&regex, "17 ", Some("payload does not match the regex")),
        (&topic, "", None),
        (&shared, "", None),
        (&json("/a", json!(1)), "{\"a\":1}", None),
        (&json("/a", json!(1)), "{\"a\":1.0}", None),
        (&json("/a", json!("1")), "{\"a\":1}", Some("JSON pointer /a has another value")),
        (&json("/a/1", json!(true)), "{\"a\":[0,true]}", None),
        (&json("/a/2", json!(true)), "{\"a\":[0,true]}", Some("JSON pointer /a/2 is absent")),
        (&json("/a", json!(null)), "{\"a\":null}", None),
        (&json("/x~1y", json!("")), "{\"x/y\":\"\"}", None),
        (&json("", json!({"a": [1.0]})), "{\"a\":[1]}", None),
        (&json("", json!({"a": [1]})), "{\"a\":[1],\"b\":2}", Some("payload is another JSON value")),
        (&json("/a", json!(1)), "a", Some("payload is not JSON")),
    ] {
        let wrong = wrong.map(|wrong| format!("received message: {wrong}"));
        assert_eq!(check(condition, "a/b", payload).err(), wrong, "{condition:?} {payload}");
    }
    assert!(check(&topic, "b/a", "").is_err());
}

#[test]
fn all_conditions_must_hold() {
    let both = Condition { equals: Some(text("ab")), contains: Some(text("b")), ..Condition::default() };
    assert_eq!(check(&both, "t", "ab"), Ok(()));
    assert!(check(&both, "t", "b").is_err());
    let never = Condition { equals: Some(text("ab")), contains: Some(text("c")), ..Condition::default() };
    assert!(check(&never, "t", "ab").is_err());
}
