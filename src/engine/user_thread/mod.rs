//! One thread's share of a run: starts its users, tells them when to stop, and reports their records.
//!
//! ```text
//! coordinator ── commands ──▶ thread ── stop signals ──▶ users (one task each)
//!             ◀── reports ───       ◀── ends of tasks ──
//!                                context: recorder, clock, quotas, buffers
//! ```
//! A [`Command`](crate::engine::messages::Command) to stop reaches a user through its
//! [`StopSignal`](crate::engine::user::stop_signal::StopSignal). Records leave the thread only as batches, once a
//! second.

pub(crate) mod pause_timer;
mod users;

use std::rc::Rc;

use tokio::sync::mpsc::UnboundedReceiver;
use tracing::error;

use crate::client::Connect;
use crate::engine::context::Context;
use crate::engine::messages::{BothEnds, Command, Report, Reports, StopAction, Taken};
use crate::engine::outcome::UnexpectedCounts;
use crate::engine::user::stop_signal::StopSignal;
use crate::engine::user_thread::users::Users;
use crate::stats::UnixMicros;

pub(crate) struct UserThread<C: Connect> {
    context: Rc<Context<C>>,
    users: Users<C>,
    reports: Reports,
}

impl<C: Connect> UserThread<C> {
    pub(crate) fn new(context: Context<C>, reports: Reports) -> Self {
        let context = Rc::new(context);
        Self { users: Users::new(Rc::clone(&context)), context, reports }
    }

    /// Carries out commands until there will be no more. Returns what happened that fits no request.
    pub(crate) async fn run(mut self, mut commands: UnboundedReceiver<Command>) -> UnexpectedCounts {
        let context = Rc::clone(&self.context);
        loop {
            tokio::select! {
                command = commands.recv() => match command {
                    None => break,
                    Some(command) => self.carry_out(command),
                },
                fired = context.timer.fire() => {
                    if let Err(error) = fired {
                        // Only a closed timer could fail. Without it no pause would ever end.
                        error!("The timer of a runner thread failed: {error}");
                        break;
                    }
                }
                Some(number) = self.users.next_gone() => self.reports.send(Report::Gone(number)),
            }
        }
        context.take_unexpected()
    }

    fn carry_out(&mut self, command: Command) {
        match command {
            Command::Start(new) => {
                for new in new {
                    if !self.users.start(new) {
                        self.reports.send(Report::Gone(new.number));
                    }
                }
            }
            Command::Stop(phase) => {
                self.context.begin_ending();
                self.users.stop_signals().for_each(|stop| stop.advance(phase));
            }
            Command::StopUsers(action, numbers) => match action {
                StopAction::Tell(phase) => {
                    self.users.with_numbers(&numbers).for_each(|stop| stop.advance(phase));
                }
                StopAction::Drop => self.users.drop_users(&numbers),
            },
            Command::EndDrain => self.users.stop_signals().for_each(StopSignal::end_drain),
            Command::Disconnect(stage, numbers) => {
                let dropped = self.users.with_numbers(&numbers).filter(|stop| stop.disconnect()).count();
                self.reports.send(Report::Disconnected(stage, dropped as u64));
            }
            Command::DropAll => self.users.drop_all(),
            Command::Take(until) => self.hand_over(until, BothEnds::default()),
            Command::TakeAll(until) => self.hand_over(until, self.context.delivery.take_all()),
        }
    }

    fn hand_over(&self, until: UnixMicros, ends: BothEnds) {
        let context = &self.context;
        self.reports.send(Report::Taken(Box::new(Taken {
            batch: context.recorder.borrow_mut().take(until),
            usage: context.resources.borrow_mut().take(),
            packet_bytes: context.connector.packet_bytes(),
            begun: context.take_rated_runs(),
            shared: context.delivery.take_shared(),
            ends,
        })));
    }
}

#[cfg(test)]
mod tests;
