use std::fs;
use std::os::unix::fs::symlink;

use super::*;

#[test]
fn outputs_may_meet_neither_each_other_nor_an_input_by_any_name() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    fs::write(at("scenario.toml"), "").unwrap();
    fs::write(at("old.csv"), "").unwrap();
    fs::hard_link(at("scenario.toml"), at("hard")).unwrap();
    symlink("scenario.toml", at("soft")).unwrap();
    symlink("x", at("dangling")).unwrap();
    let inputs = [at("scenario.toml")];
    let found = |outputs: &[(&'static str, &str)]| {
        let outputs: Vec<_> = outputs.iter().map(|(flag, name)| (*flag, at(name))).collect();
        conflict(&outputs, &inputs)
    };
    let (csv, log, json) = ("--csv", "--request-log", "--summary-json");
    for outputs in [
        &[(csv, "x_stats.csv"), (log, "x_stats.csv")][..],
        &[(log, "x"), (json, "./x")],
        &[(log, "x"), (json, "dangling")],
        &[(log, "new/../x"), (json, "x")],
        &[(log, "old.csv"), (json, "old.csv")],
        &[(log, "scenario.toml")],
        &[(log, "hard")],
        &[(log, "soft")],
    ] {
        assert!(found(outputs).is_some(), "{outputs:?}");
    }
    assert_eq!(found(&[(csv, "x_stats.csv"), (csv, "x_failures.csv"), (log, "x"), (json, "old.csv")]), None);
    let null = [(log, PathBuf::from("/dev/null")), (json, PathBuf::from("/dev/null"))];
    assert_eq!(conflict(&null, &inputs), None);
}
