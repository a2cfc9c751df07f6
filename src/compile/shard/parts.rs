//! The parts of a limit of the load: each shard gets what its users would have done when one process had used it up.
//!
//! So all shards reach their parts at about that moment. A part that users cannot use up would never end its shard, so no
//! part is larger than what they can do. How long a broker takes is not known before the run, so it is assumed.

use std::time::Duration;

use crate::compile::problems::LONGEST;

/// What the users of a class do for the limit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// Before its first task.
    pub(super) at_once: f64,
    /// When that is over, in seconds after its start.
    pub(super) begins_s: f64,
    /// From then on.
    pub(super) per_s: f64,
    /// In all, if not as much as it likes.
    pub(super) most: Option<u64>,
}

/// A user of the run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Worker {
    pub(super) shard: u32,
    pub(super) class: usize,
    pub(super) starts: Duration,
    pub(super) stops: Duration,
}

impl Worker {
    /// What it has done so many seconds after the start of the run.
    fn done(&self, paces: &[Pace], now_s: f64) -> f64 {
        let pace = &paces[self.class];
        let time_s = now_s.min(self.stops.as_secs_f64()) - self.starts.as_secs_f64();
        if time_s < 0.0 {
            return 0.0;
        }
        let done = pace.at_once + pace.per_s * (time_s - pace.begins_s).max(0.0);
        pace.most.map_or(done, |most| done.min(most as f64))
    }
}

/// What all users of each shard can do, `None` if there is no end of it.
pub(super) fn most(workers: &[Worker], paces: &[Pace], shards: u32) -> Vec<Option<u64>> {
    let mut all = vec![Some(0_u64); shards as usize];
    for worker in workers {
        let most = &mut all[worker.shard as usize];
        *most = most.zip(paces[worker.class].most).map(|(sum, more)| sum.saturating_add(more));
    }
    all
}

/// The part of each shard, if each of them can do `most`. They add up to the limit, if all shards together can reach it.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a whole number from 0 to the limit"
)]
pub(super) fn parts(limit: u64, workers: &[Worker], paces: &[Pace], most: &[Option<u64>]) -> Vec<u64> {
    let done = |now_s| workers.iter().map(|worker| worker.done(paces, now_s)).sum::<f64>();
    let (mut early, mut late) = (-1.0, LONGEST.as_secs_f64());
    for _ in 0..64 {
        let middle = f64::midpoint(early, late);
        *if done(middle) < limit as f64 { &mut early } else { &mut late } = middle;
    }
    // Many may do something at the very moment.
    let (before, with) = (done(early), done(late));
    let share = if with > before { ((limit as f64 - before) / (with - before)).min(1.0) } else { 1.0 };
    let mut by_shard = vec![0.0; most.len()];
    for worker in workers {
        let (before, with) = (worker.done(paces, early), worker.done(paces, late));
        by_shard[worker.shard as usize] += before + (with - before) * share;
    }
    let all: f64 = by_shard.iter().sum();
    // Rounded where the parts of two shards meet, so that nothing is lost between them.
    let (mut sum, mut before) = (0.0, 0);
    let rounded = |share: f64| if share < 1.0 { (limit as f64 * share) as u64 } else { limit };
    let mut parts: Vec<u64> = by_shard
        .iter()
        .map(|done| {
            sum += done;
            let up_to = rounded(if all > 0.0 { sum / all } else { 0.0 });
            let part = up_to - before;
            before = up_to;
            part
        })
        .collect();
    for (part, most) in parts.iter_mut().zip(most) {
        *part = most.map_or(*part, |most| most.min(*part));
    }
    let mut rest = limit - parts.iter().sum::<u64>();
    for (part, most) in parts.iter_mut().zip(most) {
        let more = most.map_or(rest, |most| rest.min(most - *part));
        *part += more;
        rest -= more;
    }
    parts
}

#[cfg(test)]
mod tests;
