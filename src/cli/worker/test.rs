//! One test of a master: an engine on a thread of its own, and what it records.
//!
//! It looks for the brokers there too, because a slow look-up must not hold up the heartbeats.
//!
//! A master may change the options of a test that goes on. Then all its users stop and start anew with another plan: an engine
//! has one plan from its start to its end. The second part begins when the first one is over, because both have the same
//! client ids.

use std::convert::Infallible;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime};

use tokio::runtime::Builder;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::cli::endpoints::open_brokers;
use crate::cli::outputs::{OutputError, WorkerLog};
use crate::cli::worker::metrics::{Metrics, TestMetrics};
use crate::client::chosen::ChosenConnector;
use crate::engine::{self, Control, End, Interrupts, MAX_ROWS, Observer, Options, RunControl, Tick};
use crate::plan::Plan;
use crate::stats::UnixMicros;
use crate::stats::batch::{Batch, ExceptionSeen};
use crate::stats::interval::Interval;
use crate::stats::percentiles::PercentileList;

/// What was recorded and not handed over yet, and the log of it all. Clones are the same.
#[derive(Debug, Clone)]
pub(super) struct Recorded {
    kept: Arc<Mutex<Kept>>,
    /// Whether there is a log.
    is_logged: bool,
}

#[derive(Debug)]
struct Kept {
    interval: Interval,
    log: Option<WorkerLog>,
}

impl Recorded {
    /// Nothing, from now on. An older file at the path of the log is emptied.
    pub(super) fn new(log: Option<PathBuf>) -> Result<Self, OutputError> {
        let now = now();
        let log = log.map(|path| WorkerLog::begin(path, now)).transpose()?;
        let is_logged = log.is_some();
        let kept = Kept { interval: Interval::new(now), log };
        Ok(Self { kept: Arc::new(Mutex::new(kept)), is_logged })
    }

    /// Takes what there is.
    pub(super) fn take(&self) -> Interval {
        self.lock().interval.take(now())
    }

    /// Forgets what there is.
    pub(super) fn clear(&self) {
        let now = now();
        let mut kept = self.lock();
        drop(kept.interval.take(now));
        if let Some(log) = &mut kept.log {
            log.reset(now);
        }
    }

    /// Ends the log; what is recorded afterwards is not in it.
    pub(super) fn end_log(&self) -> Result<(), OutputError> {
        let log = self.lock().log.take();
        log.map_or(Ok(()), |log| log.finish(now()))
    }

    /// Adds a fault of the runner or of its machine.
    fn exception(&self, message: String) {
        error!("{message}");
        let traceback = message.clone();
        self.lock().interval.exceptions.push(ExceptionSeen { at: now(), message, traceback });
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        lock(&self.kept)
    }
}

/// What all parts of a test have in common.
#[derive(Debug)]
pub(super) struct Surroundings {
    /// How many threads run the users.
    pub(super) threads: usize,
    /// Where requests are recorded.
    pub(super) recorded: Recorded,
    /// What is told to Prometheus, if it may ask.
    pub(super) metrics: Option<Metrics>,
    /// The run id.
    pub(super) run_id: String,
}

/// A test that goes on.
#[derive(Debug)]
pub(super) struct Test {
    parts: Arc<Mutex<Parts>>,
    ended: CancellationToken,
}

/// The parts of a test: one plan each.
#[derive(Debug)]
struct Parts {
    /// The one whose users there are.
    now: RunControl,
    /// The one that begins when they are gone.
    next: Option<Part>,
}

#[derive(Debug)]
struct Part {
    plan: Arc<Plan>,
    /// The folder from which paths of the plan count.
    folder: PathBuf,
    interrupts: Interrupts,
}

impl Part {
    fn new(plan: Arc<Plan>, folder: PathBuf) -> Self {
        Self { plan, folder, interrupts: Interrupts::default() }
    }
}

impl Test {
    /// Begins a test without users. Paths of the plan count from `folder`.
    pub(super) fn begin(plan: Arc<Plan>, folder: PathBuf, surroundings: Surroundings) -> io::Result<Self> {
        let (part, ended) = (Part::new(plan, folder), CancellationToken::new());
        let parts = Parts { now: part.interrupts.control.clone(), next: None };
        let test = Self { parts: Arc::new(Mutex::new(parts)), ended: ended.clone() };
        let parts = Arc::clone(&test.parts);
        thread::Builder::new().name("test".to_owned()).spawn(move || {
            // However the thread ends, the worker must not wait for it.
            let _ended = ended.drop_guard();
            let mut next = Some(part);
            while let Some(part) = next {
                if let Err(message) = carry_out(part, &surroundings) {
                    surroundings.recorded.exception(message);
                }
                let mut parts = lock(&parts);
                next = parts.next.take();
                if let Some(part) = &next {
                    parts.now = part.interrupts.control.clone();
                }
            }
        })?;
        Ok(test)
    }

