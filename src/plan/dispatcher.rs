//! Locust's dispatcher: chooses the class of the next user and its start.
//!
//! It follows Locust to the last bit of its floating-point numbers (`locust/dispatch.py` of 2.47, its answers in
//! `tests/fixtures/dispatch_cases.json`), so that a scenario starts the same users in the same order as the
//! locustfile it replaces. Users are computed on demand, with a heap of classes and without a list of
//! future users.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::time::Duration;

use crate::plan::ids::ClassId;
use crate::plan::load::Users;
use crate::plan::user_class::UserClass;

/// Hands out users by weight and `fixed_count` at the pace of a spawn rate, and takes them back.
#[derive(Debug, Clone)]
pub struct Dispatcher {
    fixed_counts: Vec<u32>,
    /// Place of each class's name in byte order, which decides ties.
    ranks: Vec<usize>,
    weighted: Picker,
    /// Users still to be given out of a round of missing fixed ones, with who comes next.
    fixed: Option<(u64, Picker)>,
    /// Whether fixed users may be missing: at the start and after any was taken back.
    look_for_fixed: bool,
    /// The running users, in the order of their start.
    running: Vec<ClassId>,
    /// How many of each class are in `running` and stopped: the newest of it. Taken out when a ramp begins, since
    /// each time would cost a pass over all users.
    stopped: Vec<u32>,
    counts: Vec<u32>,
    ramp: Option<Ramp>,
}

/// What happens at one moment of a ramp.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Batch {
    /// Users to start, in this order.
    pub start: Vec<ClassId>,
    /// Users to stop, in this order; which one of the class is the caller's choice.
    pub stop: Vec<ClassId>,
    /// Pause after it, zero after the ramp's last.
    pub wait: Duration,
}

/// Locust's pace: a whole number of users at a time, so that 2.5 users per second are 2 each 0.8 s.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// Users at a time.
    pub batch: u32,
    /// Pause after a batch.
    pub wait: Duration,
}

#[derive(Debug, Clone)]
struct Ramp {
    goal: Goal,
    pace: Pace,
}

/// Where a ramp leads.
#[derive(Debug, Clone)]
enum Goal {
    /// So many users, of whichever classes are due.
    Total(usize),
    /// So many of each class: who stops, in this order, and a mix of those that were missing at the start.
    Counts { counts: Vec<u32>, surplus: std::vec::IntoIter<ClassId>, missing: Picker },
}

impl Pace {
    /// The pace of a spawn rate above 0, in users per second.
    pub fn new(spawn_rate: f64) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "saturates, and a batch of 2^32 users is all there can be"
        )]
        let batch = spawn_rate.floor().max(1.0) as u32;
        let wait = Duration::try_from_secs_f64(f64::from(batch) / spawn_rate).unwrap_or(Duration::MAX);
        Self { batch, wait }
    }

    /// The pace at which so many users start or stop evenly within this time: in twenty batches, or one by one.
    pub fn within(time: Duration, users: u32) -> Self {
        let batches = users.clamp(1, 20);
        Self { batch: users.div_ceil(batches).max(1), wait: time / batches }
    }

    /// How long it takes to start (or stop) so many users: from the first batch to the last.
    pub fn time_for(&self, users: u32) -> Duration {
        self.wait.saturating_mul(users.div_ceil(self.batch).saturating_sub(1))
    }
}

impl Dispatcher {
    /// A dispatcher without users for classes of these names, weights and fixed counts; a weight counts only
    /// without a fixed count, and 0 is never picked.
    pub fn new(classes: &[(&str, f64, u32)]) -> Self {
        let mut by_name: Vec<usize> = (0..classes.len()).collect();
        by_name.sort_by_key(|id| classes[*id].0);
        let mut ranks = vec![0; classes.len()];
        for (rank, id) in by_name.into_iter().enumerate() {
            ranks[id] = rank;
        }
        let weights = classes.iter().enumerate().filter(|(_, class)| class.2 == 0);
        Self {
            fixed_counts: classes.iter().map(|class| class.2).collect(),
            weighted: Picker::new(weights.map(|(id, class)| (ClassId(id), ranks[id], class.1))),
            ranks,
            fixed: None,
            look_for_fixed: true,
            running: Vec::new(),
            stopped: vec![0; classes.len()],
            counts: vec![0; classes.len()],
            ramp: None,
        }
    }

    /// A dispatcher for the classes of a plan; its ids are theirs.
    pub fn for_classes(classes: &[UserClass]) -> Self {
        let classes: Vec<_> =
            classes.iter().map(|class| (class.name.as_str(), class.weight, class.fixed_count)).collect();
        Self::new(&classes)
    }

