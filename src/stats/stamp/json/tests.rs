use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn find(json: &str, pointer: &str) -> Option<String> {
    let parts: Vec<Box<str>> = pointer.split('/').skip(1).map(Into::into).collect();
    text_at(json.as_bytes(), &parts).map(|text| String::from_utf8(text.to_vec()).unwrap())
}

#[test]
fn the_text_is_found_where_the_pointer_says() {
    let json =
        r#" { "a" : [ 1.5e3, {"x":"no, \"}","s":"inner"}, "s" ], "b\"": null, "s" : "outer", "":"e" } "#;
    for (pointer, expected) in [
        ("/s", Some("outer")),
        ("/a/1/s", Some("inner")),
        ("/a/2", Some("s")),
        ("/a/0", None),
        ("/a/3", None),
        ("/a/x", None),
        ("/a", None),
        ("/t", None),
        ("/s/t", None),
        ("/", Some("e")),
        ("/a/1/x", Some(r#"no, \"}"#)),
    ] {
        assert_eq!(find(json, pointer).as_deref(), expected, "{pointer}");
    }
    assert_eq!(find(r#""whole""#, "").as_deref(), Some("whole"));
}

#[test]
fn what_is_cut_off_or_no_json_is_nothing() {
    let json = r#"{"a":[1,{"b":2}],"s":"text"}"#;
    for end in 0..json.len() - 1 {
        assert_eq!(find(&json[..end], "/s"), None, "{}", &json[..end]);
    }
    for json in ["", "}", "{\"a\"}", "{,}", "{\"a\":]}", "{\"a\":1]", "[}", "{\"s\":\"\\", "\\", "{\"a\":,"] {
        assert_eq!(find(json, "/s"), None, "{json}");
        assert_eq!(find(json, "/0"), None, "{json}");
    }
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        "[a-c\"\\\\{}\\[\\],: ]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map("[a-c{\\[,]{0,2}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn it_finds_what_a_whole_reading_finds(
        value in value(),
        parts in vec(prop_oneof!["[a-c{\\[,]{0,2}", "[0-3]"], 0..4),
        pretty: bool,
    ) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
        let text = text.unwrap();
        let pointer = [vec![String::new()], parts.clone()].concat().join("/");
        let expected = match value.pointer(&pointer) {
            Some(Value::String(found)) => {
                let quoted = serde_json::to_string(found).unwrap();
                Some(quoted[1..quoted.len() - 1].to_owned())
            }
            _ => None,
        };
        prop_assert_eq!(find(&text, &pointer), expected);
    }

    #[test]
    fn nothing_makes_it_fail(bytes in vec(any::<u8>(), 0..60), part in "[a-c0-3]{0,2}") {
        let found = text_at(&bytes, &[part.into()]);
        prop_assert!(found.is_none_or(|found| found.len() < bytes.len()));
    }
}
