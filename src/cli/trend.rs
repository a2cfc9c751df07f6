//! `trend`: many runs over time, as a table and for the tools that watch trends.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use crate::cli::exit;
use crate::cli::page;
use crate::cli::recorded::{Place, RESULT, RecordedError, STATS};
use crate::cli::screen::size::Size;
use crate::report::columns::{cut, printable};
use crate::report::html;
use crate::report::paint::Paint;
use crate::report::read::same_run::ids;
use crate::report::trend::{METRICS, Trend, TrendRun, bencher, is_of_rows, otava, plain, text};
use crate::stats::metric::Metric;

const AFTER_HELP: &str = "\
Folders of runs are found in the folders, up to four levels deep, and sorted by their start. `trend` judges nothing: \
`compare` says whether one version is worse, and Bencher and Apache Otava find changes in many runs.

Examples:
  mqtt-scenario trend out
  mqtt-scenario trend out --row publish:1:plant/state --metric p99 --metric rps
  mqtt-scenario trend out --html trend.html              a page with a chart for each row and metric
  mqtt-scenario trend out --format otava > trend.csv
  mqtt-scenario trend out --format bencher > bmf.json && bencher run --adapter json --file bmf.json";

/// A pipe or a file takes lines of any length; names and columns are not cut there.
const PIPED: usize = 200;

/// Folders in folders are searched so deep.
const MAX_DEPTH: usize = 4;

/// Show many runs over time
#[derive(Debug, Clone, Args)]
#[command(after_help = AFTER_HELP)]
pub struct TrendOptions {
    /// Folders with the folders of runs in them; also folders of runs, `result.json` files, and prefixes of CSV files
    #[arg(value_name = "DIR", required = true)]
    pub paths: Vec<PathBuf>,

    /// Only this row, such as `publish:1:plant/state`, `MQTT connect` or `Aggregated`; can be repeated
    #[arg(long, value_name = "ROW")]
    pub row: Vec<String>,

    /// What to show of each row, such as `p99.9` or `failure_ratio`; can be repeated [default: requests, rps, p50, p99,
    /// failures]
    #[arg(long, value_name = "METRIC", value_parser = metric)]
    pub metric: Vec<Metric>,

    /// How to write the trend
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,

    /// Write a page to this file, too: charts over the runs for each row and metric, and the tables
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
}

/// How a trend is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For a terminal
    Text,
    /// A line for each run and row
    Csv,
    /// The same as JSON
    Json,
    /// Bencher Metric Format: the newest run, or the runs of its git revision
    Bencher,
    /// CSV for Apache Otava: a column for each row and metric
    Otava,
}

fn metric(word: &str) -> Result<Metric, String> {
    let metric = Metric::from_name(word).filter(|metric| is_of_rows(*metric));
    metric.ok_or_else(|| {
        let words =
            Metric::words().into_iter().filter(|word| Metric::from_name(word).is_some_and(is_of_rows));
        format!("a row has no such number; known are {}", words.collect::<Vec<_>>().join(", "))
    })
}

