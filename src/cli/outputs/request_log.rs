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
mod tests {
    use std::fs;

    use super::*;
    use crate::stats::recorder::Recorder;
    use crate::stats::{RowId, RowKey};

    const START: UnixMicros = UnixMicros(1_700_000_000_000_000);

    fn at(ms: u64) -> UnixMicros {
        UnixMicros(START.0 + ms * 1_000)
    }

    #[test]
    fn the_log_of_a_worker_has_all_its_tests_and_says_where_one_begins() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log.jsonl");
        fs::write(&path, "an older file").unwrap();
        let row = RowKey { request_type: "MQTT".to_owned(), name: "a".to_owned() };
        let mut recorder = Recorder::new(START, &[row], true);
        let mut log = WorkerLog::begin(path.clone(), START).unwrap();
        recorder.record(RowId(0), at(500), Some(2_000_000), 1);
        log.recorded(&[recorder.take(at(1_000))]);
        log.reset(at(1_500));
        // A request that ended before is told after: the file is in order of time.
        recorder.record_failure(RowId(0), at(1_400), None, 0, "no PUBACK");
        log.recorded(&[recorder.take(at(2_000))]);
        log.finish(at(3_000)).unwrap();
        insta::assert_snapshot!(fs::read_to_string(path).unwrap(), @r#"
        {"type":"users","t":1700000000.0,"count":0,"resolution_ms":1e-6}
        {"type":"request","t":1700000000.5,"method":"MQTT","name":"a","response_time":2.0,"length":1,"error":null}
        {"type":"reset","t":1700000001.5}
        {"type":"request","t":1700000001.5,"method":"MQTT","name":"a","response_time":null,"length":0,"error":"no PUBACK"}
        {"type":"end","t":1700000003.0}
        "#);
    }

    #[test]
    fn a_log_that_cannot_be_written_is_an_error_at_its_end() {
        let mut log = WorkerLog::begin("/dev/full".into(), START).unwrap();
        log.reset(START);
        while log.unwritten.is_none() {
            // The thread of the file tells it when it likes.
            log.recorded(&[]);
        }
        let error = log.finish(START).unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot write the request log /dev/full: No space left on device (os error 28)"
        );
        let missing = WorkerLog::begin("/nowhere/log".into(), START).unwrap_err();
        assert!(missing.to_string().starts_with("cannot write the request log /nowhere/log: "), "{missing}");
    }
}
