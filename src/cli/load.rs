//! From a file to a plan, for every subcommand that needs one. All mistakes of the file are reported at once.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashSet};
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use crate::broker::faults::Faults;
use crate::cli::{exit, render};
use crate::compile::files::MAX_FILE_BYTES;
use crate::compile::url::{UrlError, one_target, parse_url};
use crate::compile::{Compiled, Context, Overrides, compile};
use crate::diagnostic::{Diagnostic, FileId};
use crate::plan::Plan;
use crate::plan::certificates::certificates;
use crate::plan::target::Target;
use crate::scenario::files::{ReadError, reason};
use crate::scenario::secrets::Secrets;
use crate::scenario::source::Source;
use crate::units::parse_run_time;

/// The scenario that is used if the command line names none.
const DEFAULT_SCENARIO: &str = "scenarios/publish.toml";

/// The scenario and what the command line says instead of it: Locust's flags.
#[derive(Debug, Clone, Args)]
pub(super) struct ScenarioOptions {
    /// The scenario file, in TOML or YAML
    #[arg(value_name = "SCENARIO")]
    #[arg(help = "The scenario file, in TOML or YAML [default: scenarios/publish.toml]")]
    scenario: Option<PathBuf>,

    /// Number of users
    #[arg(short, long, value_name = "N", value_parser = parse_users, allow_negative_numbers = true)]
    users: Option<u32>,

    /// Number of users that start per second
    #[arg(short = 'r', long, value_name = "PER_SECOND", value_parser = parse_spawn_rate)]
    #[arg(allow_negative_numbers = true)]
    spawn_rate: Option<f64>,

    /// How long the run lasts, from the first user on: 300s, 20m, 1h30m, 500ms or plain seconds; 0 means no end
    #[arg(short = 't', long, value_name = "TIME", value_parser = parse_run_time)]
    #[arg(allow_negative_numbers = true)]
    run_time: Option<Duration>,

    /// How long users may take to finish their task when the run stops
    #[arg(short, long, value_name = "TIME", value_parser = parse_run_time)]
    #[arg(allow_negative_numbers = true)]
    stop_timeout: Option<Duration>,

    /// Address of the broker, in place of the scenario's
    #[arg(short = 'H', long = "host", value_name = "URL")]
    #[arg(
        help = "Address of the broker, in place of the scenario's: HOST[:PORT], mqtt://, mqtts://, ws:// or \
                  wss://HOST[:PORT][/PATH], or embedded:. Repeat the flag for several servers"
    )]
    hosts: Vec<String>,

    /// Replace the value of a key of the scenario; can be repeated
    #[arg(long, value_name = "PATH=VALUE")]
    #[arg(help = "Replace the value of a key of the scenario, as in load.run_time=30s or \
                  'user_classes.device.tasks[0].weight=2'; can be repeated")]
    set: Vec<String>,

    /// Run only users of these classes. Separate several with commas, or repeat the flag
    #[arg(short = 'C', long, value_delimiter = ',', value_name = "CLASS")]
    user_classes: Vec<String>,

    /// Run only tasks with one of these tags. Separate several with commas, or repeat the flag
    #[arg(short = 'T', long, value_delimiter = ',', value_name = "TAG")]
    tags: Vec<String>,

    /// Leave out tasks with one of these tags. Separate several with commas, or repeat the flag
    #[arg(short = 'E', long, value_delimiter = ',', value_name = "TAG")]
    exclude_tags: Vec<String>,
}

impl ScenarioOptions {
    /// The scenario file.
    pub(super) fn path(&self) -> &Path {
        self.scenario.as_deref().unwrap_or(Path::new(DEFAULT_SCENARIO))
    }

    /// Whether the command line names it.
    pub(super) fn names_a_file(&self) -> bool {
        self.scenario.is_some()
    }

    /// The same options for another scenario.
    pub(super) fn with_file(&self, path: &Path) -> Self {
        Self { scenario: Some(path.to_owned()), ..self.clone() }
    }

    /// The same options with another scenario, other addresses and more settings, as far as they are given.
    pub(super) fn with(&self, file: Option<&Path>, hosts: &[String], set: &[String]) -> Self {
        let mut other = file.map_or_else(|| self.clone(), |file| self.with_file(file));
        if !hosts.is_empty() {
            other.hosts = hosts.to_vec();
        }
        other.set.extend_from_slice(set);
        other
    }

