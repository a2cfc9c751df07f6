//! The life of one user: on_start, tasks and pauses until it is told to stop, on_stop.
//!
//! A user is one task on one thread. It owns its session and drives it whenever it waits for anything, so that
//! acknowledgements are read and the connection is kept alive in pauses too. A user cannot fail: every act of
//! a broker ends as a recorded request, and the user goes on.
//!
//! The futures here are part of every idle user, so they are small: a future that runs once in a connection's life is
//! boxed, and some are functions that return a future, since an `async fn` keeps its arguments twice.

#![expect(clippy::manual_async_fn, reason = "an `async fn` keeps its arguments twice, in each idle user")]

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::client::failure::Failure;
use crate::client::{Close, Connect, Late, Until};
use crate::engine::span::Timing;
use crate::engine::user::schedule::UserSchedule;
use crate::engine::user::state::{Abort, Part, User};
use crate::engine::user::stop_signal::StopPhase;
use crate::plan::schedule::Schedule;
use crate::plan::wait::{WaitState, WaitTime};
use crate::plan::{OnError, Task, TaskOrder, UserClass};

impl<C: Connect> User<C> {
    /// Lives until it is told to stop, then leaves.
    pub(crate) fn live(self) -> impl Future<Output = ()> {
        let mut user = self;
        async move {
            // A feed had no row for this user, so it cannot start.
            if user.persona.is_out_of_rows() {
                return;
            }
            let plan = Arc::clone(&user.context.plan);
            let class = &plan.classes[user.class];
            let stop = Rc::clone(&user.stop);
            tokio::select! {
                biased;
                () = stop.wait_for(StopPhase::Leaving) => {}
                () = user.work(class) => {}
            }
            Box::pin(user.leave(class)).await;
        }
    }

    /// on_start, then task runs, until it is told to stop or has done everything that it should.
    fn work(&mut self, class: &UserClass) -> impl Future<Output = ()> {
        async move {
            let started = self.run(class, &class.on_start, Part::Start).await;
            self.end_list();
            match started {
                Ok(()) => {}
                Err(Abort::Failed) => {
                    if Box::pin(self.make_up(class, &class.on_start)).await.is_err() {
                        return;
                    }
                }
                Err(Abort::Stopped | Abort::Done) => return,
            }
            let mut intended = Instant::now();
            while !self.stop.has_reached(StopPhase::Stopping) && !self.persona.is_out_of_rows() {
                if let Some(schedule) = &class.schedule {
                    let (due, held_up) = self.next_start(schedule);
                    let held_up = match held_up {
                        Some(held_up) => held_up,
                        None => match self.pause_between_tasks(class, due).await {
                            Ok(free) => !free,
                            Err(_) => return,
                        },
                    };
                    self.starts(due, held_up);
                } else if self.records.timing == Timing::Paced {
                    self.late = Late::by(intended.elapsed());
                }
                if !self.context.begin_task_run(self.class) {
                    return;
                }
                let Some(task) = self.next_task(class) else { return };
                let on_error = class.on_error_of(task);
                let ran = self.run(class, &task.steps, Part::Task(on_error)).await;
                self.end_list();
                // Requests between two task runs, such as another connect, were due at no certain moment.
                self.late = Late::NONE;
                let failed = match ran {
                    Ok(()) => false,
                    Err(Abort::Failed) if on_error != OnError::StopUser => true,
                    Err(_) => return,
                };
                self.persona.iteration += 1;
                if class.iterations.is_some_and(|most| self.persona.iteration >= most)
                    || self.persona.is_out_of_rows()
                {
                    return;
                }
                if failed && Box::pin(self.make_up(class, &task.steps)).await.is_err() {
                    return;
                }
                let (next, pauses) = self.next_intended(class, intended);
                if pauses && self.pause_between_tasks(class, next).await.is_err() {
                    return;
                }
                intended = next;
                self.let_others_run().await;
            }
        }
    }

