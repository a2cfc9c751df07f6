//! The statistics of one run, read back from `_stats.csv` and `_failures.csv`: ours or Locust's own.
//!
//! Columns are found by heading, not by position. All percentile columns are read, since Locust's list of them can be
//! configured. A file with a mistake is refused as a whole, with the line and advice: half a file would look like a
//! faster run.

use std::collections::HashSet;
use std::fmt;

use crate::stats::metric::{Metric, Unit};
use csv::{ErrorKind, Position, Reader, ReaderBuilder, StringRecord};

/// The statistics of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct StatsFile {
    /// The `_stats.csv` file it was read from.
    pub path: String,
    /// The percentile columns, in the file's order.
    pub percentiles: Vec<Metric>,
    /// One row per request type and name, in the file's order.
    pub rows: Vec<StatsRow>,
    /// The row for all requests.
    pub aggregated: StatsRow,
    /// The failures by error text; `None` if the run has no `_failures.csv`.
    pub failures: Option<Vec<Failure>>,
}

/// The statistics of one request type and name.
#[derive(Debug, Clone, PartialEq)]
pub struct StatsRow {
    /// Request type, such as `MQTT`; empty for Aggregated.
    pub request_type: String,
    /// Name.
    pub name: String,
    values: Vec<(Metric, Option<f64>)>,
}

/// How often one error came up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Request type; the file's heading is `Method`.
    pub request_type: String,
    /// Name.
    pub name: String,
    /// The error's text.
    pub error: String,
    /// How often it came up.
    pub occurrences: u64,
}

impl StatsFile {
    /// Reads the text of a `_stats.csv` file; `path` is for messages. The failures are `None`.
    pub fn parse(path: &str, bytes: &[u8]) -> Result<Self, InputError> {
        parse_stats(path, bytes).map_err(|problem| InputError { path: path.to_owned(), problem })
    }

    /// Makes sure that the file has the metric's column.
    pub fn require(&self, metric: Metric) -> Result<(), InputError> {
        if !matches!(metric, Metric::Percentile(_)) || self.percentiles.contains(&metric) {
            return Ok(());
        }
        let column = metric.heading().unwrap_or_default();
        let found = self.percentiles.iter().filter_map(|p| p.heading()).collect();
        Err(InputError {
            path: self.path.clone(),
            problem: Problem::MissingColumns { missing: vec![column], found },
        })
    }
}

impl StatsRow {
    /// The metric's value. None if the file says `N/A` or has no such column, and for every response time
    /// of a row without requests, where Locust writes 0 for a median or an average of nothing.
    pub fn value(&self, metric: Metric) -> Option<f64> {
        let requests = self.column(Metric::Requests);
        match metric.unit() {
            Unit::Milliseconds if requests == Some(0.0) => None,
            Unit::Percent => match (self.column(Metric::Failures), requests) {
                (Some(failures), Some(requests)) if requests > 0.0 => Some(failures * 100.0 / requests),
                _ => None,
            },
            _ => self.column(metric),
        }
    }

    fn column(&self, metric: Metric) -> Option<f64> {
        self.values.iter().find(|(known, _)| *known == metric).and_then(|(_, value)| *value)
    }
}

impl Failure {
    /// Reads the text of a `_failures.csv` file; `path` is for messages.
    pub fn parse(path: &str, bytes: &[u8]) -> Result<Vec<Self>, InputError> {
        parse_failures(bytes).map_err(|problem| InputError { path: path.to_owned(), problem })
    }
}

