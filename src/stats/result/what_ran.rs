//! What ran, where and when: the head of a result.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What ran, where and when.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct WhatRan {
    /// Name and version of the program.
    pub program: String,
    /// The name of the scenario.
    pub scenario: String,
    /// The path of the scenario file as it was given; empty if the source does not tell.
    pub file: String,
    /// The git revision of the folder of the scenario file, with `-dirty` if the file has changed since; `null` outside
    /// of a git repository.
    pub git_revision: Option<String>,
    /// The text of the scenario file, secrets masked.
    pub scenario_text: Option<String>,
    /// The plan that was made of it, as `mqtt-scenario plan` prints it, secrets masked.
    pub plan_text: Option<String>,
    /// The host that ran it.
    pub host: Host,
    /// When it started, in seconds of unix time.
    pub started: f64,
    /// When it ended, in seconds of unix time.
    pub ended: f64,
    /// The seed of its random draws; `null` if the plan has none.
    pub seed: Option<u64>,
    /// What `${run.id}` stood for; `null` if the source does not tell.
    pub run_id: Option<String>,
    /// The shards of a run that was divided, as far as they are in this result; `null` for one that was not.
    pub shards: Option<Shards>,
    /// How far the clock of the machine was from that of shard 0, as measured over the broker; `null` in shard 0 and if it
    /// was not measured (`load.sync`).
    pub clock: Option<Clock>,
    /// What the command line or the live page said in place of the scenario, as arguments of `run`, secrets masked.
    pub changes: Vec<String>,
    /// The most users that were wanted at a time: by the plan, or by whoever asked for more while it ran.
    pub users: u32,
    /// How long the plan lasts, in seconds; `null` if it has no end of its own.
    pub planned_s: Option<f64>,
    /// The brokers that it talked to.
    pub brokers: Vec<BrokerRan>,
    /// How it ended: `finished`, `interrupted`, `aborted`, `threshold` or `error`; `running` in a result up to now;
    /// `unfinished` if the folder of the run has CSV files and no result; empty if the source does not tell.
    pub end: String,
    /// The results that this one was merged from; empty for a single run.
    pub merged_from: Vec<String>,
    /// Digests of these results, ordered: by them a run is known that is to be counted twice.
    pub merged_ids: Vec<String>,
}

/// How far the clock of shard 0 is from that of another shard, and from its own if that was set while it waited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Clock {
    /// By how many milliseconds the clock of shard 0 is ahead; below 0 if it is behind.
    pub shard_0_is_ahead_ms: f64,
    /// The true value differs from that by so many milliseconds at most.
    pub within_ms: f64,
}

/// Clocks that are closer are as good as one: what a local network and NTP leave.
pub const CLOCKS_AS_GOOD_AS_ONE_MS: f64 = 5.0;

/// The most shards of a run: as many as machines that one person can start.
pub const MAX_SHARDS: u32 = 10_000;

/// Shards of a run: each is what one process did of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Shards {
    /// How many shards the run has.
    pub of: u32,
    /// Which of them are in this result, counted from 0, in their order. One that ended before its first user started is in none.
    pub indices: Vec<u32>,
    /// The most users that the whole run wants at a time; 0 if the source does not tell.
    pub users: u32,
    /// In a merged result: what `clock` was in its shards, ordered. All moments in it are by the clock of shard 0.
    pub clocks: Vec<Clock>,
}

impl Shards {
    /// Which of them are not in this result.
    pub fn missing(&self) -> Vec<u32> {
        (0..self.of).filter(|index| !self.indices.contains(index)).collect()
    }

    /// How far the clocks of two of them were apart at most, as far as that was measured.
    pub fn clocks_apart_ms(&self) -> f64 {
        // Shard 0 is 0 from itself, and tells it only if its clock was set while it waited.
        let all_tell = self.indices.contains(&0) && self.clocks.len() >= self.indices.len();
        let of_shard_0 = (!all_tell).then_some(0.0);
        let ahead = || self.clocks.iter().map(|clock| clock.shard_0_is_ahead_ms).chain(of_shard_0);
        (ahead().fold(f64::MIN, f64::max) - ahead().fold(f64::MAX, f64::min)).max(0.0)
    }

    /// These of them in words: `shard 2`, `shards 0, 3`.
    pub fn named(indices: &[u32]) -> String {
        let shown: Vec<String> = indices.iter().take(10).map(u32::to_string).collect();
        let more = if indices.len() > shown.len() { ", …" } else { "" };
        format!("shard{} {}{more}", if indices.len() == 1 { "" } else { "s" }, shown.join(", "))
    }
}

impl WhatRan {
    /// Which shard this is, such as `0/4`; `None` for a whole run and for several shards.
    pub fn shard(&self) -> Option<String> {
        let Shards { of, indices, .. } = self.shards.as_ref()?;
        indices.first().filter(|_| indices.len() == 1 && *of > 1).map(|index| format!("{index}/{of}"))
    }

    /// How far the clocks of its shards were apart at most; 0 if they were not measured, or are as good as one.
    pub fn clocks_apart_ms(&self) -> f64 {
        let own = self.clock.map_or(0.0, |clock| clock.shard_0_is_ahead_ms.abs());
        let apart = self.shards.as_ref().map_or(own, |shards| shards.clocks_apart_ms().max(own));
        if apart > CLOCKS_AS_GOOD_AS_ONE_MS { apart } else { 0.0 }
    }

    /// Whether this is a part of a run that was divided, so that it says nothing of the whole.
    pub fn is_part(&self) -> bool {
        self.shards.as_ref().is_some_and(|shards| !shards.missing().is_empty())
    }
}

/// The host that ran a scenario.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Host {
    /// Its name.
    pub name: String,
    /// Operating system and architecture, such as `linux x86_64`.
    pub system: String,
    /// Number of cores that the program may use.
    pub cores: u32,
}

/// A broker of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct BrokerRan {
    /// The name in the scenario.
    pub name: String,
    /// The addresses, without user names and passwords; `embedded` for the broker of the program.
    pub addresses: Vec<String>,
    /// The version of MQTT: `3.1.1` or `5`.
    pub mqtt_version: String,
}

#[cfg(test)]
mod tests;
