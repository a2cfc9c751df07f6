//! The figures that a run ends with: rows to three digits, a history with one row a second, and what the generator
//! says of itself.
#![expect(clippy::disallowed_methods, reason = "these tests watch another process, in real time")]

use std::collections::HashSet;
use std::fs;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::{ScenarioDir, row, side_by_side};

/// Two rows that differ below a millisecond, and one of messages from end to end.
const QUICK: &str = r#"
version = 1
brokers.b.url = "embedded:"
load = { users = 4, spawn_rate = 100, run_time = "1500ms" }
[user_classes.device]
fixed_count = 3
wait_time = { constant = "10ms" }
on_start = ["connect"]
[[user_classes.device.tasks]]
name = "say"
steps = [
    { publish = { topic = "a", qos = 1, payload = "x", name = "pub", stamp = "prefix" } },
    { publish = { topic = "b", payload = "x", name = "unseen" } },
]
[user_classes.listener]
fixed_count = 1
on_start = [{ subscribe = { filter = "a", qos = 1, measure = "end_to_end", measure_name = "e2e", stamp = "prefix" } }]
[[user_classes.listener.tasks]]
name = "idle"
steps = [{ wait = "1h" }]
"#;

fn json(place: &ScenarioDir, name: &str) -> Value {
    serde_json::from_str(&place.read(name)).unwrap()
}

/// The response times of a row in the request log, ascending, in milliseconds.
fn logged(place: &ScenarioDir, name: &str) -> Vec<f64> {
    let lines = place.read("log.jsonl");
    let requests = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let of_row = requests.filter(|event| event["type"] == "request" && event["name"] == name);
    let mut times: Vec<_> = of_row.map(|event| event["response_time"].as_f64().unwrap()).collect();
    times.sort_by(f64::total_cmp);
    times
}

#[test]
fn rows_have_the_percentiles_of_their_requests_to_three_digits() {
    let place = ScenarioDir::new(QUICK);
    let thresholds = r#"thresholds=["p50[pub] < 0.001ms", "median[e2e] < 0.001ms", "p50[pub] < 10s", "p97[pub] > 0.001ms"]"#;
    let output = place.run(&[
        "run",
        "scenario.toml",
        "--only-summary",
        "--threads",
        "2",
        "--request-log",
        "log.jsonl",
        "--summary-json",
        "s.json",
        "--set",
        thresholds,
    ]);
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    let summary = json(&place, "s.json");
    let met: Vec<_> = summary["thresholds"].as_array().unwrap().iter().map(|judged| &judged["met"]).collect();
    assert_eq!(met, [false, false, true, true]);
    let mut requests = 0;
    for row in summary["rows"].as_array().unwrap() {
        let name = row["name"].as_str().unwrap();
        let times = logged(&place, name);
        let told = &row["response_times_ms"];
        assert_eq!(told["count"], times.len(), "{name}");
        for (percentile, share) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1.0)] {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a place among a few requests"
            )]
            let place = (times.len() as f64 * share).ceil() as usize - 1;
            let (told, exact) = (told[percentile].as_f64().unwrap(), times[place]);
            assert!(
                (told - exact).abs() <= exact * 0.001 + 0.000_6,
                "{name} {percentile}: {told}, not {exact}"
            );
        }
        assert_eq!(row["median_ms"], told["p50"], "{name}");
        if name != "e2e" {
            requests += times.len();
        }
    }
    assert_eq!(summary["response_times_ms"]["count"], requests, "measured messages are no requests");
}

#[test]
fn each_second_stands_in_the_history_once_and_the_last_row_has_the_users_of_the_run() {
    let cases = [
        ("1s", &[][..]),
        ("2s", &["--csv-full-history"]),
        ("1300ms", &["--csv-full-history"]),
        ("300ms", &[]),
        ("2s", &["--reset-stats", "--csv-full-history"]),
    ];
    side_by_side(cases, |(run_time, flags)| {
        let place = ScenarioDir::new(QUICK);
        let args = ["run", "scenario.toml", "--only-summary", "-t", run_time, "--csv", "a"];
        let output = place.run(&[&args[..], flags].concat());
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let history = place.rows("a_stats_history.csv");
        let mut keys = HashSet::new();
        for row in &history {
            let key = ["Timestamp", "Type", "Name"].map(|column| row.text(column));
            assert!(keys.insert(key), "{run_time}: {key:?} stands there twice");
        }
        let last = history.last().unwrap();
        let all = row(&place.rows("a_stats.csv"), "Aggregated").count("Request Count");
        assert_eq!((last.count("User Count"), last.count("Total Request Count")), (4, all), "{run_time}");
    });
}

