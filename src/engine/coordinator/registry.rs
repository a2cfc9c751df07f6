//! Which user is on which thread, and which users a ramp-down has told to stop.
//!
//! The dispatcher names a class, and the newest user of that class stops. A user that left by itself stays in the list:
//! no user replaces it, and when its turn to stop comes, nothing happens. Users that stop go through the same phases
//! as all users at the end of a run:
//!
//! ```text
//!     stop timeout          leave time
//! Stopping ─────▶ Leaving ─────▶ dropped
//! ```
//! Both times are the same for all users, so the first user in a queue is also the first to be due.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use crate::engine::messages::{NewUser, StopAction};
use crate::engine::user::stop_signal::StopPhase;
use crate::plan::ClassId;
use crate::plan::load::MassDisconnect;
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

/// All users of a run.
#[derive(Debug)]
pub(crate) struct UserRegistry {
    threads: usize,
    /// Users of each class that were not told to stop, the newest last.
    users: Vec<Vec<UserRef>>,
    /// How many users of each class were ever started.
    started: Vec<u64>,
    /// The numbers of users that are gone.
    gone: HashSet<u64>,
    /// The class of each user that was ever started, by its number less one.
    class_of: Vec<u32>,
    /// How many users of each class live, those still stopping included.
    living: Vec<u32>,
    /// The thread of the next user.
    next_thread: usize,
    stop_timeout: Duration,
    leave_time: Duration,
    stopping: VecDeque<(Instant, Vec<UserRef>)>,
    leaving: VecDeque<(Instant, Vec<UserRef>)>,
}

impl UserRegistry {
    /// No users yet. Users that stop have `stop_timeout` to finish their task, and then `leave_time` for on_stop and
    /// DISCONNECT.
    pub(crate) fn new(classes: usize, threads: usize, stop_timeout: Duration, leave_time: Duration) -> Self {
        Self {
            threads,
            users: vec![Vec::new(); classes],
            started: vec![0; classes],
            gone: HashSet::new(),
            class_of: Vec::new(),
            living: vec![0; classes],
            next_thread: 0,
            stop_timeout,
            leave_time,
            stopping: VecDeque::new(),
            leaving: VecDeque::new(),
        }
    }

    /// How many users were ever started.
    pub(crate) fn started(&self) -> u64 {
        self.started.iter().sum()
    }

    /// How many users of a class were ever started.
    pub(crate) fn started_of(&self, class: ClassId) -> u64 {
        self.started[class.0]
    }

    /// How many users of each class have started and were not told to stop. Users that left by themselves count, too.
    pub(crate) fn counts(&self) -> Vec<u64> {
        self.users.iter().map(|users| users.len() as u64).collect()
    }

    /// How many users of each class live, those still stopping included.
    pub(crate) fn living(&self) -> &[u32] {
        &self.living
    }

    /// The user with this number is gone.
    pub(crate) fn gone(&mut self, number: u64) {
        let class = usize::try_from(number - 1).ok().and_then(|index| self.class_of.get(index));
        if let Some(&class) = class
            && self.gone.insert(number)
        {
            self.living[class as usize] -= 1;
        }
    }

    /// Draws the users whose connections a stage drops: a share of those that are there. They are drawn by their
    /// numbers, so they are the same on any number of threads. Also returns how many users were there.
    pub(crate) fn draw(&self, disconnect: &MassDisconnect, seed: u64) -> (Vec<UserRef>, usize) {
        let users = disconnect.of.iter().flat_map(|class| &self.users[class.0]);
        let there = users.filter(|user| !self.gone.contains(&user.number));
        let lot = |user: &UserRef| Random::for_user(seed, "drop_connections", user.number).next_u64();
        let mut drawn: Vec<_> = there.map(|user| (lot(user), *user)).collect();
        drawn.sort_unstable_by_key(|(lot, user)| (*lot, user.number));
        let all = drawn.len();
        let wanted = drawn.len() as f64 * disconnect.share;
        let enough = drawn.iter().enumerate().position(|(count, _)| count as f64 + 0.5 > wanted);
        drawn.truncate(enough.unwrap_or(drawn.len()));
        (drawn.into_iter().map(|(_, user)| user).collect(), all)
    }

