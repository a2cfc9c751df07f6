//! The files that a run writes. They are checked before it begins, started by its first tick, and complete at its end.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cli::outlet::{Collected, Ending, Growing, Latest};
use crate::engine::Tick;
use crate::report::csv::files::{CsvError, find};
use crate::report::csv::history::{History, HistoryRows, LastHistory};
use crate::report::csv::state::StateFile;
use crate::report::destination::Destination;
use crate::report::events::RequestLog;
use crate::stats::UnixMicros;
use crate::stats::batch::Batch;
use crate::stats::snapshot::Snapshot;

/// Why the outcome of a run could not be written.
#[derive(Debug, thiserror::Error)]
pub(super) enum OutputError {
    /// One of the four CSV files.
    #[error(transparent)]
    Csv(#[from] CsvError),
    /// Another file.
    #[error("cannot write the {what} {}: {source}", path.display())]
    Write {
        /// What it is.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The reader of the file did not keep up.
    #[error("{}: {} missing, because the reader was too slow", path.display(), lines_are(*lines))]
    Lost {
        /// The file.
        path: PathBuf,
        /// How many lines.
        lines: u64,
    },
    /// Lines that were lost because of an error that was reported before.
    #[error("{}: {} missing, because they could not be written", path.display(), lines_are(*lines))]
    Refused {
        /// The file.
        path: PathBuf,
        /// How many lines.
        lines: u64,
    },
    /// Nobody read a file that is written whole.
    #[error("{}: the end of the run is missing, because nobody reads the file", path.display())]
    Unread {
        /// The file.
        path: PathBuf,
    },
    /// No thread could be started.
    #[error("cannot start a thread for {}: {source}", path.display())]
    Thread {
        /// The file that it was for.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

fn lines_are(lines: u64) -> String {
    if lines == 1 { "1 line is".to_owned() } else { format!("{lines} lines are") }
}

/// What a file is in errors.
#[derive(Debug, Clone)]
struct Name {
    what: &'static str,
    path: PathBuf,
}

impl Name {
    fn write_error(&self, source: io::Error) -> OutputError {
        let path = self.path.clone();
        if self.what == CSV {
            return CsvError::Write { path, source }.into();
        }
        OutputError::Write { what: self.what, path, source }
    }

    fn thread_error(&self, source: io::Error) -> OutputError {
        OutputError::Thread { path: self.path.clone(), source }
    }

    /// Returns an error if the file did not end whole.
    fn ended(&self, ending: Ending) -> Option<OutputError> {
        let path = self.path.clone();
        match ending {
            Ending::Whole | Ending::Refused(0) => None,
            Ending::Lost(0) => Some(OutputError::Unread { path }),
            Ending::Lost(lines) => Some(OutputError::Lost { path, lines }),
            Ending::Refused(lines) => Some(OutputError::Refused { path, lines }),
            Ending::Failed(source) => Some(self.write_error(source)),
        }
    }
}

/// What a CSV file is in errors: its name says it.
const CSV: &str = "";

/// The files that a run will write: they can be written, but none has been touched.
#[derive(Debug)]
pub(super) struct Outputs {
    tables: Vec<(StateFile, Name, Destination)>,
    history: Option<(HistoryRows, Name, Destination)>,
    log: Option<(Name, Destination)>,
    summary: Option<(Name, Destination)>,
}

impl Outputs {
    /// Whether the history will have a row for each entry.
    pub(super) fn is_full(&self) -> bool {
        self.history.as_ref().is_some_and(|(rows, ..)| rows.is_full())
    }

    /// Looks whether the files can be written, and makes the folders of CSV files.
    pub(super) fn find(
        csv: Option<&Path>,
        history: History,
        log: Option<&Path>,
        summary: Option<&Path>,
    ) -> Result<Self, OutputError> {
        let mut tables = Vec::new();
        let mut rows = None;
        if let Some(prefix) = csv {
            for table in StateFile::ALL {
                let path = table.path(prefix);
                let destination = find(&path)?;
                tables.push((table, Name { what: CSV, path }, destination));
            }
            let path = HistoryRows::path(prefix);
            let destination = find(&path)?;
            rows = Some((HistoryRows::new(history), Name { what: CSV, path }, destination));
        }
        let find = |what, path: Option<&Path>| {
            let Some(path) = path else { return Ok(None) };
            let name = Name { what, path: path.to_owned() };
            match Destination::find(path) {
                Ok(destination) => Ok(Some((name, destination))),
                Err(source) => Err(name.write_error(source)),
            }
        };
        let log = find("request log", log)?;
        let summary = find("summary", summary)?;
        Ok(Self { tables, history: rows, log, summary })
    }

    /// Begins the files, which empties older ones.
    pub(super) fn open(self, start: UnixMicros) -> Result<Open, OutputError> {
        let mut open = Open { tables: Vec::new(), history: None, log: None, summary: None };
        for (table, name, destination) in self.tables {
            let render = move |snapshot: Arc<Snapshot>| table.text(&snapshot).into_bytes();
            let file = Latest::start(destination, render).map_err(|error| name.thread_error(error))?;
            open.tables.push((name, file));
        }
        if let Some((rows, name, destination)) = self.history {
            let is_stream = destination.is_stream();
            let file =
                Growing::start(destination, HistoryRows::HEADER).map_err(|error| name.thread_error(error))?;
            open.history = Some(HistoryFile { name, rows, file, is_stream, held: Vec::new() });
        }
        if let Some((name, destination)) = self.log {
            let file = Growing::start(destination, "").map_err(|error| name.thread_error(error))?;
            let log =
                RequestLog::new(Collected::new(file), start).map_err(|error| name.write_error(error))?;
            open.log = Some((name, log));
        }
        if let Some((name, destination)) = self.summary {
            let file = Latest::start(destination, |text| text).map_err(|error| name.thread_error(error))?;
            open.summary = Some((name, file));
        }
        Ok(open)
    }
}

/// The files while the run goes on.
#[derive(Debug)]
pub(super) struct Open {
    tables: Vec<(Name, Latest<Arc<Snapshot>>)>,
    history: Option<HistoryFile>,
    log: Option<(Name, RequestLog<Collected>)>,
    summary: Option<(Name, Latest<Vec<u8>>)>,
}

/// The history while the run goes on.
#[derive(Debug)]
struct HistoryFile {
    name: Name,
    rows: HistoryRows,
    file: Growing,
    is_stream: bool,
    /// Rows of the last tick, for which a stream waits a tick: they may be replaced at the end, and nothing can be
    /// taken back from a stream.
    held: Vec<u8>,
}

impl HistoryFile {
    fn tick(&mut self, snapshot: &Snapshot, last: bool) {
        let LastHistory { replaced, rows } = if last {
            self.rows.of_end(snapshot)
        } else {
            LastHistory { replaced: 0, rows: self.rows.of_tick(snapshot) }
        };
        let mut rows = rows.as_bytes().to_vec();
        if !self.is_stream {
            self.file.send_instead(replaced, &mut rows);
            return;
        }
        if replaced > 0 {
            self.held = rows;
        } else {
            self.file.send(&mut self.held);
            self.held = rows;
        }
        if last {
            self.file.send(&mut self.held);
        }
    }
}

impl Open {
    /// The requests of a tick one by one, for the request log.
    pub(super) fn record(&mut self, batches: &[Batch]) -> Result<(), OutputError> {
        let Some((name, log)) = &mut self.log else { return Ok(()) };
        log.write_tick(batches).map_err(|error| name.write_error(error))
    }

    /// The summary, whose text is made only if there is a file for it.
    pub(super) fn summarize(&self, summary: impl FnOnce() -> String) -> Result<(), OutputError> {
        let Some((name, file)) = &self.summary else { return Ok(()) };
        file.set(summary().into_bytes()).map_err(|error| name.write_error(error))
    }

    /// Whether the history has a row for each entry.
    pub(super) fn is_full(&self) -> bool {
        self.history.as_ref().is_some_and(|history| history.rows.is_full())
    }

    /// Writes a tick; `all` is whether the snapshot has all rows, and not only the one of all.
    pub(super) fn tick(
        &mut self,
        tick: &Tick<'_>,
        snapshot: &Arc<Snapshot>,
        all: bool,
    ) -> Result<(), OutputError> {
        for (name, file) in self.tables.iter().filter(|_| all) {
            file.set(Arc::clone(snapshot)).map_err(|error| name.write_error(error))?;
        }
        if let Some(history) = &mut self.history {
            history.file.tick().map_err(|error| history.name.write_error(error))?;
            history.tick(snapshot, tick.last);
        }
        if let Some((name, log)) = &mut self.log {
            let mut write = || {
                log.out().file.tick()?;
                if tick.reset {
                    log.reset(tick.at)?;
                }
                // A log that lacks lines lacks the last one too, so that nobody takes it for whole.
                if tick.last && !log.out().file.has_lost() {
                    log.end(tick.at)?;
                }
                log.flush()
            };
            write().map_err(|error| name.write_error(error))?;
        }
        Ok(())
    }

    /// Waits until everything is written or given up, and returns what is missing.
    pub(super) fn finish(self) -> Vec<OutputError> {
        let mut missing = Vec::new();
        for (name, file) in self.tables {
            missing.extend(name.ended(file.finish()));
        }
        if let Some(HistoryFile { name, file, .. }) = self.history {
            missing.extend(name.ended(file.finish()));
        }
        if let Some((name, log)) = self.log {
            missing.extend(name.ended(log.into_out().file.finish()));
        }
        if let Some((name, file)) = self.summary {
            missing.extend(name.ended(file.finish()));
        }
        missing
    }
}
