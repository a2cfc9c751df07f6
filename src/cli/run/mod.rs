//! `run`: carry out a scenario.

mod options;
mod prepare;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tracing::warn;

use crate::cli::exit;
use crate::cli::lines::Lines;
use crate::cli::load::{Loaded, load_run};
use crate::cli::observer::{Head, RunObserver};
use crate::cli::outputs::{OutputError, RunFolder};
pub(super) use crate::cli::run::options::RunOptions;
use crate::cli::run::prepare::{announce, prepare};
use crate::cli::screen::{self, Progress, banner, end, keys};
use crate::cli::what_ran::what_ran;
use crate::cli::{github, repeat};
use crate::client::chosen::ChosenConnector;
use crate::engine::{self, End, Interrupts, Options, Origin, Outcome, Unexpected};
use crate::plan::Plan;
use crate::plan::timeline::LoadTimeline;
use crate::report::summary::Files;
use crate::report::unfinished;

pub(super) fn run(options: &RunOptions) -> ExitCode {
    match try_run(options) {
        Ok(code) | Err(code) => code,
    }
}

fn try_run(options: &RunOptions) -> Result<ExitCode, ExitCode> {
    if let Some(mistake) = options.repeat.mistake() {
        return Err(exit::error(exit::BAD_INPUT, mistake));
    }
    let loaded = load_run(&options.scenario)?;
    if let Some(text) = options.ratio.text(&loaded.plan) {
        exit::say(&loaded.warnings);
        return Ok(exit::output(&text));
    }
    if options.repeat.is_asked() {
        return several(options, &loaded);
    }
    let prepared = prepare(options, &loaded);
    let mut prepared = prepared.map_err(|(code, message)| {
        exit::say(&loaded.warnings);
        exit::error(code, message)
    })?;
    let text = loaded.texts.first().map(|(_, text)| text.as_str());
    let embedded: Vec<_> = prepared.brokers.iter().map(|broker| broker.addr().to_string()).collect();
    let run = what_ran(&loaded.plan, options.scenario.path(), text, &embedded);
    let plan = Arc::new(loaded.plan);
    announce(options, &plan, &prepared, &loaded.warnings, &loaded.variables);

    let timeline = LoadTimeline::of(&plan);
    let (stderr, logs) = (prepared.stderr, prepared.logs);
    let written = options.written();
    if !options.quiet && options.repeat.run_folder.is_none() {
        let folder = prepared.folder.iter().map(|folder| folder.path().display().to_string());
        let results: Vec<_> = folder.chain(written.iter().cloned()).collect();
        stderr.say(banner(&run, plan.load.stages.len(), &results, stderr.coloured()));
    }
    let is_hidden = options.only_summary || options.quiet;
    let interrupts = prepared.interrupts;
    let keys = if is_hidden { None } else { read_keys(&interrupts) };
    let shown = screen::Plan {
        stages: plan.load.stages.len(),
        length: timeline.length(),
        has_keys: keys.is_some(),
        stop: interrupts.stop.clone(),
        is_hidden,
    };
    let progress = Progress::new(stderr.clone(), shown);
    let head = Head {
        run,
        stages: stages(&plan, &timeline),
        thresholds: plan.thresholds.clone(),
        exit_code_on_error: options.exit_code_on_error.unwrap_or(1),
    };
    let mut observer = RunObserver::new(prepared.outputs, progress, head, stderr.clone());
    let threads = options.threads.map_or_else(default_threads, usize::from);
    let engine_options = Options {
        // A thread without a user would only cost.
        threads: threads.min(timeline.most_in_all as usize).max(1),
        keep_log: options.request_log.is_some(),
        keep_history: options.csv_full_history,
        reset_stats: options.reset_stats,
        max_rows: options.max_rows,
        keep_seconds: options.wants_locust_json(),
        percentiles: options.percentiles.clone().unwrap_or_default(),
    };
    let clients = plan.brokers.iter().map(|broker| broker.client);
    let brokers: Vec<_> = std::mem::take(&mut prepared.endpoints).into_iter().zip(clients).collect();
    let connector = move || ChosenConnector::new(brokers.clone());
    let run = engine::run(Arc::clone(&plan), connector, engine_options, &interrupts, &mut observer);
    let outcome = prepared.runtime.block_on(run);
    for broker in prepared.brokers {
        broker.stop();
    }
    let (result, unwritten) = observer.finish(outcome.as_ref().ok().map(|outcome| outcome.end));
    observer.progress.finish();
    drop(keys);
    let flush = || {
        for (_, log) in &logs {
            log.flush(FLUSH_TIME);
        }
        stderr.flush(FLUSH_TIME);
    };
    flush();

    let printed = match &result {
        Some(result) if !options.quiet && !options.json => {
            let folder = prepared.folder.as_ref();
            let earlier = folder.and_then(RunFolder::earlier);
            let folder = folder.map(RunFolder::path);
            let incomplete = incomplete(&unwritten, &logs);
            // A file that was named on the command line and is not whole is told as such alone.
            let is_whole = |name: &&String| !incomplete.iter().any(|path| path.as_path() == Path::new(name));
            let others: Vec<_> = written.iter().filter(is_whole).cloned().collect();
            let earlier = earlier.as_deref();
            let files = Files { folder, earlier, others: &others, incomplete: &incomplete };
            let percentiles = options.percentiles.as_ref();
            exit::print(&end(result, observer.last.as_deref(), options.print_stats, percentiles, files))
        }
        _ => Ok(()),
    };
    let printed =
        printed.and_then(|()| exit::print(&result.as_deref().map(github::commands).unwrap_or_default()));
    let summarized = result.as_deref().map_or(Ok(()), github::summarize);
    if let Ok(outcome) = &outcome {
        if let Some(warning) = observer.last.as_ref().and_then(|last| unfinished::warning(&last.unfinished)) {
            warn!("{warning}");
        }
        for (unexpected, count) in &outcome.unexpected {
            warn!("{}", remark(*unexpected, *count));
        }
        if let Some(remark) = outcome.losses.remark() {
            warn!("{remark}");
        }
        if let Some(remark) = outcome.losses.remark_of_unread() {
            warn!("{remark}");
        }
    }
    let mut errors: Vec<String> = unwritten.iter().map(ToString::to_string).collect();
    errors.extend(summarized.err());
    errors.extend(printed.err().map(|error| exit::unwritten(&error)));
    let is_whole = errors.is_empty();
    errors.extend(outcome.as_ref().err().map(ToString::to_string));
    for error in errors {
        stderr.error(error);
    }
    flush();
    let logs = logs.iter().map(|(path, log)| (path.display().to_string(), log));
    for (name, lines) in [("standard error".to_owned(), &stderr)].into_iter().chain(logs) {
        if let Some(missing) = lines.missing() {
            // People may look here who cannot see the other one. If nobody can, the run is not to blame.
            let _ = exit::print(&format!("{name}: {missing}\n"));
        }
    }
    Ok(ExitCode::from(match outcome {
        Err(_) => exit::CANNOT_GO_ON,
        Ok(Outcome { end: End::Aborted, .. }) => exit::INTERRUPTED,
        Ok(_) if !is_whole => exit::CANNOT_GO_ON,
        Ok(_) => result.map_or(exit::CANNOT_GO_ON, |result| result.verdict.exit_code),
    }))
}

