//! From a file to a plan, for every subcommand that needs one. All mistakes of the file are reported at once.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashSet};
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::{IsTerminal, Read};
use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;

use crate::broker::faults::Faults;
use crate::cli::changeable::Changeable;
use crate::cli::render::Stops;
use crate::cli::scenario_options::{BUILT_IN, ScenarioOptions, check_embedded_options};
use crate::cli::{exit, render};
use crate::compile::files::MAX_FILE_BYTES;
use crate::compile::url::{UrlError, one_target, parse_url};
use crate::compile::{Compiled, Context, Overrides, compile};
use crate::diagnostic::{Diagnostic, FileId};
use crate::plan::Plan;
use crate::plan::certificates::certificates;
use crate::plan::target::Target;
use crate::scenario::files::{ReadError, reason};
use crate::scenario::parse::Parsed;
use crate::scenario::secrets::{Secrets, hide_urls};
use crate::scenario::source::Source;

/// Not clap's to check, which repeats what is wrong: it may hold a password.
fn parse_hosts(texts: &[String]) -> Result<Option<Target>, ExitCode> {
    let wrong = |UrlError { message, help }| {
        exit::error(exit::BAD_INPUT, format_args!("--host: {message}\nhelp: {help}"))
    };
    let parsed = texts.iter().map(|text| parse_url(text, &check_embedded_options).map_err(wrong));
    one_target(parsed.collect::<Result<_, _>>()?).map_err(|(_, error)| wrong(error))
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

/// A path without the folders that it enters and leaves again.
pub(super) fn tidy(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut tidy, part| {
        let enters = matches!(tidy.components().next_back(), Some(Component::Normal(_)));
        if part == Component::ParentDir && enters {
            tidy.pop();
        } else {
            tidy.push(part);
        }
        tidy
    })
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
    changeable: Changeable,
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
    /// The settings of `--set`, without secrets.
    pub(super) settings: Vec<String>,
    /// What may be changed from run to run.
    pub(super) changeable: Changeable,
    /// What `${run.id}` stands for.
    pub(super) run_id: String,
}

/// What is wrong with a scenario.
pub(super) struct Mistakes {
    /// All there is to say, without colours.
    pub(super) text: String,
    /// The files that were read, as far as they are known.
    pub(super) inputs: Vec<PathBuf>,
}

/// Reads and compiles the scenario. What is wrong is printed to standard error, and an error is the exit code for it.
/// Warnings are left to the caller.
pub(super) fn load(options: &ScenarioOptions) -> Result<Loaded, ExitCode> {
    let run_id = options.run_id.as_deref().unwrap_or(SAMPLE);
    check(options, run_id, &environment).and_then(|checked| tell(options, checked, run_id))
}

/// Reads and compiles the scenario for a run, whose users differ from those of other processes by default.
pub(super) fn load_run(options: &ScenarioOptions) -> Result<Loaded, ExitCode> {
    let run_id = run_id(options)?;
    check(options, &run_id, &environment).and_then(|checked| tell(options, checked, &run_id))
}

/// What `${run.id}` stands for in a run. All shards of a run have the same, so theirs cannot be drawn.
fn run_id(options: &ScenarioOptions) -> Result<String, ExitCode> {
    match (&options.run_id, options.shard) {
        (Some(given), _) => Ok(given.clone()),
        (None, Some(shard)) if !shard.is_whole() => Err(exit::error(
            exit::BAD_INPUT,
            "--shard needs --run-id\nhelp: give all shards of the run the same id, such as --run-id nightly-7: it stands in \
             client ids, and `merge` knows by it which results belong together",
        )),
        (None, _) => Ok(draw_run_id()),
    }
}

