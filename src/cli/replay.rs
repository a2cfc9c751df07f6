//! `replay`: Locust's files and summary from an event log.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::report::replay::{ReplayError, ReplayOptions, replay};
use crate::report::table;

/// Why the command failed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayCommandError {
    /// The replay stopped.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// The summary could not be written.
    #[error("cannot write {}: {source}", path.display())]
    Summary {
        /// Its file, or `standard output`.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// Replays the log at `events` into the four files at `prefix`. The console summary goes into the file
/// `summary`, or to standard output.
pub fn run(
    events: &Path,
    prefix: &Path,
    options: ReplayOptions,
    summary: Option<&Path>,
) -> Result<(), ReplayCommandError> {
    let text = table::summary(&replay(events, prefix, options)?);
    let (path, written) = match summary {
        Some(path) => (path, fs::write(path, text)),
        None => (Path::new("standard output"), io::stdout().lock().write_all(text.as_bytes())),
    };
    written.map_err(|source| ReplayCommandError::Summary { path: path.to_path_buf(), source })
}
