//! `locustfile`: the file of a Locust master whose workers are ours.
//!
//! The scenario stands in it as literals of Python, line by line, since any text is safe in them; as a comment it could end the
//! comment. The same scenario gives the same file, so that it can be kept in git.

mod refusals;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use askama::Template;
use clap::Args;

use crate::cli::load::{Checked, Loaded, SAMPLE, check, environment, tell, tidy};
use crate::cli::locustfile::refusals::{Refusal, check_load, check_secrets};
use crate::cli::scenario_options::ScenarioOptions;
use crate::cli::{completers, exit};
use crate::compile::codes as compile_codes;
use crate::diagnostic::Diagnostic;
use crate::plan::load::{After, Load, Users};
use crate::plan::target::Target;
use crate::plan::{Plan, UserClass};
use crate::scenario::model::Scenario;
use crate::scenario::source::Source;
use crate::stats::python_text::repr;
use crate::template::codes;

const AFTER_HELP: &str = "\
Locust distributes the users, shows its web interface and writes its CSV files; the workers send the MQTT messages. They get \
the scenario from the master, so they need no file, except for files that the scenario reads (feeds, payloads, certificates): \
these lie in the folder where a worker runs.

Whoever reaches the master's port 5557 can read the scenario, remarks included. So no secret may stand in its text. Write \
${env.NAME} without a default: each worker looks it up in its own environment. It need not be set here, unless the file \
itself depends on it, as on a number of users.

Users, spawn rate, run time, stop timeout and the address of the broker (-u, -r, -t, -s, -H) are those of the scenario unless \
they are given to Locust. Stages become a LoadTestShape. Rates and variables are options of the master (--set-...) and fields \
of its web interface.

Exit codes:
  0 the file is written; 2 wrong usage, a wrong scenario, or one that Locust cannot distribute

Examples:
  mqtt-scenario locustfile my.toml > locustfile.py
  locust -f locustfile.py --master --headless -u 1000 -r 50 -t 5m --expect-workers 2 --csv out/a
  locust -f locustfile.py --master --set-user-classes-device-rate 20/s";

/// Write the locustfile of a Locust master for a scenario
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct LocustfileOptions {
    /// The scenario file, in TOML or YAML
    #[arg(value_name = "SCENARIO", add = completers::scenarios())]
    scenario: PathBuf,
}

/// The most bytes of a scenario that a master can send. It sends the whole text with each number of users, and JSON makes it
/// six times as large at worst. Workers take 16 MiB.
const MAX_TEXT_BYTES: usize = 2 << 20;

pub(super) fn run(options: &LocustfileOptions) -> ExitCode {
    made(&options.scenario).map_or_else(|code| code, |text| exit::output(&text))
}

/// Checks a scenario and returns the locustfile for it. What there is to say about the scenario is said on standard error; an
/// error is the exit code.
pub(super) fn made(scenario: &Path) -> Result<String, ExitCode> {
    let options = ScenarioOptions::default().with_file(scenario);
    let checked = check(&options, SAMPLE, &environment)?;
    let missing = checked.as_ref().map_or(BTreeSet::new(), missing_variables);
    let with = |value: &str| {
        let stand_in = |name: &str| missing.contains(name).then(|| value.to_owned());
        let mut checked = check(&options, SAMPLE, &|name| environment(name).or_else(|| stand_in(name)))?;
        if !missing.is_empty() && checked.as_ref().is_ok_and(|checked| checked.plan.is_none()) {
            return Ok(None);
        }
        if let Ok(checked) = &mut checked {
            // Locust ends the test.
            checked.diagnostics.retain(|diagnostic| diagnostic.code != compile_codes::NO_RUN_TIME);
        }
        let loaded = tell(&options, checked, SAMPLE)?;
        let file =
            Locustfile::of(&loaded, scenario).map_err(|refusal| exit::error(exit::BAD_INPUT, refusal))?;
        let text = file.render().map_err(|error| exit::error(exit::CANNOT_GO_ON, error))?;
        Ok::<_, ExitCode>(Some((loaded, text)))
    };
    // What only workers need is not in the file, whatever it is, and is looked at by nobody here.
    let file = match with("1")? {
        Some((_, text)) if !missing.is_empty() && with("2")?.is_none_or(|(_, other)| other != text) => None,
        file => file,
    };
    let Some((loaded, text)) = file else {
        return Err(tell(&options, checked, SAMPLE).err().unwrap_or(ExitCode::from(exit::BAD_INPUT)));
    };
    exit::say(&loaded.warnings);
    for line in ignored(&loaded.plan) {
        exit::say(&format!("warning: {line}\n"));
    }
    let beside = beside(&loaded, scenario.parent().unwrap_or(Path::new("")));
    if !beside.is_empty() {
        exit::say(&format!(
            "note: each worker needs these files in the folder where it runs: {}\n",
            beside.join(", ")
        ));
    }
    if !loaded.variables.is_empty() {
        let names: Vec<_> = loaded.variables.iter().map(String::as_str).collect();
        exit::say(&format!("note: each worker looks up in its own environment: {}\n", names.join(", ")));
    }
    Ok(text)
}

