//! Decides what a run does next. It waits for nothing, sends nothing and reads no clock: an [`Event`] goes in, and a
//! list of [`Effect`]s comes out.
//!
//! ```text
//!                  Running             Finishing    Stopping     Leaving      Dropped
//! Abort            → Dropped           → Dropped    → Dropped    → Dropped    ·
//! StopRequested    → Stopping          → Stopping   ·            ·            ·
//! StopWithin       → Stopping          → Stopping   not longer   ·            ·
//! ThresholdMissed  → Stopping          → Stopping   ·            ·            ·
//! UsersAsked       a ramp to another    ·            ·            ·            ·
//!                  number of users
//! ResetAsked       statistics begin    ·            ·            ·            ·
//!                  anew
//! LimitReached     → Finishing         ·            ·            ·            ·
//! SecondMerged     the rate search     ·            ·            ·            ·
//!                  goes on; at its
//!                  end → Stopping
//! UsersConnected   the clock of the    ·            ·            ·            ·
//!                  waiting stage
//!                  starts
//! UsersDoneSending ·                   the drain time begins: once, in whichever state
//! UserGone         counted; the last   counted      counted      counted      counted
//!                  one → Stopping
//! Disconnected     counted, and logged with the answer of the last thread, in every state
//! Due:
//!   run time       → Stopping          → Stopping   ·            ·            ·
//!   stage over     the next one;       ·            ·            ·            ·
//!                  the last one
//!                  → Stopping
//!   users due      start, stop         ·            ·            ·            ·
//!   still waiting  logged; at last     ·            ·            ·            ·
//!                  the clock starts,
//!                  or → Stopping
//!   time over      ·                   ·            → Leaving    → Dropped    ·
//!   drain over     ·                   users that only receive may leave, in whichever state
//!   ramp-down      users that were told to stop go on to Leaving, or are dropped, in every state
//!   tick           the threads hand over what they recorded, in every state
//! ```
//! `·`: nothing happens. `→`: the run goes on to that state. Without a stop timeout, `→ Stopping` is `→ Leaving`. The
//! run is over when no user is left in any state but `Running`.

mod coming;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::engine::clock::Clock;
use crate::engine::coordinator::drain::Drain;
use crate::engine::coordinator::event::{Effect, Event, Situation};
use crate::engine::coordinator::rate_search::RateSearch;
use crate::engine::coordinator::row_limits::RowLimits;
use crate::engine::coordinator::stages::Stages;
use crate::engine::coordinator::users::Users;
use crate::engine::messages::Command;
use crate::engine::observer::{ClassUsers, StageNow};
use crate::engine::outcome::End;
use crate::engine::user::stop_signal::StopPhase;
use crate::plan::Plan;
use crate::stats::UnixMicros;

/// How long users may take for on_stop and DISCONNECT after their task was cut off.
pub(crate) const LEAVE_TIME: Duration = Duration::from_secs(5);

const SECOND_US: u64 = 1_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    /// Users start and work.
    Running,
    /// A limit of the load is reached, and users finish the task runs and messages that they have begun.
    Finishing,
    /// Users finish their tasks, for the stop timeout at most.
    Stopping,
    /// Tasks are cut off, and users run on_stop and disconnect.
    Leaving,
    Dropped,
}

#[derive(Debug)]
pub(crate) struct Lifecycle {
    plan: Arc<Plan>,
    clock: Clock,
    /// Whether statistics begin anew when all users have started.
    resets_statistics: bool,
    state: State,
    end: End,
    stop_timeout: Duration,
    run_end: Option<Instant>,
    state_end: Option<Instant>,
    stages: Stages,
    users: Users,
    rate_search: Option<RateSearch>,
    drain: Drain,
    row_limits: RowLimits,
    next_tick: u64,
    /// What the present event has led to so far.
    effects: Vec<Effect>,
}

