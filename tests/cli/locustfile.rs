//! `locustfile`: what stands in the file of a master, and which scenarios it cannot have.

use std::fs;
use std::path::Path;

use crate::support::{ProgramOutput, ScenarioDir, run_program};

const SCENARIO: &str = r#"version = 1
name = "fleet"
include = ["common.toml"]
[brokers.hive]
url = "mqtt://broker.lan"
[load]
users = 40
spawn_rate = 2.5
run_time = "90s"
stop_timeout = "2500ms"
[feeds.places]
csv = "places.csv"
[user_classes.car]
weight = 3
feeds = ["places"]
username = "it's\\me"
password = "${env.CAR_PASSWORD}"
rate = "5/s"
[[user_classes.car.tasks]]
name = "drive"
steps = ["connect", { publish = { topic = "car/${row.place}", payload = "${vars.text}" } }]
[user_classes.sensor-fleet]
fixed_count = 2
[[user_classes.sensor-fleet.tasks]]
name = "look"
steps = ["connect"]
"#;

const COMMON: &str = "vars = { text = \"a\\r\\u001b[2J\" }\n# no end of line";

fn locustfile(scenario: &str) -> ProgramOutput {
    let place = ScenarioDir::new(scenario);
    for (name, text) in [("common.toml", COMMON), ("places.csv", "place\nhere\n")] {
        fs::write(place.path(name), text).unwrap();
    }
    run_program(&place.path(""), &["locustfile", "scenario.toml"])
}

#[test]
fn the_file_of_a_master_has_the_classes_the_scenario_and_the_cures() {
    let written = locustfile(SCENARIO);
    assert_eq!(written.code, Some(0), "{}", written.stderr);
    insta::assert_snapshot!("locustfile", written.stdout);
    assert!(
        written
            .stderr
            .contains("note: each worker needs these files in the folder where it runs: places.csv")
    );
    assert_eq!(locustfile(SCENARIO).stdout, written.stdout);
}

#[test]
fn what_means_nothing_under_a_locust_master_is_a_warning() {
    let change = |from, to| locustfile(&SCENARIO.replace(from, to));
    let name = "name = \"fleet\"";
    let said = [
        change(name, "name = \"fleet\"\nthresholds = [\"p95 < 1s\"]"),
        change("broker.lan\"", "broker.lan\"\nwatch = { sys = \"$SYS/#\" }"),
        change("mqtt://broker.lan", "embedded:"),
        change("spawn_rate = 2.5", "spawn_rate = 2.5\nsync = { topic = \"t\" }"),
    ];
    let warnings = said.map(|written| {
        assert_eq!(written.code, Some(0), "{}", written.stderr);
        let warnings = written.stderr.lines().filter(|line| line.starts_with("warning: "));
        warnings.collect::<Vec<_>>().join("\n")
    });
    insta::assert_snapshot!("locustfile_ignored", warnings.join("\n"));
}

#[test]
fn stages_are_a_load_test_shape() {
    let load = "[load]\nusers = 40\nspawn_rate = 2.5\nrun_time = \"90s\"\n";
    let stages = "[[load.stages]]\nname = \"rush\"\nusers = 6\nspawn_rate = 6\nduration = \"4s\"\nafter = \"connected\"\n\
                  [[load.stages]]\nusers = 2\nspawn_rate = 10\nduration = \"1500ms\"\n[load]\n";
    let written = locustfile(&SCENARIO.replace(load, stages));
    let shape = written.stdout.split_once("class Stages").unwrap_or_else(|| panic!("{}", written.stderr)).1;
    insta::assert_snapshot!("locustfile_stages", format!("class Stages{shape}"));
}

#[test]
fn what_a_master_cannot_have_is_refused_with_a_cure() {
    let cases = [
        ("\"${env.CAR_PASSWORD}\"", "\"sesame\""),
        ("\"${env.CAR_PASSWORD}\"", "\"${env.CAR_PASSWORD:-sesame}\""),
        ("users = 40", "users = \"${env.CAR_USERS}\""),
        ("mqtt://broker.lan\"", "mqtts://broker.lan\"\ntls = { ca = \"${env.CAR_CA}\" }"),
        ("mqtt://broker.lan", "ws://broker.lan/mqtt?token=abcdef"),
        (
            "\"mqtt://broker.lan\"",
            "\"ws://broker.lan\"\nwebsocket = { headers = { authorization = \"Bearer abcdef\" } }",
        ),
        ("name = \"fleet\"", "name = \"fleet\"\nvars = { api_token = \"abcdef\" }"),
        ("run_time = \"90s\"", "iterations = 100"),
        (
            "users = 40\nspawn_rate = 2.5\nrun_time = \"90s\"",
            "stages = [{ user_classes = { car = 3 }, duration = \"9s\" }]",
        ),
        ("rate = \"5/s\"", "rate = \"often\""),
    ];
    let large = format!("{SCENARIO}# {}\n", "x".repeat(2 << 20));
    let said = locustfile(&large).stderr;
    assert!(said.contains("cannot give out a scenario of 20"), "{said}");
    let said = cases.map(|(from, to)| {
        assert!(SCENARIO.contains(from), "{from}");
        let refused = locustfile(&SCENARIO.replace(from, to));
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(2), ""), "{to}");
        format!("{to}\n{}", refused.stderr)
    });
    insta::assert_snapshot!("locustfile_refused", said.join("\n"));
}

#[test]
fn every_scenario_of_the_tutorial_is_a_locustfile_or_refused_for_what_it_uses() {
    let mut refused = Vec::new();
    for path in fs::read_dir("scenarios").unwrap().map(|entry| entry.unwrap().path()) {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if ![".toml", ".yaml"].iter().any(|end| name.ends_with(end)) {
            continue;
        }
        let written = run_program(Path::new("scenarios"), &["locustfile", &name]);
        match written.code {
            Some(0) => assert!(written.stdout.contains("CLASSES = ["), "{name}"),
            _ => refused.push(format!("{name}: {}", written.stderr)),
        }
    }
    refused.sort();
    insta::assert_snapshot!(refused.join("\n"));
}
