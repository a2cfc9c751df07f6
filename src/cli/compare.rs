//! `compare`: two CSV sets side by side.
//!
//! A set is named by its prefix, as in `--csv PREFIX`; any of its four files names it as well, because a
//! shell completes to the name of a file.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::builder::styling::{AnsiColor, Style};
use clap::{Args, ValueEnum};

use crate::cli::exit;
use crate::diagnostic::nearest;
use crate::report::compare::Comparison;
use crate::report::compare::fail_on::{FailOn, GRAMMAR, Outcome};
use crate::report::compare::markdown::markdown;
use crate::report::compare::metric::Verdict;
use crate::report::compare::table::{Failure, InputError, StatsFile};
use crate::report::compare::text::text;
use crate::stats::criterion::Fault;
use crate::stats::metric::Metric;
use crate::units::text_bytes;

/// Every check passed.
const FINE: u8 = 0;
/// A file is missing or is not what it should be.
const BAD_INPUT: u8 = 2;
/// A `--fail-on` expression holds.
const MISSED: u8 = 3;

/// Compare the CSV files of two runs, of this program or of Locust
#[derive(Debug, Clone, Args)]
pub struct CompareOptions {
    /// Prefix of the older run's CSV files (`out/a` for `out/a_stats.csv`), or one of the files
    #[arg(value_name = "BASE")]
    pub base: PathBuf,

    /// Prefix of the newer run's CSV files, or one of the files
    #[arg(value_name = "NEW")]
    pub new: PathBuf,

    /// How to write the comparison
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,

    /// Exit with code 3 if this holds, such as `p95 > +10%` or `failures > 0`; can be repeated
    #[arg(long, value_name = "EXPR", value_parser = parse_fail_on, long_help = fail_on_help())]
    pub fail_on: Vec<FailOn>,
}

/// How a comparison is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For a terminal
    Text,
    /// For a comment on a pull request
    Markdown,
}

/// A comparison ready to be printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The whole text, with colours.
    pub text: String,
    /// 0, or 3 if a `--fail-on` expression holds.
    pub exit_code: u8,
}

/// Why two runs could not be compared.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// A file is not what it should be.
    #[error("{0}\n  help: {help}", help = .0.problem.help())]
    Input(#[from] InputError),
    /// A file is not there.
    #[error("{}: no such file\n  help: {help}", path.display())]
    Missing {
        /// The `_stats.csv` file.
        path: PathBuf,
        /// What to give instead.
        help: String,
    },
    /// A file cannot be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Prints the comparison. Exit codes: 0, 2 for files that cannot be compared, 3 if a `--fail-on` expression
/// holds, 4 if the output cannot be written.
pub fn run(options: &CompareOptions) -> ExitCode {
    let report = match report(options) {
        Ok(report) => report,
        Err(error) => return exit::error(BAD_INPUT, error),
    };
    let said = exit::coloured_output(&report.text);
    // `compare … | head` has read enough, and the verdict is the same.
    if said == ExitCode::SUCCESS { report.exit_code.into() } else { said }
}

/// Reads both runs, compares them and judges every `--fail-on` expression.
pub fn report(options: &CompareOptions) -> Result<Report, CompareError> {
    let (base, new) = (read(&options.base)?, read(&options.new)?);
    for fail_on in &options.fail_on {
        fail_on.check(&base, &new)?;
    }
    let comparison = Comparison::of(base, new);
    let judgements: Vec<_> = options.fail_on.iter().flat_map(|fail_on| fail_on.judge(&comparison)).collect();
    let missed = judgements.iter().any(|judgement| judgement.outcome == Outcome::Fail);
    let text = match options.format {
        Format::Text => text(&comparison, &judgements, paint),
        Format::Markdown => markdown(&comparison, &judgements),
    };
    Ok(Report { text, exit_code: if missed { MISSED } else { FINE } })
}

/// Red for worse, green for better; `anstream` takes the colours out where they are not wanted.
fn paint(verdict: Verdict, text: &str) -> String {
    let style = match verdict {
        Verdict::Better => Style::new().fg_color(Some(AnsiColor::Green.into())),
        Verdict::Worse => Style::new().fg_color(Some(AnsiColor::Red.into())),
        Verdict::Neutral => return text.to_owned(),
    };
    format!("{style}{text}{style:#}")
}

fn parse_fail_on(text: &str) -> Result<FailOn, String> {
    text.parse().map_err(|error| {
        let names = Metric::words();
        let similar = match &error {
            Fault::UnknownMetric(word) => nearest(word, names.iter().map(String::as_str)),
            _ => None,
        };
        let question = similar.map_or_else(String::new, |name| format!("; did you mean `{name}`?"));
        format!("{error}{question}\n\n{GRAMMAR}")
    })
}

fn fail_on_help() -> String {
    format!("Exit with code 3 if this holds; can be repeated\n\n{GRAMMAR}")
}

const STATS: &str = "_stats.csv";
const FAILURES: &str = "_failures.csv";

fn read(argument: &Path) -> Result<StatsFile, CompareError> {
    let prefix = prefix(argument);
    let path = with_suffix(&prefix, STATS);
    let bytes = fs::read(&path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => CompareError::Missing { help: instead(&prefix), path: path.clone() },
        _ => CompareError::Unreadable { path: path.clone(), source },
    })?;
    let mut table = StatsFile::parse(&path.to_string_lossy(), as_text(&path, &bytes)?)?;

    let path = with_suffix(&prefix, FAILURES);
    match fs::read(&path) {
        Ok(bytes) => table.failures = Some(Failure::parse(&path.to_string_lossy(), as_text(&path, &bytes)?)?),
        Err(source) if source.kind() == io::ErrorKind::NotFound => {}
        Err(source) => return Err(CompareError::Unreadable { path, source }),
    }
    Ok(table)
}

/// A file of text without its byte order mark.
fn as_text<'b>(path: &Path, bytes: &'b [u8]) -> Result<&'b [u8], CompareError> {
    let unreadable = |wide| CompareError::Unreadable {
        path: path.to_owned(),
        source: io::Error::new(io::ErrorKind::InvalidData, wide),
    };
    text_bytes(bytes).map_err(unreadable)
}

/// The prefix that a person means by it or by one of its files.
fn prefix(argument: &Path) -> PathBuf {
    let suffixes = [STATS, "_stats_history.csv", FAILURES, "_exceptions.csv"];
    let stripped =
        argument.to_str().and_then(|text| suffixes.iter().find_map(|suffix| text.strip_suffix(suffix)));
    stripped.map_or_else(|| argument.to_owned(), PathBuf::from)
}

fn with_suffix(prefix: &Path, suffix: &str) -> PathBuf {
    let mut path = OsString::from(prefix);
    path.push(suffix);
    path.into()
}

/// What to give instead of a prefix without files: the prefixes that are where it points.
fn instead(prefix: &Path) -> String {
    let directory = match prefix.parent() {
        _ if prefix.is_dir() => prefix,
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let mut found: Vec<String> = fs::read_dir(directory)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_suffix(STATS).map(str::to_owned))
        .collect();
    found.sort_unstable();
    if found.is_empty() {
        return "give the prefix that the run had as `--csv PREFIX`".to_owned();
    }
    let more = if found.len() > 5 { ", …" } else { "" };
    found.truncate(5);
    format!("the prefixes in `{}` are {}{more}", directory.display(), found.join(", "))
}
