//! The plan itself: tables of brokers, classes and rows, the load and the thresholds.

use std::collections::BTreeMap;

use crate::plan::broker::Broker;
use crate::plan::load::Load;
use crate::plan::numbering::Numbering;
use crate::plan::shard::Shard;
use crate::plan::step::Step;
use crate::plan::sync::Sync;
use crate::plan::user_class::UserClass;
use crate::stats::RowKey;
use crate::stats::threshold::Threshold;

/// A compiled scenario.
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
    /// How many users, how fast, how long: of the whole run, but for the limits of the load, which are those of the shard.
    pub load: Load,
    /// Which of the users are those of this process.
    pub shard: Shard,
    /// Where the shards meet before the run, if they do.
    pub sync: Option<Sync>,
    /// Which numbers and indices the users of this process have.
    pub numbering: Numbering,
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

    /// The steps of all classes.
    pub(crate) fn steps(&self) -> impl Iterator<Item = &Step> {
        self.classes.iter().flat_map(UserClass::steps)
    }
}
