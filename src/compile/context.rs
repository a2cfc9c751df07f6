//! The contexts for compiling a scenario (everything that is not in its file) and one of its classes (its other parts).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::compile::files::{FolderOf, LineOf, ReadFile};
use crate::compile::payloads::Payloads;
use crate::diagnostic::FieldPath;
use crate::plan::Broker;
use crate::plan::feed::Feed;
use crate::plan::shard::Shard;
use crate::plan::target::Target;
use crate::scenario::model;

/// What a scenario is compiled with: everything that does not stand in the file.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Name of the file without its ending, the default name of the scenario.
    pub file_stem: &'a str,
    /// Looks up an environment variable.
    pub env: &'a dyn Fn(&str) -> Option<String>,
    /// Name of this machine.
    pub hostname: &'a str,
    /// What default client ids end with, so that two processes with one scenario do not drive each other's users out;
    /// `None` for ids that are the same in each run.
    pub run_id: Option<&'a str>,
    /// Checks the options of an embedded broker's URL, what stands after its `?`; says what is wrong.
    pub embedded_options: &'a dyn Fn(&str) -> Result<(), String>,
    /// Reads a file by what the value at a place says, which is a path from the folder of the file in which that
    /// value stands; or says why it cannot, in a few words. Not more than one byte above
    /// [`MAX_FILE_BYTES`](crate::compile::files::MAX_FILE_BYTES) is of use.
    pub files: ReadFile<'a>,
    /// What to put before a path in the value at a place, so that it counts from the folder of the scenario: nothing
    /// for a value of the scenario's own file, or a path that ends with `/`.
    pub folder: FolderOf<'a>,
    /// Says in which file and in which of its lines, from 1, the value at a place stands; `None` if the command line
    /// says it.
    pub line: LineOf<'a>,
    /// What the command line says instead of the file.
    pub overrides: &'a Overrides,
    /// Places that already have a diagnostic from reading the file. They get no second one, also not for being absent.
    pub reported: &'a BTreeSet<FieldPath>,
}

/// What the command line says instead of the file; each thing only if it says so.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Overrides {
    /// Number of users in all.
    pub users: Option<u32>,
    /// Users started per second.
    pub spawn_rate: Option<f64>,
    /// Length of the run, the ramp included; 0 for until it is stopped, as in Locust.
    pub run_time: Option<Duration>,
    /// How long users may finish their task when the run stops.
    pub stop_timeout: Option<Duration>,
    /// Where the only broker of the scenario is.
    pub host: Option<Target>,
    /// Only tasks with one of these tags.
    pub tags: Vec<String>,
    /// No tasks with one of these tags.
    pub exclude_tags: Vec<String>,
    /// Only these user classes.
    pub user_classes: Vec<String>,
    /// Every class with a weight has the same one, and every task of a class too.
    pub equal_weights: bool,
    /// Only the users of this shard.
    pub shard: Shard,
}

/// What a class is compiled with: the other parts of the scenario.
pub(super) struct ClassContext<'a> {
    pub(super) brokers: &'a BTreeMap<String, model::broker::Broker>,
    /// Those with nothing wrong with them, compiled; all of them, if there is to be a plan.
    pub(super) compiled_brokers: &'a [Broker],
    pub(super) payloads: &'a Payloads<'a>,
    /// The feeds of the class, as far as there is nothing wrong with them.
    pub(super) feeds: Vec<Feed>,
    pub(super) files: ReadFile<'a>,
    pub(super) folder: FolderOf<'a>,
}
