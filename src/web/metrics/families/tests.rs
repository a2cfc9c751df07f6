use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::web::metrics::format::{Format, scrape};
use crate::web::metrics::testing::{count, read, statistics, whole};
use crate::web::now::ClassUsers;

fn text(now: &Now, format: Format) -> String {
    String::from_utf8(scrape("peak hour", Arc::new(now.clone()), format).unwrap()).unwrap()
}

fn some_run() -> Now {
    let mut statistics = statistics(&[
        ("publish \"a\\b\"\n", false, &[40, 1_500, 1_500, 70_000_000]),
        ("alarms", true, &[2_000, 2_000, 9_000]),
        ("subscribe", false, &[]),
    ]);
    statistics.log_request(
        &crate::stats::RowKey { request_type: "MQTT".into(), name: "subscribe".into() },
        1_700_000_000.5,
        None,
        0,
    );
    whole(&statistics)
}

#[test]
fn a_scrape_tells_everything_that_is_known() {
    insta::assert_snapshot!("openmetrics", text(&some_run(), Format::OpenMetrics));
    let (openmetrics, _) = read(&text(&some_run(), Format::OpenMetrics), Format::OpenMetrics);
    let (plain, types) = read(&text(&some_run(), Format::Text), Format::Text);
    assert_eq!(openmetrics, plain);
    let documented = include_str!("../../../../docs/metrics.md");
    for (name, kind) in types {
        assert!(
            documented.contains(&format!("| `{name}` | {kind} |")),
            "docs/metrics.md lacks the {kind} {name}"
        );
    }
}

#[test]
fn every_documented_metric_exists() {
    let text = text(&some_run(), Format::Text);
    let rows = include_str!("../../../../docs/metrics.md")
        .lines()
        .filter_map(|line| line.strip_prefix("| `mqtt_scenario_"));
    let names: BTreeSet<&str> = rows.filter_map(|row| row.split('`').next()).collect();
    assert!(names.len() > 20, "{names:?}");
    for name in names {
        assert!(text.contains(&format!("# TYPE mqtt_scenario_{name} ")), "{name}");
    }
}

#[test]
fn what_is_not_known_is_left_out() {
    let (series, _) = read(&text(&Now::default(), Format::Text), Format::Text);
    assert!(series.keys().all(|name| name.starts_with("mqtt_scenario_phase{")), "{series:?}");
    assert_eq!(series["mqtt_scenario_phase{phase=\"ready\"}"].to_bits(), 1_f64.to_bits());
    let begun = Now { phase: Phase::Spawning, run: 1, ..Now::default() };
    let (series, _) = read(&text(&begun, Format::Text), Format::Text);
    assert!(!series.keys().any(|name| name.contains("total{type") || name.contains("bytes")), "{series:?}");
}

#[test]
fn counters_and_histograms_never_go_back_within_a_run() {
    let names: Vec<String> = (0..ROWS + 5).map(|row| format!("row {row}")).collect();
    let mut rows: Vec<(&str, bool, &[u64])> =
        names.iter().map(|name| (name.as_str(), name.ends_with('7'), [300, 20_000].as_slice())).collect();
    let series = |rows: &[_]| read(&text(&whole(&statistics(rows)), Format::Text), Format::Text).0;
    let before = series(&rows);
    // The last ones become the busiest, and others are new.
    rows[ROWS + 1].2 = &[300, 20_000, 100, 70_000_000, 5];
    rows.extend([("new", false, [1].as_slice()), ("measured too", true, &[1])]);
    let after = series(&rows);
    for (name, value) in
        before.iter().filter(|(name, _)| name.contains("total") || name.contains("_time_seconds"))
    {
        assert!(
            after.get(name).is_some_and(|after| after >= value),
            "{name}: {value} and {:?}",
            after.get(name)
        );
    }
}

#[test]
fn deliveries_are_told_when_they_are_settled() {
    let tells = |phase| {
        let (series, _) = read(&text(&Now { phase, ..some_run() }, Format::Text), Format::Text);
        series.keys().any(|name| name.starts_with("mqtt_scenario_deliveries"))
    };
    assert_eq!((tells(Phase::Running), tells(Phase::Stopped)), (false, true));
}

#[test]
fn the_number_of_series_has_a_limit() {
    let series = |rows: usize| {
        let names: Vec<String> = (0..rows).map(|row| format!("device {row}")).collect();
        let rows: Vec<(&str, bool, &[u64])> =
            names.iter().map(|name| (name.as_str(), name.ends_with('7'), [1_000].as_slice())).collect();
        let classes = names.iter().map(|class| ClassUsers { class: class.clone(), wanted: 1, alive: 1 });
        let now = Now { users: classes.collect(), ..whole(&statistics(&rows)) };
        let (series, _) = read(&text(&now, Format::Text), Format::Text);
        let all = |start: &str| {
            series.iter().filter(|(name, _)| name.starts_with(start)).map(|(_, value)| value).sum::<f64>()
        };
        assert_eq!(count(all("mqtt_scenario_requests_total")), rows.len());
        assert_eq!(count(all("mqtt_scenario_users")), 2 * rows.len());
        series.len()
    };
    // The other rows have requests and messages, so they are one histogram more.
    assert_eq!(series(2_000), series(700));
    assert!(series(2_000) < series(500) + 60);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_scrape_can_be_read(
        rows in vec((any::<String>(), any::<bool>(), vec(0..100_000_000_u64, 0..5)), 0..5),
        words in vec(any::<String>(), 3),
    ) {
        let rows: Vec<(&str, bool, &[u64])> =
            rows.iter().map(|(name, measured, times)| (name.as_str(), *measured, times.as_slice())).collect();
        let mut now = whole(&statistics(&rows));
        now.run_id.clone_from(&words[0]);
        now.users[0].class.clone_from(&words[1]);
        now.stage.as_mut().unwrap().name.clone_from(&words[2]);
        let requests: usize = rows.iter().map(|(_, _, times)| times.len()).sum();
        for format in [Format::Text, Format::OpenMetrics] {
            let (series, _) = read(&text(&now, format), format);
            let counted = series.iter().filter(|(name, _)| name.starts_with("mqtt_scenario_requests_total"));
            prop_assert_eq!(counted.map(|(_, value)| count(*value)).sum::<usize>(), requests);
        }
        prop_assert!(scrape("peak hour", Arc::new(now), Format::Protobuf).is_ok());
    }
}
