//! `run --repeat` and `run --versus`: several runs, one after the other, and what they say together.
//!
//! Each run is a process of its own, so that none inherits memory, connections or threads of the one before, and has a
//! folder of its own. With two sides the runs alternate (A B A B), so that a machine that grows slower is no verdict on
//! a broker. If the series ends early, the runs that came to their end are told all the same: they took their time.

mod arguments;
mod child;
mod options;
mod series;

use std::path::Path;
use std::process::ExitCode;
use std::time::SystemTime;

use crate::cli::compare::{columns, paint};
use crate::cli::exit;
use crate::cli::outputs::{OutputError, RunFolder};
pub(super) use crate::cli::repeat::options::RepeatOptions;
use crate::cli::repeat::series::{Made, Series, Stop};
use crate::cli::scenario_options::ScenarioOptions;
use crate::cli::screen::size::Size;
use crate::report::columns::fit;
use crate::report::command::{self, argument};
use crate::report::compare::comparison::Comparison;
use crate::report::compare::markdown::markdown;
use crate::report::compare::text::{Length, text};
use crate::report::compare::{Options, verdict};
use crate::report::{html, repeat};
use crate::stats::result::RunResult;

/// Where folders go if nothing is said.
const DEFAULT_OUT: &str = "runs";

/// So many runs of a side are named in the next command; of more, a pattern stands for all.
const MAX_NAMED: usize = 4;

/// Runs them all. `scenario` is the scenario of side A, called `title`; `out` is where the folder of all of them goes.
///
/// Exit codes: 3 if B is worse; else that of the first run that had another one than 0. An interrupt ends the series
/// after the run that goes on, which finishes in order; a second one ends that run at once, and the exit code is 130. A
/// run that could not begin or go on ends the series, too, with its exit code.
pub(super) fn run(
    options: &RepeatOptions,
    scenario: &ScenarioOptions,
    title: &str,
    out: Option<&Path>,
    quiet: bool,
) -> ExitCode {
    match try_run(options, scenario.path(), title, out, quiet) {
        Ok(code) | Err(code) => code,
    }
}

fn try_run(
    options: &RepeatOptions,
    scenario: &Path,
    title: &str,
    out: Option<&Path>,
    quiet: bool,
) -> Result<ExitCode, ExitCode> {
    let cannot = |error: &dyn std::fmt::Display| exit::error(exit::CANNOT_GO_ON, error);
    let out = out.unwrap_or(Path::new(DEFAULT_OUT));
    let folder = RunFolder::create(out, title, SystemTime::now()).map_err(|error| cannot(&error))?;
    let say = |text: &str| {
        if !quiet {
            exit::say(text);
        }
    };
    let sides = if options.is_versus() { " a side, in turn" } else { "" };
    let kept = match options.runs() {
        1 => format!("1 run{sides}; it is kept in"),
        runs => format!("{runs} runs{sides}; they are kept in"),
    };
    say(&format!("{kept} {}\n", folder.path().display()));
    let made = Series::new(options, scenario, &folder).and_then(|mut series| series.make(&say));
    let made = made.map_err(|error| cannot(&error))?;
    if let Some(stop) = made.stop {
        say(&stopped(stop, &made));
    }
    let mut code = made.exit_code();
    let mut said = String::new();
    match &made.sides[..] {
        [a] if !a.results.is_empty() => said = repeat::text(&a.results),
        [a, b] if !a.results.is_empty() && !b.results.is_empty() => {
            let names = [a.names.clone(), b.names.clone()];
            let options = Options { least_effect: options.least_effect(), names };
            let comparison = verdict(&a.results, &b.results, &options);
            if comparison.worse() && !made.cannot_go_on() {
                code = exit::THRESHOLD_MISSED;
            }
            write_comparison(&folder, &comparison, &a.results, &b.results).map_err(|error| cannot(&error))?;
            said = text(&comparison, Length::Short, columns(), paint);
        }
        _ => {}
    }
    if !quiet {
        said += &next(&folder, &made);
        let told = exit::coloured_output(&said);
        if told != ExitCode::SUCCESS {
            return Ok(told);
        }
    }
    Ok(ExitCode::from(code))
}

/// How a series ended that did not come to its end.
fn stopped(stop: Stop, made: &Made) -> String {
    let why = match stop {
        Stop::Interrupted => "interrupted".to_owned(),
        Stop::Aborted => "interrupted twice".to_owned(),
        Stop::Failed(Some(code)) => format!("a run could not go on (exit code {code})"),
        Stop::Failed(None) => "a run was ended by the system".to_owned(),
    };
    let (done, planned) = (made.done(), made.planned);
    let rest = match &made.sides[..] {
        _ if done == 0 => "there is nothing to tell of them",
        [a, b] if a.results.is_empty() || b.results.is_empty() => "one side has none, so nothing is compared",
        _ => "what follows is of those alone",
    };
    format!("{why}: {done} of {planned} runs came to their end; {rest}\n")
}

/// The next command that makes sense, if a run came to its end.
fn next(folder: &RunFolder, made: &Made) -> String {
    let of_side = |letter: &str, names: &[String]| {
        if made.stop.is_none() && names.len() > MAX_NAMED {
            return vec![format!("{}/{letter}*", argument(folder.path()))];
        }
        names.iter().map(|name| argument(&folder.file(name))).collect()
    };
    let arguments = match &made.sides[..] {
        [a, b] if !a.names.is_empty() && !b.names.is_empty() => {
            let words = [vec!["compare".to_owned()], of_side("A", &a.names), vec!["--".to_owned()]];
            words.into_iter().chain([of_side("B", &b.names)]).flatten().collect()
        }
        sides => match sides.iter().find_map(|side| side.names.last()) {
            Some(last) => vec!["report".to_owned(), argument(&folder.file(last))],
            None => return String::new(),
        },
    };
    let columns = Size::of_stdout().map_or(usize::MAX, |size| size.columns);
    let lines = command::next(&arguments, columns).join("\n");
    let results = fit(&format!("Results in {}", folder.path().display()), columns);
    format!("\n{results}\n{lines}\n")
}

fn write_comparison(
    folder: &RunFolder,
    comparison: &Comparison,
    a: &[RunResult],
    b: &[RunResult],
) -> Result<(), OutputError> {
    // A comparison has no maps with odd keys, so this cannot fail.
    let json = serde_json::to_string_pretty(comparison).unwrap_or_default() + "\n";
    folder.write("comparison", "comparison.json", &json)?;
    folder.write("comparison", "comparison.md", &markdown(comparison, Length::Full))?;
    let page = html::comparison(comparison, a, b).map_err(|error| OutputError::Write {
        what: "comparison",
        path: folder.file("comparison.html"),
        source: std::io::Error::other(error),
    })?;
    folder.write("comparison", "comparison.html", &page)
}
