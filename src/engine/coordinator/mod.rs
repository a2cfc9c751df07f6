//! Coordinates a run: starts users, decides when the run is over, and merges the records of the threads.
//!
//! ```text
//!  interrupts, limits ─┐            ┌─────────────┐            ┌─▶ commands to the threads
//!  reports of threads ──┼─▶ Event ─▶ │  Lifecycle  │ ─▶ Effect ─┼─▶ the log, the rate factor
//!  the clock ──────────┘            └─────────────┘            └─▶ ticks ─▶ merged ─▶ Observer
//! ```
//!
//! | file | |
//! |---|---|
//! | `event` | events of a run, and effects that answer them |
//! | `lifecycle` | decides, by a table of states and events; needs no runtime |
//! | `stages` | which stage the run is in, and when its next users start or stop |
//! | `users`, `registry` | which user is on which thread, which users stop, and which lose their connection |
//! | `row_limits` | for how many users there are rows in feeds that give no row twice |
//! | `drain` | how long users that only receive stay at the end |
//! | `rate_search` | which rate is tried next, and whether it holds |
//! | `ticks` | which answers of the threads belong to one second |
//! | `saturation` | whether the generator itself is the limit |
//!
//! This file waits for events and carries out effects. All of it happens a few times a second. Ticks are at whole
//! seconds after the start, not a second after the last one was done: a slow disk or a busy thread makes a tick late,
//! but never moves it, since each thread cuts its samples by their own time.

mod drain;
mod event;
mod lifecycle;
mod rate_search;
mod registry;
mod row_limits;
mod saturation;
mod stages;
mod ticks;
mod users;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, sleep_until};
use tracing::{info, warn};

use crate::client::PacketBytes;
use crate::engine::clock::Clock;
use crate::engine::coordinator::event::{Effect, Event, Situation};
use crate::engine::coordinator::lifecycle::Lifecycle;
use crate::engine::coordinator::rate_search::{RateSearch, Second};
use crate::engine::coordinator::saturation::{Monitor, connections_to_one};
use crate::engine::coordinator::ticks::Ticks;
use crate::engine::delivery;
use crate::engine::messages::{Command, FromThread, Report, ThreadHandle};
use crate::engine::observer::{Control, Observer, Tick};
use crate::engine::options::{Interrupts, Options};
use crate::engine::outcome::{End, RunError};
use crate::engine::pulse::{Pulse, Standstill};
use crate::engine::run_control::Asked;
use crate::engine::shared::Shared;
use crate::plan::Plan;
use crate::stats::delivery::DeliveryReport;
use crate::stats::delivery::group::Groups;
use crate::stats::over_time::SecondOfRun;
use crate::stats::statistics::Statistics;
use crate::stats::{Received, RowKey, UnixMicros};

pub(crate) struct Coordinator<'a, O> {
    plan: Arc<Plan>,
    clock: Clock,
    shared: Shared,
    options: Options,
    threads: Vec<ThreadHandle>,
    from_threads: UnboundedReceiver<(usize, FromThread)>,
    observer: &'a mut O,
    lifecycle: Lifecycle,
    ticks: Ticks,
    statistics: Statistics,
    monitor: Monitor,
    groups: Groups,
    delivery: Option<DeliveryReport>,
    /// What sessions have sent and received, and what of it was before the statistics began.
    packet_bytes: Option<PacketBytes>,
    earlier_bytes: PacketBytes,
    /// Whether statistics begin anew with the next tick.
    reset_due: bool,
    forget_due: bool,
    has_warned_of_rows: bool,
}

enum Incoming {
    Event(Event<'static>),
    Asked(Asked),
    FromThread(Option<(usize, FromThread)>),
}

impl<'a, O: Observer> Coordinator<'a, O> {
    pub(crate) fn new(
        plan: Arc<Plan>,
        clock: Clock,
        shared: Shared,
        options: Options,
        threads: Vec<ThreadHandle>,
        from_threads: UnboundedReceiver<(usize, FromThread)>,
        observer: &'a mut O,
    ) -> Self {
        Self {
            lifecycle: Lifecycle::new(Arc::clone(&plan), clock, threads.len(), options.reset_stats),
            ticks: Ticks::new(threads.len()),
            statistics: Statistics::new(clock.started_at().as_secs_f64(), options.keep_history)
                .with_percentiles(options.percentiles.clone())
                .keeping_seconds(options.keep_seconds),
            monitor: Monitor::new(),
            groups: Groups::default(),
            delivery: None,
            packet_bytes: None,
            earlier_bytes: PacketBytes::default(),
            reset_due: false,
            forget_due: false,
            has_warned_of_rows: false,
            plan,
            clock,
            shared,
            options,
            threads,
            from_threads,
            observer,
        }
    }

