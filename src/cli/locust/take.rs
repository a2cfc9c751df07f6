//! Settings from outside the command line as further words of it, so that they are read and checked as its own are.
//!
//! Each is tried by itself, in the order of the table: what is wrong with one is then said of its place.

use std::error::Error;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::cli::locust::config_files::Value;
use crate::cli::locust::config_users;
use crate::cli::locust::places::{Found, LEAVE_OUT};
use crate::cli::locust::settings::{Fate, NO_PAGE, OTHERS, SETTINGS, Setting, named};
use crate::cli::locust::told::{Place, Told};
use crate::cli::mistake::Mistake;
use crate::cli::scenario_options::check_host;
use crate::plan::watch::without_query;
use crate::scenario::files::Format;

const UNKNOWN: &str = "neither Locust nor mqtt-scenario has it. What a locustfile takes by it, a scenario takes by \
                       --set vars.NAME=VALUE or ${env.NAME}";

/// Puts settings that the command line does not have behind its command. `words` is a line that can be read, with the
/// program and its command before all others; `matches` are what `program` reads of it.
///
/// # Errors
/// A value that is wrong, with its place.
pub(in crate::cli) fn take(
    program: &Command,
    words: &[OsString],
    matches: &ArgMatches,
    found: &[Found],
) -> Result<(Vec<OsString>, Told), Mistake> {
    let mut told = Told::default();
    for Found { setting, at, .. } in found {
        if setting.is_none() {
            told.ignore(at.clone(), unknown(at));
        }
    }
    let Some((name, matches)) = matches.subcommand() else { return Ok((words.to_vec(), told)) };
    let Some(command) = program.find_subcommand(name) else { return Ok((words.to_vec(), told)) };
    let mut line = Line { program, command, matches, words: words.to_vec(), end: 2, told };
    for setting in SETTINGS.iter().chain(OTHERS) {
        let is_it = |found: &&Found| found.setting.is_some_and(|it| it.name == setting.name);
        // Of several places the strongest counts, as a switch that is off too.
        if let Some(Found { value, at, .. }) = found.iter().find(is_it) {
            line.take(setting, value, at)?;
        }
    }
    Ok((line.words, line.told))
}

fn unknown(at: &Place) -> String {
    let right = match at {
        Place::Line { name, .. } => named(&name.replace('_', "-")),
        _ => None,
    };
    right.map_or_else(|| UNKNOWN.to_owned(), |setting| format!("Locust's name for it is {}", setting.name))
}

/// The command line as it grows.
struct Line<'a> {
    program: &'a Command,
    command: &'a Command,
    /// What the line had at first.
    matches: &'a ArgMatches,
    words: Vec<OsString>,
    /// Behind the command and the words that were put there.
    end: usize,
    told: Told,
}

