//! The three files that hold the state of the run: `_stats.csv`, `_failures.csv`, `_exceptions.csv`.

use std::path::{Path, PathBuf};

use crate::report::csv::rows::{Rows, headings, with_suffix};
use crate::stats::snapshot::Snapshot;

/// Then come the percentiles.
const STATS_HEADER: &str = "Type,Name,Request Count,Failure Count,Median Response Time,\
    Average Response Time,Min Response Time,Max Response Time,Average Content Size,Requests/s,Failures/s,";
const FAILURES_HEADER: &str = "Method,Name,Error,Occurrences,First Seen,Last Seen\r\n";
const EXCEPTIONS_HEADER: &str = "Count,Message,Traceback,Nodes\r\n";

/// A file that holds the state of the run and nothing older.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateFile {
    /// `PREFIX_stats.csv`.
    Stats,
    /// `PREFIX_failures.csv`.
    Failures,
    /// `PREFIX_exceptions.csv`.
    Exceptions,
}

impl StateFile {
    /// All three files.
    pub const ALL: [Self; 3] = [Self::Stats, Self::Failures, Self::Exceptions];

    /// Returns the path of the file.
    pub fn path(self, prefix: &Path) -> PathBuf {
        with_suffix(
            prefix,
            match self {
                Self::Stats => "_stats.csv",
                Self::Failures => "_failures.csv",
                Self::Exceptions => "_exceptions.csv",
            },
        )
    }

    /// Returns the text of the whole file.
    pub fn text(self, snapshot: &Snapshot) -> String {
        let mut rows = Rows::default();
        match self {
            Self::Stats => {
                rows.text.extend([STATS_HEADER, &headings(&snapshot.percentiles), "\r\n"]);
                for row in snapshot.rows.iter().chain([&snapshot.aggregated]) {
                    rows.push_stats(row, &snapshot.percentiles);
                }
            }
            Self::Failures => {
                rows.text.push_str(FAILURES_HEADER);
                for failure in &snapshot.failures {
                    rows.push_failure(failure);
                }
            }
            Self::Exceptions => {
                rows.text.push_str(EXCEPTIONS_HEADER);
                for exception in &snapshot.exceptions {
                    rows.value(exception.count);
                    rows.text(&exception.message);
                    rows.text(&exception.traceback);
                    rows.text(&exception.nodes.join(", "));
                    rows.end();
                }
            }
        }
        rows.text
    }
}
