//! A user's connection, and what it remembers of connections that it lost.

use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::client::SessionState;
use crate::engine::losses::Closings;
use crate::engine::user::backoff::Backoff;
use crate::template::random::Random;

/// A user's connection to its broker, or the state that the last one left behind.
pub(super) struct Link<S> {
    pub(super) session: Option<S>,
    /// When the connection was opened last, in nanoseconds since the start of the run.
    pub(super) connected_ns: u64,
    /// Whether the connection was lost, so that the user shall open another one.
    pub(super) is_lost: bool,
    /// What the last connection has left of a session that lasts.
    pub(super) kept: SessionState,
    /// What is still to be done for connections that have ended: see
    /// [`Session::farewell`](crate::client::Session::farewell).
    pub(super) farewells: Option<Box<JoinSet<()>>>,
    /// Boxed, since most users never lose a connection.
    pub(super) recovery: Option<Box<Recovery>>,
}

/// What a user remembers of its losses and failed connects.
pub(super) struct Recovery {
    pub(super) backoff: Backoff,
    pub(super) closings: Closings,
    pub(super) connect_after: Option<Instant>,
    /// Draws of pauses that depend on what the broker does. They have a stream of their own, so that the messages of a
    /// seed stay the same.
    pub(super) random: Random,
}

impl<S> Link<S> {
    pub(super) fn new() -> Self {
        Self {
            session: None,
            connected_ns: 0,
            is_lost: false,
            kept: SessionState::default(),
            farewells: None,
            recovery: None,
        }
    }

    pub(super) fn gave_up(&self) -> bool {
        self.recovery.as_ref().is_some_and(|recovery| recovery.backoff.gave_up())
    }

    /// Notes that all is well again: the next pause before a connect is the first one.
    pub(super) fn reset_backoff(&mut self) {
        if let Some(recovery) = &mut self.recovery {
            recovery.backoff.reset();
        }
    }
}
