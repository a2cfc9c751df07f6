//! A user class: the identity of its users, and their steps.

use serde::Serialize;

use crate::mqtt::Qos;
use crate::plan::feed::Feed;
use crate::plan::ids::BrokerId;
use crate::plan::payload::Payload;
use crate::plan::properties::Properties;
use crate::plan::receive::Keeps;
use crate::plan::reconnect::Reconnect;
use crate::plan::request::{ConnectPhases, Request};
use crate::plan::schedule::Schedule;
use crate::plan::step::{Step, Steps};
use crate::plan::target::Certificate;
use crate::plan::wait::WaitTime;
pub use crate::scenario::model::user_class::OnError;
use crate::template::{Secret, Template};

/// A kind of user.
#[derive(Debug, Clone, PartialEq)]
pub struct UserClass {
    /// Its name in the scenario.
    pub name: String,
    /// Where its users connect.
    pub broker: BrokerId,
    /// Share of the users; of no meaning if `fixed_count` is above 0.
    pub weight: f64,
    /// Exactly so many users, or 0.
    pub fixed_count: u32,
    /// Client id; varies at most per user.
    pub client_id: Template,
    /// User name; varies at most per user.
    pub username: Option<Template>,
    /// Password; varies at most per user. Never shown.
    pub password: Option<Secret>,
    /// What its users prove themselves with in TLS.
    pub certificate: Option<Certificate>,
    /// What the broker publishes when it loses a user.
    pub will: Option<Box<Will>>,
    /// Where its templates find the values of `row.COLUMN`.
    pub feeds: Vec<Feed>,
    /// Pause between tasks; none if there is a schedule.
    pub wait_time: WaitTime,
    /// Task runs by the clock.
    pub schedule: Option<Schedule>,
    /// Each user leaves after so many task runs.
    pub iterations: Option<u64>,
    /// Each user leaves after so many messages; those of `on_stop` do not count.
    pub messages: Option<u64>,
    /// What a failed step ends of a task that does not say so itself.
    pub on_error: OnError,
    /// The steps before the first task.
    pub on_start: Steps,
    /// How the next task is found.
    pub order: TaskOrder,
    /// The tasks that a user chooses from.
    pub tasks: Vec<Task>,
    /// When the user stops.
    pub on_stop: Steps,
    /// The row and record flag of a connect that no step asked for (a publish on a closed or lost
    /// connection); those of the class's first connect step if it has one.
    pub reconnect: Request,
    /// When its users come back after their connection was lost, or could not be opened.
    pub reconnection: Reconnect,
    /// Where the parts of its connects are recorded: one for each row of a connect, or none at all.
    pub connect_phases: Vec<ConnectPhases>,
    /// How many texts its steps keep per user: see [`Text::PerUser`](crate::plan::text::Text::PerUser).
    pub user_texts: usize,
    /// How many rows its steps keep per user: see [`Row::PerUser`](crate::plan::request::Row::PerUser).
    pub user_rows: usize,
    /// How many `seq` counters its steps refer to.
    pub counters: usize,
    /// How many `walk`s its messages keep per user.
    pub walks: usize,
    /// Deepest nesting of `repeat` in its steps.
    pub repeat_depth: usize,
    /// Which messages its users keep until a step takes them.
    pub keeps: Keeps,
}

impl UserClass {
    /// All steps, in the order in which users render their texts.
    pub(crate) fn steps(&self) -> impl Iterator<Item = &Step> {
        let tasks = self.tasks.iter().map(|task| &task.steps);
        [&self.on_start, &self.on_stop].into_iter().chain(tasks).flat_map(|steps| &steps.0)
    }

    /// What a failed step of one of its tasks ends.
    pub fn on_error_of(&self, task: &Task) -> OnError {
        task.on_error.unwrap_or(self.on_error)
    }
}

/// The message that a broker publishes when it loses a user. It varies at most per user: each renders and draws it
/// once.
#[derive(Debug, Clone, PartialEq)]
pub struct Will {
    /// The topic that it goes to.
    pub topic: Template,
    /// What, at most 65,535 bytes. Being rendered once anyway, its text has no slot among the user's.
    pub payload: Payload,
    /// Its quality of service.
    pub qos: Qos,
    /// Whether the broker keeps it as the retained message of its topic.
    pub retain: bool,
    /// How long after the loss, in seconds.
    pub delay_s: u32,
    /// Its properties, without the delay.
    pub properties: Properties,
}

/// How a user finds its next task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskOrder {
    /// One picked by weight.
    #[default]
    Weighted,
    /// One after the other, then again from the first.
    Sequence,
}

/// A task of a class.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// Its name in the scenario.
    pub name: String,
    /// Share of the picks, above 0 (tasks of weight 0 are left out of the plan); 1 in a sequence.
    pub weight: u32,
    /// What a failed step of it ends, if it says so itself and not as its class.
    pub on_error: Option<OnError>,
    /// What a user does in it.
    pub steps: Steps,
}
