//! The four CSV files of Locust 2.47, byte for byte (its `stats.py`, `StatsCSVFileWriter`).
//!
//! Three files are the state of the run and written whole each time; the history grows by whole rows. What stands in
//! them is made here; a live run writes each in a thread of its own, a replay one after the other. The rows are put
//! together here and not by a CSV library: Python quotes a field for `,` `"` CR and LF only, not for being empty.

use std::ffi::OsString;
use std::fmt::{Display, Write as _};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::report::destination::{Destination, Unfinished};
use crate::report::number::{PythonFloat, PythonNumber};
use crate::stats::bucket::{PERCENTILES, Percentiles};
use crate::stats::failure::Failure;
use crate::stats::number::Number;
use crate::stats::snapshot::{Row, Snapshot};

const STATS_HEADER: &str = "Type,Name,Request Count,Failure Count,Median Response Time,\
    Average Response Time,Min Response Time,Max Response Time,Average Content Size,Requests/s,Failures/s,\
    50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,100%\r\n";
const HISTORY_HEADER: &str = "Timestamp,User Count,Type,Name,Requests/s,Failures/s,\
    50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,100%,\
    Total Request Count,Total Failure Count,Total Median Response Time,Total Average Response Time,\
    Total Min Response Time,Total Max Response Time,Total Average Content Size\r\n";
const FAILURES_HEADER: &str = "Method,Name,Error,Occurrences,First Seen,Last Seen\r\n";
const EXCEPTIONS_HEADER: &str = "Count,Message,Traceback,Nodes\r\n";

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

/// Which rows the history file gets at each tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum History {
    /// Only Aggregated.
    Aggregated,
    /// Every row and then Aggregated (`--csv-full-history`). Its percentiles are those of about the last ten
    /// seconds if the statistics were made with `keep_history`.
    Full,
}

/// A file that holds the state of the run and nothing older.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// `PREFIX_stats.csv`.
    Stats,
    /// `PREFIX_failures.csv`.
    Failures,
    /// `PREFIX_exceptions.csv`.
    Exceptions,
}

