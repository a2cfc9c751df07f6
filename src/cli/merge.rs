//! `merge`: results of processes or machines that ran together as one result.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use crate::cli::recorded::{Found, RESULT, Recorded, RecordedError};
use crate::cli::{exit, outputs};
use crate::report::columns::printable;
use crate::report::destination::Destination;
use crate::report::merge::{MergeError, Named, warnings, written};
use crate::report::{html, summary};
use crate::stats::result::RunResult;
use crate::units::fitting;

const AFTER_HELP: &str = "\
Counts and histograms are added, so percentiles are those of all requests together; seconds are laid over each other by \
wall clock, so the clocks of the machines should agree. Thresholds that all runs have are judged again by the sum, and \
the verdict is never better than that of the worst run.

Shards of a run (`run --shard I/N`) are checked: one that is there twice is an error, and so are shards of different runs \
(--run-id). If shards are missing, that is said, and no threshold is judged: they are of the whole run.

Exit codes, as those of `run`:
  0    all was fine
  1    requests failed (--exit-code-on-error)
  2    the results cannot be merged; nothing was written
  3    a threshold was missed or could not be judged
  4    a shard is missing, or a file could not be written
  130  a run was interrupted twice

Examples:
  mqtt-scenario merge out/a out/b --out out/all
  mqtt-scenario merge out/a out/b --out out/all --exit-code-on-error 0    only thresholds decide

A merge writes result.json and report.html, and no other files: `compare`, `trend` and `report` read the result. The CSV \
files, the log and history.hlog are those of each run.";

/// Add the results of processes or machines that ran together
#[derive(Debug, Clone, Args)]
#[command(after_help = AFTER_HELP)]
pub struct MergeOptions {
    /// Folders of runs, folders of several runs (`run --repeat`), or `result.json` files; CSV files have no histograms and
    /// cannot be merged
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,

    /// Folder for the merged `result.json` and its `report.html`; it is made if it is not there
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,

    /// Write the verdicts on thresholds as `JUnit` XML, which CI servers show
    #[arg(long, value_name = "FILE")]
    #[arg(help = "Write the verdicts on thresholds as JUnit XML, which CI servers show")]
    pub junit: Option<PathBuf>,

    /// Exit code if there were failures or exceptions [default: that of the runs, which is 1 unless they say otherwise]
    #[arg(long, value_name = "CODE", allow_negative_numbers = true)]
    pub exit_code_on_error: Option<u8>,
}

/// A sum that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// What to say of it.
    pub text: String,
    /// The exit code of its verdict.
    pub exit_code: u8,
}

/// Why results were not merged.
#[derive(Debug, thiserror::Error)]
pub enum MergeFailed {
    /// There is no result at a path.
    #[error(transparent)]
    Recorded(#[from] RecordedError),
    /// The results do not add up.
    #[error(transparent)]
    Merge(#[from] MergeError),
    /// One result is named twice, or is where the sum should go.
    #[error("{}: {what}", path.display())]
    Same {
        /// The path as it was given.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The sum cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Unwritten {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Merges, and says where the result is. Exit codes: that of the merged verdict, 2 for results that cannot be merged, 4 if
/// the sum cannot be written or is not of the whole run.
pub(super) fn run(options: &MergeOptions) -> ExitCode {
    match merged(options) {
        Ok(merged) => {
            let said = exit::output(&merged.text);
            if said == ExitCode::SUCCESS { merged.exit_code.into() } else { said }
        }
        Err(error @ MergeFailed::Unwritten { .. }) => exit::error(exit::CANNOT_GO_ON, error),
        Err(error) => exit::error(exit::BAD_INPUT, error),
    }
}

/// Merges the results and writes the sum.
pub fn merged(options: &MergeOptions) -> Result<Merged, MergeFailed> {
    let path = options.out.join(RESULT);
    let page = path.with_file_name("report.html");
    let mut places: BTreeSet<PathBuf> = fs::canonicalize(&path).into_iter().collect();
    let mut all: Vec<Recorded> = Vec::new();
    let found = Found::of(&options.paths)?;
    exit::say(&found.said());
    for place in found.places {
        let file = fs::canonicalize(place.path()).unwrap_or_else(|_| place.path().to_owned());
        let is_out = fs::canonicalize(&path).is_ok_and(|out| out == file);
        if is_out || !places.insert(file) {
            let what = if is_out { "this is where the sum should go" } else { "this result is named twice" };
            return Err(MergeFailed::Same { path: place.path().to_owned(), what });
        }
        all.push(Recorded { result: place.read()?, place });
    }
    let names: Vec<String> = all.iter().map(|of| of.place.name()).collect();
    let named: Vec<Named<'_>> =
        all.iter().zip(&names).map(|(of, name)| Named { name, result: &of.result }).collect();
    let is_taken = |file: &&PathBuf| [&path, &page].contains(file) || all.iter().any(|of| of.place.has(file));
    if let Some(file) = options.junit.iter().find(is_taken) {
        return Err(MergeFailed::Same {
            path: file.clone(),
            what: "the JUnit file would replace this result",
        });
    }
    let (sum, bytes) = written(&named, options.exit_code_on_error)?;
    write(&path, Ok(bytes))?;
    write(&page, html::page(&sum).map(String::into_bytes).map_err(io::Error::other))?;
    if let Some(file) = &options.junit {
        write(file, outputs::junit(&sum))?;
    }
    for warning in warnings(&named) {
        exit::say(&format!("warning: {}\n", printable(&warning)));
    }
    Ok(Merged { text: said(&sum, all.len(), [&path, &page]), exit_code: sum.verdict.exit_code })
}

fn write(path: &Path, bytes: io::Result<Vec<u8>>) -> Result<(), MergeFailed> {
    let folder = || fs::create_dir_all(path.parent().unwrap_or(Path::new(".")));
    let written = bytes.and_then(|bytes| {
        folder()?;
        Destination::find(path)?.replace_for_good(&bytes)
    });
    written.map_err(|source| MergeFailed::Unwritten { path: path.to_owned(), source })
}

fn said(sum: &RunResult, results: usize, [path, page]: [&Path; 2]) -> String {
    let all = &sum.aggregated;
    let results = match results {
        1 if sum.run.is_part() => "1 result,".to_owned(),
        1 => "1 result, so there is nothing to merge and it stays as it is:".to_owned(),
        results => format!("{results} results,"),
    };
    format!(
        "{results} {} requests, {} failed, {}\n{}{}\nMerged: {}\nReport: {}\n",
        fitting::count(all.requests),
        fitting::count(all.failures),
        fitting::rate(all.requests_per_s),
        summary::thresholds(sum),
        printable(&sum.verdict.sentence),
        path.display(),
        page.display(),
    )
}
