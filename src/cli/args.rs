//! Reads the options of the command line, and proposes corrections for wrong ones.

mod words;

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, CommandFactory, FromArgMatches};

use crate::cli::args::words::{LISTS, command, is_scenario, spread, without_accepted};
use crate::cli::command::{Cli, Command};
use crate::cli::exit;
use crate::cli::locust::places::{Found, found};
use crate::cli::locust::settings;
use crate::cli::locust::take::take;
use crate::cli::mistake::Mistake;
use crate::cli::scenario_options::ScenarioOptions;
use crate::cli::worker::flags::{Divided, divide};
use crate::report::columns::printable;
use crate::report::command::argument;
use crate::scenario::secrets::{are_secret, hide_arguments};

/// Flags of `run` that make several runs of it.
const SERIES: [&str; 4] = ["--repeat", "--versus", "--versus-host", "--versus-set"];

/// Why there is no command line to act on.
#[derive(Debug)]
enum Refused {
    /// Something is wrong with it, or with what stands outside it.
    Mistake(Mistake),
    /// What clap says: a help text, or what is wrong.
    Clap(clap::Error),
}

impl From<Mistake> for Refused {
    fn from(mistake: Mistake) -> Self {
        Self::Mistake(mistake)
    }
}

/// Reads the command line of the process; an error has been reported already.
pub(super) fn parse() -> Result<Cli, ExitCode> {
    let words: Vec<OsString> = env::args_os().collect();
    // Both repeat words of the command line, which may hold a password.
    let texts: Vec<String> = words.iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    read(&words, found).map_err(|refused| match refused {
        Refused::Mistake(Mistake { message, help }) => {
            // Both may repeat texts of files and variables, which must not move a cursor.
            let said = format!("{}\nhelp: {}", printable(&message), printable(&help));
            exit::error(exit::BAD_INPUT, hide_arguments(&said, &texts))
        }
        Refused::Clap(error) => refuse(&error, &texts),
    })
}

/// Reads a command line. `beside` are the settings that stand outside it, with those of a further file.
fn read(
    words: &[OsString],
    beside: impl FnOnce(Option<&Path>) -> Result<Vec<Found>, Mistake>,
) -> Result<Cli, Refused> {
    let divided = divided(words)?;
    let (effective, mut told) = without_accepted(&divided.kept);
    let spread = spread(&effective)?;
    let (mut cli, matches) = understand(&spread, words)?;
    if let Command::Worker(options) = &mut cli.command {
        options.set_aside = divided.set_aside;
    }
    let Some(options) = scenario_options(&mut cli.command) else { return Ok(cli) };
    if !options.locust.no_config {
        let found = beside(options.locust.config.as_deref())?;
        let (more, taken) = take(&Cli::command(), &spread, &matches, &found)?;
        told.extend(taken);
        (cli, _) = understand(&more, words)?;
    }
    if let Some(options) = scenario_options(&mut cli.command) {
        options.locust.told = told;
    }
    match &mut cli.command {
        Command::Run(options) => options.settle()?,
        command => scenario_options(command).map_or(Ok(()), |options| options.settle(None))?,
    }
    match missing_scenario(&mut cli, &spread) {
        Some(mistake) => Err(mistake.into()),
        None => Ok(cli),
    }
}

/// What clap makes of the words; `typed` are those that stand on the command line, for what is said.
fn understand(words: &[OsString], typed: &[OsString]) -> Result<(Cli, ArgMatches), Refused> {
    let understood = Cli::command()
        .try_get_matches_from(words)
        .and_then(|matches| Cli::from_arg_matches(&matches).map(|cli| (cli, matches)));
    understood.map_err(|error| {
        better(&error, typed)
            .map_or_else(|| Refused::Clap(error.format(&mut Cli::command())), Refused::Mistake)
    })
}

/// The scenario that a command is about, and what the command line says of it.
fn scenario_options(command: &mut Command) -> Option<&mut ScenarioOptions> {
    match command {
        Command::Run(options) => Some(options.scenario_mut()),
        Command::Validate(options) => Some(options.scenario()),
        Command::Plan(options) => Some(options.scenario()),
        _ => None,
    }
}