impl Table {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Stats, Self::Failures, Self::Exceptions];

    /// Where it is.
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

    /// The whole file.
    pub fn text(self, snapshot: &Snapshot) -> String {
        let mut rows = Rows::default();
        match self {
            Self::Stats => {
                rows.text.push_str(STATS_HEADER);
                for row in snapshot.rows.iter().chain([&snapshot.aggregated]) {
                    rows.push_stats(row);
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
    /// Bytes of them.
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
    /// So many bytes at the end of the file, those of the rows of the last tick, make room for the new ones.
    pub replaced: usize,
    /// The rows; none if nothing is new.
    pub rows: &'a str,
}

impl HistoryRows {
    /// The first line of the file.
    pub const HEADER: &str = HISTORY_HEADER;

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
    /// The users are those of the run, not the none that are left when it is over. A row of the second that the last
    /// tick was in takes that one's place, so that second, type and name are unique; without any request or user that
    /// the last tick did not see there is no row.
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

/// The timestamp of a tick.
fn second(snapshot: &Snapshot) -> i128 {
    Number::Float(snapshot.now).truncated()
}

fn with_suffix(prefix: &Path, suffix: &str) -> PathBuf {
    let mut path = OsString::from(prefix);
    path.push(suffix);
    path.into()
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
    tables: Vec<(Table, PathBuf, Destination)>,
    history_path: PathBuf,
    history_file: Unfinished,
    history: HistoryRows,
    /// Rows of the last tick: the end may put others in their place.
    held: String,
}

impl CsvFiles {
    /// Begins the files at the prefix, and makes the folders above them.
    pub fn create(prefix: &Path, history: History) -> Result<Self, CsvError> {
        let mut tables = Vec::new();
        for table in Table::ALL {
            let path = table.path(prefix);
            let destination = find(&path)?;
            tables.push((table, path, destination));
        }
        let history_path = HistoryRows::path(prefix);
        let history_file = find(&history_path)?
            .begin_whole(HistoryRows::HEADER.as_bytes())
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

/// Rows as they are put together.
#[derive(Debug, Default)]
struct Rows {
    text: String,
    in_row: bool,
}

impl Rows {
    fn clear(&mut self) {
        self.text.clear();
    }

    fn push_stats(&mut self, row: &Row) {
        self.text(&row.key.request_type);
        self.text(&row.key.name);
        self.totals(row);
        self.value(PythonFloat(row.rps));
        self.value(PythonFloat(row.failures_per_s));
        self.percentiles(row.percentiles);
        self.end();
    }

    fn push_history(&mut self, snapshot: &Snapshot, users: i64, row: &Row) {
        self.value(second(snapshot));
        self.value(users);
        self.text(&row.key.request_type);
        self.text(&row.key.name);
        self.value(format_args!("{:.6}", row.current_rps));
        self.value(format_args!("{:.6}", row.current_failures_per_s));
        self.percentiles(row.history_percentiles);
        self.totals(row);
        self.end();
    }

    fn push_failure(&mut self, failure: &Failure) {
        self.text(&failure.what.row.request_type);
        self.text(&failure.what.row.name);
        self.text(&failure.what.masked);
        self.value(failure.occurrences);
        self.value(UtcSecond(failure.first_seen));
        self.value(UtcSecond(failure.last_seen));
        self.end();
    }

    /// The seven columns that both stats files have.
    fn totals(&mut self, row: &Row) {
        self.value(row.requests);
        self.value(row.failures);
        self.value(PythonNumber(row.median));
        self.value(PythonFloat(row.average));
        self.value(PythonNumber(row.min));
        self.value(PythonNumber(row.max));
        self.value(PythonNumber(row.average_length));
    }

    fn percentiles(&mut self, percentiles: Option<Percentiles>) {
        match percentiles {
            Some(buckets) => buckets.into_iter().for_each(|bucket| self.value(bucket)),
            None => PERCENTILES.iter().for_each(|_| self.value("N/A")),
        }
    }

    /// A field that needs no quotes.
    fn value(&mut self, value: impl Display) {
        self.separate();
        let written = write!(self.text, "{value}");
        debug_assert!(written.is_ok(), "a String takes everything");
    }

    /// A field that may need quotes.
    fn text(&mut self, field: &str) {
        self.separate();
        if field.contains([',', '"', '\r', '\n']) {
            self.text.extend(["\"", &field.replace('"', "\"\""), "\""]);
        } else {
            self.text.push_str(field);
        }
    }

    fn separate(&mut self) {
        if self.in_row {
            self.text.push(',');
        }
        self.in_row = true;
    }

    fn end(&mut self) {
        self.text.push_str("\r\n");
        self.in_row = false;
    }
}

/// Unix time, written `2026-11-23T01:42:56Z`.
#[derive(Debug, Clone, Copy)]
struct UtcSecond(f64);

impl Display for UtcSecond {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        #[expect(clippy::cast_possible_truncation, reason = "cutting off the fraction is the purpose")]
        let seconds = self.0 as i64;
        let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        // Days to a date by way of years that begin in March, so that the leap day comes last (Howard
        // Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days).
        let days = days + 719_468;
        let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year_of_era = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day + 2) / 153;
        let day = day - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        write!(f, "{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::RowKey;
    use crate::stats::statistics::Statistics;

    #[test]
    fn fields_are_quoted_only_where_they_must() {
        let mut rows = Rows::default();
        for field in ["", "plain", " blank ", "a;b\tc", "a,b", "say \"x\"", "two\nlines", "cr\r", "\u{2028}"]
        {
            rows.text(field);
        }
        rows.end();
        rows.value(1);
        rows.end();
        let expected =
            ",plain, blank ,a;b\tc,\"a,b\",\"say \"\"x\"\"\",\"two\nlines\",\"cr\r\",\u{2028}\r\n1\r\n";
        assert_eq!(rows.text, expected);
    }

    #[test]
    fn times_are_utc() {
        let table = [
            (0.0, "1970-01-01T00:00:00Z"),
            (951_782_399.9, "2000-02-28T23:59:59Z"),
            (951_782_400.0, "2000-02-29T00:00:00Z"),
            (1_709_251_200.0, "2024-03-01T00:00:00Z"),
            (1_735_689_599.0, "2024-12-31T23:59:59Z"),
            (4_107_542_400.0, "2100-03-01T00:00:00Z"),
        ];
        for (at, text) in table {
            assert_eq!(UtcSecond(at).to_string(), text);
        }
    }

    #[test]
    fn a_file_that_cannot_be_made_is_named() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("out_failures.csv")).unwrap();
        let error = CsvFiles::create(&dir.path().join("out"), History::Aggregated).unwrap_err();
        assert!(error.to_string().contains("out_failures.csv"), "{error}");
    }
    /// Timestamp, users and requests of each row of history of a run of these ticks, given as `(now, users, requests)`
    /// where the users are those at the end of the tick; the last one is the end of the run.
    fn history(ticks: &[(f64, i64, u64)], history: History) -> Vec<String> {
        let dir = tempfile::tempdir().unwrap();
        let prefix = dir.path().join("out");
        let mut files = CsvFiles::create(&prefix, history).unwrap();
        let mut statistics = Statistics::new(ticks[0].0, false);
        let row = RowKey { request_type: "MQTT".into(), name: "say".into() };
        let mut all = 0;
        for (place, &(now, users, requests)) in ticks.iter().enumerate() {
            statistics.begin_tick();
            for _ in all..requests {
                statistics.log_request(&row, now, Some(Number::Float(1.0)), 1);
            }
            all = requests;
            statistics.set_user_count(users);
            let snapshot = statistics.snapshot(now);
            let last = place + 1 == ticks.len();
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
