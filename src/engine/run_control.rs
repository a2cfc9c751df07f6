//! Changes a run while it goes on: the number of its users, and where its statistics begin.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

/// A handle that changes a run. Clones are handles of the same run.
#[derive(Debug, Clone, Default)]
pub struct RunControl(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    asked: Mutex<Asked>,
    news: Notify,
}

/// Since the run last looked.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Asked {
    pub(crate) users: Option<UserChange>,
    pub(crate) reset: bool,
    /// How long users may finish their tasks.
    pub(crate) stop: Option<Duration>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum UserChange {
    /// By so many more, or fewer if it is below 0, than the run wants now.
    By(i64),
    /// To `users` and so many more or fewer, with so many started or stopped per second.
    To { users: u32, by: i64, spawn_rate: f64 },
    /// To these numbers of each class of the plan, within a second.
    Classes(Vec<u32>),
}

impl RunControl {
    /// Asks for so many users more, or fewer if `by` is below 0.
    ///
    /// The run ramps at once from the number that it wants now, down to 0 at most, at the pace of the ramp under way
    /// or, if there is none, at Locust's 100 users per second. The newest users stop first, and the mix of classes
    /// stays. A later stage sets its own number again. Without users, the run goes on. A run that stops does nothing,
    /// and one that searches for the highest rate says in the log that it cannot.
    pub fn add(&self, by: i32) {
        let by = i64::from(by);
        self.ask(|asked| {
            asked.users = Some(match asked.users.take() {
                None => UserChange::By(by),
                Some(UserChange::By(before)) => UserChange::By(before + by),
                Some(UserChange::To { users, by: before, spawn_rate }) => {
                    UserChange::To { users, by: before + by, spawn_rate }
                }
                // Whoever says the numbers of all classes says them all.
                Some(classes @ UserChange::Classes(_)) => classes,
            });
        });
    }

    /// Asks for this number of users, with so many started or stopped per second: above 0 and finite. All else is as in
    /// [`add`](Self::add).
    pub fn ramp_to(&self, users: u32, spawn_rate: f64) {
        self.ask(|asked| asked.users = Some(UserChange::To { users, by: 0, spawn_rate }));
    }

    /// Asks for these numbers of users, one for each class of the plan. The difference starts and stops evenly within a
    /// second. All else is as in [`add`](Self::add).
    pub fn go_to(&self, users_by_class: Vec<u32>) {
        self.ask(|asked| asked.users = Some(UserChange::Classes(users_by_class)));
    }

    /// Asks the run to stop: users may finish their tasks for so long, whatever the stop timeout of the plan is. A run that
    /// stops already does not take longer than that from now on.
    pub fn stop_within(&self, patience: Duration) {
        self.ask(|asked| asked.stop = Some(asked.stop.map_or(patience, |before| before.min(patience))));
    }

    /// Asks for statistics that begin anew with the next whole second of the run. The users go on.
    pub fn reset_statistics(&self) {
        self.ask(|asked| asked.reset = true);
    }

    fn ask(&self, change: impl FnOnce(&mut Asked)) {
        // Nothing that holds the lock can panic, and half a change is none.
        change(&mut self.0.asked.lock().unwrap_or_else(PoisonError::into_inner));
        self.0.news.notify_one();
    }

    /// Waits until somebody asks, and returns all that was asked for. Cancel-safe.
    pub(crate) async fn asked(&self) -> Asked {
        self.0.news.notified().await;
        std::mem::take(&mut self.0.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl UserChange {
    /// How many users are wanted after it, of so many before.
    pub(crate) fn of(&self, wanted: u32) -> u32 {
        let (from, by) = match self {
            Self::By(by) => (wanted, *by),
            Self::To { users, by, .. } => (*users, *by),
            Self::Classes(counts) => (counts.iter().copied().fold(0, u32::saturating_add), 0),
        };
        u32::try_from(i64::from(from).saturating_add(by).max(0)).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests;
