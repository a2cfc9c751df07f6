//! `run`: carry out a scenario.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;

use clap::Args;
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{Level, info, warn};

use crate::cli::console::{Progress, fitted, start_log, tables};
use crate::cli::endpoints::open_brokers;
use crate::cli::exit;
use crate::cli::load::{ScenarioOptions, load_run};
use crate::cli::observer::{OutputError, Outputs, RunObserver};
use crate::cli::plan::RatioOptions;
use crate::client::transport::{Connector, Endpoint};
use crate::engine::limits::raise_open_files;
use crate::engine::{self, End, Interrupts, Options, Outcome, RunError};
use crate::plan::Plan;
use crate::plan::load::Course;
use crate::plan::target::Target;
use crate::report::csv::History;
use crate::report::{delivery, latency, search, thresholds, unfinished};
use crate::stats::Received;

const AFTER_HELP: &str = "\
Ctrl-C or SIGTERM stops the run: users finish their tasks (--stop-timeout), all files are
written. A second one stops at once; the files are complete up to that moment.

Exit codes:
  0 fine; 1 requests failed (--exit-code-on-error); 2 bad usage or scenario;
  3 a threshold was missed or could not be judged, whether requests failed or not;
  4 the runner could not go on; 130 interrupted twice

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

    /// One row per entry and second in the history file, with percentiles of the last ten seconds
    #[arg(long, requires = "csv")]
    csv_full_history: bool,

    /// Write every request as a line of JSON; `mqtt-scenario replay` makes the CSV files from it again
    #[arg(long, value_name = "FILE")]
    request_log: Option<PathBuf>,

    /// Write the end of the run as JSON: rows, percentiles, and how the load generator fared
    #[arg(long, value_name = "FILE")]
    summary_json: Option<PathBuf>,

    /// How many rows the statistics may have; requests of further names count in one more
    #[arg(long, value_name = "N", default_value_t = engine::MAX_ROWS)]
    max_rows: usize,

    /// Show no progress while running, only the tables at the end
    #[arg(long)]
    only_summary: bool,

    /// Begin the statistics anew when all users have started
    #[arg(long)]
    reset_stats: bool,

    /// Exit code of a run with failures or exceptions
    #[arg(long, value_name = "CODE", default_value_t = 1)]
    exit_code_on_error: u8,

    /// Threads that users are spread over; default: one per core
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,

    #[command(flatten)]
    ratio: RatioOptions,

    /// Accepted for Locust's sake: every run is headless
    #[arg(long)]
    headless: bool,

    /// How much to log: error, warning, info, debug
    #[arg(short = 'L', long, value_name = "LEVEL", default_value = "info", value_parser = parse_level)]
    loglevel: Level,

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
    let cannot = |error: &dyn std::fmt::Display| exit::error(exit::CANNOT_GO_ON, error);
    let plan = load_run(&options.scenario)?;
    if let Some(text) = options.ratio.text(&plan) {
        return Ok(exit::output(&text));
    }
    let plan = Arc::new(plan);
    let course = Course::of(&plan);
    raise_open_files(connections(&plan, &course)).map_err(|error| cannot(&error))?;
    let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| cannot(&error))?;
    let folder = options.scenario.scenario.parent().unwrap_or(Path::new(""));
    let (brokers, endpoints) = open_brokers(&plan, folder, &runtime).map_err(|error| cannot(&error))?;

    let history = if options.csv_full_history { History::Full } else { History::Aggregated };
    let (log, summary) = (options.request_log.as_deref(), options.summary_json.as_deref());
    let outputs =
        Outputs::create(options.csv.as_deref(), history, log, summary).map_err(|error| cannot(&error))?;
    let progress = Progress::new(course.most_in_all, course.length(), options.only_summary);
    start_log(options.loglevel, options.logfile.as_deref(), &progress)
        .map_err(|error| cannot(&format_args!("cannot write the log: {error}")))?;
    for broker in &brokers {
        info!("Embedded broker listening on {}", broker.addr());
    }
    for broker in plan.brokers.iter().filter(|broker| broker.tls.as_ref().is_some_and(|tls| tls.insecure)) {
        warn!("INSECURE: any certificate is accepted as that of the broker {}", broker.name);
    }

    let mut observer = RunObserver::new(outputs, progress.clone(), plan.thresholds.clone());
    let threads = options.threads.map_or_else(default_threads, usize::from);
    let engine_options = Options {
        // A thread without a user would only cost.
        threads: threads.min(course.most_in_all as usize).max(1),
        keep_log: options.request_log.is_some(),
        keep_history: options.csv_full_history,
        reset_stats: options.reset_stats,
        max_rows: options.max_rows,
    };
    let outcome = runtime.block_on(carry_out(&plan, endpoints, engine_options, &mut observer));
    progress.finish();
    for broker in brokers {
        broker.stop();
    }
    Ok(conclude(outcome, &observer, plan.subscribes(), options.exit_code_on_error))
}

