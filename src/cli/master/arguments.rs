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
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<OsString> {
        text.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn arguments_that_make_another_thing_of_locust_are_refused_in_all_their_spellings() {
        for wrong in [
            "-f a.py",
            "-fa.py",
            "--locustfile a.py",
            "--locustfile=a.py",
            "--locustf=a.py",
            "-u 5 --worker",
            "--wo",
            "--processes 4",
            "--proc=4",
        ] {
            let said = refuse(&words(wrong), |_| None).expect_err(wrong);
            assert!(said.contains("\nhelp: "), "{said}");
        }
        for right in [
            "",
            "--headless -u 5 -r 2 -t 1m --csv out/worker",
            "--loglevel debug --logfile a.log",
            "--print-stats --profile p --web-port 8090",
            "--master --master-bind-port 5600 -F",
        ] {
            assert_eq!(refuse(&words(right), |_| None), Ok(()), "{right}");
        }
    }

    #[test]
    fn variables_count_as_flags_unless_ours_wins() {
        let set = |name: &'static str, value: &'static str| {
            refuse(&[], move |asked| (asked == name).then(|| value.to_owned()))
        };
        assert!(
            set("LOCUST_MODE_WORKER", "true")
                .unwrap_err()
                .starts_with("the variable LOCUST_MODE_WORKER is set")
        );
        assert!(set("LOCUST_PROCESSES", "4").is_err());
        assert_eq!(set("LOCUST_MODE_WORKER", "false"), Ok(()));
        assert_eq!(set("LOCUST_LOCUSTFILE", "a.py"), Ok(()));
    }

    #[test]
    fn workers_are_told_the_address_that_locust_listens_at() {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let told = |text: &str| Joining::of(&words(text), |_| None).to_string();
        assert_eq!(told(""), format!("mqtt-scenario worker --master-host {host}"));
        assert_eq!(told("--master-bind-host=*"), format!("mqtt-scenario worker --master-host {host}"));
        assert_eq!(
            told("--master-bind-host 10.0.0.7 -u 3 --master-bind-port=5600"),
            "mqtt-scenario worker --master-host 10.0.0.7 --master-port 5600"
        );
        let told =
            Joining::of(&[], |name| (name == "LOCUST_MASTER_BIND_PORT").then(|| "56\u{1b}".to_owned()));
        assert!(told.to_string().ends_with(" --master-port 56?"), "{told}");
    }
}
