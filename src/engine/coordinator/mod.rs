//! Who starts when, when it is over, and the merging of what the shards recorded.
//!
//! Everything here happens a few times a second. Ticks are at whole seconds after the start, not a second
//! after the last one was done: a slow disk or a busy shard makes a tick late, but never moves it, since each
//! shard cuts its samples by their own time.

mod drain;
mod mass_disconnect;
mod ramp;
mod rate_search;
mod registry;
mod stages;
mod ticks;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::Instant;
use tracing::{info, warn};

use crate::engine::clock::Clock;
use crate::engine::coordinator::drain::Drain;
use crate::engine::coordinator::mass_disconnect::MassDisconnects;
use crate::engine::coordinator::rate_search::{RateSearch, Second};
use crate::engine::coordinator::registry::{UserRef, UserRegistry};
use crate::engine::coordinator::stages::Stages;
use crate::engine::coordinator::ticks::Ticks;
use crate::engine::delivery;
use crate::engine::health::{Monitor, connections_to_one};
use crate::engine::messages::{Command, FromShard, Report, ShardHandle, StopAction};
use crate::engine::observer::{Observer, Tick};
use crate::engine::options::{Interrupts, Options};
use crate::engine::outcome::{End, RunError};
use crate::engine::pulse::{Pulse, Standstill};
use crate::engine::shared::Shared;
use crate::engine::stop::Phase;
use crate::plan::Plan;
use crate::stats::delivery::DeliveryReport;
use crate::stats::delivery::group::Groups;
use crate::stats::statistics::Statistics;
use crate::stats::{Received, RowKey, UnixMicros};

/// How long users that were cut off may take for on_stop and DISCONNECT.
const LEAVE_TIME: Duration = Duration::from_secs(5);

const SECOND_US: u64 = 1_000_000;

/// How far the run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    /// Users start and work.
    Running,
    /// Users finish what they have begun and that counts: nothing is left for them to begin.
    Finishing,
    /// Users finish their tasks, up to the stop timeout.
    Stopping,
    /// Users were cut off.
    Leaving,
    /// Users were dropped.
    Dropped,
}

pub(crate) struct Coordinator<'a, O> {
    plan: Arc<Plan>,
    clock: Clock,
    shared: Shared,
    options: Options,
    lines: Vec<ShardHandle>,
    from_shards: UnboundedReceiver<(usize, FromShard)>,
    observer: &'a mut O,
    statistics: Statistics,
    monitor: Monitor,
    stages: Stages,
    registry: UserRegistry,
    rate_search: Option<RateSearch>,
    drain: Drain,
    /// What shared groups that are measured received.
    groups: Groups,
    delivery: Option<DeliveryReport>,
    disconnects: MassDisconnects,
    state: State,
    end: End,
    /// When the run time is over.
    run_end: Option<Instant>,
    /// When the state gives way to the next one.
    state_end: Option<Instant>,
    living: u64,
    next_tick: u64,
    ticks: Ticks,
    reset_due: bool,
    /// Whether it was said that there are too many names.
    told_of_rows: bool,
}

impl<'a, O: Observer> Coordinator<'a, O> {
    pub(crate) fn new(
        plan: Arc<Plan>,
        clock: Clock,
        shared: Shared,
        options: Options,
        lines: Vec<ShardHandle>,
        from_shards: UnboundedReceiver<(usize, FromShard)>,
        observer: &'a mut O,
    ) -> Self {
        let stop_timeout = plan.load.stop_timeout;
        Self {
            statistics: Statistics::new(clock.started_at().as_secs_f64(), options.keep_history),
            monitor: Monitor::new(),
            stages: Stages::begin(Arc::clone(&plan), clock.started()),
            registry: UserRegistry::new(plan.classes.len(), lines.len(), stop_timeout, LEAVE_TIME),
            rate_search: RateSearch::new(&plan, shared.rate_factor.clone()),
            drain: Drain::new(plan.measures() || plan.load.is_limited()),
            groups: Groups::default(),
            delivery: None,
            disconnects: MassDisconnects::default(),
            state: State::Running,
            end: End::RunTime,
            run_end: plan.load.run_time.map(|length| clock.started() + length),
            state_end: None,
            living: 0,
            next_tick: 1,
            ticks: Ticks::new(lines.len()),
            reset_due: false,
            told_of_rows: false,
            plan,
            clock,
            shared,
            options,
            lines,
            from_shards,
            observer,
        }
    }

