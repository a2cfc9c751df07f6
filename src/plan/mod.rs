//! What will run: the compiled, immutable form of a scenario.
//!
//! Pure: no clock, no I/O, no runtime. `compile` is the only way to a [`Plan`]; after it there are no names
//! left to look up and nothing to check, only ids into tables. Everything that does not change from message
//! to message is decided here, since the engine must not spend time on it again.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::mqtt::{Qos, Settings};
use crate::plan::feed::Feed;
use crate::plan::load::Load;
use crate::plan::measure::{Measure, Stamping};
use crate::plan::payload::Payload;
use crate::plan::properties::Properties;
use crate::plan::receive::{Exchange, Keeps, Receive};
use crate::plan::reconnect::Reconnect;
use crate::plan::schedule::Schedule;
use crate::plan::subscription::{Subscription, Unsubscribe};
use crate::plan::target::{Certificate, Header, Target, Tls};
use crate::plan::wait::{Pause, WaitTime};
use crate::stats::threshold::Threshold;
use crate::stats::{RowId, RowKey};
use crate::template::{Secret, Template};

pub mod certificates;
pub mod condition;
pub mod feed;
pub mod load;
pub mod measure;
pub mod mix;
pub(crate) mod newborn;
pub mod payload;
pub mod properties;
pub(crate) mod rate;
pub mod receive;
pub mod reconnect;
pub mod schedule;
pub mod search;
pub mod subscription;
pub mod target;
pub mod wait;

/// A scenario, compiled.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Name of the scenario.
    pub name: String,
    /// Seed of all random draws.
    pub seed: u64,
    /// The systems under test, by name.
    pub brokers: Vec<Broker>,
    /// Kinds of users, in the byte order of their names, as Locust's dispatcher wants them.
    pub classes: Vec<UserClass>,
    /// Rows of the statistics that are known before the run; `RowId(i)` is `rows[i]`.
    pub rows: Vec<RowKey>,
    /// How many users, how fast, how long.
    pub load: Load,
    /// What must hold at the end of the run.
    pub thresholds: Vec<Threshold>,
}

impl Plan {
    /// Something of each class, such as a number of users, by the names of the classes.
    pub fn by_class<'a, T>(&'a self, values: &'a [T]) -> BTreeMap<&'a str, &'a T> {
        self.classes.iter().map(|class| class.name.as_str()).zip(values).collect()
    }

    /// Whether any step asks for messages.
    pub fn subscribes(&self) -> bool {
        self.steps().any(|step| matches!(step, Step::Subscribe(_)))
    }

    /// Whether any step measures what arrives.
    pub fn measures(&self) -> bool {
        self.steps().any(|step| matches!(step, Step::Subscribe(subscribe) if subscribe.measure.is_some()))
    }

    /// Whether any step stamps its messages.
    pub fn stamps(&self) -> bool {
        self.steps().any(|step| matches!(step, Step::Publish(publish) if publish.stamp.is_some()))
    }

    /// The steps of all classes, in no order.
    pub(crate) fn steps(&self) -> impl Iterator<Item = &Step> {
        let tasks = self.classes.iter().flat_map(|class| &class.tasks).map(|task| &task.steps);
        let others = self.classes.iter().flat_map(|class| [&class.on_start, &class.on_stop]);
        tasks.chain(others).flat_map(|steps| &steps.0)
    }
}

/// Place of a broker in [`Plan::brokers`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BrokerId(pub usize);

/// Place of a class in [`Plan::classes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClassId(pub usize);

/// A system under test.
#[derive(Debug, Clone, PartialEq)]
pub struct Broker {
    /// Its name in the scenario.
    pub name: String,
    /// Where it is.
    pub target: Target,
    /// How long a connect may take, from the first packet to CONNACK: TCP, TLS, the upgrade and MQTT.
    pub connect_timeout: Duration,
    /// Seconds of silence before a PINGREQ; 0 for never.
    pub keep_alive_s: u16,
    /// Most QoS 1 and 2 messages of one user that may wait for acknowledgement at once.
    pub inflight: u16,
    /// Local addresses to connect from, in turn; empty for the system's choice.
    pub source_addresses: Vec<IpAddr>,
    /// How TLS is spoken with it, if it is.
    pub tls: Option<Tls>,
    /// Headers of the opening request of a WebSocket.
    pub headers: Vec<Header>,
    /// Which protocol, and what of it.
    pub settings: Settings,
    /// Whether connects are recorded in parts, too.
    pub connect_detail: bool,
}

