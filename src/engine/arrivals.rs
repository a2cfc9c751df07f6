//! Counts the users that have reached a point, and wakes the coordinator when all of them have.
//!
//! One point is the first connection. A user that left without a connection counts too, since nobody should wait for
//! it. The count is not the number of users that are connected now: if they open and close their connections all the
//! time, they are never all connected at one moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

/// All threads share it, and each user touches it once.
#[derive(Debug, Clone)]
pub(crate) struct Arrivals(Arc<State>);

#[derive(Debug)]
struct State {
    arrived: AtomicU64,
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

    pub(crate) fn arrive(&self) {
        // Before the look at `awaited`, as `expect` looks after it has set that: one of the two sees the other.
        let arrived = self.0.arrived.fetch_add(1, Ordering::SeqCst) + 1;
        if arrived >= self.0.awaited.load(Ordering::SeqCst) {
            self.0.complete.notify_one();
        }
    }

    /// Sets how many users the coordinator waits for. Returns how many of them are missing.
    pub(crate) fn expect(&self, users: u64) -> u64 {
        self.0.awaited.store(users, Ordering::SeqCst);
        users.saturating_sub(self.count())
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.arrived.load(Ordering::SeqCst)
    }

    /// Waits until the expected number is reached. It may return once too often.
    pub(crate) async fn complete(&self) {
        self.0.complete.notified().await;
    }
}