impl Lifecycle {
    pub(crate) fn new(plan: Arc<Plan>, clock: Clock, threads: usize, resets_statistics: bool) -> Self {
        Self {
            resets_statistics,
            state: State::Running,
            end: End::RunTime,
            stop_timeout: plan.load.stop_timeout,
            run_end: plan.load.run_time.map(|length| clock.started() + length),
            state_end: None,
            stages: Stages::begin(Arc::clone(&plan), clock.started()),
            users: Users::new(&plan, threads, LEAVE_TIME),
            rate_search: RateSearch::new(&plan),
            drain: Drain::new(plan.measures() || plan.load.is_limited()),
            row_limits: RowLimits::of(&plan),
            next_tick: 1,
            effects: Vec::new(),
            plan,
            clock,
        }
    }

    pub(crate) fn begin(&mut self) -> Vec<Effect> {
        self.effects
            .extend(self.rate_search.as_ref().and_then(RateSearch::first_factor).map(Effect::SetRateFactor));
        self.info(self.stages.announcement());
        std::mem::take(&mut self.effects)
    }

    /// Whether no user is left and none will come.
    pub(crate) fn is_over(&self) -> bool {
        self.state != State::Running && self.users.living() == 0
    }

    pub(crate) fn end(&self) -> End {
        self.end
    }

    pub(crate) fn users(&self) -> &Users {
        &self.users
    }

    /// How many users of each class have started and were not told to stop. Users that left by themselves count, too.
    pub(crate) fn counts(&self) -> &[u32] {
        self.stages.roster().counts()
    }

    /// The stage that the second before a tick belongs to.
    pub(crate) fn stage_before(&self, tick: UnixMicros) -> StageNow {
        let stage = self.stages.before(self.clock.instant(tick));
        let index = stage.map_or(0, |stage| stage.index);
        let ends = stage.and_then(|stage| stage.ends).into_iter().chain(self.run_end).min();
        StageNow {
            index,
            name: self.plan.load.stage_name(index),
            begins: stage.map_or(self.clock.started_at(), |stage| self.clock.at(stage.begins)),
            ends: ends.map(|at| self.clock.at(at)),
            users_wanted: stage.map_or(0, |stage| stage.users_wanted),
        }
    }

    /// In the order of the plan.
    pub(crate) fn users_by_class(&self) -> Vec<ClassUsers> {
        let users = self.stages.wanted_by_class().iter().zip(self.users.living_by_class());
        users.map(|(&wanted, &alive)| ClassUsers { wanted, alive }).collect()
    }

    pub(crate) fn rate_search(&self) -> Option<&RateSearch> {
        self.rate_search.as_ref()
    }

    pub(crate) fn due(&self) -> Instant {
        let due = [self.run_end, self.state_end, self.stages.due(), self.users.due(), self.drain.due()];
        due.into_iter().flatten().fold(self.tick_time(), Instant::min)
    }

    /// Whether such an event changes nothing now, so that nobody needs to wait for it.
    pub(crate) fn ignores(&self, event: &Event<'_>) -> bool {
        match event {
            Event::Abort => self.state >= State::Dropped,
            Event::StopRequested => self.state >= State::Stopping,
            Event::StopWithin(_) => self.state >= State::Leaving,
            // The last ticks are merged when the run is over.
            Event::ThresholdMissed => self.state >= State::Stopping || self.is_over(),
            Event::UsersAsked(_) | Event::ResetAsked | Event::LimitReached | Event::SecondMerged(_) => {
                self.state != State::Running
            }
            Event::UsersConnected => !self.stages.is_waiting(),
            Event::UsersDoneSending => !self.drain.is_waiting(),
            Event::UserGone(_) | Event::Disconnected { .. } | Event::Due => false,
        }
    }

