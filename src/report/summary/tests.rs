//! The end of runs as a person reads it.

use std::path::Path;

use serde_json::json;

use super::*;
use crate::report::columns::width;
use crate::stats::result::deliveries::{Deliveries, DeliveryRow, DuplicatesResult, LostResult, Messages};
use crate::stats::result::row::{Percentile, RowResult, Times, UnfinishedResult, UnfinishedRow};
use crate::stats::result::what_ran::{BrokerRan, Shards};
use crate::stats::result::{
    ExceptionResult, FailureResult, Outcome, ScheduledStarts, SearchResult, Source, StageResult,
    ThresholdResult, TriedRate,
};

const LONG: &str = "publish:1:plant/north/hall-7/line-12/robot-3/joint-6/temperature/celsius";

fn empty() -> RunResult {
    let mut result: RunResult = serde_json::from_value(json!({
        "version": 1,
        "run": { "scenario": "sensors", "file": "scenarios/sensors.toml", "users": 50 },
        "verdict": { "outcome": "passed", "exit_code": 0, "sentence": "Passed, but no request was finished." },
        "rows": [],
        "aggregated": { "name": "Aggregated" },
    }))
    .unwrap();
    (result.run.started, result.run.ended) = (1_000_000.0, 1_000_120.2);
    result.run.brokers =
        vec![BrokerRan { addresses: vec!["127.0.0.1:1884".to_owned()], ..BrokerRan::default() }];
    result
}

/// So many requests of a row, evenly between two times in microseconds; the first ones failed.
fn row(name: &str, requests: u64, failures: u64, [from, to]: [u64; 2]) -> RowResult {
    let mut row = RowResult {
        request_type: "MQTT".to_owned(),
        name: name.to_owned(),
        requests,
        failures,
        requests_per_s: requests as f64 / 120.0,
        ..RowResult::default()
    };
    for n in 0..requests {
        let ns = 1_000 * (from + n * (to - from) / requests);
        row.histogram.record(ns);
        if n < failures {
            row.failed_histogram.record(ns);
        }
    }
    row
}

fn sum(rows: &[RowResult]) -> RowResult {
    let mut all = RowResult { name: "Aggregated".to_owned(), ..RowResult::default() };
    for row in rows {
        all.requests += row.requests;
        all.failures += row.failures;
        all.requests_per_s += row.requests_per_s;
        all.histogram.absorb(&row.histogram);
        all.failed_histogram.absorb(&row.failed_histogram);
    }
    all
}

fn with(rows: Vec<RowResult>) -> RunResult {
    RunResult { aggregated: sum(&rows), rows, ..empty() }
}

fn failure(name: &str, error: &str, occurrences: u64, first: f64, last: f64) -> FailureResult {
    FailureResult {
        request_type: "MQTT".to_owned(),
        name: name.to_owned(),
        error: error.to_owned(),
        occurrences,
        first_seen: Some(1_000_000.0 + first),
        last_seen: Some(1_000_000.0 + last),
    }
}

