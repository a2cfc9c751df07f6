use super::*;

fn editors(choice: &Value) -> Value {
    let definitions = json!({
        "Choice": choice,
        "Length": { "type": "string", "pattern": "s$" },
        "Table": { "type": "object", "description": "A table.", "properties": { "a": {}, "b": {} }, "required": ["a"] },
    });
    for_editors(json!({ "definitions": definitions }))["definitions"]["Choice"].clone()
}

#[test]
fn an_object_is_told_by_its_key_and_a_text_by_being_none() {
    let step = json!({ "description": "A step.", "oneOf": [
            { "type": "object", "description": "Send.", "properties": { "publish": { "$ref": "#/definitions/Table" } }, "required": ["publish"] },
            { "type": "object", "properties": { "wait": { "type": "string" } }, "required": ["wait"] },
            { "type": "string", "enum": ["connect"] },
        ] });
    let expected = json!({
        "description": "A step.",
        "if": { "not": { "type": "object" } },
        "then": { "enum": ["connect"] },
        "properties": {
            "publish": { "allOf": [{ "$ref": "#/definitions/Table" }], "description": "Send." },
            "wait": { "type": "string" },
        },
        "additionalProperties": false,
        "minProperties": 1,
        "maxProperties": 1,
    });
    assert_eq!(editors(&step), expected);
    let table = json!({ "description": "C.", "oneOf": [
            { "allOf": [{ "$ref": "#/definitions/Length" }], "description": "Short." },
            { "allOf": [{ "$ref": "#/definitions/Table" }], "description": "Long." },
        ] });
    let expected = json!({
        "description": "C.",
        "if": { "not": { "type": "object" } },
        "then": { "$ref": "#/definitions/Length" },
        "properties": { "a": {}, "b": {} },
        "required": ["a"],
    });
    assert_eq!(editors(&table), expected);
}

#[test]
fn words_keep_their_meanings() {
    let words = json!({ "description": "W.", "oneOf": [
            { "const": "a", "description": "A." }, { "const": "b", "description": "B." },
        ] });
    let expected = json!({
        "description": "W.",
        "enum": ["a", "b"],
        "enumDescriptions": ["A.", "B."],
        "x-taplo": { "docs": { "enumValues": ["A.", "B."] } },
    });
    assert_eq!(editors(&words), expected);
}

#[test]
fn what_nothing_tells_apart_stays_as_it_is() {
    for alternatives in [
        json!([{ "type": "string" }, { "const": "a" }, { "properties": { "k": {} } }]),
        json!([{ "allOf": [{ "$ref": "#/definitions/Table" }] }, { "properties": { "k": {} } }]),
        json!([{ "properties": { "k": {}, "l": {} } }, { "type": "string" }]),
    ] {
        let choice = json!({ "oneOf": alternatives });
        assert_eq!(editors(&choice), choice);
    }
}
