//! What a master says about a test, as a plan: the scenario that its locustfile carries, and the options that say otherwise.
//!
//! The master's clear text is all that is read here: a secret stands in it as `${env.NAME}`, and comes from the environment of
//! this process.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cli::load::{Loaded, check_parsed, environment, loaded};
use crate::cli::locustfile::ignored;
use crate::cli::render::Stops;
use crate::cli::scenario_options::check_embedded_options;
use crate::compile::Overrides;
use crate::compile::files::FROM_THE_SCENARIO;
use crate::compile::url::{UrlError, parse_url};
use crate::locust::message::{OptionValue, Spawn};
use crate::plan::Plan;
use crate::plan::numbering::Numbering;
use crate::plan::target::Target;
use crate::scenario::source::Source;

/// Options of the master that the locustfile adds. Their values are texts; those of the last two are JSON.
const NAME: &str = "mqtt_scenario_name";
const FILES: &str = "mqtt_scenario_files";
const SETTINGS: &str = "mqtt_scenario_settings";

/// The longest time for users to finish that is followed: a year.
const MAX_STOP_TIMEOUT_S: f64 = 366.0 * 86_400.0;

/// What a plan is made of, but for the numbers of users of this worker.
#[derive(Debug, PartialEq)]
pub(super) struct Terms {
    host: Option<String>,
    options: BTreeMap<String, OptionValue>,
}

impl Terms {
    /// Those of a message of the master.
    pub(super) fn of(spawn: &Spawn) -> Self {
        let changeable = changeable(spawn).unwrap_or_default();
        let ours = [NAME, FILES, SETTINGS, "tags", "exclude_tags", "num_users"];
        let names = changeable.iter().map(|(option, ..)| &**option).chain(ours);
        let options =
            names.filter_map(|name| Some((name.to_owned(), spawn.parsed_options.get(name)?.clone())));
        Self { host: spawn.host.clone(), options: options.collect() }
    }
}

/// A test that can begin.
#[derive(Debug)]
pub(super) struct Told {
    /// The plan, without users: their numbers come later.
    pub(super) plan: Plan,
    /// The folder from which paths of the scenario count.
    pub(super) folder: PathBuf,
    /// What there is to say about it, in lines.
    pub(super) warnings: Vec<String>,
}

/// Reads what a master tells the worker with this index; `stops` says what a mistake stops. The error is what is wrong, with
/// its cure: a sentence, or the diagnostics of the scenario.
pub(super) fn read(spawn: &Spawn, index: u64, run_id: &str, stops: Stops) -> Result<Told, String> {
    let path = PathBuf::from(spawn.text(NAME).ok_or_else(|| {
        "the locustfile of the master carries no scenario: write it with `mqtt-scenario locustfile my.toml`".to_owned()
    })?);
    let texts = json::<BTreeMap<PathBuf, String>>(spawn, FILES)?;
    let (source, parsed) =
        Source::parse_texts(&path, texts, &settings(spawn)?).map_err(|error| error.to_string())?;
    let is_staged = !parsed.scenario.load.stages.is_empty();
    let is_named =
        |class: &&String| parsed.scenario.user_classes.keys().any(|name| name.as_str() == class.as_str());
    let named: Vec<_> = spawn.user_classes_count.keys().filter(is_named).cloned().collect();
    let overrides = Overrides {
        // Those that were chosen at the master: rates per class are of all their users.
        user_classes: if named.len() < parsed.scenario.user_classes.len() { named } else { Vec::new() },
        // Of all workers: rates per class and rows of feeds are shared out over them.
        users: if is_staged { None } else { number_of_users(spawn) },
        host: host(spawn)?,
        // The master ends the test.
        run_time: (!is_staged).then_some(Duration::ZERO),
        tags: list(spawn, "tags"),
        exclude_tags: list(spawn, "exclude_tags"),
        ..Overrides::default()
    };
    let mut checked = check_parsed(&path, source, parsed, &overrides, run_id, &environment);
    for diagnostic in &mut checked.diagnostics {
        if diagnostic.help.as_deref() == Some(FROM_THE_SCENARIO) {
            diagnostic.help = Some(from_here());
        }
    }
    let Loaded { mut plan, warnings, .. } = loaded(checked, run_id, false, stops)?;
    check(&plan)?;
    let mut warnings: Vec<_> = warnings.lines().map(str::to_owned).collect();
    warnings.extend(ignored(&plan).into_iter().map(str::to_owned));
    plan.sync = None;
    plan.load = plan.load.driven(plan.classes.len(), stop_timeout(spawn));
    plan.numbering = numbering(spawn, index);
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    Ok(Told { plan, folder, warnings })
}