/// Prints the trend and writes its page. Exit codes: 0, 2 if there is no run, 4 if the output or the page cannot be
/// written. A run that cannot be read is told of and left out: one damaged file should not hide a hundred runs.
pub(super) fn run(options: &TrendOptions) -> ExitCode {
    let mut places = Vec::new();
    for path in &options.paths {
        match found(path) {
            Ok(found) => places.extend(found),
            Err(error) => return exit::error(exit::BAD_INPUT, error),
        }
    }
    places.sort_by(|a, b| a.path().cmp(b.path()));
    places.dedup();
    if let Some(path) = &options.html
        && let Err(error) = page::find(path, &places)
    {
        return exit::error(error.exit_code(), error);
    }
    let metrics = if options.metric.is_empty() { METRICS.to_vec() } else { options.metric.clone() };
    let (mut runs, mut rows) = (Vec::new(), BTreeSet::new());
    let mut known: HashMap<String, &Place> = HashMap::new();
    for place in &places {
        match place.read() {
            Ok(result) => {
                let ids = ids(&result);
                if let Some(copy) = ids.iter().find_map(|id| known.get(id)) {
                    let [path, copy] =
                        [place, copy].map(|place| printable(&place.path().display().to_string()));
                    exit::say(&format!("warning: left out: {path} has a run that is in {copy} too\n"));
                    continue;
                }
                rows.extend(result.rows.iter().map(|row| row.name.clone()));
                known.extend(ids.into_iter().map(|id| (id, place)));
                runs.push(TrendRun::of(&called(place, &options.paths), &result, &metrics, &options.row));
            }
            Err(error) => exit::say(&format!("warning: left out: {error}\n")),
        }
    }
    if runs.iter().all(|run| run.rows.is_empty()) {
        let what = if runs.is_empty() { "there is no run to show".to_owned() } else { no_such_row(&rows) };
        return exit::error(exit::BAD_INPUT, what);
    }
    let scenarios: BTreeSet<&str> = runs.iter().map(|run| run.scenario.as_str()).collect();
    if scenarios.len() > 1 {
        let scenarios = printable(&some(scenarios.into_iter()));
        exit::say(&format!("warning: the runs are of different scenarios: {scenarios}\n"));
    }
    let trend = Trend::new(metrics, runs);
    if trend.leaves_out_rates() {
        exit::say(
            "warning: the rates of CSV files are left out: they are until the last request, those of result.json of the \
             whole run\n",
        );
    }
    let printed = print(&trend, options.format);
    if let Some(path) = &options.html
        && let Err(error) = page::write(path, html::trend(&trend))
    {
        return exit::error(error.exit_code(), error);
    }
    printed
}

/// What to give as `--row` instead.
fn no_such_row(rows: &BTreeSet<String>) -> String {
    let rows = printable(&some(rows.iter().map(String::as_str).chain(["Aggregated"])));
    format!("no run has such a row\n  help: the rows are {rows}")
}

/// The first few of them.
fn some<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const NAMED: usize = 8;
    let names: Vec<String> = names.map(|name| cut(name, 60)).collect();
    let more = names.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", names[..names.len().min(NAMED)].join(", "))
}

fn print(trend: &Trend, format: Format) -> ExitCode {
    match format {
        Format::Text => {
            let columns = Size::of_stdout().map_or(PIPED, |size| size.columns);
            exit::coloured_output(&text::text(trend, columns, Paint { coloured: true }))
        }
        Format::Json => exit::output(&plain::json(trend)),
        Format::Bencher => exit::output(&bencher::json(trend)),
        Format::Csv => match plain::csv(trend) {
            Ok(csv) => exit::output(&String::from_utf8_lossy(&csv)),
            Err(error) => exit::error(exit::CANNOT_GO_ON, error),
        },
        Format::Otava => {
            let otava = otava::csv(trend);
            if !otava.left_out.is_empty() {
                let columns = otava.left_out.join(", ");
                exit::say(&format!("warning: left out, since a run has no value: {columns}\n"));
            }
            exit::output(&otava.csv)
        }
    }
}

/// The results that a person means by a path: one, or all in the folders below it.
fn found(path: &Path) -> Result<Vec<Place>, RecordedError> {
    if !path.is_dir() || path.join(RESULT).exists() {
        return Place::find(path).map(|place| vec![place]);
    }
    let mut places = Vec::new();
    search(path, MAX_DEPTH, &mut places);
    // With nothing there, the error says what to give instead.
    if places.is_empty() { Place::find(path).map(|place| vec![place]) } else { Ok(places) }
}

/// The folder of a run is not searched: its CSV files are of the same run.
fn search(folder: &Path, depth: usize, places: &mut Vec<Place>) {
    let document = folder.join(RESULT);
    if document.exists() {
        places.push(Place::Document(document));
        return;
    }
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        // A link is not followed, since it can lead back.
        let is_folder = entry.file_type().is_ok_and(|of| of.is_dir());
        if is_folder && depth > 0 {
            search(&entry.path(), depth - 1, places);
        } else if let Some(prefix) = entry.path().to_str().and_then(|path| path.strip_suffix(STATS)) {
            places.push(Place::Csv(prefix.into()));
        }
    }
}

/// What a run is called: its folder, without the part that all have in common because it was asked for.
fn called(place: &Place, paths: &[PathBuf]) -> String {
    let name = place.name();
    let shorter = paths.iter().find_map(|path| Path::new(&name).strip_prefix(path).ok());
    match shorter.map(|short| short.display().to_string()) {
        Some(short) if !short.is_empty() => short,
        _ => name,
    }
}