/// A run in which something of everything happened.
fn eventful() -> RunResult {
    let mut result = with(vec![
        row("connect", 50, 2, [300, 4_100]),
        row(LONG, 12_345, 12, [28, 1_250_000]),
        row("subscribe:1:plant/#", 5, 5, [90, 91]),
    ]);
    result.failures = vec![
        failure(
            LONG,
            "no PUBACK within 300ms, and a long tale of how that came about: \u{1b}[2J",
            12,
            3.2,
            41.0,
        ),
        failure("subscribe:1:plant/#", "SUBACK 0x87 (not authorized)", 5, 0.1, 0.2),
        failure("connect", "cannot connect to 127.0.0.1:1884: Connection refused", 2, 0.0, 119.0),
    ];
    result.exceptions = vec![ExceptionResult {
        count: 3,
        message: "no column `id` in the row of the feed `devices.csv`".to_owned(),
        traceback: String::new(),
    }];
    let stage = |name: &str, begins_s, ends_s, users, row: &RowResult| StageResult {
        name: name.to_owned(),
        begins_s,
        ends_s,
        users,
        aggregated: row.clone(),
        rows: Vec::new(),
        received: None,
        connections: None,
    };
    result.stages = vec![
        stage("ramp", 0.0, 30.0, 10, &result.rows[0]),
        stage("peak", 30.0, 120.0, 50, &result.rows[1]),
        stage("stage 3", 120.0, 120.2, 0, &RowResult::default()),
    ];
    let threshold = |text: &str, row: &str, met, fails, sentence: &str| ThresholdResult {
        threshold: text.to_owned(),
        row: row.to_owned(),
        stage: None,
        verdict: String::new(),
        met,
        fails_the_run: fails,
        aborted_the_run: false,
        value: None,
        sentence: sentence.to_owned(),
        file: None,
        line: None,
    };
    result.thresholds = vec![
        threshold("p99 < 2s", "Aggregated", Some(true), false, "p99 1.24 s"),
        threshold("failures[connect] < 1%", "MQTT connect", Some(false), true, "failure_ratio 4.00 %"),
        threshold("failures[disconnect] < 1", "disconnect", None, false, "the run has no such row"),
    ];
    (result.thresholds[1].stage, result.thresholds[1].aborted_the_run) = (Some("peak".to_owned()), true);
    let unfinished = |request_type: &str, name: &str, count| UnfinishedRow {
        request_type: request_type.to_owned(),
        name: name.to_owned(),
        count,
        oldest_ms: Some(7_123.0),
        overdue: 0,
    };
    result.unfinished = UnfinishedResult {
        count: 209,
        oldest_ms: Some(7_123.0),
        overdue: 5,
        rows: vec![unfinished("MQTT", "connect", 1), unfinished("", "publish", 208)],
    };
    let times = Times { count: 100, p50: 0.41, p99: 12.3, max: 1_250.0, ..Times::default() };
    let lost = LostResult {
        total: 23,
        qos_0: 1,
        reconnect: 2,
        not_shared: 8,
        unexplained: 12,
        ..LostResult::default()
    };
    let duplicates = DuplicatesResult { total: 13, redelivered: 6, against_qos_2: 7, unexplained: 0 };
    result.end_to_end = Some(Deliveries {
        rows: vec![
            DeliveryRow {
                name: "end_to_end:1:plant/+".to_owned(),
                expected: 12_368,
                received: 12_345,
                lost,
                duplicates,
                reordered: 8,
                unsettled: 9,
                retained: 10,
                times_ms: Some(times),
                service_time_ms: Some(times),
                ..DeliveryRow::default()
            },
            DeliveryRow {
                name: "end_to_end:2:other".to_owned(),
                expected: 7,
                received: 7,
                ..DeliveryRow::default()
            },
        ],
        complete: false,
    });
    let tried = |rate: f64, p99_ms, holds: bool, generator_was_the_limit| TriedRate {
        rate,
        achieved: rate * 0.999,
        p50_ms: Some(0.41),
        p99_ms,
        failures: u64::from(!holds),
        holds,
        generator_was_the_limit,
    };
    result.search = Some(SearchResult {
        until: "p99 < 20ms".to_owned(),
        highest_rate: Some(2_000.0),
        complete: true,
        tried: vec![
            tried(4_000.0, None, false, true),
            tried(2_000.0, Some(12.0), true, false),
            tried(3_000.0, Some(35.0), false, false),
        ],
        sentence: "p99 < 20ms holds up to 2000 task runs/s.".to_owned(),
    });
    result.service_time_ms = Some(times);
    result.scheduled_starts = ScheduledStarts { count: 12_345, late: 345 };
    result.received = Messages { messages: 12_345, bytes: 1 << 20 };
    result.generator.was_the_limit = true;
    result.generator.sentence =
        "The load generator was the limit for 7 of 120 s: runner thread CPU at 97 %; \
                                 response times include its own delay."
            .to_owned();
    result.verdict.outcome = Outcome::ThresholdMissed;
    result.verdict.sentence =
        "Failed: 2 of 3 thresholds not met: failures[connect] < 1% (MQTT connect: failure_ratio 4.00 %) and 1 more.".to_owned();
    result
}

