//! Messages that users wait for, compiled.

use std::time::Duration;

use crate::plan::condition::Condition;
use crate::plan::publish::Publish;
use crate::plan::request::Request;
use crate::plan::text::Text;
pub use crate::scenario::model::receive::{Correlation, Since};

/// A step that waits for messages.
#[derive(Debug, Clone, PartialEq)]
pub struct Receive {
    /// Which topics; never [`Text::PerMessage`], and without `$share/GROUP/` only once it is rendered.
    pub filter: Text,
    /// What a message must be like to be taken.
    pub takes: Condition,
    /// What a taken message must be like; a failure otherwise.
    pub expect: Condition,
    /// How many end the wait, at least 1.
    pub count: u32,
    /// From when on messages count.
    pub since: Since,
    /// Whether only retained ones count, and each topic once.
    pub retained: bool,
    /// How long to wait for the last of them.
    pub timeout: Duration,
    /// How it is recorded.
    pub request: Request,
    /// Which `seq` counter of the user it counts up.
    pub counter: usize,
}

/// A step that sends a message and waits for its reply.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange {
    /// The message, with the time limit of both and the row of the whole.
    pub publish: Publish,
    /// Topic of the reply.
    pub reply_topic: Text,
    /// How the user recognises the reply.
    pub correlation: Correlation,
    /// What the reply must be like; a failure otherwise.
    pub expect: Condition,
}

/// What the users of a class keep of messages for which no step waits yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Keeps {
    /// Those that match one of these: the filters of all steps for which an earlier message counts.
    pub filters: Vec<Text>,
    /// How many at most: as many as one of those steps waits for, and at least 1,000.
    pub most: usize,
    /// Whether some of those count longer than a list of steps.
    pub long: bool,
    /// Whether they keep the message that was taken last, for templates.
    pub last: bool,
}

impl Default for Keeps {
    /// Keeps nothing.
    fn default() -> Self {
        Self { filters: Vec::new(), most: 1_000, long: false, last: false }
    }
}