    /// Conducts the run to its end. Dropping the lines then ends the shards.
    pub(crate) async fn conduct(
        mut self,
        interrupts: &Interrupts,
    ) -> Result<(End, Received), RunError<O::Error>> {
        self.tell(self.clock.started_at(), false, false)?;
        info!("{}", self.stages.announcement());
        while self.state == State::Running || self.living > 0 {
            let due =
                [self.run_end, self.state_end, self.stages.due(), self.registry.due(), self.drain.due()];
            let wake = due.into_iter().flatten().fold(self.tick_time(), Instant::min);
            tokio::select! {
                biased;
                () = interrupts.abort.cancelled(), if self.state < State::Dropped => {
                    self.end = End::Aborted;
                    self.drop_users();
                }
                () = interrupts.stop.cancelled(), if self.state < State::Stopping => {
                    info!("Stopping: users may finish their tasks, {} at most", self.stop_timeout_text());
                    self.stop(End::Stopped);
                }
                // Before the news that users are gone, which are gone because of it.
                () = self.shared.quota.used_up(), if self.state == State::Running => self.finish_tasks(),
                from_shard = self.from_shards.recv() => self.take_in(from_shard)?,
                () = self.shared.arrivals.complete(), if self.stages.is_waiting() => self.look_who_arrived(),
                () = self.shared.done_sending.complete(), if self.drain.is_waiting() => self.look_who_is_quiet(),
                () = tokio::time::sleep_until(wake) => self.do_what_is_due(Instant::now()),
            }
        }
        self.finish().await?;
        Ok((self.end, self.statistics.received()))
    }

    fn tick_time(&self) -> Instant {
        self.clock.instant(self.tick_at(self.next_tick))
    }

    fn tick_at(&self, tick: u64) -> UnixMicros {
        UnixMicros(self.clock.started_at().0 + tick * SECOND_US)
    }

    fn do_what_is_due(&mut self, now: Instant) {
        if self.run_end.is_some_and(|at| at <= now) {
            info!("--run-time limit reached, shutting down");
            self.stop(End::RunTime);
        }
        if self.state_end.is_some_and(|at| at <= now) {
            self.end_state();
        }
        if self.drain.is_over(now) {
            for line in &self.lines {
                line.send(Command::EndDrain);
            }
        }
        while self.stages.is_over(now) {
            if !self.stages.advance(now) {
                info!("The last stage is over, shutting down");
                self.stop(End::Stages);
                break;
            }
            info!("{}", self.stages.announcement());
            self.drop_connections();
        }
        if let Some((batch, over)) = self.stages.next_batch(now) {
            self.change_users(&batch, now);
            if over {
                self.spawned(now);
            }
        }
        if self.stages.must_tell(now) {
            let (missing, all) = (self.missing(), self.registry.started());
            if !self.stages.is_out_of_patience(missing, now) {
                info!("Waiting for the connections of {missing} of {all} users");
            } else if missing == all {
                warn!("None of {all} users gets a connection, shutting down");
                self.stop(End::NobodyConnected);
            } else {
                warn!("{missing} of {all} users get no connection, the stage goes on without them");
                self.start_stage();
            }
        }
        while let Some((action, users)) = self.registry.next_due(now) {
            self.decide(action, &users);
        }
        while self.tick_time() <= now {
            self.ask(self.tick_at(self.next_tick), false);
            self.next_tick += 1;
        }
    }

    /// Tells users what becomes of them, or their shards.
    fn decide(&self, action: StopAction, users: &[UserRef]) {
        for (shard, line) in self.lines.iter().enumerate() {
            let numbers = UserRef::numbers_on(users, shard);
            if !numbers.is_empty() {
                line.send(Command::StopUsers(action, numbers));
            }
        }
    }

    /// The limit of the load is reached: who has begun something finishes it, so that the limit is exact.
    fn finish_tasks(&mut self) {
        info!("All task runs or messages of the load are used up: users finish what they have begun");
        self.end = End::Limit;
        self.state = State::Finishing;
        self.stages.halt();
        self.pull(Phase::Stopping);
        self.settle();
    }

    /// Users that receive to the end wait from now on for the others.
    fn settle(&mut self) {
        if self.drain.begin() {
            self.shared.done_sending.expect(self.registry.started());
            self.look_who_is_quiet();
        }
    }

    /// Gives the last messages their time once nobody sends any more.
    fn look_who_is_quiet(&mut self) {
        if self.shared.done_sending.missing(self.registry.started()) == 0 {
            self.drain.all_quiet(Instant::now());
        }
    }

    fn stop_timeout_text(&self) -> humantime::FormattedDuration {
        humantime::format_duration(self.plan.load.stop_timeout)
    }

    fn pull(&self, phase: Phase) {
        for line in &self.lines {
            line.send(Command::Stop(phase));
        }
    }

    fn stop(&mut self, end: End) {
        self.end = end;
        self.state = State::Stopping;
        self.stages.halt();
        self.run_end = None;
        self.settle();
        if self.plan.load.stop_timeout.is_zero() {
            self.cut_off();
        } else {
            self.pull(Phase::Stopping);
            self.state_end = Some(Instant::now() + self.plan.load.stop_timeout);
        }
    }

    fn end_state(&mut self) {
        match self.state {
            State::Stopping => {
                info!(
                    "Not all users finished their tasks & terminated in {}. Stopping them...",
                    self.stop_timeout_text()
                );
                self.cut_off();
            }
            State::Leaving => {
                warn!("{} users did not come to the end of on_stop and DISCONNECT; dropped", self.living);
                self.drop_users();
            }
            State::Running | State::Finishing | State::Dropped => self.state_end = None,
        }
    }

