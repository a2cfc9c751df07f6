//! The published load tests that `docs/moving/scenarios/` says in our language: each runs as it stands, on the built-in broker,
//! without a failure, and every row of its plan gets requests.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use super::commands::side_by_side;
use crate::support::run_program;

const FOLDER: &str = "docs/moving/scenarios";

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// What a scenario does not do that it should.
fn faults(scenario: &Path) -> Vec<String> {
    let name = scenario.display().to_string();
    let dir = TempDir::new().unwrap();
    let summary = dir.path().join("summary.json");
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    let planned = run_program(Path::new("."), &["plan", &name, "--format", "json"]);
    let plan: Value = serde_json::from_str(&planned.stdout).unwrap();
    let ran = run_program(Path::new("."), &["run", &name, "-q", "--summary-json", &path(&summary)]);
    if ran.code != Some(0) {
        return vec![format!("{name}: {:?}\n{}\n{}", ran.code, ran.stdout, ran.stderr)];
    }
    let summary = json(&summary);
    let row =
        |row: &Value| (row["type"].as_str().unwrap().to_owned(), row["name"].as_str().unwrap().to_owned());
    let rows = summary["rows"].as_array().unwrap().iter();
    let requests: BTreeMap<_, _> = rows.map(|it| (row(it), it["requests"].as_u64().unwrap())).collect();
    let known: Vec<(String, String)> = serde_json::from_value(plan["rows"]["known"].clone()).unwrap();
    let unused = known.iter().filter(|row| requests.get(*row).is_none_or(|requests| *requests == 0));
    unused.map(|row| format!("{name}: {row:?} has no request")).collect()
}

#[test]
fn every_port_of_a_published_test_runs_without_a_failure_and_does_all_that_it_plans() {
    let files = fs::read_dir(FOLDER).unwrap().map(|entry| entry.unwrap().path());
    let mut scenarios: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|ending| ending == "toml")).collect();
    scenarios.sort();
    assert_eq!(scenarios.len(), 12);
    let mistaken = side_by_side(&scenarios, |scenario| faults(scenario));
    assert!(mistaken.is_empty(), "{}", mistaken.join("\n"));
}
