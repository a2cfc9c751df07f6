//! The scenario and Locust's flags that say something else than it: options that several subcommands have.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use crate::broker::faults::Faults;
use crate::cli::locust::options::LocustOptions;
use crate::cli::mistake::Mistake;
use crate::cli::{completers, examples};
use crate::compile::url::{UrlError, parse_url};
use crate::plan::shard::Shard;
use crate::scenario::files::{Format, ReadError};
use crate::scenario::parse::Parsed;
use crate::scenario::secrets::hide_urls;
use crate::scenario::source::Source;
use crate::units::parse_run_time;

/// The scenario that is used if the command line names none.
const DEFAULT_SCENARIO: &str = "scenarios/publish.toml";

/// What the example of the program is called that is used if that file is not there. No file has this name.
pub(super) const BUILT_IN: &str = "built-in/publish.toml";

/// The scenario and what the command line says instead of it: Locust's flags.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct ScenarioOptions {
    /// The scenario file, in TOML or YAML
    #[arg(value_name = "SCENARIO", add = completers::scenarios())]
    #[arg(
        help = "The scenario file, in TOML or YAML [default: scenarios/publish.toml, else the built-in example publish]"
    )]
    scenario: Option<PathBuf>,

    /// Number of users
    #[arg(short, long, value_name = "N", value_parser = parse_users, allow_negative_numbers = true)]
    pub(super) users: Option<u32>,

    /// Number of users that start per second
    #[arg(short = 'r', long, value_name = "PER_SECOND", value_parser = parse_spawn_rate)]
    #[arg(allow_negative_numbers = true)]
    pub(super) spawn_rate: Option<f64>,

    /// How long the run lasts, from the first user on: 300s, 20m, 1h30m, 500ms or plain seconds; 0 means no end
    #[arg(short = 't', long, value_name = "TIME", value_parser = parse_run_time)]
    #[arg(allow_negative_numbers = true)]
    pub(super) run_time: Option<Duration>,

    /// How long users may take to finish their task when the run stops
    #[arg(short, long, value_name = "TIME", value_parser = parse_run_time)]
    #[arg(allow_negative_numbers = true)]
    pub(super) stop_timeout: Option<Duration>,

    /// Address of the broker, in place of the scenario's
    #[arg(short = 'H', long = "host", value_name = "URL")]
    #[arg(
        help = "Address of the broker, in place of the scenario's: HOST[:PORT], mqtt://, mqtts://, ws:// or \
                  wss://HOST[:PORT][/PATH], or embedded:. Repeat the flag for several servers"
    )]
    pub(super) hosts: Vec<String>,

    /// Replace the value of a key of the scenario; can be repeated
    #[arg(long, value_name = "PATH=VALUE")]
    #[arg(help = "Replace the value of a key of the scenario, as in load.run_time=30s or \
                  'user_classes.device.tasks[0].weight=2'; can be repeated")]
    pub(super) set: Vec<String>,

    /// Run only users of these classes. Separate several with commas, or repeat the flag
    #[arg(short = 'C', long, value_delimiter = ',', value_name = "CLASS", add = completers::user_classes())]
    pub(super) user_classes: Vec<String>,

    /// Run only tasks with one of these tags. Separate several with commas, or repeat the flag
    #[arg(short = 'T', long, value_delimiter = ',', value_name = "TAG", add = completers::tags())]
    pub(super) tags: Vec<String>,

    /// Leave out tasks with one of these tags. Separate several with commas, or repeat the flag
    #[arg(short = 'E', long, value_delimiter = ',', value_name = "TAG", add = completers::tags())]
    pub(super) exclude_tags: Vec<String>,

    /// Only the users of one shard of the run: I counts from 0, N is the number of shards
    #[arg(long, value_name = "I/N", allow_negative_numbers = true)]
    #[arg(
        help = "Only the users of shard I (from 0) of N, as in 0/4: N processes together do what one would. All of them \
                  need the same scenario, flags and --run-id; `merge` adds their results"
    )]
    pub(super) shard: Option<Shard>,

    /// What `${run.id}` stands for, and default client ids end with; drawn if it is not given
    #[arg(long, value_name = "ID", value_parser = parse_run_id)]
    #[arg(
        help = "What ${run.id} stands for, and default client ids end with: letters, digits, `-`, `_` and `.` \
                  [default: four random characters]"
    )]
    pub(super) run_id: Option<String>,

    #[command(flatten)]
    pub(super) locust: LocustOptions,
}

