//! The users of a shard, as commands for the threads on which they are, and their answers when connections are dropped.

use std::time::Duration;

use tokio::time::Instant;

use crate::engine::coordinator::registry::{UserRef, UserRegistry};
use crate::engine::messages::{Command, StopAction};
use crate::plan::Plan;
use crate::plan::load::MassDisconnect;
use crate::plan::roster::{Change, Roster};

type ForThread = (usize, Command);

#[derive(Debug)]
pub(crate) struct Users {
    threads: usize,
    registry: UserRegistry,
    disconnects: MassDisconnects,
    living: u64,
}

impl Users {
    pub(crate) fn new(plan: &Plan, threads: usize, leave_time: Duration) -> Self {
        let (classes, stop_timeout) = (plan.classes.len(), plan.load.stop_timeout);
        Self {
            threads,
            registry: UserRegistry::new(plan.shard, classes, threads, stop_timeout, leave_time),
            disconnects: MassDisconnects::default(),
            living: 0,
        }
    }

    pub(crate) fn living(&self) -> u64 {
        self.living
    }

    pub(crate) fn living_by_class(&self) -> &[u32] {
        self.registry.living()
    }

    pub(crate) fn started(&self) -> u64 {
        self.registry.started()
    }

    pub(crate) fn gone(&mut self, number: u64) {
        self.living -= 1;
        self.registry.gone(number);
    }

    /// Starts and stops the users of one step of the ramp.
    pub(crate) fn change(&mut self, change: &Change, now: Instant) -> Vec<ForThread> {
        let mut commands = Vec::new();
        if let Some((action, users)) = self.registry.stop(&change.stop, now) {
            self.stop(action, &users, &mut commands);
        }
        self.living += change.start.len() as u64;
        for (thread, share) in self.registry.start(&change.start).into_iter().enumerate() {
            if !share.is_empty() {
                commands.push((thread, Command::Start(share)));
            }
        }
        commands
    }

    pub(crate) fn due(&self) -> Option<Instant> {
        self.registry.due()
    }

    /// Cuts off or drops the users whose time to stop is over.
    pub(crate) fn stop_due(&mut self, now: Instant) -> Vec<ForThread> {
        let mut commands = Vec::new();
        while let Some((action, users)) = self.registry.next_due(now) {
            self.stop(action, &users, &mut commands);
        }
        commands
    }

    fn stop(&self, action: StopAction, users: &[UserRef], commands: &mut Vec<ForThread>) {
        for thread in 0..self.threads {
            let numbers = UserRef::numbers_on(users, thread);
            if !numbers.is_empty() {
                commands.push((thread, Command::StopUsers(action, numbers)));
            }
        }
    }

    /// The stage with this index drops the connections of a share of the users. Every thread gets a command, since
    /// every thread answers.
    pub(crate) fn disconnect(
        &mut self,
        stage: usize,
        share: &MassDisconnect,
        roster: &Roster,
        seed: u64,
    ) -> Vec<ForThread> {
        let (drawn, all) = self.registry.draw(share, roster, seed);
        self.disconnects.begin(stage, all, self.threads);
        let command = |thread| Command::Disconnect(stage, UserRef::numbers_on(&drawn, thread));
        (0..self.threads).map(|thread| (thread, command(thread))).collect()
    }

    /// A thread has dropped this many connections. With the answer of the last thread, returns how many were dropped in
    /// all, and how many users there were.
    pub(crate) fn disconnected(&mut self, stage: usize, connections: u64) -> Option<(u64, usize)> {
        self.disconnects.answer(stage, connections)
    }
}

/// The mass disconnects that not all threads have answered.
#[derive(Debug, Default)]
pub(crate) struct MassDisconnects(Vec<Pending>);

#[derive(Debug)]
struct Pending {
    stage: usize,
    users: usize,
    unanswered: usize,
    dropped: u64,
}

impl MassDisconnects {
    /// The stage with this index drops connections of these many users, on these many threads.
    pub(crate) fn begin(&mut self, stage: usize, users: usize, threads: usize) {
        self.0.push(Pending { stage, users, unanswered: threads, dropped: 0 });
    }

    /// A thread has dropped this many. With the answer of the last thread, returns how many were dropped in all, and
    /// how many users there were.
    pub(crate) fn answer(&mut self, stage: usize, dropped: u64) -> Option<(u64, usize)> {
        let index = self.0.iter().position(|pending| pending.stage == stage)?;
        let pending = &mut self.0[index];
        pending.unanswered -= 1;
        pending.dropped += dropped;
        if pending.unanswered > 0 {
            return None;
        }
        let pending = self.0.swap_remove(index);
        Some((pending.dropped, pending.users))
    }
}

#[cfg(test)]
mod tests;
