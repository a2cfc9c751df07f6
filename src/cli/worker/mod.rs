//! `worker`: takes users from a Locust master, and runs them on the engine.
//!
//! | file | |
//! |---|---|
//! | `options` | the command line |
//! | `flags` | what of Locust may stand on it |
//! | `told` | what a master says about a test: the scenario and its options |
//! | `test` | one test: an engine on a thread of its own |
//! | `users` | the users of the worker, as the room `locust` sees them |
//! | `usage` | what the process uses of its machine |
//! | `metrics` | its numbers for Prometheus |
//!
//! The connection to the master has the main thread for itself, because a heartbeat that is late for four seconds costs the
//! worker its users.

pub(super) mod flags;
mod metrics;
mod options;
mod test;
mod told;
mod usage;
mod users;

use std::cell::RefCell;
use std::convert::Infallible;
use std::future::pending;
use std::hash::{BuildHasher, RandomState};
use std::process::ExitCode;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tracing::{Level, info};

use crate::cli::exit;
use crate::cli::log::Reader;
use crate::cli::outputs::OutputError;
use crate::cli::run::Process;
use crate::cli::worker::metrics::Served;
pub(super) use crate::cli::worker::options::WorkerOptions;
use crate::cli::worker::test::Recorded;
use crate::cli::worker::usage::UsageMeter;
use crate::cli::worker::users::EngineUsers;
use crate::engine::Interrupts;
use crate::locust::dial::MasterAddress;
use crate::locust::logs::LastLines;
use crate::locust::protocol::WorkerError;
use crate::locust::worker::{WorkerSettings, work};

/// How long standard error and the log may take for what is left to say.
const FLUSH_TIME: Duration = Duration::from_millis(500);

pub(super) fn run(options: &WorkerOptions) -> ExitCode {
    try_run(options).unwrap_or_else(|(code, message)| exit::error(code, message))
}

fn try_run(options: &WorkerOptions) -> Result<ExitCode, (u8, String)> {
    let cannot = |error: std::io::Error| (exit::CANNOT_GO_ON, error.to_string());
    let unwritten = |error: OutputError| (exit::CANNOT_GO_ON, error.to_string());
    let recorded = Recorded::new(options.request_log.clone()).map_err(unwritten)?;
    let served = Served::start(options).map_err(|message| (exit::CANNOT_GO_ON, message))?;
    let process = Process::with_log(options.logfile.clone(), true, options.loglevel.unwrap_or(Level::INFO))?;
    let logs = LastLines::default();
    let _also = process.log.also([Reader::Last(logs.clone())]);
    if let Some(served) = &served {
        // It may have a token in it, which is nothing for the log that the master gets.
        process.stderr.say(format!("Metrics: {}\n", served.link));
    }
    for line in flags::said_of(&options.set_aside) {
        info!("{line}");
    }
    let runtime = Builder::new_current_thread().enable_all().build().map_err(cannot)?;
    let at = format!("{}:{}", options.master_host, options.master_port);
    let master = MasterAddress { host: options.master_host.clone(), port: options.master_port };
    info!("Looking for a Locust master at {at}");
    let hostname = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let settings = WorkerSettings { master, join_limit: options.join_timeout, hostname, logs };

    let cores = thread::available_parallelism().map_or(1, usize::from);
    let identity = Rc::new(RefCell::new(String::new()));
    let metrics = served.as_ref().map(|served| served.metrics.clone());
    let threads = options.threads.map_or(cores, usize::from);
    let mut users = EngineUsers::new(threads, Rc::clone(&identity), recorded.clone(), metrics);
    let draw = move || {
        let drawn = draw();
        identity.borrow_mut().clone_from(&drawn);
        drawn
    };
    let mut meter = UsageMeter::new(cores);
    let (leave, leaving) = unbounded_channel();
    let end = runtime.block_on(async {
        tokio::select! {
            end = work(settings, &mut users, leaving, draw, || meter.take()) => end,
            never = pass_on(&process.interrupts, &leave) => match never {},
        }
    });
    if end.is_ok() {
        info!("The worker has ended");
    }
    let logged = recorded.end_log();
    if let Some(served) = served {
        runtime.block_on(async {
            tokio::select! {
                () = served.know_the_end(|most| {
                    let most = humantime::format_duration(Duration::from_secs(most.as_secs() + 1));
                    info!("Waiting for the last scrape of the metrics, for {most} at most; Ctrl-C ends it");
                }) => {}
                () = process.interrupts.stop.cancelled() => {}
            }
        });
        served.stop();
    }
    process.flush(FLUSH_TIME);
    if process.interrupts.abort.is_cancelled() {
        return Ok(exit::INTERRUPTED.into());
    }
    end.map_err(|error| (exit::CANNOT_GO_ON, explained(&error, &at)))?;
    logged.map_err(unwritten)?;
    Ok(ExitCode::SUCCESS)
}

/// Why a worker has ended, with the address of the master and the cure.
fn explained(error: &WorkerError, at: &str) -> String {
    let cure = match error {
        WorkerError::NoMaster { .. } => {
            "start it (mqtt-scenario master my.toml), or say where it is: --master-host HOST --master-port PORT"
        }
        WorkerError::NotAMaster(_) => {
            "--master-port is the port for workers, 5557 unless the master has --master-bind-port; its page has another one"
        }
        WorkerError::Unreadable(_) => {
            "let the locustfile be made by this version: mqtt-scenario locustfile my.toml > locustfile.py"
        }
        WorkerError::MasterGone { .. } => "when the master is there again, start this worker again",
    };
    format!("{at}: {error}\nhelp: {cure}")
}

/// Passes signals on to the worker: the first one lets it leave in good order, the second one at once.
async fn pass_on(interrupts: &Interrupts, leave: &UnboundedSender<()>) -> Infallible {
    for interrupt in [&interrupts.stop, &interrupts.abort] {
        interrupt.cancelled().await;
        // A worker that has ended already does not listen.
        let _ = leave.send(());
    }
    pending().await
}

/// Draws what makes a node id unique.
fn draw() -> String {
    // The standard library's only source of chance: its keys come from the system, and each state has others.
    format!("{:016x}{:016x}", RandomState::new().hash_one(0), RandomState::new().hash_one(1))
}
