//! The rows of `_stats_history.csv`, tick by tick.

use std::path::{Path, PathBuf};

use crate::report::csv::rows::{Rows, headings, second, with_suffix};
use crate::stats::percentiles::PercentileList;
use crate::stats::snapshot::Snapshot;

/// The headings before the percentiles.
const BEFORE: &str = "Timestamp,User Count,Type,Name,Requests/s,Failures/s,";
/// The headings behind them.
const BEHIND: &str = ",Total Request Count,Total Failure Count,Total Median Response Time,Total Average Response Time,\
    Total Min Response Time,Total Max Response Time,Total Average Content Size\r\n";

/// Which rows the history file gets at each tick.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum History {
    /// Only the row Aggregated.
    #[default]
    Aggregated,
    /// Every row and then Aggregated (`--csv-full-history`). Its percentiles are those of about the last ten
    /// seconds if the statistics were made with `keep_history`.
    Full,
}

/// The rows of `PREFIX_stats_history.csv`, tick by tick.
#[derive(Debug)]
pub struct HistoryRows {
    history: History,
    rows: Rows,
    last: Option<LastRows>,
}

/// The rows of history that were made last.
#[derive(Debug, Clone, Copy)]
struct LastRows {
    /// Their length in bytes.
    length: usize,
    /// Their timestamp.
    second: i128,
    users: i64,
    requests: u64,
    failures: u64,
}

/// What the end of a run changes in the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastHistory<'a> {
    /// How many bytes at the end of the file, those of the rows of the last tick, the new rows replace.
    pub replaced: usize,
    /// The rows; empty if nothing is new.
    pub rows: &'a str,
}

impl HistoryRows {
    /// The first line of a file with these percentiles.
    pub fn header(percentiles: &PercentileList) -> String {
        [BEFORE, &headings(percentiles), BEHIND].concat()
    }

    /// For a file with these rows.
    pub fn new(history: History) -> Self {
        Self { history, rows: Rows::default(), last: None }
    }

    /// Where the file is.
    pub fn path(prefix: &Path) -> PathBuf {
        with_suffix(prefix, "_stats_history.csv")
    }

    /// Whether there is a row for each entry.
    pub fn is_full(&self) -> bool {
        self.history == History::Full
    }

    /// What a tick adds to the file.
    pub fn of_tick(&mut self, snapshot: &Snapshot) -> &str {
        self.make(snapshot, snapshot.user_count)
    }

    /// What the end of a run adds, which Locust does not: its files can miss the last second.
    ///
    /// The number of users is that of the run, and not the 0 that are left when it is over. A row of the second that
    /// the last tick was in takes that one's place, so that second, type and name are unique; without any request or
    /// user that the last tick did not see there is no row.
    pub fn of_end(&mut self, snapshot: &Snapshot) -> LastHistory<'_> {
        let replaced = match self.last {
            Some(last) if last.second == second(snapshot) => last.length,
            Some(LastRows { users, requests, failures, .. })
                if snapshot.most_users <= users
                    && (snapshot.aggregated.requests, snapshot.aggregated.failures)
                        == (requests, failures) =>
            {
                return LastHistory { replaced: 0, rows: "" };
            }
            _ => 0,
        };
        LastHistory { replaced, rows: self.make(snapshot, snapshot.most_users) }
    }

    fn make(&mut self, snapshot: &Snapshot, users: i64) -> &str {
        let rows = &mut self.rows;
        rows.clear();
        if self.history == History::Full {
            for row in &snapshot.rows {
                rows.push_history(snapshot, users, row);
            }
        }
        rows.push_history(snapshot, users, &snapshot.aggregated);
        self.last = Some(LastRows {
            length: rows.text.len(),
            second: second(snapshot),
            users,
            requests: snapshot.aggregated.requests,
            failures: snapshot.aggregated.failures,
        });
        &rows.text
    }
}