    /// Coordinates the run to its end. Dropping the handles of the threads then ends them.
    pub(crate) async fn run(
        mut self,
        interrupts: &Interrupts,
    ) -> Result<(End, Received), RunError<O::Error>> {
        self.tell(self.clock.started_at(), false, false)?;
        let effects = self.lifecycle.begin();
        self.carry_out(effects);
        while !self.lifecycle.is_over() {
            match self.next(interrupts).await {
                Incoming::Event(event) => self.handle(event),
                Incoming::Asked(asked) => {
                    let users = asked.users.map(Event::UsersAsked);
                    let reset = asked.reset.then_some(Event::ResetAsked);
                    let stop = asked.stop.map(Event::StopWithin);
                    users.into_iter().chain(reset).chain(stop).for_each(|event| self.handle(event));
                }
                Incoming::FromThread(from_thread) => self.hear(from_thread)?,
            }
        }
        let effects = self.lifecycle.finish(Instant::now());
        self.carry_out(effects);
        while !self.ticks.is_empty() {
            let from_thread = self.from_threads.recv().await;
            self.hear(from_thread)?;
        }
        Ok((self.lifecycle.end(), self.statistics.received()))
    }

    async fn next(&mut self, interrupts: &Interrupts) -> Incoming {
        let (lifecycle, shared) = (&self.lifecycle, &self.shared);
        tokio::select! {
            biased;
            () = interrupts.abort.cancelled(), if !lifecycle.ignores(&Event::Abort) => Incoming::Event(Event::Abort),
            () = interrupts.stop.cancelled(), if !lifecycle.ignores(&Event::StopRequested) => {
                Incoming::Event(Event::StopRequested)
            }
            asked = interrupts.control.asked(), if !lifecycle.ignores(&Event::StopWithin(Duration::ZERO)) => {
                Incoming::Asked(asked)
            }
            // Before the news that users are gone, which are gone because of it.
            () = shared.quota.used_up(), if !lifecycle.ignores(&Event::LimitReached) => {
                Incoming::Event(Event::LimitReached)
            }
            from_thread = self.from_threads.recv() => Incoming::FromThread(from_thread),
            () = shared.arrivals.complete(), if !lifecycle.ignores(&Event::UsersConnected) => {
                Incoming::Event(Event::UsersConnected)
            }
            () = shared.done_sending.complete(), if !lifecycle.ignores(&Event::UsersDoneSending) => {
                Incoming::Event(Event::UsersDoneSending)
            }
            () = sleep_until(lifecycle.due()) => Incoming::Event(Event::Due),
        }
    }

    fn situation(&self) -> Situation {
        Situation {
            now: Instant::now(),
            connected: self.shared.arrivals.count(),
            done_sending: self.shared.done_sending.count(),
        }
    }

