use super::*;
use crate::stats::RowId;
use crate::stats::recorder::Recorder;

const START: UnixMicros = UnixMicros(1_700_000_000_000_000);

fn interval() -> Interval {
    let row = |name: &str| RowKey { request_type: "MQTT".to_owned(), name: name.to_owned() };
    let mut recorder = Recorder::new(START, &[row("publish"), row("probe")], false);
    let at = |ms: u64| UnixMicros(START.0 + ms * 1_000);
    recorder.record(RowId(0), at(100), Some(1_500_000), 20);
    recorder.record(RowId(0), at(1_100), Some(240_400_000), 20);
    recorder.record_failure(RowId(0), at(1_200), Some(10_000_000_000), 0, "no PUBACK");
    recorder.record(RowId(1), at(1_300), None, 7);
    let mut interval = Interval::new(START);
    interval.merge(&recorder.take(at(2_000)));
    interval
}

#[test]
fn a_report_has_locust_s_keys_buckets_and_seconds() {
    let users = ClassCounts::from([("Device".to_owned(), 3), ("Gateway".to_owned(), 0)]);
    let report = StatsReport::new(&interval(), users, 0);
    insta::assert_snapshot!(serde_json::to_string_pretty(&report).unwrap());
}

#[test]
fn an_empty_report_has_a_total_all_the_same() {
    let report = StatsReport::new(&Interval::new(START), ClassCounts::new(), 0);
    insta::assert_snapshot!(serde_json::to_string(&report).unwrap());
}

#[test]
fn a_shift_moves_every_moment_by_whole_seconds() {
    let [here, there] = [0, -30]
        .map(|shift| serde_json::to_value(StatsReport::new(&interval(), ClassCounts::new(), shift)).unwrap());
    let moment = |report: &serde_json::Value, pointer| report.pointer(pointer).unwrap().as_f64().unwrap();
    let key = here["errors"].as_object().unwrap().keys().next().unwrap().clone();
    for pointer in [
        "/stats_total/start_time",
        "/stats_total/last_request_timestamp",
        &format!("/errors/{key}/first_seen"),
        &format!("/errors/{key}/last_seen"),
    ] {
        assert!((moment(&here, pointer) - moment(&there, pointer) - 30.0).abs() < 1e-6, "{pointer}");
    }
    assert_eq!(there["stats_total"]["num_reqs_per_sec"]["1699999971"], 3);
}
