//! Shows a run while it goes on: a table on a terminal, a line every two seconds elsewhere.

use std::cmp::Reverse;
use std::env;
use std::io::{self, IsTerminal};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::cli::lines::{Lines, Picture};
use crate::cli::screen::draw::draw;
use crate::cli::screen::interval::Intervals;
use crate::cli::screen::size::Size;
use crate::cli::screen::view::{FailureView, KeysView, StageView, Users, View};
use crate::engine::Tick;
use crate::report::paint::Paint;
use crate::stats::UnixMicros;
use crate::stats::failure::Failure;
use crate::stats::health::Health;
use crate::stats::snapshot::Snapshot;

/// How often a line is written where there is no terminal, in seconds: as often as Locust prints its table.
const LINE_EVERY: u64 = 2;

/// So many rows are at hand for tables; no terminal has more lines.
const MAX_ROWS: usize = 200;

/// So many of the commonest failures are shown.
const FAILURES: usize = 3;

/// What is known of a run before it begins.
#[derive(Debug, Clone)]
pub(in crate::cli) struct Plan {
    /// How many stages it has.
    pub(in crate::cli) stages: usize,
    /// How long it lasts; `None` until it is stopped.
    pub(in crate::cli) length: Option<Duration>,
    /// Whether keys are read.
    pub(in crate::cli) has_keys: bool,
    /// Is cancelled when the run is told to stop.
    pub(in crate::cli) stop: CancellationToken,
    /// Whether nothing is to be shown.
    pub(in crate::cli) is_hidden: bool,
}

/// Shows a run while it goes on.
#[derive(Debug)]
pub(in crate::cli) struct Progress {
    to: Lines,
    shown: Shown,
    plan: Plan,
    intervals: Intervals,
    /// The failures of the last tick that knew them.
    failures: Vec<FailureView>,
    failure_kinds: usize,
}

/// The form in which progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Nothing,
    Table,
    Lines,
}

impl Progress {
    /// Creates the progress of a run, which is shown on standard error.
    pub(in crate::cli) fn new(to: Lines, plan: Plan) -> Self {
        let shown = match plan.is_hidden {
            true => Shown::Nothing,
            false if is_screen() => Shown::Table,
            false => Shown::Lines,
        };
        Self { to, shown, plan, intervals: Intervals::default(), failures: Vec::new(), failure_kinds: 0 }
    }

    /// Shows a tick. The snapshot has failures only if `all` is true.
    pub(in crate::cli) fn tick(
        &mut self,
        tick: &Tick<'_>,
        start: UnixMicros,
        snapshot: &Snapshot,
        all: bool,
    ) {
        if all {
            self.failure_kinds = snapshot.failures.len();
            self.failures = commonest(&snapshot.failures, start);
        }
        match self.shown {
            Shown::Nothing => {}
            Shown::Table => {
                let (view, paint) =
                    (self.view(tick, start, snapshot), Paint { coloured: self.to.coloured() });
                self.to.show(Picture::new(move |size: Size| draw(&view, size, paint)));
            }
            Shown::Lines => {
                let second = since(tick.at, start).as_secs();
                if second > 0 && second.is_multiple_of(LINE_EVERY) {
                    let view = self.view(tick, start, snapshot);
                    self.to.say(self.intervals.line(&view));
                }
            }
        }
    }

    fn view(&self, tick: &Tick<'_>, start: UnixMicros, snapshot: &Snapshot) -> View {
        let stage = &tick.stage;
        let ends = stage.ends.map(|ends| since(ends, stage.begins));
        let keys = match (self.plan.stop.is_cancelled(), self.plan.has_keys) {
            (true, _) => KeysView::Stopping,
            (false, true) => KeysView::Read,
            (false, false) => KeysView::None,
        };
        View {
            elapsed: since(tick.at, start),
            length: self.plan.length,
            stage: (self.plan.stages > 1).then(|| StageView {
                name: stage.name.clone(),
                number: stage.index + 1,
                of: self.plan.stages,
                elapsed: since(tick.at, stage.begins),
                length: ends,
            }),
            users: Users {
                wanted: stage.users_wanted,
                alive: snapshot.user_count.try_into().unwrap_or(0),
                connected: snapshot.connections.open(),
                connects: (snapshot.connections.opened, snapshot.tick_connections.opened),
            },
            live: tick.statistics.live(MAX_ROWS),
            failures: self.failures.clone(),
            failure_kinds: self.failure_kinds,
            received: (snapshot.received.messages, snapshot.tick_received.messages),
            limit: limit(tick.health),
            keys,
        }
    }

    /// Takes away what is shown.
    pub(in crate::cli) fn finish(&self) {
        self.to.end_show();
    }
}

/// Whether standard error is a terminal that can move its cursor.
fn is_screen() -> bool {
    io::stderr().is_terminal() && env::var_os("TERM").is_some_and(|kind| kind != "dumb" && !kind.is_empty())
}

fn since(at: UnixMicros, start: UnixMicros) -> Duration {
    Duration::from_micros(at.0.saturating_sub(start.0))
}

fn commonest(failures: &[Failure], start: UnixMicros) -> Vec<FailureView> {
    let mut failures: Vec<_> = failures.iter().collect();
    failures.sort_by_key(|failure| (Reverse(failure.occurrences), failure.order));
    let view = |failure: &&Failure| {
        let last = (failure.last_seen - start.as_secs_f64()).max(0.0);
        FailureView {
            row: failure.what.row.name.clone(),
            error: failure.what.original.clone(),
            count: failure.occurrences,
            last: Duration::try_from_secs_f64(last).unwrap_or_default(),
        }
    };
    failures.iter().take(FAILURES).map(view).collect()
}

/// What is to be said of the generator, if it is or was the limit.
fn limit(health: &Health) -> Option<String> {
    let Health { limit, limited_seconds, seconds, .. } = health;
    match limit {
        Some(limit) => Some(format!("The load generator is at its limit: {limit}")),
        None if *limited_seconds > 0 => {
            Some(format!("The load generator was the limit for {limited_seconds} of {seconds} s"))
        }
        None => None,
    }
}

#[cfg(test)]
mod tests;
