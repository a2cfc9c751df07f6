use std::fs;

use super::*;

fn history_rows(lines: &[&str], options: ReplayOptions) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("events.jsonl");
    fs::write(&log, lines.join("\n")).unwrap();
    replay(&log, &dir.path().join("out"), options, &PercentileList::LOCUST).unwrap();
    let history = fs::read_to_string(dir.path().join("out_stats_history.csv")).unwrap();
    let start = |row: &str| row.split(',').take(2).collect::<Vec<_>>().join(" ");
    history.lines().skip(1).map(start).collect()
}

#[test]
fn ticks_are_an_interval_apart_and_one_is_at_the_end() {
    let lines = [
        r#"{"t":10.5,"type":"users","count":1}"#,
        r#"{"t":11.5,"type":"users","count":2}"#,
        r#"{"t":11.6,"type":"end"}"#,
        r#"{"t":12.25,"type":"users","count":3}"#,
        r#"{"t":13.0,"type":"end"}"#,
    ];
    let options = ReplayOptions::default();
    assert_eq!(history_rows(&lines, options), ["10 1", "11 2", "12 3", "13 3"]);
    let without = ReplayOptions { final_row: false, ..options };
    assert_eq!(history_rows(&lines, without), ["10 1", "11 2", "12 3"]);
    let slow = ReplayOptions { interval_s: 2.5, ..options };
    assert_eq!(history_rows(&lines, slow), ["10 1", "13 3"]);
    let slow_without = ReplayOptions { final_row: false, ..slow };
    assert_eq!(history_rows(&lines, slow_without), ["10 1", "13 3"], "the end is on a tick");
    assert_eq!(history_rows(&[r#"{"t":7,"type":"end"}"#], without), ["7 0"]);
}

#[test]
fn what_is_unfinished_is_told_and_in_no_file() {
    let request = r#"{"t":10.75,"type":"request","method":"MQTT","name":"p","response_time":2.5,"length":0,"error":null}"#;
    let unfinished = |name: &str, waited: &str, overdue: bool| {
        format!(
            r#"{{"t":11.25,"type":"unfinished","method":"MQTT","name":"{name}","waited":{waited},"overdue":{overdue}}}"#
        )
    };
    let lines = [
        r#"{"t":10.5,"type":"users","count":1}"#.to_owned(),
        request.to_owned(),
        unfinished("p", "2.5", false),
        unfinished("q", "1500.000001", true),
        unfinished("p", "3", false),
        r#"{"t":12.0,"type":"end"}"#.to_owned(),
    ];
    let dir = tempfile::tempdir().unwrap();
    let replayed = |name: &str, lines: &[&str]| {
        let log = dir.path().join("events.jsonl");
        fs::write(&log, lines.join("\n")).unwrap();
        let out = dir.path().join(name);
        let Replayed { snapshot, has_ended } =
            replay(&log, &out, ReplayOptions::default(), &PercentileList::LOCUST).unwrap();
        assert!(has_ended);
        let files = ["stats", "stats_history", "failures", "exceptions"];
        let read = |file| fs::read_to_string(dir.path().join(format!("{name}_{file}.csv"))).unwrap();
        (snapshot.unfinished, files.map(read))
    };
    let lines: Vec<_> = lines.iter().map(String::as_str).collect();
    let (unfinished, files) = replayed("with", &lines);
    let rows: Vec<_> = unfinished.iter().map(|row| (row.row.name.as_str(), row.waits)).collect();
    let p = Waits { count: 2, oldest_ns: 3_000_000, overdue: 0 };
    assert_eq!(rows, [("p", p), ("q", Waits::one(1_500_000_001, true))]);
    let others: Vec<_> = lines.iter().copied().filter(|line| !line.contains("unfinished")).collect();
    assert_eq!(replayed("without", &others), (Vec::new(), files));
}

#[test]
fn the_log_of_a_killed_run_is_read_to_its_last_whole_line() {
    let lines = [
        r#"{"t":10.5,"type":"users","count":1}"#,
        r#"{"t":11.25,"type":"users","count":2}"#,
        r#"{"t":12.25,"type":"users","count":3}"#,
        r#"{"t":12.5,"type":"us"#,
    ];
    assert_eq!(history_rows(&lines, ReplayOptions::default()), ["10 1", "11 2", "12 3"]);
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("events.jsonl");
    fs::write(&log, lines.join("\n")).unwrap();
    let replayed =
        replay(&log, &dir.path().join("out"), ReplayOptions::default(), &PercentileList::LOCUST).unwrap();
    assert_eq!((replayed.has_ended, replayed.snapshot.user_count), (false, 3));
}

#[test]
fn an_interval_that_cannot_be_is_refused() {
    for interval_s in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let options = ReplayOptions { interval_s, ..ReplayOptions::default() };
        let error =
            replay(Path::new("none"), Path::new("none"), options, &PercentileList::LOCUST).unwrap_err();
        assert!(matches!(error, ReplayError::Interval(_)), "{error}");
    }
}
#[test]
fn a_time_without_end_is_no_reason_to_write_without_end() {
    let error = |end: &str, options| {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("events.jsonl");
        fs::write(
            &log,
            format!("{{\"t\":0,\"type\":\"users\",\"count\":1}}\n{{\"t\":{end},\"type\":\"end\"}}\n"),
        )
        .unwrap();
        let text =
            replay(&log, &dir.path().join("out"), options, &PercentileList::LOCUST).unwrap_err().to_string();
        text.split_once("events.jsonl").unwrap().1.to_owned()
    };
    let options = ReplayOptions::default();
    assert_eq!(
        error("1e9", options),
        ": nothing happens for 1000000000 s, which would be 1000000000 rows of history (the most are \
             200000); a longer interval makes fewer"
    );
    assert!(error("1e300", options).contains("nothing happens for"));
    assert!(error("1", ReplayOptions { interval_s: 1e-6, ..options }).contains("1000000 rows"));
    let slow = ReplayOptions { interval_s: 1e5, ..options };
    let lines = [r#"{"t":0,"type":"users","count":1}"#, r#"{"t":1e6,"type":"end"}"#];
    assert_eq!(history_rows(&lines, slow).len(), 11, "a longer interval makes fewer");
}
