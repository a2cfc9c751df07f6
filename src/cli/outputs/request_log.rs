//! The log of all requests, from which `replay` makes the CSV files again.

use std::io;
use std::path::PathBuf;

use tracing::error;

use crate::cli::outputs::error::{Name, OutputError};
use crate::cli::outputs::outlet::{Collected, Ending, Growing};
use crate::cli::outputs::output::{Output, View};
use crate::report::destination::Destination;
use crate::report::events::RequestLog;
use crate::stats::UnixMicros;
use crate::stats::batch::Batch;

/// What the log is in errors.
pub(super) const WHAT: &str = "request log";

/// The log of one run.
#[derive(Debug)]
struct Log(RequestLog<Collected>);

impl Log {
    fn begin(destination: Destination, start: UnixMicros) -> io::Result<Self> {
        let file = Growing::start(destination, "")?;
        Ok(Self(RequestLog::new(Collected::new(file), start)?))
    }

    fn end(&mut self, at: UnixMicros) -> io::Result<()> {
        // A log that lacks lines lacks the last one too, so that nobody takes it for whole.
        if self.0.out().file.has_lost() { Ok(()) } else { self.0.end(at) }
    }
}

pub(super) fn begin(destination: Destination, start: UnixMicros) -> io::Result<Box<dyn Output>> {
    Ok(Box::new(Log::begin(destination, start)?))
}

impl Output for Log {
    fn recorded(&mut self, batches: &[Batch]) -> io::Result<()> {
        self.0.write_tick(batches)
    }

    fn tick(&mut self, view: &View<'_>) -> io::Result<()> {
        let tick = view.tick;
        self.0.out().file.tick()?;
        if tick.reset {
            self.0.reset(tick.at)?;
        }
        if tick.last {
            self.end(tick.at)?;
        }
        self.0.flush()
    }

    fn finish(self: Box<Self>) -> Ending {
        self.0.into_out().file.finish()
    }
}

/// The log of a worker: one file for all tests of its masters, with a `reset` wherever the statistics of the worker begin anew.
#[derive(Debug)]
pub(in crate::cli) struct WorkerLog {
    name: Name,
    log: Log,
    /// What is missing, if it could not be written to its end.
    unwritten: Option<OutputError>,
}

impl WorkerLog {
    /// Begins the log at this moment, which empties an older file.
    pub(in crate::cli) fn begin(path: PathBuf, now: UnixMicros) -> Result<Self, OutputError> {
        let name = Name { what: WHAT, path };
        let destination = Destination::find(&name.path).map_err(|error| name.write_error(error))?;
        let log = Log::begin(destination, now).map_err(|error| name.thread_error(error))?;
        Ok(Self { name, log, unwritten: None })
    }

    /// Adds what all recorders saw in one tick.
    pub(in crate::cli) fn recorded(&mut self, batches: &[Batch]) {
        self.write(|log| {
            log.0.out().file.tick()?;
            log.0.write_tick(batches)?;
            log.0.flush()
        });
    }

    /// Notes that the statistics begin anew.
    pub(in crate::cli) fn reset(&mut self, now: UnixMicros) {
        self.write(|log| log.0.reset(now));
    }

    /// Writes the last line and waits until everything is written or given up; an error says what is missing.
    pub(in crate::cli) fn finish(mut self, now: UnixMicros) -> Result<(), OutputError> {
        self.write(|log| {
            log.end(now)?;
            log.0.flush()
        });
        let ending = self.log.0.into_out().file.finish();
        self.unwritten.or_else(|| self.name.ended(ending)).map_or(Ok(()), Err)
    }

    /// Writes, if nothing went wrong before: users go on without a log.
    fn write(&mut self, write: impl FnOnce(&mut Log) -> io::Result<()>) {
        if self.unwritten.is_some() {
            return;
        }
        if let Err(source) = write(&mut self.log) {
            let unwritten = self.name.write_error(source);
            error!("{unwritten}; the worker goes on without it");
            self.unwritten = Some(unwritten);
        }
    }
}

#[cfg(test)]
mod tests;