    /// How many users of each class there are, by the batches so far.
    pub fn counts(&self) -> &[u32] {
        &self.counts
    }

    /// Begins a ramp from the present number of users up or down to `target`, with a spawn rate above 0;
    /// one that is under way ends where it is.
    pub fn ramp(&mut self, target: u32, spawn_rate: f64) {
        self.forget_stopped();
        self.ramp = Some(Ramp { goal: Goal::Total(target as usize), pace: Pace::new(spawn_rate) });
    }

    /// Begins a ramp to these numbers of users of each class, whatever their weights and fixed counts.
    ///
    /// Locust has no such thing, so the rest follows its fixed counts: users that are missing are mixed by how
    /// many of each class are, and of a class with too many the last given out are taken back. Both go on side
    /// by side, each at the pace, so that exchanging one class for another keeps the load up.
    pub fn ramp_to_counts(&mut self, counts: &[u32], spawn_rate: f64) {
        self.forget_stopped();
        let mut left: Vec<u32> =
            counts.iter().zip(&self.counts).map(|(wanted, has)| has.saturating_sub(*wanted)).collect();
        let newest = self.running.iter().rev().copied();
        let surplus: Vec<_> = newest.filter(|class| take_one(&mut left[class.0])).collect();
        let missing = counts.iter().zip(&self.counts).map(|(wanted, has)| wanted.saturating_sub(*has));
        let missing = missing.zip(&self.ranks).enumerate();
        let missing = Picker::new(missing.map(|(id, (count, rank))| (ClassId(id), *rank, f64::from(count))));
        let goal = Goal::Counts { counts: counts.to_vec(), surplus: surplus.into_iter(), missing };
        self.ramp = Some(Ramp { goal, pace: Pace::new(spawn_rate) });
        // A later ramp to a number of users looks afresh at who is missing.
        self.fixed = None;
        self.look_for_fixed = true;
    }

    /// Begins a ramp to what a stage of a load wants.
    pub fn ramp_to(&mut self, users: &Users, spawn_rate: f64) {
        match users {
            Users::Total(users) => self.ramp(*users, spawn_rate),
            Users::PerClass(counts) => self.ramp_to_counts(counts, spawn_rate),
        }
    }

    /// Gives the ramp under way another pace.
    pub fn set_pace(&mut self, pace: Pace) {
        if let Some(ramp) = &mut self.ramp {
            ramp.pace = pace;
        }
    }

    /// The next batch of the ramp, or nothing after its last.
    ///
    /// As in Locust, a ramp to where one already is has one empty batch, and one that finds no class to pick
    /// (only fixed counts, and the target above them) ends with the batch that could not be filled.
    pub fn next_batch(&mut self) -> Option<Batch> {
        let Ramp { mut goal, pace } = self.ramp.take()?;
        let most = pace.batch as usize;
        let (mut batch, over) = match &mut goal {
            Goal::Total(target) => self.towards_total(*target, most),
            Goal::Counts { counts, surplus, missing } => {
                let stop: Vec<_> = surplus.take(most).collect();
                self.towards_counts(counts, stop, missing, most)
            }
        };
        if !over {
            batch.wait = pace.wait;
            self.ramp = Some(Ramp { goal, pace });
        }
        Some(batch)
    }

    /// How many users of each class there will be at the end of the ramp. It takes as long as all batches of the ramp.
    pub fn goal(&self) -> Vec<u32> {
        let mut ahead = self.clone();
        while ahead.next_batch().is_some() {}
        ahead.counts
    }

    /// One batch of at most `most` users, and whether it is the last one.
    fn towards_total(&mut self, target: usize, most: usize) -> (Batch, bool) {
        let mut batch = Batch::default();
        if self.running.len() > target {
            let stop = most.min(self.running.len() - target);
            batch.stop.extend(self.running.drain(self.running.len() - stop..).rev());
            for class in &batch.stop {
                self.counts[class.0] -= 1;
            }
            self.look_for_fixed = true;
        } else {
            for _ in 0..most.min(target - self.running.len()) {
                let Some(class) = self.pick() else { return (batch, true) };
                self.start(class, &mut batch);
            }
        }
        let over = self.running.len() == target;
        (batch, over)
    }