    fn cut_off(&mut self) {
        self.state = State::Leaving;
        self.pull(Phase::Leaving);
        let now = Instant::now();
        self.drain.hurry(now, LEAVE_TIME);
        self.state_end = Some(now + LEAVE_TIME);
    }

    fn drop_users(&mut self) {
        self.state = State::Dropped;
        self.stages.halt();
        self.run_end = None;
        self.state_end = None;
        for line in &self.lines {
            line.send(Command::DropAll);
        }
    }

    /// Asks all shards for what they recorded up to a tick.
    fn ask(&mut self, at: UnixMicros, last: bool) {
        self.ticks.ask(at, last);
        for line in &self.lines {
            line.send(if last { Command::TakeAll(at) } else { Command::Take(at) });
        }
    }

    fn take_in(&mut self, from_shard: Option<(usize, FromShard)>) -> Result<(), RunError<O::Error>> {
        match from_shard {
            None | Some((_, FromShard::Ended)) => Err(RunError::ThreadDied),
            Some((_, FromShard::Report(Report::Disconnected(stage, connections)))) => {
                self.dropped(stage, connections);
                Ok(())
            }
            Some((_, FromShard::Report(Report::Gone(number)))) => {
                self.living -= 1;
                self.registry.gone(number);
                self.end_if_all_left();
                Ok(())
            }
            Some((shard, FromShard::Report(Report::Taken(taken)))) => {
                self.ticks.answer(shard, *taken);
                self.merge()
            }
        }
    }

    /// Merges the ticks that all shards have answered.
    fn merge(&mut self) -> Result<(), RunError<O::Error>> {
        while let Some(asked) = self.ticks.next_complete() {
            self.observer.recorded(&asked.batches).map_err(RunError::Observer)?;
            self.statistics.merge(asked.batches);
            delivery::take_in(&mut self.groups, asked.shared);
            if asked.last {
                let end_ns = self.clock.unix_ns(Instant::now());
                self.delivery = self
                    .plan
                    .measures()
                    .then(|| delivery::report(&self.plan, &asked.ends, &self.groups, end_ns));
                self.monitor.last(&asked.usages, &self.stood_still());
            } else {
                let connections = connections_to_one(&self.plan, &self.registry.counts()).min(self.living);
                let stood_still = self.stood_still();
                for warning in self.monitor.second(&asked.usages, connections, &stood_still) {
                    warn!("{warning}");
                }
            }
            let reset = std::mem::take(&mut self.reset_due) && !asked.last;
            if reset {
                self.statistics.reset(asked.at.as_secs_f64());
            }
            self.look_at_rows();
            self.tell(asked.at, reset, asked.last)?;
            if self.state == State::Running {
                self.search_on(asked.at, asked.begun);
            }
        }
        Ok(())
    }

    /// Says once that not every name has a row.
    fn look_at_rows(&mut self) {
        if !self.told_of_rows && self.shared.rows.turned_away() > 0 {
            self.told_of_rows = true;
            let RowKey { request_type, name } = self.shared.rows.others();
            warn!(
                "There are more than {} different names: requests of further ones count in the row \
                 `{request_type} {name}`; --max-rows makes room for more",
                self.options.max_rows
            );
        }
    }

    /// When the generator itself did nothing, since the last time.
    fn stood_still(&self) -> Vec<Standstill> {
        self.shared.pulse.as_ref().map(Pulse::take).unwrap_or_default()
    }

    /// A second is over for the search, if there is one.
    fn search_on(&mut self, at: UnixMicros, begun: u64) {
        let Some(rate_search) = &mut self.rate_search else { return };
        let limited = self.monitor.health.limit().is_some();
        let now = self.clock.at(Instant::now());
        if rate_search.tick(Second { at, now, statistics: &self.statistics, begun, limited }) {
            info!("The search is over, shutting down");
            self.stop(End::Search);
        }
    }

    fn tell(&mut self, at: UnixMicros, reset: bool, last: bool) -> Result<(), RunError<O::Error>> {
        let (statistics, health) = (&self.statistics, &self.monitor.health);
        let search = self.rate_search.as_ref().map(RateSearch::report);
        let delivery = self.delivery.as_ref();
        let tick = Tick { statistics, health, at, reset, search, delivery, last };
        self.observer.tick(&tick).map_err(RunError::Observer)
    }

    /// All users are gone: the rest of the ticks, and the end.
    async fn finish(&mut self) -> Result<(), RunError<O::Error>> {
        // What happened at the very time of the last tick, but after it was taken, is stamped a microsecond later.
        let after_last_tick = UnixMicros(self.tick_at(self.next_tick - 1).0 + 1);
        let end = self.clock.at(Instant::now()).max(after_last_tick);
        while self.tick_at(self.next_tick).0 < end.0 {
            self.ask(self.tick_at(self.next_tick), false);
            self.next_tick += 1;
        }
        self.ask(end, true);
        while !self.ticks.is_empty() {
            let from_shard = self.from_shards.recv().await;
            self.take_in(from_shard)?;
        }
        Ok(())
    }
}