/// A file that cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {problem}")]
pub struct InputError {
    /// The path of the file.
    pub path: String,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a file. Lines count from 1, the header included.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The file is empty.
    #[error("the file is empty")]
    Empty,
    /// The file is not text as Locust writes it.
    #[error("line {line}: not UTF-8 text")]
    NotUtf8 {
        /// Where the first bad byte is.
        line: usize,
    },
    /// It is another kind of file.
    #[error("{what}, not {wanted}")]
    Foreign {
        /// What it looks like.
        what: &'static str,
        /// The file that was expected.
        wanted: Wanted,
    },
    /// Columns are missing that are needed.
    #[error("no column {}; found: {}", quoted(missing), quoted(found))]
    MissingColumns {
        /// The headings that are needed.
        missing: Vec<String>,
        /// The headings that are there.
        found: Vec<String>,
    },
    /// A line has too few or too many fields.
    #[error("line {line}: {found} fields where the header has {expected}")]
    Fields {
        /// The number of the line.
        line: usize,
        /// How many there are.
        found: u64,
        /// How many the header has.
        expected: u64,
    },
    /// The last line has no line end.
    #[error("line {line}: the file ends in the middle of this line")]
    Cut {
        /// The last line.
        line: usize,
    },
    /// A field that should be a number is not one.
    #[error("line {line}: column `{column}` is `{}`, not a number", one_line(text))]
    NotANumber {
        /// The number of the line.
        line: usize,
        /// The column's heading.
        column: String,
        /// The text that stands there.
        text: String,
    },
    /// A request type and name stand there twice.
    #[error("line {line}: a second row for `{}`", one_line(title))]
    Duplicate {
        /// The line of the second row.
        line: usize,
        /// Type and name.
        title: String,
    },
    /// The last row is not Aggregated, or there is none.
    #[error("no Aggregated row at the end")]
    NoAggregated,
    /// The CSV reader failed for another reason.
    #[error("{0}")]
    Csv(String),
}

/// Which of Locust's files was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// `_stats.csv`.
    Stats,
    /// `_failures.csv`.
    Failures,
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stats => "the `_stats.csv` file of a run",
            Self::Failures => "the `_failures.csv` file of a run",
        })
    }
}

impl Problem {
    /// What to do about it: one line.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Empty => "the run was stopped before it wrote its first line; run it again with `--csv`",
            Self::NotUtf8 { .. } | Self::Duplicate { .. } | Self::NotANumber { .. } | Self::Csv(_) => {
                "give a file as `--csv` wrote it, not one that was edited or saved by another program"
            }
            Self::Foreign { .. } => {
                "give the prefix that the run had as `--csv PREFIX`; PREFIX_stats.csv is what is compared"
            }
            Self::MissingColumns { .. } => {
                "give a file as `--csv` wrote it; percentile columns follow Locust's PERCENTILES_TO_REPORT"
            }
            Self::Fields { .. } | Self::Cut { .. } | Self::NoAggregated => {
                "the file is cut short or its run is still writing; compare finished runs"
            }
        }
    }
}

/// Text that stays on its line and cannot steer a terminal: control characters are written as escapes.
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() { line.extend(c.escape_default()) } else { line.push(c) }
    }
    line
}

/// The columns of `_stats.csv` that are read whatever the percentiles are.
const NUMBERS: [Metric; 8] = [
    Metric::Requests,
    Metric::Failures,
    Metric::Median,
    Metric::Average,
    Metric::Min,
    Metric::Max,
    Metric::Rps,
    Metric::FailuresPerS,
];

fn quoted(words: &[String]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("`{}`", one_line(word))).collect();
    if quoted.is_empty() { "none".to_owned() } else { quoted.join(", ") }
}

