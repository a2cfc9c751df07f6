//! What a person sees while a run goes on: a progress bar on a terminal, a line every two seconds elsewhere,
//! and the log.
//!
//! Bar and log share standard error, so each log line is written with the bar out of the way.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::{FmtContext, MakeWriter};
use tracing_subscriber::registry::LookupSpan;

use crate::engine::health::Health;
use crate::report::latency;
use crate::report::table;
use crate::stats::snapshot::Snapshot;

/// How often a line is written where there is no terminal: as often as Locust prints its table.
const LINE_EVERY: u64 = 2;

/// Up to this second the rate is that of the whole run, afterwards that of about the last ten seconds.
const RATE_FROM: u64 = 3;

/// How wide the tables on standard output may make their names.
pub(super) fn name_width() -> usize {
    match rustix::termios::tcgetwinsize(io::stdout()) {
        Ok(size) if size.ws_col > 0 => table::name_width(size.ws_col.into()),
        _ => table::NAME_WIDTH,
    }
}

/// What is shown while a run goes on.
#[derive(Debug, Clone)]
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    lines: bool,
    users: u32,
    length: Option<Duration>,
}

impl Progress {
    /// For a run with so many users; `quiet` shows nothing.
    pub(super) fn new(users: u32, length: Option<Duration>, quiet: bool) -> Self {
        let terminal = io::stderr().is_terminal();
        let bar = (terminal && !quiet).then(|| {
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
            bar
        });
        Self { bar, lines: !terminal && !quiet, users, length }
    }

    /// Shows a tick, `second` seconds after the start.
    pub(super) fn tick(&self, second: u64, snapshot: &Snapshot, health: &Health) {
        if self.bar.is_none() && !(self.lines && second.is_multiple_of(LINE_EVERY)) {
            return;
        }
        let text = self.text(second, snapshot, health);
        match &self.bar {
            Some(bar) => {
                bar.set_position(self.length.map_or(second, |length| second.min(length.as_secs())));
                bar.set_message(text);
            }
            None if second > 0 => {
                let _ = writeln!(io::stderr(), "[{:02}:{:02}] {text}", second / 60, second % 60);
            }
            None => {}
        }
    }

    fn text(&self, second: u64, snapshot: &Snapshot, health: &Health) -> String {
        use std::fmt::Write;
        let all = &snapshot.aggregated;
        // Locust's window ends two seconds ago, so that at first there is nothing in it.
        let rate = if second <= RATE_FROM { all.rps } else { all.current_rps };
        let mut text = format!(
            "users {}/{}  requests {} ({:.1}/s)  failures {}",
            snapshot.user_count, self.users, all.requests, rate, all.failures
        );
        text += &latency::tick(snapshot);
        if let Some(limit) = health.limit() {
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
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Where log lines go: a file, or standard error with the bar out of the way.
struct LogOutput {
    file: Option<Mutex<File>>,
    progress: Progress,
}

/// One log line.
struct LogLine<'a>(&'a LogOutput);

impl Write for LogLine<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match (&self.0.file, &self.0.progress.bar) {
            (Some(file), _) => match file.lock() {
                Ok(mut file) => file.write_all(line)?,
                Err(poisoned) => poisoned.into_inner().write_all(line)?,
            },
            (None, Some(bar)) => bar.suspend(|| io::stderr().write_all(line))?,
            (None, None) => io::stderr().write_all(line)?,
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
        LogLine(self)
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

/// Starts the log, once per process.
pub(super) fn start_log(level: Level, file: Option<&Path>, progress: &Progress) -> io::Result<()> {
    let file = file.map(File::create).transpose()?.map(Mutex::new);
    let output = LogOutput { file, progress: progress.clone() };
    let subscriber =
        tracing_subscriber::fmt().event_format(LocustForm).with_max_level(level).with_writer(output).finish();
    tracing::subscriber::set_global_default(subscriber).map_err(io::Error::other)
}
