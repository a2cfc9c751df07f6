//! Makes Locust's files from an event log, as if a run's writer had watched it.
//!
//! The ticks are at T0, the time of the first line, and every interval after it, as long as they are not later
//! than the end line, or than the last whole line of a run that was killed; if that is not on a tick there is one last tick at its time. A tick counts every
//! event that is not later than it. Events wait until it is certain that their tick comes: without the last tick, the
//! events after the tick before it must not count. So memory holds the events of one interval.
//!
//! The log of one of our runs says so in its first line. Its response times are whole nanoseconds and its last tick
//! is that of a run ([`CsvFiles::write_last`]), so that the files are those of the run byte for byte. Any other log
//! is added up and written in Locust's way.

use std::path::{Path, PathBuf};

use crate::report::csv::files::{CsvError, CsvFiles};
use crate::report::csv::history::History;
use crate::report::events::{Event, EventReader, EventsError, NANOSECOND_MS};
use crate::stats::number::Number;
use crate::stats::percentiles::PercentileList;
use crate::stats::snapshot::Snapshot;
use crate::stats::statistics::Statistics;
use crate::stats::unfinished::Waits;
use crate::stats::{RowKey, UnixMicros};

/// Below this a tick can fall on the one before, since unix time as a float has no finer steps.
const SHORTEST_INTERVAL_S: f64 = 1e-6;

/// The largest number of history rows for a time without events: more than two days without a request.
const MAX_ROWS_IN_GAP: f64 = 200_000.0;

/// How to replay.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReplayOptions {
    /// Rows of the history file.
    pub history: History,
    /// Whether there is a last tick at an end that is not on a tick. Locust itself has no such tick, so its files can
    /// miss up to the last interval.
    pub final_row: bool,
    /// Seconds between ticks, a microsecond at least; 1 in Locust.
    pub interval_s: f64,
}

/// Why a replay stopped.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The log is at fault.
    #[error(transparent)]
    Events(#[from] EventsError),
    /// The files are.
    #[error(transparent)]
    Csv(#[from] CsvError),
    /// There cannot be ticks with this interval.
    #[error("the interval must be a finite time of at least {SHORTEST_INTERVAL_S} s, not {0} s")]
    Interval(f64),
    /// There would be no end of rows.
    #[error(
        "{}: nothing happens for {gap_s} s, which would be {rows:.0} rows of history (the most are \
         {MAX_ROWS_IN_GAP}); a longer interval makes fewer", path.display()
    )]
    Gap {
        /// The log.
        path: PathBuf,
        /// Seconds between two events.
        gap_s: f64,
        /// Rows that it would take.
        rows: f64,
    },
}

impl Default for ReplayOptions {
    fn default() -> Self {
        Self { history: History::Aggregated, final_row: true, interval_s: 1.0 }
    }
}

/// What a replay found.
#[derive(Debug)]
pub struct Replayed {
    /// The statistics of the last tick.
    pub snapshot: Snapshot,
    /// Whether the log has an end. If it has none, the run was killed or still goes on, and the last tick is at the last
    /// whole line.
    pub has_ended: bool,
}