#[test]
fn a_quiet_run_is_told_in_a_few_lines() {
    let mut result =
        with(vec![row("connect", 50, 0, [300, 4_100]), row("publish:1:t", 12_345, 0, [28, 900])]);
    result.verdict.sentence = "Passed: 12395 requests, none failed.".to_owned();
    result.generator.sentence = "Generator: CPU 34 % of a core, send lag p99 0.8 ms".to_owned();
    insta::assert_snapshot!(text(&result, &Options::default()));
}

#[test]
fn an_eventful_run_on_eighty_columns() {
    let others = ["out/a_stats.csv".to_owned(), "requests.jsonl".to_owned()];
    let files =
        Files { folder: Some(Path::new("results/2026-11-29 sensors")), others: &others, ..Files::default() };
    insta::assert_snapshot!(text(&eventful(), &Options { breaks: true, files, ..Options::default() }));
}

#[test]
fn a_shard_says_that_it_is_one_and_what_is_left_to_merge() {
    let mut result = RunResult { thresholds: eventful().thresholds, ..empty() };
    result.run.shards = Some(Shards { of: 2, indices: vec![0], users: 100, ..Shards::default() });
    let told = |files| text(&result, &Options { files, rows: false, ..Options::default() });
    let folder = Some(Path::new("out/a/2026-11-29T16-55-03Z-sensors"));
    insta::assert_snapshot!(told(Files { folder, earlier: Some(Path::new("out/b")), ..Files::default() }));
    let file = Path::new("0.json");
    let named = told(Files { result: Some(file), ..Files::default() });
    assert!(named.ends_with("Next: mqtt-scenario merge 0.json … --out all\n"), "{named}");
    let incomplete = [file.to_owned()];
    let missing = told(Files { result: Some(file), incomplete: &incomplete, ..Files::default() });
    assert!(!missing.contains("Next:"), "{missing}");
    let nowhere = told(Files::default());
    assert!(!nowhere.contains("Next:"), "another run would need its --run-id: {nowhere}");
}

#[test]
fn an_eventful_run_on_a_wide_terminal_in_colours() {
    let files = Files {
        folder: Some(Path::new("results/b")),
        earlier: Some(Path::new("results/a")),
        ..Files::default()
    };
    let options = Options { columns: 130, breaks: true, coloured: true, files, ..Options::default() };
    insta::assert_snapshot!(text(&eventful(), &options).replace('\u{1b}', "␛"));
}

#[test]
fn in_a_file_sentences_stay_on_one_line() {
    let told = text(&eventful(), &Options::default());
    for part in [
        "MQTT subscribe:1:plant/#: SUBACK 0x87 (not authorized)\n",
        "no PUBACK within 300ms, and a long tale of how that came about",
        "Failed: 2 of 3 thresholds not met: failures[connect] < 1% (MQTT connect: failure_ratio 4.00 %) and 1 more.",
        "runner thread CPU at 97 %; response times include its own delay.\n",
    ] {
        assert!(told.to_lowercase().contains(&part.to_lowercase()), "{part}\n{told}");
    }
}

#[test]
fn beside_locusts_tables_rows_and_failures_are_left_out() {
    let told = text(&eventful(), &Options { rows: false, ..Options::default() });
    assert!(!told.contains("p99.9") && !told.contains("no PUBACK"), "{told}");
    for part in ["Stages", "End to end", "Exceptions", "Thresholds: 1 of 3 met", "FAILED"] {
        assert!(told.contains(part), "{part}\n{told}");
    }
}

