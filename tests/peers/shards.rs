//! Shards beside one process, at a Mosquitto: the same messages, the same counts, the same percentiles.

use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::support::{Mosquitto, ScenarioDir, meeting, received_by};

/// Four messages of each of 2,000 users, with all that numbers and draws in a scenario.
const SCENARIO: &str = r#"
version = 1
seed = 42
brokers.b = { url = "mqtt://localhost:1", connect_timeout = "30s" }
feeds.sites = { csv = "sites.csv", order = "unique" }
feeds.readings = { csv = "readings.csv", order = "sequential", per = "message" }
thresholds = ["requests >= 10000", "failures < 1"]
[load]
users = 2000
spawn_rate = 500
run_time = "2m"
[user_classes.gateway]
fixed_count = 300
wait_time = { constant = "300ms" }
messages = 4
[[user_classes.gateway.tasks]]
name = "send"
steps = [{ publish = { topic = "gateways/${user.index}", payload = "${seq} ${random_int(1,1000000)}", qos = 1, timeout = "30s" } }]
[user_classes.meter]
feeds = ["sites", "readings"]
wait_time = { between = ["100ms", "400ms"] }
messages = 4
[[user_classes.meter.tasks]]
name = "send"
steps = [{ publish = { topic = "meters/${row.site}/${user.number}", payload = "${client_id} ${seq} ${row.reading} ${random_float(0,1)}", qos = 1, timeout = "30s" } }]
"#;

const MESSAGES: usize = 8_000;

/// Everything that is published from now on, as `topic payload`, once so many messages have come.
fn listen(broker: &Mosquitto) -> Child {
    let port = broker.addr().port().to_string();
    let (count, within) = (MESSAGES.to_string(), "50");
    let listener = Command::new("mosquitto_sub")
        .args(["-p", &port, "-q", "1", "-t", "meters/#", "-t", "gateways/#", "-F", "%t %p"])
        .args(["-C", &count, "-W", within])
        .stdout(Stdio::piped())
        .spawn()
        .expect("mosquitto_sub is not installed");
    // It is subscribed once the broker says that it has two subscriptions.
    let wait = ["-p", &port, "-t", "$SYS/broker/subscriptions/count", "-W", "5", "-F", "%p"];
    for _ in 0..5 {
        let seen = Command::new("mosquitto_sub").args(wait).args(["-C", "2"]).output().unwrap();
        let most = String::from_utf8(seen.stdout).unwrap().lines().filter_map(|n| n.parse().ok()).max();
        if most.unwrap_or(0) >= 3 {
            break;
        }
    }
    listener
}

fn published(listener: Child) -> Vec<String> {
    let output = listener.wait_with_output().unwrap();
    let mut lines: Vec<_> = String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
    lines.sort_unstable();
    lines
}

/// The response times of all requests in these logs, in milliseconds and in order.
fn logged(place: &ScenarioDir, logs: &[String]) -> Vec<f64> {
    let mut times = Vec::new();
    for log in logs {
        for line in place.read(log).lines() {
            let event: Value = serde_json::from_str(line).unwrap();
            if event["type"] == "request" {
                times.push(event["response_time"].as_f64().unwrap());
            }
        }
    }
    times.sort_unstable_by(f64::total_cmp);
    times
}

fn result(place: &ScenarioDir, name: &str) -> Value {
    serde_json::from_str(&place.read(name)).unwrap()
}

/// The names of the rows with their numbers of requests.
fn rows(result: &Value) -> Vec<(&str, u64)> {
    let rows = result["rows"].as_array().unwrap().iter();
    rows.map(|row| (row["name"].as_str().unwrap(), row["requests"].as_u64().unwrap())).collect()
}

