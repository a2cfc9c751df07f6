//! Locust's flags and settings, as somebody who moves from Locust gives them.

use std::fs;
use std::process::{Command, Output};

use serde_json::Value;

use crate::support::ScenarioDir;

const CARS: &str = r#"
version = 1
name = "cars"
brokers.b.url = "embedded:"
load = { users = 4, spawn_rate = 100, run_time = "300ms" }
[user_classes.Car]
weight = 3
[[user_classes.Car.tasks]]
name = "drive"
weight = 4
tags = ["main"]
steps = [{ publish = { topic = "cars", name = "publish" } }, { wait = "10ms" }]
[[user_classes.Car.tasks]]
name = "park"
steps = [{ wait = "10ms" }]
[user_classes.Bus]
[[user_classes.Bus.tasks]]
name = "stop"
steps = [{ publish = { topic = "buses" } }, { wait = "10ms" }]
"#;

/// A folder with settings in each place: the same one in all, and one that only this place has.
fn settled() -> ScenarioDir {
    let place = ScenarioDir::new(CARS);
    fs::write(place.path(".locust.conf"), "users = 1\nstop-timeout = 1\nprocesses = 4\n").unwrap();
    fs::write(place.path("locust.conf"), "# of a team\nusers = 2\nrun-time = 200ms ; short\nonly-summary\n")
        .unwrap();
    fs::write(place.path("pyproject.toml"), "[tool.locust]\nusers = 3\nspawn-rate = 50\nheadless = true\n")
        .unwrap();
    fs::write(place.path("my.conf"), "--users 4\nexclude-tags: [slow]\nspawn-rate = 60\n").unwrap();
    place
}

/// The program in that folder, with these variables of the environment.
fn command(place: &ScenarioDir, args: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = place.command(args);
    command.env("HOME", place.path("")).envs(variables.iter().copied());
    command
}

/// Both outputs and the exit code.
fn said(output: Output) -> String {
    let code = output.status.code().unwrap();
    let [stdout, stderr] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    format!("{stdout}--- standard error ---\n{stderr}--- exit code {code} ---\n").replace("Home", "~")
}

/// What a run says that its command line changed, without the time of a line of the log.
fn changes(place: &ScenarioDir, args: &[&str], variables: &[(&str, &str)]) -> (Vec<String>, String) {
    let args: Vec<_> = ["run"].iter().chain(args).copied().chain(["--summary-json", "result.json"]).collect();
    let output = command(place, &args, variables).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    let result: Value = serde_json::from_str(&place.read("result.json")).unwrap();
    let changes = result["run"]["changes"].as_array().unwrap();
    (changes.iter().map(|change| change.as_str().unwrap().to_owned()).collect(), stderr)
}

#[test]
fn a_run_says_which_settings_it_has_from_where_and_its_result_has_them() {
    let place = settled();
    let variables = [("LOCUST_USERS", "5"), ("LOCUST_MASTER_NODE_HOST", "m")];
    let (changed, stderr) = changes(&place, &["scenario.toml"], &variables);
    assert_eq!(changed, ["-u", "5", "-r", "50", "-t", "200ms", "-s", "1s"]);
    let lines: Vec<_> = stderr
        .lines()
        .filter_map(|line| line.split_once("/mqtt-scenario: "))
        .map(|(_, said)| said)
        .filter(|said| ["Settings", "Ignored", "Without"].iter().any(|start| said.starts_with(start)))
        .map(|said| said.replace(&*place.path("").display().to_string(), "~/"))
        .collect();
    insta::assert_snapshot!(lines.join("\n"));

    let (changed, _) = changes(&place, &["scenario.toml", "-u", "6", "--config", "my.conf"], &[]);
    assert_eq!(changed, ["-u", "6", "-r", "60", "-t", "200ms", "-s", "1s", "-E", "slow"]);

    let (changed, stderr) = changes(&place, &["scenario.toml", "--no-config"], &variables);
    assert!(changed.is_empty() && !stderr.contains("Settings") && !stderr.contains("Ignored"), "{stderr}");
}

#[test]
fn plan_and_validate_have_the_same_settings() {
    let place = settled();
    for command_name in ["plan", "validate"] {
        let variables = [("LOCUST_USER_CLASSES", "Bus")];
        let output = command(&place, &[command_name, "scenario.toml"], &variables).output().unwrap();
        let said = said(output).replace(&*place.path("").display().to_string(), "~/");
        insta::assert_snapshot!(format!("{command_name}_with_settings"), said);
    }
}

#[test]
fn a_wrong_setting_is_told_with_its_place_and_nothing_starts() {
    let place = ScenarioDir::new(CARS);
    let mut all = String::new();
    for (file, text, variables) in [
        ("locust.conf", "users = 2\nrun-time = soon\n", &[][..]),
        ("locust.conf", "users = 2\n= 5\n", &[]),
        ("pyproject.toml", "[tool.locust]\nhost = \"https://example.com\"\n", &[]),
        ("pyproject.toml", "[tool.locust\n", &[]),
        ("locust.conf", "", &[("LOCUST_SPAWN_RATE", "fast\u{1b}[2J")]),
        ("locust.conf", "user-classes = Lorry\n", &[]),
    ] {
        fs::write(place.path(file), text).unwrap();
        let output = command(&place, &["run", "scenario.toml", "--out", "runs"], variables).output().unwrap();
        fs::remove_file(place.path(file)).unwrap();
        all += &said(output);
    }
    let output = command(&place, &["run", "scenario.toml", "--config", "none.conf"], &[]).output().unwrap();
    all += &said(output);
    fs::write(place.path("other.toml"), "[tool.other]\nusers = 5\n").unwrap();
    let output = command(&place, &["run", "scenario.toml", "--config", "other.toml"], &[]).output().unwrap();
    all += &said(output);
    fs::write(place.path("locust.conf"), "locustfile = tests/locustfile.py\n").unwrap();
    all += &said(command(&place, &["run"], &[]).output().unwrap());
    insta::assert_snapshot!(all);
    assert!(!place.path("runs").exists());
}