/// Prints what clap says: the help that was asked for, or what is wrong with the arguments, which may hold a
/// password.
fn refuse(error: &clap::Error, arguments: &[String]) -> ExitCode {
    if !error.use_stderr() {
        return exit::coloured_output(&error.render().ansi().to_string());
    }
    exit::say(&hide_arguments(&error.render().ansi().to_string(), arguments));
    ExitCode::from(exit::BAD_INPUT)
}

/// Sets aside what is for the master on the command line of a worker.
fn divided(words: &[OsString]) -> Result<Divided, Mistake> {
    if words.get(1).is_none_or(|command| command != "worker") {
        return Ok(Divided { kept: words.to_vec(), set_aside: Vec::new() });
    }
    if words.iter().any(|word| word == "--master") {
        return Err(Mistake::new(
            "--master is not for a worker",
            "to run a master: mqtt-scenario master my.toml, or locust -f locustfile.py --master",
        ));
    }
    Ok(divide(words))
}

/// Returns a mistake if the command line names no scenario, but some flag may have taken the name of one.
fn missing_scenario(cli: &mut Cli, words: &[OsString]) -> Option<Mistake> {
    if scenario_options(&mut cli.command)?.names_a_file() {
        return None;
    }
    let command = command(words)?;
    let help = |file: &str| format!("name the file first: mqtt-scenario {command} {file} …");
    for pair in words[1..].windows(2) {
        let [flag, value] = [&pair[0], &pair[1]].map(|word| word.to_string_lossy());
        let (flag, value) = match value.split_once('=') {
            Some((flag, value)) if flag.starts_with('-') => (flag, value),
            _ => (&*flag, &*value),
        };
        if flag.starts_with('-') && is_scenario(OsStr::new(value)) {
            return Some(Mistake {
                message: format!("no scenario is named: {value} has become the value of {flag}"),
                help: help(value),
            });
        }
    }
    let list = words.iter().filter_map(|word| word.to_str()).find(|word| {
        let long = word.split_once('=').map_or(*word, |(flag, _)| flag);
        LISTS.contains(&long) || LISTS.iter().any(|flag| flag.len() == 2 && word.starts_with(flag))
    })?;
    Some(Mistake {
        message: format!("no scenario is named, and what follows {list} may have been meant as one"),
        help: help("my.toml"),
    })
}

/// A better message than clap's for some mistakes.
fn better(error: &clap::Error, words: &[OsString]) -> Option<Mistake> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    match error.kind() {
        ErrorKind::UnknownArgument => {
            let word = text(ContextKind::InvalidArg)?;
            let has_command = words.get(1).is_some_and(|first| !first.as_encoded_bytes().starts_with(b"-"));
            if words.get(1).is_some_and(|command| command == "master") {
                return Some(Mistake::new(
                    format!("{word} is not known here"),
                    "arguments of Locust stand after `--`: mqtt-scenario master my.toml -- --headless -u 1000",
                ));
            }
            if words.get(1).is_some_and(|command| command == "worker") {
                return Some(Mistake::new(
                    format!("{word} is not known here"),
                    "the master says what runs; flags of Locust are taken if --worker stands among them",
                ));
            }
            if let Some(instead) = settings::instead_of(word) {
                let own = word.split_once('=').map_or(word, |(flag, _)| flag);
                return Some(Mistake::new(
                    format!("{own} is a flag of Locust that is not known here"),
                    instead,
                ));
            }
            if word.strip_prefix('-').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())) {
                // Clap takes -5s for a flag -5 and what follows.
                let whole =
                    words.iter().filter_map(|whole| whole.to_str()).find(|whole| whole.starts_with(word));
                let whole = whole.unwrap_or(word);
                return Some(Mistake {
                    message: format!("{whole} is not a valid value: numbers and times cannot be negative"),
                    help: "for more information, try --help".to_owned(),
                });
            }
            (!has_command).then(|| Mistake {
                message: format!("{word} stands before the command"),
                help: with_command(words).map_or_else(
                    || "begin with the command: mqtt-scenario run …".to_owned(),
                    |line| format!("begin with the command: {line}"),
                ),
            })
        }
        ErrorKind::InvalidSubcommand => {
            let word = text(ContextKind::InvalidSubcommand)?;
            (is_scenario(OsStr::new(word)) || Path::new(word).is_file()).then(|| Mistake {
                message: format!("{word} is not a command"),
                help: with_command(words).map_or_else(
                    || format!("begin with the command: mqtt-scenario run {word} …"),
                    |line| format!("to run the scenario: {line}"),
                ),
            })
        }
        ErrorKind::ArgumentConflict => {
            let flag = |word: &str| word.split([' ', '=']).next().unwrap_or_default().to_owned();
            let other = match error.get(ContextKind::PriorArg)? {
                ContextValue::String(text) => flag(text),
                ContextValue::Strings(texts) => flag(texts.first()?),
                _ => return None,
            };
            let one = flag(text(ContextKind::InvalidArg)?);
            let is_headless = [("--headless", "--web"), ("--web", "--headless")].contains(&(&one, &other));
            if is_headless {
                return Some(Mistake::new(
                    "--headless asks for no page, and --web asks for one",
                    "leave one of them out. With --web --autostart the run begins at once, and --autoquit 0s ends with it",
                ));
            }
            of_one_run(&one, &other).or_else(|| without_page(&one, &other))
        }
        _ => None,
    }
}

