//! `init` and `fmt`: what they write and what they refuse.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::support::{ProgramOutput, TestScenario, listing, run_program};

fn shown(arguments: &[&str], said: &ProgramOutput) -> String {
    let ProgramOutput { code, stdout, stderr } = said;
    let code = code.unwrap();
    format!("$ mqtt-scenario {}  # exit code {code}\n{stdout}{stderr}", arguments.join(" "))
}

#[test]
fn a_starter_is_a_scenario_without_warnings_and_the_same_in_both_formats() {
    let dir = TempDir::new().unwrap();
    for name in ["a.toml", "a.yaml"] {
        let said = run_program(dir.path(), &["init", name]);
        assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""));
    }
    let [toml, yaml] = ["a.toml", "a.yaml"].map(|name| TestScenario::read(&dir.path().join(name)).compiled());
    assert_eq!(toml.warnings, []);
    assert_eq!(toml, yaml);
    let said = run_program(dir.path(), &["fmt", "--check", "a.toml"]);
    assert_eq!((said.code, said.stdout.as_str(), said.stderr.as_str()), (Some(0), "", ""));
}

#[test]
fn init_overwrites_nothing_unless_told_to() {
    let dir = TempDir::new().unwrap();
    let mine = dir.path().join("scenario.toml");
    fs::write(&mine, "# mine").unwrap();
    let commands: [&[&str]; 4] =
        [&["init"], &["init", "scenario.json"], &["init", "scenario.toml/such.toml"], &["init", "--force"]];
    let mut said = Vec::new();
    for command in commands {
        let before = fs::read_to_string(&mine).unwrap();
        said.push(shown(command, &run_program(dir.path(), command)));
        assert_eq!(fs::read_to_string(&mine).unwrap() == before, !command.contains(&"--force"));
    }
    assert_eq!(listing(dir.path()), [dir.path().join("scenario.schema.json"), mine]);
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn fmt_changes_what_it_must_and_leaves_what_it_cannot_read() {
    let dir = TempDir::new().unwrap();
    for (name, text) in [
        ("fine.toml", "version = 1\n"),
        ("wide.toml", "version   =   1\r\n"),
        ("broken.toml", "version = = 1\n"),
        ("misspelt.toml", "versoin=1\n"),
        ("a.yaml", "version: 1\n"),
    ] {
        fs::write(dir.path().join(name), text).unwrap();
    }
    let texts = || {
        ["fine", "wide", "broken", "misspelt"]
            .map(|name| fs::read_to_string(dir.path().join(name).with_extension("toml")).unwrap())
    };
    let before = texts();
    let mut said = Vec::new();
    let commands: [&[&str]; 6] = [
        &["fmt", "--check", "fine.toml"],
        &["fmt", "--check", "fine.toml", "wide.toml", "misspelt.toml"],
        &["fmt", "a.yaml", "no.toml"],
        &["fmt", "fine.toml", "broken.toml", "wide.toml", "misspelt.toml"],
        &["fmt", "--check", "fine.toml", "wide.toml", "misspelt.toml"],
        &["fmt"],
    ];
    for (i, command) in commands.into_iter().enumerate() {
        said.push(shown(command, &run_program(dir.path(), command)));
        assert_eq!(texts() == before, i < 3, "{command:?}");
    }
    assert_eq!(texts(), ["version = 1\n", "version = 1\n", "version = = 1\n", "versoin = 1\n"]);
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn the_examples_are_laid_out() {
    let mut files = listing(Path::new("scenarios"));
    files.retain(|path| path.extension().is_some_and(|ending| ending == "toml"));
    let names: Vec<_> = files.iter().map(|path| path.to_str().unwrap()).collect();
    let said = run_program(Path::new("."), &[&["fmt", "--check"][..], &names].concat());
    assert_eq!((said.code, said.stdout.as_str(), said.stderr.as_str()), (Some(0), "", ""));
}
