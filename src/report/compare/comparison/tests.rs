use super::*;
use crate::stats::result::schema;

#[test]
fn the_committed_schema_is_that_of_the_comparison() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/compare.schema.json");
    let text = format!("{:#}\n", schema::of::<Comparison>("mqtt-scenario compare --format json"));
    // As with snapshots.
    if std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always") {
        std::fs::write(path, &text).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap();
    assert!(committed == text, "schemas/compare.schema.json is old: run the test with INSTA_UPDATE=always");
}
