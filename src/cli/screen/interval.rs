//! The lines of a run without a terminal: one for each interval, whose numbers are of that interval.

use std::collections::HashSet;
use std::fmt::Write;
use std::time::Duration;

use crate::cli::screen::view::{FailureView, View};
use crate::report::columns::printable;
use crate::stats::live::RECENT_SECONDS;
use crate::units::fitting::{clock, count, rate, time_ms};

/// More kinds of failures than these are told at the end alone.
const MAX_KINDS: usize = 20;

/// Makes the lines, and remembers what has been told.
#[derive(Debug, Default)]
pub(super) struct Intervals {
    at: Duration,
    requests: u64,
    failures: u64,
    received: u64,
    connects: u64,
    /// Failures that have been told with their reason.
    told: HashSet<(String, String)>,
}

impl Intervals {
    /// The line of the interval that ends here, and a line for each of the commonest failures that is new.
    pub(super) fn line(&mut self, view: &View) -> String {
        let all = &view.live.all;
        let seconds = view.elapsed.saturating_sub(self.at).as_secs_f64();
        // Statistics that began anew count from 0 again.
        let since = |now: u64, before: u64| if now < before { now } else { now - before };
        let per_s = |number: u64| if seconds > 0.0 { rate(number as f64 / seconds) } else { rate(0.0) };
        let requests = since(all.requests, self.requests);
        let failures = since(all.failures, self.failures);
        let received = since(view.received.0, self.received);
        let mut text = format!(
            "[{}] users {}/{}",
            clock(view.elapsed),
            count(view.users.alive),
            count(view.users.wanted.into())
        );
        // Writing to a String cannot fail.
        if view.users.connected < view.users.alive {
            let connects = since(view.users.connects.0, self.connects);
            let connects =
                if connects > 0 { format!(", +{} connects", count(connects)) } else { String::new() };
            let _ = write!(text, " ({} connected{connects})", count(view.users.connected));
        }
        let _ = write!(
            text,
            "  requests {} (+{}, {})  failures {}",
            count(all.requests),
            count(requests),
            per_s(requests),
            count(all.failures)
        );
        if failures > 0 {
            let _ = write!(text, " (+{})", count(failures));
        }
        if let Some(times) = &all.recent {
            let (p50, p99) = (time_ms(times.p50), time_ms(times.p99));
            let _ = write!(text, "  p50 {p50}  p99 {p99} ({RECENT_SECONDS} s)");
        }
        if view.received.0 > 0 {
            let _ = write!(
                text,
                "  received {} (+{}, {})",
                count(view.received.0),
                count(received),
                per_s(received)
            );
        }
        if let Some(stage) = &view.stage {
            let _ = write!(text, "  {} ({} of {})", printable(&stage.name), stage.number, stage.of);
        }
        text.push('\n');
        if let Some(limit) = &view.limit {
            let _ = writeln!(text, "        {}", printable(limit));
        }
        for FailureView { row, error, count: times, .. } in &view.failures {
            if self.told.len() < MAX_KINDS && self.told.insert((row.clone(), error.clone())) {
                let _ =
                    writeln!(text, "        {} × {}: {}", count(*times), printable(row), printable(error));
            }
        }
        (self.at, self.requests, self.failures) = (view.elapsed, all.requests, all.failures);
        (self.received, self.connects) = (view.received.0, view.users.connects.0);
        text
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::cli::screen::view::{KeysView, StageView, Users};
    use crate::stats::RowKey;
    use crate::stats::live::{Live, LiveRow};
    use crate::stats::result::row::Times;

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
}
