//! Requests that a user waits for itself, not its session: connects, disconnects, messages to come.
//!
//! A session knows what is open on it, and gives it up with its user. What a user waits for beside that is a future,
//! which may be dropped wherever it stands: by a stop, at the end of the time for leaving, or by a second interrupt.
//! So each has a [`Begun`], which counts it as unfinished unless it was recorded.

use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

use crate::client::Connect;
use crate::engine::shard::Shard;

/// A request that has begun and has not come to its end.
pub(crate) struct Begun<C: Connect> {
    shard: Rc<Shard<C>>,
    /// Its mark.
    pub(crate) tag: u32,
    /// When its step was due.
    pub(crate) due: Instant,
    /// When its time is over.
    pub(crate) deadline: Instant,
    is_open: bool,
}

impl<C: Connect> Begun<C> {
    /// One that was due at `due`, with so much time.
    pub(crate) fn new(shard: &Rc<Shard<C>>, tag: u32, due: Instant, timeout: Duration) -> Self {
        Self { shard: Rc::clone(shard), tag, due, deadline: due + timeout, is_open: true }
    }

    /// Whether it was not recorded yet.
    pub(crate) fn is_open(&self) -> bool {
        self.is_open
    }

    /// It has come to its end, and is recorded by whoever says so.
    pub(crate) fn end(&mut self) {
        self.is_open = false;
    }
}

impl<C: Connect> Drop for Begun<C> {
    fn drop(&mut self) {
        if self.is_open {
            self.shard.unfinished(self.tag, self.due, self.deadline);
        }
    }
}
