//! The table of Locust's settings, and what becomes of each here.
//!
//! A setting that is refused on the command line is only ignored elsewhere, with a warning: a `locust.conf` is often there
//! for tests in Python as well.

/// What becomes of a setting of Locust here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// The flag of this name does the same.
    Same,
    /// The flag of this name does the same, with a difference.
    Like(&'static str),
    /// It changes nothing here; why.
    Accepted(&'static str),
    /// It is refused; what to do instead.
    Instead(&'static str),
}

/// A setting of Locust 2.47, or of its plugins.
#[derive(Debug)]
pub(super) struct Setting {
    /// Long name, as a flag and in files.
    pub(super) name: &'static str,
    pub(super) short: Option<&'static str>,
    /// In the environment; empty if Locust has none.
    pub(super) variable: &'static str,
    pub(super) fate: Fate,
}

impl Setting {
    fn takes(&self) -> Takes {
        match self.name {
            name if SWITCHES.contains(&name) => Takes::Nothing,
            name if LISTS.contains(&name) => Takes::Many,
            _ => Takes::One,
        }
    }
}

const fn setting(name: &'static str, variable: &'static str, fate: Fate) -> Setting {
    Setting { name, short: None, variable, fate }
}

const fn short(short: &'static str, name: &'static str, variable: &'static str, fate: Fate) -> Setting {
    Setting { name, short: Some(short), variable, fate }
}

/// Why a setting of the page changes nothing in a run without one.
pub(super) const NO_PAGE: &str = "a run has a page only if the command line asks for it: --web";
const PAGE: &str =
    "asks for the page, as --web does. From outside the command line it counts only with --web";
const WITH_PAGE: &str = "the same. From outside the command line it counts only with --web";
const LOGIN: &str = "a page that others can reach has a token: --web-token TOKEN";
const NO_TLS: &str = "the page speaks plain HTTP: put a proxy or ssh -L in front of it";
const NO_SUCH_PAGE: &str = "the page of --web has no such setting";
const MASTER: &str = "a Locust master for a scenario is a command of its own, which takes such flags after `--`: \
                      mqtt-scenario master my.toml -- --expect-workers 2. Without a master, start several processes \
                      with --shard";
const WORKER: &str =
    "the worker of a Locust master is a command of its own: mqtt-scenario worker --master-host HOST";
const RENAMED: &str = "Locust has renamed it: see --expect-workers and --worker";

/// All that Locust has, in the order of its help.
pub(super) const SETTINGS: &[Setting] = &[
    short("-h", "help", "", Fate::Same),
    short(
        "-f",
        "locustfile",
        "LOCUST_LOCUSTFILE",
        Fate::Like("a scenario in TOML or YAML. A locustfile in Python is refused"),
    ),
    setting("config", "", Fate::Same),
    short(
        "-H",
        "host",
        "LOCUST_HOST",
        Fate::Like("the address of the broker; several servers by repeating it"),
    ),
    short("-u", "users", "LOCUST_USERS", Fate::Same),
    short("-r", "spawn-rate", "LOCUST_SPAWN_RATE", Fate::Same),
    short("-t", "run-time", "LOCUST_RUN_TIME", Fate::Same),
    short("-l", "list", "", Fate::Same),
    setting(
        "config-users",
        "LOCUST_CONFIG_USERS",
        Fate::Like(
            "each key is one of a user class of the scenario, as with --set. `host` and `tasks` are refused",
        ),
    ),
    setting("web-host", "LOCUST_WEB_HOST", Fate::Like(PAGE)),
    setting("web-host-display-name", "LOCUST_WEB_HOST_DISPLAY_NAME", Fate::Instead(NO_SUCH_PAGE)),
    short("-P", "web-port", "LOCUST_WEB_PORT", Fate::Like(PAGE)),
    setting("headless", "LOCUST_HEADLESS", Fate::Like("every run without --web is headless")),
    setting("autostart", "LOCUST_AUTOSTART", Fate::Like(WITH_PAGE)),
    setting("autoquit", "LOCUST_AUTOQUIT", Fate::Like(WITH_PAGE)),
    setting("headful", "LOCUST_HEADFUL", Fate::Instead("it is --web")),
    setting("web-auth", "LOCUST_WEB_AUTH", Fate::Instead(LOGIN)),
    setting("web-login", "LOCUST_WEB_LOGIN", Fate::Instead(LOGIN)),
    setting("tls-cert", "LOCUST_TLS_CERT", Fate::Instead(NO_TLS)),
    setting("tls-key", "LOCUST_TLS_KEY", Fate::Instead(NO_TLS)),
    setting(
        "class-picker",
        "LOCUST_USERCLASS_PICKER",
        Fate::Accepted("the page always lets visitors choose user classes"),
    ),
    setting("build-path", "LOCUST_BUILD_PATH", Fate::Instead(NO_SUCH_PAGE)),
    setting("legacy-ui", "LOCUST_LEGACY_UI", Fate::Instead(NO_SUCH_PAGE)),
    setting("master", "LOCUST_MODE_MASTER", Fate::Instead(MASTER)),
    setting("master-bind-host", "LOCUST_MASTER_BIND_HOST", Fate::Instead(MASTER)),
    setting("master-bind-port", "LOCUST_MASTER_BIND_PORT", Fate::Instead(MASTER)),
    setting("expect-workers", "LOCUST_EXPECT_WORKERS", Fate::Instead(MASTER)),
    setting("expect-workers-max-wait", "LOCUST_EXPECT_WORKERS_MAX_WAIT", Fate::Instead(MASTER)),
    setting("enable-rebalancing", "", Fate::Instead(MASTER)),
    setting("expect-slaves", "", Fate::Instead(RENAMED)),
    setting("worker", "LOCUST_MODE_WORKER", Fate::Instead(WORKER)),
    setting(
        "processes",
        "LOCUST_PROCESSES",
        Fate::Instead("one process uses all cores, with a thread for each: --threads N chooses how many"),
    ),
    setting("slave", "", Fate::Instead(RENAMED)),
    setting("master-host", "LOCUST_MASTER_NODE_HOST", Fate::Instead(WORKER)),
    setting("master-port", "LOCUST_MASTER_NODE_PORT", Fate::Instead(WORKER)),
    setting("web-base-path", "LOCUST_WEB_BASE_PATH", Fate::Instead(NO_SUCH_PAGE)),
    short("-T", "tags", "LOCUST_TAGS", Fate::Like("commas separate tags too")),
    short("-E", "exclude-tags", "LOCUST_EXCLUDE_TAGS", Fate::Like("commas separate tags too")),
    setting("csv", "LOCUST_CSV", Fate::Same),
    setting("csv-full-history", "LOCUST_CSV_FULL_HISTORY", Fate::Same),
    setting(
        "print-stats",
        "LOCUST_PRINT_STATS",
        Fate::Accepted(
            "progress is shown unless --only-summary is given. With a value it says which table is \
                        printed at the end: --print-stats locust prints Locust's",
        ),
    ),
    setting("only-summary", "LOCUST_ONLY_SUMMARY", Fate::Same),
    setting("reset-stats", "LOCUST_RESET_STATS", Fate::Same),
    setting(
        "html",
        "LOCUST_HTML",
        Fate::Like(
            "a report of our own. `{u}`, `{r}` and `{t}` in its name are replaced, also by what the scenario \
                    says",
        ),
    ),
    setting("json", "", Fate::Same),
    setting("json-file", "", Fate::Same),
    setting(
        "skip-log-setup",
        "LOCUST_SKIP_LOG_SETUP",
        Fate::Accepted("the log goes to standard error, or to --logfile FILE; --quiet leaves it out"),
    ),
    short("-L", "loglevel", "LOCUST_LOGLEVEL", Fate::Same),
    setting("logfile", "LOCUST_LOGFILE", Fate::Same),
    setting("show-task-ratio", "", Fate::Same),
    setting("show-task-ratio-json", "", Fate::Same),
    short("-V", "version", "", Fate::Instead("it stands alone: mqtt-scenario --version")),
    setting("exit-code-on-error", "LOCUST_EXIT_CODE_ON_ERROR", Fate::Same),
    short("-s", "stop-timeout", "LOCUST_STOP_TIMEOUT", Fate::Same),
    setting("equal-weights", "", Fate::Same),
    setting(
        "profile",
        "",
        Fate::Instead("name the outputs of each run (--csv PREFIX), or group them by folder: --out DIR"),
    ),
    setting(
        "otel",
        "LOCUST_ENABLE_OPENTELEMETRY",
        Fate::Instead(
            "there is no OpenTelemetry export: --prometheus ADDR serves metrics, --request-log FILE \
                       writes every request",
        ),
    ),
    setting("user-classes", "LOCUST_USER_CLASSES", Fate::Like("words after the scenario, or -C NAME")),
];

const THRESHOLD: &str = "a threshold of the scenario says so: docs/thresholds.md";
const GRAFANA: &str = "results go to files (--out DIR) and to Prometheus (--prometheus ADDR)";

/// Flags of locust-plugins that CI jobs have, and such as older versions of Locust had.
pub(super) const OTHERS: &[Setting] = &[
    short(
        "-i",
        "iterations",
        "LOCUST_ITERATIONS",
        Fate::Like("it is load.iterations of the scenario: exactly so many task runs"),
    ),
    setting("check-rps", "LOCUST_CHECK_RPS", Fate::Instead(THRESHOLD)),
    setting("check-fail-ratio", "LOCUST_CHECK_FAIL_RATIO", Fate::Instead(THRESHOLD)),
    setting("check-avg-response-time", "LOCUST_CHECK_AVG_RESPONSE_TIME", Fate::Instead(THRESHOLD)),
    setting(
        "console-stats-interval",
        "LOCUST_CONSOLE_STATS_INTERVAL",
        Fate::Instead("progress is a line every two seconds; --only-summary leaves it out"),
    ),
    setting("timescale", "LOCUST_TIMESCALE", Fate::Instead(GRAFANA)),
    setting("influxdb", "LOCUST_INFLUXDB", Fate::Instead(GRAFANA)),
    setting("hatch-rate", "LOCUST_HATCH_RATE", Fate::Instead("it is -r, --spawn-rate")),
    setting("clients", "LOCUST_CLIENTS", Fate::Instead("it is -u, --users")),
    short("-c", "num-clients", "", Fate::Instead("it is -u, --users")),
    setting("step-load", "LOCUST_STEP_LOAD", Fate::Instead("load.stages of the scenario says so")),
];

/// Variables that Locust uses for itself, which are not settings of a run.
pub(super) const INNER: &[&str] = &[
    "LOCUST_SKIP_MONKEY_PATCH",
    "LOCUST_SKIP_URLLIB3_PATCH",
    "LOCUST_WAIT_FOR_WORKERS_REPORT_AFTER_RAMP_UP",
    "LOCUST_WORKER_ADDITIONAL_WAIT_BEFORE_READY_AFTER_STOP",
    "LOCUST_PLAYWRIGHT",
];

/// Settings that are switches, without a value.
const SWITCHES: &[&str] = &[
    "autostart",
    "class-picker",
    "csv-full-history",
    "enable-rebalancing",
    "equal-weights",
    "headful",
    "headless",
    "json",
    "list",
    "only-summary",
    "otel",
    "print-stats",
    "reset-stats",
    "show-task-ratio",
    "show-task-ratio-json",
    "skip-log-setup",
    "web-login",
];

/// Settings that take words up to the next flag.
const LISTS: &[&str] = &["config-users", "exclude-tags", "tags"];

/// What follows a flag of Locust.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Takes {
    Nothing,
    One,
    Many,
}

fn all() -> impl Iterator<Item = &'static Setting> {
    SETTINGS.iter().chain(OTHERS)
}