    fn handle(&mut self, event: Event<'_>) {
        let situation = self.situation();
        let effects = self.lifecycle.handle(event, &situation);
        self.carry_out(effects);
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Send(thread, command) => self.threads[thread].send(command),
                Effect::SendAll(command) => self.send_all(&command),
                Effect::Info(text) => info!("{text}"),
                Effect::Warn(text) => warn!("{text}"),
                Effect::SetRateFactor(factor) => self.shared.rate_factor.set(factor),
                Effect::AwaitConnected(users) => {
                    // Somebody may have come since the lifecycle looked.
                    if self.shared.arrivals.expect(users) == 0 {
                        self.handle(Event::UsersConnected);
                    }
                }
                Effect::AwaitDoneSending(users) => {
                    if self.shared.done_sending.expect(users) == 0 {
                        self.handle(Event::UsersDoneSending);
                    }
                }
                Effect::ResetStatistics => self.reset_due = true,
                Effect::ForgetExceptions => self.forget_due = true,
                Effect::Take(at) => {
                    self.ticks.ask(at, false);
                    self.send_all(&Command::Take(at));
                }
                Effect::TakeAll(at) => {
                    self.ticks.ask(at, true);
                    self.send_all(&Command::TakeAll(at));
                }
            }
        }
    }

    fn send_all(&self, command: &Command) {
        for thread in &self.threads {
            thread.send(command.clone());
        }
    }

    fn hear(&mut self, from_thread: Option<(usize, FromThread)>) -> Result<(), RunError<O::Error>> {
        let Some((thread, FromThread::Report(report))) = from_thread else {
            return Err(RunError::ThreadDied);
        };
        match report {
            Report::Disconnected(stage, connections) => {
                self.handle(Event::Disconnected { stage, connections });
            }
            Report::Gone(number) => self.handle(Event::UserGone(number)),
            Report::Taken(taken) => {
                self.ticks.answer(thread, *taken);
                self.merge()?;
            }
        }
        Ok(())
    }

    fn merge(&mut self) -> Result<(), RunError<O::Error>> {
        while let Some(answers) = self.ticks.next_complete() {
            self.observer.recorded(&answers.batches).map_err(RunError::Observer)?;
            self.statistics.merge(answers.batches);
            self.packet_bytes = answers.packet_bytes;
            delivery::merge_shared(&mut self.groups, answers.shared);
            let stood_still = self.stood_still();
            if answers.last {
                let end_ns = self.clock.unix_ns(Instant::now());
                self.delivery = self
                    .plan
                    .measures()
                    .then(|| delivery::report(&self.plan, &answers.ends, &self.groups, end_ns));
                self.monitor.last(&answers.usages, &stood_still);
            } else {
                let living = self.lifecycle.users().living();
                let connections = connections_to_one(&self.plan, self.lifecycle.counts()).min(living);
                for warning in self.monitor.judge_second(&answers.usages, connections, &stood_still) {
                    warn!("{warning}");
                }
            }
            let stage = self.lifecycle.stage_before(answers.at);
            let second = SecondOfRun {
                stage: stage.index,
                users_wanted: stage.users_wanted,
                health: self.monitor.second,
            };
            self.statistics.end_second(answers.at.as_secs_f64(), second, self.plan.load.is_staged());
            let reset = std::mem::take(&mut self.reset_due) && !answers.last;
            if reset {
                self.statistics.reset(answers.at.as_secs_f64());
                self.earlier_bytes = answers.packet_bytes.unwrap_or_default();
                if std::mem::take(&mut self.forget_due) {
                    self.statistics.forget_exceptions();
                }
            }
            self.warn_of_rows();
            self.tell(answers.at, reset, answers.last)?;
            let situation = self.situation();
            let second = Second {
                at: answers.at,
                now: self.clock.at(situation.now),
                statistics: &self.statistics,
                begun: answers.begun,
                limited: self.monitor.health.limit.is_some(),
            };
            let effects = self.lifecycle.handle(Event::SecondMerged(second), &situation);
            self.carry_out(effects);
        }
        Ok(())
    }

    fn warn_of_rows(&mut self) {
        if !self.has_warned_of_rows && self.shared.rows.turned_away() > 0 {
            self.has_warned_of_rows = true;
            let RowKey { request_type, name } = self.shared.rows.others();
            warn!(
                "There are more than {} different names: requests of further ones count in the row \
                 `{request_type} {name}`; --max-rows makes room for more",
                self.options.max_rows
            );
        }
    }

    /// Since the last time.
    fn stood_still(&self) -> Vec<Standstill> {
        self.shared.pulse.as_ref().map(Pulse::take).unwrap_or_default()
    }

    fn tell(&mut self, at: UnixMicros, reset: bool, last: bool) -> Result<(), RunError<O::Error>> {
        let (statistics, health) = (&self.statistics, &self.monitor.health);
        let (second, stage) = (self.monitor.second, self.lifecycle.stage_before(at));
        let search = self.lifecycle.rate_search().map(RateSearch::report);
        let delivery = self.delivery.as_ref();
        let packet_bytes = self.packet_bytes.map(|packet_bytes| packet_bytes.since(self.earlier_bytes));
        let users = &self.lifecycle.users_by_class();
        let tick = Tick {
            statistics,
            health,
            second,
            stage,
            users,
            at,
            reset,
            search,
            delivery,
            packet_bytes,
            last,
        };
        match self.observer.tick(&tick).map_err(RunError::Observer)? {
            Control::StopByThreshold if !last => self.handle(Event::ThresholdMissed),
            Control::StopByThreshold | Control::GoOn => {}
        }
        Ok(())
    }
}
