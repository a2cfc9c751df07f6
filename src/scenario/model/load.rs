//! How many users, how fast, how long.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::units::{HumanDuration, RateRange};

/// How many users, how fast, how long: Locust's `-u`, `-r`, `-t` and `--stop-timeout`.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Load {
    /// Users in all. Default 1.
    #[schemars(range(min = 1))]
    pub users: Option<u32>,
    /// Users started per second, above 0. Default 1.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub spawn_rate: Option<f64>,
    /// Length of the run, the ramp included. Default: until it is stopped.
    pub run_time: Option<HumanDuration>,
    /// How long users may finish their task when the run stops. Default 0: they are stopped where they are.
    pub stop_timeout: Option<HumanDuration>,
    /// The run ends when all users together have begun so many task runs; those are finished, but that no user waits
    /// beyond `stop_timeout` (3 s without one) for a connection, a reply or a message, or makes a pause that
    /// would end later. Who only answers is there until the others are done. Default: never.
    pub iterations: Option<u64>,
    /// The run ends when all users together have sent so many messages, those of `on_stop` not counted; their
    /// acknowledgements are waited for. What else users wait for has time up to `stop_timeout` (1 s without one), likewise.
    /// Default: never.
    pub messages: Option<u64>,
    /// Pieces of the run, one after the other, instead of `users`, `spawn_rate` and `run_time`.
    pub stages: Vec<Stage>,
    /// Search for the highest rate that the brokers sustain, instead of `run_time`. Needs classes with a `rate`. Default:
    /// none.
    pub search: Option<Search>,
}

/// A piece of a run: so many users for so long.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Stage {
    /// Name for plans and the log. Default: its number.
    pub name: Option<String>,
    /// Users in all, by the weights and fixed counts of their classes; may be fewer than before. Either this or
    /// `user_classes`.
    pub users: Option<u32>,
    /// Users of each class that is named, whatever its weight or fixed count; none of the others.
    pub user_classes: BTreeMap<String, u32>,
    /// Users started, and users stopped, per second, above 0; the newest stop first. Default: that of the stage
    /// before, 1 for the first.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub spawn_rate: Option<f64>,
    /// How long it lasts, the ramp included. Required.
    pub duration: Option<HumanDuration>,
    /// What starts its clock. Default `at_once`.
    pub after: Option<After>,
    /// Share of the users, from 0 to 1, whose connections are dropped as it begins: without DISCONNECT, as by a
    /// failing network, so that the broker publishes their wills. They come back as the `reconnect` of their class
    /// says. Users without a connection at that moment are passed over. Not for the first stage. Default 0.
    #[schemars(range(min = 0, max = 1))]
    pub drop_connections: Option<f64>,
    /// Names of the user classes that `drop_connections` means. Default: all of them.
    pub drop_connections_of: Vec<String>,
}

/// What starts the clock of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum After {
    /// The end of the stage before.
    AtOnce,
    /// The moment at which all users have started and have had a connection (or have left): `duration` counts
    /// from there, and until then the ramp takes the time it takes. If nobody comes any more for as long as two connects
    /// and the longest pauses of `reconnect` before them take, and for a minute at least, it goes on without those that
    /// are missing; if nobody has come at all, the run ends.
    Connected,
}

/// Steps through rates to find the highest at which something still holds.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Search {
    /// Lowest and highest rate of task runs of all classes together: `"1000/s..100000/s"`. Required.
    pub rate: Option<RateRange>,
    /// What must hold: a threshold of all requests such as `"p99 < 20ms"`, judged on each step by itself. A step
    /// fails as well if less than 95 % of its task runs could begin. Required.
    pub until: Option<String>,
    /// How long each rate is tried, in whole seconds from 2 up; the first fifth is left out. Default 10 s.
    pub step: Option<HumanDuration>,
}