fn parse_stats(path: &str, bytes: &[u8]) -> Result<StatsFile, Problem> {
    let text = text(bytes)?;
    let (mut reader, header) = open(text, Wanted::Stats)?;
    let fixed = NUMBERS.map(|metric| (metric, metric.heading().unwrap_or_default()));
    let wanted: Vec<&str> =
        ["Type", "Name"].into_iter().chain(fixed.iter().map(|(_, heading)| heading.as_str())).collect();
    let at = columns(&header, &wanted, Wanted::Stats)?;
    let percentiles: Vec<(Metric, usize)> = header
        .iter()
        .enumerate()
        .filter_map(|(at, heading)| Metric::from_percentile_heading(heading).map(|metric| (metric, at)))
        .collect();

    let mut rows = Vec::new();
    let mut positions = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| problem_of(text, &error))?;
        let mut values = Vec::with_capacity(fixed.len() + percentiles.len());
        for ((metric, _), at) in fixed.iter().zip(&at[2..]) {
            values.push((*metric, Some(number(text, &record, &header[*at], *at)?)));
        }
        for (metric, at) in &percentiles {
            let value =
                if record[*at] == *"N/A" { None } else { Some(number(text, &record, &header[*at], *at)?) };
            values.push((*metric, value));
        }
        rows.push(StatsRow {
            request_type: record[at[0]].to_owned(),
            name: record[at[1]].to_owned(),
            values,
        });
        positions.push(record.position().cloned());
    }
    // The last row, whatever it is called before: a user's own entry may be named Aggregated too.
    let aggregated = rows.pop().filter(|row| row.request_type.is_empty() && row.name == "Aggregated");
    let aggregated = aggregated.ok_or(Problem::NoAggregated)?;
    let mut seen = HashSet::new();
    for (row, position) in rows.iter().zip(positions) {
        if !seen.insert((&row.request_type, &row.name)) {
            let title = format!("{} {}", row.request_type, row.name);
            let line = line(text, position.as_ref());
            return Err(Problem::Duplicate { line, title: title.trim_start().to_owned() });
        }
    }
    let percentiles = percentiles.into_iter().map(|(metric, _)| metric).collect();
    Ok(StatsFile { path: path.to_owned(), percentiles, rows, aggregated, failures: None })
}

fn parse_failures(bytes: &[u8]) -> Result<Vec<Failure>, Problem> {
    let text = text(bytes)?;
    let (mut reader, header) = open(text, Wanted::Failures)?;
    let at = columns(&header, &["Method", "Name", "Error", "Occurrences"], Wanted::Failures)?;
    let mut failures = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| problem_of(text, &error))?;
        let occurrences =
            record[at[3]].parse().map_err(|_| not_a_number(text, &record, "Occurrences", at[3]))?;
        failures.push(Failure {
            request_type: record[at[0]].to_owned(),
            name: record[at[1]].to_owned(),
            error: record[at[2]].to_owned(),
            occurrences,
        });
    }
    Ok(failures)
}

/// The file as text that ends with a line end, a byte order mark taken away.
fn text(bytes: &[u8]) -> Result<&str, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        Problem::NotUtf8 { line: before.split(|byte| *byte == b'\n').count() }
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() { Err(Problem::Empty) } else { Ok(text) }
}

/// A reader behind the header, and the header, of a file that looks like the one that is wanted.
fn open(text: &str, wanted: Wanted) -> Result<(Reader<&[u8]>, StringRecord), Problem> {
    let foreign = |what| Err(Problem::Foreign { what, wanted });
    match text.trim_start().chars().next() {
        Some('<') => return foreign("this is an HTML or XML file"),
        Some('{' | '[') => return foreign("this is a JSON file"),
        _ => {}
    }
    let mut reader = ReaderBuilder::new().from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| problem_of(text, &error))?.clone();
    let has = |headings: &[&str]| headings.iter().all(|heading| header.iter().any(|found| found == *heading));
    let what = if has(&["Timestamp", "User Count"]) {
        "this is a `_stats_history.csv` file"
    } else if has(&["Count", "Message", "Traceback"]) {
        "this is an `_exceptions.csv` file"
    } else if has(&["Method", "Error", "Occurrences"]) && wanted == Wanted::Stats {
        "this is a `_failures.csv` file"
    } else if has(&["Type", "Request Count"]) && wanted == Wanted::Failures {
        "this is a `_stats.csv` file"
    } else if has(&["timeStamp", "elapsed", "label"]) || has(&["Label", "# Samples"]) {
        "this is a JMeter result file"
    } else if has(&["metric_name", "metric_value"]) {
        "this is a k6 result file"
    } else if !text.ends_with('\n') {
        return Err(Problem::Cut { line: text.lines().count() });
    } else {
        return Ok((reader, header));
    };
    foreign(what)
}

/// Where the wanted columns stand.
fn columns(header: &StringRecord, headings: &[&str], wanted: Wanted) -> Result<Vec<usize>, Problem> {
    let found: Vec<Option<usize>> =
        headings.iter().map(|heading| header.iter().position(|found| found == *heading)).collect();
    if found.iter().all(Option::is_none) {
        return Err(Problem::Foreign { what: "this is a file without any of Locust's columns", wanted });
    }
    let missing: Vec<String> = headings
        .iter()
        .zip(&found)
        .filter(|(_, column)| column.is_none())
        .map(|(heading, _)| (*heading).to_owned())
        .collect();
    if missing.is_empty() {
        Ok(found.into_iter().flatten().collect())
    } else {
        Err(Problem::MissingColumns { missing, found: header.iter().map(str::to_owned).collect() })
    }
}