/// The setting of this long name.
pub(super) fn named(name: &str) -> Option<&'static Setting> {
    all().find(|setting| setting.name == name)
}

/// The setting of this variable.
pub(super) fn of_variable(name: &str) -> Option<&'static Setting> {
    all().find(|setting| setting.variable == name)
}

/// The setting of this flag, with or without a value: `--html`, `--html=x` or `-f`.
fn of_flag(word: &str) -> Option<&'static Setting> {
    let flag = word.split_once('=').map_or(word, |(flag, _)| flag);
    all().find(|setting| flag.strip_prefix("--") == Some(setting.name) || setting.short == Some(flag))
}

/// The flag that this word of a command line is or begins with: its name, and what still follows the word. A value may be joined to
/// it: `--users=5`, `-u5`.
pub(in crate::cli) fn begun(word: &str) -> Option<(&str, Takes)> {
    if let Some(found) = of_flag(word) {
        let (flag, is_joined) = word.split_once('=').map_or((word, false), |(flag, _)| (flag, true));
        return Some((flag, if is_joined { Takes::Nothing } else { found.takes() }));
    }
    let joined = |setting: &&Setting| {
        setting.takes() != Takes::Nothing && setting.short.is_some_and(|short| word.starts_with(short))
    };
    let flag = all().find(joined)?.short?;
    Some((flag, Takes::Nothing))
}

/// What to do instead of giving a flag that is refused, such as `--processes`.
pub(in crate::cli) fn instead_of(word: &str) -> Option<&'static str> {
    match of_flag(word)?.fate {
        Fate::Instead(what) => Some(what),
        Fate::Same | Fate::Like(_) | Fate::Accepted(_) => None,
    }
}

/// Why a flag changes nothing here, if it is accepted all the same.
pub(in crate::cli) fn accepted(word: &str) -> Option<&'static str> {
    match of_flag(word)?.fate {
        Fate::Accepted(why) => Some(why),
        Fate::Same | Fate::Like(_) | Fate::Instead(_) => None,
    }
}

#[cfg(test)]
mod tests;
