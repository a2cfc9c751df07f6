//! What a Locust master and its workers say to each other, as types.
//!
//! Messages to the master are never maps made by hand, because one malformed heartbeat makes a master deaf for the rest of its
//! life. A message of the master whose type we do not know is [`FromMaster::Other`], so that a later Locust does not break a
//! worker. [`encode`](crate::locust::encode) and [`decode`](crate::locust::decode) have their bytes.

use std::collections::BTreeMap;

use crate::locust::report::{ClassCounts, StatsReport};

/// The option of our locustfile with the node ids of the workers that a test began with, as a list in JSON.
pub const WORKERS: &str = "mqtt_scenario_workers";

/// The state of a worker, as Locust calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkerState {
    /// No test goes on here.
    Ready,
    /// Users are about to be started or stopped.
    Spawning,
    /// Users work.
    Running,
}

/// What a worker says.
#[derive(Debug, Clone, PartialEq)]
pub enum ToMaster {
    /// It wants to take part. A repetition makes a running master count the worker twice.
    ClientReady,
    /// It lives. The master misses it after four to five seconds without.
    Heartbeat {
        /// What it does.
        state: WorkerState,
        /// What the process uses.
        usage: Usage,
    },
    /// It has read a spawn message.
    Spawning,
    /// It goes to these numbers of users.
    SpawningComplete(ClassCounts),
    /// What happened since the report before.
    Stats(Box<StatsReport>),
    /// The worker or a scenario failed, which is not a failed request.
    Exception {
        /// What it says.
        message: String,
        /// Where it came from. The master counts equal ones together.
        traceback: String,
    },
    /// It has no users in this test, since it cannot run the scenario; the exception before says why. Only our locustfile
    /// knows this message: other masters warn of its name.
    CannotRun,
    /// Its users are gone and all they did is reported, after the drain of this number. Only our locustfile knows it.
    Drained(u64),
    /// Its statistics have begun anew, at the reset of this number. Only our locustfile knows it.
    Reset(u64),
    /// It is there again after a connection broke, which may have taken messages to it along. Only our locustfile knows it.
    Resumed,
    /// All lines of its log that it still has.
    Logs(Vec<String>),
    /// Its users are gone, after a stop.
    ClientStopped,
    /// It leaves.
    Quit,
    /// It asks for the file that the master was started with.
    Locustfile,
}

/// What a process uses of its machine.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Usage {
    /// CPU in percent of all cores. The master warns above 90.
    pub cpu_percent: f64,
    /// Memory in bytes.
    pub memory_bytes: u64,
}

/// What a master says.
#[derive(Debug, Clone, PartialEq)]
pub enum FromMaster {
    /// It has taken the worker in, as the so manieth since it was started, from 0. An index is no share: it never returns.
    Ack(Option<u64>),
    /// It lives and knows this worker.
    Heartbeat,
    /// This worker is to have so many users.
    Spawn(Box<Spawn>),
    /// All workers have their users.
    SpawningComplete,
    /// The test ends; another one may follow.
    Stop,
    /// The master ends, or does not know this worker.
    Quit,
    /// It could not read what this worker sent, and wants another connection.
    Reconnect,
    /// A class of users is to be changed.
    UpdateUserClass(ClassChange),
    /// The files it was started with, or why it cannot send them.
    Locustfile(Result<Vec<Locustfile>, String>),
    /// Users are to finish, and a last report is to follow. Locust has no such message: our locustfile sends it.
    Drain {
        /// How long users may finish their tasks, in seconds.
        stop_timeout_s: f64,
        /// The answer names it.
        number: u64,
    },
    /// Statistics begin anew here as they have at the master. The answer names this number. Our locustfile sends it.
    Reset(u64),
    /// A message of another type, by its type.
    Other(String),
}

/// What a worker is to run.
#[derive(Debug, Clone, PartialEq, Default, serde::Deserialize)]
pub struct Spawn {
    /// The clock of the master in unix seconds. One that is not above the last one is old.
    pub timestamp: f64,
    /// How many users of each class this worker is to have: not the change, and with the zeros.
    pub user_classes_count: ClassCounts,
    /// The address that was given to the master, if any.
    #[serde(default)]
    pub host: Option<String>,
    /// How long users may finish their task when they are stopped, in seconds.
    #[serde(default)]
    pub stop_timeout: Option<f64>,
    /// The options of the master, those of its locustfile among them.
    #[serde(default)]
    pub parsed_options: BTreeMap<String, OptionValue>,
    /// How many workers the test began with; 0 from other locustfiles than ours.
    #[serde(skip)]
    pub workers: u64,
    /// The place of this worker among them, from 0. One that came later has none.
    #[serde(skip)]
    pub place: Option<u64>,
}

impl Spawn {
    /// A text among the options.
    pub fn text(&self, option: &str) -> Option<&str> {
        match self.parsed_options.get(option)? {
            OptionValue::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The same, with the place of the worker of this node id.
    #[must_use]
    pub fn for_worker(mut self: Box<Self>, node_id: &str) -> Box<Self> {
        let workers = self.text(WORKERS).and_then(|list| serde_json::from_str::<Vec<String>>(list).ok());
        let workers = workers.unwrap_or_default();
        self.workers = workers.len() as u64;
        self.place = workers.iter().position(|worker| worker == node_id).map(|place| place as u64);
        self
    }

    /// Whether an option is there and true.
    pub fn is_set(&self, option: &str) -> bool {
        self.parsed_options.get(option) == Some(&OptionValue::Bool(true))
    }
}

/// A change of a class of users.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ClassChange {
    /// The name of the class.
    pub class: String,
    /// What is to change.
    pub attributes: BTreeMap<String, OptionValue>,
}

/// A file of the master.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Locustfile {
    /// Its name and its text.
    File {
        /// The name, without a folder.
        filename: String,
        /// What stands in it.
        contents: String,
    },
    /// Where it lies.
    Url(String),
}

/// A value that may be anything.
#[derive(Debug, Clone, PartialEq)]
pub enum OptionValue {
    /// None.
    Nil,
    /// A truth value.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
    /// A list of values.
    List(Vec<OptionValue>),
    /// Bytes or a map, which no option of ours is.
    Other,
}

impl ToMaster {
    /// What Locust, or our locustfile, calls it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::ClientReady => "client_ready",
            Self::Heartbeat { .. } => "heartbeat",
            Self::Spawning => "spawning",
            Self::SpawningComplete(_) => "spawning_complete",
            Self::Stats(_) => "stats",
            Self::Exception { .. } => "exception",
            Self::CannotRun => "mqtt_scenario_cannot_run",
            Self::Drained(_) => "mqtt_scenario_drained",
            Self::Resumed => "mqtt_scenario_resumed",
            Self::Reset(_) => "mqtt_scenario_reset",
            Self::Logs(_) => "logs",
            Self::ClientStopped => "client_stopped",
            Self::Quit => "quit",
            Self::Locustfile => "locustfile",
        }
    }
}
