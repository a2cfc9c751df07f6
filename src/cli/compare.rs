//! `compare`: two groups of recorded runs, and whether the second is worse.
//!
//! `compare A B` takes one run a side, and `compare A1 A2 … -- B1 B2 …` several. A run is a folder, a `result.json` or
//! the prefix of CSV files, of Locust's own too.

use std::path::PathBuf;
use std::process::ExitCode;
use std::slice;

use clap::builder::styling::{AnsiColor, Style};
use clap::{Args, ValueEnum};

use crate::cli::exit;
use crate::cli::page::{self, PageError};
use crate::cli::recorded::{Found, Place, RecordedError, Runs};
use crate::cli::screen::size::Size;
use crate::diagnostic::nearest;
use crate::report::columns::printable;
use crate::report::compare::comparison::Comparison;
use crate::report::compare::fail_on::{FailOn, GRAMMAR, MissingColumn};
use crate::report::compare::markdown::markdown;
use crate::report::compare::text::{Length, Paint, text};
use crate::report::compare::{Options, check, cut_short, verdict};
use crate::report::html;
use crate::report::read::same_run::{Sameness, twins};
use crate::stats::criterion::Fault;
use crate::stats::metric::Metric;
use crate::stats::result::RunResult;

/// Nothing asked for was found.
const FINE: u8 = 0;
/// A run is missing or is not what it should be.
const BAD_INPUT: u8 = 2;
/// A `--fail-on` expression holds, or B is worse and `--fail-on-worse` was given.
const MISSED: u8 = 3;

