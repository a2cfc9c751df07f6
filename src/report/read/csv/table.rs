//! One CSV file as header and records, with the line of each for messages.
//!
//! Columns are found by heading, not by position: Locust's list of percentiles can be configured, and older versions have
//! fewer columns.

use std::rc::Rc;

use csv::{ErrorKind, Position, Reader, ReaderBuilder, StringRecord};

use crate::report::read::possible::{MAX_COUNT, MAX_NUMBER};
use crate::report::read::problem::{Problem, Wanted, text};

/// A CSV file that is read record by record.
pub(super) struct Table<'a> {
    text: &'a str,
    reader: Reader<&'a [u8]>,
    header: Rc<StringRecord>,
    wanted: Wanted,
}

/// One line of it, or several if a field has line breaks.
pub(super) struct Record<'a> {
    text: &'a str,
    header: Rc<StringRecord>,
    fields: StringRecord,
}

/// What other files begin with, so that a wrong file is called by its name.
const KNOWN: [(&[&str], &str, Option<Wanted>); 7] = [
    (&["Timestamp", "User Count"], "a `_stats_history.csv` file", Some(Wanted::History)),
    (&["Count", "Message", "Traceback"], "an `_exceptions.csv` file", Some(Wanted::Exceptions)),
    (&["Method", "Error", "Occurrences"], "a `_failures.csv` file", Some(Wanted::Failures)),
    (&["Type", "Request Count"], "a `_stats.csv` file", Some(Wanted::Stats)),
    (&["timeStamp", "elapsed", "label"], "a JMeter result file", None),
    (&["Label", "# Samples"], "a JMeter result file", None),
    (&["metric_name", "metric_value"], "a k6 result file", None),
];

impl<'a> Table<'a> {
    /// Opens a file that should be this one.
    pub(super) fn open(bytes: &'a [u8], wanted: Wanted) -> Result<Self, Problem> {
        let text = text(bytes)?;
        let foreign = |what| Problem::Foreign { what, wanted };
        match text.trim_start().chars().next() {
            Some('<') => return Err(foreign("an HTML or XML file")),
            Some('{' | '[') => return Err(foreign("a JSON file")),
            _ => {}
        }
        let mut reader = ReaderBuilder::new().from_reader(text.as_bytes());
        let header = Rc::new(reader.headers().map_err(|error| problem_of(text, &error))?.clone());
        let has = |heading: &&str| header.iter().any(|found| found == *heading);
        let known = KNOWN.iter().find(|(headings, ..)| headings.iter().all(has));
        match known {
            Some((_, what, is)) if *is != Some(wanted) => return Err(foreign(what)),
            _ if !text.ends_with('\n') => return Err(Problem::Cut { line: text.lines().count() }),
            _ => {}
        }
        Ok(Self { text, reader, header, wanted })
    }

    /// Where these columns stand, all of which are needed.
    pub(super) fn columns<const N: usize>(&self, headings: [&str; N]) -> Result<[usize; N], Problem> {
        let found = headings.map(|heading| self.column(heading));
        if found.iter().all(Option::is_none) {
            let what = "a file without any of Locust's columns";
            return Err(Problem::Foreign { what, wanted: self.wanted });
        }
        let missing: Vec<String> = headings
            .into_iter()
            .zip(found)
            .filter(|(_, column)| column.is_none())
            .map(|(heading, _)| heading.to_owned())
            .collect();
        if missing.is_empty() {
            return Ok(found.map(Option::unwrap_or_default));
        }
        Err(Problem::MissingColumns { missing, found: self.header.iter().map(str::to_owned).collect() })
    }

    /// Where a column stands that older files do not have.
    pub(super) fn column(&self, heading: &str) -> Option<usize> {
        self.header.iter().position(|found| found == heading)
    }

    /// The percentile columns in ascending order: the percentage, and where it stands.
    pub(super) fn percentiles(&self) -> Vec<(f64, usize)> {
        let percent = |heading: &str| {
            let digits =
                heading.strip_suffix('%').filter(|digits| digits.starts_with(|c: char| c.is_ascii_digit()));
            digits?.parse().ok().filter(|percent| (0.0..=100.0).contains(percent))
        };
        let mut found: Vec<(f64, usize)> = self
            .header
            .iter()
            .enumerate()
            .filter_map(|(at, heading)| Some((percent(heading)?, at)))
            .collect();
        found.sort_by(|a, b| a.0.total_cmp(&b.0));
        found
    }

    /// The next record.
    pub(super) fn next(&mut self) -> Option<Result<Record<'a>, Problem>> {
        let mut fields = StringRecord::new();
        match self.reader.read_record(&mut fields) {
            Ok(false) => None,
            Ok(true) => Some(Ok(Record { text: self.text, header: Rc::clone(&self.header), fields })),
            Err(error) => Some(Err(problem_of(self.text, &error))),
        }
    }
}

impl Record<'_> {
    /// The text of a column.
    pub(super) fn text(&self, at: usize) -> &str {
        &self.fields[at]
    }

    /// A whole number from 0, and not more than there can be of anything.
    pub(super) fn count(&self, at: usize) -> Result<u64, Problem> {
        let value: Option<u64> = self.fields[at].parse().ok();
        value
            .filter(|value| *value <= MAX_COUNT)
            .ok_or_else(|| self.problem(at, "a whole number of 10^15 or less"))
    }

    /// An int or a float as Python writes it (`45`, `0.1`, `1e-05`, `1e+16`), from 0: no time, rate or length is negative.
    pub(super) fn number(&self, at: usize) -> Result<f64, Problem> {
        let value: Option<f64> = self.fields[at].parse().ok();
        value
            .filter(|value| (0.0..=MAX_NUMBER).contains(value))
            .ok_or_else(|| self.problem(at, "a number from 0 to 10^18"))
    }

    /// A number, or `N/A`, which Locust writes where a row has no requests.
    pub(super) fn number_if_any(&self, at: usize) -> Result<Option<f64>, Problem> {
        if &self.fields[at] == "N/A" { Ok(None) } else { self.number(at).map(Some) }
    }

    /// That a column does not have the form that it should have.
    pub(super) fn problem(&self, at: usize, expected: &'static str) -> Problem {
        Problem::Field {
            line: self.line(),
            column: self.header[at].to_owned(),
            text: self.fields[at].to_owned(),
            expected,
        }
    }

    /// The line that it begins in, counted from 1.
    pub(super) fn line(&self) -> usize {
        line(self.text, self.fields.position())
    }
}

fn problem_of(file: &str, error: &csv::Error) -> Problem {
    match error.kind() {
        ErrorKind::UnequalLengths { pos, expected_len, len } => {
            Problem::Fields { line: line(file, pos.as_ref()), found: *len, expected: *expected_len }
        }
        _ => Problem::Csv(error.to_string()),
    }
}

/// The line that a record begins in. The reader's own count is one short in files with `\r\n`: it takes the
/// `\n` for the beginning of the next record.
fn line(file: &str, position: Option<&Position>) -> usize {
    let byte = position.map_or(0, Position::byte);
    let rest = usize::try_from(byte).ok().and_then(|byte| file.get(byte..)).unwrap_or(file);
    let record = rest.trim_start_matches(['\r', '\n']);
    file[..file.len() - record.len()].matches('\n').count() + 1
}
