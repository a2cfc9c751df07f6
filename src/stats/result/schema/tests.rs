use super::*;

#[test]
fn the_committed_schema_is_that_of_the_result() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/result.schema.json");
    // As with snapshots.
    if std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always") {
        std::fs::write(path, text()).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap();
    assert!(committed == text(), "schemas/result.schema.json is old: run the test with INSTA_UPDATE=always");
}

#[test]
fn every_key_has_a_meaning() {
    let schema = schema();
    let definitions = schema["definitions"].as_object().unwrap();
    for (name, definition) in definitions.iter().map(|(name, of)| (name.as_str(), of)).chain([("", &schema)])
    {
        assert!(definition.get("description").is_some(), "{name}");
        for (key, property) in definition["properties"].as_object().into_iter().flatten() {
            assert!(property.get("description").is_some(), "{name}.{key}");
        }
    }
}
