//! Locust's own settings: its flags, and the same in the environment and in configuration files.
//!
//! Flags that mean the same here have the same names. Of the others, users of Locust are told what to do
//! instead. The environment and configuration files are not read, since a scenario and its command line describe a
//! run completely. But a CI job made for Locust would then silently run something else. So a warning names the settings
//! there that would change a run.

use std::collections::BTreeSet;
use std::env;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Most that is read of a configuration file, in bytes.
const MAX_CONFIG_BYTES: u64 = 1 << 20;

/// What becomes of a setting of Locust here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Here {
    /// This flag.
    Flag(&'static str),
    /// This switch, which is not set by `false`.
    Switch(&'static str),
    /// Nothing, but a run would be another one with it; what to do instead.
    Instead(&'static str),
    /// The same flag, which changes nothing.
    Accepted,
    /// It says how Locust itself is operated, and changes no run; what to do instead.
    Moot(&'static str),
}

/// A setting of Locust 2.47.
struct Setting {
    /// Long name, as a flag and in files.
    name: &'static str,
    short: Option<&'static str>,
    /// In the environment, unless it is `LOCUST_` and the long name.
    variable: Option<&'static str>,
    here: Here,
}

const fn setting(name: &'static str, here: Here) -> Setting {
    Setting { name, short: None, variable: None, here }
}

const WEB: &str =
    "the page is asked for by --web, and listens at 127.0.0.1:8089 unless --web HOST:PORT says otherwise";
const WEB_TOKEN: &str = "a page that others can reach has a token: --web-token TOKEN";
const NO_TLS: &str = "the page speaks plain HTTP; put a proxy or ssh -L in front of it, and leave it out";
const WEB_OTHER: &str = "the page of --web has no such setting; leave it out";
const NO_WORKERS: &str = "a run is one process with a thread per core (--threads); for more load start several \
                          processes (--shard), or workers of a Locust master (mqtt-scenario worker), and leave it out";

/// All that Locust has.
const SETTINGS: &[Setting] = &[
    setting("users", Here::Flag("-u")),
    setting("spawn-rate", Here::Flag("-r")),
    Setting {
        variable: Some("LOCUST_HATCH_RATE"),
        ..setting("hatch-rate", Here::Instead("it is -r, --spawn-rate"))
    },
    setting("run-time", Here::Flag("-t")),
    setting("host", Here::Flag("-H")),
    setting("stop-timeout", Here::Flag("-s")),
    setting("tags", Here::Flag("-T")),
    setting("exclude-tags", Here::Flag("-E")),
    setting("csv", Here::Flag("--csv")),
    setting("csv-full-history", Here::Switch("--csv-full-history")),
    setting("only-summary", Here::Switch("--only-summary")),
    setting("reset-stats", Here::Switch("--reset-stats")),
    setting("exit-code-on-error", Here::Flag("--exit-code-on-error")),
    setting("loglevel", Here::Flag("-L")),
    setting("logfile", Here::Flag("--logfile")),
    setting("headless", Here::Accepted),
    Setting {
        short: Some("-f"),
        ..setting(
            "locustfile",
            Here::Instead("the scenario is named without a flag: mqtt-scenario run my.toml"),
        )
    },
    setting("config", Here::Instead("the scenario file is the configuration; change its values with --set")),
    setting(
        "config-users",
        Here::Instead("say it in the scenario, or with --set user_classes.NAME.KEY=VALUE"),
    ),
    Setting {
        short: Some("-l"),
        ..setting(
            "list",
            Here::Moot("the user classes of a scenario are shown by: mqtt-scenario plan my.toml"),
        )
    },
    setting("html", Here::Flag("--html")),
    Setting { variable: Some(""), ..setting("json", Here::Switch("--json")) },
    Setting { variable: Some(""), ..setting("json-file", Here::Flag("--json-file")) },
    setting("print-stats", Here::Moot("progress is shown unless --only-summary is given; leave it out")),
    setting("skip-log-setup", Here::Moot("the log goes to standard error, or to --logfile; leave it out")),
    setting("equal-weights", Here::Instead("set the weight of each task in the scenario, or with --set")),
    setting("profile", Here::Moot("name the outputs of each run: --csv PREFIX")),
    setting("otel", Here::Moot("there is no OpenTelemetry export; --request-log writes every request")),
    setting("autostart", Here::Switch("--autostart")),
    setting("autoquit", Here::Flag("--autoquit")),
    setting("headful", Here::Moot("it is --web")),
    setting("web-host", Here::Moot(WEB)),
    Setting { short: Some("-P"), ..setting("web-port", Here::Moot(WEB)) },
    setting("web-base-path", Here::Moot(WEB_OTHER)),
    setting("web-login", Here::Moot(WEB_TOKEN)),
    setting("web-auth", Here::Moot(WEB_TOKEN)),
    setting("web-host-display-name", Here::Moot(WEB_OTHER)),
    setting("tls-cert", Here::Moot(NO_TLS)),
    setting("tls-key", Here::Moot(NO_TLS)),
    setting("build-path", Here::Moot(WEB_OTHER)),
    setting("legacy-ui", Here::Moot(WEB_OTHER)),
    Setting {
        variable: Some("LOCUST_USERCLASS_PICKER"),
        ..setting("class-picker", Here::Moot("the page of --web always has it; leave it out"))
    },
    Setting { variable: Some("LOCUST_MODE_MASTER"), ..setting("master", Here::Instead(NO_WORKERS)) },
    Setting { variable: Some("LOCUST_MODE_WORKER"), ..setting("worker", Here::Instead(NO_WORKERS)) },
    setting("slave", Here::Instead(NO_WORKERS)),
    setting("processes", Here::Instead(NO_WORKERS)),
    setting("master-bind-host", Here::Instead(NO_WORKERS)),
    setting("master-bind-port", Here::Instead(NO_WORKERS)),
    Setting {
        variable: Some("LOCUST_MASTER_NODE_HOST"),
        ..setting("master-host", Here::Instead(NO_WORKERS))
    },
    Setting {
        variable: Some("LOCUST_MASTER_NODE_PORT"),
        ..setting("master-port", Here::Instead(NO_WORKERS))
    },
    setting("expect-workers", Here::Instead(NO_WORKERS)),
    setting("expect-workers-max-wait", Here::Instead(NO_WORKERS)),
    setting("expect-slaves", Here::Instead(NO_WORKERS)),
    setting("enable-rebalancing", Here::Instead(NO_WORKERS)),
];

/// Variables that Locust uses for itself, which are not settings of a run.
const INNER: &[&str] = &[
    "LOCUST_SKIP_MONKEY_PATCH",
    "LOCUST_SKIP_URLLIB3_PATCH",
    "LOCUST_WAIT_FOR_WORKERS_REPORT_AFTER_RAMP_UP",
    "LOCUST_WORKER_ADDITIONAL_WAIT_BEFORE_READY_AFTER_STOP",
    "LOCUST_PLAYWRIGHT",
];

/// What to do instead of giving a flag that only Locust has, such as `--html` or `-f`.
pub(super) fn instead_of(flag: &str) -> Option<&'static str> {
    let flag = flag.split_once('=').map_or(flag, |(flag, _)| flag);
    let setting = SETTINGS
        .iter()
        .find(|setting| flag.strip_prefix("--") == Some(setting.name) || setting.short == Some(flag))?;
    match setting.here {
        Here::Instead(what) | Here::Moot(what) => Some(what),
        Here::Flag(_) | Here::Switch(_) | Here::Accepted => None,
    }
}

/// What is set for Locust and not honoured, a sentence for each place. `given` are long names of flags that the command
/// line has, which would win in Locust too; `asked_for` variables that the scenario itself reads.
pub(super) fn ignored(given: &[&str], asked_for: &BTreeSet<String>) -> Vec<String> {
    let variables = env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned())));
    let mut sentences = Vec::new();
    sentences.extend(sentence("the environment", of_environment(variables, given, asked_for)));
    let home = env::var_os("HOME").map(|home| Path::new(&home).join(".locust.conf"));
    for path in home.into_iter().chain([PathBuf::from("locust.conf")]) {
        if let Some(text) = read(&path) {
            sentences.extend(sentence(&path.display().to_string(), of_config(&text, given)));
        }
    }
    if let Some(text) = read(Path::new("pyproject.toml")) {
        sentences.extend(sentence("[tool.locust] of pyproject.toml", of_pyproject(&text, given)));
    }
    sentences
}

