//! Numbers the users that the dispatcher starts, and says which of them stop.
//!
//! A shard of a run has the roster of the whole run, and tells only of its own users. So they start and stop at the
//! moments at which one process would start and stop them, with the same numbers, indices and classes; the price is that
//! each shard remembers the numbers of all running users. A user that left by itself stays in the roster: no user replaces
//! it, and when its turn to stop comes, nothing happens. This makes the roster the same in every shard, whatever the users
//! of the others do.

use std::time::Duration;

use crate::plan::dispatcher::{Batch, Dispatcher, Pace, changes};
use crate::plan::ids::ClassId;
use crate::plan::load::Users;
use crate::plan::plan::Plan;
use crate::plan::shard::Shard;

/// A user to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewUser {
    /// Its class.
    pub class: ClassId,
    /// Its number among all users of the run, counted from 1.
    pub number: u64,
    /// Its number among the users of its class, counted from 0.
    pub index: u64,
}

/// What happens at one moment of a ramp.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Change {
    /// Users of this shard to start, in this order.
    pub start: Vec<NewUser>,
    /// The numbers of users of this shard to stop, in this order: the newest of their class.
    pub stop: Vec<u64>,
    /// How many users start in all shards.
    pub starts_in_all: u32,
    /// How many users stop in all shards.
    pub stops_in_all: u32,
    /// Pause after it, zero after the ramp's last.
    pub wait: Duration,
}

/// The users of a run, as the dispatcher gives them out.
#[derive(Debug, Clone)]
pub struct Roster {
    dispatcher: Dispatcher,
    shard: Shard,
    /// The numbers of the running users of each class in all shards, the newest last.
    running: Vec<Vec<u64>>,
    /// How many users of each class were ever started in all shards.
    started: Vec<u64>,
    /// How many users of each class run in this shard.
    counts: Vec<u32>,
}

impl Roster {
    /// The roster of a plan's shard, without users.
    pub fn of(plan: &Plan) -> Self {
        Self::new(Dispatcher::for_classes(&plan.classes), plan.shard)
    }

    /// The same of all shards together.
    pub fn of_all(plan: &Plan) -> Self {
        Self::new(Dispatcher::for_classes(&plan.classes), Shard::WHOLE)
    }

    /// A roster of this shard; the dispatcher must have no users yet.
    pub fn new(dispatcher: Dispatcher, shard: Shard) -> Self {
        let classes = dispatcher.counts().len();
        Self {
            dispatcher,
            shard,
            running: vec![Vec::new(); classes],
            started: vec![0; classes],
            counts: vec![0; classes],
        }
    }

    /// How many users of each class run in this shard.
    pub fn counts(&self) -> &[u32] {
        &self.counts
    }

    /// How many users of each class run in all shards.
    pub fn counts_in_all(&self) -> &[u32] {
        self.dispatcher.counts()
    }

    /// How many users of each class were ever started in all shards.
    pub fn started_in_all(&self) -> &[u64] {
        &self.started
    }

    /// The numbers of the running users of a class in all shards, the newest last.
    pub fn running_in_all(&self, class: ClassId) -> &[u64] {
        &self.running[class.0]
    }

    /// Begins a ramp to what a stage of a load wants. See [`Dispatcher::ramp_to`].
    pub fn ramp_to(&mut self, users: &Users, spawn_rate: f64) {
        self.dispatcher.ramp_to(users, spawn_rate);
    }

    /// Begins a ramp to these numbers of users of each class that starts and stops them evenly within this time.
    pub fn ramp_within(&mut self, counts: &[u32], time: Duration) {
        let users = Users::PerClass(counts.to_vec());
        let pace = Pace::within(time, changes(self.counts_in_all(), &users));
        self.dispatcher.ramp_to(&users, 1.0);
        self.dispatcher.set_pace(pace);
    }

    /// The next change of the ramp, or nothing after its last. It may tell of no user of this shard.
    pub fn next_change(&mut self) -> Option<Change> {
        let Batch { start, stop, wait } = self.dispatcher.next_batch()?;
        let many = |classes: &[ClassId]| u32::try_from(classes.len()).unwrap_or(u32::MAX);
        let mut change =
            Change { starts_in_all: many(&start), stops_in_all: many(&stop), wait, ..Change::default() };
        for class in stop {
            if let Some(number) = self.running[class.0].pop()
                && self.shard.holds(number)
            {
                self.counts[class.0] -= 1;
                change.stop.push(number);
            }
        }
        let mut number: u64 = self.started.iter().sum();
        for class in start {
            number += 1;
            let index = self.started[class.0];
            self.started[class.0] += 1;
            self.running[class.0].push(number);
            if self.shard.holds(number) {
                self.counts[class.0] += 1;
                change.start.push(NewUser { class, number, index });
            }
        }
        Some(change)
    }

    /// How many users of each class this shard will have at the end of the ramp. It takes as long as all changes of the
    /// ramp.
    pub fn goal(&self) -> Vec<u32> {
        let mut ahead = self.clone();
        while ahead.next_change().is_some() {}
        ahead.counts
    }
}

#[cfg(test)]
mod tests;