/// An int or a float as Python writes it (`45`, `0.1`, `1e-05`, `1e+16`).
fn number(file: &str, record: &StringRecord, column: &str, at: usize) -> Result<f64, Problem> {
    let value: Option<f64> = record[at].parse().ok();
    value.filter(|value| value.is_finite()).ok_or_else(|| not_a_number(file, record, column, at))
}

fn not_a_number(file: &str, record: &StringRecord, column: &str, at: usize) -> Problem {
    let line = line(file, record.position());
    Problem::NotANumber { line, column: column.to_owned(), text: record[at].to_owned() }
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

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "Name,Type,Request Count,Failure Count,Median Response Time,Average Response Time,\
        Min Response Time,Max Response Time,Requests/s,Failures/s,90%,99.9%\r\n";

    #[test]
    fn columns_are_found_by_heading_and_python_numbers_read() {
        let text = format!(
            "{HEADER}a,MQTT,4,1,2,1e-05,0,1e+16,0.5,0.0,7,9\r\nb,MQTT,0,0,0,0.0,0,0,0.0,0.0,N/A,N/A\r\n\
             Aggregated,,4,1,2,2.5,0,3.5,0.5,0.0,7,9\r\n"
        );
        let table = StatsFile::parse("x_stats.csv", text.as_bytes()).unwrap();
        assert_eq!(table.percentiles, [Metric::Percentile(90.0), Metric::Percentile(99.9)]);
        let [a, b] = &table.rows[..] else { panic!("{:?}", table.rows) };
        assert_eq!((a.request_type.as_str(), a.name.as_str()), ("MQTT", "a"));
        assert_eq!(a.value(Metric::Average), Some(0.000_01));
        assert_eq!(a.value(Metric::Max), Some(1e16));
        assert_eq!(a.value(Metric::FailureRatio), Some(25.0));
        assert_eq!(a.value(Metric::Percentile(99.9)), Some(9.0));
        assert_eq!(a.value(Metric::Percentile(50.0)), None);
        assert_eq!((b.value(Metric::Requests), b.value(Metric::Rps)), (Some(0.0), Some(0.0)));
        for nothing in [Metric::Median, Metric::Average, Metric::FailureRatio, Metric::Percentile(90.0)] {
            assert_eq!(b.value(nothing), None, "{nothing}");
        }
        assert!(table.require(Metric::Percentile(90.0)).is_ok());
        assert!(table.require(Metric::FailureRatio).is_ok());
        let error = table.require(Metric::Percentile(95.0)).unwrap_err().to_string();
        assert_eq!(error, "x_stats.csv: no column `95%`; found: `90%`, `99.9%`");
    }

    #[test]
    fn an_entry_named_aggregated_is_not_the_total() {
        let row = |name: &str, count: u32| format!("{name},,{count},0,0,0.0,0,0,0.0,0.0,0,0\r\n");
        let text = [HEADER.to_owned(), row("Aggregated", 1), row("Aggregated", 2)].concat();
        let table = StatsFile::parse("x", text.as_bytes()).unwrap();
        assert_eq!(table.rows[0].value(Metric::Requests), Some(1.0));
        assert_eq!(table.aggregated.value(Metric::Requests), Some(2.0));
    }

    #[test]
    fn a_byte_order_mark_and_an_old_failures_file_are_read() {
        let text = "\u{feff}Method,Name,Error,Occurrences\r\nMQTT,a,\"x, \"\"y\"\"\",3\r\n";
        let failures = Failure::parse("x", text.as_bytes()).unwrap();
        assert_eq!((failures[0].error.as_str(), failures[0].occurrences), ("x, \"y\"", 3));
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(one_line("a\u{1b}[31m\nä"), "a\\u{1b}[31m\\nä");
    }
}
