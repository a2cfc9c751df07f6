//! How many users, how fast, how long.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::{HumanDuration, RateRange};

/// How many users, how fast, how long: Locust's `-u`, `-r`, `-t` and `--stop-timeout`.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Load {
    /// Number of users. Default 1.
    #[schemars(range(min = 1))]
    pub users: Option<u32>,
    /// Users started per second, above 0. Default 1.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub spawn_rate: Option<f64>,
    /// Length of the run, including the ramp. Default: until you stop it.
    pub run_time: Option<HumanDuration>,
    /// How long users may finish their task when the run stops. Default 0: the run stops them at once.
    pub stop_timeout: Option<HumanDuration>,
    /// The run ends when all users together have begun this many task runs. Users finish these task runs. But from
    /// then on no user waits longer than `stop_timeout` (3 s without one) for a connection, a reply or a message, and
    /// longer pauses end at once. Users that only reply stay until the others have finished. Default: never.
    pub iterations: Option<u64>,
    /// The run ends when all users together have sent this many messages, without those of `on_stop`. Users wait for
    /// the acknowledgements. Everything else that they wait for ends after `stop_timeout` (1 s without one), as with
    /// `iterations`. Default: never.
    pub messages: Option<u64>,
    /// Stages of the run, one after the other, in place of `users`, `spawn_rate` and `run_time`.
    pub stages: Vec<Stage>,
    /// Search for the highest rate that the brokers sustain, in place of `run_time`. Needs classes with a `rate`.
    /// Default: none.
    pub search: Option<Search>,
    /// The processes of a run that is divided (`run --shard I/N`) meet at a broker and begin together when all of them
    /// are there. One process has nobody to meet. Default: none.
    pub sync: Option<Sync>,
}

/// Where the shards of a run meet.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Sync {
    /// What their topics begin with, without templates. The run id is added. Shards publish there with QoS 1, and
    /// nothing is retained. Required.
    pub topic: Option<String>,
    /// The broker at which they meet, by name; they sign in as the first user of the shard does, or of the
    /// run if the shard has none there. Default: the only one.
    pub broker: Option<String>,
    /// How long a shard waits for the others before it gives up. Default 5 min.
    pub timeout: Option<HumanDuration>,
}

/// A part of a run: this many users for this long.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Stage {
    /// Name for plans and the log. Default: its number.
    pub name: Option<String>,
    /// Number of users, shared out by the weights and fixed counts of their classes. It may be lower than before.
    /// Either this or `user_classes`.
    pub users: Option<u32>,
    /// Number of users of each named class, whatever its weight or fixed count. Other classes have no users.
    pub user_classes: BTreeMap<String, u32>,
    /// Users started, and users stopped, per second, above 0. The newest users stop first. Default: that of the stage
    /// before, 1 for the first.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub spawn_rate: Option<f64>,
    /// How long the stage lasts, including its ramp. Required.
    pub duration: Option<HumanDuration>,
    /// When its `duration` begins. Default `at_once`.
    pub after: Option<After>,
    /// Share of the users, from 0 to 1, whose connections are dropped when the stage begins: without DISCONNECT, as in
    /// a failing network, so the broker publishes their wills. They reconnect as the `reconnect` of their class says.
    /// Users without a connection at that moment are left out. The first stage cannot have it. Default 0.
    #[schemars(range(min = 0, max = 1))]
    pub drop_connections: Option<f64>,
    /// User classes that `drop_connections` applies to, by name. Default: all of them.
    pub drop_connections_of: Vec<String>,
}

/// When the `duration` of a stage begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum After {
    /// When the stage before ends.
    #[default]
    AtOnce,
    /// When all users have started and have had a connection (or have left). Until then the ramp takes the time that
    /// it needs. If nobody connects for a long time, the stage goes on without the missing users. Before that,
    /// it waits for twice the sum of `connect_timeout` and the longest pause of `reconnect`, and for at least a minute.
    /// If nobody has connected at all, the run ends.
    Connected,
}

/// Tries rates to find the highest one at which a condition still holds.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Search {
    /// Lowest and highest rate of task runs, for all classes together: `"1000/s..100000/s"`. Required.
    pub rate: Option<RateRange>,
    /// The condition: a threshold for all requests such as `"p99 < 20ms"`. It is checked for each step alone. A step
    /// also fails if less than 95 % of its task runs could begin. Required.
    pub until: Option<String>,
    /// How long each rate is tried: whole seconds, at least 2. The first fifth is not measured. Default 10 s.
    pub step: Option<HumanDuration>,
}
