//! The screen at several sizes, as a person sees it.

use std::sync::Arc;

use super::*;
use crate::cli::screen::view::{StageView, Users};
use crate::stats::RowKey;

const NAMES: [&str; 9] = [
    "connect",
    "disconnect",
    "publish:0:plant/status",
    "publish:1:plant/north/hall-7/line-12/robot-3/joint-6/temperature/celsius",
    "publish:1:plant/south/hall-1",
    "publish:2:alarms\u{1b}[2J",
    "subscribe:1:plant/#",
    "unsubscribe:plant/#",
    "größe/名前",
];

fn times(ms: f64) -> Times {
    Times { count: 10, p50: ms, p95: ms * 3.0, p99: ms * 5.0, max: ms * 40.0, ..Times::default() }
}

fn row(name: &str, requests: u64, failures: u64, ms: f64) -> LiveRow {
    LiveRow {
        key: Arc::new(RowKey { request_type: "MQTT".into(), name: name.into() }),
        requests,
        failures,
        requests_in_second: requests / 42,
        failures_in_second: 0,
        recent: (requests > 0).then(|| times(ms)),
    }
}

fn view() -> View {
    let powers = (0..).map(|n| 0.028 * 4_f64.powi(n));
    let rows = NAMES.iter().zip(0..).zip(powers).map(|((name, n), ms)| row(name, n * n * 1_234, n / 4, ms));
    View {
        elapsed: Duration::from_secs(42),
        length: Some(Duration::from_mins(2)),
        stage: Some(StageView {
            name: "peak".to_owned(),
            number: 2,
            of: 3,
            elapsed: Duration::from_secs(12),
            length: Some(Duration::from_mins(1)),
        }),
        users: Users { wanted: 1_000, alive: 998, connected: 997, connects: (2_010, 0) },
        live: Live { rows: rows.collect(), rows_in_all: 9, all: row("", 251_736, 9, 4.1) },
        failures: vec![
            FailureView {
                row: "connect".to_owned(),
                error: "cannot connect to 127.0.0.1:1884: Connection refused".to_owned(),
                count: 1_234,
                last: Duration::from_secs(41),
            },
            FailureView {
                row: NAMES[3].to_owned(),
                error: "no PUBACK within 300ms\u{1b}]0;x".to_owned(),
                count: 12,
                last: Duration::from_secs(7),
            },
            FailureView {
                row: "subscribe:1:plant/#".to_owned(),
                error: "SUBACK 0x87 (not authorized)".to_owned(),
                count: 1,
                last: Duration::ZERO,
            },
        ],
        failure_kinds: 7,
        received: (12_345, 1_000),
        limit: Some("The load generator is at its limit: runner thread CPU at 97 %".to_owned()),
        keys: KeysView::Read,
    }
}

fn quiet() -> View {
    let rows = vec![row("connect", 5, 0, 0.4), row("publish:1:t", 1_200, 0, 0.3)];
    View {
        length: None,
        stage: None,
        users: Users { wanted: 5, alive: 5, connected: 5, connects: (5, 5) },
        live: Live { rows, rows_in_all: 2, all: row("", 1_205, 0, 0.3) },
        failures: Vec::new(),
        failure_kinds: 0,
        received: (0, 0),
        limit: None,
        keys: KeysView::None,
        ..view()
    }
}

fn plain(view: &View, columns: usize, rows: usize) -> Vec<String> {
    draw(view, Size { columns, rows }, Paint { coloured: false })
}

fn picture(view: &View, columns: usize, rows: usize) -> String {
    plain(view, columns, rows).join("\n")
}

#[test]
fn on_eighty_columns_and_twenty_four_rows() {
    insta::assert_snapshot!(picture(&view(), 80, 24));
}

#[test]
fn on_a_larger_terminal() {
    insta::assert_snapshot!(picture(&view(), 120, 30));
}

#[test]
fn on_a_very_small_terminal() {
    insta::assert_snapshot!(picture(&view(), 40, 10));
}

#[test]
fn a_quiet_run_until_it_is_stopped() {
    insta::assert_snapshot!(picture(&quiet(), 80, 24));
}

#[test]
fn what_is_wrong_is_coloured() {
    let coloured = draw(&view(), Size { columns: 80, rows: 24 }, Paint { coloured: true });
    insta::assert_snapshot!(coloured.join("\n").replace('\u{1b}', "␛"));
}

#[test]
fn it_fits_every_terminal() {
    let stopping = View { keys: KeysView::Stopping, ..view() };
    for columns in 1..140 {
        for rows in 1..40 {
            for view in [view(), quiet(), stopping.clone()] {
                let lines = plain(&view, columns, rows);
                assert!(lines.len() < rows.max(2), "{columns} × {rows}: {} lines", lines.len());
                let widest = lines.iter().map(|line| width(line)).max().unwrap_or(0);
                assert!(widest < columns.max(30), "{columns} × {rows}: {widest}\n{}", lines.join("\n"));
                assert!(lines.iter().all(|line| !line.contains('\u{1b}')));
            }
        }
    }
}

#[test]
fn from_eighty_by_twenty_four_up_everything_is_there() {
    for (columns, rows) in [(80, 24), (100, 24), (80, 50), (200, 60)] {
        let text = picture(&view(), columns, rows);
        let parts = [
            "requests",
            "/s now",
            "failures",
            "p50 10s",
            "p95 10s",
            "p99 10s",
            "max 10s",
            "Aggregated",
            "refused",
        ];
        for part in parts.into_iter().chain(["997 connected", "SUBACK", "at its limit", "q stops", "left"]) {
            assert!(text.contains(part), "{columns} × {rows}: {part}\n{text}");
        }
        assert!(!text.contains("more row"), "{text}");
    }
}

#[test]
fn rows_that_do_not_fit_are_counted_and_the_busiest_stay() {
    let text = picture(&view(), 80, 14);
    assert!(text.contains("größe") && !text.contains("disconnect"), "{text}");
    let shown = NAMES.iter().filter(|name| text.contains(&name[..7])).count();
    assert!(text.contains(" more rows"), "{shown}\n{text}");
}
