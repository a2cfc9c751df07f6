//! Flags of Locust on the command line of a worker.
//!
//! Scripts and operators start Locust's workers, some of them with all flags of the master. What the master says holds for
//! workers anyway. So with `--worker` on the line such flags are set aside before clap reads it, and the log names them. Without it
//! they are mistakes: somebody who types `-u 100` here means something that would not happen.

use std::ffi::{OsStr, OsString};

use clap::{Arg, Args, Command};

use crate::cli::worker::options::WorkerOptions;

/// What follows a flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    Nothing,
    One,
    Many,
}

/// Says that flags of Locust may follow.
const WORKER: &str = "--worker";

/// Says how many workers Locust starts: ours is one that uses all cores.
const PROCESSES: &str = "--processes";

/// Flags of Locust 2.47 that a worker leaves to the master. Others of its names mean the same here.
const OF_MASTER: &[(&str, Takes)] = &[
    ("-f", Takes::One),
    ("--locustfile", Takes::One),
    ("--config", Takes::One),
    ("-H", Takes::One),
    ("--host", Takes::One),
    ("-u", Takes::One),
    ("--users", Takes::One),
    ("-r", Takes::One),
    ("--spawn-rate", Takes::One),
    ("-t", Takes::One),
    ("--run-time", Takes::One),
    ("-s", Takes::One),
    ("--stop-timeout", Takes::One),
    ("-l", Takes::Nothing),
    ("--list", Takes::Nothing),
    ("--config-users", Takes::Many),
    ("--web-host", Takes::One),
    ("--web-host-display-name", Takes::One),
    ("-P", Takes::One),
    ("--web-port", Takes::One),
    ("--web-base-path", Takes::One),
    ("--web-login", Takes::Nothing),
    ("--headless", Takes::Nothing),
    ("--headful", Takes::Nothing),
    ("--autostart", Takes::Nothing),
    ("--autoquit", Takes::One),
    ("--tls-cert", Takes::One),
    ("--tls-key", Takes::One),
    ("--class-picker", Takes::Nothing),
    ("--build-path", Takes::One),
    ("--master-bind-host", Takes::One),
    ("--master-bind-port", Takes::One),
    ("--expect-workers", Takes::One),
    ("--expect-workers-max-wait", Takes::One),
    ("--enable-rebalancing", Takes::Nothing),
    (PROCESSES, Takes::One),
    ("-T", Takes::Many),
    ("--tags", Takes::Many),
    ("-E", Takes::Many),
    ("--exclude-tags", Takes::Many),
    ("--csv", Takes::One),
    ("--csv-full-history", Takes::Nothing),
    ("--print-stats", Takes::Nothing),
    ("--only-summary", Takes::Nothing),
    ("--reset-stats", Takes::Nothing),
    ("--html", Takes::One),
    ("--json", Takes::Nothing),
    ("--json-file", Takes::One),
    ("--skip-log-setup", Takes::Nothing),
    ("--show-task-ratio", Takes::Nothing),
    ("--show-task-ratio-json", Takes::Nothing),
    ("--exit-code-on-error", Takes::One),
    ("--equal-weights", Takes::Nothing),
    ("--profile", Takes::One),
    ("--otel", Takes::Nothing),
];

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
    let ours = ours_with_values();
    let is_value = |word: &&OsString| !word.as_encoded_bytes().starts_with(b"-");
    while let Some(word) = rest.next() {
        if word == WORKER {
            continue;
        }
        if is_value(&word) {
            divided.note("user classes");
        } else if let Some((name, takes)) = of_master(word) {
            divided.note(&name);
            match takes {
                Takes::Nothing => {}
                Takes::One => drop(rest.next()),
                Takes::Many => while rest.next_if(is_value).is_some() {},
            }
        } else {
            divided.kept.push(word.clone());
            if ours.iter().any(|flag| word == flag.as_str()) {
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

/// Our own flags that a value may follow, as clap knows them.
fn ours_with_values() -> Vec<String> {
    let ours = WorkerOptions::augment_args(Command::new("worker"));
    let with_values = ours.get_arguments().filter(|flag| flag.get_action().takes_values());
    let spellings = |flag: &Arg| {
        let long = flag.get_long().map(|name| format!("--{name}"));
        [long, flag.get_short().map(|letter| format!("-{letter}"))].into_iter().flatten()
    };
    with_values.flat_map(spellings).collect()
}

/// The name of a flag that is for the master, and what still follows this word.
fn of_master(word: &OsStr) -> Option<(String, Takes)> {
    let word = word.to_str()?;
    let (name, has_value) = match word.split_once('=') {
        Some((name, _)) if word.starts_with("--") => (name, true),
        _ => (word, false),
    };
    let joined = |takes| if has_value { Takes::Nothing } else { takes };
    if OF_LOCUSTFILE.iter().any(|start| name.starts_with(start)) {
        return Some((name.to_owned(), joined(Takes::One)));
    }
    if let Some((name, takes)) = OF_MASTER.iter().find(|(flag, _)| *flag == name) {
        return Some(((*name).to_owned(), joined(*takes)));
    }
    // -u5
    let short = OF_MASTER.iter().find(|(flag, takes)| {
        flag.len() == 2 && *takes != Takes::Nothing && !word.starts_with("--") && word.starts_with(flag)
    });
    short.map(|(flag, _)| ((*flag).to_owned(), Takes::Nothing))
}

#[cfg(test)]
mod tests;
