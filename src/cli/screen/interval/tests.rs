use std::sync::Arc;

use super::*;
use crate::cli::screen::view::{KeysView, StageView, Users};
use crate::stats::RowKey;
use crate::stats::result::row::Times;
use crate::stats::snapshot::{Live, LiveRow};

fn view(second: u64, requests: u64, failures: u64) -> View {
    let all = LiveRow {
        key: Arc::new(RowKey { request_type: String::new(), name: "Aggregated".into() }),
        requests,
        failures,
        requests_in_second: 77,
        failures_in_second: 0,
        recent: (requests > 0).then(|| Times { p50: 0.4, p99: 1.23, ..Times::default() }),
    };
    View {
        elapsed: Duration::from_secs(second),
        length: None,
        stage: None,
        users: Users { wanted: 50, alive: 50, connected: 50, connects: (50, 0) },
        live: Live { rows: Vec::new(), rows_in_all: 0, all },
        failures: Vec::new(),
        failure_kinds: 0,
        received: (0, 0),
        limit: None,
        keys: KeysView::None,
    }
}

fn failure(error: &str) -> FailureView {
    FailureView { row: "connect".to_owned(), error: error.to_owned(), count: 3, last: Duration::ZERO }
}

#[test]
fn each_line_is_of_its_interval() {
    let mut intervals = Intervals::default();
    let mut text = String::new();
    text += &intervals.line(&View {
        users: Users { wanted: 50, alive: 20, connected: 0, connects: (0, 0) },
        ..view(2, 0, 0)
    });
    let moments = Users { wanted: 50, alive: 50, connected: 0, connects: (45, 22) };
    text += &intervals.line(&View { users: moments, ..view(4, 1_034, 0) });
    text += &intervals.line(&view(6, 1_234, 0));
    let refused = failure("cannot connect to 127.0.0.1:1884: Connection refused\u{1b}[2J");
    text += &intervals.line(&View { failures: vec![refused.clone()], ..view(8, 1_240, 3) });
    let stage =
        StageView { name: "peak".to_owned(), number: 2, of: 3, elapsed: Duration::ZERO, length: None };
    text += &intervals.line(&View {
        failures: vec![refused, failure("timed out")],
        received: (5_000, 1),
        stage: Some(stage),
        limit: Some("The load generator is at its limit: 19,000 of 20,000 files".to_owned()),
        ..view(10, 1_240, 6)
    });
    // The broker stands still, and the statistics begin anew.
    text += &intervals.line(&view(12, 1_240, 6));
    text += &intervals.line(&view(14, 40, 0));
    insta::assert_snapshot!(text);
}

#[test]
fn no_more_than_some_kinds_of_failures_are_told() {
    let mut intervals = Intervals::default();
    let told: usize = (0..50)
        .map(|n| {
            intervals
                .line(&View { failures: vec![failure(&n.to_string())], ..view(2 * n, 0, n) })
                .lines()
                .count()
                - 1
        })
        .sum();
    assert_eq!(told, MAX_KINDS);
}
