//! All numbers of a run agree: the request log, the result, its thresholds, its report and its tables.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use mqtt_scenario::report::summary::{self, Options};
use mqtt_scenario::stats::result::RunResult;
use mqtt_scenario::units::fitting::time_ms;

use crate::support::ScenarioDir;

/// Rows from some microseconds (QoS 0 is written to a socket) to two seconds.
const WIDE: &str = r#"
version = 1
brokers.now.url = "embedded:"
brokers.soon.url = "embedded:?delay=7ms&jitter=5ms"
brokers.late.url = "embedded:?delay=150ms&jitter=100ms"
brokers.never.url = "embedded:?delay=1900ms&jitter=200ms"
thresholds = ["p50[quick] < 0.001us", "p90[soon] < 0.001us", "p99[late] < 0.001us", "max[never] < 0.001us"]
[load]
users = 40
spawn_rate = 1000
run_time = "5s"
stop_timeout = "3s"
[user_classes.quick]
broker = "now"
on_start = ["connect"]
[[user_classes.quick.tasks]]
name = "quick"
steps = [{ publish = { topic = "a", name = "quick" } }, { publish = { topic = "a", qos = 1, name = "one" } }, { wait = "5ms" }]
[user_classes.soon]
broker = "soon"
on_start = ["connect"]
[[user_classes.soon.tasks]]
name = "soon"
steps = [{ publish = { topic = "a", qos = 1, name = "soon" } }]
[user_classes.late]
broker = "late"
on_start = ["connect"]
[[user_classes.late.tasks]]
name = "late"
steps = [{ publish = { topic = "a", qos = 1, name = "late" } }]
[user_classes.never]
broker = "never"
on_start = ["connect"]
[[user_classes.never.tasks]]
name = "never"
steps = [{ publish = { topic = "a", qos = 1, name = "never" } }]
"#;

/// The folder of the only run in `out`.
fn folder(place: &ScenarioDir) -> PathBuf {
    let mut folders = fs::read_dir(place.path("out")).unwrap();
    let folder = folders.next().unwrap().unwrap().path();
    assert!(folders.next().is_none());
    folder
}

/// The response times of a row in the request log, ascending, in milliseconds.
fn logged(log: &str, name: &str) -> Vec<f64> {
    let events = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let of_row = events.filter(|event| event["type"] == "request" && event["name"] == name);
    let mut times: Vec<_> = of_row.map(|event| event["response_time"].as_f64().unwrap()).collect();
    times.sort_by(f64::total_cmp);
    times
}

/// The time that this share of them did not exceed.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a count is one")]
fn at(times: &[f64], share: f64) -> f64 {
    let rank = ((share * times.len() as f64).ceil() as usize).max(1);
    times[rank - 1]
}

/// Asserts that they differ by at most 0.1 % and a microsecond.
fn assert_close(told: f64, exact: f64, what: &str) {
    assert!((told - exact).abs() <= exact * 1e-3 + 1e-3, "{what}: {told} ms is not {exact} ms");
}

#[test]
fn every_output_tells_what_the_request_log_tells() {
    let place = ScenarioDir::new(WIDE);
    let output =
        place.run(&["run", "scenario.toml", "--out", "out", "--request-log", "log", "--only-summary"]);
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    let folder = folder(&place);
    let result: RunResult =
        serde_json::from_str(&fs::read_to_string(folder.join("result.json")).unwrap()).unwrap();
    let log = place.read("log");
    let html = fs::read_to_string(folder.join("report.html")).unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let shares = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999), ("max", 1.0)];
    let (mut shortest, mut longest) = (f64::MAX, 0.0_f64);
    for row in &result.rows {
        let times = logged(&log, &row.name);
        assert_eq!(row.histogram.count(), times.len() as u64, "{}", row.name);
        assert_eq!(row.requests, times.len() as u64);
        let told = row.response_times_ms.unwrap();
        let of_row = [told.p50, told.p90, told.p99, told.p999, told.max];
        for ((name, share), told) in shares.into_iter().zip(of_row) {
            let exact = at(&times, share);
            assert_close(told, exact, &format!("{name} of {}", row.name));
            // The longest time is known exactly, too, which may round to another last digit.
            let texts = [time_ms(told), time_ms(if name == "max" { row.max_ms } else { told })];
            // The table has the same texts as the report.
            for (output, place) in [(&html, "report"), (&stdout, "table")] {
                let is_there = texts.iter().any(|text| output.contains(text));
                assert!(is_there, "{name} of {} in the {place}: {texts:?}", row.name);
            }
        }
        (shortest, longest) = (shortest.min(told.p50), longest.max(told.max));
    }
    assert!(shortest < 0.2 && longest > 1_900.0, "rows from {shortest} to {longest} ms");
    for (threshold, share) in result.thresholds.iter().zip([0.5, 0.9, 0.99, 1.0]) {
        let name = threshold.row.split(' ').next_back().unwrap();
        assert_eq!(threshold.met, Some(false));
        assert_close(threshold.value.unwrap(), at(&logged(&log, name), share), &threshold.threshold);
    }
    // The seconds add up to the run, in every place.
    let seconds: u64 = result.series.points.iter().map(|point| point.requests).sum();
    assert_eq!(seconds, result.aggregated.requests);
    for (row, series) in result.rows.iter().map(|row| {
        let series = result.series.rows.iter().find(|series| series.name == row.name);
        (row, series.unwrap())
    }) {
        let mut times = series.histograms[0].unpack();
        series.histograms[1..].iter().for_each(|second| times.absorb(&second.unpack()));
        assert_eq!(times, row.histogram, "{}", row.name);
        assert_eq!(series.requests.iter().sum::<u64>(), row.requests);
    }
    assert_eq!(stdout.lines().next(), summary::text(&result, &Options::default()).lines().next());
}
