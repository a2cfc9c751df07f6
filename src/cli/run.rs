//! `run`: carry out a scenario.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use clap::Args;
use tokio::runtime::{Builder, Runtime};
use tracing::{Level, info, warn};

use crate::broker::Broker;
use crate::cli::console::{Progress, fitted, start_log, tables};
use crate::cli::endpoints::open_brokers;
use crate::cli::lines::Lines;
use crate::cli::load::{Loaded, ScenarioOptions, certificate_files, load_run};
use crate::cli::observer::RunObserver;
use crate::cli::outputs::Outputs;
use crate::cli::plan::RatioOptions;
use crate::cli::{conflicts, exit, locust, signals};
use crate::client::chosen::ChosenConnector;
use crate::client::transport::Endpoint;
use crate::engine::limits::raise_open_files;
use crate::engine::{self, End, Interrupts, Options, Origin, Outcome, Unexpected};
use crate::plan::Plan;
use crate::plan::target::Target;
use crate::plan::timeline::LoadTimeline;
use crate::report::csv::history::{History, HistoryRows};
use crate::report::csv::state::StateFile;
use crate::report::destination::Destination;
use crate::report::{delivery, health, latency, rate_search, thresholds, unfinished};
use crate::stats::Received;
use crate::stats::snapshot::Snapshot;

const AFTER_HELP: &str = "\
Ctrl-C, SIGTERM or SIGHUP stops the run: users finish their tasks (--stop-timeout) and all files
are written. A second Ctrl-C or SIGTERM ends the run at once. Every file is then complete, and at
most one second old.

Exit codes:
  0 the run was fine; 1 requests failed (--exit-code-on-error); 2 wrong usage or a wrong scenario;
  3 a threshold was missed or could not be judged, whether requests failed or not;
  4 the run could not go on; 130 the run was interrupted twice

Examples:
  mqtt-scenario run
  mqtt-scenario run scenarios/seed.toml -H localhost -u 50 -r 10 -t 30s --csv out/seed
  mqtt-scenario run my.yaml --request-log out/requests.jsonl --only-summary";

/// Run a scenario
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(super) struct RunOptions {
    #[command(flatten)]
    scenario: ScenarioOptions,

    /// Write Locust's four CSV files
    #[arg(long, value_name = "PREFIX")]
    #[arg(help = "Write Locust's four CSV files: PREFIX_stats.csv, _stats_history, _failures, _exceptions")]
    csv: Option<PathBuf>,

    /// Each second, write one history row per statistics row, with percentiles of the last ten seconds
    #[arg(long, requires = "csv")]
    csv_full_history: bool,

    /// Write every request as a line of JSON, from which `mqtt-scenario replay` makes the CSV files again
    #[arg(long, value_name = "FILE")]
    request_log: Option<PathBuf>,

    /// Write the results of the run as JSON: rows, percentiles and the health of the load generator
    #[arg(long, value_name = "FILE")]
    summary_json: Option<PathBuf>,

    /// Maximum number of rows in the statistics; requests with further names are counted in one extra row
    #[arg(long, value_name = "N", default_value_t = engine::MAX_ROWS)]
    max_rows: usize,

    /// Show no progress during the run, only the tables at the end
    #[arg(long)]
    only_summary: bool,

    /// Reset the statistics when all users have started
    #[arg(long)]
    reset_stats: bool,

    /// Exit code of a run that had failures or exceptions
    #[arg(long, value_name = "CODE", allow_negative_numbers = true)]
    #[arg(help = "Exit code of a run that had failures or exceptions [default: 1]")]
    exit_code_on_error: Option<u8>,

    /// Number of threads that run the users; by default one per core
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    #[arg(allow_negative_numbers = true)]
    threads: Option<u16>,

    #[command(flatten)]
    ratio: RatioOptions,

    /// Accepted because Locust has it; every run is headless
    #[arg(long)]
    headless: bool,

    /// How much to log: error, warning, info, debug
    #[arg(short = 'L', long, value_name = "LEVEL", value_parser = parse_level)]
    #[arg(help = "How much to log: error, warning, info, debug [default: info]")]
    loglevel: Option<Level>,

    /// Write the log to this file instead of standard error
    #[arg(long, value_name = "FILE")]
    logfile: Option<PathBuf>,
}

/// Locust's names of the levels, in any case, and Rust's.
fn parse_level(text: &str) -> Result<Level, String> {
    match text.to_ascii_lowercase().as_str() {
        "critical" | "error" => Ok(Level::ERROR),
        "warning" | "warn" => Ok(Level::WARN),
        "info" => Ok(Level::INFO),
        "debug" => Ok(Level::DEBUG),
        "trace" => Ok(Level::TRACE),
        _ => Err("one of error, warning, info, debug".into()),
    }
}

pub(super) fn run(options: &RunOptions) -> ExitCode {
    match try_run(options) {
        Ok(code) | Err(code) => code,
    }
}