/// A kind of user.
#[derive(Debug, Clone, PartialEq)]
pub struct UserClass {
    /// Its name.
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
    /// Before the first task.
    pub on_start: Steps,
    /// How the next task is found.
    pub order: TaskOrder,
    /// What to choose from.
    pub tasks: Vec<Task>,
    /// When the user stops.
    pub on_stop: Steps,
    /// The row and record flag of a connect that no step asked for (a publish on a closed or lost
    /// connection); those of the class's first connect step if it has one.
    pub reconnect: Request,
    /// When its users come back after their connection was lost, or could not be opened.
    pub reconnection: Reconnect,
    /// Where the parts of its connects are recorded: one for each row of a connect, or none at all.
    pub connect_parts: Vec<ConnectParts>,
    /// How many texts its steps keep per user: see [`Text::PerUser`].
    pub user_texts: usize,
    /// How many rows its steps keep per user: see [`Row::PerUser`].
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

/// What a broker publishes when it loses a user; it varies at most per user, who renders and draws it once.
#[derive(Debug, Clone, PartialEq)]
pub struct Will {
    /// Where to.
    pub topic: Template,
    /// What, at most 65,535 bytes. Being rendered once anyway, its text has no slot among the user's.
    pub payload: Payload,
    /// Quality of service.
    pub qos: Qos,
    /// Whether the broker shall keep it.
    pub retain: bool,
    /// How long after the loss, in seconds.
    pub delay_s: u32,
    /// Its other properties.
    pub properties: Properties,
}

/// How a user finds its next task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TaskOrder {
    /// One picked by weight.
    #[default]
    Weighted,
    /// One after the other, then again from the first.
    Sequence,
}

/// What a failed step of a task ends. A failed step of `on_start` or `on_stop` ends that list, whatever this says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnError {
    /// The task run.
    #[default]
    AbortTask,
    /// Nothing.
    Continue,
    /// The user: it leaves, and no other comes in its place.
    StopUser,
}

/// A task of a class.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// Its name.
    pub name: String,
    /// Share of the picks, above 0 (tasks of weight 0 are left out of the plan); 1 in a sequence.
    pub weight: u32,
    /// What a failed step of it ends, if it says so itself and not as its class.
    pub on_error: Option<OnError>,
    /// What to do.
    pub steps: Steps,
}

impl UserClass {
    /// What a failed step of one of its tasks ends.
    pub fn on_error_of(&self, task: &Task) -> OnError {
        task.on_error.unwrap_or(self.on_error)
    }
}

/// A list of steps with `repeat` laid flat: running it needs a position and one counter per level, but
/// neither recursion nor allocation.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Steps(pub Vec<Step>);

/// One action.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Open the connection, if it is not open.
    Connect(Request),
    /// Close the connection, if it is open.
    Disconnect {
        /// Without DISCONNECT.
        abrupt: bool,
        /// How it is recorded.
        request: Request,
    },
    /// Send a message.
    Publish(Box<Publish>),
    /// Ask for messages; shared, since a user keeps it to ask again on its next connection.
    Subscribe(Arc<Subscribe>),
    /// End subscriptions.
    Unsubscribe(Box<Unsubscribe>),
    /// Wait for messages.
    Receive(Box<Receive>),
    /// Send a message and wait for its reply.
    Request(Box<Exchange>),
    /// Pause.
    Wait(Pause),
    /// Begin of a repeated part: set counter `level` to `times`.
    Repeat {
        /// Nesting depth, from 0.
        level: usize,
        /// How often the part runs, at least once.
        times: u32,
    },
    /// End of a repeated part: count `level` down and, above zero, go on at `first`.
    EndRepeat {
        /// Nesting depth, from 0.
        level: usize,
        /// Position of the part's first step in its [`Steps`].
        first: usize,
    },
}