impl ScenarioOptions {
    /// Brings what Locust says in other words into the options that say it here. `classes` are the words that stand
    /// behind the scenario, for commands that take them.
    pub(super) fn settle(&mut self, classes: Option<Vec<String>>) -> Result<(), Mistake> {
        let takes_classes = classes.is_some();
        let mut classes = classes.unwrap_or_default();
        if let Some(file) = self.locust.locustfile.take() {
            check_locustfile(&file)?;
            match self.scenario.take() {
                // Where `-f` names the scenario, the first word is a class too.
                Some(word) if takes_classes => classes.insert(0, word.to_string_lossy().into_owned()),
                Some(word) => return Err(two_scenarios(&file, &word)),
                None => {}
            }
            self.scenario = Some(file);
        }
        if let Some(second) = classes.iter().map(Path::new).find(|word| Format::of(word).is_some()) {
            return Err(two_scenarios(self.path(), second));
        }
        self.user_classes.extend(classes);
        // What is said by `--set` itself counts more.
        self.set.splice(0..0, self.locust.settings()?);
        Ok(())
    }

    /// The scenario file, or what the built-in example is called.
    pub(super) fn path(&self) -> &Path {
        let default = if self.is_built_in() { BUILT_IN } else { DEFAULT_SCENARIO };
        self.scenario.as_deref().unwrap_or(Path::new(default))
    }

    /// Whether no file is named and the default one is not there, so that the example of the program is used.
    pub(super) fn is_built_in(&self) -> bool {
        self.scenario.is_none() && !Path::new(DEFAULT_SCENARIO).exists()
    }

