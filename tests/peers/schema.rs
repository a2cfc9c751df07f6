//! The schema in the hands of a third-party validator: Python's jsonschema, with Python's own readers of the files.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{listing, locust_python};

/// What the validator says of each file, a line each or several for wrong ones.
fn validated(files: &[PathBuf]) -> Vec<String> {
    let output = Command::new(locust_python())
        .args(["tests/fixtures/schema_validate.py", "schemas/scenario.schema.json"])
        .args(files)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
#[ignore = "needs PyPI's jsonschema and PyYAML: run by .ci/run"]
fn every_example_validates_against_the_schema() {
    let mut files = listing(Path::new("scenarios"));
    files.retain(|path| path.extension().is_some_and(|ending| ending == "toml" || ending == "yaml"));
    files.extend(
        ["rich.toml", "stages.toml", "language.toml"].map(|name| Path::new("tests/fixtures/plan").join(name)),
    );
    files.push(PathBuf::from("tests/fixtures/exhaustive.toml"));
    files.extend(["src/cli/starter.toml", "src/cli/starter.yaml"].map(PathBuf::from));
    let said = validated(&files);
    assert!(said.len() >= 5, "the examples were not found");
    assert!(said.iter().all(|line| line.ends_with(": fine")), "{}", said.join("\n"));
}

#[test]
#[ignore = "needs PyPI's jsonschema and PyYAML: run by .ci/run"]
fn files_of_a_wrong_shape_do_not() {
    let files = listing(Path::new("tests/fixtures/broken/shape"));
    let said = validated(&files);
    let fine: Vec<_> = said.iter().filter(|line| line.ends_with(": fine")).collect();
    assert!(fine.is_empty(), "{fine:?}");
    assert!(said.iter().filter(|line| line.contains(": wrong: ")).count() > 100, "{}", said.join("\n"));
}
