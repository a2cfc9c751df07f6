//! The live page in a browser, in front of Mosquitto; and the files of a run that it drives, against Locust.

use std::process::Command;

use crate::peers::run::replay_with_locust;
use crate::support::program::assert_same_files;
use crate::support::served::Served;
use crate::support::{Mosquitto, ScenarioDir, locust_python};

fn scenario() -> String {
    std::fs::read_to_string("scenarios/publish.toml").unwrap()
}

#[test]
#[ignore = "needs Debian's mosquitto and chromium, and PyPI's playwright: run by .ci/run"]
fn a_person_starts_changes_stops_and_compares_runs_on_the_live_page() {
    let broker = Mosquitto::start("", &[]);
    let place = ScenarioDir::new(&scenario());
    let host = broker.addr().to_string();
    let served = Served::start(&place, &["run", "scenario.toml", "-H", &host, "--web", "127.0.0.1:0"]);
    let url = format!("http://{}/", served.address);
    let driven = Command::new(locust_python())
        .args(["tests/peers/live_page.py", &url, "--shots", "target/live-page"])
        .output()
        .unwrap();
    let said =
        String::from_utf8_lossy(&driven.stdout).into_owned() + &String::from_utf8_lossy(&driven.stderr);
    let (_, log, code) = served.end();
    assert!(driven.status.success() && said.contains("fine"), "{said}\n{log}");
    assert_eq!(code, Some(0), "{log}");
}

const FORM: &str = r#"
version = 1
name = "a form"
vars = { quoted = 'say "hello"', emptied = "x", lines = "first\nsecond" }
brokers.b.url = "embedded:"
load = { users = 2, spawn_rate = 100, run_time = "2s" }
[[user_classes.one.tasks]]
name = "say"
tags = ["loud"]
steps = [{ publish = { topic = "t", payload = "${vars.quoted}${vars.emptied}${vars.lines}", qos = 1 } }, { wait = "50ms" }]
[[user_classes.two.tasks]]
name = "whisper"
tags = ["soft"]
steps = [{ publish = { topic = "t", qos = 1 } }, { wait = "50ms" }]
"#;

#[test]
#[ignore = "needs Debian's chromium and PyPI's playwright: run by .ci/run"]
fn the_form_shows_and_sends_what_is_meant_and_follows_the_file_of_the_scenario() {
    let place = ScenarioDir::new(FORM);
    let served = Served::start(&place, &["run", "scenario.toml", "--web", "127.0.0.1:0"]);
    let url = format!("http://{}/", served.address);
    let driven = Command::new(locust_python())
        .args(["tests/peers/live_page_form.py", &url])
        .arg(place.path("scenario.toml"))
        .output()
        .unwrap();
    let said =
        String::from_utf8_lossy(&driven.stdout).into_owned() + &String::from_utf8_lossy(&driven.stderr);
    let (_, log, code) = served.end();
    assert!(driven.status.success() && said.contains("fine"), "{said}\n{log}");
    assert_eq!(code, Some(0), "{log}");
}

#[test]
#[ignore = "needs Debian's mosquitto and PyPI's locust: run by .ci/run"]
fn the_files_of_a_run_that_a_page_drives_are_what_locust_makes_of_its_log() {
    let broker = Mosquitto::start("", &[]);
    let place = ScenarioDir::new(&scenario());
    let host = broker.addr().to_string();
    let mut args = vec!["run", "scenario.toml", "-H", &host, "--web", "127.0.0.1:0", "--only-summary"];
    args.extend(["--csv", "ours", "--csv-full-history", "--request-log", "log.jsonl"]);
    let served = Served::start(&place, &args);
    served.post("/swarm", "user_count=20&spawn_rate=50");
    served.wait_for("users", |state| state["user_count"] == 20);
    served.post("/swarm", "user_count=30&spawn_rate=50");
    served.wait_for("more users", |state| state["user_count"] == 30);
    served.post("/stop", "");
    served.wait_for_state("stopped");
    let stats = served.get("/stats/requests/csv");
    let (_, log, code) = served.end();
    assert_eq!(code, Some(0), "{log}");
    assert_eq!(stats, place.read("ours_stats.csv"));
    replay_with_locust(&place);
    assert_same_files(&place.path("ours"), &place.path("locust"));
}