/// Writes the four files at `prefix` from the log at `events`. Older files stay as they are unless all of the log could be
/// read.
pub fn replay(
    events: &Path,
    prefix: &Path,
    options: ReplayOptions,
    percentiles: &PercentileList,
) -> Result<Replayed, ReplayError> {
    if !(SHORTEST_INTERVAL_S..f64::INFINITY).contains(&options.interval_s) {
        return Err(ReplayError::Interval(options.interval_s));
    }
    let mut reader = EventReader::open(events)?;
    let Some(first) = reader.next_event()? else {
        return Err(EventsError::Empty { path: PathBuf::from(events) }.into());
    };
    let start = first.t();
    let exact = matches!(first, Event::Users { resolution_ms: Some(NANOSECOND_MS), .. });
    let ticks = Ticks { start, interval_s: options.interval_s, exact };
    let mut replay = Replay {
        statistics: Statistics::new(start, options.history == History::Full)
            .with_percentiles(percentiles.clone()),
        files: CsvFiles::create(prefix, options.history, percentiles)?,
        waiting: vec![first],
        exact,
    };
    let (mut next, mut last, mut end) = (0_u64, None, start);
    while let Some(event) = reader.next_event()? {
        let gap_s = event.t() - end;
        end = event.t();
        let rows_a_tick = match options.history {
            History::Aggregated => 1,
            History::Full => replay.statistics.rows() + 1,
        };
        let rows = gap_s / options.interval_s * rows_a_tick as f64;
        if rows > MAX_ROWS_IN_GAP {
            return Err(ReplayError::Gap { path: PathBuf::from(events), gap_s, rows });
        }
        while ticks.at(next) < end {
            last = Some(replay.tick(ticks.at(next))?);
            next += 1;
        }
        replay.waiting.push(event);
    }
    // The next tick is not before the end now, so at most one is left.
    let last = match last {
        Some(last) if ticks.at(next) > end && !options.final_row => last,
        _ => replay.last_tick(end)?,
    };
    replay.files.finish(&last)?;
    Ok(Replayed { snapshot: last, has_ended: reader.has_ended() })
}

/// When the ticks are.
struct Ticks {
    start: f64,
    interval_s: f64,
    /// Whether they are those of one of our runs, which counts in whole microseconds.
    exact: bool,
}

impl Ticks {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "rounded microseconds are whole; what is below 0 or too large saturates"
    )]
    fn at(&self, tick: u64) -> f64 {
        let since = tick as f64 * self.interval_s;
        if self.exact {
            let micros = |seconds: f64| (seconds * 1e6).round() as u64;
            UnixMicros(micros(self.start).saturating_add(micros(since))).as_secs_f64()
        } else {
            self.start + since
        }
    }
}

struct Replay {
    statistics: Statistics,
    files: CsvFiles,
    /// Events since the last tick.
    waiting: Vec<Event>,
    /// Whether the log is that of one of our runs.
    exact: bool,
}

impl Replay {
    /// Nobody watches a replay: the totals are written once, at its end.
    fn tick(&mut self, now: f64) -> Result<Snapshot, CsvError> {
        let snapshot = self.snapshot(now);
        self.files.write_tick(&snapshot)?;
        Ok(snapshot)
    }

    fn last_tick(&mut self, now: f64) -> Result<Snapshot, CsvError> {
        let snapshot = self.snapshot(now);
        if self.exact {
            self.files.write_last(&snapshot)?;
        } else {
            self.files.write_tick(&snapshot)?;
        }
        Ok(snapshot)
    }

    fn snapshot(&mut self, now: f64) -> Snapshot {
        self.statistics.begin_tick();
        for event in self.waiting.drain(..) {
            apply(&mut self.statistics, event, self.exact);
        }
        self.statistics.snapshot(now)
    }
}

fn apply(statistics: &mut Statistics, event: Event, exact: bool) {
    match event {
        Event::Request { t, method, name, response_time, raw_response_time: _, length, error } => {
            let row = RowKey { request_type: method, name };
            if exact {
                statistics.log_request_ns(&row, t, response_time.map(nanoseconds), i128::from(length));
            } else {
                statistics.log_request(&row, t, response_time, i128::from(length));
            }
            if let Some(error) = error.filter(|error| !error.is_empty()) {
                statistics.log_error(&row, t, &error);
            }
        }
        Event::Unfinished { method, name, waited, overdue, .. } => {
            let row = RowKey { request_type: method, name };
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "nanoseconds, as they were written"
            )]
            let age_ns = (waited * 1e6).round() as u64;
            statistics.log_unfinished(&row, Waits::one(age_ns, overdue));
        }
        Event::Users { count, .. } => statistics.set_user_count(count),
        Event::Reset { t } => statistics.reset(t),
        Event::Exception { msg, traceback, node, .. } => statistics.log_exception(&node, &msg, &traceback),
        Event::End { .. } => {}
    }
}

/// The whole nanoseconds that a log of such a resolution has written as milliseconds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rounded and not below 0 in such a log; another one saturates"
)]
fn nanoseconds(ms: Number) -> u64 {
    (ms.to_f64() / NANOSECOND_MS).round() as u64
}

#[cfg(test)]
mod tests;