#[test]
fn a_result_from_csv_files_tells_what_they_know() {
    let mut result = empty();
    (result.source, result.run.users) = (Source::Csv, 0);
    let percentiles = vec![Percentile { percent: 50.0, ms: 12.0 }, Percentile { percent: 99.0, ms: 340.0 }];
    let row = RowResult {
        name: "publish".to_owned(),
        requests: 10,
        failures: 3,
        max_ms: 400.0,
        percentiles,
        ..RowResult::default()
    };
    result.aggregated = RowResult { name: "Aggregated".to_owned(), ..row.clone() };
    result.rows = vec![row];
    result.failures = vec![FailureResult {
        first_seen: None,
        last_seen: None,
        ..failure("publish", "timed out", 3, 0.0, 0.0)
    }];
    result.notes = vec!["The files have no histograms.".to_owned()];
    insta::assert_snapshot!(text(&result, &Options::default()));
}

#[test]
fn other_percentiles_stand_in_the_table_if_they_are_wanted() {
    let result = with(vec![row("publish", 1_000, 0, [100, 1_100])]);
    let told = text(&result, &Options { percentiles: &[0.25, 0.9999, 1.0], ..Options::default() });
    let heading = told.lines().find(|line| line.starts_with("Requests")).unwrap();
    assert!(heading.ends_with("p25   p99.99      max"), "{told}");
    assert!(told.contains("p25 … p99.99: 25%, 99.99% of the requests took at most this"), "{told}");
}

#[test]
fn rows_and_failures_beyond_what_a_person_reads_are_left_to_the_files() {
    let rows: Vec<_> = (0..507).map(|n| row(&n.to_string(), 1, 0, [100, 200])).collect();
    let mut result = with(rows);
    result.failures = (0..33).map(|n| failure("publish", &n.to_string(), 1, 0.0, 0.0)).collect();
    let told = text(&result, &Options::default());
    assert!(
        told.contains("7 of 507 rows are not shown here") && told.contains("3 of 33 kinds of failures"),
        "{told}"
    );
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    let result = eventful();
    for columns in (40..80).step_by(3).chain((80..260).step_by(7)) {
        let told = text(&result, &Options { columns, breaks: true, ..Options::default() });
        for line in told.lines() {
            assert!(width(line) <= columns, "{columns} {line}\n{told}");
        }
        assert!(!told.contains('\u{1b}'), "{told}");
    }
    let wide = text(&result, &Options { columns: 250, ..Options::default() });
    assert!(wide.contains(LONG), "wide enough for all of it");
}

#[test]
fn on_forty_columns_the_median_and_the_tail_stay() {
    let told = text(&eventful(), &Options { columns: 40, breaks: true, ..Options::default() });
    insta::assert_snapshot!(told);
}

#[test]
fn without_response_times_there_is_no_table_of_them() {
    let told = text(&empty(), &Options::default());
    assert!(told.contains("Aggregated") && !told.contains("p50") && !told.contains("Response"), "{told}");
}

#[test]
fn paths_can_be_pasted_into_a_shell() {
    let files = Files { folder: Some(Path::new("it's here")), ..Files::default() };
    let told = text(&empty(), &Options { files, ..Options::default() });
    assert!(told.ends_with("Next: mqtt-scenario report 'it'\\''s here'\n"), "{told}");
}

#[test]
fn what_is_incomplete_stands_last_and_no_command_asks_for_it() {
    let folder = Path::new("out/a");
    let told = |names: &[&str]| {
        let incomplete: Vec<_> = names.iter().map(|name| Path::new("out").join(name)).collect();
        let files = Files { folder: Some(folder), incomplete: &incomplete, ..Files::default() };
        text(&empty(), &Options { files, ..Options::default() })
    };
    let some = told(&["a/run_stats_history.csv", "requests.jsonl"]);
    assert!(
        some.ends_with(
            "What could be written is in out/a\nNext: mqtt-scenario report out/a\n\
             INCOMPLETE: not written, or not to the end: run_stats_history.csv, out/requests.jsonl\n"
        ),
        "{some}"
    );
    let result = told(&["a/result.json"]);
    assert!(!result.contains("Next:") && result.ends_with("to the end: result.json\n"), "{result}");
}
