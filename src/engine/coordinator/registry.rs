//! Which user is on which thread, and which users a ramp-down has told to stop.
//!
//! The roster says which users start and stop. The users of a shard go to its threads in turn. Users that stop go through
//! the same phases as all users at the end of a run:
//!
//! ```text
//!     stop timeout          leave time
//! Stopping ─────▶ Leaving ─────▶ dropped
//! ```
//! Both times are the same for all users, so the first user in a queue is also the first to be due.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use crate::engine::messages::StopAction;
use crate::engine::user::stop_signal::StopPhase;
use crate::plan::load::MassDisconnect;
use crate::plan::roster::{NewUser, Roster};
use crate::plan::shard::Shard;
use crate::template::random::Random;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UserRef {
    pub(crate) thread: usize,
    pub(crate) number: u64,
}

impl UserRef {
    pub(crate) fn numbers_on(users: &[Self], thread: usize) -> Vec<u64> {
        users.iter().filter(|user| user.thread == thread).map(|user| user.number).collect()
    }
}

#[derive(Debug)]
pub(crate) struct UserRegistry {
    shard: Shard,
    threads: usize,
    gone: HashSet<u64>,
    /// The class of each user that was ever started, in the order of their numbers.
    class_of: Vec<u32>,
    /// Those still stopping included.
    living: Vec<u32>,
    stop_timeout: Duration,
    leave_time: Duration,
    stopping: VecDeque<(Instant, Vec<UserRef>)>,
    leaving: VecDeque<(Instant, Vec<UserRef>)>,
}

impl UserRegistry {
    /// No users of this shard yet. Users that stop have `stop_timeout` to finish their task, and then `leave_time` for
    /// on_stop and DISCONNECT.
    pub(crate) fn new(
        shard: Shard,
        classes: usize,
        threads: usize,
        stop_timeout: Duration,
        leave_time: Duration,
    ) -> Self {
        Self {
            shard,
            threads,
            gone: HashSet::new(),
            class_of: Vec::new(),
            living: vec![0; classes],
            stop_timeout,
            leave_time,
            stopping: VecDeque::new(),
            leaving: VecDeque::new(),
        }
    }

    /// Ever.
    pub(crate) fn started(&self) -> u64 {
        self.class_of.len() as u64
    }

    /// Those still stopping included.
    pub(crate) fn living(&self) -> &[u32] {
        &self.living
    }

    fn user(&self, number: u64) -> UserRef {
        let thread = self.shard.place(number) % self.threads as u64;
        UserRef { thread: usize::try_from(thread).unwrap_or(0), number }
    }

    pub(crate) fn gone(&mut self, number: u64) {
        let place = usize::try_from(self.shard.place(number)).ok();
        let class = place.and_then(|place| self.class_of.get(place));
        if let Some(&class) = class
            && self.gone.insert(number)
        {
            self.living[class as usize] -= 1;
        }
    }

    /// Draws the users whose connections a stage drops: a share of those that are there. They are drawn by their
    /// numbers, so they are the same on any number of threads and in any number of shards; only what a shard cannot
    /// know, which users of the others have left by themselves, can make a difference. Returns them, and how many
    /// users of this shard were there.
    pub(crate) fn draw(
        &self,
        disconnect: &MassDisconnect,
        roster: &Roster,
        seed: u64,
    ) -> (Vec<UserRef>, usize) {
        let users = disconnect.of.iter().flat_map(|class| roster.running_in_all(*class));
        let there = users.filter(|number| !self.gone.contains(number));
        let lot = |number: &u64| Random::for_user(seed, "drop_connections", *number).next_u64();
        let mut drawn: Vec<_> = there.map(|number| (lot(number), *number)).collect();
        drawn.sort_unstable();
        let is_own = |(_, number): &&(u64, u64)| self.shard.holds(*number);
        let own = drawn.iter().filter(is_own).count();
        let wanted = drawn.len() as f64 * disconnect.share;
        let enough = drawn.iter().enumerate().position(|(count, _)| count as f64 + 0.5 > wanted);
        drawn.truncate(enough.unwrap_or(drawn.len()));
        (drawn.iter().filter(is_own).map(|(_, number)| self.user(*number)).collect(), own)
    }

    /// Gives new users their threads. Returns a list for each thread.
    pub(crate) fn start(&mut self, users: &[NewUser]) -> Vec<Vec<NewUser>> {
        let mut shares = vec![Vec::new(); self.threads];
        for &new in users {
            self.class_of.push(u32::try_from(new.class.0).unwrap_or(u32::MAX));
            self.living[new.class.0] += 1;
            shares[self.user(new.number).thread].push(new);
        }
        shares
    }

    pub(crate) fn stop(&mut self, numbers: &[u64], now: Instant) -> Option<(StopAction, Vec<UserRef>)> {
        let users: Vec<_> = numbers.iter().map(|number| self.user(*number)).collect();
        if users.is_empty() {
            return None;
        }
        if self.stop_timeout.is_zero() {
            return Some(self.leave(users, now));
        }
        self.stopping.push_back((now + self.stop_timeout, users.clone()));
        Some((StopAction::Tell(StopPhase::Stopping), users))
    }

    fn leave(&mut self, users: Vec<UserRef>, now: Instant) -> (StopAction, Vec<UserRef>) {
        self.leaving.push_back((now + self.leave_time, users.clone()));
        (StopAction::Tell(StopPhase::Leaving), users)
    }

    pub(crate) fn due(&self) -> Option<Instant> {
        let first = |queue: &VecDeque<(Instant, Vec<UserRef>)>| queue.front().map(|(at, _)| *at);
        [first(&self.stopping), first(&self.leaving)].into_iter().flatten().min()
    }

    /// The next users whose time is over, and what to tell them. Call it until it returns `None`.
    pub(crate) fn next_due(&mut self, now: Instant) -> Option<(StopAction, Vec<UserRef>)> {
        if let Some((_, users)) = self.stopping.pop_front_if(|(at, _)| *at <= now) {
            return Some(self.leave(users, now));
        }
        let (_, users) = self.leaving.pop_front_if(|(at, _)| *at <= now)?;
        Some((StopAction::Drop, users))
    }
}

#[cfg(test)]
mod tests;
