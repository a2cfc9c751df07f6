//! Results for tests: a run as a real one could be, and runs at the edges.

use serde_json::{Value, json};

use crate::stats::fine::FineTimes;
use crate::stats::packed_times::PackedTimes;
use crate::stats::result::connections::Connections;
use crate::stats::result::deliveries::{Deliveries, DeliveryRow, DuplicatesResult, LostResult, Messages};
use crate::stats::result::generator::{Generator, Standstills, Used};
use crate::stats::result::row::{Percentile, RowResult, Times, UnfinishedResult, UnfinishedRow};
use crate::stats::result::series::{Point, RowSeries, Series};
use crate::stats::result::watched::{Watched, WatchedFigure, WatchedPoint, WatchedText};
use crate::stats::result::what_ran::{BrokerRan, Host, WhatRan};
use crate::stats::result::{
    ExceptionResult, FailureResult, Outcome, RunResult, ScheduledStarts, SearchResult, Source, StageResult,
    ThresholdResult, TriedRate, Verdict,
};

/// 2025-03-03 11:06:40 UTC.
const STARTED: f64 = 1_741_000_000.0;

/// Random numbers that are the same in each run.
struct Dice(u64);

impl Dice {
    /// From 0 to 1.
    fn unit(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// About normal, with mean 0 and deviation 1.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }

    /// A response time in nanoseconds: log-normal around a median, with a slow tail.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a time above 0")]
    fn time_ns(&mut self, median_ms: f64) -> u64 {
        let tail = if self.unit() < 0.01 { 5.0 + 15.0 * self.unit() } else { 1.0 };
        (median_ms * (0.45 * self.normal()).exp() * tail * 1e6) as u64
    }
}

/// A row, its series and its times, while a run is made up.
#[derive(Default)]
struct Making {
    row: RowResult,
    series: RowSeries,
    interval: FineTimes,
    interval_failures: u64,
}

impl Making {
    fn of(request_type: &str, name: &str) -> Self {
        let (request_type, name) = (request_type.to_owned(), name.to_owned());
        let series =
            RowSeries { request_type: request_type.clone(), name: name.clone(), ..RowSeries::default() };
        Self { row: RowResult { request_type, name, ..RowResult::default() }, series, ..Self::default() }
    }

    fn request(&mut self, ns: u64, failed: bool) {
        self.interval.record(ns);
        if failed {
            self.interval_failures += 1;
            self.row.failed_histogram.record(ns);
        }
    }

    fn end_interval(&mut self) {
        let times = std::mem::take(&mut self.interval);
        let quantiles = times.quantiles_ms([0.5, 0.95, 0.99, 0.999, 1.0]);
        let series = &mut self.series;
        series.requests.push(times.count());
        series.failures.push(self.interval_failures);
        series.mean_ms.push(times.mean_ms());
        let lists = [
            &mut series.p50_ms,
            &mut series.p95_ms,
            &mut series.p99_ms,
            &mut series.p999_ms,
            &mut series.max_ms,
        ];
        for (index, list) in lists.into_iter().enumerate() {
            list.push(quantiles.map(|quantiles| quantiles[index]));
        }
        series.histograms.push(PackedTimes::from(&times));
        self.row.histogram.absorb(&times);
        self.row.failures += std::mem::take(&mut self.interval_failures);
    }

