//! How the load generator itself did.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::stats::result::row::Times;

/// How the load generator itself did.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Generator {
    /// Whether it was the limit in some second.
    pub was_the_limit: bool,
    /// Whole seconds that were judged.
    pub seconds: u64,
    /// In how many of them it was the limit.
    pub limited_seconds: u64,
    /// CPU of the whole program without an embedded broker: 1.0 is one core.
    pub cpu_cores: Option<f64>,
    /// Times in which the whole process did nothing.
    pub standstills: Standstills,
    /// How late pauses ended.
    pub send_lag_ms: Option<Times>,
    /// Most open files.
    pub open_files: Option<Used>,
    /// Most connections to one address, of those that local ports allow.
    pub local_ports: Option<Used>,
    /// All of it in one sentence.
    pub sentence: String,
}

/// Times in which the whole process did nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Standstills {
    /// How often.
    pub count: u64,
    /// For how long in all.
    pub seconds: f64,
}

/// A part of something that there is only so much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Used {
    /// How many were used.
    pub used: u64,
    /// Of how many.
    pub of: u64,
}
