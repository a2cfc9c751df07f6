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