fn try_run(options: &RunOptions) -> Result<ExitCode, ExitCode> {
    let loaded = load_run(&options.scenario)?;
    if let Some(text) = options.ratio.text(&loaded.plan) {
        exit::say(&loaded.warnings);
        return Ok(exit::output(&text));
    }
    let prepared = prepare(options, &loaded);
    let mut prepared = prepared.map_err(|(code, message)| {
        exit::say(&loaded.warnings);
        exit::error(code, message)
    })?;
    let plan = Arc::new(loaded.plan);
    announce(options, &plan, &prepared, &loaded.warnings, &loaded.variables);

    let timeline = LoadTimeline::of(&plan);
    let (stderr, log) = (prepared.stderr, prepared.log);
    let progress =
        Progress::new(stderr.clone(), timeline.most_in_all, timeline.length(), options.only_summary);
    let mut observer = RunObserver::new(prepared.outputs, progress.clone(), plan.thresholds.clone());
    let threads = options.threads.map_or_else(default_threads, usize::from);
    let engine_options = Options {
        // A thread without a user would only cost.
        threads: threads.min(timeline.most_in_all as usize).max(1),
        keep_log: options.request_log.is_some(),
        keep_history: options.csv_full_history,
        reset_stats: options.reset_stats,
        max_rows: options.max_rows,
    };
    let clients = plan.brokers.iter().map(|broker| broker.client);
    let brokers: Vec<_> = std::mem::take(&mut prepared.endpoints).into_iter().zip(clients).collect();
    let connector = move || ChosenConnector::new(brokers.clone());
    let run = engine::run(Arc::clone(&plan), connector, engine_options, &prepared.interrupts, &mut observer);
    let outcome = prepared.runtime.block_on(run);
    for broker in prepared.brokers {
        broker.stop();
    }
    let unwritten = observer.finish_files();
    progress.finish();
    log.flush(FLUSH_TIME);
    stderr.flush(FLUSH_TIME);

    let printed = exit::print(&last_words(&observer, plan.subscribes()));
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
    errors.extend(printed.err().map(|error| exit::unwritten(&error)));
    let is_whole = errors.is_empty();
    errors.extend(outcome.as_ref().err().map(ToString::to_string));
    for error in errors {
        stderr.error(error);
    }
    log.flush(FLUSH_TIME);
    stderr.flush(FLUSH_TIME);
    let logfile = options.logfile.as_deref().map(|path| (log, path.display().to_string()));
    for (lines, name) in [(stderr, "standard error".to_owned())].into_iter().chain(logfile) {
        if let Some(missing) = lines.missing() {
            // People may look here who cannot see the other one. If nobody can, the run is not to blame.
            let _ = exit::print(&format!("{name}: {missing}\n"));
        }
    }
    Ok(ExitCode::from(match outcome {
        Err(_) => exit::CANNOT_GO_ON,
        Ok(Outcome { end: End::Aborted, .. }) => exit::INTERRUPTED,
        Ok(_) if !is_whole => exit::CANNOT_GO_ON,
        Ok(_) => verdict(&observer, options.exit_code_on_error.unwrap_or(1)),
    }))
}

/// All that a run needs besides its plan.
struct Prepared {
    runtime: Runtime,
    brokers: Vec<Broker>,
    endpoints: Vec<Endpoint>,
    outputs: Outputs,
    stderr: Lines,
    /// Standard error too, or a file.
    log: Lines,
    interrupts: Interrupts,
}

