//! However a run ends, everything is written: the folder of the run tells the same as the end, and why it ended.
#![expect(clippy::disallowed_methods, reason = "these tests watch another process, in real time")]

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::Signal;

use mqtt_scenario::stats::result::{Outcome, RunResult};

use crate::support::{ScenarioDir, row};

const STEADY: &str = r#"
version = 1
name = "steady"
brokers.b.url = "embedded:"
load = { users = 5, spawn_rate = 100, run_time = "2s", stop_timeout = "60s" }
[user_classes.device]
wait_time = { constant = "10ms" }
on_start = ["connect"]
[[user_classes.device.tasks]]
name = "publish"
steps = [{ publish = { topic = "t", qos = 1, timeout = "300ms", name = "publish" } }]
"#;

/// The folder of the only run in `out`.
fn folder(place: &ScenarioDir) -> PathBuf {
    let mut folders = fs::read_dir(place.path("out")).unwrap();
    let folder = folders.next().unwrap().unwrap().path();
    assert!(folders.next().is_none());
    folder
}

/// The result of the only run in `out`, after all of its files were looked at.
fn result(place: &ScenarioDir) -> RunResult {
    let folder = folder(place);
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let result: RunResult = serde_json::from_str(&read("result.json")).unwrap();
    let html = read("report.html");
    assert!(html.to_lowercase().starts_with("<!doctype html>") && html.trim_end().ends_with("</html>"));
    let stats = place.rows(folder.join("run_stats.csv").to_str().unwrap());
    assert_eq!(row(&stats, "Aggregated").count("Request Count"), result.aggregated.requests);
    let history = place.rows(folder.join("run_stats_history.csv").to_str().unwrap());
    assert_eq!(history.last().unwrap().count("Total Request Count"), result.aggregated.requests);
    let seconds: u64 = result.series.points.iter().map(|point| point.requests).sum();
    assert_eq!(seconds, result.aggregated.requests);
    let log = read("history.hlog");
    assert!(log.ends_with('\n') && log.contains("Tag=MQTT_connect,"), "{log}");
    assert!(read("run.log").contains("Running scenario.toml (steady)"));
    assert!(read("scenario.toml").contains("name = \"publish\"") && read("plan.txt").contains("publish"));
    result
}

#[test]
fn a_run_that_is_interrupted_once() {
    let place = ScenarioDir::new(STEADY);
    let running = place.start(&["run", "scenario.toml", "-t", "10m", "--out", "out"]);
    std::thread::sleep(Duration::from_millis(1_700));
    running.signal(Signal::INT);
    let (_, log, code) = running.end();
    assert_eq!(code, Some(0), "{log}");
    let result = result(&place);
    assert_eq!((&*result.run.end, result.verdict.outcome), ("interrupted", Outcome::Passed));
}

#[test]
fn a_run_that_is_interrupted_twice() {
    let place = ScenarioDir::new(&STEADY.replace("300ms", "60s"));
    let running =
        place.start(&["run", "scenario.toml", "-t", "10m", "-H", "embedded:?loss=0.3", "--out", "out"]);
    std::thread::sleep(Duration::from_millis(1_700));
    running.signal(Signal::TERM);
    std::thread::sleep(Duration::from_millis(300));
    running.signal(Signal::INT);
    let (stdout, log, code) = running.end();
    assert_eq!(code, Some(130), "{log}");
    assert!(stdout.contains("ABORTED"), "{stdout}");
    let result = result(&place);
    assert_eq!((&*result.run.end, result.verdict.outcome), ("aborted", Outcome::Aborted));
    assert!(result.unfinished.count > 0);
}

#[test]
fn a_run_that_a_threshold_ends() {
    let threshold =
        "thresholds = [{ check = \"p50[publish] < 1us\", abort = true, after = \"1s\" }]\n[user_classes";
    let place = ScenarioDir::new(&STEADY.replacen("[user_classes", threshold, 1));
    let output = place.run(&["run", "scenario.toml", "-t", "10m", "--out", "out", "--junit", "j.xml"]);
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    let result = result(&place);
    assert_eq!((&*result.run.end, result.verdict.outcome), ("threshold", Outcome::ThresholdMissed));
    assert!(result.run.ended - result.run.started < 10.0);
    let [judged] = &result.thresholds[..] else { panic!("{:?}", result.thresholds) };
    assert!(judged.aborted_the_run && judged.met == Some(false));
    assert_eq!((judged.file.as_deref(), judged.line), (Some("scenario.toml"), Some(6)));
    assert!(place.read("j.xml").contains("p50[publish] &lt; 1us"));
}

#[test]
fn a_run_without_a_broker() {
    let place = ScenarioDir::new(STEADY);
    let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().to_string();
    let output = place.run(&["run", "scenario.toml", "-H", &address, "--out", "out"]);
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let result = result(&place);
    assert_eq!((&*result.run.end, result.verdict.outcome), ("finished", Outcome::Failed));
    let failure = &result.failures[0];
    assert!(failure.error.starts_with(&format!("cannot connect to {address}: ")), "{failure:?}");
    assert!(failure.first_seen <= failure.last_seen, "{failure:?}");
    assert_eq!(result.connections.unwrap().opened, 0);
}

#[test]
fn an_output_that_cannot_be_written_is_told_before_anything_begins() {
    let place = ScenarioDir::new(STEADY);
    fs::write(place.path("file"), "old").unwrap();
    for more in [
        &["--out", "file"][..],
        &["--out", "file/below"],
        &["--html", "no/such/folder/report.html"],
        &["--junit", "file/below.xml"],
        &["--json-file", "file/below"],
    ] {
        let output = place.run(&[&["run", "scenario.toml"], more].concat());
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(4), "{more:?}: {stderr}");
        assert!(stderr.contains("error: cannot"), "{more:?}: {stderr}");
        assert!(!stderr.contains("Ramping"), "{more:?}: {stderr}");
        assert_eq!(place.read("file"), "old");
    }
}

#[test]
fn a_workflow_of_github_is_told_what_was_missed() {
    let place = ScenarioDir::new(&format!("{STEADY}[[thresholds]]\ncheck = \"p50[publish] < 1us\"\n"));
    let mut command = place.command(&["run", "scenario.toml", "--quiet"]);
    command.env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", place.path("summary.md"));
    fs::write(place.path("summary.md"), "# Before\n").unwrap();
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(stdout.starts_with("::error file=scenario.toml,line="), "{stdout}");
    let summary = place.read("summary.md");
    assert!(summary.starts_with("# Before\n") && summary.contains("p50"), "{summary}");
}
