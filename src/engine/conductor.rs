//! Who starts when, when it is over, and the merging of what the shards recorded.
//!
//! Everything here happens a few times a second. Ticks are at whole seconds after the start, not a second
//! after the last one was done: a slow disk or a busy shard makes a tick late, but never moves it, since each
//! shard cuts its samples by their own time.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::Instant;
use tracing::{info, warn};

use crate::engine::clock::Clock;
use crate::engine::health::{Monitor, connections_to_one};
use crate::engine::shard::{Command, NewUser, Report};
use crate::engine::stop::Phase;
use crate::engine::tempo::Tempo;
use crate::engine::vitals::Vitals;
use crate::engine::{End, Interrupts, Observer, Options, RunError, Tick};
use crate::plan::Plan;
use crate::plan::mix::Dispatcher;
use crate::stats::batch::Batch;
use crate::stats::statistics::Statistics;
use crate::stats::{Received, UnixMicros};

/// How long users that were cut off may take for on_stop and DISCONNECT.
const LEAVE_TIME: Duration = Duration::from_secs(5);

const SECOND_US: u64 = 1_000_000;

/// What comes from a shard's thread.
#[derive(Debug)]
pub(crate) enum FromShard {
    /// It says something.
    Report(Report),
    /// It will say no more.
    Ended,
}

/// The shard's end of the line to the conductor.
#[derive(Debug, Clone)]
pub(crate) struct Reports {
    shard: usize,
    sender: UnboundedSender<(usize, FromShard)>,
}

impl Reports {
    /// Tells the conductor, unless it no longer listens; then it has an error of its own to report.
    pub(crate) fn send(&self, report: Report) {
        let _ = self.sender.send((self.shard, FromShard::Report(report)));
    }
}

impl Drop for Reports {
    /// However a thread ends, also by a panic, the conductor must not wait for it.
    fn drop(&mut self) {
        let _ = self.sender.send((self.shard, FromShard::Ended));
    }
}

/// What a shard works on.
pub(crate) struct Commands {
    pub(crate) receiver: UnboundedReceiver<Command>,
    pub(crate) reports: Reports,
}

/// The conductor's end of the line to a shard.
#[derive(Debug)]
pub(crate) struct Line {
    commands: UnboundedSender<Command>,
    /// How many takes it has answered.
    answered: u64,
}

impl Line {
    pub(crate) fn new(shard: usize, sender: UnboundedSender<(usize, FromShard)>) -> (Self, Commands) {
        let (commands, receiver) = unbounded_channel();
        (Self { commands, answered: 0 }, Commands { receiver, reports: Reports { shard, sender } })
    }
}

/// A tick that was asked for.
struct Asked {
    at: UnixMicros,
    batches: Vec<Batch>,
    vitals: Vec<Vitals>,
    last: bool,
}

/// How far the run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// Users start and work.
    Running,
    /// Users finish their tasks.
    Stopping,
    /// Users were cut off.
    Leaving,
    /// Users were dropped.
    Dropped,
}

pub(crate) struct Conductor<'a, O> {
    plan: Arc<Plan>,
    clock: Clock,
    /// How fast schedules go.
    tempo: Tempo,
    options: Options,
    lines: Vec<Line>,
    from_shards: UnboundedReceiver<(usize, FromShard)>,
    observer: &'a mut O,
    statistics: Statistics,
    monitor: Monitor,
    dispatcher: Dispatcher,
    stage: Stage,
    end: End,
    /// When the next batch of users starts, while the ramp lasts.
    next_batch: Option<Instant>,
    /// When the run time is over.
    run_end: Option<Instant>,
    /// When the stage gives way to the next one.
    stage_end: Option<Instant>,
    /// Users of each class so far.
    started: Vec<u64>,
    living: u64,
    /// The shard of the next user.
    next_place: usize,
    next_tick: u64,
    /// Ticks that not all shards have answered, and how many were before them.
    asked: VecDeque<Asked>,
    done: u64,
    reset_due: bool,
}

