//! Runs a plan: users spread over one thread per core, their statistics merged once a second.
//!
//! ```text
//! conductor (calling thread)          shard (one thread each, current-thread runtime)
//!   ramp, run time, signals  ──────▶   starts, leashes and joins users (one task each)
//!   once a second: take      ──────▶   recorder (no lock, no channel per request)
//!   merge, tell observer     ◀──────   batch
//! ```
//! Threads share nothing but the plan. A user never leaves its thread, so that its session, its recorder and
//! its buffers need no lock. What people should see happens through an [`Observer`], in order, on the
//! calling thread.

mod alarm;
mod arrivals;
mod backoff;
mod begun;
pub mod clock;
mod conductor;
mod delivery;
pub mod health;
pub mod limits;
mod line;
pub mod losses;
mod pulse;
mod quota;
mod roster;
mod seeker;
mod settling;
mod shard;
mod sink;
mod stages;
mod stop;
mod storm;
mod tempo;
mod ticks;
mod user;
mod vitals;

use std::hash::{BuildHasher, RandomState};
use std::rc::Rc;
use std::sync::Arc;
use std::thread;

use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::mpsc::unbounded_channel;
use tokio_util::sync::CancellationToken;

use crate::client::Connect;
use crate::engine::alarm::Alarm;
use crate::engine::arrivals::Arrivals;
use crate::engine::clock::Clock;
use crate::engine::conductor::Conductor;
use crate::engine::health::Health;
use crate::engine::line::{FromShard, Line};
use crate::engine::losses::{LossCounts, Losses};
use crate::engine::pulse::Pulse;
use crate::engine::quota::Quota;
use crate::engine::shard::Shard;
pub use crate::engine::shard::Unexpected;
use crate::engine::tempo::Tempo;
pub use crate::engine::vitals::Share;
use crate::plan::Plan;
use crate::plan::load::Load;
use crate::stats::batch::Batch;
use crate::stats::delivery::DeliveryReport;
use crate::stats::rows::RowSpace;
use crate::stats::search::SearchReport;
use crate::stats::statistics::Statistics;
use crate::stats::{Received, UnixMicros};

/// What a run does besides the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// How many threads users are spread over, at least 1.
    pub threads: usize,
    /// Whether every request is kept for [`Observer::recorded`].
    pub keep_log: bool,
    /// Whether the statistics keep what "current" percentiles need.
    pub keep_history: bool,
    /// Whether the statistics begin anew when all users have started (at the next whole second of the run).
    pub reset_stats: bool,
    /// How many rows the statistics may have; requests of further names count in one more.
    pub max_rows: usize,
}

/// As many rows as a run has unless it is told otherwise: a file of 20 MB at each tick, and some seconds at its end.
pub const MAX_ROWS: usize = 100_000;

/// The wishes of the person at the keyboard.
#[derive(Debug, Clone, Default)]
pub struct Interrupts {
    /// Stop, but let users finish.
    pub stop: CancellationToken,
    /// Drop everything and write what there is.
    pub abort: CancellationToken,
}

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Its run time was over.
    RunTime,
    /// Its last stage was over.
    Stages,
    /// All its task runs or messages were used up.
    Limit,
    /// Its search for the highest rate was over.
    Search,
    /// A stage or a search waited for the connections of its users, and nobody got one.
    NobodyConnected,
    /// All users had left by themselves, or were stopped.
    UsersGone,
    /// [`Interrupts::stop`].
    Stopped,
    /// [`Interrupts::abort`].
    Aborted,
}

/// How a run went, besides its statistics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Why it ended.
    pub end: End,
    /// What brokers sent that fits no request.
    pub unexpected: Unexpected,
    /// How many connections were lost.
    pub losses: LossCounts,
    /// What arrived on subscriptions, since the statistics began anew if they did.
    pub received: Received,
}

/// A whole second of the run is over, or the run is.
#[derive(Debug)]
pub struct Tick<'a> {
    /// Every event up to now is in it, and none after.
    pub statistics: &'a Statistics,
    /// How the generator itself does.
    pub health: &'a Health,
    /// When.
    pub at: UnixMicros,
    /// Whether the statistics began anew at this moment.
    pub reset: bool,
    /// What the search for the highest rate has found so far, if there is one.
    pub search: Option<&'a SearchReport>,
    /// What became of measured messages, if any are; with the last tick.
    pub delivery: Option<&'a DeliveryReport>,
    /// Whether it is the last one: everything is in it.
    pub last: bool,
}

/// What a run tells, in order, on the thread that called [`run`].
pub trait Observer {
    /// Why it could not take what it was told.
    type Error;

    /// What was recorded since the last tick, one batch per thread; before it is merged.
    fn recorded(&mut self, batches: &[Batch]) -> Result<(), Self::Error>;

