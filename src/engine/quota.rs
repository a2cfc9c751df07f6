//! How many task runs and messages all users of a run may still begin.
//!
//! All threads share one counter, because the limit is exact. It is touched only if there is a limit. The user that
//! takes the last one wakes the coordinator. A user that finds nothing left leaves by itself, so no user needs to be
//! told in time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

use crate::plan::load::Load;

/// What all users of a run may still begin.
#[derive(Debug, Clone)]
pub(crate) struct Quota {
    iterations: Option<Arc<AtomicU64>>,
    messages: Option<Arc<AtomicU64>>,
    used_up: Arc<Notify>,
}

impl Quota {
    pub(crate) fn new(load: &Load) -> Self {
        let budget = |limit: Option<u64>| limit.map(|limit| Arc::new(AtomicU64::new(limit)));
        let quota = Self {
            iterations: budget(load.iterations),
            messages: budget(load.messages),
            used_up: Arc::new(Notify::new()),
        };
        if quota.is_used_up() {
            // Of a small limit, a shard may get nothing.
            quota.used_up.notify_one();
        }
        quota
    }

    /// Returns whether one more task run may begin. If so, it counts.
    pub(crate) fn take_iteration(&self) -> bool {
        self.take(self.iterations.as_deref())
    }

    /// Returns whether one more message may be sent. If so, it counts.
    pub(crate) fn take_message(&self) -> bool {
        self.take(self.messages.as_deref())
    }

    fn take(&self, budget: Option<&AtomicU64>) -> bool {
        let Some(left) = budget else { return true };
        let taken = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if taken == Ok(1) {
            self.used_up.notify_one();
        }
        taken.is_ok()
    }

    /// Returns whether there is any limit.
    pub(crate) fn is_limited(&self) -> bool {
        self.iterations.is_some() || self.messages.is_some()
    }

    /// Returns whether task runs are limited.
    pub(crate) fn counts_iterations(&self) -> bool {
        self.iterations.is_some()
    }

    /// Returns whether a limit is reached.
    pub(crate) fn is_used_up(&self) -> bool {
        let budgets = [&self.iterations, &self.messages];
        budgets.into_iter().flatten().any(|left| left.load(Ordering::Relaxed) == 0)
    }

    /// Waits until a limit is reached. It returns once for each limit.
    pub(crate) async fn used_up(&self) {
        self.used_up.notified().await;
    }
}

#[cfg(test)]
mod tests;