    /// The flags of Locust that the command line has, by their long names.
    pub(super) fn given(&self) -> Vec<&'static str> {
        let flags = [
            ("locustfile", self.scenario.is_some()),
            ("users", self.users.is_some()),
            ("spawn-rate", self.spawn_rate.is_some()),
            ("run-time", self.run_time.is_some()),
            ("stop-timeout", self.stop_timeout.is_some()),
            ("host", !self.hosts.is_empty()),
            ("tags", !self.tags.is_empty()),
            ("exclude-tags", !self.exclude_tags.is_empty()),
        ];
        flags.into_iter().filter_map(|(name, is_given)| is_given.then_some(name)).collect()
    }
}

fn parse_users(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(users) if users > 0 => Ok(users),
        _ => Err("a number of users is a whole number from 1 up".into()),
    }
}

fn parse_spawn_rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate > 0.0 => Ok(rate),
        _ => Err("a spawn rate is a number above 0, such as 10 or 0.5".into()),
    }
}

/// Not clap's to check, which repeats what is wrong: it may hold a password.
fn parse_hosts(texts: &[String]) -> Result<Option<Target>, ExitCode> {
    let wrong = |UrlError { message, help }| {
        exit::error(exit::BAD_INPUT, format_args!("--host: {message}\nhelp: {help}"))
    };
    let parsed = texts.iter().map(|text| parse_url(text, &check_embedded_options).map_err(wrong));
    one_target(parsed.collect::<Result<_, _>>()?).map_err(|(_, error)| wrong(error))
}

fn check_embedded_options(options: &str) -> Result<(), String> {
    Faults::from_query(options).map(drop).map_err(|error| error.to_string())
}

/// Gives embedded brokers that are the same the same options in the same words, so that comparing their targets shows
/// it.
fn name_embedded_alike(plan: &mut Plan) {
    for broker in &mut plan.brokers {
        if let Target::Embedded { options } = &mut broker.target
            && let Ok(faults) = Faults::from_query(options)
            // Odd lengths of time have a text that is longer than is read.
            && Faults::from_query(&faults.to_string()) == Ok(faults)
        {
            *options = faults.to_string();
        }
    }
}

/// Reads a file that a scenario names, but no more than is needed to know that it is too large.
fn read_file(path: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|error| reason(&error))?;
    Ok(bytes)
}

/// What leads from the folder of a scenario to that of a file it includes.
fn folder_between(scenario: &Path, included: &Path) -> String {
    // Included by a path from there, unless by an absolute one.
    match included.strip_prefix(scenario).unwrap_or(included) {
        same if same.as_os_str().is_empty() => String::new(),
        folder => format!("{}/", folder.display()),
    }
}

/// A scenario that could be read, with all its diagnostics.
pub(super) struct Checked {
    pub(super) source: Source,
    /// Mistakes, or warnings if there is a plan.
    pub(super) diagnostics: Vec<Diagnostic>,
    /// If it can run.
    pub(super) plan: Option<Plan>,
    /// The files that it was made from.
    inputs: Vec<PathBuf>,
    /// The variables of the environment that it asks for.
    variables: BTreeSet<String>,
}

/// A plan, and what went into it.
pub(super) struct Loaded {
    pub(super) plan: Plan,
    /// All files that it was made from: scenario, included files, feeds, payloads, secrets.
    pub(super) inputs: Vec<PathBuf>,
    /// The variables of the environment that the scenario asks for.
    pub(super) variables: BTreeSet<String>,
    /// The warnings about a scenario that can run, as they are printed to standard error.
    pub(super) warnings: String,
    /// The texts of the scenario and of the files that it includes, without secrets, each with its path.
    pub(super) texts: Vec<(PathBuf, String)>,
}

/// Reads and compiles the scenario. What is wrong is printed to standard error, and an error is the exit code for it.
/// Warnings are left to the caller.
pub(super) fn load(options: &ScenarioOptions) -> Result<Loaded, ExitCode> {
    tell(options, check(options, SAMPLE)?)
}

/// Reads and compiles the scenario for a run, whose users differ from those of other processes by default.
pub(super) fn load_run(options: &ScenarioOptions) -> Result<Loaded, ExitCode> {
    tell(options, check(options, &draw_run_id())?)
}

/// Stands in plans for the run id, which each run draws by itself.
pub(super) const SAMPLE: &str = "0000";

/// Four letters and digits: few, as some brokers take no client id of more than 23 characters, and enough that
/// one in a million pairs of processes has the same.
fn draw_run_id() -> String {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    // The standard library's only source of chance: its keys are drawn once per process, from the system.
    let mut left = RandomState::new().hash_one(std::process::id());
    let mut digit = || {
        let digit = DIGITS.get(usize::try_from(left % 36).unwrap_or(0)).copied().unwrap_or(b'0');
        left /= 36;
        char::from(digit)
    };
    (0..4).map(|_| digit()).collect()
}