    fn next_task<'a>(&mut self, class: &'a UserClass) -> Option<&'a Task> {
        match class.order {
            TaskOrder::Sequence => {
                let index = self.persona.iteration.checked_rem(class.tasks.len() as u64)?;
                class.tasks.get(usize::try_from(index).ok()?)
            }
            TaskOrder::Weighted => {
                let total = class.tasks.iter().map(|task| u64::from(task.weight)).sum();
                let mut pick = self.persona.random.below(total);
                class.tasks.iter().find(|task| {
                    let found = pick < u64::from(task.weight);
                    pick = pick.wrapping_sub(u64::from(task.weight));
                    found
                })
            }
        }
    }

    /// When the next task run of a schedule is due. If that moment is over: whether the user was held up, by its last
    /// run or by a lost connection.
    fn next_start(&mut self, schedule: &Schedule) -> (Instant, Option<bool>) {
        let started = self.context.clock.started();
        let rate_factor = self.context.shared.rate_factor.factor();
        let ready = Instant::now();
        let random = &mut self.persona.random;
        let own = self.schedule.get_or_insert_with(|| {
            Box::new(UserSchedule::new(schedule, ready - started, rate_factor, random))
        });
        let due = started + own.next_start(schedule, ready - started, rate_factor, random);
        if due >= ready {
            return (due, None);
        }
        let held_up = own.is_held_up(ready - due);
        if !held_up {
            self.context.pause_ended(due);
        }
        (due, Some(held_up))
    }

    /// Notes how late a task run of a schedule starts, and whether its user was held up.
    fn starts(&mut self, due: Instant, held_up: bool) {
        self.context.count_scheduled_start(held_up);
        let late = due.elapsed();
        self.late = Late::by(late);
        if let Some(own) = &mut self.schedule {
            own.lag = if held_up { Duration::ZERO } else { late };
        }
    }

    /// When the next task run should start, after one that was intended to start at `intended`; and whether the user
    /// pauses until then.
    fn next_intended(&mut self, class: &UserClass, intended: Instant) -> (Instant, bool) {
        // Without a pause nothing needs the time, and a closed loop does not read it.
        if class.wait_time == WaitTime::ZERO {
            return (intended, false);
        }
        let ended = Instant::now();
        if let WaitTime::ConstantPacing(pace) = class.wait_time {
            self.context.record_missed_starts(ended - intended, pace);
        }
        let mut no_pace = WaitState::default();
        let (state, age) = match &mut self.pacing {
            Some(pacing) => (&mut pacing.state, ended - pacing.created),
            None => (&mut no_pace, Duration::ZERO),
        };
        let pause = class.wait_time.next(state, age, &mut self.persona.random);
        (ended + pause, !pause.is_zero())
    }

    /// Lets other users run, also if this one never has to wait.
    pub(super) async fn let_others_run(&mut self) {
        if !tokio::task::coop::has_budget_remaining() {
            self.now.forget();
        }
        tokio::task::coop::consume_budget().await;
    }

    /// Pauses between two tasks, where a stop takes effect at once. Returns whether the user was free when the pause
    /// should have ended.
    pub(super) fn pause_between_tasks(
        &mut self,
        class: &UserClass,
        until: Instant,
    ) -> impl Future<Output = Result<bool, Abort>> {
        let stop = Rc::clone(&self.stop);
        async move {
            let free = tokio::select! {
                biased;
                () = stop.wait_for(StopPhase::Stopping) => return Err(Abort::Stopped),
                free = self.pause(class, until) => free,
            };
            if self.link.gave_up() { Err(Abort::Done) } else { Ok(free) }
        }
    }

    /// on_stop, then the acknowledgements that are still open, then DISCONNECT.
    async fn leave(&mut self, class: &UserClass) {
        self.stop.begin_last_steps();
        // A stop may have cut off a `disconnect`. The user does not go on with that connection.
        if !self.stop.is_connected() {
            self.drop_session();
        }
        Box::pin(self.drain_receive()).await;
        // A stop may have cut off a task run that was late.
        self.late = Late::NONE;
        // How a step of on_stop went is in the statistics. Nothing follows from it.
        let _ = self.run(class, &class.on_stop, Part::Stop).await;
        let stop = Rc::clone(&self.stop);
        if self.link.session.is_some() {
            tokio::select! {
                biased;
                () = stop.wait_for(StopPhase::Leaving) => {}
                _ = self.drive(Until::Idle, None) => {}
            }
        }
        let ends = Instant::now();
        // No connection will finish what a lost one left open: it has failed, unless the run ended before the user
        // could connect again.
        let recording = self.recording();
        let is_told_to_stop = self.stop.has_reached(StopPhase::Stopping) || self.context.is_ending();
        let mut recording = if is_told_to_stop { recording.leaving() } else { recording };
        self.link.kept.fail(Failure::Closing, &mut recording);
        if self.link.session.is_some() {
            // Not a step of the scenario, so not recorded.
            let _ = self.close_session(Close::ForGood, true).await;
            self.part();
        }
        self.parted().await;
        if let Some(inbound) = &self.inbound {
            inbound.all_ended(self.context.clock.unix_ns(ends));
        }
    }
}

#[cfg(test)]
mod tests;
