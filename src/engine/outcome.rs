//! How a run ends, and why it could not go on.

use std::collections::BTreeMap;

use crate::engine::losses::LossCounts;
use crate::stats::Received;

/// What brokers sent that fits no request, counted.
pub type Unexpected = BTreeMap<&'static str, u64>;

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
