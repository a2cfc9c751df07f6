//! `run --repeat` and `run --versus`: several runs, one after the other, and what they say together.
//!
//! Each run is a process of its own, so that none inherits memory, connections or threads of the one before, and has a
//! folder of its own. With two sides the runs alternate (A B A B), so that a machine that grows slower is no verdict on
//! a broker.

mod arguments;
mod child;
mod options;

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use crate::cli::compare::paint;
use crate::cli::exit;
use crate::cli::load::ScenarioOptions;
use crate::cli::outputs::{OutputError, RunFolder};
use crate::cli::repeat::child::{Children, Ended};
pub(super) use crate::cli::repeat::options::RepeatOptions;
use crate::report::compare::comparison::Comparison;
use crate::report::compare::markdown::markdown;
use crate::report::compare::text::{Length, text};
use crate::report::compare::{Options, verdict};
use crate::report::{html, read, repeat};
use crate::stats::result::RunResult;

/// Where folders go if nothing is said.
const DEFAULT_OUT: &str = "runs";

/// One run of several: its name, and the words of its command line.
struct Planned<'a> {
    name: String,
    words: &'a [OsString],
}

/// Runs them all. `scenario` is the scenario of side A, called `title`; `out` is where the folder of all of them goes.
///
/// Exit codes: 3 if B is worse; else that of the first run that had another one than 0. A run that could not begin or go
/// on, or was interrupted, ends the whole.
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
    let a = arguments::of_each(env::args_os().skip(2));
    let b = arguments::of_b(&a, scenario, options);
    let out = out.unwrap_or(Path::new(DEFAULT_OUT));
    let folder = RunFolder::create(out, title, SystemTime::now()).map_err(|error| cannot(&error))?;
    let mut children = Children::new().map_err(|error| cannot(&error))?;
    let say = |text: String| {
        if !quiet {
            exit::say(&text);
        }
    };

    let runs = options.runs();
    let sides = if options.is_versus() { " a side, in turn" } else { "" };
    say(format!("{runs} runs{sides}; they are kept in {}\n", folder.path().display()));
    let (mut results, mut code) = ([Vec::new(), Vec::new()], 0);
    for number in 1..=options.runs() {
        let sides: &[(&str, &[OsString])] =
            if options.is_versus() { &[("A", &a), ("B", &b)] } else { &[("", &a)] };
        for (side, &(letter, words)) in sides.iter().enumerate() {
            let planned = Planned { name: format!("{letter}{number}"), words };
            let place = folder.file(&planned.name);
            let (ended, result) = one(&mut children, &planned, &place).map_err(|error| cannot(&error))?;
            match &result {
                Some(result) => say(format!("{}\n", repeat::line(&planned.name, result))),
                None => say(format!("{}  no result\n", planned.name)),
            }
            results[side].extend(result);
            match ended {
                Ended::Code(0) => {}
                // A run that failed requests or missed a threshold is a result all the same.
                Ended::Code(failed @ (1 | exit::THRESHOLD_MISSED)) => {
                    code = if code == 0 { failed } else { code }
                }
                Ended::Code(other) => return Ok(ExitCode::from(other)),
                Ended::Interrupted => {
                    say(format!("interrupted; the runs so far are in {}\n", folder.path().display()));
                    return Ok(ExitCode::from(exit::INTERRUPTED));
                }
            }
        }
    }
    let [a, b] = results;
    let said = if options.is_versus() {
        let names =
            ["A", "B"].map(|side| (1..=options.runs()).map(|number| format!("{side}{number}")).collect());
        let comparison = verdict(&a, &b, &Options { least_effect: options.least_effect, names });
        if comparison.worse() {
            code = exit::THRESHOLD_MISSED;
        }
        write_comparison(&folder, &comparison, &a, &b).map_err(|error| cannot(&error))?;
        text(&comparison, Length::Short, paint)
    } else {
        repeat::text(&a)
    };
    let said = exit::coloured_output(&said);
    Ok(if said == ExitCode::SUCCESS { ExitCode::from(code) } else { said })
}

/// Runs one of them and reads its result.
fn one(
    children: &mut Children,
    planned: &Planned<'_>,
    place: &Path,
) -> std::io::Result<(Ended, Option<RunResult>)> {
    let mut words: Vec<OsString> = vec!["run".into()];
    words.extend(["--run-folder".into(), place.into()]);
    words.extend(planned.words.iter().cloned());
    let ended = children.run(&words)?;
    let path: PathBuf = place.join("result.json");
    let result = std::fs::read(&path).ok();
    let result = result.and_then(|bytes| read::document::parse(&path.to_string_lossy(), &bytes).ok());
    Ok((ended, result))
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
