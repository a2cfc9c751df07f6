//! The lines of a run without a terminal: one for each interval, whose numbers are of that interval.

use std::collections::HashSet;
use std::fmt::Write;
use std::time::Duration;

use crate::cli::screen::view::{FailureView, View};
use crate::report::columns::printable;
use crate::stats::snapshot::RECENT_SECONDS;
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
mod tests;