    /// Gives new users their numbers and threads. Returns a list for each thread.
    pub(crate) fn start(&mut self, classes: &[ClassId]) -> Vec<Vec<NewUser>> {
        let mut shares = vec![Vec::new(); self.threads];
        for &class in classes {
            let number = self.started() + 1;
            let index = self.started[class.0];
            self.started[class.0] += 1;
            let thread = self.next_thread;
            self.next_thread = (thread + 1) % self.threads;
            self.users[class.0].push(UserRef { thread, number });
            self.class_of.push(u32::try_from(class.0).unwrap_or(u32::MAX));
            self.living[class.0] += 1;
            shares[thread].push(NewUser { class, number, index });
        }
        shares
    }

    /// The newest users of these classes stop. Returns what to tell them.
    pub(crate) fn stop(&mut self, classes: &[ClassId], now: Instant) -> Option<(StopAction, Vec<UserRef>)> {
        let users: Vec<_> = classes.iter().filter_map(|class| self.users[class.0].pop()).collect();
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

    const SECOND: Duration = Duration::from_secs(1);

    fn numbers(of: Option<(StopAction, Vec<UserRef>)>) -> Option<(StopAction, Vec<u64>)> {
        of.map(|(fate, users)| (fate, users.into_iter().map(|user| user.number).collect()))
    }

    #[test]
    fn users_are_spread_over_threads_and_numbers_go_on_counting() {
        let mut registry = UserRegistry::new(2, 2, SECOND, SECOND);
        let (a, b) = (ClassId(0), ClassId(1));
        let shares = registry.start(&[a, a, b]);
        let seen: Vec<Vec<_>> =
            shares.iter().map(|share| share.iter().map(|new| (new.number, new.index)).collect()).collect();
        assert_eq!(seen, [vec![(1, 0), (3, 0)], vec![(2, 1)]]);
        registry.stop(&[a], Instant::now());
        assert_eq!(registry.counts(), [1, 1]);
        let shares = registry.start(&[a]);
        assert_eq!((shares[1][0].number, shares[1][0].index), (4, 2));
        assert_eq!((registry.counts(), registry.started()), (vec![2, 1], 4));
    }

    #[test]
    fn the_newest_stop_and_are_hurried_in_turn() {
        let mut registry = UserRegistry::new(1, 1, 5 * SECOND, SECOND);
        let a = ClassId(0);
        registry.start(&[a, a, a, a]);
        let now = Instant::now();
        assert_eq!(
            numbers(registry.stop(&[a, a], now)),
            Some((StopAction::Tell(StopPhase::Stopping), vec![4, 3]))
        );
        assert_eq!(
            numbers(registry.stop(&[a], now + SECOND)),
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

    #[test]
    fn a_share_is_drawn_of_those_that_are_there() {
        let draw = |threads, share, seed| {
            let mut registry = UserRegistry::new(2, threads, SECOND, SECOND);
            registry.start(&[ClassId(0); 12]);
            registry.start(&[ClassId(1); 5]);
            registry.stop(&[ClassId(0)], Instant::now());
            registry.gone(12);
            registry.gone(3);
            let (drawn, all) = registry.draw(&MassDisconnect { share, of: vec![ClassId(0)] }, seed);
            assert_eq!(all, 10);
            let mut numbers: Vec<_> = drawn.iter().map(|user| user.number).collect();
            numbers.sort_unstable();
            numbers
        };
        assert_eq!(draw(1, 1.0, 1), [1, 2, 4, 5, 6, 7, 8, 9, 10, 11]);
        assert_eq!(draw(1, 0.0, 1), [0; 0]);
        for (share, count) in [(0.04, 0), (0.05, 1), (0.5, 5), (0.55, 6), (0.94, 9)] {
            assert_eq!(draw(1, share, 1).len(), count, "{share}");
            assert_eq!(draw(1, share, 1), draw(3, share, 1), "{share}");
        }
        assert_ne!(draw(1, 0.5, 1), draw(1, 0.5, 2));
    }

    #[test]
    fn without_a_stop_timeout_they_leave_at_once() {
        let mut registry = UserRegistry::new(1, 1, Duration::ZERO, SECOND);
        registry.start(&[ClassId(0)]);
        let now = Instant::now();
        assert_eq!(
            numbers(registry.stop(&[ClassId(0)], now)),
            Some((StopAction::Tell(StopPhase::Leaving), vec![1]))
        );
        assert_eq!(registry.stop(&[ClassId(0)], now), None, "nobody is left");
    }
}