impl<'a, O: Observer> Conductor<'a, O> {
    pub(crate) fn new(
        plan: Arc<Plan>,
        clock: Clock,
        tempo: Tempo,
        options: Options,
        lines: Vec<Line>,
        from_shards: UnboundedReceiver<(usize, FromShard)>,
        observer: &'a mut O,
    ) -> Self {
        let mut dispatcher = Dispatcher::for_classes(&plan.classes);
        dispatcher.ramp(plan.load.users, plan.load.spawn_rate);
        Self {
            statistics: Statistics::new(clock.started_at().as_secs_f64(), options.keep_history),
            monitor: Monitor::new(),
            dispatcher,
            stage: Stage::Running,
            end: End::RunTime,
            next_batch: Some(clock.started()),
            run_end: plan.load.run_time.map(|length| clock.started() + length),
            stage_end: None,
            started: vec![0; plan.classes.len()],
            living: 0,
            next_place: 0,
            next_tick: 1,
            asked: VecDeque::new(),
            done: 0,
            reset_due: false,
            plan,
            clock,
            tempo,
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
        info!(
            "Ramping to {} users at a rate of {:.2} per second",
            self.plan.load.users, self.plan.load.spawn_rate
        );
        while self.stage == Stage::Running || self.living > 0 {
            let due = [Some(self.tick_time()), self.next_batch, self.run_end, self.stage_end];
            let wake = due.into_iter().flatten().min().unwrap_or_else(|| self.tick_time());
            tokio::select! {
                biased;
                () = interrupts.abort.cancelled(), if self.stage < Stage::Dropped => {
                    self.end = End::Aborted;
                    self.drop_users();
                }
                () = interrupts.stop.cancelled(), if self.stage < Stage::Stopping => {
                    info!("Stopping: users may finish their tasks, {} at most", self.stop_timeout_text());
                    self.stop(End::Stopped);
                }
                from_shard = self.from_shards.recv() => self.take_in(from_shard)?,
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
        if self.stage_end.is_some_and(|at| at <= now) {
            self.end_stage();
        }
        if let Some(at) = self.next_batch
            && at <= now
        {
            self.start_batch(at, now);
        }
        while self.tick_time() <= now {
            self.ask(self.tick_at(self.next_tick), false);
            self.next_tick += 1;
        }
    }

    /// Starts the users of one step of the ramp.
    fn start_batch(&mut self, planned: Instant, now: Instant) {
        let Some(batch) = self.dispatcher.next_batch() else {
            self.next_batch = None;
            self.spawned();
            return;
        };
        debug_assert!(batch.stop.is_empty(), "the load only ramps up");
        let mut shares = vec![Vec::new(); self.lines.len()];
        let mut places = (0..shares.len()).cycle().skip(self.next_place);
        for class in batch.start {
            let number = self.started.iter().sum::<u64>() + 1;
            let index = self.started[class.0];
            self.started[class.0] += 1;
            self.living += 1;
            let place = places.next().unwrap_or(0);
            self.next_place = (place + 1) % shares.len();
            shares[place].push(NewUser { class, number, index });
        }
        for (line, share) in self.lines.iter().zip(shares) {
            if !share.is_empty() {
                let _ = line.commands.send(Command::Start(share));
            }
        }
        if batch.wait.is_zero() {
            self.next_batch = None;
            self.spawned();
        } else {
            // As in Locust, lateness is not caught up with.
            self.next_batch = Some((planned + batch.wait).max(now));
        }
    }

    fn spawned(&mut self) {
        let counts: BTreeMap<_, _> = self.plan.classes.iter().map(|c| &c.name).zip(&self.started).collect();
        info!("All users spawned: {counts:?} ({} total users)", self.living);
        self.reset_due = self.options.reset_stats;
    }

    fn stop_timeout_text(&self) -> humantime::FormattedDuration {
        humantime::format_duration(self.plan.load.stop_timeout)
    }

    fn pull(&self, phase: Phase) {
        for line in &self.lines {
            let _ = line.commands.send(Command::Pull(phase));
        }
    }

    fn stop(&mut self, end: End) {
        self.end = end;
        self.stage = Stage::Stopping;
        self.next_batch = None;
        self.run_end = None;
        if self.plan.load.stop_timeout.is_zero() {
            self.cut_off();
        } else {
            self.pull(Phase::Stopping);
            self.stage_end = Some(Instant::now() + self.plan.load.stop_timeout);
        }
    }

    fn end_stage(&mut self) {
        match self.stage {
            Stage::Stopping => {
                info!(
                    "Not all users finished their tasks & terminated in {}. Stopping them...",
                    self.stop_timeout_text()
                );
                self.cut_off();
            }
            Stage::Leaving => {
                warn!("{} users did not come to the end of on_stop and DISCONNECT; dropped", self.living);
                self.drop_users();
            }
            Stage::Running | Stage::Dropped => self.stage_end = None,
        }
    }

    fn cut_off(&mut self) {
        self.stage = Stage::Leaving;
        self.pull(Phase::Leaving);
        self.stage_end = Some(Instant::now() + LEAVE_TIME);
    }

    fn drop_users(&mut self) {
        self.stage = Stage::Dropped;
        self.next_batch = None;
        self.run_end = None;
        self.stage_end = None;
        for line in &self.lines {
            let _ = line.commands.send(Command::Drop);
        }
    }

    /// Asks all shards for what they recorded up to a tick.
    fn ask(&mut self, at: UnixMicros, last: bool) {
        let shards = self.lines.len();
        let (batches, vitals) = (Vec::with_capacity(shards), Vec::with_capacity(shards));
        self.asked.push_back(Asked { at, batches, vitals, last });
        for line in &self.lines {
            let _ = line.commands.send(Command::Take(at));
        }
    }

    fn take_in(&mut self, from_shard: Option<(usize, FromShard)>) -> Result<(), RunError<O::Error>> {
        match from_shard {
            None | Some((_, FromShard::Ended)) => Err(RunError::ThreadDied),
            Some((_, FromShard::Report(Report::Gone))) => {
                self.living -= 1;
                Ok(())
            }
            Some((shard, FromShard::Report(Report::Taken(taken)))) => {
                let line = &mut self.lines[shard];
                let place = usize::try_from(line.answered - self.done).unwrap_or(usize::MAX);
                line.answered += 1;
                if let Some(asked) = self.asked.get_mut(place) {
                    asked.batches.push(taken.batch);
                    asked.vitals.push(taken.vitals);
                }
                self.merge()
            }
        }
    }

    /// Merges the ticks that all shards have answered.
    fn merge(&mut self) -> Result<(), RunError<O::Error>> {
        while self.asked.front().is_some_and(|asked| asked.batches.len() == self.lines.len())
            && let Some(asked) = self.asked.pop_front()
        {
            self.done += 1;
            self.observer.recorded(&asked.batches).map_err(RunError::Observer)?;
            self.statistics.merge(asked.batches);
            if asked.last {
                self.monitor.add(&asked.vitals);
            } else {
                let connections = connections_to_one(&self.plan, &self.started).min(self.living);
                for warning in self.monitor.second(&asked.vitals, connections) {
                    warn!("{warning}");
                }
            }
            let reset = std::mem::take(&mut self.reset_due) && !asked.last;
            if reset {
                self.statistics.reset(asked.at.as_secs_f64());
            }
            self.tell(asked.at, reset, asked.last)?;
        }
        Ok(())
    }

    fn tell(&mut self, at: UnixMicros, reset: bool, last: bool) -> Result<(), RunError<O::Error>> {
        let (statistics, health) = (&self.statistics, &self.monitor.health);
        let tick = Tick { statistics, health, at, reset, last };
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
        while !self.asked.is_empty() {
            let from_shard = self.from_shards.recv().await;
            self.take_in(from_shard)?;
        }
        Ok(())
    }
}
