//! What can happen to a worker, and what it does about it, as plain data.

use std::time::Duration;

use tokio::time::Instant;

use crate::locust::message::{ClassChange, FromMaster, Spawn, ToMaster, WorkerState};
use crate::locust::report::ClassCounts;

/// A moment on both clocks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moment {
    /// On the clock that never goes back.
    pub instant: Instant,
    /// In unix seconds, as the machine has it.
    pub unix_s: f64,
}

/// What happens to a worker.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A time that was asked for has come.
    Due,
    /// The connection is open, after its handshake.
    Connected,
    /// It could not be opened.
    NotConnected {
        /// Why.
        reason: String,
        /// Whether something answers there that is no master of Locust.
        is_no_master: bool,
    },
    /// It has ended.
    Lost {
        /// Why.
        reason: String,
        /// Whether the other side has sent what no master of Locust sends.
        is_no_master: bool,
    },
    /// A message came.
    Received(FromMaster),
    /// A message came that cannot be read.
    Unreadable(String),
    /// The users have been told their new numbers.
    Applied(Applied),
    /// No user is left: after [`Action::StopUsers`], or because the test has ended by itself.
    UsersGone,
    /// The worker is to leave: SIGTERM or Ctrl-C. The second time it leaves at once.
    LeaveAsked,
}

/// What became of a spawn.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Applied {
    /// The numbers of users that there will be.
    pub counts: ClassCounts,
    /// What could not be done, a sentence each: a class that the scenario does not have, a scenario that is wrong.
    pub problems: Vec<String>,
    /// Whether the test has failed at its start, so that this worker has no users in it.
    pub has_failed: bool,
}

/// What a worker does.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Take another node id, before the next [`Dial`](Self::Dial).
    NewIdentity,
    /// Open a connection. There is none.
    Dial,
    /// Close the connection, or give up opening it, after what was sent has been written.
    HangUp,
    /// Send a message.
    Send(ToMaster),
    /// Send a message, and once more if a connection that breaks may have taken it along.
    SendSurely(ToMaster),
    /// Send a heartbeat with this state.
    Heartbeat(WorkerState),
    /// Send what is new in the statistics: first the exceptions, then the report.
    Report {
        /// What the clock of the master is ahead of ours, in seconds.
        shift_s: i64,
    },
    /// Send the reports again that the master may not have read, and let it send again what may not have come here.
    ReportAgain,
    /// Send the log, if it has new lines.
    SendLogs,
    /// Tell the users which worker of the master they are on, from 0.
    TakeIndex(u64),
    /// Tell the users their new numbers; [`Event::Applied`] follows.
    Apply(Box<Spawn>),
    /// Let all users stop; [`Event::UsersGone`] follows.
    StopUsers {
        /// How long they may finish their tasks.
        patience: Duration,
    },
    /// Forget what was recorded.
    ClearStatistics,
    /// Change a class.
    ChangeClass(ClassChange),
    /// A line for the log.
    Say(String),
    /// Say in the log what the worker cannot do.
    Complain(String),
    /// It is over.
    End(Result<(), WorkerError>),
}

/// Why a worker ended that was not told to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WorkerError {
    /// No master has taken it in.
    #[error("no master of Locust took this worker in within {within_s} s: {reason}")]
    NoMaster {
        /// How long it tried, in seconds.
        within_s: u64,
        /// What the last attempt said.
        reason: String,
    },
    /// Something else answers at the address.
    #[error("this is no master of Locust: {0}")]
    NotAMaster(String),
    /// A master that took it in has broken the connection with what no worker can read.
    #[error("the master cannot be understood any more: {0}")]
    Unreadable(String),
    /// The master was gone for too long.
    #[error("the master has been gone for {after_s} s: {reason}")]
    MasterGone {
        /// How long, in seconds.
        after_s: u64,
        /// What the last attempt said.
        reason: String,
    },
}
