//! All outputs of a run together.
//!
//! Each output is looked for before the run begins, begun by its first tick, and whole at its end. An output that fails
//! is said at once and dropped; the others and the run go on, since an hour of load is worth more than one file.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::cli::lines::Lines;
use crate::cli::outputs::document::{self, Render};
use crate::cli::outputs::error::{CSV, Name, OutputError};
use crate::cli::outputs::outlet::Ending;
use crate::cli::outputs::output::{Output, View};
use crate::cli::outputs::{history, history_log, locust_json, request_log, state};
use crate::report::csv::files::find;
use crate::report::csv::history::{History, HistoryRows};
use crate::report::csv::state::StateFile;
use crate::report::destination::Destination;
use crate::stats::UnixMicros;
use crate::stats::batch::Batch;
use crate::stats::percentiles::PercentileList;
use crate::stats::result::RunResult;

/// Begins an output, which empties an older file; the run starts at the given time.
type Begin = Box<dyn FnOnce(Destination, UnixMicros) -> io::Result<Box<dyn Output>>>;

/// An output that can be written, but has not been touched.
struct Found {
    name: Name,
    destination: Destination,
    begin: Begin,
}

/// What a run shall write.
#[derive(Debug, Default)]
pub(in crate::cli) struct Wanted {
    /// The prefixes of Locust's CSV files.
    pub(in crate::cli) csv: Vec<PathBuf>,
    /// The percentiles of their columns.
    pub(in crate::cli) percentiles: PercentileList,
    /// Which rows their history has.
    pub(in crate::cli) history: History,
    /// The log of all requests.
    pub(in crate::cli) request_log: Option<PathBuf>,
    /// The histograms of each second.
    pub(in crate::cli) history_log: Option<PathBuf>,
    /// What Locust writes with `--json`.
    pub(in crate::cli) locust_json: Vec<PathBuf>,
    /// What is written once at the end: what it is, where, and how.
    pub(in crate::cli) documents: Vec<(&'static str, PathBuf, Render)>,
}

/// The outputs of a run before its first tick.
#[derive(Default)]
pub(in crate::cli) struct Outputs {
    found: Vec<Found>,
    is_full: bool,
}

impl fmt::Debug for Outputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.found.iter().map(|found| &found.name)).finish()
    }
}

impl Outputs {
    /// Looks whether all of them can be written, and makes the folders of CSV files.
    pub(in crate::cli) fn find(wanted: Wanted) -> Result<Self, OutputError> {
        let is_full = wanted.history == History::Full && !wanted.csv.is_empty();
        let mut outputs = Self { found: Vec::new(), is_full };
        for prefix in &wanted.csv {
            for table in StateFile::ALL {
                let begin = move |destination, _| state::begin(table, destination);
                outputs.push(CSV, table.path(prefix), Box::new(begin))?;
            }
            let rows = HistoryRows::new(wanted.history);
            let percentiles = wanted.percentiles.clone();
            let begin = move |destination, _| history::begin(rows, &percentiles, destination);
            outputs.push(CSV, HistoryRows::path(prefix), Box::new(begin))?;
        }
        if let Some(path) = wanted.request_log {
            outputs.push(request_log::WHAT, path, Box::new(request_log::begin))?;
        }
        if let Some(path) = wanted.history_log {
            outputs.push("history", path, Box::new(history_log::begin))?;
        }
        for path in wanted.locust_json {
            outputs.push("JSON file", path, Box::new(|destination, _| locust_json::begin(destination)))?;
        }
        for (what, path, render) in wanted.documents {
            let begin = move |destination, _| document::begin(render, destination);
            outputs.push(what, path, Box::new(begin))?;
        }
        Ok(outputs)
    }

    fn push(&mut self, what: &'static str, path: PathBuf, begin: Begin) -> Result<(), OutputError> {
        let destination = if what == CSV {
            find(&path)?
        } else {
            let write = |source| OutputError::Write { what, path: path.clone(), source };
            Destination::find(&path).map_err(write)?
        };
        self.found.push(Found { name: Name { what, path }, destination, begin });
        Ok(())
    }

    /// Whether a history will have a row for each entry.
    pub(in crate::cli) fn is_full(&self) -> bool {
        self.is_full
    }

    /// Begins them, which empties older files.
    pub(in crate::cli) fn open(self, start: UnixMicros, says: Lines) -> Result<Open, OutputError> {
        let open = |Found { name, destination, begin }: Found| match begin(destination, start) {
            Ok(output) => Ok((name, output)),
            Err(source) => Err(name.thread_error(source)),
        };
        let outputs = self.found.into_iter().map(open).collect::<Result<_, _>>()?;
        Ok(Open { outputs, failed: Vec::new(), says, is_full: self.is_full })
    }
}

/// The outputs while the run goes on.
#[derive(Debug)]
pub(in crate::cli) struct Open {
    outputs: Vec<(Name, Box<dyn Output>)>,
    /// Those that ended early, with what is missing of them.
    failed: Vec<OutputError>,
    says: Lines,
    is_full: bool,
}

impl Open {
    /// Whether a history has a row for each entry.
    pub(in crate::cli) fn is_full(&self) -> bool {
        self.is_full
    }

    /// The records of a tick one by one.
    pub(in crate::cli) fn recorded(&mut self, batches: &[Batch]) {
        self.each(|output| output.recorded(batches));
    }

    /// A tick.
    pub(in crate::cli) fn tick(&mut self, view: &View<'_>) {
        self.each(|output| output.tick(view));
    }

    /// The result, when the run is over.
    pub(in crate::cli) fn end(&mut self, result: &Arc<RunResult>) {
        self.each(|output| output.end(result));
    }

    /// Calls each output. One that fails is said and dropped.
    fn each(&mut self, mut call: impl FnMut(&mut dyn Output) -> io::Result<()>) {
        for (name, mut output) in std::mem::take(&mut self.outputs) {
            match call(&mut *output) {
                Ok(()) => self.outputs.push((name, output)),
                Err(error) => {
                    self.says.error(format_args!("{}; the run goes on without it", name.write_error(error)));
                    let ending = match output.finish() {
                        Ending::Whole | Ending::Failed(_) => Ending::Refused(0),
                        ending => ending,
                    };
                    self.failed.push(name.dropped(&ending));
                }
            }
        }
    }

    /// Waits until everything is written or given up, and returns what is missing.
    pub(in crate::cli) fn finish(self) -> Vec<OutputError> {
        let ended = self.outputs.into_iter().filter_map(|(name, output)| name.ended(output.finish()));
        self.failed.into_iter().chain(ended).collect()
    }
}
