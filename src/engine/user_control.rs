//! Changes the number of users while a run goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tokio::sync::Notify;

/// A handle that changes the number of users of a run. Clones are handles of the same run.
#[derive(Debug, Clone, Default)]
pub struct UserControl(Arc<Asked>);

#[derive(Debug, Default)]
struct Asked {
    /// How many more users are wanted than the run knows of.
    by: AtomicI64,
    news: Notify,
}

impl UserControl {
    /// Asks for so many users more, or fewer if `by` is below 0.
    ///
    /// The run ramps at once from the number that it wants now, down to 0 at most, at the pace of the ramp under way
    /// or, if there is none, at Locust's 100 users per second. The newest users stop first, and the mix of classes
    /// stays. A later stage sets its own number again. Without users, the run goes on. A run that stops does nothing,
    /// and one that searches for the highest rate says in the log that it cannot.
    pub fn add(&self, by: i32) {
        self.0.by.fetch_add(by.into(), Ordering::Relaxed);
        self.0.news.notify_one();
    }

    /// Waits until somebody asks, and returns the sum of all that was asked for. Cancel-safe.
    pub(crate) async fn asked(&self) -> i64 {
        self.0.news.notified().await;
        self.0.by.swap(0, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_asked_for_together_comes_together() {
        let control = UserControl::default();
        let other = control.clone();
        other.add(10);
        control.add(-1);
        assert_eq!(control.asked().await, 9);
        control.add(i32::MIN);
        control.add(i32::MIN);
        assert_eq!(control.asked().await, 2 * i64::from(i32::MIN));
    }
}
