use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

#[test]
fn the_text_is_that_of_pythons_json() {
    // `json.dumps(…, indent=2)` of Python 3.11, and the line end that Flask adds.
    let value = json!({"a": [], "b": {}, "c": [1, 2.5, null], "d": "\u{7f}é\u{1f600}\"\\\n\u{9b}<"});
    let wanted = "{\n  \"a\": [],\n  \"b\": {},\n  \"c\": [\n    1,\n    2.5,\n    null\n  ],\n  \
                      \"d\": \"\\u007f\\u00e9\\ud83d\\ude00\\\"\\\\\\n\\u009b<\"\n}\n";
    assert_eq!(String::from_utf8(text(&value)).unwrap(), wanted);
}

proptest! {
    #[test]
    fn every_string_comes_through_and_only_in_ascii(string in any::<String>()) {
        let bytes = text(&json!({ string.clone(): string }));
        prop_assert!(bytes.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\n')));
        let read: Value = serde_json::from_slice(&bytes).unwrap();
        prop_assert_eq!(read, json!({ string.clone(): string }));
    }
}
