//! The lines between the conductor and the shards: commands one way, reports the other.

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::engine::shard::{Command, Report};

/// What comes from a shard's thread.
#[derive(Debug)]
pub(crate) enum FromShard {
    /// It says something.
    Report(Report),
    /// It will say no more.
    Ended,
}

/// The shard's end of the line to the conductor.
#[derive(Debug, Clone)]
pub(crate) struct Reports {
    shard: usize,
    sender: UnboundedSender<(usize, FromShard)>,
}

impl Reports {
    /// Tells the conductor, unless it no longer listens; then it has an error of its own to report.
    pub(crate) fn send(&self, report: Report) {
        let _ = self.sender.send((self.shard, FromShard::Report(report)));
    }
}

impl Drop for Reports {
    /// However a thread ends, also by a panic, the conductor must not wait for it.
    fn drop(&mut self) {
        let _ = self.sender.send((self.shard, FromShard::Ended));
    }
}

/// What a shard works on.
pub(crate) struct Commands {
    pub(crate) receiver: UnboundedReceiver<Command>,
    pub(crate) reports: Reports,
}

/// The conductor's end of the line to a shard.
#[derive(Debug)]
pub(crate) struct Line {
    commands: UnboundedSender<Command>,
    /// How many takes it has answered.
    pub(crate) answered: u64,
}

impl Line {
    pub(crate) fn new(shard: usize, sender: UnboundedSender<(usize, FromShard)>) -> (Self, Commands) {
        let (commands, receiver) = unbounded_channel();
        (Self { commands, answered: 0 }, Commands { receiver, reports: Reports { shard, sender } })
    }

    /// Tells the shard; one that is gone has said so, and its line is looked at no more.
    pub(crate) fn send(&self, command: Command) {
        let _ = self.commands.send(command);
    }
}
