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

/// The thread of a user, and its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UserRef {
    pub(crate) thread: usize,
    pub(crate) number: u64,
}

impl UserRef {
    /// The numbers of those users that are on this thread.
    pub(crate) fn numbers_on(users: &[Self], thread: usize) -> Vec<u64> {
        users.iter().filter(|user| user.thread == thread).map(|user| user.number).collect()
    }
}

/// All users of a shard.
#[derive(Debug)]
pub(crate) struct UserRegistry {
    shard: Shard,
    threads: usize,
    /// The numbers of users that are gone.
    gone: HashSet<u64>,
    /// The class of each user that was ever started, in the order of their numbers.
    class_of: Vec<u32>,
    /// How many users of each class live, those still stopping included.
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

    /// How many users were ever started.
    pub(crate) fn started(&self) -> u64 {
        self.class_of.len() as u64
    }

    /// How many users of each class live, those still stopping included.
    pub(crate) fn living(&self) -> &[u32] {
        &self.living
    }

    /// A user of this shard, with its thread.
    fn user(&self, number: u64) -> UserRef {
        let thread = self.shard.place(number) % self.threads as u64;
        UserRef { thread: usize::try_from(thread).unwrap_or(0), number }
    }

    /// The user with this number is gone.
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
    /// know, which users of the others have left by themselves, can make a difference. Also returns how many users of
    /// this shard were there.
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

    /// The users with these numbers stop. Returns what to tell them.
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

    /// When [`UserRegistry::next_due`] has something next.
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
mod tests {
    use super::*;
    use crate::plan::ClassId;
    use crate::plan::dispatcher::Dispatcher;
    use crate::plan::load::Users;

    const SECOND: Duration = Duration::from_secs(1);
    const A: ClassId = ClassId(0);

    fn numbers(of: Option<(StopAction, Vec<UserRef>)>) -> Option<(StopAction, Vec<u64>)> {
        of.map(|(fate, users)| (fate, users.into_iter().map(|user| user.number).collect()))
    }

    /// New users of class A with these numbers.
    fn new(numbers: impl IntoIterator<Item = u64>) -> Vec<NewUser> {
        numbers.into_iter().map(|number| NewUser { class: A, number, index: number - 1 }).collect()
    }

    #[test]
    fn users_of_a_shard_go_to_its_threads_in_turn() {
        for (shard, own, expected) in [
            (Shard::WHOLE, vec![1, 2, 3, 4, 5], [vec![1, 3, 5], vec![2, 4]]),
            (Shard::new(1, 3).unwrap(), vec![2, 5, 8], [vec![2, 8], vec![5]]),
        ] {
            let mut registry = UserRegistry::new(shard, 1, 2, SECOND, SECOND);
            let shares = registry.start(&new(own.clone()));
            let seen: Vec<Vec<_>> =
                shares.iter().map(|share| share.iter().map(|new| new.number).collect()).collect();
            assert_eq!(seen, expected);
            registry.gone(own[1]);
            registry.gone(own[1]);
            let living = u32::try_from(own.len()).unwrap() - 1;
            assert_eq!((registry.started(), registry.living()), (own.len() as u64, &[living][..]));
        }
    }

    #[test]
    fn users_that_stop_are_hurried_in_turn() {
        let mut registry = UserRegistry::new(Shard::WHOLE, 1, 1, 5 * SECOND, SECOND);
        registry.start(&new(1..=4));
        let now = Instant::now();
        assert_eq!(
            numbers(registry.stop(&[4, 3], now)),
            Some((StopAction::Tell(StopPhase::Stopping), vec![4, 3]))
        );
        assert_eq!(
            numbers(registry.stop(&[2], now + SECOND)),
            Some((StopAction::Tell(StopPhase::Stopping), vec![2]))
        );
        assert_eq!(registry.due(), Some(now + 5 * SECOND));
        assert_eq!(registry.next_due(now + 4 * SECOND), None);
        let later = now + 5 * SECOND;
        assert_eq!(
            numbers(registry.next_due(later)),
            Some((StopAction::Tell(StopPhase::Leaving), vec![4, 3]))
        );
        assert_eq!(registry.next_due(later), None);
        assert_eq!(registry.due(), Some(now + 6 * SECOND));
        let later = now + 6 * SECOND;
        assert_eq!(numbers(registry.next_due(later)), Some((StopAction::Tell(StopPhase::Leaving), vec![2])));
        assert_eq!(numbers(registry.next_due(later)), Some((StopAction::Drop, vec![4, 3])));
        assert_eq!(registry.next_due(later), None);
    }

    /// The numbers of those that a shard draws out of 11 users of class A, of which two have left by themselves.
    fn draw(shard: Shard, threads: usize, share: f64, seed: u64) -> Vec<u64> {
        let mut registry = UserRegistry::new(shard, 2, threads, SECOND, SECOND);
        let mut roster = Roster::new(Dispatcher::new(&[("a", 1.0, 0), ("b", 1.0, 0)]), Shard::WHOLE);
        roster.ramp_to(&Users::PerClass(vec![11, 0]), 100.0);
        registry.start(&roster.next_change().unwrap().start);
        roster.ramp_to(&Users::PerClass(vec![11, 5]), 100.0);
        registry.start(&roster.next_change().unwrap().start);
        if shard.is_whole() {
            registry.gone(11);
            registry.gone(3);
        }
        let (drawn, own) = registry.draw(&MassDisconnect { share, of: vec![A] }, &roster, seed);
        assert_eq!(
            own,
            (1..=11).filter(|number| shard.holds(*number)).count() - if shard.is_whole() { 2 } else { 0 }
        );
        let mut numbers: Vec<_> = drawn.iter().map(|user| user.number).collect();
        numbers.sort_unstable();
        numbers
    }

    #[test]
    fn a_share_is_drawn_of_those_that_are_there() {
        let whole = |threads, share, seed| draw(Shard::WHOLE, threads, share, seed);
        assert_eq!(whole(1, 1.0, 1), [1, 2, 4, 5, 6, 7, 8, 9, 10]);
        assert_eq!(whole(1, 0.0, 1), [0; 0]);
        for (share, count) in [(0.04, 0), (0.06, 1), (0.5, 5), (0.55, 5), (0.94, 8)] {
            assert_eq!(whole(1, share, 1).len(), count, "{share}");
            assert_eq!(whole(1, share, 1), whole(3, share, 1), "{share}");
        }
        assert_ne!(whole(1, 0.5, 1), whole(1, 0.5, 2));
    }

    #[test]
    fn shards_draw_users_of_their_own_and_the_share_of_all_together() {
        let shards = [0, 1, 2].map(|index| draw(Shard::new(index, 3).unwrap(), 1, 0.5, 1));
        assert_eq!(shards.concat().len(), 6, "{shards:?}");
        for (index, drawn) in shards.iter().enumerate() {
            assert!(drawn.iter().all(|number| (number - 1) % 3 == index as u64), "{shards:?}");
        }
    }

    #[test]
    fn without_a_stop_timeout_they_leave_at_once() {
        let mut registry = UserRegistry::new(Shard::WHOLE, 1, 1, Duration::ZERO, SECOND);
        registry.start(&new([1]));
        let now = Instant::now();
        assert_eq!(numbers(registry.stop(&[1], now)), Some((StopAction::Tell(StopPhase::Leaving), vec![1])));
        assert_eq!(registry.stop(&[], now), None, "nobody stops");
    }
}