impl Line<'_> {
    fn take(&mut self, setting: &'static Setting, value: &Value, at: &Place) -> Result<(), Mistake> {
        match setting.fate {
            Fate::Accepted(_) | Fate::Instead(_) if is_off(value) => Ok(()),
            Fate::Accepted(why) => {
                self.told.accept(at.clone(), why);
                Ok(())
            }
            Fate::Instead(why) => {
                self.told.ignore(at.clone(), why);
                Ok(())
            }
            Fate::Same | Fate::Like(_) => self.honour(setting, value, at),
        }
    }

    fn honour(&mut self, setting: &'static Setting, value: &Value, at: &Place) -> Result<(), Mistake> {
        let arg = self.command.get_arguments().find(|arg| arg.get_long() == Some(setting.name));
        // Not every command has every flag: what it does not do cannot be set.
        let Some(arg) = arg else { return Ok(()) };
        if self.is_given(arg.get_id().as_str()) || *value == Value::Text(String::new()) {
            return Ok(());
        }
        match setting.name {
            "locustfile" => {
                if self.names_a_scenario() {
                    return Ok(());
                }
                if let Value::Text(file) = value
                    && Format::of(Path::new(file)).is_none()
                {
                    let message = format!(
                        "no scenario is named, and {} is no file in TOML or YAML",
                        at.with(Some(file))
                    );
                    let help = "name one: mqtt-scenario run my.toml; mqtt-scenario init my.toml begins one";
                    return Err(Mistake::new(message, help));
                }
            }
            "user-classes" if self.is_given("classes") => return Ok(()),
            "config" => {
                self.told.ignore(at.clone(), "only the command line names a further file");
                return Ok(());
            }
            "web-host" | "web-port" | "autostart" | "autoquit" if !self.has_a_page() => {
                if !is_off(value) {
                    self.told.ignore(at.clone(), NO_PAGE);
                }
                return Ok(());
            }
            "headless" if is_on(value) && self.has_a_page() => {
                self.told.ignore(at.clone(), "the command line asks for a page");
                return Ok(());
            }
            "host" => {
                if let Value::Text(host) = value {
                    check_host(host).map_err(|Mistake { message, help }| {
                        Mistake::new(format!("{}: {message}", at.with(None)), format!("{help}; {LEAVE_OUT}"))
                    })?;
                }
            }
            "config-users" => {
                let texts = match value {
                    Value::Text(text) => std::slice::from_ref(text),
                    Value::List(texts) => texts,
                };
                for text in texts {
                    config_users::settings(text).map_err(|Mistake { message, help }| {
                        Mistake::new(format!("{}: {message}", at.named()), format!("{help}; {LEAVE_OUT}"))
                    })?;
                }
            }
            _ => {}
        }
        self.add(setting, arg, value, at)
    }

    fn add(&mut self, setting: &Setting, arg: &Arg, value: &Value, at: &Place) -> Result<(), Mistake> {
        let wrong = |why: &str| Err(Mistake::new(format!("{}: {why}", at.with(None)), LEAVE_OUT));
        let flag = format!("--{}", setting.name);
        let with = |value: &String| OsString::from(format!("{flag}={value}"));
        let (new, shown) = match (arg.get_action(), value) {
            (ArgAction::SetTrue, value) if is_off(value) => return Ok(()),
            (ArgAction::SetTrue, value) if is_on(value) => (vec![OsString::from(&flag)], None),
            (ArgAction::SetTrue, _) => return wrong("a switch is true or false"),
            (_, Value::Text(text)) => (vec![with(text)], Some(text.clone())),
            (ArgAction::Append, Value::List(elements)) => {
                (elements.iter().map(with).collect(), Some(elements.join(", ")))
            }
            (_, Value::List(_)) => return wrong("it has one value, and not a list"),
        };
        let shown = if setting.name == "host" { shown.as_deref().map(without_query) } else { shown };
        let mut words = self.words.clone();
        let added = new.len();
        words.splice(self.end..self.end, new);
        if let Err(error) = self.program.clone().try_get_matches_from(&words) {
            return match error.kind() {
                ErrorKind::ArgumentConflict => {
                    self.told.ignore(at.clone(), format!("{} is given", other(&error, &flag)));
                    Ok(())
                }
                ErrorKind::MissingRequiredArgument => {
                    self.told.ignore(at.clone(), format!("it needs {}", other(&error, &flag)));
                    Ok(())
                }
                _ => {
                    let message = format!("{}: {}", at.with(shown.as_deref()), why(&error));
                    Err(Mistake::new(message, LEAVE_OUT))
                }
            };
        }
        self.words = words;
        self.end += added;
        // JSON of user classes may hold passwords.
        let shown = shown.filter(|_| setting.name != "config-users");
        self.told.take(setting.name, shown.as_deref(), at);
        Ok(())
    }

    /// Whether the command line has it. Names of arguments that the command does not know are not on it.
    fn is_given(&self, id: &str) -> bool {
        let is_known = self.command.get_arguments().any(|arg| arg.get_id() == id);
        is_known && self.matches.value_source(id) == Some(ValueSource::CommandLine)
    }

    /// Whether the command line names a scenario, by `-f` or by a word that cannot be a user class.
    fn names_a_scenario(&self) -> bool {
        let word = self.matches.try_get_one::<PathBuf>("scenario").ok().flatten();
        let has_classes = self.command.get_arguments().any(|arg| arg.get_id() == "classes");
        word.is_some_and(|word| !has_classes || Format::of(word).is_some())
    }

    fn has_a_page(&self) -> bool {
        !self.is_given("headless") && ["web", "web_host", "web_port"].iter().any(|id| self.is_given(id))
    }
}

fn is_one_of(value: &Value, words: &[&str]) -> bool {
    matches!(value, Value::Text(text) if words.contains(&text.to_ascii_lowercase().as_str()))
}

fn is_on(value: &Value) -> bool {
    is_one_of(value, &["true", "yes", "on", "1"])
}

fn is_off(value: &Value) -> bool {
    is_one_of(value, &["", "false", "no", "off", "0"])
}

/// The flag on the other side of a conflict, or the one that is missing.
fn other(error: &clap::Error, own: &str) -> String {
    let flags =
        [ContextKind::InvalidArg, ContextKind::PriorArg].into_iter().filter_map(|kind| error.get(kind));
    let mut flags = flags.flat_map(|flag| match flag {
        ContextValue::String(text) => vec![text.clone()],
        ContextValue::Strings(texts) => texts.clone(),
        _ => Vec::new(),
    });
    let name = |flag: &str| flag.split([' ', '=']).next().unwrap_or_default().to_owned();
    flags.find(|flag| name(flag) != own).map_or_else(|| "another flag".to_owned(), |flag| name(&flag))
}

/// Why a value is wrong, without what clap says around it.
fn why(error: &clap::Error) -> String {
    if let Some(source) = error.source() {
        return source.to_string();
    }
    if let Some(ContextValue::Strings(valid)) = error.get(ContextKind::ValidValue) {
        return format!("one of {}", valid.join(", "));
    }
    let text = error.to_string();
    text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests;
