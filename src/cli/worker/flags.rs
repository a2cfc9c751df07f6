//! Flags of Locust on the command line of a worker.
//!
//! Scripts and operators start Locust's workers, some of them with all flags of the master. What the master says holds for
//! workers anyway. So with `--worker` on the line such flags are set aside before clap reads it, and the log names them. Without it
//! they are mistakes: somebody who types `-u 100` here means something that would not happen.

use std::ffi::{OsStr, OsString};

use clap::{Arg, Args, Command};

use crate::cli::locust::settings::{Takes, begun};
use crate::cli::worker::options::WorkerOptions;

/// Says that flags of Locust may follow.
const WORKER: &str = "--worker";

/// Says how many workers Locust starts: ours is one that uses all cores.
const PROCESSES: &str = "--processes";

/// What of Locust's flags stays a mistake: this is a worker, and says its version elsewhere.
const NOT_OF_A_WORKER: &[&str] = &["-h", "--help", "-V", "--version", "--master"];

/// What our locustfile adds to Locust's flags begins so.
const OF_LOCUSTFILE: [&str; 2] = ["--set-", "--mqtt-scenario-"];

/// The words of a command line without those that are for the master, and the names of these.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cli) struct Divided {
    pub(in crate::cli) kept: Vec<OsString>,
    pub(in crate::cli) set_aside: Vec<String>,
}

/// Divides the words of a command line, of which the first two are the program and the command.
pub(in crate::cli) fn divide(words: &[OsString]) -> Divided {
    let mut divided = Divided { kept: Vec::new(), set_aside: Vec::new() };
    if !words.iter().any(|word| word == WORKER) {
        divided.kept.extend_from_slice(words);
        return divided;
    }
    let mut rest = words.iter().peekable();
    divided.kept.extend(rest.by_ref().take(2).cloned());
    let ours = WorkerOptions::augment_args(Command::new("worker"));
    let is_value = |word: &&OsString| !word.as_encoded_bytes().starts_with(b"-");
    while let Some(word) = rest.next() {
        if word == WORKER {
            continue;
        }
        if is_value(&word) {
            divided.note("user classes");
        } else if let Some((name, takes)) = of_master(word, &ours) {
            divided.note(name);
            match takes {
                Takes::Nothing => {}
                Takes::One => drop(rest.next()),
                Takes::Many => while rest.next_if(is_value).is_some() {},
            }
        } else {
            divided.kept.push(word.clone());
            if ours.get_arguments().any(|flag| flag.get_action().takes_values() && is_spelled(flag, word)) {
                divided.kept.extend(rest.next_if(is_value).cloned());
            }
        }
    }
    divided
}

impl Divided {
    fn note(&mut self, name: &str) {
        if !self.set_aside.iter().any(|noted| noted == name) {
            self.set_aside.push(name.to_owned());
        }
    }
}

/// What the log says of the names that were set aside.
pub(super) fn said_of(set_aside: &[String]) -> Vec<String> {
    let (without_meaning, of_master): (Vec<_>, Vec<_>) =
        set_aside.iter().map(String::as_str).partition(|name| *name == PROCESSES);
    let mut lines = Vec::new();
    if !of_master.is_empty() {
        lines.push(format!("For the master, whose values hold: {}", of_master.join(", ")));
    }
    if !without_meaning.is_empty() {
        lines.push(format!(
            "{PROCESSES} means nothing here: one worker uses all cores, or as many as --threads says"
        ));
    }
    lines
}

/// Whether the word is this flag.
fn is_spelled(flag: &Arg, word: &OsStr) -> bool {
    let is_long = |name: &str| word.as_encoded_bytes().strip_prefix(b"--") == Some(name.as_bytes());
    let is_short = |letter: char| {
        word.to_str().and_then(|word| word.strip_prefix('-')).is_some_and(|rest| rest.chars().eq([letter]))
    };
    flag.get_long().is_some_and(is_long) || flag.get_short().is_some_and(is_short)
}

/// The name of a flag that is for the master, and what still follows this word. Our own flags mean here what they mean to Locust.
fn of_master<'a>(word: &'a OsStr, ours: &Command) -> Option<(&'a str, Takes)> {
    let word = word.to_str()?;
    if OF_LOCUSTFILE.iter().any(|start| word.starts_with(start)) {
        return Some(word.split_once('=').map_or((word, Takes::One), |(name, _)| (name, Takes::Nothing)));
    }
    let (name, takes) = begun(word)?;
    let is_ours = ours.get_arguments().any(|flag| is_spelled(flag, name.as_ref()));
    (!is_ours && !NOT_OF_A_WORKER.contains(&name)).then_some((name, takes))
}

#[cfg(test)]
mod tests;
