//! What a visitor asks of the runner, and what the runner answers.

use std::time::Duration;

/// What a visitor wants.
#[expect(clippy::large_enum_variant, reason = "there is one of it, for a moment")]
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
    /// Other values of variables and rates. Every key is one that is [offered](crate::web::offer::Offer::settings). The
    /// value of a variable is its plain text, which may be empty.
    pub settings: Vec<(String, String)>,
    /// Keys that nobody understands. They change nothing; the answer names them.
    pub unknown: Vec<String>,
    /// Keys of what the stages of the scenario decide. They change nothing; the answer names them.
    pub of_stages: Vec<String>,
}

/// What the runner did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// One sentence for the visitor, such as `Swarming started`.
    pub message: String,
    /// What was done for it.
    pub done: Done,
}

/// What a command has led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// A run has begun.
    Begun,
    /// The run that goes on has other users, or another pace.
    Changed,
    /// Nothing of these: a run was stopped, or its statistics were reset.
    Other,
}

impl Answer {
    /// Locust's answer to [`Command::Start`] if a run begins.
    pub fn started() -> Self {
        Self { message: "Swarming started".to_owned(), done: Done::Begun }
    }

    /// Locust's answer to [`Command::Start`] if a run goes on.
    pub fn changed() -> Self {
        Self { done: Done::Changed, ..Self::started() }
    }

    /// The same answer with another sentence behind it.
    #[must_use]
    pub fn adding(mut self, sentence: &str) -> Self {
        self.message = format!("{}. {sentence}", self.message);
        self
    }

    /// Locust's answer to [`Command::Stop`].
    pub fn stopped() -> Self {
        Self { message: "Test stopped".to_owned(), done: Done::Other }
    }

    /// Locust's answer to [`Command::Reset`].
    pub fn reset() -> Self {
        Self { message: "ok".to_owned(), done: Done::Other }
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
