//! The command `master` with a real Locust.

use std::path::Path;
use std::process::Command;

use rustix::process::Signal;

use crate::support::program::Running;
use crate::support::{ScenarioDir, free_port, locust_python, row, run_program};

const SCENARIO: &str = r#"version = 1
brokers.b.url = "embedded:"
load = { users = 10, spawn_rate = 10, run_time = "TIME", stop_timeout = "2s" }
[user_classes.device]
wait_time = { constant = "100ms" }
[[user_classes.device.tasks]]
name = "report"
steps = [{ publish = { name = "report", topic = "a", qos = 1 } }]
"#;

/// A master that waits for one worker and the worker, when all users are there.
fn start(place: &ScenarioDir) -> [Running; 2] {
    let (locust, port) = (format!("{} -m locust", locust_python().display()), free_port().to_string());
    let arguments = [
        "master",
        "scenario.toml",
        "--locust",
        &locust,
        "--",
        "--headless",
        "--master-bind-host",
        "127.0.0.1",
    ];
    let outputs = ["--master-bind-port", &port, "--csv", "run", "--expect-workers", "1"];
    let worker = place.launch(&["worker", "--master-port", &port, "--threads", "1"]);
    let here = place.path("");
    [place.start_with(&[&arguments[..], &outputs].concat(), &[("TMPDIR", &here)]), worker]
}

/// The master ends with this code, and every request of the worker is in the files of Locust. Returns the log of the master.
fn assert_whole(place: &ScenarioDir, [master, worker]: [Running; 2], ends: Option<i32>) -> String {
    let (_, said, code) = master.end();
    assert_eq!(code, ends, "{said}");
    let (_, log, code) = worker.end();
    assert_eq!(code, Some(0), "{log}");
    let rows = place.rows("run_stats.csv");
    let requests = row(&rows, "report").count("Request Count");
    assert!(requests > 100, "{requests}");
    let all = row(&rows, "Aggregated").count("Request Count");
    assert!(log.contains(&format!("The test made {all} requests here")), "{all}: {log}");
    said
}

#[test]
#[ignore = "needs Locust: run by .ci/run"]
fn a_master_runs_the_load_of_its_scenario_and_writes_locusts_files() {
    let place = ScenarioDir::new(&SCENARIO.replace("TIME", "4s"));
    let processes = start(&place);
    assert_whole(&place, processes, Some(0));
}

#[test]
#[ignore = "needs Locust: run by .ci/run"]
fn a_master_that_is_told_to_end_ends_its_test_in_good_order() {
    let place = ScenarioDir::new(&SCENARIO.replace("TIME", "2m"));
    let processes = start(&place);
    pause();
    processes[0].signal(Signal::INT);
    assert_whole(&place, processes, Some(0));
}

#[test]
#[ignore = "needs Locust: run by .ci/run"]
fn locust_ends_in_good_order_when_the_master_that_started_it_is_killed() {
    let place = ScenarioDir::new(&SCENARIO.replace("TIME", "2m"));
    let processes = start(&place);
    pause();
    processes[0].signal(Signal::KILL);
    let log = assert_whole(&place, processes, None);
    assert!(log.contains("mqtt-scenario master is gone, so the test ends"), "{log}");
}

#[expect(clippy::disallowed_methods, reason = "a test watches other processes, in real time")]
fn pause() {
    std::thread::sleep(std::time::Duration::from_secs(3));
}

/// Each flag of the installed Locust, and whether it is a switch.
const FLAGS: &str = "\
import json
from locust.argument_parser import get_parser
actions = [action for action in get_parser()._actions if type(action).__name__ != 'ErrorRaisingAction']
print(json.dumps([[flag, action.nargs == 0] for action in actions for flag in action.option_strings]))";

#[test]
#[ignore = "needs Locust: run by .ci/run"]
fn a_worker_takes_every_flag_of_the_installed_locust_that_a_worker_may_have() {
    let output = Command::new(locust_python()).args(["-c", FLAGS]).output().unwrap();
    let flags: Vec<(String, bool)> = serde_json::from_slice(&output.stdout).unwrap();
    assert!(flags.len() > 50, "{flags:?}");
    let mut refused = Vec::new();
    for (flag, is_switch) in &flags {
        let value = match flag.as_str() {
            "-L" | "--loglevel" => "INFO",
            "--master-host" => "localhost",
            _ => "5557",
        };
        let value = if *is_switch { None } else { Some(value) };
        let words = ["worker", "--worker", flag].into_iter().chain(value).chain(["--help"]);
        if run_program(Path::new("."), &words.collect::<Vec<_>>()).code != Some(0) {
            refused.push(flag.as_str());
        }
    }
    assert_eq!(refused, ["--master", "--version", "-V"]);
}