    /// Decides what an event leads to: the table above.
    pub(crate) fn handle(&mut self, event: Event<'_>, seen: &Situation) -> Vec<Effect> {
        if self.ignores(&event) {
            return Vec::new();
        }
        match event {
            Event::Abort => {
                self.end = End::Aborted;
                self.drop_users(seen.now);
            }
            Event::StopRequested => {
                let timeout = self.stop_timeout_text();
                self.info(format!("Stopping: users may finish their tasks, {timeout} at most"));
                self.stop(End::Stopped, seen);
            }
            Event::StopWithin(patience) => {
                self.stop_timeout = patience;
                match self.state_end {
                    Some(end) if self.state == State::Stopping => {
                        self.state_end = Some(end.min(seen.now + patience));
                    }
                    _ => self.stop(End::Stopped, seen),
                }
            }
            Event::ThresholdMissed => {
                self.info("A threshold that ends the run is missed, shutting down");
                self.stop(End::Threshold, seen);
            }
            Event::UsersAsked(change) => self.change_users(&change, seen),
            Event::ResetAsked => {
                self.info("The statistics begin anew");
                // As in Locust, whose reset at the end of the ramp keeps them.
                self.effects.extend([Effect::ResetStatistics, Effect::ForgetExceptions]);
            }
            Event::LimitReached => self.finish_tasks(seen),
            Event::UsersConnected => self.start_clock_if_connected(seen),
            Event::UsersDoneSending => self.drain_if_done_sending(seen),
            Event::UserGone(number) => {
                self.users.gone(number);
                self.stop_if_all_left(seen);
            }
            Event::Disconnected { stage, connections } => {
                if let Some((dropped, all)) = self.users.disconnected(stage, connections) {
                    let title = self.plan.load.stage_title(stage);
                    self.info(format!(
                        "Dropped the connections of {dropped} of {all} users as {title} begins"
                    ));
                }
            }
            Event::SecondMerged(second) => {
                let progress = self.rate_search.as_mut().map(|search| search.tick(second));
                if self.follow(progress.unwrap_or_default()) {
                    self.info("The search is over, shutting down");
                    self.stop(End::Search, seen);
                }
            }
            Event::Due => self.do_what_is_due(seen),
        }
        std::mem::take(&mut self.effects)
    }

    /// All users are gone: the ticks up to now, and the last one.
    pub(crate) fn finish(&mut self, now: Instant) -> Vec<Effect> {
        // What happened at the very time of the last tick, but after it was taken, is stamped a microsecond later.
        let after_last_tick = UnixMicros(self.tick_at(self.next_tick - 1).0 + 1);
        let end = self.clock.at(now).max(after_last_tick);
        while self.tick_at(self.next_tick) < end {
            self.take_next_tick();
        }
        self.effects.push(Effect::TakeAll(end));
        std::mem::take(&mut self.effects)
    }

    fn do_what_is_due(&mut self, seen: &Situation) {
        let now = seen.now;
        if self.run_end.is_some_and(|at| at <= now) {
            self.info("--run-time limit reached, shutting down");
            self.stop(End::RunTime, seen);
        }
        if self.state_end.is_some_and(|at| at <= now) {
            self.end_state(now);
        }
        if self.drain.is_over(now) {
            self.effects.push(Effect::SendAll(Command::EndDrain));
        }
        while self.stages.is_over(now) {
            if !self.stages.advance(now) {
                self.info("The last stage is over, shutting down");
                self.stop(End::Stages, seen);
                break;
            }
            self.info(self.stages.announcement());
            self.drop_connections();
        }
        if let Some((change, is_last)) = self.stages.next_change(now) {
            let commands = self.users.change(&change, now);
            self.send(commands);
            self.warn_of_missing_rows();
            if is_last {
                self.all_spawned(seen);
            }
        }
        if self.stages.must_tell(now) {
            self.tell_of_missing_connections(seen);
        }
        let commands = self.users.stop_due(now);
        self.send(commands);
        while self.tick_time() <= now {
            self.take_next_tick();
        }
    }