#[test]
fn a_generator_that_stood_still_says_so_and_for_how_long() {
    let place = ScenarioDir::new(QUICK);
    let mut command = place.command(&["run", "scenario.toml", "-t", "3s", "--only-summary"]);
    command.args(["--summary-json", "s.json"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let id = Pid::from_child(&child);
    std::thread::sleep(Duration::from_secs(1));
    kill_process(id, Signal::STOP).unwrap();
    std::thread::sleep(Duration::from_millis(1_500));
    kill_process(id, Signal::CONT).unwrap();
    let output = child.wait_with_output().unwrap();
    let (out, log) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    let generator = &json(&place, "s.json")["generator"];
    assert_eq!(generator["was_the_limit"], true);
    let seconds = generator["standstills"]["seconds"].as_f64().unwrap();
    assert!((1.4..3.0).contains(&seconds), "{generator}");
    assert!(
        log.contains("WARN/mqtt-scenario: The load generator is the limit: it stood still for 1."),
        "{log}"
    );
    assert!(out.contains("The load generator was the limit for") && out.contains("it stood still"), "{out}");
}

#[test]
fn a_rate_or_time_beyond_ten_years_is_refused_by_name() {
    let text = |load: &str, class: &str, step: &str| {
        format!(
            "version = 1\nbrokers.b.url = \"embedded:\"\n[load]\nusers = 2\n{load}\n[user_classes.d]\n{class}\n\
             [[user_classes.d.tasks]]\nname = \"say\"\nsteps = [{{ publish = {{ topic = \"a\", qos = 1{step} }} }}]\n"
        )
    };
    let place = ScenarioDir::new("");
    for (scenario, named) in [
        (text("spawn_rate = 1e-300", "", ""), "spawn_rate"),
        (text("spawn_rate = 5e-324", "", ""), "spawn_rate"),
        (text("run_time = \"1000000000 years\"", "", ""), "run_time"),
        (text("run_time = \"1000000000000 years\"", "", ""), "run_time"),
        (text("stop_timeout = \"11 years\"", "", ""), "stop_timeout"),
        (text("", "wait_time = { constant = \"99999 years\" }", ""), "wait_time"),
        (text("", "wait_time = { constant_pacing = \"99999 years\" }", ""), "wait_time"),
        (text("", "wait_time = { constant_throughput = 1e-300 }", ""), "constant_throughput"),
        (text("", "wait_time = { exponential = \"99999 years\" }", ""), "exponential"),
        (text("", "rate = \"1e-300/s\"", ""), "rate"),
        (text("", "rate = \"1/99999999999 years\"", ""), "rate"),
        (text("", "rate = \"1e300/s\"", ""), "rate"),
        (text("", "", ", timeout = \"99999 years\""), "timeout"),
        (text("search = { rate = \"1e-300/s..1/s\", until = \"p99 < 1s\" }", "rate = \"1/s\"", ""), "search"),
        (
            text("", "", "").replace(
                "[load]\nusers = 2\n",
                "[[load.stages]]\nusers = 1\nduration = \"1s\"\nspawn_rate = 1e-200\n",
            ),
            "spawn_rate",
        ),
        (text("", "", "").replace("embedded:", "embedded:?delay=99999y"), "delay"),
    ] {
        fs::write(place.path("scenario.toml"), &scenario).unwrap();
        for command in ["validate", "run", "plan"] {
            let output = place.run(&[command, "scenario.toml"]);
            let told = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(2), "{command}\n{scenario}\n{told}");
            assert!(told.contains(named) && !told.contains("panicked"), "{command}\n{scenario}\n{told}");
        }
    }
    fs::write(place.path("scenario.toml"), text("", "", "")).unwrap();
    for flags in [["-r", "1e-300"], ["-t", "99999999999"], ["-t", "99999years"], ["-s", "99999years"]] {
        let output = place.run(&["run", "scenario.toml", flags[0], flags[1]]);
        assert_eq!(output.status.code(), Some(2), "{flags:?}");
    }
}

#[test]
fn a_rate_as_high_as_it_can_be_written_starts_all_users_at_once() {
    let place = ScenarioDir::new(&QUICK.replace("spawn_rate = 100", "spawn_rate = 1e300"));
    let output = place.run(&["run", "scenario.toml", "-t", "1s", "--only-summary"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn names_beyond_the_bound_share_a_row_that_says_so() {
    let steps: Vec<_> = (0..20)
        .map(|n| {
            format!(
                "{{ publish = {{ topic = \"a\", payload = \"x\", qos = 1, name = \"${{client_id}}/{n}\" }} }}"
            )
        })
        .collect();
    let place = ScenarioDir::new(&format!(
        "version = 1\nbrokers.b.url = \"embedded:\"\nload = {{ users = 10, spawn_rate = 100, run_time = \"1200ms\" }}\n\
         [user_classes.d]\nclient_id = \"d-${{user.number}}\"\non_start = [\"connect\"]\n[[user_classes.d.tasks]]\nname = \"say\"\n\
         steps = [{}, {{ wait = \"100ms\" }}]\n",
        steps.join(", ")
    ));
    let args = ["run", "scenario.toml", "--only-summary", "--threads", "2", "--request-log", "log.jsonl"];
    let output = place.run(&[&args[..], &["--csv", "a", "--max-rows", "50"]].concat());
    let log = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{log}");
    let rows = place.rows("a_stats.csv");
    // Fifty, the one for the others, and Aggregated.
    assert!((40..=52).contains(&rows.len()), "{}", rows.len());
    let others = row(&rows, "(names beyond 50 rows)").count("Request Count");
    let all: u64 = rows.iter().map(|row| row.count("Request Count")).sum();
    assert_eq!(all, 2 * row(&rows, "Aggregated").count("Request Count"), "no request is left out");
    assert!(others > all / 4, "{others} of {all}");
    let told = "There are more than 50 different names: requests of further ones count in the row \
                `MQTT (names beyond 50 rows)`; --max-rows makes room for more";
    assert_eq!(log.matches(told).count(), 1, "{log}");
    assert_eq!(place.run(&["replay", "log.jsonl", "--csv", "b"]).status.code(), Some(0));
    assert_eq!(place.read("a_stats.csv"), place.read("b_stats.csv"));

    let output = place.run(&[&args[..], &["--csv", "a"]].concat());
    assert!(!String::from_utf8(output.stderr).unwrap().contains("--max-rows"));
    assert!(place.rows("a_stats.csv").len() > 200);
}
