//! A strict reader of Prometheus' texts, and what is known of a run, for tests.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::stats::fine::LatencySummary;
use crate::stats::health::{Health, HealthSecond};
use crate::stats::recorder::Recorder;
use crate::stats::result::deliveries::{Deliveries, DeliveryRow, DuplicatesResult, LostResult};
use crate::stats::result::testing::result;
use crate::stats::statistics::Statistics;
use crate::stats::{RowKey, UnixMicros};
use crate::web::metrics::format::Format;
use crate::web::metrics::totals::Totals;
use crate::web::now::{ClassUsers, Now, Phase, Resources, StageNow};

pub(crate) const START: UnixMicros = UnixMicros(1_700_000_000_000_000);

/// Statistics with a row for each of these names: its times in microseconds, of which the first one is of a request that
/// failed, or of measured messages.
pub(crate) fn statistics(rows: &[(&str, bool, &[u64])]) -> Statistics {
    let mut recorder = Recorder::new(START, &[], false);
    let mut statistics = Statistics::new(START.as_secs_f64(), false);
    for (name, measured, times) in rows {
        let row = recorder.row(&RowKey { request_type: "MQTT".to_owned(), name: (*name).to_owned() });
        for (index, us) in times.iter().enumerate() {
            let ns = us * 1_000;
            match (measured, index) {
                (true, _) => recorder.record_measured(row, START, ns, 10),
                (false, 0) => recorder.record_failure(row, START, Some(ns), 10, "refused"),
                (false, _) => recorder.record(row, START, Some(ns), 10),
            }
        }
    }
    for _ in 0..3 {
        recorder.connection_opened(START);
        recorder.received(100);
    }
    recorder.connection_ended(START);
    statistics.merge(vec![recorder.take(UnixMicros(START.0 + 1_000_000))]);
    statistics
}

/// A run that is over and of which everything is known.
pub(crate) fn whole(statistics: &Statistics) -> Now {
    let mut of_run = result(Vec::new());
    let row = DeliveryRow {
        request_type: "RECEIVE".to_owned(),
        name: "alarms".to_owned(),
        expected: 10,
        received: 7,
        lost: LostResult { total: 3, qos_0: 2, unexplained: 1, ..LostResult::default() },
        duplicates: DuplicatesResult { total: 4, redelivered: 4, ..DuplicatesResult::default() },
        reordered: 5,
        unsettled: 6,
        ..DeliveryRow::default()
    };
    of_run.end_to_end = Some(Deliveries { rows: vec![row], complete: true });
    let lag = LatencySummary {
        count: 9,
        min_ms: 0.1,
        mean_ms: 0.2,
        p50_ms: 0.25,
        p90_ms: 0.5,
        p95_ms: 0.75,
        p99_ms: 1.5,
        p999_ms: 2.0,
        max_ms: 2.5,
    };
    Now {
        phase: Phase::Stopped,
        run: 2,
        run_id: "4f1c".to_owned(),
        started: Some(START.as_secs_f64()),
        elapsed: Duration::from_secs(90),
        totals: Some(Arc::new(Totals::of(statistics))),
        result: Some(Arc::new(of_run)),
        users: vec![
            ClassUsers { class: "device".to_owned(), wanted: 50, alive: 48 },
            ClassUsers { class: "operator".to_owned(), wanted: 2, alive: 2 },
        ],
        users_wanted: 52,
        connected: 49,
        stage: Some(StageNow { name: "peak".to_owned(), number: 2, of: 3, ..StageNow::default() }),
        health: Health { limited_seconds: 3, send_lag: Some(lag), ..Health::default() },
        second: HealthSecond { send_lag_p99_ms: Some(0.5), ..HealthSecond::default() },
        resources: Resources { cpu_cores: Some(0.75), memory_bytes: Some(50_000_000) },
        sent_bytes: Some(12_345),
        received_bytes: Some(678),
        ..Now::default()
    }
}

/// The series of a text by their whole name, labels in the order of their names.
pub(crate) type Series = BTreeMap<String, f64>;

