//! The load as data: the stages of a run and what ends it.
//!
//! A load without stages is one stage without an end of its own, so that there is one way through the code for
//! both.

use std::time::Duration;

use crate::plan::ids::ClassId;
pub use crate::scenario::model::load::After;
use crate::stats::threshold::Threshold;

/// Most users of a run: more connections than one machine can hold, and few enough to list.
pub const MAX_USERS: u32 = 10_000_000;

/// How many users, how fast, how long.
#[derive(Debug, Clone, PartialEq)]
pub struct Load {
    /// Pieces of the run, one after the other; at least one.
    pub stages: Vec<Stage>,
    /// Length of the run, ramps included, if it is shorter than the stages together; `None` does not cut it.
    pub run_time: Option<Duration>,
    /// How long users may finish their task when they are stopped.
    pub stop_timeout: Duration,
    /// The run ends when all users of the shard together have begun so many task runs.
    pub iterations: Option<u64>,
    /// The run ends when all users of the shard together have sent so many messages.
    pub messages: Option<u64>,
    /// A search for the highest rate, which ends the run when it is over.
    pub search: Option<RateSearchSettings>,
}

/// A piece of a run: so many users for so long.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    /// Its name, if it has one.
    pub name: Option<String>,
    /// How many users it leads to.
    pub users: Users,
    /// Users started, and users stopped, per second; above 0.
    pub spawn_rate: f64,
    /// How long it lasts; `None` for ever, which only a load without stages does.
    pub duration: Option<Duration>,
    /// When `duration` begins to count.
    pub after: After,
    /// Whose connections are dropped as it begins.
    pub mass_disconnect: Option<MassDisconnect>,
}

/// Users whose connections are dropped.
#[derive(Debug, Clone, PartialEq)]
pub struct MassDisconnect {
    /// Share of the users that are there, above 0 and up to 1.
    pub share: f64,
    /// The classes whose users are meant.
    pub of: Vec<ClassId>,
}

/// How many users a stage leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Users {
    /// So many in all, by weights and fixed counts.
    Total(u32),
    /// So many of each class of the plan.
    PerClass(Vec<u32>),
}

impl Users {
    /// How many users that is, whatever their classes.
    pub fn total(&self) -> u32 {
        match self {
            Self::Total(users) => *users,
            Self::PerClass(counts) => counts.iter().copied().fold(0, u32::saturating_add),
        }
    }

    /// The same mix of classes with so many users in all.
    ///
    /// Numbers per class keep their proportions by the method of Sainte-Laguë. Of all methods that keep them, it is
    /// one that never stops a user of one class because there is one more in all. If all numbers are 0, weights and
    /// fixed counts decide.
    #[must_use]
    pub fn with_total(&self, total: u32) -> Self {
        let Self::PerClass(shares) = self else { return Self::Total(total) };
        let mut counts = shares.clone();
        let mut now = self.total();
        // Which class is next: the quotient of its share and its odd number of users decides.
        let quotient = |class: usize, users: u32| f64::from(shares[class]) / (2.0 * f64::from(users) - 1.0);
        while now < total {
            let with_one_more = |class: &usize| quotient(*class, counts[*class].saturating_add(1));
            let classes = (0..counts.len()).rev().filter(|class| shares[*class] > 0);
            let Some(next) = classes.max_by(|a, b| with_one_more(a).total_cmp(&with_one_more(b))) else {
                return Self::Total(total);
            };
            counts[next] += 1;
            now += 1;
        }
        while now > total {
            let classes = (0..counts.len()).rev().filter(|class| counts[*class] > 0);
            let last = classes.min_by(|a, b| quotient(*a, counts[*a]).total_cmp(&quotient(*b, counts[*b])));
            let Some(last) = last else { break };
            counts[last] -= 1;
            now -= 1;
        }
        Self::PerClass(counts)
    }
}

impl Load {
    /// Whether the scenario has stages, and not just a number of users.
    pub fn is_staged(&self) -> bool {
        self.stages.iter().any(|stage| stage.duration.is_some())
    }

    /// Whether somebody else says how many users there are: its only stage wants nobody and has no end. No scenario says so.
    pub fn is_driven(&self) -> bool {
        matches!(&*self.stages, [stage] if stage.duration.is_none() && stage.users.total() == 0)
    }

    /// The same load for a run that begins without users, and whose numbers of users somebody else says.
    #[must_use]
    pub fn driven(self, classes: usize, stop_timeout: Duration) -> Self {
        let stage = Stage {
            name: None,
            users: Users::PerClass(vec![0; classes]),
            spawn_rate: 1.0,
            duration: None,
            after: After::AtOnce,
            mass_disconnect: None,
        };
        Self { stages: vec![stage], run_time: None, stop_timeout, ..self }
    }

    /// Whether the run may end since all task runs or messages are used up.
    pub fn is_limited(&self) -> bool {
        self.iterations.is_some() || self.messages.is_some()
    }

    /// The name of a stage, or `stage 2` if it has none.
    pub fn stage_name(&self, index: usize) -> String {
        let named = self.stages.get(index).and_then(|stage| stage.name.clone());
        named.unwrap_or_else(|| format!("stage {}", index + 1))
    }

    /// What stages are called in a sentence: by name, or by number.
    pub fn stage_title(&self, index: usize) -> String {
        match self.stages.get(index).and_then(|stage| stage.name.as_deref()) {
            Some(name) => format!("stage `{name}`"),
            None => format!("stage {}", index + 1),
        }
    }
}

/// A search for the highest rate that the brokers sustain.
#[derive(Debug, Clone, PartialEq)]
pub struct RateSearchSettings {
    /// The lowest rate to try: task runs per second of all classes with a rate.
    pub low: f64,
    /// The highest rate to try.
    pub high: f64,
    /// What must hold of all requests of a step.
    pub until: Threshold,
    /// How long each rate is tried: whole seconds, at least 2.
    pub step: Duration,
    /// The rate of each class without the search, if it has one.
    pub rates: Vec<Option<ClassRate>>,
}

/// The rate of a class, per second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ClassRate {
    /// The rate of each user.
    PerUser(f64),
    /// The rate of all users of the class together.
    PerClass(f64),
}

impl RateSearchSettings {
    /// Returns whether the task runs of a class count.
    pub fn is_rated(&self, class: ClassId) -> bool {
        self.rates.get(class.0).is_some_and(Option::is_some)
    }

    /// The rate of all classes together without the search, if each class has this many users; 0 if no class with a
    /// rate has users.
    pub fn planned(&self, users: &[u32]) -> f64 {
        let of_class = |(rate, users): (&Option<ClassRate>, &u32)| match rate {
            Some(_) if *users == 0 => 0.0,
            Some(ClassRate::PerUser(rate)) => rate * f64::from(*users),
            Some(ClassRate::PerClass(rate)) => *rate,
            None => 0.0,
        };
        self.rates.iter().zip(users).map(of_class).sum()
    }
}

#[cfg(test)]
mod tests;