/// The variables that are not set here, if nothing else is wrong.
fn missing_variables(checked: &Checked) -> BTreeSet<String> {
    let mistakes = if checked.plan.is_some() { &[][..] } else { &checked.diagnostics[..] };
    let name = |mistake: &Diagnostic| {
        let name = mistake.message.split('`').nth(1)?.to_owned();
        (mistake.code == codes::ENV_NOT_SET).then_some(name)
    };
    mistakes.iter().map(name).collect::<Option<_>>().unwrap_or_default()
}

/// What of a scenario means nothing under a Locust master, a sentence each.
pub(super) fn ignored(plan: &Plan) -> Vec<&'static str> {
    let is_watched = plan.brokers.iter().any(|broker| broker.watch.is_some());
    let all = [
        (
            plan.brokers.iter().any(|broker| matches!(broker.target, Target::Embedded { .. })),
            "Each worker has an embedded broker of its own: start one for all with `mqtt-scenario broker`, and name it as host",
        ),
        (
            !plan.thresholds.is_empty(),
            "Nobody judges `thresholds` under a Locust master: `mqtt-scenario run` does, and `merge` those of shards",
        ),
        (
            is_watched,
            "Nobody watches brokers (`watch`) under a Locust master: it has no place for their figures",
        ),
        (
            plan.sync.is_some(),
            "Workers do not meet at the broker (`load.sync`) under a Locust master: it says when users start",
        ),
    ];
    all.into_iter().filter_map(|(is_there, line)| is_there.then_some(line)).collect()
}

/// The files that the scenario reads and that are not in the locustfile, by their paths from its folder.
fn beside(loaded: &Loaded, folder: &Path) -> Vec<String> {
    let inside: BTreeSet<_> = loaded.texts.iter().map(|(path, _)| path).collect();
    let outside: BTreeSet<_> = loaded.inputs.iter().filter(|path| !inside.contains(path)).collect();
    let name = |path: &PathBuf| tidy(path.strip_prefix(folder).unwrap_or(path)).display().to_string();
    outside.into_iter().map(name).collect()
}

/// What stands in the file. All texts are literals of Python.
#[derive(Template)]
#[template(path = "locust/locustfile.py", escape = "none")]
struct Locustfile {
    /// The name of the scenario's file, for the comment: without anything that could end it.
    command_name: String,
    scenario_name: String,
    files: Vec<File>,
    classes: Vec<Class>,
    settings: Vec<Setting>,
    defaults: Vec<Default>,
    stages: Vec<Stage>,
}

struct File {
    name: String,
    lines: Vec<String>,
}

struct Class {
    name: String,
    weight: String,
    fixed_count: u32,
    host: String,
}

struct Setting {
    option: String,
    key: String,
    value: String,
}

/// A value of an option of Locust.
struct Default {
    name: &'static str,
    value: String,
}

struct Stage {
    seconds: String,
    users: u32,
    spawn_rate: String,
    after_ramp: &'static str,
    comment: String,
}

impl Locustfile {
    fn of(loaded: &Loaded, scenario: &Path) -> Result<Self, Refusal> {
        let (source, parsed) = Source::read(scenario).map_err(|error| Refusal {
            what: error.to_string(),
            help: "it could be read a moment ago: write the file again when nothing changes it",
        })?;
        let bytes: usize = source.files().map(|file| file.text().len()).sum();
        if bytes > MAX_TEXT_BYTES {
            return Err(Refusal {
                what: format!(
                    "a Locust master cannot give out a scenario of {bytes} bytes, only up to {} MiB",
                    MAX_TEXT_BYTES >> 20
                ),
                help: "put rows of feeds and payloads into files of their own, which lie on each worker",
            });
        }
        check_secrets(&source, &parsed.scenario)?;
        let plan = &loaded.plan;
        check_load(plan)?;
        let folder = scenario.parent().unwrap_or(Path::new(""));
        let name = |path: &Path| path.strip_prefix(folder).unwrap_or(path).display().to_string();
        let files = source.names().zip(source.files()).map(|(path, file)| File {
            name: repr(&name(Path::new(path))),
            lines: file.text().split_inclusive('\n').map(repr).collect(),
        });
        Ok(Self {
            command_name: name(scenario).chars().map(|c| if c.is_control() { '?' } else { c }).collect(),
            scenario_name: repr(&name(scenario)),
            files: files.collect(),
            classes: classes(plan, &parsed.scenario),
            settings: settings(&loaded.changeable.settings),
            defaults: defaults(&plan.load),
            stages: if plan.load.is_staged() { stages(&plan.load) } else { Vec::new() },
        })
    }
}

