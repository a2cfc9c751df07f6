//! Runs a plan: users spread over one thread per core, their statistics merged once a second.
//!
//! ```text
//! coordinator (calling thread)          thread of users (one per core, current-thread runtime)
//!   ramp, run time, signals  ──────▶   starts, stops and joins users (one task each)
//!   once a second: take      ──────▶   recorder (no lock, no channel per request)
//!   merge, tell observer     ◀──────   batch
//! ```
//! Threads share only the plan. A user never leaves its thread, so its session, its recorder and its buffers need no
//! lock. Everything that people should see goes through an [`Observer`], in order, on the calling thread.

mod arrivals;
pub mod clock;
mod context;
mod coordinator;
mod delivery;
pub mod limits;
pub mod losses;
mod messages;
pub mod observer;
pub mod options;
pub mod outcome;
mod pulse;
mod quota;
mod resources;
mod run_control;
mod servers;
mod shared;
mod span;
mod tag;
#[cfg(test)]
mod testing;
mod user;
mod user_thread;

use std::sync::Arc;
use std::thread;

use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::mpsc::unbounded_channel;

use crate::client::Connect;
use crate::engine::clock::Clock;
use crate::engine::context::Context;
use crate::engine::coordinator::Coordinator;
use crate::engine::messages::{FromThread, ThreadHandle};
pub use crate::engine::observer::{ClassUsers, Control, Observer, StageNow, Tick};
pub use crate::engine::options::{Interrupts, MAX_ROWS, Options};
pub use crate::engine::outcome::{End, Origin, Outcome, RunError, Unexpected, UnexpectedCounts};
use crate::engine::pulse::Pulse;
pub use crate::engine::run_control::RunControl;
use crate::engine::shared::Shared;
use crate::engine::user_thread::UserThread;
use crate::engine::user_thread::pause_timer::PauseTimer;
use crate::plan::Plan;

/// Runs a plan on threads of its own; `connector` makes what a thread connects with.
///
/// The future runs the coordinator, and needs a runtime with time on the calling thread.
pub async fn run<C: Connect, O: Observer>(
    plan: Arc<Plan>,
    connector: impl Fn() -> C + Clone + Send + 'static,
    options: Options,
    interrupts: &Interrupts,
    observer: &mut O,
) -> Result<Outcome, RunError<O::Error>> {
    let clock = Clock::start();
    let shared = Shared { pulse: Some(Pulse::start()), ..Shared::new(&plan.load, options.max_rows) };
    let (to_coordinator, from_threads) = unbounded_channel();
    let mut threads = Vec::new();
    let mut join_handles = Vec::new();
    for number in 0..options.threads {
        let (handle, channels) = ThreadHandle::new(number, to_coordinator.clone());
        let (plan, connector, shared) = (Arc::clone(&plan), connector.clone(), shared.clone());
        let spawned = thread::Builder::new().name(format!("users-{number}")).spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default())?;
            runtime.block_on(async {
                let (connector, timer) = (connector(), PauseTimer::kernel()?);
                let context = Context::new(plan, connector, timer, clock, shared, options.keep_log);
                Ok(UserThread::new(context, channels.reports).run(channels.commands).await)
            })
        });
        match spawned {
            Ok(thread) => join_handles.push(thread),
            Err(error) => {
                // Nothing has begun yet: those that are there end as their channels do.
                drop(threads);
                for thread in join_handles {
                    let _ = thread.join();
                }
                return Err(RunError::Thread(error));
            }
        }
        threads.push(handle);
    }
    drop(to_coordinator);
    let losses = shared.losses.clone();
    let end =
        Coordinator::new(plan, clock, shared, options, threads, from_threads, observer).run(interrupts).await;
    let mut unexpected = UnexpectedCounts::new();
    for thread in join_handles {
        // The coordinator has told them to end, or they are dead.
        let counts: std::io::Result<UnexpectedCounts> = thread.join().map_err(|_| RunError::ThreadDied)?;
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
    let (to_coordinator, from_threads) = unbounded_channel::<(usize, FromThread)>();
    let (handle, channels) = ThreadHandle::new(0, to_coordinator);
    let (plan_too, timer) = (Arc::clone(&plan), PauseTimer::Tokio);
    let shared = Shared::new(&plan.load, options.max_rows);
    let context = Context::new(plan_too, connector, timer, clock, shared.clone(), options.keep_log);
    let thread = UserThread::new(context, channels.reports);
    let losses = shared.losses.clone();
    let coordinator = Coordinator::new(plan, clock, shared, options, vec![handle], from_threads, observer);
    let (end, unexpected) = tokio::join!(coordinator.run(interrupts), thread.run(channels.commands));
    let (end, received) = end?;
    Ok(Outcome { end, unexpected, losses: losses.counts(), received })
}
