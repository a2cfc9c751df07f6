use super::*;
use serde_json::json;

#[test]
fn outer_values_have_lines_and_inner_ones_do_not() {
    let value =
        json!({ "a": 1, "b": [], "c": [{ "d": [1, 2], "e": {} }, { "f": null }], "g": { "h": [[3]] } });
    let mut bytes = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, Lines::default());
    value.serialize(&mut serializer).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let wanted = "{\n  \"a\": 1,\n  \"b\": [],\n  \"c\": [\n    {\"d\": [1, 2], \"e\": {}},\n    \
                      {\"f\": null}\n  ],\n  \"g\": {\n    \"h\": [[3]]\n  }\n}";
    assert_eq!(text, wanted);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
}