/// The files that are not there, or not whole, each once.
fn incomplete(unwritten: &[OutputError], logs: &[(PathBuf, Lines)]) -> Vec<PathBuf> {
    let mut paths: Vec<_> = unwritten.iter().map(|error| error.path().to_owned()).collect();
    paths.extend(logs.iter().filter(|(_, log)| log.missing().is_some()).map(|(path, _)| path.clone()));
    paths.dedup();
    paths
}

/// Several runs, once it is known that each can begin.
fn several(options: &RunOptions, loaded: &Loaded) -> Result<ExitCode, ExitCode> {
    let repeat = &options.repeat;
    let say = |warnings: &str| {
        if !options.quiet {
            exit::say(warnings);
        }
    };
    say(&loaded.warnings);
    if let Some(other) = repeat.other(&options.scenario) {
        let other = load_run(&other)?;
        // Both sides often are one scenario, with another address.
        if other.warnings != loaded.warnings {
            say(&other.warnings);
        }
    }
    Ok(repeat::run(repeat, &options.scenario, &loaded.plan.name, options.out.as_deref(), options.quiet))
}

/// How long standard error and the log may take for what is left to say: they have had the whole run.
const FLUSH_TIME: Duration = Duration::from_millis(500);

/// Begins to read keys, if there is a terminal.
fn read_keys(interrupts: &Interrupts) -> Option<keys::Keys> {
    let interrupts = interrupts.clone();
    keys::start(move |key| match key {
        keys::Key::Stop => interrupts.stop.cancel(),
        keys::Key::Users(by) => interrupts.control.add(by),
    })
}

fn default_threads() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// The names of the stages, and the users that they want. A run that is not staged has one without a name.
fn stages(plan: &Plan, timeline: &LoadTimeline) -> Vec<(String, u32)> {
    let users = timeline.stages.iter().map(|stage| stage.users.iter().sum());
    let name = |index| if plan.load.is_staged() { plan.load.stage_name(index) } else { String::new() };
    users.enumerate().map(|(index, users)| (name(index), users)).collect()
}

/// The line at the end of a run about something unexpected.
fn remark(Unexpected { what, origin }: Unexpected, count: u64) -> String {
    match origin {
        Origin::Broker => format!("The broker sent {count} × {what}; ignored"),
        Origin::Generator => format!("Noticed {count} × {what}"),
    }
}
