//! What can be wrong with a recorded result, and what to do about it.

use crate::report::columns::printable;
use crate::units::{WideText, text_bytes};
use std::fmt;

/// A file that cannot be read as the result of a run. As text it says the path, what is wrong, and on a second line the
/// cure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {problem}\n  help: {}", printable(path), problem.help())]
pub struct ReadError {
    /// The path of the file, as it was given.
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
    /// The file is not text.
    #[error("line {line}: not UTF-8 text")]
    NotUtf8 {
        /// Where the first bad byte is.
        line: usize,
    },
    /// The file is text in another encoding.
    #[error(transparent)]
    Wide(#[from] WideText),
    /// It is another kind of file.
    #[error("this is {what}, not {wanted}")]
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
    /// A CSV file ends in the middle of a line.
    #[error("line {line}: the file ends in the middle of this line")]
    Cut {
        /// The last line.
        line: usize,
    },
    /// A JSON file ends before its document does.
    #[error("line {line}: the document is not at its end here, but the file is")]
    CutDocument {
        /// The last line.
        line: usize,
    },
    /// A field has another form than its column.
    #[error("line {line}: column `{}` is `{}`, not {expected}", printable(column), printable(text))]
    Field {
        /// The number of the line.
        line: usize,
        /// The column's heading.
        column: String,
        /// The text that stands there.
        text: String,
        /// What should stand there.
        expected: &'static str,
    },
    /// A request type and name stand there twice.
    #[error("line {line}: a second row for `{}`", printable(title))]
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
    #[error("{}", printable(.0))]
    Csv(String),
    /// It is not JSON, or a key has another type than it should have.
    #[error("line {line}, column {column}: {}", printable(message))]
    Json {
        /// The number of the line.
        line: usize,
        /// The column in the line, counted from 1.
        column: usize,
        /// What is wrong there.
        message: String,
    },
    /// A later version of the program wrote it.
    #[error("a result of version {version}; this program reads version {known}")]
    NewerVersion {
        /// The version that stands there.
        version: u64,
        /// The version that is known.
        known: u32,
    },
    /// It is the log of the requests of a run.
    #[error("this is a request log, not the `result.json` file of a run")]
    RequestLog,
    /// It has numbers that cannot be, each with its place.
    #[error("{}", listed(.0))]
    Impossible(Vec<String>),
    /// Several things are wrong with it, one at least.
    #[error("{}", listed(&.0.iter().map(ToString::to_string).collect::<Vec<_>>()))]
    Several(Vec<Problem>),
    /// Its parts do not fit together.
    #[error("{}", printable(.0))]
    Contradiction(String),
}

/// Which file was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// `_stats.csv`.
    Stats,
    /// `_stats_history.csv`.
    History,
    /// `_failures.csv`.
    Failures,
    /// `_exceptions.csv`.
    Exceptions,
    /// `result.json`.
    Result,
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stats => "the `_stats.csv` file of a run",
            Self::History => "the `_stats_history.csv` file of a run",
            Self::Failures => "the `_failures.csv` file of a run",
            Self::Exceptions => "the `_exceptions.csv` file of a run",
            Self::Result => "the `result.json` file of a run",
        })
    }
}

impl Problem {
    /// What to do about it, in one line.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Empty => "the run was stopped before it wrote its first line; run it again",
            Self::NotUtf8 { .. }
            | Self::Wide(_)
            | Self::Duplicate { .. }
            | Self::Fields { .. }
            | Self::Field { .. }
            | Self::Csv(_)
            | Self::Json { .. }
            | Self::Impossible(_)
            | Self::Several(_)
            | Self::Contradiction(_) => {
                "give a file as the run wrote it, not one that was edited or saved by another program"
            }
            Self::RequestLog => {
                "`mqtt-scenario replay FILE --csv PREFIX` makes the CSV files of it, and `report PREFIX` reads these"
            }
            Self::Foreign { wanted: Wanted::Result, .. } => {
                "give the folder of a run, or the `result.json` in it"
            }
            Self::Foreign { .. } => "give the prefix that the run had as `--csv PREFIX`",
            Self::MissingColumns { .. } => {
                "give a file as `--csv` wrote it; percentile columns follow Locust's PERCENTILES_TO_REPORT"
            }
            Self::Cut { .. } => {
                "the run was killed or the disk was full when it was written; a history is read without its last line"
            }
            Self::CutDocument { .. } => {
                "the disk was full when it was written; give the prefix of the CSV files of this run"
            }
            Self::NoAggregated => "the file was cut off; give a file as `--csv` wrote it",
            Self::NewerVersion { .. } => {
                "use the version of mqtt-scenario that made the result (its key `run.program`)"
            }
        }
    }

    /// One problem of these; `None` without any.
    pub(super) fn of(mut problems: Vec<Self>) -> Option<Self> {
        if problems.len() > 1 { Some(Self::Several(problems)) } else { problems.pop() }
    }

    /// This problem of the file at this path.
    pub(super) fn at(self, path: &str) -> ReadError {
        ReadError { path: path.to_owned(), problem: self }
    }
}

/// One thing that is wrong beside the path, several on lines of their own, and not all of very many.
fn listed(faults: &[String]) -> String {
    const SHOWN: usize = 10;
    if let [only] = faults {
        return only.clone();
    }
    let mut text = format!("{} things are wrong", faults.len());
    for fault in faults.iter().take(SHOWN) {
        text.extend(["\n  ", fault]);
    }
    if faults.len() > SHOWN {
        text.extend(["\n  and ", &(faults.len() - SHOWN).to_string(), " more"]);
    }
    text
}

fn quoted(words: &[String]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("`{}`", printable(word))).collect();
    if quoted.is_empty() { "none".to_owned() } else { quoted.join(", ") }
}

/// The bytes as text that is not empty, without a byte order mark.
pub(super) fn text(bytes: &[u8]) -> Result<&str, Problem> {
    let bytes = text_bytes(bytes)?;
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        Problem::NotUtf8 { line: before.split(|byte| *byte == b'\n').count() }
    })?;
    if text.trim().is_empty() { Err(Problem::Empty) } else { Ok(text) }
}

#[cfg(test)]
mod tests;
