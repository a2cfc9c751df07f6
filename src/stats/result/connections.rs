//! The connections of a run or of a stage.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Connections that users opened and lost or closed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Connections {
    /// How many the broker accepted.
    pub opened: u64,
    /// How many ended, for whatever reason.
    pub ended: u64,
    /// The most that there were at the end of a second.
    pub most: u64,
}
