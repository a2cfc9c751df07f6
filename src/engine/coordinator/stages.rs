//! Which stage a run is in, and when its next users start or stop.
//!
//! Only times and numbers: what is due is asked for with the present moment, and the coordinator acts on it. A stage
//! begins at the moment at which the one before should have ended, not when that was noticed, so that late ticks do
//! not make a run of many stages longer.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::plan::dispatcher::{Batch, Dispatcher};
use crate::plan::load::{Stage, StageClock, Users};
use crate::plan::reconnect::Reconnect;
use crate::plan::{Plan, UserClass};

/// How often somebody who waits is told so.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// How long a stage waits at least for connections after the last one.
const LEAST_PATIENCE: Duration = Duration::from_mins(1);

/// The stages of a run, one of them at present.
#[derive(Debug)]
pub(crate) struct Stages {
    plan: Arc<Plan>,
    dispatcher: Dispatcher,
    index: usize,
    /// When the next batch of users starts or stops, while the ramp lasts.
    next_batch: Option<Instant>,
    /// When the stage is over, if that is known.
    ends: Option<Instant>,
    /// When to tell again that users are missing, while the stage waits for their connections.
    tell: Option<Instant>,
    /// How many were missing since when, the last time that it was told.
    missing: Option<(u64, Instant)>,
}

impl Stages {
    /// The first stage begins.
    pub(crate) fn begin(plan: Arc<Plan>, at: Instant) -> Self {
        let dispatcher = Dispatcher::for_classes(&plan.classes);
        let mut stages =
            Self { plan, dispatcher, index: 0, next_batch: None, ends: None, tell: None, missing: None };
        stages.enter(0, at);
        stages
    }

    fn enter(&mut self, index: usize, at: Instant) -> bool {
        let Some(stage) = self.plan.load.stages.get(index) else { return false };
        self.dispatcher.ramp_to(&stage.users, stage.spawn_rate);
        self.next_batch = Some(at);
        self.ends = match stage.clock {
            StageClock::Begin => stage.duration.map(|duration| at + duration),
            StageClock::Connected => None,
        };
        (self.tell, self.missing) = (None, None);
        self.index = index;
        true
    }

    /// The present one.
    pub(crate) fn stage(&self) -> Option<&Stage> {
        self.plan.load.stages.get(self.index)
    }

    /// Which one that is, from 0.
    pub(crate) fn index(&self) -> usize {
        self.index
    }

    /// What the log says as it begins; without stages, in Locust's words.
    pub(crate) fn announcement(&self) -> String {
        let Some(stage) = self.stage() else { return String::new() };
        let users = match &stage.users {
            Users::Total(users) => users.to_string(),
            Users::PerClass(counts) => format!("{:?}", self.plan.by_class(counts)),
        };
        let ramp = format!("amping to {users} users at a rate of {:.2} per second", stage.spawn_rate);
        if !self.plan.load.is_staged() {
            return format!("R{ramp}");
        }
        let name = stage.name.as_ref().map(|name| format!(" (`{name}`)")).unwrap_or_default();
        format!("Stage {} of {}{name}: r{ramp}", self.index + 1, self.plan.load.stages.len())
    }

    /// Whether no user will ever be started any more.
    pub(crate) fn all_started(&self) -> bool {
        self.next_batch.is_none() && self.index + 1 >= self.plan.load.stages.len()
    }

    /// When there is something to do next.
    pub(crate) fn due(&self) -> Option<Instant> {
        [self.next_batch, self.ends, self.tell].into_iter().flatten().min()
    }

    /// The users to start and stop now, if some are due, and whether the ramp is over with them.
    pub(crate) fn next_batch(&mut self, now: Instant) -> Option<(Batch, bool)> {
        let planned = self.next_batch.filter(|at| *at <= now)?;
        let batch = self.dispatcher.next_batch().unwrap_or_default();
        // As in Locust, lateness is not caught up with.
        self.next_batch = (!batch.wait.is_zero()).then(|| (planned + batch.wait).max(now));
        Some((batch, self.next_batch.is_none()))
    }

    /// Whether the present stage waits for the connections of its users.
    pub(crate) fn is_waiting(&self) -> bool {
        self.tell.is_some()
    }

    /// The ramp is over, and users are missing whose connections the stage waits for.
    pub(crate) fn wait(&mut self, now: Instant) {
        self.tell = Some(now + TELL_EVERY);
    }

    /// Whether it is time to tell that users are missing.
    pub(crate) fn must_tell(&mut self, now: Instant) -> bool {
        let due = self.tell.is_some_and(|at| at <= now);
        if due {
            self.tell = Some(now + TELL_EVERY);
        }
        due
    }

    /// Whether so many users have been missing for longer than it takes to connect, since nobody has come for so long.
    pub(crate) fn is_out_of_patience(&mut self, missing: u64, now: Instant) -> bool {
        let (of, since) = *self.missing.get_or_insert((missing, now));
        if of != missing {
            self.missing = Some((missing, now));
        }
        of == missing && now.saturating_duration_since(since) >= self.patience()
    }

    /// Two connects that take as long as they may and the longest pause before each, but a minute at least.
    fn patience(&self) -> Duration {
        let of = |class: &UserClass| {
            let pause = match &class.reconnection {
                Reconnect::Never => Duration::ZERO,
                Reconnect::After(pauses) => pauses.max,
            };
            pause.saturating_add(self.plan.brokers[class.broker.0].connect_timeout).saturating_mul(2)
        };
        self.plan.classes.iter().map(of).fold(LEAST_PATIENCE, Duration::max)
    }

    /// All users are connected: the clock of the stage starts.
    pub(crate) fn start_clock(&mut self, now: Instant) {
        self.tell = None;
        self.ends = self.stage().and_then(|stage| stage.duration).map(|duration| now + duration);
    }

    /// Whether the present stage is over.
    pub(crate) fn is_over(&self, now: Instant) -> bool {
        self.ends.is_some_and(|at| at <= now)
    }

    /// Goes on to the next stage, if there is one.
    pub(crate) fn advance(&mut self, now: Instant) -> bool {
        let at = self.ends.unwrap_or(now);
        self.enter(self.index + 1, at)
    }

    /// Nothing is due any more.
    pub(crate) fn halt(&mut self) {
        (self.next_batch, self.ends, self.tell) = (None, None, None);
    }
}
