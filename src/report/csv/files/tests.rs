use super::*;
use crate::stats::RowKey;
use crate::stats::number::Number;
use crate::stats::statistics::Statistics;

#[test]
fn a_file_that_cannot_be_made_is_named() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("out_failures.csv")).unwrap();
    let error = CsvFiles::create(&dir.path().join("out"), History::Aggregated, &PercentileList::default())
        .unwrap_err();
    assert!(error.to_string().contains("out_failures.csv"), "{error}");
}

/// Timestamp, users and requests of each row of history of a run of these ticks, given as `(now, users, requests)`
/// where the users are those at the end of the tick; the last one is the end of the run.
fn history(ticks: &[(f64, i64, u64)], history: History) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let prefix = dir.path().join("out");
    let mut files = CsvFiles::create(&prefix, history, &PercentileList::default()).unwrap();
    let mut statistics = Statistics::new(ticks[0].0, false);
    let row = RowKey { request_type: "MQTT".into(), name: "say".into() };
    let mut all = 0;
    for (index, &(now, users, requests)) in ticks.iter().enumerate() {
        statistics.begin_tick();
        for _ in all..requests {
            statistics.log_request(&row, now, Some(Number::Float(1.0)), 1);
        }
        all = requests;
        statistics.set_user_count(users);
        let snapshot = statistics.snapshot(now);
        let last = index + 1 == ticks.len();
        let written = if last { files.write_last(&snapshot) } else { files.write_tick(&snapshot) };
        written.unwrap();
    }
    files.finish(&statistics.snapshot(0.0)).unwrap();
    let text = fs::read_to_string(dir.path().join("out_stats_history.csv")).unwrap();
    let short = |line: &str| {
        let cells: Vec<_> = line.split(',').collect();
        format!("{} {} {} {}", cells[0], cells[1], cells[3], cells[17])
    };
    text.lines().skip(1).map(short).collect()
}

#[test]
fn no_second_stands_in_the_history_twice() {
    let aggregated = |ticks: &[(f64, i64, u64)]| history(ticks, History::Aggregated);
    // Whole seconds: the users of the run and all its requests, in the place of the row before.
    assert_eq!(
        aggregated(&[(7.2, 0, 0), (8.2, 3, 5), (9.2, 3, 9), (9.203, 0, 11)]),
        ["7 0 Aggregated 0", "8 3 Aggregated 5", "9 3 Aggregated 11"]
    );
    // The part of a second that is in the next one has a row of its own if it is worth one.
    assert_eq!(
        aggregated(&[(7.8, 0, 0), (8.8, 3, 5), (9.1, 0, 6)]),
        ["7 0 Aggregated 0", "8 3 Aggregated 5", "9 3 Aggregated 6"]
    );
    assert_eq!(
        aggregated(&[(7.999, 0, 0), (8.999, 3, 5), (9.001, 0, 5)]),
        ["7 0 Aggregated 0", "8 3 Aggregated 5"],
        "nothing is new"
    );
}

#[test]
fn a_run_of_less_than_a_second_has_one_row_or_two() {
    let aggregated = |ticks: &[(f64, i64, u64)]| history(ticks, History::Aggregated);
    assert_eq!(aggregated(&[(7.2, 0, 0), (7.9, 0, 4)]), ["7 0 Aggregated 4"]);
    assert_eq!(aggregated(&[(7.8, 0, 0), (8.1, 2, 0)]), ["7 0 Aggregated 0", "8 2 Aggregated 0"]);
}

#[test]
fn the_full_history_has_each_row_once_a_second() {
    assert_eq!(
        history(&[(7.2, 0, 0), (8.2, 3, 5), (8.25, 0, 6)], History::Full),
        ["7 0 Aggregated 0", "8 3 say 6", "8 3 Aggregated 6"]
    );
}
