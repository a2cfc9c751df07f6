//! What the screen shows at one moment, as plain data.

use std::time::Duration;

use crate::stats::snapshot::Live;

/// What the screen shows at one moment.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct View {
    /// Time since the start.
    pub(super) elapsed: Duration,
    /// How long the run lasts; `None` until it is stopped.
    pub(super) length: Option<Duration>,
    /// The stage, if there is more than one.
    pub(super) stage: Option<StageView>,
    pub(super) users: Users,
    pub(super) live: Live,
    /// The commonest failures, the most frequent first.
    pub(super) failures: Vec<FailureView>,
    /// How many kinds of failures there are.
    pub(super) failure_kinds: usize,
    /// Messages that arrived on subscriptions, since the start and in the last second.
    pub(super) received: (u64, u64),
    /// What is to be said of the generator, if it is or was the limit.
    pub(super) limit: Option<String>,
    pub(super) keys: KeysView,
}

/// A stage of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StageView {
    pub(super) name: String,
    /// Its number, from 1.
    pub(super) number: usize,
    /// Of how many.
    pub(super) of: usize,
    /// Time since it began.
    pub(super) elapsed: Duration,
    /// How long it lasts, if that is known.
    pub(super) length: Option<Duration>,
}

/// Numbers of users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Users {
    /// How many the stage leads to.
    pub(super) wanted: u32,
    /// How many there are, those included that are stopping.
    pub(super) alive: u64,
    /// How many connections they have.
    pub(super) connected: u64,
    /// How many connections they have opened, since the start and in the last second. A user that connects for a
    /// moment in each task is hardly ever seen connected.
    pub(super) connects: (u64, u64),
}

/// Equal failures of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FailureView {
    /// The row.
    pub(super) row: String,
    /// The reason.
    pub(super) error: String,
    /// How often it happened.
    pub(super) count: u64,
    /// When it last happened, since the start of the run.
    pub(super) last: Duration,
}

/// Which keys can be pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum KeysView {
    /// None are read.
    None,
    /// All of them.
    Read,
    /// The run has been told to stop.
    Stopping,
}
