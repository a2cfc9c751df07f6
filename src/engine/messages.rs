//! The messages between the coordinator and the threads, and their channels.
//!
//! ```text
//! coordinator   ThreadHandle ── Command ──▶ commands   thread
//!               from_threads ◀── Report ── Reports
//! ```

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::client::PacketBytes;
use crate::engine::resources::ResourceUsage;
use crate::engine::user::stop_signal::StopPhase;
use crate::plan::roster::NewUser;
use crate::stats::UnixMicros;
use crate::stats::batch::Batch;
use crate::stats::delivery::group::SharedMessage;
use crate::stats::delivery::published::Published;
use crate::stats::delivery::receiver::Receiver;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StopAction {
    Tell(StopPhase),
    Drop,
}

/// A user that is gone by the time a command names it is skipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Command {
    Start(Vec<NewUser>),
    Stop(StopPhase),
    StopUsers(StopAction, Vec<u64>),
    /// No message can be under way any more: users that receive to the end may leave.
    EndDrain,
    /// The stage with this index begins: drop the connections of these users. A user without one is skipped.
    Disconnect(usize, Vec<u64>),
    DropAll,
    Take(UnixMicros),
    /// Hand over everything, with both ends of all measurements. It is the last command.
    TakeAll(UnixMicros),
}

#[derive(Debug)]
pub(crate) enum Report {
    Taken(Box<Taken>),
    Gone(u64),
    /// The answer to [`Command::Disconnect`]: the index of the stage, and how many connections were dropped.
    Disconnected(usize, u64),
}

/// What a thread hands over once a second.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) batch: Batch,
    pub(crate) usage: ResourceUsage,
    /// What its sessions have sent and received since the run began; `None` if that is not counted.
    pub(crate) packet_bytes: Option<PacketBytes>,
    /// As far as a rate search counts them.
    pub(crate) begun: u64,
    pub(crate) shared: Vec<SharedMessage>,
    /// Both ends of all measurements; empty before the end of the run.
    pub(crate) ends: BothEnds,
}

/// What users published and received that is measured, for the end of the run.
#[derive(Debug, Default)]
pub(crate) struct BothEnds {
    pub(crate) published: Vec<Published>,
    pub(crate) receivers: Vec<Receiver>,
}

#[derive(Debug)]
pub(crate) enum FromThread {
    Report(Report),
    Ended,
}

#[derive(Debug, Clone)]
pub(crate) struct Reports {
    thread: usize,
    sender: UnboundedSender<(usize, FromThread)>,
}

impl Reports {
    /// Tells the coordinator. One that no longer listens has an error of its own to report.
    pub(crate) fn send(&self, report: Report) {
        let _ = self.sender.send((self.thread, FromThread::Report(report)));
    }
}

impl Drop for Reports {
    /// However a thread ends, even by a panic, the coordinator must not wait for it.
    fn drop(&mut self) {
        let _ = self.sender.send((self.thread, FromThread::Ended));
    }
}

pub(crate) struct ThreadChannels {
    pub(crate) commands: UnboundedReceiver<Command>,
    pub(crate) reports: Reports,
}

#[derive(Debug)]
pub(crate) struct ThreadHandle {
    commands: UnboundedSender<Command>,
}

impl ThreadHandle {
    pub(crate) fn new(thread: usize, sender: UnboundedSender<(usize, FromThread)>) -> (Self, ThreadChannels) {
        let (to_thread, commands) = unbounded_channel();
        (Self { commands: to_thread }, ThreadChannels { commands, reports: Reports { thread, sender } })
    }

    /// Tells the thread. One that is gone has sent [`FromThread::Ended`], which ends the run.
    pub(crate) fn send(&self, command: Command) {
        let _ = self.commands.send(command);
    }
}
