//! The program against Mosquitto, and its files against Locust: the two witnesses.
#![expect(clippy::disallowed_methods, reason = "these tests watch other processes, in real time")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::program::assert_same_files;
use crate::support::{Mosquitto, ScenarioDir, locust_python, received_by, row};

/// One publish after the other on a connection that stays open.
const STEADY: &str = r#"
version = 1
[brokers.b]
url = "mqtt://localhost:1"
[load]
users = 20
spawn_rate = 100
run_time = "8s"
stop_timeout = "5s"
[user_classes.device]
client_id = "d-${user.number}"
wait_time = { constant = "20ms" }
on_start = ["connect"]
[[user_classes.device.tasks]]
name = "publish"
steps = [{ publish = { topic = "t/${client_id}", payload = "${seq}", qos = 1, timeout = "2s", name = "publish" } }]
"#;

fn scenario(name: &str) -> String {
    fs::read_to_string(Path::new("scenarios").join(name)).unwrap()
}

/// Makes Locust's files of `log.jsonl`, at the prefix `locust`.
pub(crate) fn replay_with_locust(place: &ScenarioDir) {
    let replayed = Command::new(locust_python())
        .arg("tests/fixtures/locust/replay_locust.py")
        .args([place.path("log.jsonl"), place.path("locust")])
        .arg("--full-history")
        .status()
        .unwrap();
    assert!(replayed.success());
}

#[test]
#[ignore = "needs Debian's mosquitto and PyPI's locust: run by .ci/run"]
fn the_files_of_a_run_are_what_the_broker_counted_and_what_locust_makes_of_its_log() {
    let broker = Mosquitto::start("sys_interval 1", &[]);
    let place = ScenarioDir::new(&scenario("publish.toml"));
    let host = broker.addr().to_string();
    let mut run = vec!["run", "scenario.toml", "-u", "50", "-r", "50", "-t", "10s", "-H", &host];
    run.extend(["--csv", "ours", "--csv-full-history", "--request-log", "log.jsonl", "--only-summary"]);
    let output = place.run(&run);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let stats = place.rows("ours_stats.csv");
    let publishes = row(&stats, "publish:1:Device/${client_id}").count("Request Count");
    assert!(publishes >= 400, "{publishes}");
    assert_eq!(publishes, received_by(broker.addr().port()));
    replay_with_locust(&place);
    assert_same_files(&place.path("ours"), &place.path("locust"));
}

#[test]
#[ignore = "needs PyPI's locust: run by .ci/run"]
fn a_run_at_full_speed_loses_no_request_between_its_threads_and_its_files() {
    let place = ScenarioDir::new(&STEADY.replace("wait_time = { constant = \"20ms\" }\n", ""));
    let mut run = vec!["run", "scenario.toml", "-H", "embedded:", "-t", "2s", "--threads", "2"];
    run.extend(["--csv", "ours", "--csv-full-history", "--request-log", "log.jsonl", "--only-summary"]);
    assert_eq!(place.run(&run).status.code(), Some(0));
    let requests = row(&place.rows("ours_stats.csv"), "publish").count("Request Count");
    assert!(requests > 2_000, "{requests}");
    replay_with_locust(&place);
    assert_same_files(&place.path("ours"), &place.path("locust"));
}