/// Makes sure that the run can begin, and touches no older result before it is; an error is an exit code and a message.
fn prepare(options: &RunOptions, loaded: &Loaded) -> Result<Prepared, (u8, String)> {
    fn cannot(error: impl std::fmt::Display) -> (u8, String) {
        (exit::CANNOT_GO_ON, error.to_string())
    }
    let plan = &loaded.plan;
    let folder = options.scenario.path().parent().unwrap_or(Path::new(""));
    let written = options.outputs();
    if !written.is_empty() {
        let inputs = loaded.inputs.iter().cloned().chain(certificate_files(plan, folder)).collect::<Vec<_>>();
        conflicts::refuse(&written, &inputs).map_err(|message| (exit::BAD_INPUT, message))?;
    }
    raise_open_files(connections(plan, &LoadTimeline::of(plan))).map_err(cannot)?;
    let runtime = Builder::new_current_thread().enable_all().build().map_err(cannot)?;
    let (brokers, endpoints) = open_brokers(plan, folder, &runtime).map_err(cannot)?;

    let history = if options.csv_full_history { History::Full } else { History::Aggregated };
    let (log, summary) = (options.request_log.as_deref(), options.summary_json.as_deref());
    let outputs = Outputs::find(options.csv.as_deref(), history, log, summary).map_err(cannot)?;
    let logfile = options.logfile.as_deref().map(Destination::find).transpose().map_err(log_error)?;

    let interrupts = Interrupts::default();
    signals::watch(interrupts.clone())
        .map_err(|error| cannot(format_args!("cannot wait for signals: {error}")))?;
    let stderr = Lines::stderr().map_err(cannot)?;
    let log = logfile.map_or_else(|| Ok(stderr.clone()), |to| Lines::file(to).map_err(log_error))?;
    start_log(options.loglevel.unwrap_or(Level::INFO), log.clone()).map_err(log_error)?;
    Ok(Prepared { runtime, brokers, endpoints, outputs, stderr, log, interrupts })
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn log_error(error: std::io::Error) -> (u8, String) {
    (exit::CANNOT_GO_ON, format!("cannot write the log: {error}"))
}

/// Prints the first lines: what runs, its warnings, and where it runs.
fn announce(
    options: &RunOptions,
    plan: &Plan,
    prepared: &Prepared,
    warnings: &str,
    variables: &BTreeSet<String>,
) {
    info!("Running {} ({})", options.scenario.path().display(), plan.name);
    if !warnings.is_empty() {
        prepared.stderr.say(warnings);
    }
    for ignored in locust::ignored(&options.given(), variables) {
        warn!("{ignored}");
    }
    for broker in &prepared.brokers {
        info!("Embedded broker listening on {}", broker.addr());
    }
    for broker in plan.brokers.iter().filter(|broker| broker.tls.as_ref().is_some_and(|tls| tls.insecure)) {
        warn!("INSECURE: no certificate is checked for the broker {}", broker.name);
    }
}

/// How long standard error and the log may take for what is left to say: they have had the whole run.
const FLUSH_TIME: Duration = Duration::from_millis(500);

impl RunOptions {
    /// The scenario that it is about.
    pub(super) fn scenario(&self) -> &ScenarioOptions {
        &self.scenario
    }

    /// The files that will be written, each with the flag that asks for it.
    fn outputs(&self) -> Vec<(&'static str, PathBuf)> {
        let mut outputs = Vec::new();
        if let Some(prefix) = &self.csv {
            outputs.extend(StateFile::ALL.map(|table| ("--csv", table.path(prefix))));
            outputs.push(("--csv", HistoryRows::path(prefix)));
        }
        for (flag, path) in [
            ("--request-log", &self.request_log),
            ("--summary-json", &self.summary_json),
            ("--logfile", &self.logfile),
        ] {
            outputs.extend(path.clone().map(|path| (flag, path)));
        }
        outputs
    }

    /// The flags of Locust that the command line has, by their long names.
    fn given(&self) -> Vec<&'static str> {
        let mut given = self.scenario.given();
        let more = [
            ("csv", self.csv.is_some()),
            ("csv-full-history", self.csv_full_history),
            ("only-summary", self.only_summary),
            ("reset-stats", self.reset_stats),
            ("exit-code-on-error", self.exit_code_on_error.is_some()),
            ("loglevel", self.loglevel.is_some()),
            ("logfile", self.logfile.is_some()),
        ];
        given.extend(more.into_iter().filter_map(|(name, is_given)| is_given.then_some(name)));
        given
    }
}

fn default_threads() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// File descriptors for connections: an embedded broker holds the other end of each.
fn connections(plan: &Plan, timeline: &LoadTimeline) -> u64 {
    let embedded = plan.brokers.iter().any(|broker| matches!(broker.target, Target::Embedded { .. }));
    u64::from(timeline.most_in_all) * if embedded { 2 } else { 1 }
}

/// Returns the tables and the lines at the end of a run.
fn last_words(observer: &RunObserver, subscribes: bool) -> String {
    let Some(snapshot) = &observer.last else { return String::new() };
    let mut out = tables(snapshot);
    out += &latency::summary(snapshot);
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{}", health::sentence(&observer.health));
    if let Some(report) = &observer.delivery {
        out += &delivery::summary(snapshot, report);
    }
    out += &unfinished::table(&snapshot.unfinished);
    out += &thresholds::table(&observer.judgements);
    if let Some(report) = &observer.search {
        out += &rate_search::table(report);
    }
    if subscribes {
        let Received { messages, bytes } = snapshot.received;
        let _ = writeln!(out, "Received {messages} messages, {bytes} bytes");
    }
    fitted(out)
}

/// The exit code of a run that came to its end.
fn verdict(observer: &RunObserver, on_error: u8) -> u8 {
    let failed = |snapshot: &Arc<Snapshot>| !snapshot.failures.is_empty() || !snapshot.exceptions.is_empty();
    if observer.judgements.iter().any(|judgement| judgement.verdict.fails()) {
        exit::THRESHOLD_MISSED
    } else if observer.last.as_ref().is_some_and(failed) {
        on_error
    } else {
        0
    }
}

/// The line at the end of a run about something unexpected.
fn remark(Unexpected { what, origin }: Unexpected, count: u64) -> String {
    match origin {
        Origin::Broker => format!("The broker sent {count} × {what}; ignored"),
        Origin::Generator => format!("Noticed {count} × {what}"),
    }
}
