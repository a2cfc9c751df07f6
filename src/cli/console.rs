//! The console during a run: a progress bar on a terminal, a line every two seconds elsewhere,
//! and the log.

use std::collections::VecDeque;
use std::io::{self, IsTerminal, Write};
use std::thread;
use std::time::{Duration, SystemTime};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::{FmtContext, MakeWriter};
use tracing_subscriber::registry::LookupSpan;

use crate::cli::lines::Lines;
use crate::report::latency;
use crate::report::{table, terminal};
use crate::stats::health::Health;
use crate::stats::snapshot::Snapshot;

/// How often a line is written where there is no terminal: as often as Locust prints its table.
const LINE_EVERY: u64 = 2;

/// The rate is that of the last this many seconds, or of all seconds of the run if it has fewer.
const RATE_SECONDS: u64 = 10;

/// Returns how many columns standard output has, if it is a terminal that says so.
fn columns() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    (size.ws_col > 0).then(|| size.ws_col.into())
}

/// The tables at the end of a run: Locust's to the byte where a script may read them, and such as fit on a terminal.
pub(super) fn tables(snapshot: &Snapshot) -> String {
    match columns() {
        Some(columns) => terminal::summary(snapshot, columns),
        None => table::summary(snapshot),
    }
}

/// A text for standard output, its long lines broken on a terminal.
pub(super) fn fitted(text: String) -> String {
    match columns() {
        Some(columns) => terminal::fit(&text, columns),
        None => text,
    }
}

/// How many requests there are in a second: those of the last seconds by the clock, since at first there are few of
/// them and a broker that stands still has none.
#[derive(Debug, Default)]
pub(super) struct Rate {
    /// Seconds since the start, and how many requests there were at each.
    seen: VecDeque<(u64, u64)>,
}

impl Rate {
    /// The rate at a second of the run, with the number of requests since the start or since the statistics were reset.
    pub(super) fn at(&mut self, second: u64, requests: u64) -> f64 {
        if self.seen.back().is_some_and(|(_, before)| *before > requests) {
            self.seen.clear();
        }
        self.seen.push_back((second, requests));
        while self.seen.front().is_some_and(|(first, _)| second.saturating_sub(*first) > RATE_SECONDS) {
            self.seen.pop_front();
        }
        let (first, before) = self.seen.front().copied().unwrap_or((second, requests));
        (requests - before) as f64 / second.saturating_sub(first).max(1) as f64
    }
}

/// What is shown while a run goes on.
#[derive(Debug, Clone)]
pub(super) struct Progress {
    to: Lines,
    shown: Shown,
    users: u32,
    length: Option<Duration>,
}

/// The form in which progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Nothing,
    Bar,
    Lines,
}

impl Progress {
    /// Creates the progress of a run with this many users, on standard error; `quiet` shows nothing.
    pub(super) fn new(to: Lines, users: u32, length: Option<Duration>, quiet: bool) -> Self {
        let shown = match (quiet, io::stderr().is_terminal()) {
            (true, _) => Shown::Nothing,
            (false, true) => Shown::Bar,
            (false, false) => Shown::Lines,
        };
        if shown == Shown::Bar {
            let bar = match length {
                Some(length) => ProgressBar::new(length.as_secs().max(1)),
                None => ProgressBar::no_length(),
            };
            bar.set_draw_target(ProgressDrawTarget::stderr());
            let template = if length.is_some() {
                "{elapsed_precise} {bar:24.cyan/blue} {msg}"
            } else {
                "{elapsed_precise} {spinner} {msg}"
            };
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            to.begin_progress(bar);
        }
        Self { to, shown, users, length }
    }

    /// Shows a tick that is `second` seconds after the start, with the rate in requests per second.
    pub(super) fn tick(&self, second: u64, rate: f64, snapshot: &Snapshot, health: &Health) {
        match self.shown {
            Shown::Bar => {
                let position = self.length.map_or(second, |length| second.min(length.as_secs()));
                self.to.progress(position, self.text(rate, snapshot, health));
            }
            Shown::Lines if second > 0 && second.is_multiple_of(LINE_EVERY) => {
                let text = self.text(rate, snapshot, health);
                self.to.say(format!("[{:02}:{:02}] {text}\n", second / 60, second % 60));
            }
            Shown::Lines | Shown::Nothing => {}
        }
    }

    fn text(&self, rate: f64, snapshot: &Snapshot, health: &Health) -> String {
        use std::fmt::Write;
        let all = &snapshot.aggregated;
        let mut text = format!(
            "users {}/{}  requests {} ({:.1}/s)  failures {}",
            snapshot.user_count, self.users, all.requests, rate, all.failures
        );
        text += &latency::tick(snapshot);
        if let Some(limit) = health.limit {
            let _ = write!(text, "  generator at its limit: {limit}");
        }
        if snapshot.received.messages > 0 {
            let _ = write!(
                text,
                "  received {} ({}/s)",
                snapshot.received.messages, snapshot.tick_received.messages
            );
        }
        text
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        self.to.end_progress();
    }
}

/// Where log lines go: to all of them.
struct LogOutput(Vec<Lines>);

/// One log line.
struct LogLine<'a>(&'a [Lines]);

impl Write for LogLine<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        for to in self.0 {
            to.say(String::from_utf8_lossy(line));
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for LogOutput {
    type Writer = LogLine<'a>;

    fn make_writer(&'a self) -> LogLine<'a> {
        LogLine(&self.0)
    }
}

/// Locust's form of a line: `[time] LEVEL/mqtt-scenario: text`, the time in UTC.
struct LocustForm;

impl<S, N> FormatEvent<S, N> for LocustForm
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> std::fmt::Result {
        let time = humantime::format_rfc3339_millis(SystemTime::now());
        write!(writer, "[{time}] {}/mqtt-scenario: ", event.metadata().level())?;
        context.field_format().format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}

/// Starts the log, once per process; each line goes to all of `to`. The message of a thread that panics goes to the log
/// as well, since the thread must not wait for standard error either.
pub(super) fn start_log(level: Level, to: Vec<Lines>) -> io::Result<()> {
    let last_words = to.clone();
    std::panic::set_hook(Box::new(move |panic| {
        let thread = thread::current();
        let text = format!("thread {} {panic}\n", thread.name().unwrap_or("without a name"));
        for to in &last_words {
            to.say(text.clone());
        }
    }));
    let subscriber = tracing_subscriber::fmt()
        .event_format(LocustForm)
        .with_max_level(level)
        .with_writer(LogOutput(to))
        .finish();
    tracing::subscriber::set_global_default(subscriber).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_clock_from_the_first_second_on() {
        let rates = |requests: &[u64]| {
            let mut rate = Rate::default();
            let told =
                requests.iter().enumerate().map(|(second, requests)| rate.at(second as u64, *requests));
            told.collect::<Vec<_>>()
        };
        // 25 requests in the first few milliseconds are 25 in the first second.
        assert_eq!(rates(&[0, 25, 25, 31]), [0.0, 25.0, 12.5, 31.0 / 3.0]);
        // It forgets what is more than ten seconds ago, and does not stand still when the broker does.
        let steady: Vec<_> = (0..20).map(|second| second * 100).collect();
        assert_eq!(rates(&steady)[1..], [100.0; 19]);
        let stalled: Vec<_> = (0..20).map(|second| if second < 5 { second * 100 } else { 400 }).collect();
        assert_eq!(rates(&stalled)[14..], [0.0; 6]);
        // Statistics that begin anew.
        assert_eq!(rates(&[0, 500, 900, 0, 40, 80]), [0.0, 500.0, 450.0, 0.0, 40.0, 40.0]);
    }
}