fn read(path: &Path) -> Option<String> {
    let file = File::open(path).ok().filter(|file| file.metadata().is_ok_and(|found| found.is_file()))?;
    let mut bytes = Vec::new();
    file.take(MAX_CONFIG_BYTES).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Values are not repeated: they may be secrets.
fn sentence(place: &str, mut names: Vec<String>) -> Option<String> {
    names.sort();
    names.dedup();
    let list = names.join(", ");
    (!names.is_empty())
        .then(|| format!("Ignored, since settings of Locust are not read from {place}: {list}"))
}

/// A setting as it is listed: under the name that it has there, with what to use here.
fn listed(name: &str, setting: Option<&Setting>, value: &str, given: &[&str]) -> Option<String> {
    let Some(setting) = setting else { return Some(name.to_owned()) };
    let is_off = ["", "false", "no", "0", "off"].contains(&value.trim().to_ascii_lowercase().as_str());
    match setting.here {
        _ if given.contains(&setting.name) || value.trim().is_empty() => None,
        Here::Accepted | Here::Moot(_) => None,
        Here::Switch(_) if is_off => None,
        Here::Flag(flag) | Here::Switch(flag) => Some(format!("{name} (give {flag})")),
        Here::Instead(_) => Some(name.to_owned()),
    }
}

fn of_environment(
    variables: impl Iterator<Item = (String, String)>,
    given: &[&str],
    asked_for: &BTreeSet<String>,
) -> Vec<String> {
    let named = variables.filter(|(name, value)| {
        name.starts_with("LOCUST_")
            && !value.is_empty()
            && !asked_for.contains(name)
            && !INNER.contains(&name.as_str())
    });
    named
        .filter_map(|(name, value)| {
            let setting = SETTINGS.iter().find(|setting| match setting.variable {
                Some(variable) => variable == name,
                None => name.strip_prefix("LOCUST_").is_some_and(|rest| long_name(rest) == setting.name),
            });
            listed(&name, setting, &value, given)
        })
        .collect()
}

fn long_name(name: &str) -> String {
    name.to_ascii_lowercase().replace('_', "-")
}

fn of_names<'a>(settings: impl Iterator<Item = (&'a str, String)>, given: &[&str]) -> Vec<String> {
    settings
        .filter_map(|(name, value)| {
            let long = long_name(name);
            listed(name, SETTINGS.iter().find(|setting| setting.name == long), &value, given)
        })
        .collect()
}