    /// A tick: at the start (nothing has happened yet), each whole second after it, and the end.
    fn tick(&mut self, tick: &Tick<'_>) -> Result<(), Self::Error>;
}

/// What all threads of a run have in common. A handle: clones are the same thing.
#[derive(Debug, Clone)]
struct Shared {
    /// How fast schedules go.
    tempo: Tempo,
    /// How much all users may do together.
    quota: Quota,
    /// Which users have had a connection.
    arrivals: Arrivals,
    /// Which users have done their part at the end of the run, but for what they still receive.
    quiet: Arrivals,
    /// Connections that were lost.
    losses: Losses,
    /// The rows of the statistics.
    rows: RowSpace,
    /// A number of this run, which no other one has but for chance.
    run: u32,
    /// Whether the generator stood still; nothing watches a run on a clock that is not the system's.
    pulse: Option<Pulse>,
}

impl Shared {
    fn new(load: &Load, max_rows: usize) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "half of a drawn number is one too")]
        let run = RandomState::new().hash_one(()) as u32;
        Self {
            tempo: Tempo::new(),
            quota: Quota::new(load),
            arrivals: Arrivals::new(),
            quiet: Arrivals::new(),
            losses: Losses::default(),
            rows: RowSpace::new(max_rows),
            run,
            pulse: None,
        }
    }
}

/// Why a run could not go on.
#[derive(Debug, thiserror::Error)]
pub enum RunError<E> {
    /// The observer failed, for example to write a file.
    #[error(transparent)]
    Observer(E),
    /// A thread could not be started.
    #[error("cannot start a runner thread: {0}")]
    Thread(std::io::Error),
    /// A thread ended before the run did.
    #[error("a runner thread died; the log has its last words")]
    ThreadDied,
}

/// Runs a plan on threads of its own; `connector` makes what a thread connects with.
///
/// The future runs the conductor, and needs a runtime with time on the calling thread.
pub async fn run<C: Connect, O: Observer>(
    plan: Arc<Plan>,
    connector: impl Fn() -> C + Clone + Send + 'static,
    options: Options,
    interrupts: &Interrupts,
    observer: &mut O,
) -> Result<Outcome, RunError<O::Error>> {
    let clock = Clock::start();
    let shared = Shared { pulse: Some(Pulse::start()), ..Shared::new(&plan.load, options.max_rows) };
    let (to_conductor, from_shards) = unbounded_channel();
    let mut lines = Vec::new();
    let mut threads = Vec::new();
    for number in 0..options.threads {
        let (line, commands) = Line::new(number, to_conductor.clone());
        let (plan, connector, shared) = (Arc::clone(&plan), connector.clone(), shared.clone());
        let spawned = thread::Builder::new().name(format!("users-{number}")).spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default())?;
            runtime.block_on(async {
                let (connector, alarm) = (connector(), Alarm::kernel()?);
                let shard = Rc::new(Shard::new(plan, connector, alarm, clock, shared, options.keep_log));
                Ok(shard.run(commands.receiver, commands.reports).await)
            })
        });
        match spawned {
            Ok(thread) => threads.push(thread),
            Err(error) => {
                // Nothing has begun yet: those that are there end as their lines do.
                drop(lines);
                for thread in threads {
                    let _ = thread.join();
                }
                return Err(RunError::Thread(error));
            }
        }
        lines.push(line);
    }
    drop(to_conductor);
    let losses = shared.losses.clone();
    let end =
        Conductor::new(plan, clock, shared, options, lines, from_shards, observer).conduct(interrupts).await;
    let mut unexpected = Unexpected::new();
    for thread in threads {
        // The conductor has told them to end, or they are dead.
        let counts: std::io::Result<Unexpected> = thread.join().map_err(|_| RunError::ThreadDied)?;
        for (what, count) in counts.map_err(RunError::Thread)? {
            *unexpected.entry(what).or_default() += count;
        }
    }
    let (end, received) = end?;
    Ok(Outcome { end, unexpected, losses: losses.counts(), received })
}

/// Runs a plan on the calling thread alone. For tests: the whole run then follows one clock, which can be
/// paused. Needs a local runtime.
pub async fn run_here<C: Connect, O: Observer>(
    plan: Arc<Plan>,
    connector: C,
    options: Options,
    interrupts: &Interrupts,
    observer: &mut O,
) -> Result<Outcome, RunError<O::Error>> {
    let clock = Clock::start();
    let (to_conductor, from_shards) = unbounded_channel::<(usize, FromShard)>();
    let (line, commands) = Line::new(0, to_conductor);
    let (plan_too, alarm) = (Arc::clone(&plan), Alarm::Tokio);
    let shared = Shared::new(&plan.load, options.max_rows);
    let shard = Rc::new(Shard::new(plan_too, connector, alarm, clock, shared.clone(), options.keep_log));
    let losses = shared.losses.clone();
    let conductor = Conductor::new(plan, clock, shared, options, vec![line], from_shards, observer);
    let (end, unexpected) =
        tokio::join!(conductor.conduct(interrupts), shard.run(commands.receiver, commands.reports));
    let (end, received) = end?;
    Ok(Outcome { end, unexpected, losses: losses.counts(), received })
}
