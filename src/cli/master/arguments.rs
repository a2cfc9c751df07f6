//! What stands after `--`, for Locust: what would make it something else than a master is refused.
//!
//! Locust takes abbreviations (`--work`) and variables of the environment for flags, so these are looked at as well. It says
//! by itself what is wrong with all other arguments.

use std::ffi::{OsStr, OsString};
use std::fmt;

/// Flags that fight with ours: long name, short name, variable, and what to do.
const REFUSED: [(&str, Option<&str>, &str, &str); 3] = [
    (
        "--locustfile",
        Some("-f"),
        "LOCUST_LOCUSTFILE",
        "the file is made of the scenario. To run another one: locust -f FILE --master",
    ),
    (
        "--worker",
        None,
        "LOCUST_MODE_WORKER",
        "this is the master. A worker is started by: mqtt-scenario worker --master-host HOST",
    ),
    (
        "--processes",
        None,
        "LOCUST_PROCESSES",
        "it would start workers in Python. Start ours instead, one for each machine: mqtt-scenario worker --master-host HOST",
    ),
];

/// The shortest abbreviation that is looked at; Locust knows none of one letter.
const SHORTEST: usize = "--wo".len();

/// Says what of the arguments and of the environment cannot be, with its cure.
pub(super) fn refuse(
    arguments: &[OsString],
    variable: impl Fn(&str) -> Option<String>,
) -> Result<(), String> {
    for (long, short, name, cure) in REFUSED {
        let is_it = |word: &&OsString| {
            let word = word.to_string_lossy();
            let flag = word.split('=').next().unwrap_or_default();
            let is_long = flag.len() >= SHORTEST && long.starts_with(flag);
            is_long || short.is_some_and(|short| word.starts_with(short))
        };
        if let Some(word) = arguments.iter().find(is_it) {
            return Err(format!("{} is not for a master\nhelp: {cure}", word.to_string_lossy()));
        }
        // -f on the command line wins over its variable.
        let is_set = variable(name).is_some_and(|value| !["", "false", "0"].contains(&value.as_str()));
        if is_set && short.is_none() {
            return Err(format!("the variable {name} is set, which is not for a master\nhelp: {cure}"));
        }
    }
    Ok(())
}

/// How a worker joins, as a command line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Joining {
    host: String,
    port: Option<String>,
}

impl Joining {
    /// What the arguments and the environment say about the master's address.
    pub(super) fn of(arguments: &[OsString], variable: impl Fn(&str) -> Option<String>) -> Self {
        let host = value(arguments, "--master-bind-host").or_else(|| variable("LOCUST_MASTER_BIND_HOST"));
        let port = value(arguments, "--master-bind-port").or_else(|| variable("LOCUST_MASTER_BIND_PORT"));
        let is_one = |host: &String| !["", "*", "0.0.0.0", "::"].contains(&host.as_str());
        let own_name = || rustix::system::uname().nodename().to_string_lossy().into_owned();
        Self { host: host.filter(is_one).unwrap_or_else(own_name), port }
    }
}

impl fmt::Display for Joining {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "mqtt-scenario worker --master-host {}", plain(&self.host))?;
        self.port.iter().try_for_each(|port| write!(f, " --master-port {}", plain(port)))
    }
}

/// A port that Locust is about to listen on, and how another one is chosen.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Listening {
    /// Where it would answer on this machine.
    pub(super) at: String,
    pub(super) cure: &'static str,
}

/// Where Locust listens with these arguments. Nowhere, if it only says something and ends.
pub(super) fn listening(arguments: &[OsString], variable: impl Fn(&str) -> Option<String>) -> Vec<Listening> {
    let has = |flags: &[&str]| arguments.iter().any(|word| flags.iter().any(|flag| word == flag));
    if has(&[
        "--help",
        "-h",
        "--version",
        "-V",
        "--list",
        "-l",
        "--show-task-ratio",
        "--show-task-ratio-json",
    ]) {
        return Vec::new();
    }
    let of = |flags: &[&str], name: &str| {
        flags
            .iter()
            .find_map(|flag| value(arguments, flag))
            .or_else(|| variable(name))
            .filter(|text| !text.is_empty())
    };
    let place = |host: Option<String>, port: Option<String>, default: &str| {
        let host = host.filter(|host| !["*", "0.0.0.0", "::"].contains(&host.as_str()));
        format!("{}:{}", host.as_deref().unwrap_or("127.0.0.1"), port.as_deref().unwrap_or(default))
    };
    let mut all = vec![Listening {
        at: place(
            of(&["--master-bind-host"], "LOCUST_MASTER_BIND_HOST"),
            of(&["--master-bind-port"], "LOCUST_MASTER_BIND_PORT"),
            "5557",
        ),
        cure: "end what listens there, perhaps another master, or choose another port: -- --master-bind-port PORT, and \
               --master-port PORT of the workers",
    }];
    if !has(&["--headless"]) && variable("LOCUST_HEADLESS").is_none() {
        all.push(Listening {
            at: place(
                of(&["--web-host"], "LOCUST_WEB_HOST"),
                of(&["--web-port", "-P"], "LOCUST_WEB_PORT"),
                "8089",
            ),
            cure: "end what listens there, perhaps another page, or choose another port: -- --web-port PORT",
        });
    }
    all
}

/// A word without anything that a terminal would obey.
fn plain(word: &str) -> String {
    word.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

/// The last value of a flag.
fn value(arguments: &[OsString], flag: &str) -> Option<String> {
    let text = |word: &OsStr| word.to_string_lossy().into_owned();
    let after = arguments.windows(2).rev().find(|pair| pair[0] == flag).map(|pair| text(&pair[1]));
    let joined = |word: &OsString| text(word).strip_prefix(flag)?.strip_prefix('=').map(str::to_owned);
    after.or_else(|| arguments.iter().rev().find_map(joined))
}

#[cfg(test)]
mod tests;
