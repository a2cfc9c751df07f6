//! The log: Locust's form of a line, to standard error, to files, or to both.
//!
//! One event is one line, whatever the texts in it say: a name with a line end in it would write a second line that looks
//! like one of ours. So line ends, control characters and the marks that turn the direction of a text are replaced here, in
//! the only place that all log lines pass.

use std::io::{self, Write};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;
use std::time::SystemTime;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::{FmtContext, MakeWriter};
use tracing_subscriber::registry::LookupSpan;

use crate::cli::lines::Lines;
use crate::locust::logs::LastLines;
use crate::report::columns::printable;
use crate::scenario::secrets::hide_urls;
use crate::web::desk::Desk;

/// Somebody who reads the log.
#[derive(Debug, Clone)]
pub(super) enum Reader {
    /// Standard error, or a file.
    Lines(Lines),
    /// The live page.
    Desk(Desk),
    /// A master of Locust.
    Last(LastLines),
}

impl Reader {
    fn say(&self, text: &str) {
        match self {
            Self::Lines(lines) => lines.say(text),
            Self::Desk(desk) => desk.log(&hide_urls(text)),
            Self::Last(lines) => lines.add(hide_urls(text).trim_end_matches('\n')),
        }
    }
}

/// Where log lines go: to all of its readers. Clones are the same log.
#[derive(Debug, Clone, Default)]
pub(super) struct Log(Arc<RwLock<Vec<Reader>>>);

impl Log {
    /// A log that these read.
    pub(super) fn of(readers: Vec<Reader>) -> Self {
        Self(Arc::new(RwLock::new(readers)))
    }

    /// From now on also these read it, until what is returned is dropped.
    pub(super) fn also(&self, readers: impl IntoIterator<Item = Reader>) -> Also {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let before = all.len();
        all.extend(readers);
        Also { log: self.clone(), before }
    }

    fn say(&self, text: &str) {
        for reader in self.0.read().unwrap_or_else(PoisonError::into_inner).iter() {
            reader.say(text);
        }
    }
}

/// The time in which some more read a log.
#[derive(Debug)]
pub(super) struct Also {
    log: Log,
    before: usize,
}

impl Drop for Also {
    fn drop(&mut self) {
        self.log.0.write().unwrap_or_else(PoisonError::into_inner).truncate(self.before);
    }
}

/// One log line.
pub(super) struct LogLine<'a>(&'a Log);

impl Write for LogLine<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.say(&String::from_utf8_lossy(line));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
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
        let mut text = String::new();
        context.field_format().format_fields(Writer::new(&mut text), event)?;
        writeln!(writer, "{}", printable(&text))
    }
}

/// Starts the log, once per process. The message of a thread that panics goes to the log as well, since the thread must
/// not wait for standard error either.
pub(super) fn start_log(level: Level, log: &Log) -> io::Result<()> {
    let last_words = log.clone();
    std::panic::set_hook(Box::new(move |panic| {
        let thread = thread::current();
        let text = format!("thread {} {panic}\n", thread.name().unwrap_or("without a name"));
        last_words.say(&text);
    }));
    let subscriber = tracing_subscriber::fmt()
        .event_format(LocustForm)
        .with_max_level(level)
        .with_writer(log.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).map_err(io::Error::other)
}

#[cfg(test)]
mod tests;
