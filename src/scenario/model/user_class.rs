//! Kinds of users: who they are, when they act, and their tasks.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::scenario::model::protocol::Will;
use crate::scenario::model::step::{Step, steps};
use crate::units::{HumanDuration, Rate};

/// A kind of simulated client. Each user of it has one MQTT connection.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct UserClass {
    /// Another user class, whose keys hold for this one where it does not have them itself; tables are merged,
    /// lists and choices such as a wait time replaced. A key that excludes another one, as `rate` does `wait_time`,
    /// takes its place. `abstract` is not taken over. Default: none.
    pub extends: Option<String>,
    /// Whether the class is only there to be extended, and has no users. Default false.
    #[serde(rename = "abstract")]
    pub is_abstract: Option<bool>,
    /// Name of the broker. Default: the only one of the file.
    pub broker: Option<String>,
    /// Share of the users beside other classes, a number; 0 for none. Default 1.
    #[schemars(range(min = 0))]
    pub weight: Option<f64>,
    /// Exactly so many users, given out before the weighted ones; excludes `weight`. Default: a share by `weight`.
    #[schemars(range(min = 1))]
    pub fixed_count: Option<u32>,
    /// Client id, a template of values that do not change while a user lives. If it is empty the broker makes one;
    /// `${client_id}` stays empty then, since it is the same from before the first connection to after the last.
    /// Default `${user.class}-${user.number}-${run.id}`, whose last part each `run` draws anew, so that two processes
    /// with one scenario do not drive each other's users out. If the broker keeps sessions (`clean_session = false`, or a
    /// `session_expiry`) it is `${user.class}-${user.number}`, since the next run is to find them again: there, give each
    /// process ids of its own.
    pub client_id: Option<String>,
    /// User name, a template of values that do not change while a user lives. Default: none.
    pub username: Option<String>,
    /// Password, likewise; never shown. Needs `username`, unless the broker's `protocol` is 5. Default: none.
    pub password: Option<Secret>,
    /// What the broker publishes when it loses a user. Default: nothing.
    pub will: Option<Will>,
    /// Feeds whose columns its templates use: `${row.COLUMN}`. No two may have a column of the same name.
    pub feeds: Vec<String>,
    /// Pause between tasks. Default: none. Excludes `rate`.
    pub wait_time: Option<WaitTime>,
    /// Task runs by the clock, whether the broker is slow or not; response times then count from the moment at
    /// which the task run was due. Excludes `wait_time`. Default: none.
    pub rate: Option<Schedule>,
    /// Each user stops after so many task runs. Default: never.
    pub iterations: Option<u64>,
    /// Each user stops after it has sent so many messages; those of `on_stop` come on top. Default: never.
    pub messages: Option<u64>,
    /// When a user connects again after its connection was lost or could not be opened: in its pause or with its next
    /// step that needs a connection, whichever comes first, and then after the pauses that this says. `disconnect` is
    /// no loss: it holds until such a step. Default: after pauses that double from 0.5 s to 30 s, for ever.
    pub reconnect: Option<Reconnect>,
    /// What a failed step of a task ends, unless the task says so itself; one of `on_start` or `on_stop` ends that
    /// list. Default `abort_task`.
    pub on_error: Option<OnError>,
    /// Steps of each user before its first task.
    #[serde(deserialize_with = "steps")]
    pub on_start: Vec<Step>,
    /// What each user does, over and over, one picked by weight at a time. At least one, unless there is a
    /// `sequence`.
    pub tasks: Vec<Task>,
    /// What each user does instead, over and over, one after the other in this order. They have no `weight`.
    pub sequence: Vec<Task>,
    /// Steps of each user when it stops.
    #[serde(deserialize_with = "steps")]
    pub on_stop: Vec<Step>,
}