/// The line with its command in front, which is `run` if it has none; `None` if something else would be wrong with it, or if
/// it holds what must not be shown.
fn with_command(words: &[OsString]) -> Option<String> {
    let (program, rest) = words.split_first()?;
    let mut rest: Vec<&OsStr> = rest.iter().map(OsString::as_os_str).collect();
    if rest.first().is_some_and(|first| *first == "--") {
        rest.remove(0);
    }
    let texts: Vec<String> = rest.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    // An address may have a password without the form of a URL.
    if are_secret(&texts) || texts.iter().any(|text| text.contains('@')) {
        return None;
    }
    let commands = Cli::command();
    let is_command = |word: &&OsStr| {
        *word == "help" || commands.get_subcommands().any(|command| *word == command.get_name())
    };
    let command = match rest.iter().position(is_command) {
        Some(at) => rest.remove(at),
        None => OsStr::new("run"),
    };
    let whole: Vec<OsString> =
        [program.as_os_str(), command].into_iter().chain(rest.iter().copied()).map(OsStr::to_owned).collect();
    let (effective, _) = without_accepted(&whole);
    let read = Cli::command().try_get_matches_from(spread(&effective).ok()?);
    if read.is_err_and(|error| error.kind() != ErrorKind::DisplayHelp) {
        return None;
    }
    let shown = [command].into_iter().chain(rest).map(|word| argument(Path::new(word)));
    Some(format!("mqtt-scenario {}", shown.collect::<Vec<_>>().join(" ")))
}

/// An output, a shard or a start of one run that was asked of several.
fn of_one_run(one: &str, other: &str) -> Option<Mistake> {
    let is_series = |flag: &str| SERIES.contains(&flag);
    let (series, output) = if is_series(one) { (one, other) } else { (other, one) };
    let message = format!("{output} is of one run, and {series} makes several");
    (is_series(series) && !is_series(output)).then(|| Mistake {
        message,
        help: if ["--shard", "--start-at"].contains(&output) {
            "shards begin at the same time: start all shards of one run, and then those of the next".to_owned()
        } else {
            format!(
                "leave {output} out: each run has a folder of its own with its result, report, CSV files and log. --out \
                 DIR says where"
            )
        },
    })
}

/// A shard or a start at a moment that was asked for with a page.
fn without_page(one: &str, other: &str) -> Option<Mistake> {
    let (page, flag) = if one.starts_with("--web") { (one, other) } else { (other, one) };
    let (reason, instead) = match flag {
        "--shard" => {
            ("the other shards would not do the same", "--prometheus ADDR serves the numbers of a shard")
        }
        "--start-at" => ("such a run does not wait for a moment", "with --web --autostart it begins at once"),
        _ => return None,
    };
    page.starts_with("--web").then(|| Mistake {
        message: format!("{page} starts, changes and stops runs from a page: {reason} ({flag})"),
        help: format!("leave {page} or {flag} out; {instead}"),
    })
}

#[cfg(test)]
mod tests;