    /// Reads the scenario.
    ///
    /// # Errors
    /// The file cannot be read. What is wrong inside it is no error here, but a diagnostic of the [`Parsed`].
    pub(super) fn read(&self) -> Result<(Source, Parsed), ReadError> {
        if self.is_built_in() {
            return Ok(Source::parse_with(BUILT_IN, examples::PUBLISH, Format::Toml, &self.set));
        }
        Source::read_with(self.path(), &self.set)
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

    /// Takes another load, as far as it is given.
    pub(super) fn override_load(
        &mut self,
        users: Option<u32>,
        spawn_rate: Option<f64>,
        run_time: Option<Duration>,
    ) {
        self.users = users.or(self.users);
        self.spawn_rate = spawn_rate.or(self.spawn_rate);
        self.run_time = run_time.or(self.run_time);
    }

    /// Takes another address; the error is a sentence that does not repeat it.
    pub(super) fn override_host(&mut self, host: &str) -> Result<(), String> {
        check_host(host).map_err(|Mistake { message, help }| format!("host: {message}; {help}"))?;
        self.hosts = vec![host.to_owned()];
        Ok(())
    }

    /// Takes other classes and tags, as far as they are given, and more settings.
    pub(super) fn override_rest(
        &mut self,
        user_classes: Option<&[String]>,
        tags: Option<&[String]>,
        exclude_tags: Option<&[String]>,
        set: &[String],
    ) {
        for (ours, theirs) in [
            (&mut self.user_classes, user_classes),
            (&mut self.tags, tags),
            (&mut self.exclude_tags, exclude_tags),
        ] {
            if let Some(theirs) = theirs {
                theirs.clone_into(ours);
            }
        }
        self.set.extend_from_slice(set);
    }

    /// What the options say in place of the scenario, as arguments. `settings` are those of `--set`, without secrets.
    pub(super) fn changes(&self, settings: &[String]) -> Vec<String> {
        let pair = |flag: &str, value: String| [flag.to_owned(), value];
        let seconds = |time: Duration| {
            if time.is_zero() {
                "0".to_owned()
            } else {
                humantime::format_duration(time).to_string().replace(' ', "")
            }
        };
        // A signature in the query of an address is nobody's business.
        let without_query = |host: &String| host.split('?').next().unwrap_or_default().to_owned();
        let hosts = self.hosts.iter().map(|host| {
            let is_embedded = host.starts_with("embedded:");
            pair("-H", if is_embedded { host.clone() } else { hide_urls(&without_query(host)) })
        });
        let names = |flag, names: &[String]| (!names.is_empty()).then(|| pair(flag, names.join(",")));
        hosts
            .chain(self.users.map(|users| pair("-u", users.to_string())))
            .chain(self.spawn_rate.map(|rate| pair("-r", rate.to_string())))
            .chain(self.run_time.map(|time| pair("-t", seconds(time))))
            .chain(self.stop_timeout.map(|time| pair("-s", seconds(time))))
            .chain(names("-C", &self.user_classes))
            .chain(names("-T", &self.tags))
            .chain(names("-E", &self.exclude_tags))
            .chain(settings.iter().map(|setting| pair("--set", setting.clone())))
            .chain(self.shard.map(|shard| pair("--shard", shard.to_string())))
            .flatten()
            .chain(self.locust.equal_weights.then(|| "--equal-weights".to_owned()))
            .collect()
    }
}

/// Locust's `-f` can name more than one file, and files in Python.
fn check_locustfile(file: &Path) -> Result<(), Mistake> {
    let name = file.to_string_lossy();
    let refused = |why: &str, help: &str| Err(Mistake::new(format!("--locustfile {name}: {why}"), help));
    if name.split(',').nth(1).is_some_and(|second| Path::new(second).extension().is_some()) {
        refused("it names several files", "name one; it takes in others by `include`")
    } else if Format::of(file).is_some() {
        Ok(())
    } else if name == "-" {
        refused(
            "only a worker gets its scenario from a master",
            "start one: mqtt-scenario worker --master-host HOST",
        )
    } else if name.contains("://") {
        refused("a scenario is not loaded from the network", "load it first: curl -O URL")
    } else if file.extension().is_some_and(|ending| ending == "py") {
        refused(
            "a locustfile in Python cannot run here",
            "say the same in a scenario: mqtt-scenario init my.toml begins one",
        )
    } else {
        refused("a scenario is a file in TOML or YAML", "name it: mqtt-scenario run -f my.toml")
    }
}

fn two_scenarios(first: &Path, second: &Path) -> Mistake {
    let (first, second) = (first.display(), second.display());
    Mistake::new(
        format!("two scenarios are named: {first} and {second}"),
        format!("name one; `mqtt-scenario plan {first} {second}` shows how they differ"),
    )
}

/// Whether a broker can have this address; the mistake does not repeat it.
pub(super) fn check_host(host: &str) -> Result<(), Mistake> {
    parse_url(host, &check_embedded_options)
        .map(drop)
        .map_err(|UrlError { message, help }| Mistake::new(hide_urls(&message), hide_urls(&help)))
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

/// Nothing that means something in a topic, a client id, a file name or a shell.
fn parse_run_id(text: &str) -> Result<String, String> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if (1..=64).contains(&text.len()) && text.bytes().all(is_allowed) {
        Ok(text.to_owned())
    } else {
        Err("a run id has 1 to 64 letters, digits, `-`, `_` and `.`".into())
    }
}

/// Whether an embedded broker can have these options; the error is a sentence.
pub(super) fn check_embedded_options(options: &str) -> Result<(), String> {
    Faults::from_query(options).map(drop).map_err(|error| error.to_string())
}
