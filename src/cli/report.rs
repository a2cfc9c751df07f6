//! `report`: the HTML report of recorded results.
//!
//! Several results give several reports: results that ran together are one after `merge`, and `compare` lays two over each
//! other. A report goes beside its result, so that a run folder is whole again.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use crate::cli::exit;
use crate::cli::recorded::{Found, Place, RESULT, RecordedError};
use crate::report::columns::printable;
use crate::report::destination::Destination;
use crate::report::{html, result_json};

const AFTER_HELP: &str = "\
A result is the folder of a run, a `result.json`, or the prefix of CSV files, those of Locust included. CSV files tell less: \
the report says what is missing.

Examples:
  mqtt-scenario report out/2026-11-29T16-55-03Z-storm     writes report.html into the folder
  mqtt-scenario report locust/run --html run.html         from Locust's run_stats.csv and the others
  mqtt-scenario report locust/run --json result.json      the same numbers for scripts
  mqtt-scenario report out/* --html reports               one file for each run
  mqtt-scenario report runs/2026-11-29T16-55-03Z-storm    in each run of --repeat and --versus";

/// Make the HTML report of recorded results
#[derive(Debug, Clone, Args)]
#[command(after_help = AFTER_HELP)]
pub struct ReportOptions {
    /// Folders of runs, `result.json` files, or prefixes of CSV files; each gets a report of its own
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,

    /// Where the report goes: a file, or a folder that is there; a folder for several results [default: beside the result]
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,

    /// Write the result as `result.json` to this file, too; for one result
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// There is no result at a path.
    #[error(transparent)]
    Recorded(#[from] RecordedError),
    /// The options do not fit the number of results.
    #[error("{0}")]
    Options(&'static str),
    /// Two reports would be one file.
    #[error("{}: two of the results have this report\n  help: make a report for each of them, with another --html", .0.display())]
    Same(PathBuf),
    /// A file cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Unwritten {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Makes the reports, and says where they are. Exit codes: 0, 2 for results that cannot be read, 4 if a file cannot be written.
pub(super) fn run(options: &ReportOptions) -> ExitCode {
    match reports(options) {
        Ok(said) => exit::output(&said),
        Err(error @ ReportError::Unwritten { .. }) => exit::error(exit::CANNOT_GO_ON, error),
        Err(error) => exit::error(exit::BAD_INPUT, error),
    }
}

/// Makes the reports; returns what to say. Results are found before the first report is written.
pub fn reports(options: &ReportOptions) -> Result<String, ReportError> {
    let folder = options.html.as_deref().filter(|path| path.is_dir());
    let found = Found::of(&options.paths)?;
    exit::say(&found.said());
    if found.places.is_empty() {
        return Err(ReportError::Options("there is no result to make a report of"));
    }
    if found.places.len() > 1 {
        if options.html.is_some() && folder.is_none() {
            return Err(ReportError::Options(
                "--html must be a folder that is there, since there are several results",
            ));
        }
        if options.json.is_some() {
            return Err(ReportError::Options("--json is for one result"));
        }
    }
    let (mut pairs, mut targets) = (Vec::new(), BTreeSet::new());
    for place in found.places {
        let target = match (folder, &options.html) {
            (Some(folder), _) => folder.join(file_name(&place)),
            (None, Some(file)) => file.clone(),
            (None, None) => beside(&place),
        };
        if !targets.insert(target.clone()) {
            return Err(ReportError::Same(target));
        }
        pairs.push((place, target));
    }
    let mut said = String::new();
    for (place, target) in pairs {
        let result = place.read()?;
        if place.is_unfinished_run() {
            let name = printable(&place.name());
            exit::say(&format!("warning: {name}: the run did not end: its folder has no result.json\n"));
        }
        let page = html::page(&result).map_err(io::Error::other);
        write(&target, page.map(String::into_bytes))?;
        said.extend(["Report: ", &target.display().to_string(), "\n"]);
        if let Some(json) = &options.json {
            write(json, Ok(result_json::text(&result)))?;
            said.extend(["Result: ", &json.display().to_string(), "\n"]);
        }
    }
    Ok(said)
}

fn write(path: &Path, bytes: io::Result<Vec<u8>>) -> Result<(), ReportError> {
    let written = bytes.and_then(|bytes| Destination::find(path)?.replace_for_good(&bytes));
    written.map_err(|source| ReportError::Unwritten { path: path.to_owned(), source })
}

/// The report beside its result: `report.html` in the folder of a run, `NAME.html` for another file, and
/// `PREFIX_report.html` for CSV files.
fn beside(place: &Place) -> PathBuf {
    match place {
        Place::Document(path) if path.ends_with(RESULT) => path.with_file_name("report.html"),
        Place::Document(path) => path.with_extension("html"),
        Place::Csv(prefix) if place.is_unfinished_run() => prefix.with_file_name("report.html"),
        Place::Csv(prefix) => {
            let mut path = OsString::from(prefix);
            path.push("_report.html");
            path.into()
        }
    }
}

/// The name of a report in a folder of reports: that of the run's folder, file or prefix.
fn file_name(place: &Place) -> OsString {
    let named = match place {
        Place::Document(path) if path.ends_with(RESULT) => place.folder(),
        Place::Csv(_) if place.is_unfinished_run() => place.folder(),
        Place::Document(path) | Place::Csv(path) => path,
    };
    let stem = if matches!(place, Place::Document(path) if !path.ends_with(RESULT)) {
        named.file_stem()
    } else {
        named.file_name()
    };
    let mut name = stem.unwrap_or("report".as_ref()).to_owned();
    name.push(".html");
    name
}
