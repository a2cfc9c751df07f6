//! Replays of recorded events, compared as whole files with what Locust 2.47's own code makes of them.
//!
//! `fixtures/locust/golden/NAME` holds the events and Locust's files; `replay_locust.py` beside it made them.

use std::fs;
use std::path::Path;
use std::process::Command;

use mqtt_scenario::report::csv::history::History;
use mqtt_scenario::report::replay::{ReplayOptions, replay};
use mqtt_scenario::report::table;
use mqtt_scenario::stats::percentiles::PercentileList;

const CASES: &[&str] = &[
    "all_failures",
    "basic",
    "ext_reset_exceptions",
    "none_and_gaps",
    "unicode_names",
    "wide_times",
    "zero_requests",
];

/// Compares two texts by line, so that a failure shows the first line that differs and not two files.
fn assert_same(actual: &str, expected: &str, what: &str) {
    for (number, (actual, expected)) in actual.split('\n').zip(expected.split('\n')).enumerate() {
        assert_eq!(actual, expected, "{what} line {}", number + 1);
    }
    assert_eq!(actual.len(), expected.len(), "{what}: lengths");
}

fn check(case: &str, history: History, history_file: &str) {
    let golden = Path::new("tests/fixtures/locust/golden").join(case);
    let dir = tempfile::tempdir().unwrap();
    let prefix = dir.path().join("new directory/out");
    let options = ReplayOptions { history, ..ReplayOptions::default() };
    let last =
        replay(&golden.join("events.jsonl"), &prefix, options, &PercentileList::LOCUST).unwrap().snapshot;
    let files = [
        ("_stats.csv", "expected_stats.csv"),
        ("_stats_history.csv", history_file),
        ("_failures.csv", "expected_failures.csv"),
        ("_exceptions.csv", "expected_exceptions.csv"),
    ];
    for (suffix, expected) in files {
        let actual = fs::read_to_string(format!("{}{suffix}", prefix.display())).unwrap();
        let path = golden.join(expected);
        assert_same(&actual, &fs::read_to_string(&path).unwrap(), &path.display().to_string());
    }
    let path = golden.join("expected_summary.txt");
    assert_same(&table::summary(&last), &fs::read_to_string(&path).unwrap(), &path.display().to_string());
}

#[test]
fn every_case_is_listed() {
    let mut found: Vec<_> = fs::read_dir("tests/fixtures/locust/golden")
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    found.sort_unstable();
    assert_eq!(found, CASES);
}

#[test]
fn files_are_locusts() {
    for case in CASES {
        check(case, History::Aggregated, "expected_stats_history.csv");
    }
}

#[test]
fn files_with_full_history_are_locusts() {
    for case in CASES {
        check(case, History::Full, "expected_stats_history_full.csv");
    }
}

#[test]
fn the_program_prints_the_summary_byte_for_byte() {
    let dir = tempfile::tempdir().unwrap();
    for case in CASES {
        let golden = Path::new("tests/fixtures/locust/golden").join(case);
        let output = Command::new(env!("CARGO_BIN_EXE_mqtt-scenario"))
            .arg("replay")
            .arg(golden.join("events.jsonl"))
            .arg("--csv")
            .arg(dir.path().join(case))
            .output()
            .unwrap();
        let expected = fs::read_to_string(golden.join("expected_summary.txt")).unwrap();
        assert_same(&String::from_utf8(output.stdout).unwrap(), &expected, case);
    }
}