/// Lines of `name = value`, `name: value` or a name alone; `#`, `;` and `[section]` do not count.
fn of_config(text: &str, given: &[&str]) -> Vec<String> {
    let lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with(['#', ';', '[', '-']));
    let settings = lines.map(|line| match line.split_once(['=', ':']) {
        Some((name, value)) => (name.trim(), value.trim().trim_matches(['"', '\'']).to_owned()),
        None => (line, "true".to_owned()),
    });
    of_names(settings, given)
}

fn of_pyproject(text: &str, given: &[&str]) -> Vec<String> {
    let Ok(table) = text.parse::<toml::Table>() else { return Vec::new() };
    let settings = table.get("tool").and_then(|tool| tool.get("locust")).and_then(toml::Value::as_table);
    let settings = settings.into_iter().flatten().map(|(name, value)| {
        (name.as_str(), value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    });
    of_names(settings, given)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(set: &[(&str, &str)], given: &[&str]) -> Vec<String> {
        let set = set.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        of_environment(set, given, &BTreeSet::from(["LOCUST_PASSWORD".to_owned()]))
    }

    #[test]
    fn variables_that_would_change_the_run_are_named_and_no_others() {
        let set = [
            ("LOCUST_USERS", "7"),
            ("LOCUST_RUN_TIME", "2s"),
            ("LOCUST_HEADLESS", "true"),
            ("LOCUST_WEB_PORT", "1"),
            ("LOCUST_RESET_STATS", "false"),
            ("LOCUST_ONLY_SUMMARY", "true"),
            ("LOCUST_TAGS", ""),
            ("LOCUST_MODE_WORKER", "true"),
            ("LOCUST_OF_THEIR_OWN", "secret"),
            ("LOCUST_PASSWORD", "the scenario asks for it"),
            ("LOCUST_LOCUSTFILE", "a.py"),
            ("PATH", "/bin"),
        ];
        assert_eq!(
            variables(&set, &["users", "locustfile"]),
            [
                "LOCUST_RUN_TIME (give -t)",
                "LOCUST_ONLY_SUMMARY (give --only-summary)",
                "LOCUST_MODE_WORKER",
                "LOCUST_OF_THEIR_OWN"
            ]
        );
    }

    #[test]
    fn configuration_files_are_read_in_both_forms() {
        let text = "# users = 1\n[global]\nlocustfile = a.py\nheadless = true\nusers = 5\nspawn-rate: 2\nreset-stats\n";
        assert_eq!(
            of_config(text, &["locustfile"]),
            ["users (give -u)", "spawn-rate (give -r)", "reset-stats (give --reset-stats)"]
        );
        let text = "[tool.other]\nusers = 1\n[tool.locust]\nrun-time = \"5m\"\nheadless = true\nusers = 3\n";
        assert_eq!(of_pyproject(text, &["users"]), ["run-time (give -t)"]);
        assert!(of_pyproject("[tool.locust\n", &[]).is_empty());
    }

    #[test]
    fn flags_that_only_locust_has_are_known_and_ours_are_not_among_them() {
        for flag in
            ["--equal-weights", "--otel=x", "-f", "--locustfile", "--web-login", "--master", "-P", "-l"]
        {
            assert!(instead_of(flag).is_some(), "{flag}");
        }
        for flag in ["--users", "-u", "--html", "--html=x", "--json", "--nosuchflag", "html", "--", "-"] {
            assert_eq!(instead_of(flag), None, "{flag}");
        }
    }
}