    fn end(mut self, seconds: f64) -> (RowResult, RowSeries) {
        let row = &mut self.row;
        row.requests = row.histogram.count();
        row.requests_per_s = row.requests as f64 / seconds;
        row.failures_per_s = row.failures as f64 / seconds;
        row.response_times_ms = Times::of(&row.histogram);
        row.failed_ms = Times::of(&row.failed_histogram);
        row.succeeded_ms = Times::of(&row.histogram.without(&row.failed_histogram));
        row.max_ms = row.response_times_ms.map_or(0.0, |times| times.max);
        (self.row, self.series)
    }
}

/// A run of so many seconds with these rows (name, requests per second, median in milliseconds), in four stages. Half
/// way the broker stands still for a while; later the load generator is the limit.
pub(super) fn run(seconds: u32, rows: &[(&str, &str, f64, f64)]) -> RunResult {
    run_of(0, seconds, rows)
}

/// The same with other random numbers.
pub(super) fn run_of(seed: u64, seconds: u32, rows: &[(&str, &str, f64, f64)]) -> RunResult {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15 ^ seed.wrapping_mul(0x2545_f491_4f6c_dd1d));
    let mut all = Making::of("", "Aggregated");
    let mut making: Vec<Making> = rows.iter().map(|(kind, name, ..)| Making::of(kind, name)).collect();
    let mut points = Vec::new();
    let share = |at: u32| f64::from(at) / f64::from(seconds.max(1));
    for at in 0..seconds {
        let load = (share(at) / 0.4).clamp(0.1, 1.0) * if share(at) > 0.8 { 0.5 } else { 1.0 };
        let (stalls, limited) = ((0.5..0.52).contains(&share(at)), (0.66..0.7).contains(&share(at)));
        let slowness = if stalls { 25.0 } else { 1.0 + 0.6 * load } * if limited { 2.5 } else { 1.0 };
        for ((_, name, rate, median_ms), making) in rows.iter().zip(&mut making) {
            let fails = stalls && name.contains("publish");
            for _ in 0..whole(rate * load * (0.9 + 0.2 * dice.unit())) {
                let failed = fails && dice.unit() < 0.3;
                let ns =
                    if failed { 30_000 + dice.time_ns(0.05) } else { dice.time_ns(median_ms * slowness) };
                making.request(ns, failed);
                all.request(ns, failed);
            }
            making.end_interval();
        }
        all.end_interval();
        let users = u32::try_from(whole(200.0 * load)).unwrap();
        points.push(Point {
            at_s: f64::from(at + 1),
            users_wanted: Some(users),
            users,
            connected: Some(if stalls { users / 2 } else { users }),
            connects: Some(if share(at) < 0.4 {
                200 / u64::from(seconds.max(1)) + 1
            } else {
                u64::from(stalls) * 40
            }),
            requests: all.series.requests[at as usize],
            failures: all.series.failures[at as usize],
            received: 10,
            generator_cpu_cores: Some(
                0.12 + 0.4 * load + 0.03 * dice.unit() + if limited { 0.45 } else { 0.0 },
            ),
            send_lag_p99_ms: Some(if limited { 6.0 + 8.0 * dice.unit() } else { 0.3 + 0.4 * dice.unit() }),
            generator_was_the_limit: limited,
        });
    }
    let (aggregated, all) = all.end(f64::from(seconds));
    let (rows, series): (Vec<_>, Vec<_>) = making.into_iter().map(|row| row.end(f64::from(seconds))).unzip();
    let response_times_ms = aggregated.response_times_ms;
    RunResult {
        series: Series {
            started: STARTED,
            interval_s: 1,
            percentiles_over_s: None,
            points,
            all,
            rows: series,
        },
        rows,
        aggregated,
        response_times_ms,
        ..empty(f64::from(seconds))
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small and above 0")]
fn whole(number: f64) -> u64 {
    number.round() as u64
}

/// Ten rows: request type, name, requests per second, median in milliseconds.
pub(super) const ROWS: [(&str, &str, f64, f64); 10] = [
    ("MQTT", "connect", 1.0, 4.0),
    ("MQTT", "publish:0:telemetry", 60.0, 0.03),
    ("MQTT", "publish:1:alarm", 4.0, 1.1),
    ("MQTT", "publish:1:telemetry", 40.0, 0.9),
    ("MQTT", "publish:2:command", 8.0, 2.4),
    ("MQTT", "request:config", 3.0, 6.0),
    ("MQTT", "subscribe:command", 1.0, 1.5),
    ("MQTT", "subscribe:config", 1.0, 1.6),
    ("MQTT", "unsubscribe:config", 1.0, 1.2),
    ("MQTT", "end_to_end:1:fleet/+/telemetry", 30.0, 1.9),
];

/// Ten rows and ten minutes with all that a page can show.
pub(super) fn full() -> RunResult {
    let mut result = run(600, &ROWS);
    result.rows[9].measured = true;
    result.rows.sort_by(|a, b| a.name.cmp(&b.name));
    let stages = [
        ("warm up", 0.0, 60.0, 20),
        ("ramp", 60.0, 240.0, 200),
        ("peak", 240.0, 480.0, 200),
        ("cool down", 480.0, 600.0, 100),
    ];
    result.stages = stages
        .map(|(name, begins_s, ends_s, users)| StageResult {
            name: name.to_owned(),
            begins_s,
            ends_s,
            users,
            aggregated: result.aggregated.clone(),
            rows: result.rows.clone(),
            received: None,
            connections: None,
        })
        .into();
    let threshold = |threshold: &str, row: &str, stage: Option<&str>, met: Option<bool>, sentence: &str| {
        ThresholdResult {
            threshold: threshold.to_owned(),
            row: row.to_owned(),
            stage: stage.map(str::to_owned),
            verdict: match met {
                Some(true) => "met",
                Some(false) => "missed",
                None => "not judged",
            }
            .to_owned(),
            met,
            fails_the_run: met == Some(false),
            aborted_the_run: false,
            value: None,
            sentence: sentence.to_owned(),
            file: Some("scenarios/fleet.toml".to_owned()),
            line: Some(12),
        }
    };
    result.thresholds = vec![
        threshold(
            "p99[publish:1:telemetry] < 10ms",
            "MQTT publish:1:telemetry",
            Some("peak"),
            Some(false),
            "p99 41.3 ms",
        ),
        threshold("failures < 1%", "Aggregated", None, Some(true), "failure_ratio 0.42 %"),
        threshold("lost < 1", "end_to_end:1:fleet/+/telemetry", None, Some(true), "lost 0"),
        threshold("p99[request:state] < 50ms", "request:state", None, None, "no such row in this run"),
    ];
    result.verdict = Verdict {
        outcome: Outcome::ThresholdMissed,
        exit_code: 3,
        sentence: "1 of 4 thresholds was missed: p99[publish:1:telemetry] < 10ms.".to_owned(),
    };
    let failure = |name: &str, error: &str, occurrences, first: f64, last: f64| FailureResult {
        request_type: "MQTT".to_owned(),
        name: name.to_owned(),
        error: error.to_owned(),
        occurrences,
        first_seen: Some(STARTED + first),
        last_seen: Some(STARTED + last),
    };
    result.failures = vec![
        failure(
            "publish:0:telemetry",
            "connection to 10.0.0.7:1883 lost: Connection reset by peer",
            241,
            300.1,
            311.9,
        ),
        failure("publish:1:telemetry", "PUBACK timed out after 10s (10.0.0.7:1883)", 97, 301.4, 311.2),
        failure("connect", "cannot connect to 10.0.0.7:1883: Connection refused", 12, 300.2, 304.0),
    ];
    result.exceptions = vec![ExceptionResult {
        count: 2,
        message: "the feed `devices` ran out of rows".to_owned(),
        traceback: "user class device\n  task hello\n    step 3".to_owned(),
    }];
    result.unfinished = UnfinishedResult {
        count: 3,
        oldest_ms: Some(12_400.0),
        overdue: 1,
        rows: vec![UnfinishedRow {
            request_type: "MQTT".to_owned(),
            name: "publish:2:command".to_owned(),
            count: 3,
            oldest_ms: Some(12_400.0),
            overdue: 1,
        }],
    };
    let times = Times {
        count: 1,
        min: 0.4,
        mean: 2.0,
        p50: 1.9,
        p90: 4.0,
        p95: 6.0,
        p99: 21.0,
        p999: 88.0,
        max: 412.0,
    };
    result.end_to_end = Some(Deliveries {
        rows: vec![DeliveryRow {
            request_type: "MQTT".to_owned(),
            name: "end_to_end:1:fleet/+/telemetry".to_owned(),
            times_ms: Some(times),
            service_time_ms: Some(times),
            expected: 14_210,
            received: 14_195,
            lost: LostResult { total: 15, reconnect: 12, unexplained: 3, ..LostResult::default() },
            duplicates: DuplicatesResult { total: 4, redelivered: 4, ..DuplicatesResult::default() },
            reordered: 1,
            unsettled: 2,
            retained: 7,
            untracked: 0,
            ..DeliveryRow::default()
        }],
        complete: true,
    });
    result.received = Messages { messages: 14_199, bytes: 1_817_472 };
    result.connections = Some(Connections { opened: 320, ended: 320, most: 200 });
    result.from_intended_moments_ms = Some(times);
    result.service_time_ms = Some(times);
    result.scheduled_starts = ScheduledStarts { count: 24_000, late: 113 };
    result.generator = Generator {
        was_the_limit: true,
        seconds: 600,
        limited_seconds: 24,
        cpu_cores: Some(0.51),
        standstills: Standstills { count: 2, seconds: 1.4 },
        send_lag_ms: Some(times),
        open_files: Some(Used { used: 231, of: 20_000 }),
        local_ports: Some(Used { used: 200, of: 28_232 }),
        sentence: "The load generator was the limit for 24 of 600 s: runner thread CPU at 97 %; response times include \
                   its own delay."
            .to_owned(),
    };
    result.search = Some(SearchResult {
        until: "p99 < 20ms".to_owned(),
        highest_rate: Some(1_840.0),
        complete: true,
        tried: [(1_000.0, true), (2_000.0, false), (1_500.0, true), (1_840.0, true)]
            .map(|(rate, holds)| TriedRate {
                rate,
                achieved: rate * 0.999,
                p50_ms: Some(0.9),
                p99_ms: Some(if holds { 8.4 } else { 61.0 }),
                failures: u64::from(!holds) * 31,
                holds,
                generator_was_the_limit: false,
            })
            .into(),
        sentence: "The highest rate that held was 1,840 task runs per second.".to_owned(),
    });
    result.watched = vec![watched()];
    result
}

/// What a broker said of itself every ten seconds.
fn watched() -> Watched {
    let figure = |name: &str, value: fn(f64) -> f64| {
        let points =
            (0..60).map(|ten| f64::from(ten * 10)).map(|at_s| WatchedPoint { at_s, value: value(at_s) });
        WatchedFigure::of(name.to_owned(), points.collect())
    };
    let figures = [
        figure("$SYS/broker/clients/connected", |at_s| (at_s / 2.0).min(203.0).floor()),
        figure("$SYS/broker/heap/current", |at_s| 4_000_000.0 + (at_s * 0.7).floor() * 1_000.0),
        figure("$SYS/broker/load/messages/sent/1min", |at_s| 1.25 * at_s),
        figure("$SYS/broker/publish/messages/sent", |at_s| (at_s * 23.6).floor()),
        figure("$SYS/broker/retained messages/count", |_| 52.0),
    ];
    Watched {
        broker: "main".to_owned(),
        source: "$SYS/# at 10.0.0.7:1883".to_owned(),
        figures: figures.into_iter().flatten().collect(),
        texts: vec![WatchedText {
            name: "$SYS/broker/version".to_owned(),
            text: "mosquitto version 2.0.21".to_owned(),
        }],
        notes: vec!["The figures under $SYS/# at 10.0.0.7:1883 are missing: cannot connect.".to_owned()],
    }
}

/// A run in which no request ended. It is made of the keys that a document cannot lack.
pub(super) fn empty(seconds: f64) -> RunResult {
    let run = WhatRan {
        program: "mqtt-scenario 0.1.0".to_owned(),
        scenario: "fleet".to_owned(),
        file: "scenarios/fleet.toml".to_owned(),
        git_revision: Some("b7d2f90c-dirty".to_owned()),
        scenario_text: Some("version = 1\nbrokers.main.url = \"mqtt://10.0.0.7\"\n".to_owned()),
        plan_text: Some("Plan of fleet\n  200 users for 10 minutes\n".to_owned()),
        host: Host { name: "loadgen-1".to_owned(), system: "linux x86_64".to_owned(), cores: 4 },
        started: STARTED,
        ended: STARTED + seconds,
        seed: Some(42),
        users: 200,
        planned_s: Some(seconds),
        brokers: vec![BrokerRan {
            name: "main".to_owned(),
            addresses: vec!["10.0.0.7:1883".to_owned()],
            mqtt_version: "5".to_owned(),
        }],
        end: "finished".to_owned(),
        merged_from: Vec::new(),
        merged_ids: Vec::new(),
        run_id: None,
        changes: Vec::new(),
        shards: None,
        clock: None,
    };
    let document = json!({
        "version": 1,
        "run": run,
        "verdict": { "outcome": "passed", "exit_code": 0, "sentence": "Nothing went wrong." },
        "rows": [],
        "aggregated": { "name": "Aggregated" },
    });
    serde_json::from_value(document).unwrap()
}

/// What can be read from the CSV files of Locust: no histograms, percentiles as columns.
pub(super) fn csv() -> RunResult {
    let mut result = run(60, &[("MQTT", "publish:1:a", 50.0, 3.0), ("MQTT", "publish:1:b", 20.0, 9.0)]);
    result.source = Source::Csv;
    result.notes = vec!["The files do not tell which broker was tested.".to_owned()];
    result.run = WhatRan { started: STARTED, ended: STARTED + 60.0, ..WhatRan::default() };
    let strip = |row: &mut RowResult| {
        row.percentiles = [50.0, 90.0, 99.0]
            .into_iter()
            .filter_map(|percent| {
                Some(Percentile { percent, ms: row.histogram.percentile_ms(percent)?.round() })
            })
            .collect();
        (row.histogram, row.failed_histogram) = Default::default();
        (row.response_times_ms, row.succeeded_ms, row.failed_ms) = Default::default();
    };
    result.rows.iter_mut().for_each(strip);
    strip(&mut result.aggregated);
    result.response_times_ms = None;
    result.series.percentiles_over_s = Some(10);
    result.series.rows = Vec::new();
    let all = &mut result.series.all;
    (all.histograms, all.p999_ms) = Default::default();
    for point in &mut result.series.points {
        (point.users_wanted, point.connected, point.connects) = (None, None, None);
        (point.generator_cpu_cores, point.send_lag_p99_ms) = (None, None);
        point.generator_was_the_limit = false;
    }
    result
}

/// A result in which every text is this one: all strings of the document but those that are no free text.
pub(super) fn hostile(text: &str) -> RunResult {
    hostile_of(&full(), text)
}

/// The same of another result.
pub(super) fn hostile_of(result: &RunResult, text: &str) -> RunResult {
    let mut document = serde_json::to_value(result).unwrap();
    replace_texts(&mut document, text);
    serde_json::from_value(document).unwrap()
}

fn replace_texts(value: &mut Value, text: &str) {
    match value {
        Value::String(old) => text.clone_into(old),
        Value::Array(values) => values.iter_mut().for_each(|value| replace_texts(value, text)),
        Value::Object(values) => {
            let closed = ["outcome", "source", "histogram", "failed_histogram", "histograms"];
            let free = values.iter_mut().filter(|(key, _)| !closed.contains(&key.as_str()));
            free.for_each(|(_, value)| replace_texts(value, text));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Four runs a side of ten rows and this length; those of B have this share of the response times of A in addition.
pub(super) fn sides(seconds: u32, slower: f64) -> [Vec<RunResult>; 2] {
    let side = |first: u64, factor: f64| {
        let rows = ROWS.map(|(kind, name, rate, median_ms)| (kind, name, rate, median_ms * factor));
        let run = |seed: u64| {
            let mut run = run_of(seed, seconds, &rows);
            run.run.started += seed as f64 * 700.0;
            run.run.ended += seed as f64 * 700.0;
            run
        };
        (0..4).map(|number| run(first + 2 * number)).collect::<Vec<_>>()
    };
    let [mut a, mut b] = [side(1, 1.0), side(2, 1.0 + slower)];
    let failure = |error: &str, occurrences| FailureResult {
        request_type: "MQTT".to_owned(),
        name: "publish:1:telemetry".to_owned(),
        error: error.to_owned(),
        occurrences,
        first_seen: None,
        last_seen: None,
    };
    a[0].failures = vec![failure("connection to 10.0.0.7:1883 lost: Connection reset by peer", 7)];
    b[1].failures = vec![failure("PUBACK timed out after 10s (10.0.0.7:1883)", 97)];
    for run in &mut b {
        run.run.git_revision = Some("c0ffee12".to_owned());
        run.run.brokers[0].addresses = vec!["10.0.0.8:1883".to_owned()];
    }
    [a, b]
}