/// The addresses of the classes. Locust shows the one of all in a field, and gives it to the workers. If classes have different
/// ones, the field is empty, and says that an address in it is for all. There is none that is made of what only a worker
/// knows.
fn hosts(plan: &Plan, scenario: &Scenario) -> Vec<String> {
    let hosts = plan.classes.iter().map(|class| {
        let broker = &plan.brokers[class.broker.0];
        let url = scenario.brokers.get(&broker.name).and_then(|broker| broker.url.as_ref());
        let is_plain = url.is_some_and(|url| !url.contains(['$', '?']));
        is_plain.then(|| repr(&broker.target.to_string()))
    });
    let hosts: Vec<_> = hosts.collect();
    // A worker refuses one address for several brokers, even if it is the one that all classes have.
    let is_one_of_several = plan.brokers.len() > 1 && hosts.windows(2).all(|pair| pair[0] == pair[1]);
    let or_none = |host: Option<String>| host.filter(|_| !is_one_of_several).unwrap_or("None".to_owned());
    hosts.into_iter().map(or_none).collect()
}

fn classes(plan: &Plan, scenario: &Scenario) -> Vec<Class> {
    let per_class = match plan.load.stages.first().map(|stage| &stage.users) {
        Some(Users::PerClass(counts)) => Some(counts),
        _ => None,
    };
    let numbered = plan.classes.iter().zip(hosts(plan, scenario)).enumerate();
    let class = |(index, (class, host)): (usize, (&UserClass, String))| Class {
        name: repr(&class.name),
        weight: number(class.weight),
        fixed_count: per_class.and_then(|counts| counts.get(index).copied()).unwrap_or(class.fixed_count),
        host,
    };
    numbered.map(class).collect()
}

/// Options for what may be changed, each with a name of its own.
fn settings(changeable: &[(String, String)]) -> Vec<Setting> {
    let mut names = BTreeSet::new();
    let setting = |(key, value): &(String, String)| {
        let word: String = key.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let plain = format!("set_{}", word.to_ascii_lowercase());
        let mut option = plain.clone();
        let mut next = 2;
        while !names.insert(option.clone()) {
            option = format!("{plain}_{next}");
            next += 1;
        }
        Setting { option: repr(&option), key: repr(key), value: repr(value) }
    };
    changeable.iter().map(setting).collect()
}

/// What Locust does unless its command line says something else.
fn defaults(load: &Load) -> Vec<Default> {
    let mut defaults = Vec::new();
    if let (false, [stage]) = (load.is_staged(), &*load.stages) {
        defaults.push(Default { name: "num_users", value: stage.users.total().to_string() });
        defaults.push(Default { name: "spawn_rate", value: number(stage.spawn_rate) });
    }
    if let Some(run_time) = load.run_time {
        defaults.push(Default { name: "run_time", value: whole_seconds(run_time) });
    }
    if load.stop_timeout > Duration::ZERO {
        defaults.push(Default { name: "stop_timeout", value: whole_seconds(load.stop_timeout) });
    }
    defaults
}

/// A length of time as Locust takes it: in whole seconds, rounded up.
fn whole_seconds(time: Duration) -> String {
    repr(&format!("{}s", time.as_secs() + u64::from(time.subsec_nanos() > 0)))
}

fn stages(load: &Load) -> Vec<Stage> {
    let finite = load.stages.iter().filter_map(|stage| Some((stage, stage.duration?)));
    finite
        .map(|(stage, duration)| Stage {
            seconds: number(duration.as_secs_f64()),
            users: stage.users.total(),
            spawn_rate: number(stage.spawn_rate),
            after_ramp: if stage.after == After::Connected { "True" } else { "False" },
            comment: stage.name.as_ref().map_or_else(String::new, |name| {
                format!(
                    "  # {}",
                    name.chars().map(|c| if c.is_control() { '?' } else { c }).collect::<String>()
                )
            }),
        })
        .collect()
}

/// A number as Python and we write it alike.
fn number(value: f64) -> String {
    format!("{value:?}")
}
