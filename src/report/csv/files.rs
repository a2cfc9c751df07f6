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
mod tests {
    use super::*;
    use crate::stats::RowKey;
    use crate::stats::number::Number;
    use crate::stats::statistics::Statistics;

    #[test]
    fn a_file_that_cannot_be_made_is_named() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("out_failures.csv")).unwrap();
        let error =
            CsvFiles::create(&dir.path().join("out"), History::Aggregated, &PercentileList::default())
                .unwrap_err();
        assert!(error.to_string().contains("out_failures.csv"), "{error}");
    }

    /// Timestamp, users and requests of each row of history of a run of these ticks, given as `(now, users, requests)`
    /// where the users are those at the end of the tick; the last one is the end of the run.
    fn history(ticks: &[(f64, i64, u64)], history: History) -> Vec<String> {
        let dir = tempfile::tempdir().unwrap();
        let prefix = dir.path().join("out");
        let mut files = CsvFiles::create(&prefix, history, &PercentileList::default()).unwrap();
        let mut statistics = Statistics::new(ticks[0].0, false);
        let row = RowKey { request_type: "MQTT".into(), name: "say".into() };
        let mut all = 0;
        for (index, &(now, users, requests)) in ticks.iter().enumerate() {
            statistics.begin_tick();
            for _ in all..requests {
                statistics.log_request(&row, now, Some(Number::Float(1.0)), 1);
            }
            all = requests;
            statistics.set_user_count(users);
            let snapshot = statistics.snapshot(now);
            let last = index + 1 == ticks.len();
            let written = if last { files.write_last(&snapshot) } else { files.write_tick(&snapshot) };
            written.unwrap();
        }
        files.finish(&statistics.snapshot(0.0)).unwrap();
        let text = fs::read_to_string(dir.path().join("out_stats_history.csv")).unwrap();
        let short = |line: &str| {
            let cells: Vec<_> = line.split(',').collect();
            format!("{} {} {} {}", cells[0], cells[1], cells[3], cells[17])
        };
        text.lines().skip(1).map(short).collect()
    }

    #[test]
    fn no_second_stands_in_the_history_twice() {
        let aggregated = |ticks: &[(f64, i64, u64)]| history(ticks, History::Aggregated);
        // Whole seconds: the users of the run and all its requests, in the place of the row before.
        assert_eq!(
            aggregated(&[(7.2, 0, 0), (8.2, 3, 5), (9.2, 3, 9), (9.203, 0, 11)]),
            ["7 0 Aggregated 0", "8 3 Aggregated 5", "9 3 Aggregated 11"]
        );
        // The part of a second that is in the next one has a row of its own if it is worth one.
        assert_eq!(
            aggregated(&[(7.8, 0, 0), (8.8, 3, 5), (9.1, 0, 6)]),
            ["7 0 Aggregated 0", "8 3 Aggregated 5", "9 3 Aggregated 6"]
        );
        assert_eq!(
            aggregated(&[(7.999, 0, 0), (8.999, 3, 5), (9.001, 0, 5)]),
            ["7 0 Aggregated 0", "8 3 Aggregated 5"],
            "nothing is new"
        );
    }

    #[test]
    fn a_run_of_less_than_a_second_has_one_row_or_two() {
        let aggregated = |ticks: &[(f64, i64, u64)]| history(ticks, History::Aggregated);
        assert_eq!(aggregated(&[(7.2, 0, 0), (7.9, 0, 4)]), ["7 0 Aggregated 4"]);
        assert_eq!(aggregated(&[(7.8, 0, 0), (8.1, 2, 0)]), ["7 0 Aggregated 0", "8 2 Aggregated 0"]);
    }

    #[test]
    fn the_full_history_has_each_row_once_a_second() {
        assert_eq!(
            history(&[(7.2, 0, 0), (8.2, 3, 5), (8.25, 0, 6)], History::Full),
            ["7 0 Aggregated 0", "8 3 say 6", "8 3 Aggregated 6"]
        );
    }
}
