//! Load by the clock through the built program, on real sockets: a broker that stalls shows in every output.

use serde_json::Value;

use crate::support::{ScenarioDir, row};

/// Four messages every 50 ms for four seconds, to a broker that does nothing from its second to its third second.
const STALL: &str = r#"
version = 1
[brokers.b]
url = "embedded:?stall=1s&stall_after=1s"
[load]
users = 4
spawn_rate = 4
run_time = "4s"
stop_timeout = "2s"
[user_classes.device]
rate = { per_class = "80/s", phase = "aligned" }
on_start = ["connect"]
[[user_classes.device.tasks]]
name = "publish"
steps = [{ publish = { topic = "t", payload = "x", qos = 1, name = "publish" } }]
"#;

#[test]
#[ignore = "needs a quiet machine: run by .ci/run"]
fn a_stall_shows_in_all_outputs_with_the_raw_times_beside_it() {
    let place = ScenarioDir::new(STALL);
    let args = ["run", "scenario.toml", "--threads", "2", "--csv", "a", "--summary-json", "a.json"];
    let output = place.run(&[&args[..], &["--request-log", "a.jsonl"]].concat());
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));

    // No start is left out: 80 runs a user, the first of them at a multiple of 50 ms after it was ready.
    let rows = place.rows("a_stats.csv");
    let row = row(&rows, "publish");
    let requests = row.count("Request Count");
    assert!((300..=320).contains(&requests), "{requests}");
    // About 80 of them, which were due in the stall, took from 0 to 1 s; the others about nothing.
    let percentiles = ["50%", "90%", "99%"].map(|name| row.count(name));
    let [p50, p90, p99] = percentiles;
    assert!(p50 < 100 && (300..=800).contains(&p90) && (800..=1_200).contains(&p99), "{percentiles:?}");

    // In the raw times only the four that the stall hit took long.
    let summary: Value = serde_json::from_str(&place.read("a.json")).unwrap();
    let times = |name: &str, which: &str| summary[name][which].as_f64().unwrap();
    assert!(times("response_times_ms", "p90") > 300.0, "{summary}");
    assert!(times("service_time_ms", "p95") < 100.0, "{summary}");
    assert!(times("service_time_ms", "max") > 800.0, "{summary}");
    assert_eq!(summary["service_time_ms"]["count"], requests);
    let (starts, late) = (times("scheduled_starts", "count"), times("scheduled_starts", "late"));
    assert!(starts >= requests as f64, "{summary}");
    assert!((60.0..=120.0).contains(&late), "about 19 of each user and stall: {summary}");

    let stdout = text(&output.stdout);
    for line in ["Service time, from when each request began: p50 ", "Late starts (rate): "] {
        assert!(stdout.lines().any(|told| told.starts_with(line)), "{line}: {stdout}");
    }

    // Both times of each request, never the raw one above the other.
    let log = place.read("a.jsonl");
    let events = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let published: Vec<_> = events.filter(|event| event["name"] == "publish").collect();
    assert_eq!(published.len() as u64, requests);
    for event in published {
        let (response, raw) = (event["response_time"].as_f64().unwrap(), &event["raw_response_time"]);
        assert!(raw.as_f64().unwrap() <= response, "{event}");
    }
}