    /// Goes on with another plan, without users: those that there are may finish their tasks for so long, and are gone before.
    pub(super) fn go_on_with(&self, plan: Arc<Plan>, folder: PathBuf, patience: Duration) {
        let mut parts = lock(&self.parts);
        parts.next = Some(Part::new(plan, folder));
        parts.now.stop_within(patience);
    }

    /// Goes to these numbers of users, in the order of the plan's classes.
    pub(super) fn go_to(&self, users_by_class: Vec<u32>) {
        let parts = lock(&self.parts);
        parts.next.as_ref().map_or(&parts.now, |next| &next.interrupts.control).go_to(users_by_class);
    }

    /// Lets all users stop: they may finish their tasks for so long.
    pub(super) fn stop(&self, patience: Duration) {
        let mut parts = lock(&self.parts);
        parts.next = None;
        parts.now.stop_within(patience);
    }

    /// Whether no user is left and everything is recorded.
    pub(super) fn has_ended(&self) -> bool {
        self.ended.is_cancelled()
    }

    /// Waits for that.
    pub(super) async fn ended(&self) {
        self.ended.cancelled().await;
    }
}

/// Runs the users of a part to its end; an error is a sentence.
fn carry_out(part: Part, surroundings: &Surroundings) -> Result<(), String> {
    let Part { plan, folder, interrupts } = part;
    let Surroundings { threads, recorded, metrics, run_id } = surroundings;
    let metrics = metrics.as_ref().map(|metrics| metrics.begin(&plan, run_id));
    let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    let (brokers, endpoints) = open_brokers(&plan, &folder, &runtime).map_err(|error| error.to_string())?;
    let clients = plan.brokers.iter().map(|broker| broker.client);
    let endpoints: Vec<_> = endpoints.into_iter().zip(clients).collect();
    let options = Options {
        threads: *threads,
        keep_log: recorded.is_logged,
        keep_history: false,
        reset_stats: false,
        keep_seconds: false,
        percentiles: PercentileList::default(),
        max_rows: MAX_ROWS,
    };
    let mut counter = Counter { recorded, requests: 0, failures: 0, metrics };
    let connector = move || ChosenConnector::new(endpoints.clone());
    let run = engine::run(plan, connector, options, &interrupts, &mut counter);
    let outcome = runtime.block_on(run);
    for broker in brokers {
        broker.stop();
    }
    info!("The test made {} requests here, of which {} failed", counter.requests, counter.failures);
    let outcome = outcome.map_err(|error| error.to_string())?;
    for remark in [outcome.losses.remark(), outcome.losses.remark_of_unread()].into_iter().flatten() {
        warn!("{remark}");
    }
    match outcome.end {
        End::Stopped => Ok(()),
        other => Err(format!("the test ended before the master said so: {other:?}")),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that holds a lock can panic.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Merges what is recorded, counts it, and tells the metrics.
struct Counter<'a> {
    recorded: &'a Recorded,
    requests: u64,
    failures: u64,
    metrics: Option<TestMetrics>,
}

impl Observer for Counter<'_> {
    type Error = Infallible;

    fn recorded(&mut self, batches: &[Batch]) -> Result<(), Infallible> {
        let mut kept = self.recorded.lock();
        let Kept { interval, log } = &mut *kept;
        let counts = |interval: &Interval| (interval.total.requests, interval.total.failures);
        let before = counts(interval);
        for batch in batches {
            interval.merge(batch);
        }
        let after = counts(interval);
        self.requests += after.0 - before.0;
        self.failures += after.1 - before.1;
        if let Some(log) = log {
            log.recorded(batches);
        }
        Ok(())
    }

    fn tick(&mut self, tick: &Tick<'_>) -> Result<Control, Infallible> {
        if let Some(metrics) = &mut self.metrics {
            metrics.tick(tick);
        }
        Ok(Control::GoOn)
    }
}

fn now() -> UnixMicros {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    UnixMicros(u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
}
