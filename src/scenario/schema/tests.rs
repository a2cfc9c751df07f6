use super::*;

#[test]
fn the_committed_schema_is_that_of_the_model() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/scenario.schema.json");
    // As with snapshots.
    if std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always") {
        std::fs::write(path, text()).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap();
    assert!(
        committed == text(),
        "schemas/scenario.schema.json is old: run the test with INSTA_UPDATE=always"
    );
}
