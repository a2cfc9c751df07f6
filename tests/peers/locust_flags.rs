//! The flags that the installed Locust has are those that our table knows, and its files and variables mean the same to it.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::support::{ScenarioDir, locust_python};

#[test]
#[ignore = "needs MQTT_SCENARIO_LOCUST_PYTHON: run by .ci/run"]
fn the_list_of_flags_is_that_of_the_installed_locust() {
    let printed = Command::new(locust_python()).arg("tests/fixtures/locust/flags.py").output().unwrap();
    assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
    let known = fs::read_to_string("tests/fixtures/locust/flags.tsv").unwrap();
    assert_eq!(String::from_utf8(printed.stdout).unwrap(), known, "write it again as its script says");
}

const SCENARIO: &str = r#"
version = 1
brokers.b.url = "embedded:"
load = { users = 1, spawn_rate = 100, run_time = "100ms" }
[[user_classes.car.tasks]]
name = "drive"
tags = ["a", "b c"]
steps = [{ publish = { topic = "cars" } }, { wait = "10ms" }]
"#;

/// Prints what Locust reads in the form in which our result says it.
const READ: &str = "
import sys
from locust.argument_parser import get_parser
o = get_parser().parse_args(sys.argv[1:])
print(f'-u {o.num_users} -r {o.spawn_rate:g} -t {o.run_time}s -s {o.stop_timeout}s -T', ','.join(o.tags))
";

#[test]
#[ignore = "needs MQTT_SCENARIO_LOCUST_PYTHON: run by .ci/run"]
fn settings_of_files_and_variables_are_those_that_locust_reads() {
    let place = ScenarioDir::new(SCENARIO);
    let write = |file: &str, text: &str| fs::write(place.path(file), text).unwrap();
    write(".locust.conf", "; of a person\nusers = 1\nstop-timeout: \"1\"\ntags a\n");
    write("locust.conf", "---\n[run]\nusers=2 # two\nrun-time 1\ntags = [a, b c] ; both\nonly-summary\n");
    write("pyproject.toml", "[tool.locust]\nusers = 3\nspawn-rate = 50.5\nheadless = true\n");
    write("my.conf", "--users '4'\nspawn-rate : 60\ntags = [\"a\"]\nheadless = no\n");
    for (args, variables) in [
        (&[][..], &[][..]),
        (&["--config", "my.conf"], &[]),
        (&["--config", "my.conf"], &[("LOCUST_USERS", "5"), ("LOCUST_TAGS", "b c")]),
        (&["--config", "my.conf", "-u", "6"], &[("LOCUST_USERS", "5"), ("LOCUST_TAGS", "[b c, a]")]),
        (&["-r", "7"], &[("LOCUST_SPAWN_RATE", "5"), ("LOCUST_TAGS", "")]),
    ] {
        let mut theirs = Command::new(locust_python());
        theirs.args(["-c", READ]).args(args).current_dir(place.path(""));
        let ours = ["run", "scenario.toml", "--summary-json", "result.json"];
        let mut ours = place.command(&[&ours[..], args].concat());
        let [theirs, _] = [&mut theirs, &mut ours].map(|command| {
            let output =
                command.env("HOME", place.path("")).envs(variables.iter().copied()).output().unwrap();
            assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap()
        });
        let result: Value = serde_json::from_str(&place.read("result.json")).unwrap();
        let changes = result["run"]["changes"].as_array().unwrap().iter().filter_map(Value::as_str);
        assert_eq!(changes.collect::<Vec<_>>().join(" "), theirs.trim_end(), "{args:?} {variables:?}");
    }
}
