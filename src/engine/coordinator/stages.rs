//! Which stage a run is in, and when its next users start or stop.
//!
//! This holds times and numbers only; the caller gives the present moment and acts on the answers. A stage begins when
//! the stage before should have ended, and not when that was noticed. So late ticks do not make a run of many stages
//! longer.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::engine::run_control::UserChange;
use crate::plan::load::{After, Stage, Users};
use crate::plan::reconnect::Reconnect;
use crate::plan::roster::{Change, Roster};
use crate::plan::{Plan, UserClass};

/// How often the log says that a stage still waits.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// How many users per second start or stop when somebody changes their number, as in Locust.
const BY_HAND: f64 = 100.0;

/// How long the ramp to numbers per class takes: a master of Locust sends the next ones after a second.
const RAMP_BY_CLASS: Duration = Duration::from_secs(1);

/// A stage waits at least this long for the next connection.
const MIN_PATIENCE: Duration = Duration::from_mins(1);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Begun {
    pub(crate) index: usize,
    pub(crate) begins: Instant,
    /// When it ended; of the present stage, when it will, if that is known.
    pub(crate) ends: Option<Instant>,
    pub(crate) users_wanted: u32,
}

#[derive(Debug)]
pub(crate) struct Stages {
    plan: Arc<Plan>,
    roster: Roster,
    /// The stages so far; the last one is the present one.
    begun: Vec<Begun>,
    /// How many users of each class the present ramp leads to.
    wanted_by_class: Vec<u32>,
    halted: Option<Instant>,
    /// Users that the last ramp starts or stops per second.
    spawn_rate: f64,
    /// Whether somebody has changed the number of users of the present stage.
    by_hand: bool,
    /// When the next batch of users starts or stops, while the ramp lasts.
    next_batch: Option<Instant>,
    ends: Option<Instant>,
    /// When the log says next that users are missing; `None` if the stage does not wait for connections.
    tell: Option<Instant>,
    /// How many users were missing when the log last said so, and since when that number has not changed.
    missing: Option<(u64, Instant)>,
}

impl Stages {
    pub(crate) fn begin(plan: Arc<Plan>, at: Instant) -> Self {
        let roster = Roster::of(&plan);
        let mut stages = Self {
            plan,
            roster,
            begun: Vec::new(),
            wanted_by_class: Vec::new(),
            halted: None,
            spawn_rate: BY_HAND,
            by_hand: false,
            next_batch: None,
            ends: None,
            tell: None,
            missing: None,
        };
        stages.enter(0, at);
        stages
    }

    fn enter(&mut self, index: usize, at: Instant) -> bool {
        let Some(stage) = self.plan.load.stages.get(index) else { return false };
        self.roster.ramp_to(&stage.users, stage.spawn_rate);
        self.wanted_by_class = self.roster.goal();
        (self.spawn_rate, self.by_hand) = (stage.spawn_rate, false);
        self.next_batch = (!self.plan.load.is_driven()).then_some(at);
        self.ends = match stage.after {
            After::AtOnce => stage.duration.map(|duration| at + duration),
            After::Connected => None,
        };
        (self.tell, self.missing) = (None, None);
        if let Some(before) = self.begun.last_mut() {
            before.ends = Some(at);
        }
        let users_wanted = self.wanted_by_class.iter().copied().fold(0, u32::saturating_add);
        self.begun.push(Begun { index, begins: at, ends: None, users_wanted });
        true
    }

    pub(crate) fn stage(&self) -> Option<&Stage> {
        self.plan.load.stages.get(self.index())
    }

    pub(crate) fn index(&self) -> usize {
        self.begun.last().map_or(0, |stage| stage.index)
    }

    /// The stage that the time just before a moment belongs to.
    pub(crate) fn before(&self, moment: Instant) -> Option<Begun> {
        let stage = self.begun.iter().rfind(|stage| stage.begins < moment).or(self.begun.first())?;
        Some(Begun { ends: stage.ends.or(self.halted).or(self.ends), ..*stage })
    }

    pub(crate) fn roster(&self) -> &Roster {
        &self.roster
    }

    /// How many users of each class are wanted: where the ramp leads, however far it is. None once the users stop.
    pub(crate) fn wanted_by_class(&self) -> &[u32] {
        &self.wanted_by_class
    }

    /// What the log says as the present stage begins. Without stages these are Locust's words.
    pub(crate) fn announcement(&self) -> String {
        let Some(stage) = self.stage() else { return String::new() };
        if self.plan.load.is_driven() {
            return "The run has no users until it is told their numbers".to_owned();
        }
        let users = match &stage.users {
            Users::Total(users) => users.to_string(),
            Users::PerClass(counts) => format!("{:?}", self.plan.by_class(counts)),
        };
        let ramp = self.ramp_text(&users, stage.spawn_rate);
        if !self.plan.load.is_staged() {
            return format!("R{ramp}");
        }
        let name = stage.name.as_ref().map(|name| format!(" (`{name}`)")).unwrap_or_default();
        format!("Stage {} of {}{name}: r{ramp}", self.index() + 1, self.plan.load.stages.len())
    }