impl Step {
    /// Whether the broker has something to do with it that it can refuse.
    pub fn asks_the_broker(&self) -> bool {
        match self {
            Self::Publish(_)
            | Self::Subscribe(_)
            | Self::Unsubscribe(_)
            | Self::Receive(_)
            | Self::Request(_) => true,
            Self::Connect(_)
            | Self::Disconnect { .. }
            | Self::Wait(_)
            | Self::Repeat { .. }
            | Self::EndRepeat { .. } => false,
        }
    }
}

/// Send a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Publish {
    /// Where to.
    pub topic: Text,
    /// What.
    pub payload: Payload,
    /// Quality of service.
    pub qos: Qos,
    /// Whether the broker shall keep it.
    pub retain: bool,
    /// Its properties; none for MQTT 3.1.1.
    pub properties: Properties,
    /// How long to wait for the acknowledgement.
    pub timeout: Duration,
    /// Whether the step waits for the acknowledgement.
    pub await_ack: bool,
    /// How it is recorded.
    pub request: Request,
    /// Which `seq` counter of the user it counts up, one per publish step.
    pub counter: usize,
    /// Which feeds of the class it takes a row of, each once: those it uses that give one per message.
    pub feeds: Vec<usize>,
    /// How its messages are stamped, if they are.
    pub stamp: Option<Box<Stamping>>,
}

/// Ask for messages.
#[derive(Debug, Clone, PartialEq)]
pub struct Subscribe {
    /// Of which topics, at least one; asked for in one packet.
    pub filters: Vec<Subscription>,
    /// MQTT 5: what the broker shall send with each message of these, 1 to 268,435,455.
    pub identifier: Option<u32>,
    /// How long to wait for SUBACK.
    pub timeout: Duration,
    /// How it is recorded.
    pub request: Request,
    /// How what arrives is measured, if it is.
    pub measure: Option<Measure>,
}

/// A text that goes on the wire, sorted by how often it must be rendered.
#[derive(Debug, Clone, PartialEq)]
pub enum Text {
    /// The same for everybody.
    Constant(Arc<[u8]>),
    /// Rendered once per user and kept in its text `slot`.
    PerUser {
        /// Place among the user's texts.
        slot: usize,
        /// What to render.
        template: Template,
    },
    /// Rendered for each message.
    PerMessage(Template),
}

impl Text {
    /// The fewest and the most bytes that it can have, with client ids of `client_id` bytes.
    pub fn length(&self, client_id: (usize, usize)) -> (usize, usize) {
        match self {
            Self::Constant(bytes) => (bytes.len(), bytes.len()),
            Self::PerUser { template, .. } | Self::PerMessage(template) => template.length(client_id),
        }
    }
}

/// How a request is recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Which row.
    pub row: Row,
    /// Whether successes are recorded; failures always are.
    pub record: bool,
}

/// Rows of the parts of a connect.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectParts {
    /// That of the whole.
    pub whole: Row,
    /// Of the TCP connection.
    pub tcp: Row,
    /// Of the TLS handshake, if there is one.
    pub tls: Option<Row>,
    /// Of the upgrade to WebSocket, if there is one.
    pub websocket: Option<Row>,
    /// From CONNECT to CONNACK.
    pub connack: Row,
}

impl ConnectParts {
    /// All rows but that of the whole.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        [Some(&self.tcp), self.tls.as_ref(), self.websocket.as_ref(), Some(&self.connack)]
            .into_iter()
            .flatten()
    }
}

/// A row of the statistics.
#[derive(Debug, Clone, PartialEq)]
pub enum Row {
    /// Known before the run.
    Static(RowId),
    /// Its name differs from user to user; made when the user starts.
    PerUser {
        /// Place among the user's rows.
        slot: usize,
        /// Type of the row.
        request_type: String,
        /// Its name.
        name: Template,
    },
}