fn default_threads() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// File descriptors for connections: an embedded broker holds the other end of each.
fn connections(plan: &Plan, course: &Course) -> u64 {
    let embedded = plan.brokers.iter().any(|broker| matches!(broker.target, Target::Embedded { .. }));
    u64::from(course.most_in_all) * if embedded { 2 } else { 1 }
}

async fn carry_out(
    plan: &Arc<Plan>,
    endpoints: Vec<Endpoint>,
    options: Options,
    observer: &mut RunObserver,
) -> Result<Outcome, RunError<OutputError>> {
    let interrupts = Interrupts::default();
    let connector = move || Connector::new(endpoints.clone());
    tokio::select! {
        outcome = engine::run(Arc::clone(plan), connector, options, &interrupts, observer) => outcome,
        error = heed_signals(&interrupts) => Err(RunError::Thread(error)),
    }
}

/// Passes the first SIGINT or SIGTERM on as a wish to stop, the second as one to drop everything. Returns only
/// if signals cannot be received.
async fn heed_signals(interrupts: &Interrupts) -> std::io::Error {
    let (mut interrupt, mut terminate) =
        match (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) {
            (Ok(interrupt), Ok(terminate)) => (interrupt, terminate),
            (Err(error), _) | (_, Err(error)) => return error,
        };
    loop {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        if interrupts.stop.is_cancelled() {
            warn!("Interrupted again: stopping at once");
            interrupts.abort.cancel();
        } else {
            interrupts.stop.cancel();
        }
    }
}

/// Tables, last words and exit code.
fn conclude(
    outcome: Result<Outcome, RunError<OutputError>>,
    observer: &RunObserver,
    subscribes: bool,
    exit_code_on_error: u8,
) -> ExitCode {
    let mut failed = false;
    if let Some(snapshot) = &observer.last {
        failed = !snapshot.failures.is_empty() || !snapshot.exceptions.is_empty();
        let mut out = std::io::stdout().lock();
        // With standard output gone the tables have no reader; the exit code still tells.
        let (tables, times) = (tables(snapshot), latency::summary(snapshot));
        let delivery = observer.delivery.as_ref();
        let measured = delivery.map_or_else(String::new, |report| delivery::summary(snapshot, report));
        let mut text = format!("{tables}{times}{}\n{measured}", observer.health);
        text += &unfinished::table(&snapshot.unfinished);
        text += &thresholds::table(&observer.judgements);
        if let Some(report) = &observer.search {
            text += &search::table(report);
        }
        if subscribes {
            let Received { messages, bytes } = snapshot.received;
            let received = format!("Received {messages} messages, {bytes} bytes\n");
            text += &received;
        }
        let _ = out.write_all(fitted(text).as_bytes());
    }
    match outcome {
        Err(error) => exit::error(exit::CANNOT_GO_ON, error),
        Ok(Outcome { end, unexpected, .. }) => {
            if let Some(snapshot) = &observer.last
                && let Some(warning) = unfinished::warning(&snapshot.unfinished)
            {
                warn!("{warning}");
            }
            for (what, count) in unexpected {
                warn!("The broker sent {count} × {what}; ignored");
            }
            match end {
                End::Aborted => ExitCode::from(exit::INTERRUPTED),
                _ if observer.judgements.iter().any(|judgement| judgement.verdict.fails()) => {
                    ExitCode::from(exit::THRESHOLD_MISSED)
                }
                _ if failed => ExitCode::from(exit_code_on_error),
                _ => ExitCode::SUCCESS,
            }
        }
    }
}