/// What a text says, and the type of each family.
///
/// # Panics
/// If a line is not as the format wants it, a series stands there twice, a family is torn apart, or the buckets of a
/// histogram do not add up.
pub(crate) fn read(text: &str, format: Format) -> (Series, BTreeMap<String, String>) {
    let (mut series, mut types) = (Series::new(), BTreeMap::new());
    let (mut family, mut of_family) = (String::new(), BTreeSet::new());
    let text = match format {
        Format::OpenMetrics => text.strip_suffix("# EOF\n").expect("an end"),
        _ => text,
    };
    assert!(text.is_empty() || text.ends_with('\n'));
    for line in text.split_terminator('\n') {
        if let Some(comment) = line.strip_prefix("# ") {
            let (kind, rest) = comment.split_once(' ').expect("a comment of a family");
            let (name, rest) = rest.split_once(' ').expect("a family");
            match kind {
                "HELP" => {
                    assert!(!types.contains_key(name), "{name} is torn apart");
                    family = name.to_owned();
                    assert!(rest.ends_with('.'), "{line}");
                }
                "TYPE" => {
                    types.insert(name.to_owned(), rest.to_owned());
                    of_family = match (rest, format) {
                        ("counter", Format::OpenMetrics) => BTreeSet::from([format!("{name}_total")]),
                        ("info", _) => BTreeSet::from([format!("{name}_info")]),
                        ("histogram", _) => {
                            ["bucket", "sum", "count"].map(|end| format!("{name}_{end}")).into()
                        }
                        ("counter" | "gauge", _) => BTreeSet::from([name.to_owned()]),
                        _ => panic!("{line}"),
                    };
                }
                "UNIT" => assert!(name.ends_with(&format!("_{rest}")), "{line}"),
                _ => panic!("{line}"),
            }
            assert_eq!(name, family, "{line}");
            continue;
        }
        let (name, labels, value) = sample(line);
        assert!(of_family.contains(name), "{name} is not of {family}");
        // The formats write a bound differently: `5e-05` and `0.00005`.
        let bound = |(key, value): (String, String)| match value.parse::<f64>() {
            Ok(number) if key == "le" => (key, number.to_string()),
            _ => (key, value),
        };
        let labels: BTreeMap<String, String> = labels.into_iter().map(bound).collect();
        let labels: Vec<String> = labels.iter().map(|(key, value)| format!("{key}={value:?}")).collect();
        let whole = format!("{name}{{{}}}", labels.join(","));
        assert!(series.insert(whole, value).is_none(), "{line} stands there twice");
    }
    histograms_add_up(text);
    (series, types)
}

/// Name, labels and value of a line.
fn sample(line: &str) -> (&str, BTreeMap<String, String>, f64) {
    let end = line.find(['{', ' ']).expect("a value");
    let (name, mut rest) = line.split_at(end);
    assert!(is_name(name), "{line}");
    let mut labels = BTreeMap::new();
    if let Some(mut inner) = rest.strip_prefix('{') {
        loop {
            let (key, after) = inner.split_once("=\"").expect("a label");
            assert!(is_name(key), "{line}");
            let (value, after) = quoted(after);
            assert!(labels.insert(key.to_owned(), value).is_none(), "{line}");
            match after.strip_prefix(',') {
                Some(after) => inner = after,
                None => break rest = after.strip_prefix('}').expect("an end of the labels"),
            }
        }
    }
    let value = rest.strip_prefix(' ').expect("a space before the value");
    (name, labels, value.parse().expect("a number"))
}

/// The text up to a quote, and what follows.
fn quoted(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value, &text[at + 1..]),
            '\\' => value.push(match chars.next() {
                Some((_, 'n')) => '\n',
                Some((_, c @ ('"' | '\\'))) => c,
                other => panic!("{other:?} is no escape"),
            }),
            c => {
                assert!(!c.is_control(), "{text:?}");
                value.push(c);
            }
        }
    }
    panic!("no end of {text:?}");
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// A count that a text has as a float.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count is a whole number")]
pub(crate) fn count(value: f64) -> usize {
    assert!(value >= 0.0 && value.fract() == 0.0, "{value} is no count");
    value as usize
}

/// A family and labels.
type OneOf = (String, Vec<(String, String)>);

fn histograms_add_up(text: &str) {
    let mut buckets: BTreeMap<OneOf, Vec<(f64, f64)>> = BTreeMap::new();
    let mut counts = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, mut labels, value) = sample(line);
        if let Some(of) = name.strip_suffix("_bucket") {
            let bound = labels.remove("le").expect("a bound").parse().expect("a number");
            let key = (of.to_owned(), labels.into_iter().collect());
            buckets.entry(key).or_default().push((bound, value));
        } else if let Some(of) = name.strip_suffix("_count") {
            counts.insert((of.to_owned(), labels.into_iter().collect::<Vec<_>>()), value);
        }
    }
    for (key, buckets) in &buckets {
        assert!(buckets.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1), "{key:?}: {buckets:?}");
        let last = buckets.last().expect("a bucket");
        assert_eq!((last.0, Some(&last.1)), (f64::INFINITY, counts.get(key)), "{key:?}");
    }
    assert_eq!(buckets.len(), counts.len());
}
