//! How many users have had a connection, for what begins when all of them are connected.
//!
//! A user counts once: with its first connection, or when it is gone without one, since nobody should wait for
//! it then. Users that open and close their connection all the time would never all be connected at one moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

/// The users of a run that have arrived; shared by all threads, and touched once in a user's life.
#[derive(Debug, Clone)]
pub(crate) struct Arrivals(Arc<State>);

#[derive(Debug)]
struct State {
    arrived: AtomicU64,
    /// How many somebody waits for.
    awaited: AtomicU64,
    complete: Notify,
}

impl Arrivals {
    pub(crate) fn new() -> Self {
        Self(Arc::new(State {
            arrived: AtomicU64::new(0),
            awaited: AtomicU64::new(u64::MAX),
            complete: Notify::new(),
        }))
    }

    /// A user has arrived.
    pub(crate) fn arrive(&self) {
        // Before the look at `awaited`, as `expect` looks after it has set that: one of the two sees the other.
        let arrived = self.0.arrived.fetch_add(1, Ordering::SeqCst) + 1;
        if arrived >= self.0.awaited.load(Ordering::SeqCst) {
            self.0.complete.notify_one();
        }
    }

    /// Begins to wait for so many users; returns how many of them are missing.
    pub(crate) fn expect(&self, users: u64) -> u64 {
        self.0.awaited.store(users, Ordering::SeqCst);
        users.saturating_sub(self.count())
    }

    /// How many users have arrived.
    pub(crate) fn count(&self) -> u64 {
        self.0.arrived.load(Ordering::SeqCst)
    }

    /// Waits for a user that makes the expected number complete. May come back once too often.
    pub(crate) async fn complete(&self) {
        self.0.complete.notified().await;
    }
}
