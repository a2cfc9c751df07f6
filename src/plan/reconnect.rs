//! When a user connects again after its connection was lost or could not be opened.
//!
//! The class holds these settings. Each user counts its own pauses, and `engine/user/backoff.rs` computes the next one.

use std::time::Duration;

/// Whether and when users come back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reconnect {
    /// Not at all: a user leaves with its connection, or when it gets none.
    Never,
    /// After pauses that double.
    After(Pauses),
}

impl Default for Reconnect {
    fn default() -> Self {
        Self::After(Pauses::default())
    }
}

/// Pauses before connects, each twice as long as the one before.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pauses {
    /// The first one, at most; above 0.
    pub initial: Duration,
    /// The longest one; not below `initial`.
    pub max: Duration,
    /// Share of a pause that is drawn, from 0 to 1: a pause of ten seconds and a jitter of 0.5 is between five and
    /// ten seconds.
    pub jitter: f64,
    /// A user leaves after so many failed connects in a row, at least 1.
    pub attempts: Option<u32>,
}

impl Default for Pauses {
    /// From half a second to half a minute, drawn from the upper half, for ever.
    fn default() -> Self {
        Self {
            initial: Duration::from_millis(500),
            max: Duration::from_secs(30),
            jitter: 0.5,
            attempts: None,
        }
    }
}
