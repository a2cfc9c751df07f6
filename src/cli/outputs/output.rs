//! What every output of a run is: it takes ticks and the result, and ends whole or says what is missing.

use std::fmt;
use std::io;
use std::sync::Arc;

use crate::cli::outputs::outlet::Ending;
use crate::engine::Tick;
use crate::stats::batch::Batch;
use crate::stats::result::RunResult;
use crate::stats::snapshot::Snapshot;

/// A tick as outputs see it.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli) struct View<'a> {
    /// The tick.
    pub(in crate::cli) tick: &'a Tick<'a>,
    /// The statistics at it.
    pub(in crate::cli) snapshot: &'a Arc<Snapshot>,
    /// Whether the snapshot has all rows, and not only the one of all requests.
    pub(in crate::cli) all: bool,
}

/// One output while the run goes on. None of its functions waits for a disk or a reader for longer than a moment. An
/// error is the system's, and is told once.
pub(in crate::cli) trait Output: fmt::Debug {
    /// Takes the records of a tick before they are merged.
    fn recorded(&mut self, _batches: &[Batch]) -> io::Result<()> {
        Ok(())
    }

    /// Takes a tick.
    fn tick(&mut self, _view: &View<'_>) -> io::Result<()> {
        Ok(())
    }

    /// Takes the result, when the run is over.
    fn end(&mut self, _result: &Arc<RunResult>) -> io::Result<()> {
        Ok(())
    }

    /// Waits until everything is written or given up.
    fn finish(self: Box<Self>) -> Ending;
}