/// When a user connects again: a word or a table.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reconnect {
    /// Not at all. A user whose connection is lost or cannot be opened leaves, and no other comes in its place; of
    /// `on_stop` it does what needs no connection, up to the first step that does. What `disconnect` has closed,
    /// `connect` and other steps still open again.
    Never,
    /// After pauses.
    #[serde(rename = "$table")]
    Table(ReconnectTable),
}

/// Pauses before connects: each is twice as long as the one before, until a connection has lived for 5 s.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ReconnectTable {
    /// The first pause, at most. Default 500 ms.
    pub initial: Option<HumanDuration>,
    /// The longest pause. Default 30 s.
    pub max: Option<HumanDuration>,
    /// Share of each pause that is drawn, from 0 to 1, so that users who lost the same broker do not all come back in
    /// one moment: with 0.5, a pause of 10 s is between 5 s and 10 s. Default 0.5.
    #[schemars(range(min = 0, max = 1))]
    pub jitter: Option<f64>,
    /// The user leaves after so many failed connects in a row, and no other comes in its place. Default: never.
    #[schemars(range(min = 1))]
    pub attempts: Option<u32>,
}

/// A text that is never shown: a template, or a table with this key.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Secret {
    /// A template, best of a variable of the environment: `"${env.MQTT_PASSWORD}"`.
    #[serde(rename = "$text")]
    Text(String),
    /// The text of a file, by path from the folder of this file, without white space at its end; no template.
    File(String),
}

/// Pause between tasks: Locust's four, and one more.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WaitTime {
    /// Always so long.
    Constant(HumanDuration),
    /// Evenly distributed between two lengths, the second excluded.
    Between(HumanDuration, HumanDuration),
    /// Exponentially distributed with this mean, as between events that know nothing of each other.
    Exponential(HumanDuration),
    /// Task starts are so far apart, if the task is not longer; no catching up.
    ConstantPacing(HumanDuration),
    /// Task starts per second and user, likewise.
    ConstantThroughput(f64),
}

/// Task runs by the clock: a rate per user such as `"10/s"`, or a table.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    /// Of each user.
    #[serde(rename = "$text")]
    PerUser(Rate),
    /// With more to say.
    #[serde(rename = "$table")]
    Table(ScheduleTable),
}

/// Task runs by the clock.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ScheduleTable {
    /// Task runs of each user. Either this or `per_class`.
    pub per_user: Option<Rate>,
    /// Task runs of all users of the class together, when all of them have started. Either this
    /// or `per_user`.
    pub per_class: Option<Rate>,
    /// Each task run is due by up to so much later than at even times, evenly distributed; less than the time
    /// between two task runs of a user. Default 0.
    pub jitter: Option<HumanDuration>,
    /// When a user's first task run is due. Default `random`.
    pub phase: Option<Phase>,
}

/// When the first task run of a schedule is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// At a moment drawn from the first period: users are spread.
    Random,
    /// At a multiple of the period since the start of the run: users of one rate are due at the same moments.
    Aligned,
}

/// What a failed step of a task ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnError {
    /// The task run; the user goes on with the next one, after the waits that the task run has left out.
    #[default]
    AbortTask,
    /// Nothing: the next step follows.
    Continue,
    /// The user: on_stop, DISCONNECT, and no other in its place.
    StopUser,
}

/// A list of steps that a user picks by weight.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Task {
    /// Name for plans and messages. Required, unique in its class.
    pub name: Option<String>,
    /// Share of the picks, a whole number; 0 for never. Default 1.
    pub weight: Option<u32>,
    /// What a failed step of this task ends. With `continue` the rest of it is done all the same, such as the
    /// `disconnect` and the `wait` of a device that keeps its rhythm. Default: as its class says.
    pub on_error: Option<OnError>,
    /// Words by which `--tags` and `--exclude-tags` choose.
    pub tags: Vec<String>,
    /// What to do, in order. At least one.
    #[serde(deserialize_with = "steps")]
    pub steps: Vec<Step>,
}