    /// Changes the number of users that the present stage wants, and begins a ramp to it. Returns what the log says, in
    /// Locust's words; `None` if the number stays as it is.
    pub(crate) fn change_users(&mut self, change: &UserChange, now: Instant) -> Option<String> {
        if let UserChange::Classes(counts) = change {
            return self.go_to(counts, now);
        }
        let stage = self.plan.load.stages.get(self.index())?;
        let present = self.begun.last_mut()?;
        let wanted = change.of(present.users_wanted);
        let is_ramp = self.next_batch.is_some();
        let is_pace = is_ramp && matches!(change, UserChange::To { .. });
        if wanted == present.users_wanted && !is_pace {
            return None;
        }
        present.users_wanted = wanted;
        self.by_hand = true;
        self.next_batch.get_or_insert(now);
        self.spawn_rate = match change {
            UserChange::To { spawn_rate, .. } => *spawn_rate,
            _ if is_ramp => self.spawn_rate,
            _ => BY_HAND,
        };
        self.roster.ramp_to(&stage.users.with_total(wanted), self.spawn_rate);
        self.wanted_by_class = self.roster.goal();
        // A stage that waits for connections waits again after this ramp, for those of the new users too.
        (self.tell, self.missing) = (None, None);
        Some(format!("R{}", self.ramp_text(&wanted.to_string(), self.spawn_rate)))
    }

    /// Begins a ramp of a second to these numbers of users of each class.
    fn go_to(&mut self, counts: &[u32], now: Instant) -> Option<String> {
        let present = self.begun.last_mut()?;
        if counts == self.wanted_by_class || counts.len() != self.plan.classes.len() {
            return None;
        }
        present.users_wanted = counts.iter().copied().fold(0, u32::saturating_add);
        self.by_hand = true;
        self.next_batch = Some(now);
        self.roster.ramp_within(counts, RAMP_BY_CLASS);
        self.wanted_by_class = counts.to_vec();
        (self.tell, self.missing) = (None, None);
        Some(format!("Going to {:?} users", self.plan.by_class(counts)))
    }

    /// Returns whether no user will be started any more. Whoever has taken away all users may want some again.
    pub(crate) fn all_started(&self) -> bool {
        let is_last = self.index() + 1 >= self.plan.load.stages.len();
        let may_want_more = self.plan.load.is_driven()
            || self.by_hand && self.begun.last().is_some_and(|stage| stage.users_wanted == 0);
        self.next_batch.is_none() && is_last && !may_want_more
    }

    /// Whether its clock has not started yet, as it starts with the last connection.
    pub(crate) fn starts_with_connections(&self) -> bool {
        self.ends.is_none() && self.stage().is_some_and(|stage| stage.after == After::Connected)
    }

    pub(crate) fn due(&self) -> Option<Instant> {
        [self.next_batch, self.ends, self.tell].into_iter().flatten().min()
    }

    /// The users of this shard to start and stop now, if some are due in any shard, and whether they are the last ones of
    /// the ramp.
    pub(crate) fn next_change(&mut self, now: Instant) -> Option<(Change, bool)> {
        let planned = self.next_batch.filter(|at| *at <= now)?;
        let change = self.roster.next_change().unwrap_or_default();
        // As in Locust, a late batch makes all later ones late, too.
        self.next_batch = (!change.wait.is_zero()).then(|| (planned + change.wait).max(now));
        if self.next_batch.is_none()
            && let Some(stage) = self.begun.last_mut()
        {
            // A ramp ends early if no class may have more users.
            let reached = self.roster.counts().iter().copied().fold(0, u32::saturating_add);
            stage.users_wanted = stage.users_wanted.min(reached);
        }
        Some((change, self.next_batch.is_none()))
    }

    pub(crate) fn is_waiting(&self) -> bool {
        self.tell.is_some()
    }

    /// For connections, as the ramp is over.
    pub(crate) fn wait(&mut self, now: Instant) {
        self.tell = Some(now + TELL_EVERY);
    }

    /// That users are missing.
    pub(crate) fn must_tell(&mut self, now: Instant) -> bool {
        let due = self.tell.is_some_and(|at| at <= now);
        if due {
            self.tell = Some(now + TELL_EVERY);
        }
        due
    }

    /// The number of missing users has not changed for longer than it takes to connect.
    pub(crate) fn is_out_of_patience(&mut self, missing: u64, now: Instant) -> bool {
        let (of, since) = *self.missing.get_or_insert((missing, now));
        if of != missing {
            self.missing = Some((missing, now));
        }
        of == missing && now.saturating_duration_since(since) >= self.patience()
    }

    /// The time of two connects that time out, with the longest pause before each; a minute at least.
    fn patience(&self) -> Duration {
        let of = |class: &UserClass| {
            let pause = match &class.reconnection {
                Reconnect::Never => Duration::ZERO,
                Reconnect::After(pauses) => pauses.max,
            };
            pause.saturating_add(self.plan.brokers[class.broker.0].connect_timeout).saturating_mul(2)
        };
        self.plan.classes.iter().map(of).fold(MIN_PATIENCE, Duration::max)
    }

    pub(crate) fn start_clock(&mut self, now: Instant) {
        self.tell = None;
        self.ends = self.stage().and_then(|stage| stage.duration).map(|duration| now + duration);
    }

    pub(crate) fn is_over(&self, now: Instant) -> bool {
        self.ends.is_some_and(|at| at <= now)
    }

    /// Goes on to the next stage. Returns whether there is one.
    pub(crate) fn advance(&mut self, now: Instant) -> bool {
        let at = self.ends.unwrap_or(now);
        self.enter(self.index() + 1, at)
    }

    pub(crate) fn halt(&mut self, now: Instant) {
        self.halted.get_or_insert(now);
        self.wanted_by_class.fill(0);
        (self.next_batch, self.ends, self.tell) = (None, None, None);
    }

    /// `amping to 10 users at a rate of 2.00 per second`: the caller begins it.
    fn ramp_text(&self, users: &str, spawn_rate: f64) -> String {
        let all = if self.plan.shard.is_whole() { "" } else { " in all shards" };
        format!("amping to {users} users{all} at a rate of {spawn_rate:.2} per second")
    }
}