const EXAMPLES: &str = "\
Examples:
  mqtt-scenario compare out/a out/b                     one run a side: hints only
  mqtt-scenario compare old/1 old/2 old/3 old/4 -- new/1 new/2 new/3 new/4
  mqtt-scenario compare old/* --fail-on-worse -- new/*  exit code 3 if B is worse
  mqtt-scenario compare runs/2026-11-29T16-55-03Z-storm both sides of one `run --versus`
  mqtt-scenario compare out/a out/b --fail-on 'p95 > +10%' --format markdown
  mqtt-scenario compare old/* --html compare.html -- new/*
                                                        a page with the curves of all runs over each other

Four runs a side are the least that can show anything; let them take turns (A B A B …).";

/// Compare runs: is B better than A, worse, or is there no evidence?
///
/// The runs are of this program or of Locust.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = EXAMPLES,
    override_usage = "mqtt-scenario compare [OPTIONS] <A> <B>\n       \
                      mqtt-scenario compare [OPTIONS] <A>... -- <B>..."
)]
pub struct CompareOptions {
    /// The older run and the newer one, or all older runs: run folders, folders of `run --repeat` and `run --versus`,
    /// result.json files, or CSV prefixes (`out/a` for `out/a_stats.csv`)
    #[arg(value_name = "A")]
    pub runs: Vec<PathBuf>,

    /// The newer runs, behind `--`
    #[arg(value_name = "B", last = true)]
    pub versus: Vec<PathBuf>,

    /// How to write the comparison
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,

    /// Write a page to this file, too: the verdict, the table, and the curves of all runs over each other
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,

    /// Show every measure of every row, also where nothing was found
    #[arg(long)]
    pub all_measures: bool,

    /// Say nothing of changes that are smaller than this
    #[arg(long, value_name = "PERCENT", default_value = "5%", value_parser = parse_percent)]
    pub least_effect: f64,

    /// Exit with code 3 if B is worse; a hint is not enough
    #[arg(long)]
    pub fail_on_worse: bool,

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
    /// For programs: schemas/compare.schema.json
    Json,
}

/// A comparison ready to be printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The whole text, with colours.
    pub text: String,
    /// 0, or 3 if B is worse or a `--fail-on` expression holds.
    pub exit_code: u8,
    /// The page, if it was asked for.
    pub page: Option<String>,
}

/// Why runs could not be compared.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// There is no such run.
    #[error(transparent)]
    Recorded(#[from] RecordedError),
    /// A file does not have what `--fail-on` asks for.
    #[error("{0}\n  help: percentile columns follow Locust's PERCENTILES_TO_REPORT")]
    MissingColumn(#[from] MissingColumn),
    /// It is not clear which runs are A and which are B.
    #[error("{what}\n  help: {HOW}")]
    Sides {
        /// What was given.
        what: String,
    },
    /// One run is given twice.
    #[error(
        "{one} and {other} are one run{more}\n  help: give each run once: a copy of a run is no evidence, and no run differs from itself"
    )]
    SameRun {
        /// The first of the two paths.
        one: String,
        /// The second.
        other: String,
        /// What else is one run, if anything.
        more: String,
    },
    /// An option behind `--` is read as a run.
    #[error("`{option}` stands behind `--`, where all are runs of B\n  help: give options before `--`")]
    OptionBehind {
        /// The option.
        option: String,
    },
    /// The comparison cannot be written as JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// The page would replace a run.
    #[error(transparent)]
    Page(#[from] PageError),
    /// The comparison cannot be written as a page.
    #[error(transparent)]
    Html(#[from] askama::Error),
}

const HOW: &str = "`compare A B` for one run a side, `compare A1 A2 A3 A4 -- B1 B2 B3 B4` for several, \
    `compare DIR` for the folder of a `run --versus`";

/// Prints the comparison. Exit codes: 0, 2 for runs that cannot be compared, 3 if B is worse and that was asked for or a
/// `--fail-on` expression holds, 4 if the output or the page cannot be written.
pub fn run(options: &CompareOptions) -> ExitCode {
    let report = match report(options) {
        Ok(report) => report,
        Err(error) => return exit::error(BAD_INPUT, error),
    };
    let said = exit::coloured_output(&report.text);
    if let (Some(path), Some(page)) = (&options.html, report.page)
        && let Err(error) = page::write(path, Ok(page))
    {
        return exit::error(error.exit_code(), error);
    }
    // `compare … | head` has read enough, and the verdict is the same.
    if said == ExitCode::SUCCESS { report.exit_code.into() } else { said }
}

/// Reads the runs, compares them and judges every `--fail-on` expression.
pub fn report(options: &CompareOptions) -> Result<Report, CompareError> {
    let [mut a_places, mut b_places] = sides(options)?;
    let (mut a, mut b) = (read(&a_places)?, read(&b_places)?);
    if let Some(path) = &options.html {
        page::find(path, a_places.iter().chain(&b_places))?;
    }
    told_apart(&a_places, &b_places, &a, &b)?;
    let left_out = [leave_out(&mut a_places, &mut a), leave_out(&mut b_places, &mut b)].concat();
    let names = [&a_places, &b_places].map(|places| places.iter().map(Place::name).collect());
    let how = Options { least_effect: options.least_effect, names };
    let mut comparison = verdict(&a, &b, &how);
    comparison.notes.extend(left_out);
    check(&mut comparison, &a, &b, &options.fail_on)?;
    let missed = comparison.failed_checks() > 0 || (options.fail_on_worse && comparison.worse());
    let text = written(options, &comparison)?;
    let page = options.html.as_ref().map(|_| html::comparison(&comparison, &a, &b)).transpose()?;
    Ok(Report { text, exit_code: if missed { MISSED } else { FINE }, page })
}

/// Takes the runs away that were cut short, and returns what to say of them.
fn leave_out(places: &mut Vec<Place>, runs: &mut Vec<RunResult>) -> Vec<String> {
    let left_out = cut_short::left_out(runs);
    let notes = left_out.iter().map(|at| cut_short::note(&places[*at].name(), &runs[*at])).collect();
    for at in left_out.into_iter().rev() {
        places.remove(at);
        runs.remove(at);
    }
    notes
}

/// The width of the terminal; a pipe or a file takes lines of any length.
pub(super) fn columns() -> usize {
    Size::of_stdout().map_or(usize::MAX, |size| size.columns)
}

/// Makes sure that no run is given twice.
fn told_apart(
    a_places: &[Place],
    b_places: &[Place],
    a: &[RunResult],
    b: &[RunResult],
) -> Result<(), CompareError> {
    let places: Vec<&Place> = a_places.iter().chain(b_places).collect();
    let results: Vec<&RunResult> = a.iter().chain(b).collect();
    let by_content: Vec<[usize; 2]> = twins(&results)
        .iter()
        .filter(|twins| twins.sameness == Sameness::Certain)
        .map(|twins| twins.at)
        .collect();
    let pairs = (0..places.len()).flat_map(|other| (0..other).map(move |one| [one, other]));
    let certain: Vec<[&Place; 2]> = pairs
        .filter(|at| by_content.contains(at) || places[at[0]].is_same(places[at[1]]))
        .map(|at| at.map(|at| places[at]))
        .collect();
    let Some(first) = certain.first() else { return Ok(()) };
    let [one, other] = first.map(|place| printable(&place.path().display().to_string()));
    let more = match certain.len() - 1 {
        0 => String::new(),
        1 => ", and so is 1 more pair of paths".to_owned(),
        more => format!(", and so are {more} more pairs of paths"),
    };
    Err(CompareError::SameRun { one, other, more })
}

fn written(options: &CompareOptions, comparison: &Comparison) -> Result<String, CompareError> {
    let length = if options.all_measures { Length::Full } else { Length::Short };
    Ok(match options.format {
        Format::Text => text(comparison, length, columns(), paint),
        Format::Markdown => markdown(comparison, length),
        Format::Json => serde_json::to_string_pretty(comparison)? + "\n",
    })
}

/// The runs of A and those of B. One folder of `run --versus` has both.
fn sides(options: &CompareOptions) -> Result<[Vec<Place>; 2], CompareError> {
    let behind = options.versus.iter().find(|path| path.to_string_lossy().starts_with('-') && !path.exists());
    if let Some(option) = behind {
        return Err(CompareError::OptionBehind { option: option.display().to_string() });
    }
    let of_both = options.runs.iter().chain(&options.versus).find_map(|path| {
        let runs = Runs::of(path)?;
        (!runs.a.is_empty() && !runs.b.is_empty()).then_some((path, runs))
    });
    let what = match (&options.runs[..], &options.versus[..], of_both) {
        ([_], [], Some((_, runs))) => return Ok([runs.a, runs.b]),
        (_, _, Some((path, _))) => format!(
            "{} has runs of both sides: `compare {0}` compares them",
            printable(&path.display().to_string())
        ),
        ([a, b], [], None) => return Ok([found(slice::from_ref(a))?, found(slice::from_ref(b))?]),
        ([], [], None) => "there are no runs to compare".to_owned(),
        ([_], [], None) => "there is nothing to compare the run with".to_owned(),
        (runs, [], None) => {
            format!("{} runs, and it is not said which of them are A and which are B", runs.len())
        }
        ([], _, None) => "there are no runs of A before `--`".to_owned(),
        (a, b, None) => return Ok([found(a)?, found(b)?]),
    };
    Err(CompareError::Sides { what })
}

/// Where the runs of a side lie.
fn found(paths: &[PathBuf]) -> Result<Vec<Place>, CompareError> {
    let found = Found::of(paths)?;
    exit::say(&found.said());
    if found.places.is_empty() {
        return Err(CompareError::Sides { what: "one of the sides has no runs".to_owned() });
    }
    Ok(found.places)
}

/// What was recorded.
fn read(places: &[Place]) -> Result<Vec<RunResult>, CompareError> {
    places.iter().map(|place| Ok(place.read()?)).collect()
}

/// Red for worse, green for better; `anstream` takes the colours out where they are not wanted.
pub(super) fn paint(paint: Paint, text: &str) -> String {
    let style = match paint {
        Paint::Worse => Style::new().fg_color(Some(AnsiColor::Red.into())),
        Paint::Better => Style::new().fg_color(Some(AnsiColor::Green.into())),
        Paint::Hint => Style::new().fg_color(Some(AnsiColor::Yellow.into())),
        Paint::Faint => Style::new().dimmed(),
    };
    format!("{style}{text}{style:#}")
}

pub(super) fn parse_percent(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').map(str::trim_end).and_then(|number| number.parse::<f64>().ok());
    match number {
        Some(percent) if (0.0..=1_000.0).contains(&percent) => Ok(percent / 100.0),
        _ => Err("write a percentage from 0% to 1000%, such as 5%".to_owned()),
    }
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