/// What paths of a scenario are relative to in a worker, which has no file of the scenario.
fn from_here() -> String {
    let folder =
        std::env::current_dir().map_or_else(|_| String::new(), |folder| format!(", {}", folder.display()));
    format!("paths are relative to the folder in which this worker runs{folder}")
}

/// Refuses what one worker cannot know of the others.
fn check(plan: &Plan) -> Result<(), String> {
    let what = if plan.load.search.is_some() {
        "a search for the highest rate"
    } else if plan.load.is_limited() {
        "`load.iterations` or `load.messages`"
    } else {
        return Ok(());
    };
    Err(format!(
        "workers of a Locust master cannot divide {what}: remove it from the scenario, or run that with `mqtt-scenario run`"
    ))
}

fn json<T: serde::de::DeserializeOwned>(spawn: &Spawn, option: &str) -> Result<T, String> {
    let text = spawn.text(option).ok_or_else(|| wrong(option, "it is not there"))?;
    serde_json::from_str(text).map_err(|error| wrong(option, error))
}

fn wrong(option: &str, why: impl std::fmt::Display) -> String {
    format!(
        "the option {option} of the master is wrong ({why}): write its locustfile again with `mqtt-scenario locustfile \
         my.toml`"
    )
}

/// What may be changed at the master: an option, its key in the scenario and its value there.
fn changeable(spawn: &Spawn) -> Result<Vec<(String, String, String)>, String> {
    json(spawn, SETTINGS)
}

/// What was changed at the master of what may be changed, each `KEY=VALUE`.
fn settings(spawn: &Spawn) -> Result<Vec<String>, String> {
    let changed = changeable(spawn)?.into_iter().filter_map(|(option, key, default)| {
        let value = match spawn.parsed_options.get(&option)? {
            OptionValue::Text(text) => text.clone(),
            OptionValue::Number(number) => number.to_string(),
            OptionValue::Bool(is_set) => is_set.to_string(),
            OptionValue::Nil | OptionValue::List(_) | OptionValue::Other => return None,
        };
        (value != default).then(|| format!("{key}={value}"))
    });
    Ok(changed.collect())
}

fn host(spawn: &Spawn) -> Result<Option<Target>, String> {
    let Some(host) = spawn.host.as_deref().filter(|host| !host.is_empty()) else { return Ok(None) };
    let wrong = |UrlError { message, help }| format!("the host of the master is wrong: {message}; {help}");
    parse_url(host, &check_embedded_options).map(Some).map_err(wrong)
}

fn list(spawn: &Spawn, option: &str) -> Vec<String> {
    let Some(OptionValue::List(values)) = spawn.parsed_options.get(option) else { return Vec::new() };
    let texts = values.iter().filter_map(|value| match value {
        OptionValue::Text(text) => Some(text.clone()),
        _ => None,
    });
    texts.collect()
}

fn number(spawn: &Spawn, option: &str) -> Option<u64> {
    match spawn.parsed_options.get(option)? {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "saturates; the next step checks the range"
        )]
        OptionValue::Number(number) if *number >= 0.0 => Some(*number as u64),
        _ => None,
    }
}

fn number_of_users(spawn: &Spawn) -> Option<u32> {
    number(spawn, "num_users")
        .filter(|users| *users > 0)
        .map(|users| u32::try_from(users).unwrap_or(u32::MAX))
}

/// The numbers of the users of the worker that its master has taken in with this index.
fn numbering(spawn: &Spawn, index: u64) -> Numbering {
    let expected = number(spawn, "expect_workers").unwrap_or(0);
    match spawn.place {
        Some(place) => Numbering::of_worker(place, spawn.workers.max(expected)),
        // Nobody had the place that was kept for it.
        None if spawn.workers == 0 || (spawn.workers..expected).contains(&index) => {
            Numbering::of_worker(index, expected)
        }
        None => Numbering::of_late_worker(index),
    }
}

fn stop_timeout(spawn: &Spawn) -> Duration {
    let seconds = spawn.stop_timeout.filter(|seconds| seconds.is_finite()).unwrap_or(0.0);
    Duration::from_secs_f64(seconds.clamp(0.0, MAX_STOP_TIMEOUT_S))
}

#[cfg(test)]
mod tests;