    /// One batch that stops these users and starts at most `most`, and whether it is the last one.
    fn towards_counts(
        &mut self,
        counts: &[u32],
        stop: Vec<ClassId>,
        missing: &mut Picker,
        most: usize,
    ) -> (Batch, bool) {
        for class in &stop {
            self.counts[class.0] -= 1;
            self.stopped[class.0] += 1;
        }
        let mut batch = Batch { stop, ..Batch::default() };
        let lacking = total(counts.iter().zip(&self.counts).map(|(wanted, has)| wanted.saturating_sub(*has)));
        for _ in 0..most.min(lacking) {
            if let Some(class) = missing.pick() {
                self.start(class, &mut batch);
            }
        }
        let over = counts == self.counts;
        (batch, over)
    }

    /// Takes those out of `running` that were stopped by class.
    fn forget_stopped(&mut self) {
        if self.stopped.iter().any(|stopped| *stopped > 0) {
            let stopped = &mut self.stopped;
            let newest = self.running.iter().rev().copied();
            let mut running: Vec<_> = newest.filter(|class| !take_one(&mut stopped[class.0])).collect();
            running.reverse();
            self.running = running;
        }
    }

    fn start(&mut self, class: ClassId, batch: &mut Batch) {
        self.counts[class.0] += 1;
        self.running.push(class);
        batch.start.push(class);
    }

    /// The class of the next user: first those missing to the fixed counts, then by weight.
    fn pick(&mut self) -> Option<ClassId> {
        loop {
            if let Some((left, picker)) = &mut self.fixed {
                if *left > 0 {
                    *left -= 1;
                    return picker.pick();
                }
                self.fixed = None;
            }
            if !self.look_for_fixed {
                return self.weighted.pick();
            }
            // Only between two rounds: a round that a ramp-down cut short is finished first.
            self.look_for_fixed = false;
            let missing =
                self.fixed_counts.iter().zip(&self.counts).map(|(wanted, has)| wanted.saturating_sub(*has));
            let left = missing.clone().map(u64::from).sum();
            let missing = missing.zip(&self.ranks).enumerate();
            let picker =
                Picker::new(missing.map(|(id, (count, rank))| (ClassId(id), *rank, f64::from(count))));
            self.fixed = Some((left, picker));
        }
    }
}

/// Takes one of what is left, if something is.
fn take_one(left: &mut u32) -> bool {
    let some = *left > 0;
    *left -= u32::from(some);
    some
}

/// A number of users in all.
fn total(counts: impl Iterator<Item = u32>) -> usize {
    usize::try_from(counts.map(u64::from).sum::<u64>()).unwrap_or(usize::MAX)
}

/// Picks classes so that their shares come as near to their weights as they can at each moment: greedy by
/// Kullback-Leibler divergence.
#[derive(Debug, Clone)]
struct Picker(BinaryHeap<Reverse<Candidate>>);

/// A class in the running. The smallest gain is picked; ties go by the other fields in their order.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    /// How much picking it changes the divergence.
    gain: f64,
    /// Its weight and how often it was picked, as Locust adds them up.
    x: f64,
    weight: f64,
    /// Place of its name in byte order.
    rank: usize,
    class: ClassId,
}

impl Picker {
    /// Of classes with ranks and weights; those of weight 0 are never picked.
    fn new(classes: impl Iterator<Item = (ClassId, usize, f64)>) -> Self {
        let candidates = classes.filter(|(_, _, weight)| *weight > 0.0).map(|(class, rank, weight)| {
            let gain = weight * (weight / (weight + 1.0)).log2();
            Reverse(Candidate { gain, x: weight + 1.0, weight, rank, class })
        });
        Self(candidates.collect())
    }

    fn pick(&mut self) -> Option<ClassId> {
        let mut top = self.0.peek_mut()?;
        let Reverse(candidate) = &mut *top;
        candidate.gain = candidate.weight * (candidate.x / (candidate.x + 1.0)).log2();
        candidate.x += 1.0;
        let class = candidate.class;
        // Sinks to its new place.
        drop(top);
        Some(class)
    }
}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.gain.total_cmp(&other.gain))
            .then(self.x.total_cmp(&other.x))
            .then(self.weight.total_cmp(&other.weight))
            .then(self.rank.cmp(&other.rank))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Candidate {}

/// How many users a ramp starts or stops, whichever are more.
pub(super) fn changes(has: &[u32], wanted: &Users) -> u32 {
    match wanted {
        Users::Total(users) => users.abs_diff(has.iter().sum()),
        Users::PerClass(counts) => {
            let pairs = || counts.iter().zip(has);
            let missing: u32 = pairs().map(|(wanted, has)| wanted.saturating_sub(*has)).sum();
            missing.max(pairs().map(|(wanted, has)| has.saturating_sub(*wanted)).sum())
        }
    }
}

#[cfg(test)]
mod tests;
