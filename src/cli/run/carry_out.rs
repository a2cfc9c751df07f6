//! One run, from its first line to its last.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tracing::warn;

use crate::cli::lines::Lines;
use crate::cli::load::Loaded;
use crate::cli::log::Reader;
use crate::cli::observer::{Head, RunObserver};
use crate::cli::onlooker::Onlooker;
use crate::cli::outputs::{OutputError, RunFolder};
use crate::cli::run::options::RunOptions;
use crate::cli::run::prepare::{Prepared, announce};
use crate::cli::run::process::Process;
use crate::cli::run::start;
use crate::cli::screen::{self, Progress, banner, end, keys};
use crate::cli::what_ran::what_ran;
use crate::cli::{exit, github};
use crate::client::chosen::ChosenConnector;
use crate::engine::{self, End, Interrupts, Options, Origin, Outcome, Unexpected};
use crate::plan::Plan;
use crate::plan::timeline::LoadTimeline;
use crate::report::summary::Files;
use crate::report::unfinished;
use crate::stats::result::RunResult;
use crate::stats::snapshot::Snapshot;
use crate::watch::{Source, Watching};

/// What a run leaves behind.
#[derive(Debug)]
pub(in crate::cli) struct Ran {
    /// The exit code that it means.
    pub(in crate::cli) code: u8,
    /// The result; `None` if the run could not begin.
    pub(in crate::cli) result: Option<Arc<RunResult>>,
    /// The statistics at the end.
    pub(in crate::cli) last: Option<Arc<Snapshot>>,
}

/// Carries out a run, and tells of it on the screen and in all outputs. `onlooker` sees every tick too, and `besides` goes on
/// beside the run.
pub(in crate::cli) fn carry_out(
    options: &RunOptions,
    loaded: Loaded,
    mut prepared: Prepared,
    process: &Process,
    interrupts: &Interrupts,
    onlooker: Option<Box<dyn Onlooker>>,
    besides: impl Future<Output = Infallible>,
) -> Ran {
    let logs: Vec<_> = process.logfile.iter().cloned().chain(prepared.run_log.take()).collect();
    let _also = process.log.also(
        logs.iter().skip(process.logfile.iter().count()).map(|(_, lines)| Reader::Lines(lines.clone())),
    );
    let text = loaded.texts.first().map(|(_, text)| text.as_str());
    let embedded: Vec<_> = prepared.brokers.iter().map(|broker| broker.addr().to_string()).collect();
    let changes = options.scenario.changes(&loaded.settings);
    let run = what_ran(&loaded.plan, &loaded.run_id, options.scenario.path(), text, changes, &embedded);
    let (plan, run_id) = (Arc::new(loaded.plan), loaded.run_id);
    let stderr = &process.stderr;
    announce(options, &plan, &prepared, stderr, &loaded.warnings, &loaded.variables);

    let timeline = LoadTimeline::of(&plan);
    let written = options.written(&plan);
    if !options.quiet && options.repeat.run_folder.is_none() {
        let folder = prepared.folder.iter().map(|folder| folder.path().display().to_string());
        let results: Vec<_> = folder.chain(written.iter().cloned()).collect();
        stderr.say(banner(&run, plan.load.stages.len(), &results, stderr.coloured()));
    }
    let is_hidden = options.only_summary || options.quiet;
    let keys = if is_hidden { None } else { read_keys(interrupts) };
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
    let watching = watch(std::mem::take(&mut prepared.sources));
    let mut observer = RunObserver::new(prepared.outputs, progress, head, stderr.clone(), onlooker, watching);
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
    let meeting = plan
        .sync
        .as_ref()
        .and_then(|sync| prepared.endpoints.get(sync.broker.0).cloned().map(|at| (sync, at)));
    let brokers: Vec<_> = std::mem::take(&mut prepared.endpoints).into_iter().zip(clients).collect();
    let connector = move || ChosenConnector::new(brokers.clone());
    let start_at = prepared.start_at;
    let run = async {
        if let Some(moment) = start_at {
            start::wait_until(moment, interrupts).await;
        }
        if let Some((sync, endpoint)) = meeting {
            let began = start::meet(&plan, sync, endpoint, &run_id, interrupts).await;
            observer.clocks(began.map_err(|error| error.to_string())?);
        }
        // Whoever was interrupted has a run that stops as it begins, and all files of it.
        let run = engine::run(Arc::clone(&plan), connector, engine_options, interrupts, &mut observer);
        run.await.map_err(|error| error.to_string())
    };
    let outcome = prepared.runtime.block_on(async {
        tokio::select! {
            outcome = run => outcome,
            never = besides => match never {},
        }
    });
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
            let is_whole = |name: &&String| !incomplete.iter().any(|path| is_of(path, name));
            let others: Vec<_> = written.iter().filter(is_whole).cloned().collect();
            let earlier = earlier.as_deref();
            let result_file = options.summary_json.as_deref();
            let files =
                Files { folder, result: result_file, earlier, others: &others, incomplete: &incomplete };
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
    errors.extend(outcome.as_ref().err().cloned());
    for error in errors {
        for lines in logs.iter().map(|(_, log)| log).chain([stderr]) {
            lines.error(&error);
        }
    }
    flush();
    let logs = logs.iter().map(|(path, log)| (path.display().to_string(), log));
    for (name, lines) in [("standard error".to_owned(), stderr)].into_iter().chain(logs) {
        if let Some(missing) = lines.missing() {
            // People may look here who cannot see the other one. If nobody can, the run is not to blame.
            let _ = exit::print(&format!("{name}: {missing}\n"));
        }
    }
    let code = match outcome {
        Err(_) => exit::CANNOT_GO_ON,
        Ok(Outcome { end: End::Aborted, .. }) => exit::INTERRUPTED,
        Ok(_) if !is_whole => exit::CANNOT_GO_ON,
        Ok(_) => result.as_ref().map_or(exit::CANNOT_GO_ON, |result| result.verdict.exit_code),
    };
    Ran { code, result, last: observer.last }
}

/// Begins to watch the brokers. A run goes on without it.
fn watch(sources: Vec<Source>) -> Option<Watching> {
    if sources.is_empty() {
        return None;
    }
    match Watching::start(sources) {
        Ok(watching) => Some(watching),
        Err(error) => {
            warn!("The brokers are not watched: {error}");
            None
        }
    }
}

/// Whether a file is what a name on the command line stands for: itself, or one of `PREFIX_*.csv`.
fn is_of(path: &Path, name: &str) -> bool {
    let file = path.to_string_lossy();
    match name.strip_suffix("*.csv") {
        Some(prefix) => file.strip_prefix(prefix).is_some_and(|rest| rest.strip_suffix(".csv").is_some()),
        None => path == Path::new(name),
    }
}

/// The files that are not there, or not whole, each once.
fn incomplete(unwritten: &[OutputError], logs: &[(PathBuf, Lines)]) -> Vec<PathBuf> {
    let mut paths: Vec<_> = unwritten.iter().map(|error| error.path().to_owned()).collect();
    paths.extend(logs.iter().filter(|(_, log)| log.missing().is_some()).map(|(path, _)| path.clone()));
    paths.dedup();
    paths
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
