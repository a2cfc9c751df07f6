//! The pause between two tasks: Locust's wait times as pure functions of progress.

/// How long a user pauses between tasks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WaitTime;
