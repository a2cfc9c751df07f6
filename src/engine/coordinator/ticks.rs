//! Matches the answers of the threads with the ticks that the coordinator asked for.
//!
//! Each thread answers in the order in which it was asked, so counting the answers of a thread tells which tick an answer
//! is for. A tick is complete when all threads have answered.

use std::collections::VecDeque;

use crate::client::PacketBytes;
use crate::engine::messages::{BothEnds, Taken};
use crate::engine::resources::ResourceUsage;
use crate::stats::UnixMicros;
use crate::stats::batch::Batch;
use crate::stats::delivery::group::SharedMessage;

#[derive(Debug)]
pub(crate) struct Answers {
    pub(crate) at: UnixMicros,
    pub(crate) batches: Vec<Batch>,
    pub(crate) usages: Vec<ResourceUsage>,
    /// What all sessions have sent and received since the run began; `None` if that is not counted.
    pub(crate) packet_bytes: Option<PacketBytes>,
    /// How many task runs began that a rate search counts.
    pub(crate) begun: u64,
    /// What arrived in shared groups that are measured.
    pub(crate) shared: Vec<SharedMessage>,
    pub(crate) ends: BothEnds,
    pub(crate) last: bool,
}

/// The ticks that not all threads have answered.
#[derive(Debug)]
pub(crate) struct Ticks {
    open: VecDeque<Answers>,
    /// How many are complete.
    done: u64,
    /// How many each thread has answered.
    answered: Vec<u64>,
}

impl Ticks {
    pub(crate) fn new(threads: usize) -> Self {
        Self { open: VecDeque::new(), done: 0, answered: vec![0; threads] }
    }

    /// All threads were asked for their records up to a tick.
    pub(crate) fn ask(&mut self, at: UnixMicros, last: bool) {
        let threads = self.answered.len();
        let (batches, usages) = (Vec::with_capacity(threads), Vec::with_capacity(threads));
        let (shared, ends) = (Vec::new(), BothEnds::default());
        let packet_bytes = Some(PacketBytes::default());
        self.open.push_back(Answers { at, batches, usages, packet_bytes, begun: 0, shared, ends, last });
    }

    pub(crate) fn answer(&mut self, thread: usize, taken: Taken) {
        let index = usize::try_from(self.answered[thread] - self.done).unwrap_or(usize::MAX);
        self.answered[thread] += 1;
        if let Some(answers) = self.open.get_mut(index) {
            answers.batches.push(taken.batch);
            answers.usages.push(taken.usage);
            answers.packet_bytes = answers.packet_bytes.zip(taken.packet_bytes).map(|(mut all, one)| {
                all.add(one);
                all
            });
            answers.begun += taken.begun;
            answers.shared.extend(taken.shared);
            answers.ends.published.extend(taken.ends.published);
            answers.ends.receivers.extend(taken.ends.receivers);
        }
    }

    pub(crate) fn next_complete(&mut self) -> Option<Answers> {
        let threads = self.answered.len();
        let complete = self.open.pop_front_if(|answers| answers.batches.len() == threads)?;
        self.done += 1;
        Some(complete)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }
}
