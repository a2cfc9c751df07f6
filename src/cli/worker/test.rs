//! One test of a master: an engine on a thread of its own, and what it records.
//!
//! It looks for the brokers there too, because a slow look-up must not hold up the heartbeats.

use std::convert::Infallible;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime};

use tokio::runtime::Builder;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::cli::endpoints::open_brokers;
use crate::cli::worker::metrics::TestMetrics;
use crate::client::chosen::ChosenConnector;
use crate::engine::{self, Control, End, Interrupts, MAX_ROWS, Observer, Options, RunControl, Tick};
use crate::plan::Plan;
use crate::stats::UnixMicros;
use crate::stats::batch::{Batch, ExceptionSeen};
use crate::stats::interval::Interval;
use crate::stats::percentiles::PercentileList;

/// What was recorded and not handed over yet. Clones are the same.
#[derive(Debug, Clone)]
pub(super) struct Recorded(Arc<Mutex<Interval>>);

impl Recorded {
    /// Nothing, from now on.
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Interval::new(now()))))
    }

    /// Takes what there is.
    pub(super) fn take(&self) -> Interval {
        self.lock().take(now())
    }

    /// Adds a fault of the runner or of its machine.
    fn exception(&self, message: String) {
        error!("{message}");
        let traceback = message.clone();
        self.lock().exceptions.push(ExceptionSeen { at: now(), message, traceback });
    }

    fn lock(&self) -> MutexGuard<'_, Interval> {
        // Nothing that holds the lock can panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A test that goes on.
#[derive(Debug)]
pub(super) struct Test {
    control: RunControl,
    ended: CancellationToken,
}

impl Test {
    /// Begins a test without users. Paths of the plan count from `folder`.
    pub(super) fn begin(
        plan: Plan,
        folder: PathBuf,
        threads: usize,
        recorded: Recorded,
        metrics: Option<TestMetrics>,
    ) -> io::Result<Self> {
        let (interrupts, ended) = (Interrupts::default(), CancellationToken::new());
        let test = Self { control: interrupts.control.clone(), ended: ended.clone() };
        thread::Builder::new().name("test".to_owned()).spawn(move || {
            // However the thread ends, the worker must not wait for it.
            let _ended = ended.drop_guard();
            if let Err(message) = carry_out(plan, &folder, threads, &interrupts, &recorded, metrics) {
                recorded.exception(message);
            }
        })?;
        Ok(test)
    }

    /// Goes to these numbers of users, in the order of the plan's classes.
    pub(super) fn go_to(&self, users_by_class: Vec<u32>) {
        self.control.go_to(users_by_class);
    }

    /// Lets all users stop: they may finish their tasks for so long.
    pub(super) fn stop(&self, patience: Duration) {
        self.control.stop_within(patience);
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

/// Runs the users of a test to its end; an error is a sentence.
fn carry_out(
    plan: Plan,
    folder: &Path,
    threads: usize,
    interrupts: &Interrupts,
    recorded: &Recorded,
    metrics: Option<TestMetrics>,
) -> Result<(), String> {
    let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    let (brokers, endpoints) = open_brokers(&plan, folder, &runtime).map_err(|error| error.to_string())?;
    let clients = plan.brokers.iter().map(|broker| broker.client);
    let endpoints: Vec<_> = endpoints.into_iter().zip(clients).collect();
    let options = Options {
        threads,
        keep_log: false,
        keep_history: false,
        reset_stats: false,
        keep_seconds: false,
        percentiles: PercentileList::default(),
        max_rows: MAX_ROWS,
    };
    let mut counter = Counter { recorded, requests: 0, failures: 0, metrics };
    let connector = move || ChosenConnector::new(endpoints.clone());
    let run = engine::run(Arc::new(plan), connector, options, interrupts, &mut counter);
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
        let mut interval = self.recorded.lock();
        let counts = |interval: &Interval| (interval.total.requests, interval.total.failures);
        let before = counts(&interval);
        for batch in batches {
            interval.merge(batch);
        }
        let after = counts(&interval);
        self.requests += after.0 - before.0;
        self.failures += after.1 - before.1;
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