#[test]
fn a_command_line_of_locust_runs() {
    let place = ScenarioDir::new(CARS);
    let line = "-f scenario.toml --headless -u 2 -r 10 --html report_{u}_{r}_{t}.html --skip-log-setup \
                --class-picker --print-stats --iterations 3 Car";
    let (changed, stderr) = changes(&place, &line.split_whitespace().collect::<Vec<_>>(), &[]);
    assert_eq!(changed, ["-u", "2", "-r", "10", "-C", "Car", "--set", "load.iterations=3"]);
    assert!(place.path("report_2_10_0.3.html").exists());
    let told =
        stderr.lines().filter_map(|line| line.split_once("Without effect here: ")).map(|(_, said)| said);
    insta::assert_snapshot!(told.collect::<Vec<_>>().join("\n"));
}

#[test]
fn classes_are_listed_and_their_weights_changed_by_locusts_flags() {
    let place = ScenarioDir::new(CARS);
    let mut all = String::new();
    for line in [
        &["run", "-f", "scenario.toml", "--list"][..],
        &["run", "scenario.toml", "--show-task-ratio"],
        &["run", "scenario.toml", "--show-task-ratio", "--equal-weights"],
        &[
            "run",
            "scenario.toml",
            "--show-task-ratio",
            "--config-users",
            r#"[{"user_class_name": "Bus", "weight": 9}]"#,
        ],
        &[
            "plan",
            "scenario.toml",
            "--list",
            "--config-users",
            r#"{"user_class_name": "Bus", "colour": "red"}"#,
        ],
        &["run", "-f", "scenario.toml", "Lorry"],
    ] {
        all += &["$ ", &line.join(" "), "\n", &said(place.run(line)), "\n"].concat();
    }
    insta::assert_snapshot!(all);
}

#[test]
fn several_runs_have_the_settings_that_each_of_them_can_have() {
    let place = ScenarioDir::new(CARS);
    fs::write(place.path("locust.conf"), "users = 2\ncsv = out/a\nhtml = a.html\n").unwrap();
    let output =
        command(&place, &["run", "scenario.toml", "--repeat", "2", "--out", "runs"], &[]).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    assert!(stderr.starts_with("note: Settings from outside the command line"), "{stderr}");
    assert!(
        stderr.contains("warning: Ignored: csv (locust.conf:2), html (locust.conf:3); --repeat is given"),
        "{stderr}"
    );
    let series = fs::read_dir(place.path("runs")).unwrap().next().unwrap().unwrap().path();
    let runs: Vec<_> = fs::read_dir(series)
        .unwrap()
        .filter_map(|entry| fs::read_to_string(entry.unwrap().path().join("result.json")).ok())
        .map(|text| serde_json::from_str::<Value>(&text).unwrap()["run"]["changes"].clone())
        .collect();
    assert_eq!(runs, [serde_json::json!(["-u", "2"]), serde_json::json!(["-u", "2"])]);
    assert!(!place.path("out").exists() && !place.path("a.html").exists());
}

#[test]
fn a_pipe_or_utf_16_is_no_configuration_and_a_mark_of_utf_8_is_no_part_of_a_name() {
    let place = ScenarioDir::new(CARS);
    let run = || said(command(&place, &["plan", "scenario.toml"], &[]).output().unwrap());
    fs::write(place.path("locust.conf"), "\u{feff}users = 3\r\nrun-time = 1s\r\n").unwrap();
    let taken = run();
    assert!(taken.contains("users = 3 (locust.conf:1)") && taken.contains("exit code 0"), "{taken}");
    fs::write(place.path("locust.conf"), b"\xff\xfeu\0s\0").unwrap();
    let refused = run();
    assert!(refused.contains("cannot read locust.conf: it is UTF-16"), "{refused}");
    fs::remove_file(place.path("locust.conf")).unwrap();
    let made = Command::new("mkfifo").arg(place.path("locust.conf")).status().unwrap();
    assert!(made.success());
    let refused = run();
    assert!(refused.contains("cannot read locust.conf: it is no regular file"), "{refused}");
    assert!(refused.contains("exit code 2"), "{refused}");
}

#[test]
fn the_query_of_an_address_from_outside_is_not_shown() {
    let place = ScenarioDir::new(CARS);
    let variables = [("LOCUST_HOST", "ws://127.0.0.1:1/path?token=hunter2")];
    let said = said(command(&place, &["plan", "scenario.toml"], &variables).output().unwrap());
    assert!(said.contains("127.0.0.1:1/path?***") && !said.contains("hunter2"), "{said}");
}