/// The same without a word on standard error.
pub(super) fn try_load_run(options: &ScenarioOptions) -> Result<Loaded, Mistakes> {
    let run_id = options.run_id.clone().unwrap_or_else(draw_run_id);
    let alone = |text: String| Mistakes { text, inputs: vec![options.path().to_owned()] };
    let checked =
        check(options, &run_id, &environment).map_err(|_| alone("the address is wrong".to_owned()))?;
    let checked = checked.map_err(|error| alone(hide_urls(&error.to_string())))?;
    let inputs = checked.inputs.clone();
    loaded(checked, &run_id, false, Stops::Start)
        .map_err(|text| Mistakes { text: text.trim_end().to_owned(), inputs })
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

/// The variables that a scenario may ask for.
pub(super) type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Those of this process.
pub(super) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Reads and compiles the scenario and says nothing, except of a command line that cannot be.
pub(super) fn check(
    options: &ScenarioOptions,
    run_id: &str,
    environment: Environment<'_>,
) -> Result<Result<Checked, ReadError>, ExitCode> {
    let host = parse_hosts(&options.hosts)?;
    let (source, parsed) = match options.read() {
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
        equal_weights: options.locust.equal_weights,
        shard: options.shard.unwrap_or_default(),
    };
    Ok(Ok(check_parsed(options.path(), source, parsed, &overrides, run_id, environment)))
}

/// Compiles what was read. `path` is that of the scenario, from whose folder other files are read.
pub(super) fn check_parsed(
    path: &Path,
    source: Source,
    parsed: Parsed,
    overrides: &Overrides,
    run_id: &str,
    environment: Environment<'_>,
) -> Checked {
    let hostname = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let inputs = RefCell::new(source.names().map(PathBuf::from).collect::<Vec<_>>());
    let variables = RefCell::new(BTreeSet::new());
    let context = Context {
        file_stem: path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("scenario"),
        env: &|name| {
            variables.borrow_mut().insert(name.to_owned());
            environment(name)
        },
        hostname: &hostname,
        run_id: Some(run_id),
        embedded_options: &check_embedded_options,
        files: &|at, name| {
            let path = source.folder(at).join(name);
            // A worker has no folders of included scenarios, from which a path may lead back.
            let bytes = read_file(&path).or_else(|error| match tidy(&path) {
                same if same == path => Err(error),
                other => read_file(&other),
            });
            inputs.borrow_mut().push(path);
            bytes
        },
        line: &|at| source.line(at),
        folder: &|at| folder_between(path.parent().unwrap_or(Path::new("")), source.folder(at)),
        overrides,
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
    let changeable = Changeable::of(&parsed.scenario, &source);
    Checked { source, diagnostics, plan, inputs, variables, changeable }
}

/// Says on standard error what is wrong; without a plan the error is the exit code for it.
pub(super) fn tell(
    options: &ScenarioOptions,
    checked: Result<Checked, ReadError>,
    run_id: &str,
) -> Result<Loaded, ExitCode> {
    let loaded = checked.map_err(|error| exit::error(exit::BAD_INPUT, error)).and_then(|checked| {
        loaded(checked, run_id, std::io::stderr().is_terminal(), Stops::Start).map_err(|mistakes| {
            exit::say(&mistakes);
            ExitCode::from(exit::BAD_INPUT)
        })
    });
    // A setting that stands elsewhere may be the reason.
    loaded.inspect_err(|_| {
        for note in options.locust.told.notes() {
            exit::say(&format!("note: {note}\n"));
        }
    })
}

/// What can run; the error is what there is to say, with colours if they are wanted. `stops` says what a mistake stops.
pub(super) fn loaded(checked: Checked, run_id: &str, coloured: bool, stops: Stops) -> Result<Loaded, String> {
    let Checked { source, diagnostics, plan, inputs, variables, changeable } = checked;
    let warnings = render::render_for(&diagnostics, &source, coloured, stops);
    let Some(plan) = plan else { return Err(warnings) };
    Ok(Loaded {
        plan,
        inputs,
        variables,
        warnings,
        texts: masked_texts(&source),
        settings: masked_settings(&source),
        changeable,
        run_id: run_id.to_owned(),
    })
}

/// The texts of the files that a scenario is made of, without secrets.
fn masked_texts(source: &Source) -> Vec<(PathBuf, String)> {
    let secrets = Secrets::of(source);
    let texts =
        (0..).map(FileId).zip(source.names()).map(|(id, name)| (PathBuf::from(name), secrets.text(id)));
    // Texts of `--set` have names that are no files.
    texts.filter(|(path, _)| path.is_file() || path == Path::new(BUILT_IN)).collect()
}

/// The texts of `--set`, without secrets, in their order.
fn masked_settings(source: &Source) -> Vec<String> {
    let secrets = Secrets::of(source);
    let texts = (0..).map(FileId).zip(source.names());
    let settings = texts.filter(|(_, name)| name.starts_with("--set"));
    settings.map(|(id, _)| secrets.text(id).trim().to_owned()).collect()
}

/// Draws diagnostics on standard error.
pub(super) fn draw(diagnostics: &[Diagnostic], source: &Source) {
    exit::say(&drawn(diagnostics, source));
}

fn drawn(diagnostics: &[Diagnostic], source: &Source) -> String {
    render::render(diagnostics, source, std::io::stderr().is_terminal())
}
