//! The events of a run, and the effects that answer them.

use std::time::Duration;

use tokio::time::Instant;

use crate::engine::coordinator::rate_search::Second;
use crate::engine::messages::Command;
use crate::engine::run_control::UserChange;
use crate::stats::UnixMicros;

#[derive(Debug, Clone)]
pub(crate) enum Event<'a> {
    /// The second interrupt: everything is dropped.
    Abort,
    StopRequested,
    /// Somebody wants the run to stop, or to stop earlier than it would: users may finish their tasks for so long.
    StopWithin(Duration),
    /// A threshold is missed that ends the run.
    ThresholdMissed,
    /// Somebody at the keyboard, a page or a master of Locust wants another number of users.
    UsersAsked(UserChange),
    ResetAsked,
    /// All task runs or messages of the load are used up.
    LimitReached,
    /// As many users have had a connection as [`Effect::AwaitConnected`] asked for, or so it seems.
    UsersConnected,
    /// The same with [`Effect::AwaitDoneSending`].
    UsersDoneSending,
    UserGone(u64),
    /// A thread has dropped this many connections as this stage began.
    Disconnected {
        stage: usize,
        connections: u64,
    },
    SecondMerged(Second<'a>),
    /// The time that [`Lifecycle::due`](super::lifecycle::Lifecycle::due) gives has come.
    Due,
}

/// What the coordinator sees at the moment of an event.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Situation {
    pub(crate) now: Instant,
    /// How many users have had a connection, or are gone without one.
    pub(crate) connected: u64,
    pub(crate) done_sending: u64,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Effect {
    Send(usize, Command),
    SendAll(Command),
    Info(String),
    Warn(String),
    /// Schedules go faster than planned by this factor.
    SetRateFactor(f64),
    AwaitConnected(u64),
    AwaitDoneSending(u64),
    /// Statistics begin anew with the next tick.
    ResetStatistics,
    /// Exceptions are forgotten, together with the next reset of the statistics.
    ForgetExceptions,
    /// Ask all threads for their records up to a tick.
    Take(UnixMicros),
    /// Ask all threads for everything; this is the last tick.
    TakeAll(UnixMicros),
}
