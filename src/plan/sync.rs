//! Where the shards of a run meet before it begins.

use std::time::Duration;

use crate::plan::ids::BrokerId;

/// The meeting of the shards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sync {
    /// The broker at which they meet.
    pub broker: BrokerId,
    /// What their topics begin with; the run id and more follow.
    pub topic: String,
    /// How long a shard waits for the others.
    pub timeout: Duration,
}
