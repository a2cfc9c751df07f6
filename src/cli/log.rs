//! The log: Locust's form of a line, to standard error, to files, or to both.

use std::io::{self, Write};
use std::thread;
use std::time::SystemTime;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::{FmtContext, MakeWriter};
use tracing_subscriber::registry::LookupSpan;

use crate::cli::lines::Lines;

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