/// The files that TLS needs, which are read only when the run begins. Paths are from `folder`.
pub(super) fn certificate_files(plan: &Plan, folder: &Path) -> Vec<PathBuf> {
    let authorities = plan.brokers.iter().filter_map(|broker| broker.tls.as_ref()?.authorities.clone());
    let pairs = certificates(plan).into_iter().filter_map(|(_, files)| files);
    let names = authorities.chain(pairs.flat_map(|(certificate, key)| [certificate, key]));
    names.map(|name| folder.join(name)).collect()
}

/// Reads and compiles the scenario and says nothing, except of a command line that cannot be.
pub(super) fn check(options: &ScenarioOptions, run_id: &str) -> Result<Result<Checked, ReadError>, ExitCode> {
    let host = parse_hosts(&options.hosts)?;
    let path = options.path();
    let (source, parsed) = match Source::read_with(path, &options.set) {
        Ok(read) => read,
        Err(error) => return Ok(Err(error)),
    };
    let overrides = Overrides {
        users: options.users,
        spawn_rate: options.spawn_rate,
        run_time: options.run_time,
        stop_timeout: options.stop_timeout,
        host,
        tags: options.tags.clone(),
        exclude_tags: options.exclude_tags.clone(),
        user_classes: options.user_classes.clone(),
    };
    let hostname = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let inputs = RefCell::new(source.names().map(PathBuf::from).collect::<Vec<_>>());
    let variables = RefCell::new(BTreeSet::new());
    let context = Context {
        file_stem: path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("scenario"),
        env: &|name| {
            variables.borrow_mut().insert(name.to_owned());
            std::env::var(name).ok()
        },
        hostname: &hostname,
        run_id: Some(run_id),
        embedded_options: &check_embedded_options,
        files: &|at, name| {
            let path = source.folder(at).join(name);
            let bytes = read_file(&path);
            inputs.borrow_mut().push(path);
            bytes
        },
        line: &|at| source.line(at),
        folder: &|at| folder_between(path.parent().unwrap_or(Path::new("")), source.folder(at)),
        overrides: &overrides,
        reported: parsed.reported.paths(),
    };
    let mut diagnostics = parsed.diagnostics;
    let plan = match compile(&parsed.scenario, &context) {
        Ok(Compiled { mut plan, warnings }) if diagnostics.is_empty() => {
            diagnostics = warnings;
            name_embedded_alike(&mut plan);
            Some(plan)
        }
        Ok(_) => None,
        Err(more) => {
            diagnostics.extend(more);
            None
        }
    };
    // What a class takes over from another one stands in one place, and is one mistake.
    let mut told = HashSet::new();
    diagnostics.retain(|diagnostic| {
        let place = source.place(&diagnostic.at, &diagnostic.mark);
        let has_place = !place.span.is_empty();
        !has_place || told.insert((place, diagnostic.code, diagnostic.message.clone()))
    });
    let (inputs, variables) = (inputs.into_inner(), variables.into_inner());
    Ok(Ok(Checked { source, diagnostics, plan, inputs, variables }))
}

/// Says on standard error what is wrong; without a plan the error is the exit code for it.
pub(super) fn tell(
    options: &ScenarioOptions,
    checked: Result<Checked, ReadError>,
) -> Result<Loaded, ExitCode> {
    let Checked { source, diagnostics, plan, inputs, variables } = checked.map_err(|error| {
        let missing = !options.path().exists() && !options.names_a_file();
        let help = if missing { "\nhelp: name a scenario file: mqtt-scenario run my.toml" } else { "" };
        exit::error(exit::BAD_INPUT, format_args!("{error}{help}"))
    })?;
    let warnings = drawn(&diagnostics, &source);
    let Some(plan) = plan else {
        exit::say(&warnings);
        return Err(ExitCode::from(exit::BAD_INPUT));
    };
    Ok(Loaded { plan, inputs, variables, warnings, texts: masked_texts(&source) })
}

/// The texts of the files that a scenario is made of, without secrets.
fn masked_texts(source: &Source) -> Vec<(PathBuf, String)> {
    let secrets = Secrets::of(source);
    let texts =
        (0..).map(FileId).zip(source.names()).map(|(id, name)| (PathBuf::from(name), secrets.text(id)));
    // Texts of `--set` have names that are no files.
    texts.filter(|(path, _)| path.is_file()).collect()
}

/// Draws diagnostics on standard error.
pub(super) fn draw(diagnostics: &[Diagnostic], source: &Source) {
    exit::say(&drawn(diagnostics, source));
}

fn drawn(diagnostics: &[Diagnostic], source: &Source) -> String {
    render::render(diagnostics, source, std::io::stderr().is_terminal())
}
