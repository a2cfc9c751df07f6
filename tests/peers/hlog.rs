//! The histograms of each second, read by somebody else's reader.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::support::{ScenarioDir, locust_python};

const SCENARIO: &str = r#"
version = 1
brokers.b.url = "embedded:?delay=1ms&jitter=20ms"
load = { users = 20, spawn_rate = 100, run_time = "4s" }
[user_classes.device]
wait_time = { constant = "5ms" }
on_start = ["connect"]
[[user_classes.device.tasks]]
name = "say"
steps = [{ publish = { topic = "a", qos = 1, name = "a row, with a comma" } }, { publish = { topic = "b", name = "b" } }]
"#;

#[test]
#[ignore = "needs PyPI's hdrhistogram: run by .ci/run"]
fn another_reader_finds_the_same_numbers_in_the_interval_log() {
    let place = ScenarioDir::new(SCENARIO);
    let output = place.run(&["run", "scenario.toml", "--out", "out", "--only-summary"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let folder = fs::read_dir(place.path("out")).unwrap().next().unwrap().unwrap().path();
    let read = Command::new(locust_python())
        .arg("tests/fixtures/read_hlog.py")
        .arg(folder.join("history.hlog"))
        .output()
        .unwrap();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    let read: Value = serde_json::from_slice(&read.stdout).unwrap();
    let result: Value =
        serde_json::from_str(&fs::read_to_string(folder.join("result.json")).unwrap()).unwrap();
    let mut rows = result["rows"].as_array().unwrap().clone();
    rows.push(result["aggregated"].clone());
    assert_eq!(read.as_object().unwrap().len(), rows.len(), "{read}");
    for row in rows {
        let tag = match row["type"].as_str().unwrap() {
            "" => String::new(),
            of_type => format!("{of_type} {}", row["name"].as_str().unwrap()).replace([' ', ','], "_"),
        };
        let (told, found) = (&row["response_times_ms"], &read[&tag]);
        assert_eq!(found["count"], told["count"], "{tag}");
        for percentile in ["p50", "p99", "max"] {
            let (found, told) =
                (found[percentile].as_f64().unwrap() / 1e6, told[percentile].as_f64().unwrap());
            assert!(
                (found - told).abs() <= told * 1e-3 + 1e-3,
                "{percentile} of {tag}: {found} is not {told}"
            );
        }
    }
}