#[test]
#[ignore = "needs Debian's mosquitto: run by .ci/run"]
fn a_thousand_users_connect() {
    let broker = Mosquitto::start("", &[]);
    let place = ScenarioDir::new(&STEADY.replace("20ms", "1s"));
    let host = broker.addr().to_string();
    let output = place.run(&[
        "run",
        "scenario.toml",
        "-u",
        "1000",
        "-r",
        "500",
        "-t",
        "5s",
        "-H",
        &host,
        "--csv",
        "a",
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let stats = place.rows("a_stats.csv");
    assert_eq!(row(&stats, "connect").count("Request Count"), 1_000);
    let most = place.rows("a_stats_history.csv").iter().map(|r| r.count("User Count")).max();
    assert_eq!(most, Some(1_000));
}

#[test]
#[ignore = "needs Debian's mosquitto: run by .ci/run"]
fn users_come_back_to_a_broker_that_was_killed_and_every_request_is_counted_once() {
    let mut broker = Mosquitto::start("", &[]);
    let place = ScenarioDir::new(STEADY);
    let host = broker.addr().to_string();
    let args = ["run", "scenario.toml", "-H", &host, "--csv", "a", "--request-log", "log.jsonl"];
    let started = Instant::now();
    let running = place.start(&args);
    std::thread::sleep(Duration::from_secs(2));
    broker.kill();
    std::thread::sleep(Duration::from_secs(1));
    broker.start_again();
    let (_, log, code) = running.end();
    assert_eq!(code, Some(1), "the loss is a failure\n{log}");
    assert!(started.elapsed() < Duration::from_secs(14), "nothing hangs");

    let failures = place.rows("a_failures.csv");
    let occurrences = |name: &str, error: &str| -> u64 {
        let of = failures.iter().filter(|f| f.text("Name") == name && f.text("Error").starts_with(error));
        of.map(|f| f.count("Occurrences")).sum()
    };
    // Each of the 20 connections was lost once: with a publish in flight, or as a failed disconnect.
    let text = format!("connection to {host} lost");
    let lost = occurrences("publish", &text) + occurrences("disconnect", &text);
    assert_eq!(lost, 20, "{}", place.read("a_failures.csv"));
    assert!(occurrences("connect", &format!("cannot connect to {host}: Connection refused")) >= 1);

    let stats = place.rows("a_stats.csv");
    let connect = row(&stats, "connect");
    assert_eq!(connect.count("Request Count") - connect.count("Failure Count"), 40, "everybody came back");
    let log = place.read("log.jsonl");
    for name in ["connect", "publish", "disconnect"] {
        let logged = log.lines().filter(|line| line.contains(&format!("\"name\":\"{name}\""))).count() as u64;
        let counted = stats.iter().find(|r| r.text("Name") == name).map_or(0, |r| r.count("Request Count"));
        assert_eq!(logged, counted, "{name}");
    }
    let history = place.rows("a_stats_history.csv");
    let total = |i: usize| history[i].count("Total Request Count");
    assert!(total(history.len() - 1) > total(history.len() - 3), "still publishing at the end");
}

#[test]
#[ignore = "needs Debian's mosquitto and PyPI's locust: run by .ci/run"]
fn a_run_of_ours_compares_with_one_of_locust_doing_the_same_job() {
    let broker = Mosquitto::start("", &[]);
    let place = ScenarioDir::new(&scenario("seed.toml"));
    let host = broker.addr().to_string();
    let run = ["run", "scenario.toml", "-u", "5", "-r", "5", "-t", "6s", "-H", &host, "--csv", "ours"];
    assert_eq!(place.run(&run).status.code(), Some(0));
    let locust = Command::new(locust_python())
        .args(["-m", "locust", "-f"])
        .arg(fs::canonicalize("tests/fixtures/locust/baseline/locustfile.py").unwrap())
        .args(["--headless", "-u", "5", "-r", "5", "-t", "6s", "--csv", "locust", "--only-summary"])
        .env("MQTT_PORT", broker.addr().port().to_string())
        .current_dir(place.path(""))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(locust.success());
    let output = place.run(&["compare", "locust", "ours"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    for device in 1..=5 {
        assert!(text.contains(&format!("MQTT Device - {device}")), "{text}");
    }
    assert!(!text.contains("only in"), "the same rows on both sides\n{text}");
    let check = place.run(&["compare", "locust", "ours", "--fail-on", "failures > 0", "--html", "both.html"]);
    assert_eq!(check.status.code(), Some(0));
    let report = place.run(&["report", "locust", "--html", "locust.html"]);
    assert_eq!(report.status.code(), Some(0), "{}", String::from_utf8_lossy(&report.stderr));
    for page in ["both.html", "locust.html"] {
        let page = place.read(page);
        assert!(page.contains("Device - 1") && page.trim_end().ends_with("</html>"));
    }
}
