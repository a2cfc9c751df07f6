//! What is known of the run at this moment. It never changes once it is told, so that any number of visitors share it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::stats::health::{Health, HealthSecond};
use crate::stats::result::RunResult;
use crate::stats::snapshot::{Live, Snapshot};
use crate::web::metrics::totals::Totals;

/// Where a run is between its beginning and its end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Phase {
    /// No run has begun yet.
    #[default]
    Ready,
    /// Users start: fewer live than are wanted.
    Spawning,
    /// All users that are wanted live.
    Running,
    /// The run ends, and users finish their tasks.
    Stopping,
    /// The last run is over, and its result stays.
    Stopped,
}

impl Phase {
    /// Locust's name of it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Spawning => "spawning",
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
        }
    }

    /// Whether a run goes on.
    pub fn is_run(self) -> bool {
        matches!(self, Self::Spawning | Self::Running | Self::Stopping)
    }
}

/// What is known of the run at this moment.
#[derive(Debug, Clone, Default)]
pub struct Now {
    /// Where the run is.
    pub phase: Phase,
    /// The number of the run, from 1; 0 before the first.
    pub run: u32,
    /// The name of its scenario; empty before the first run.
    pub scenario: String,
    /// The address of its broker; empty before the first run, for an embedded broker and for several.
    pub host: String,
    /// Its id, which `${run.id}` gives in templates; empty before the first run.
    pub run_id: String,
    /// When it began, in seconds of unix time; `None` before the first run.
    pub started: Option<f64>,
    /// For how long it has gone on, or went on if it is over.
    pub elapsed: Duration,
    /// The last snapshot of this run that has all rows, so it can be some seconds old in a run with very many;
    /// `None` before the first tick.
    pub snapshot: Option<Arc<Snapshot>>,
    /// The numbers of the last second and of the last ten; `None` before the first tick.
    pub live: Option<Arc<Live>>,
    /// The result up to now, and the whole one when the run is over. While nobody watches it is not made.
    pub result: Option<Arc<RunResult>>,
    /// The whole result of the run before this one.
    pub previous: Option<Arc<RunResult>>,
    /// What the rows have come to. It is made if [`Desk::wants_totals`](crate::web::desk::Desk::wants_totals), and when
    /// the run is over.
    pub totals: Option<Arc<Totals>>,
    /// The users of each class, in the order of the scenario; classes that do not take part are left out.
    pub users: Vec<ClassUsers>,
    /// How many users lived at the tick, in all. `users` can be newer: a stage that begins at the tick has started some.
    pub users_alive: u32,
    /// How many users are wanted in all at the tick: where the ramp leads, however far it is.
    pub users_wanted: u32,
    /// How many connections were open at the tick.
    pub connected: u64,
    /// The stage that the run is in; `None` without stages.
    pub stage: Option<StageNow>,
    /// Whether the load generator is the limit.
    pub health: Health,
    /// How the generator did in the last second.
    pub second: HealthSecond,
    /// What the program takes from the machine.
    pub resources: Resources,
    /// Bytes of MQTT packets that were sent to brokers since the statistics began; `None` if they are not counted.
    pub sent_bytes: Option<u64>,
    /// Bytes of MQTT packets that came from brokers; `None` if they are not counted.
    pub received_bytes: Option<u64>,
    /// Whether messages are measured from end to end. What was lost, doubled or reordered is known when the run is over.
    pub measures: bool,
    /// The file with the full history of this run, if one is written (`--csv-full-history`).
    pub full_history: Option<PathBuf>,
}

impl Now {
    /// How many users live, of all classes.
    pub fn alive(&self) -> u32 {
        self.users.iter().map(|class| class.alive).sum()
    }
}

/// The users of one class.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClassUsers {
    /// The name of the class.
    pub class: String,
    /// How many are wanted, at the end of the ramp under way.
    pub wanted: u32,
    /// How many live.
    pub alive: u32,
}

/// The stage that a run is in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StageNow {
    /// Its name, or `stage 2` if it has none.
    pub name: String,
    /// Its place, from 1.
    pub number: usize,
    /// How many stages there are.
    pub of: usize,
    /// How long it has lasted.
    pub elapsed: Duration,
    /// How long it lasts in all; `None` if that is not known.
    pub length: Option<Duration>,
}

/// What the program takes from the machine.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Resources {
    /// CPU of the generator's threads in the last second: 1.0 is one core; `None` if the system does not tell.
    pub cpu_cores: Option<f64>,
    /// Memory of the whole process (resident set) in bytes; `None` if the system does not tell.
    pub memory_bytes: Option<u64>,
}
