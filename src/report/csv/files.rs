//! The four files as a replay writes them, and why a file could not be written.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::report::csv::history::{History, HistoryRows, LastHistory};
use crate::report::csv::state::StateFile;
use crate::report::destination::{Destination, Unfinished};
use crate::stats::percentiles::PercentileList;
use crate::stats::snapshot::Snapshot;

/// Why a file could not be written.
#[derive(Debug, thiserror::Error)]
pub enum CsvError {
    /// A file, or the directory for it, could not be made.
    #[error("cannot create {}: {source}", path.display())]
    Create {
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file was made but could not be written later.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// Makes the folder of the file if it is not there, and looks whether the file can be written; touches no file.
pub fn find(path: &Path) -> Result<Destination, CsvError> {
    let create = |path: &Path, source| CsvError::Create { path: path.to_owned(), source };
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(|source| create(parent, source))?;
    }
    Destination::find(path).map_err(|source| create(path, source))
}

/// The four files as a replay writes them: all take the place of older ones when the last row is there.
#[derive(Debug)]
pub struct CsvFiles {
    tables: Vec<(StateFile, PathBuf, Destination)>,
    history_path: PathBuf,
    history_file: Unfinished,
    history: HistoryRows,
    /// Rows of the last tick: the end may put others in their place.
    held: String,
}

impl CsvFiles {
    /// Begins the files at the prefix, and makes the folders above them.
    pub fn create(prefix: &Path, history: History, percentiles: &PercentileList) -> Result<Self, CsvError> {
        let mut tables = Vec::new();
        for table in StateFile::ALL {
            let path = table.path(prefix);
            let destination = find(&path)?;
            tables.push((table, path, destination));
        }
        let history_path = HistoryRows::path(prefix);
        let history_file = find(&history_path)?
            .begin_whole(HistoryRows::header(percentiles).as_bytes())
            .map_err(|source| CsvError::Write { path: history_path.clone(), source })?;
        let history = HistoryRows::new(history);
        Ok(Self { tables, history_path, history_file, history, held: String::new() })
    }

    /// Writes the history of a tick.
    pub fn write_tick(&mut self, snapshot: &Snapshot) -> Result<(), CsvError> {
        self.release()?;
        self.held.push_str(self.history.of_tick(snapshot));
        Ok(())
    }

    /// Writes the history of the end of a run: see [`HistoryRows::of_end`].
    pub fn write_last(&mut self, snapshot: &Snapshot) -> Result<(), CsvError> {
        let LastHistory { replaced, rows } = self.history.of_end(snapshot);
        self.held.truncate(self.held.len().saturating_sub(replaced));
        self.held.push_str(rows);
        Ok(())
    }

    /// Writes the state at the end, and puts everything in its place.
    pub fn finish(mut self, snapshot: &Snapshot) -> Result<(), CsvError> {
        self.release()?;
        for (table, path, destination) in self.tables {
            destination
                .replace(table.text(snapshot).as_bytes())
                .map_err(|source| CsvError::Write { path, source })?;
        }
        self.history_file.finish().map_err(|source| CsvError::Write { path: self.history_path, source })
    }

    fn release(&mut self) -> Result<(), CsvError> {
        self.history_file
            .append(self.held.as_bytes())
            .map_err(|source| CsvError::Write { path: self.history_path.clone(), source })?;
        self.held.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests;
