//! Matches the answers of the shards with the ticks that the coordinator asked for.
//!
//! Each shard answers in the order in which it was asked, so counting the answers of a shard tells which tick an answer
//! is for. A tick is complete when all shards have answered.

use std::collections::VecDeque;

use crate::engine::messages::{BothEnds, Taken};
use crate::engine::resources::ResourceUsage;
use crate::stats::UnixMicros;
use crate::stats::batch::Batch;
use crate::stats::delivery::group::SharedMessage;

/// What the shards have answered to one tick.
#[derive(Debug)]
pub(crate) struct Answers {
    pub(crate) at: UnixMicros,
    pub(crate) batches: Vec<Batch>,
    pub(crate) usages: Vec<ResourceUsage>,
    /// How many task runs began that a rate search counts.
    pub(crate) begun: u64,
    /// What arrived in shared groups that are measured.
    pub(crate) shared: Vec<SharedMessage>,
    /// Both ends of all measurements, at the end of the run.
    pub(crate) ends: BothEnds,
    /// Whether this is the last tick of the run.
    pub(crate) last: bool,
}

/// The ticks that not all shards have answered.
#[derive(Debug)]
pub(crate) struct Ticks {
    open: VecDeque<Answers>,
    /// How many ticks are complete.
    done: u64,
    /// How many ticks each shard has answered.
    answered: Vec<u64>,
}

impl Ticks {
    pub(crate) fn new(shards: usize) -> Self {
        Self { open: VecDeque::new(), done: 0, answered: vec![0; shards] }
    }

    /// All shards were asked for their records up to a tick.
    pub(crate) fn ask(&mut self, at: UnixMicros, last: bool) {
        let shards = self.answered.len();
        let (batches, usages) = (Vec::with_capacity(shards), Vec::with_capacity(shards));
        let (shared, ends) = (Vec::new(), BothEnds::default());
        self.open.push_back(Answers { at, batches, usages, begun: 0, shared, ends, last });
    }

    /// Takes an answer of a shard.
    pub(crate) fn answer(&mut self, shard: usize, taken: Taken) {
        let index = usize::try_from(self.answered[shard] - self.done).unwrap_or(usize::MAX);
        self.answered[shard] += 1;
        if let Some(answers) = self.open.get_mut(index) {
            answers.batches.push(taken.batch);
            answers.usages.push(taken.usage);
            answers.begun += taken.begun;
            answers.shared.extend(taken.shared);
            answers.ends.published.extend(taken.ends.published);
            answers.ends.receivers.extend(taken.ends.receivers);
        }
    }

    /// Removes the next tick, if it is complete.
    pub(crate) fn next_complete(&mut self) -> Option<Answers> {
        let shards = self.answered.len();
        let complete = self.open.pop_front_if(|answers| answers.batches.len() == shards)?;
        self.done += 1;
        Some(complete)
    }

    /// Returns whether all ticks are complete.
    pub(crate) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }
}
