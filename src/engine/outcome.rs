//! How a run ended, and the error if it could not go on.

use std::collections::BTreeMap;

use crate::engine::losses::LossCounts;
use crate::stats::Received;

/// Something that fits no request. Ordered by its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unexpected {
    /// What it was.
    pub what: &'static str,
    /// Where it came from.
    pub origin: Origin,
}

/// Where it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The broker sent it, and it was ignored.
    Broker,
    /// The generator noticed it by itself.
    Generator,
}

/// How often each unexpected thing happened.
pub type UnexpectedCounts = BTreeMap<Unexpected, u64>;

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The run time was over.
    RunTime,
    /// The last stage was over.
    Stages,
    /// All task runs or messages of the load were used up.
    Limit,
    /// The rate search was over.
    Search,
    /// A stage or a search waited for the connections of its users, and nobody got one.
    NobodyConnected,
    /// All users had left by themselves, or were stopped.
    UsersGone,
    /// The observer found a threshold missed that ends the run:
    /// [`Control::StopByThreshold`](crate::engine::Control::StopByThreshold).
    Threshold,
    /// Somebody asked to stop: [`Interrupts::stop`](crate::engine::Interrupts::stop).
    Stopped,
    /// Somebody asked to abort: [`Interrupts::abort`](crate::engine::Interrupts::abort).
    Aborted,
}

/// How a run went, besides its statistics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Why it ended.
    pub end: End,
    /// What happened that fits no request.
    pub unexpected: UnexpectedCounts,
    /// How many connections were lost.
    pub losses: LossCounts,
    /// What arrived on subscriptions, since the statistics began anew if they did.
    pub received: Received,
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
