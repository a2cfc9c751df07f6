//! What can be run: the form is filled with it, and the plan stands beside the form. It is known before the first run, and
//! there is another one when the files of the scenario change.

use std::time::Duration;

/// What can be run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Offer {
    /// How many offers there were before it. The desk counts them, so that a page knows whether it shows this one.
    pub edition: u64,
    /// The name of the scenario.
    pub scenario: String,
    /// The path of its file as it was given.
    pub file: String,
    /// How many users the scenario wants at a time.
    pub users: u32,
    /// How many of them start in a second.
    pub spawn_rate: f64,
    /// How long a run lasts; `None` until it is stopped.
    pub run_time: Option<Duration>,
    /// The address of the broker; empty for the embedded one.
    pub host: String,
    /// The stages of the load, in order. With stages, users and spawn rate are theirs and need not be asked for.
    pub stages: Vec<OfferedStage>,
    /// The user classes, in the order of the scenario.
    pub classes: Vec<Class>,
    /// All tags that tasks have, ordered and each once.
    pub tags: Vec<String>,
    /// What can be changed from run to run: variables, and rates of the scenario. No secret stands here.
    pub settings: Vec<Setting>,
    /// The plan as `plan` prints it, secrets masked.
    pub plan: String,
    /// What is wrong with the files as they are on disk now: all else here is how they were before. Empty if nothing is.
    pub mistakes: String,
}

/// A stage of the load.
#[derive(Debug, Clone, PartialEq)]
pub struct OfferedStage {
    /// Its name, or `stage 2` if it has none.
    pub name: String,
    /// How many users it wants.
    pub users: u32,
    /// How long it lasts, its ramp included; `None` if that is not known.
    pub length: Option<Duration>,
}

/// A user class.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Class {
    /// Its name.
    pub name: String,
    /// How many users of it there always are; `None` for a class with a weight.
    pub fixed_count: Option<u32>,
    /// Its share of the users that are not fixed, beside other weights.
    pub weight: f64,
    /// Its tasks, in the order of the scenario.
    pub tasks: Vec<Task>,
}

/// A task of a user class.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Task {
    /// Its name.
    pub name: String,
    /// Its share of the picks, beside the weights of the other tasks.
    pub weight: f64,
    /// Its tags, in the order of the scenario.
    pub tags: Vec<String>,
}

/// Something of the scenario that a visitor can change for the next run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The key, as `--set KEY=VALUE` has it: `vars.devices`.
    pub key: String,
    /// Its value now: of a variable the text that it stands for.
    pub value: String,
}
