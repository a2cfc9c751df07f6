//! What a visitor asks of the runner, and what the runner answers.

use std::time::Duration;

/// What a visitor wants.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Begin a run; while a run goes on, change its users and its spawn rate.
    Start(Start),
    /// End the run: users finish their tasks, as at any end. If nothing runs, that is no mistake.
    Stop,
    /// Set every number of the run to zero. The users go on. If nothing runs, that is no mistake.
    Reset,
}

/// How a run is to begin. What is `None` stays as the scenario says, or in a run that goes on as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Start {
    /// How many users at a time, of all classes together; 0 is for a run that goes on.
    pub users: Option<u32>,
    /// How many of them start in a second; above 0 and finite.
    pub spawn_rate: Option<f64>,
    /// How long the run lasts; above 0.
    pub run_time: Option<Duration>,
    /// The address of the broker.
    pub host: Option<String>,
    /// The user classes that take part, by name; not empty.
    pub user_classes: Option<Vec<String>>,
    /// Only tasks with one of these tags run; not empty.
    pub tags: Option<Vec<String>>,
    /// Tasks with one of these tags do not run; not empty.
    pub exclude_tags: Option<Vec<String>>,
    /// Changes of the scenario as `--set KEY=VALUE` makes them. Every key is one that is
    /// [offered](crate::web::offer::Offer::settings).
    pub settings: Vec<(String, String)>,
}

/// What the runner did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// One sentence for the visitor, such as `Swarming started`.
    pub message: String,
}

impl Answer {
    /// An answer with this sentence.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }

    /// Locust's answer to [`Command::Start`].
    pub fn started() -> Self {
        Self::new("Swarming started")
    }

    /// Locust's answer to [`Command::Stop`].
    pub fn stopped() -> Self {
        Self::new("Test stopped")
    }

    /// Locust's answer to [`Command::Reset`].
    pub fn reset() -> Self {
        Self::new("ok")
    }
}

/// Why a command was not carried out. Its text is a sentence for the visitor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The runner says why not: the command makes no sense now, or a value in it is wrong.
    #[error("{0}")]
    No(String),
    /// More commands wait than the runner can take.
    #[error("too many commands wait to be carried out: try again in a second")]
    Busy,
    /// The runner did not answer in time. It may still carry the command out.
    #[error("the runner has not answered yet: look at the state in a few seconds")]
    NoAnswer,
    /// There is no runner any more: the program ends.
    #[error("the program is about to end")]
    Gone,
}
