//! The rows of the files, put together field by field as Python's `csv` writes them.
//!
//! No CSV library makes them: Python quotes a field for `,` `"` CR and LF only, and not because it is empty.

use std::ffi::OsString;
use std::fmt::{Display, Write as _};
use std::path::{Path, PathBuf};

use crate::report::number::{PythonFloat, PythonNumber};
use crate::stats::failure::Failure;
use crate::stats::number::Number;
use crate::stats::percentiles::{PercentileList, Percentiles};
use crate::stats::snapshot::{Row, Snapshot};
use crate::units::Date;

/// Rows as they are put together.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) text: String,
    in_row: bool,
}

impl Rows {
    pub(super) fn clear(&mut self) {
        self.text.clear();
    }

    pub(super) fn push_stats(&mut self, row: &Row, list: &PercentileList) {
        self.text(&row.key.request_type);
        self.text(&row.key.name);
        self.totals(row);
        self.value(PythonFloat(row.rps));
        self.value(PythonFloat(row.failures_per_s));
        self.percentiles(row.percentiles.as_ref(), list);
        self.end();
    }

    pub(super) fn push_history(&mut self, snapshot: &Snapshot, users: i64, row: &Row) {
        self.value(second(snapshot));
        self.value(users);
        self.text(&row.key.request_type);
        self.text(&row.key.name);
        self.value(format_args!("{:.6}", row.current_rps));
        self.value(format_args!("{:.6}", row.current_failures_per_s));
        self.percentiles(row.history_percentiles.as_ref(), &snapshot.percentiles);
        self.totals(row);
        self.end();
    }

    pub(super) fn push_failure(&mut self, failure: &Failure) {
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

    fn percentiles(&mut self, percentiles: Option<&Percentiles>, list: &PercentileList) {
        match percentiles {
            Some(buckets) => buckets.iter().for_each(|bucket| self.value(bucket)),
            None => list.fractions().iter().for_each(|_| self.value("N/A")),
        }
    }

    /// A field that needs no quotes.
    pub(super) fn value(&mut self, value: impl Display) {
        self.separate();
        let written = write!(self.text, "{value}");
        debug_assert!(written.is_ok(), "a String takes everything");
    }

    /// A field that may need quotes.
    pub(super) fn text(&mut self, field: &str) {
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

    pub(super) fn end(&mut self) {
        self.text.push_str("\r\n");
        self.in_row = false;
    }
}

/// The headings of the percentile columns, with commas between.
pub(super) fn headings(list: &PercentileList) -> String {
    list.headings().collect::<Vec<_>>().join(",")
}

/// The timestamp of a tick.
pub(super) fn second(snapshot: &Snapshot) -> i128 {
    Number::Float(snapshot.now).truncated()
}

/// The path of a file that has this prefix.
pub(super) fn with_suffix(prefix: &Path, suffix: &str) -> PathBuf {
    let mut path = OsString::from(prefix);
    path.push(suffix);
    path.into()
}

/// Unix time, written `2026-11-23T01:42:56Z`.
#[derive(Debug, Clone, Copy)]
struct UtcSecond(f64);

impl Display for UtcSecond {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        #[expect(clippy::cast_possible_truncation, reason = "cutting off the fraction is the purpose")]
        let seconds = self.0 as i64;
        let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let Date { year, month, day } = Date::of_unix_day(days);
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        write!(f, "{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

#[cfg(test)]
mod tests;
