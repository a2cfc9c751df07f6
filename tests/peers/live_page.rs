//! The live page in a browser, in front of Mosquitto; and the files of a run that it drives, against Locust.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;

use regex::Regex;
use serde_json::Value;

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

/// What a page that is open hears until its program ends or the run is over, read from the stream of events.
struct Visitor {
    stream: TcpStream,
    heard: String,
}

impl Visitor {
    fn of(served: &Served) -> Self {
        let mut stream = served.connect();
        write!(stream, "GET /live HTTP/1.1\r\nHost: {}\r\n\r\n", served.address).unwrap();
        Self { stream, heard: String::new() }
    }

    /// The texts of the page when the run is over, without their tags. An event has only the parts that have changed.
    fn last_page(mut self) -> String {
        let (mut parts, mut piece) = (BTreeMap::new(), vec![0; 65_536]);
        let tags = Regex::new("<[^>]*>").unwrap();
        loop {
            while let Some((event, rest)) = self.heard.split_once("\n\n") {
                let data = event.lines().find_map(|line| line.strip_prefix("data: ").map(str::to_owned));
                self.heard = rest.to_owned();
                let Some(data) = data else { continue };
                let event: Value = serde_json::from_str(&data).unwrap();
                for part in event["sections"].as_array().unwrap() {
                    let [id, html] = [0, 1].map(|at| part[at].as_str().unwrap().to_owned());
                    parts.insert(id, html);
                }
                if event["phase"] == "stopped" {
                    let html: String = parts.into_values().collect();
                    return tags.replace_all(&html, " ").into_owned();
                }
            }
            let read = self.stream.read(&mut piece).unwrap();
            assert!(read > 0, "the stream ended before the page knew the end of the run");
            self.heard.push_str(&String::from_utf8_lossy(&piece[..read]));
        }
    }
}

#[test]
#[ignore = "needs Debian's mosquitto: run by .ci/run"]
fn whatever_ends_a_run_the_page_says_what_happened_and_the_files_are_whole() {
    // What ends it; the word of the result, what stands on the page, the exit code.
    let endings = [
        ("time", "finished", "none failed", 0),
        ("stop", "interrupted", "interrupted", 0),
        ("signal", "interrupted", "interrupted", 0),
        ("broker", "finished", "requests failed", 1),
    ];
    for (ending, word, on_page, code) in endings {
        let mut broker = Mosquitto::start("", &[]);
        let place = ScenarioDir::new(&scenario());
        let host = broker.addr().to_string();
        let run_time = if ending == "time" || ending == "broker" { "3s" } else { "60s" };
        let mut args = vec!["run", "scenario.toml", "-H", &host, "--web", "127.0.0.1:0", "--autostart"];
        args.extend([
            "-u",
            "5",
            "-r",
            "50",
            "-t",
            run_time,
            "--csv",
            "ours",
            "--summary-json",
            "result.json",
        ]);
        args.extend(["--html", "report.html", "--request-log", "log.jsonl", "--csv-full-history"]);
        let served = Served::start(&place, &args);
        let visitor = Visitor::of(&served);
        served.wait_for("requests", |state| {
            state["user_count"] == 5 && state["stats"].as_array().is_some_and(|rows| rows.len() > 1)
        });
        match ending {
            "stop" => drop(served.post("/stop", "")),
            "signal" => served.interrupt(),
            "broker" => broker.kill(),
            _ => {}
        }
        let page = visitor.last_page();
        assert!(page.contains(on_page), "{ending}: {page}");
        if ending == "broker" {
            assert!(page.contains(&format!("cannot connect to {host}: Connection refused")), "{page}");
        }
        if ending != "signal" {
            assert_eq!(served.json("/result.json")["run"]["end"], word, "{ending}");
            assert_eq!(served.get("/stats/requests/csv"), place.read("ours_stats.csv"), "{ending}");
        }
        let (_, log, exit) = if ending == "signal" { served.wait() } else { served.end() };
        assert_eq!(exit, Some(code), "{ending}: {log}");
        let result: Value = serde_json::from_str(&place.read("result.json")).unwrap();
        assert_eq!(result["run"]["end"], word, "{ending}");
        assert!(place.read("report.html").trim_end().ends_with("</html>"), "{ending}");
        // Every request of the log is in the files, and nothing else.
        let rows = result["rows"].as_array().unwrap();
        let requests: u64 = rows.iter().map(|row| row["requests"].as_u64().unwrap()).sum();
        assert_eq!(
            place.read("log.jsonl").lines().filter(|line| line.contains("\"request\"")).count() as u64,
            requests,
            "{ending}"
        );
    }
}