#[test]
#[ignore = "needs Debian's mosquitto: run by .ci/run"]
fn four_shards_of_500_users_are_one_process_of_2000() {
    let broker = Mosquitto::start("sys_interval 1\nmax_queued_messages 0", &[]);
    let place = ScenarioDir::new(SCENARIO);
    let sites: Vec<String> = (1..=1_700).map(|row| format!("site-{row}")).collect();
    std::fs::write(place.path("sites.csv"), format!("site\n{}\n", sites.join("\n"))).unwrap();
    let readings: Vec<String> = (1..=97).map(|row| format!("{row}")).collect();
    std::fs::write(place.path("readings.csv"), format!("reading\n{}\n", readings.join("\n"))).unwrap();
    let host = broker.addr().to_string();
    let start = |name: &str, shard: &[&str]| {
        let (json, log) = (format!("{name}.json"), format!("{name}.jsonl"));
        let args = ["run", "scenario.toml", "-H", &host, "-q", "--threads", "1", "--run-id", "r1"];
        let outputs = ["--summary-json", &json, "--request-log", &log];
        let mut command = place.command(&[&args[..], &outputs, shard].concat());
        command.stderr(Stdio::piped()).spawn().unwrap()
    };
    let end = |run: Child| {
        let output = run.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    };

    let listener = listen(&broker);
    end(start("whole", &[]));
    let by_one = published(listener);
    assert_eq!(by_one.len(), MESSAGES);

    let before = received_by(broker.addr().port());
    let listener = listen(&broker);
    let names = ["0", "1", "2", "3"].map(str::to_owned);
    let shards = [0, 1, 2, 3].map(|index| start(&names[index], &["--shard", &format!("{index}/4")]));
    shards.into_iter().for_each(end);
    assert!(published(listener) == by_one, "the shards have published something else");
    let of_broker = received_by(broker.addr().port()) - before;

    let merge = place.run(&["merge", "0.json", "1.json", "2.json", "3.json", "--out", "all"]);
    assert_eq!(merge.status.code(), Some(0), "{}", String::from_utf8_lossy(&merge.stderr));
    let (whole, merged) = (result(&place, "whole.json"), result(&place, "all/result.json"));
    assert_eq!(rows(&merged), rows(&whole));
    let of_shards: Vec<Value> = names.iter().map(|name| result(&place, &format!("{name}.json"))).collect();
    let requests = |result: &Value| result["aggregated"]["requests"].as_u64().unwrap();
    assert_eq!(requests(&merged), of_shards.iter().map(requests).sum::<u64>());
    assert!(of_shards.iter().all(|shard| shard["run"]["users"] == 500));
    let publishes: u64 =
        rows(&merged).iter().filter(|(name, _)| name.starts_with("publish")).map(|row| row.1).sum();
    assert_eq!((publishes, of_broker), (MESSAGES as u64, MESSAGES as u64));
    assert_eq!(merged["verdict"]["outcome"], "passed", "{}", merged["verdict"]);
    assert!(merged["thresholds"].as_array().unwrap().iter().all(|threshold| threshold["met"] == true));

    let times = logged(&place, &names.map(|name| format!("{name}.jsonl")));
    assert_eq!(times.len() as u64, requests(&merged));
    for (name, percent) in [("p50", 50), ("p90", 90), ("p95", 95), ("p99", 99)] {
        let rank = (times.len() * percent).div_ceil(100);
        let (expected, found) = (times[rank - 1], merged["response_times_ms"][name].as_f64().unwrap());
        // Half a microsecond is the step below a millisecond.
        let step = f64::max(expected / 1_000.0, 0.000_5);
        assert!((found - expected).abs() <= step, "{name}: {found} is not {expected}");
    }
}

#[test]
#[ignore = "needs Debian's mosquitto: run by .ci/run"]
fn shards_that_meet_leave_nothing_behind() {
    let broker = Mosquitto::start("", &[]);
    let (host, port) = (broker.addr().to_string(), broker.addr().port().to_string());
    for version in ["3.1.1", "5"] {
        let place = meeting::scenario(version, "30s");
        let shards = [2, 1, 0].map(|index| {
            let (shard, json) = (format!("{index}/3"), format!("{index}.json"));
            let args = ["run", "scenario.toml", "-H", &host, "-q", "--run-id", "r1", "--shard", &shard];
            let mut command = place.command(&[&args[..], &["--summary-json", &json]].concat());
            command.stderr(Stdio::piped()).spawn().unwrap()
        });
        for shard in shards {
            let output = shard.wait_with_output().unwrap();
            assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        }
        let started = [0, 1, 2]
            .map(|index| result(&place, &format!("{index}.json"))["run"]["started"].as_f64().unwrap());
        assert!(started.iter().all(|at| (at - started[0]).abs() < 0.5), "{started:?}");
        let retained = Command::new("mosquitto_sub")
            .args(["-p", &port, "-t", "load/#", "--retained-only", "-F", "%t", "-W", "1"])
            .output()
            .expect("mosquitto_sub is not installed");
        assert_eq!(String::from_utf8(retained.stdout).unwrap(), "", "{version}");
    }
}

#[test]
#[ignore = "needs Debian's mosquitto: run by .ci/run"]
fn shards_do_not_begin_without_one_that_has_left_or_was_killed() {
    let broker = Mosquitto::start("", &[]);
    for version in ["3.1.1", "5"] {
        meeting::nobody_begins_without_one_that_is_gone(&broker.addr().to_string(), version);
    }
}

#[test]
#[ignore = "needs Debian's mosquitto: run by .ci/run"]
fn a_shard_0_that_is_started_again_meets_those_that_wait() {
    let broker = Mosquitto::start("", &[]);
    for version in ["3.1.1", "5"] {
        meeting::whoever_waits_meets_another_shard_0(&broker.addr().to_string(), version);
    }
}