    fn tick_at(&self, tick: u64) -> UnixMicros {
        UnixMicros(self.clock.started_at().0 + tick * SECOND_US)
    }

    fn tick_time(&self) -> Instant {
        self.clock.instant(self.tick_at(self.next_tick))
    }

    fn take_next_tick(&mut self) {
        self.effects.push(Effect::Take(self.tick_at(self.next_tick)));
        self.next_tick += 1;
    }

    fn info(&mut self, text: impl Into<String>) {
        self.effects.push(Effect::Info(text.into()));
    }

    fn warn(&mut self, text: impl Into<String>) {
        self.effects.push(Effect::Warn(text.into()));
    }

    fn send(&mut self, commands: Vec<(usize, Command)>) {
        self.effects.extend(commands.into_iter().map(|(thread, command)| Effect::Send(thread, command)));
    }

    fn stop_timeout_text(&self) -> humantime::FormattedDuration {
        humantime::format_duration(self.stop_timeout)
    }

    /// Without users, and with none to come, there is nothing to wait for.
    fn stop_if_all_left(&mut self, seen: &Situation) {
        if self.state == State::Running && self.users.living() == 0 && self.stages.all_started() {
            self.info("All users have left, shutting down");
            self.stop(End::UsersGone, seen);
        }
    }

    /// A limit of the load is reached. Users finish the work that they have begun, so that the limit is exact.
    fn finish_tasks(&mut self, seen: &Situation) {
        self.info("All task runs or messages of the load are used up: users finish what they have begun");
        self.end = End::Limit;
        self.state = State::Finishing;
        self.stages.halt(seen.now);
        self.effects.push(Effect::SendAll(Command::Stop(StopPhase::Stopping)));
        self.begin_drain(seen);
    }

    fn stop(&mut self, end: End, seen: &Situation) {
        self.end = end;
        self.state = State::Stopping;
        self.stages.halt(seen.now);
        self.run_end = None;
        self.begin_drain(seen);
        if self.stop_timeout.is_zero() {
            self.cut_off(seen.now);
        } else {
            self.effects.push(Effect::SendAll(Command::Stop(StopPhase::Stopping)));
            self.state_end = Some(seen.now + self.stop_timeout);
        }
    }

    fn end_state(&mut self, now: Instant) {
        match self.state {
            State::Stopping => {
                let timeout = self.stop_timeout_text();
                self.info(format!(
                    "Not all users finished their tasks & terminated in {timeout}. Stopping them..."
                ));
                self.cut_off(now);
            }
            State::Leaving => {
                let living = self.users.living();
                self.warn(format!(
                    "{living} users did not come to the end of on_stop and DISCONNECT; dropped"
                ));
                self.drop_users(now);
            }
            State::Running | State::Finishing | State::Dropped => self.state_end = None,
        }
    }

    fn cut_off(&mut self, now: Instant) {
        self.state = State::Leaving;
        self.effects.push(Effect::SendAll(Command::Stop(StopPhase::Leaving)));
        self.drain.hurry(now, LEAVE_TIME);
        self.state_end = Some(now + LEAVE_TIME);
    }

    fn drop_users(&mut self, now: Instant) {
        self.state = State::Dropped;
        self.stages.halt(now);
        self.run_end = None;
        self.state_end = None;
        self.effects.push(Effect::SendAll(Command::DropAll));
    }

    /// From now on users that receive to the end wait for the others.
    fn begin_drain(&mut self, seen: &Situation) {
        if self.drain.begin() {
            self.effects.push(Effect::AwaitDoneSending(self.users.started()));
            self.drain_if_done_sending(seen);
        }
    }

    /// Once nobody sends any more, the last messages get their time.
    fn drain_if_done_sending(&mut self, seen: &Situation) {
        if self.users.started() <= seen.done_sending {
            self.drain.all_done_sending(seen.now);
        }
    }
}

#[cfg(test)]
mod tests;
