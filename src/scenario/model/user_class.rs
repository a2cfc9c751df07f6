//! User classes: the identity, pace and tasks of their users.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::scenario::model::protocol::Will;
use crate::scenario::model::step::{Step, steps};
use crate::units::{HumanDuration, Rate};

/// A kind of simulated client. Each of its users has one MQTT connection.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct UserClass {
    /// Another user class. Its keys apply to this class too, unless this class has them itself: tables are merged;
    /// lists and choices such as a wait time are replaced. A key that excludes another one, as `rate` excludes
    /// `wait_time`, replaces it. `abstract` is not inherited. Default: none.
    pub extends: Option<String>,
    /// Whether the class only serves to be extended, and has no users. Default false.
    #[serde(rename = "abstract")]
    pub is_abstract: Option<bool>,
    /// Name of the broker. Default: the only one of the file.
    pub broker: Option<String>,
    /// Share of the users compared with other classes, a number; 0 for no users. Default 1.
    #[schemars(range(min = 0))]
    pub weight: Option<f64>,
    /// Exactly this many users; they come before the weighted ones. Excludes `weight`. Default: a share by `weight`.
    #[schemars(range(min = 1))]
    pub fixed_count: Option<u32>,
    /// Client id, a template of values that are fixed for each user. If it is empty, the broker assigns one, and
    /// `${client_id}` stays empty, since its value never changes. Default `${user.class}-${user.number}-${run.id}`.
    /// Each `run` draws a new `run.id`, so two processes with one scenario do not take over each other's sessions. If
    /// the broker keeps sessions (`clean_session = false`, or a `session_expiry`), the default is
    /// `${user.class}-${user.number}`, so the next run finds its sessions again; there, give each process ids of its
    /// own.
    pub client_id: Option<String>,
    /// User name, a template of values that are fixed for each user. Default: none.
    pub username: Option<String>,
    /// Password, a template of values that are fixed for each user. Never shown. Needs `username`, unless the broker's
    /// `protocol` is 5. Default: none.
    pub password: Option<Secret>,
    /// The message that the broker publishes when it loses a user. Default: nothing.
    pub will: Option<Will>,
    /// Feeds whose columns the templates use: `${row.COLUMN}`. Two feeds may not have a column of the same name.
    pub feeds: Vec<String>,
    /// Pause between tasks. Excludes `rate`. Default: none.
    pub wait_time: Option<WaitTime>,
    /// An open model: task runs at a fixed rate, also if the broker is slow. Response times count from when the task
    /// run was due. Excludes `wait_time`. Default: none.
    pub rate: Option<Schedule>,
    /// Each user stops after this many task runs. Default: never.
    pub iterations: Option<u64>,
    /// Each user stops after it has sent this many messages, without those of `on_stop`. Default: never.
    pub messages: Option<u64>,
    /// When a user connects again after its connection was lost or could not be opened. It does so during its pause or
    /// with its next step that needs a connection, whichever comes first; before each connect it waits as this key
    /// says. `disconnect` is not a loss: the user stays disconnected until such a step. Default: after pauses that
    /// double from 0.5 s to 30 s, for ever.
    pub reconnect: Option<Reconnect>,
    /// What a failed step of a task ends, unless the task has its own `on_error`. A failed step of `on_start` or
    /// `on_stop` ends that list. Default `abort_task`.
    pub on_error: Option<OnError>,
    /// Steps of each user before its first task.
    #[serde(deserialize_with = "steps")]
    pub on_start: Vec<Step>,
    /// What each user does: it picks one task by weight, again and again. At least one, unless there is a `sequence`.
    pub tasks: Vec<Task>,
    /// Tasks in place of `tasks`: each user does one after the other in this order, again and again. They have no
    /// `weight`.
    pub sequence: Vec<Task>,
    /// Steps of each user when it stops.
    #[serde(deserialize_with = "steps")]
    pub on_stop: Vec<Step>,
}

/// When a user connects again: a word or a table.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reconnect {
    /// Not at all. A user whose connection is lost or cannot be opened leaves, and no other user replaces it. It does
    /// the steps of `on_stop` up to the first one that needs a connection. After its own `disconnect`, such a user may
    /// still connect.
    Never,
    /// After pauses.
    #[serde(rename = "$table")]
    Table(ReconnectTable),
}

/// Pauses before connects. Each pause is twice as long as the one before, until a connection has lasted 5 s.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ReconnectTable {
    /// The first pause, at most. Default 500 ms.
    pub initial: Option<HumanDuration>,
    /// The longest pause. Default 30 s.
    pub max: Option<HumanDuration>,
    /// Random share of each pause, from 0 to 1, so that users who lost the same broker do not all return at once. With
    /// 0.5, a pause of 10 s lasts between 5 s and 10 s. Default 0.5.
    #[schemars(range(min = 0, max = 1))]
    pub jitter: Option<f64>,
    /// The user leaves after this many failed connects in a row, and no other user replaces it. Default: never.
    #[schemars(range(min = 1))]
    pub attempts: Option<u32>,
}

/// A text that is never shown: a template, or a table with this key.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Secret {
    /// A template, preferably with an environment variable: `"${env.MQTT_PASSWORD}"`.
    #[serde(rename = "$text")]
    Text(String),
    /// The text of a file, by path from the folder of this file, without white space at its end; not a template.
    File(String),
}

/// Pause between tasks: Locust's four, and one more.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WaitTime {
    /// Always this length.
    Constant(HumanDuration),
    /// A random length between two, evenly distributed, the second excluded.
    Between(HumanDuration, HumanDuration),
    /// A random length, exponentially distributed with this mean, as between independent events.
    Exponential(HumanDuration),
    /// Tasks start this far apart, unless a task takes longer. Missed starts are skipped.
    ConstantPacing(HumanDuration),
    /// Task starts per second and user. Missed starts are skipped.
    ConstantThroughput(f64),
}

/// Task runs at a fixed rate: a rate per user such as `"10/s"`, or a table.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    /// The rate of each user.
    #[serde(rename = "$text")]
    PerUser(Rate),
    /// With more options.
    #[serde(rename = "$table")]
    Table(ScheduleTable),
}

/// Task runs at a fixed rate.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ScheduleTable {
    /// Task runs of each user. Either this or `per_class`.
    pub per_user: Option<Rate>,
    /// Task runs of all users of the class together, when all of them have started. Either this or `per_user`.
    pub per_class: Option<Rate>,
    /// Random delay of each task run, evenly distributed from 0 up to this time; less than the time between two task
    /// runs of a user. Default 0.
    pub jitter: Option<HumanDuration>,
    /// When a user's first task run is due. Default `random`.
    pub phase: Option<Phase>,
}

/// When the first task run of a schedule is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// At a random moment of the first period, so users are spread.
    Random,
    /// At a multiple of the period since the start of the run: users of one rate are due at the same moments.
    Aligned,
}

/// What a failed step of a task ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnError {
    /// The task run. The user makes the waits that the task run left out, and goes on with the next one.
    #[default]
    AbortTask,
    /// Nothing: the next step follows.
    Continue,
    /// The user: it does `on_stop`, sends DISCONNECT, and no other user replaces it.
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
    /// What a failed step of this task ends. With `continue` the user does the rest of the task, such as the
    /// `disconnect` and the `wait` of a device that keeps its pace. Default: that of its class.
    pub on_error: Option<OnError>,
    /// Words for `--tags` and `--exclude-tags`.
    pub tags: Vec<String>,
    /// The steps, in order. At least one.
    #[serde(deserialize_with = "steps")]
    pub steps: Vec<Step>,
}
