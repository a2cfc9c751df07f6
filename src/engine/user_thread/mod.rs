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

/// The users of one thread.
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
mod tests {
    use std::time::Duration;

    use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
    use tokio::task::JoinSet;
    use tokio::time::sleep;

    use super::*;
    use crate::client::scripted::{Answer, Script, ScriptedConnector};
    use crate::engine::messages::{FromThread, ThreadHandle};
    use crate::engine::testing::{actions, class, context, new_user, on_a_paused_clock, plan};
    use crate::engine::user::stop_signal::StopPhase;

    /// A thread that runs, as its coordinator sees it.
    struct Running {
        handle: ThreadHandle,
        reports: UnboundedReceiver<(usize, FromThread)>,
        connector: ScriptedConnector,
        task: JoinSet<UnexpectedCounts>,
    }

    impl Running {
        /// Its users publish at once and then each second.
        async fn with_users(users: u64, script: Script) -> Self {
            let (to_coordinator, reports): (UnboundedSender<_>, _) = unbounded_channel();
            let (handle, channels) = ThreadHandle::new(7, to_coordinator);
            let (context, connector) = context(plan(class()), script);
            let mut task = JoinSet::new();
            task.spawn_local(UserThread::new(context, channels.reports).run(channels.commands));
            handle.send(Command::Start((1..=users).map(new_user).collect()));
            sleep(Duration::from_millis(500)).await;
            Self { handle, reports, connector, task }
        }

        /// The next report that is no answer to [`Command::Take`].
        async fn report(&mut self) -> String {
            match self.reports.recv().await {
                Some((7, FromThread::Report(Report::Gone(number)))) => format!("gone {number}"),
                Some((7, FromThread::Report(Report::Disconnected(stage, count)))) => {
                    format!("stage {stage} disconnected {count}")
                }
                Some((7, FromThread::Ended)) => "ended".to_owned(),
                other => panic!("{other:?}"),
            }
        }

        fn count(&self, action: &str) -> usize {
            actions(&self.connector).iter().filter(|(_, did)| did.starts_with(action)).count()
        }
    }

    #[test]
    fn users_that_are_told_to_stop_say_goodbye_and_are_reported_gone() {
        on_a_paused_clock(async {
            let mut thread = Running::with_users(2, Script::default()).await;
            thread.handle.send(Command::StopUsers(StopAction::Tell(StopPhase::Stopping), vec![2, 99]));
            assert_eq!(thread.report().await, "gone 2");
            assert_eq!(thread.count("disconnect"), 1);
            thread.handle.send(Command::Stop(StopPhase::Stopping));
            assert_eq!(thread.report().await, "gone 1");
            assert_eq!(thread.count("disconnect"), 2);
        });
    }

    #[test]
    fn users_that_are_dropped_say_nothing() {
        on_a_paused_clock(async {
            let mut thread = Running::with_users(3, Script::default()).await;
            thread.handle.send(Command::StopUsers(StopAction::Drop, vec![1]));
            assert_eq!(thread.report().await, "gone 1");
            thread.handle.send(Command::DropAll);
            let mut gone = [thread.report().await, thread.report().await];
            gone.sort();
            assert_eq!(gone, ["gone 2", "gone 3"]);
            assert_eq!(thread.count("disconnect"), 0);
        });
    }

    #[test]
    fn only_connections_that_are_there_are_disconnected_and_users_come_back() {
        on_a_paused_clock(async {
            let connect = |number| if number == 0 { Answer::After(Duration::ZERO) } else { Answer::Never };
            let script = Script { connect: Box::new(connect), ..Script::default() };
            let mut thread = Running::with_users(2, script).await;
            thread.handle.send(Command::Disconnect(3, vec![1, 2, 99]));
            assert_eq!(thread.report().await, "stage 3 disconnected 1");
            sleep(Duration::from_secs(20)).await;
            assert_eq!(thread.count("sever"), 1);
            assert!(thread.count("connect") > 3);
        });
    }

    #[test]
    fn what_was_recorded_is_handed_over_once() {
        on_a_paused_clock(async {
            let mut thread = Running::with_users(1, Script::default()).await;
            let mut events = Vec::new();
            for _ in 0..2 {
                thread.handle.send(Command::Take(UnixMicros(1 << 53)));
                let Some((_, FromThread::Report(Report::Taken(taken)))) = thread.reports.recv().await else {
                    panic!("no answer");
                };
                events.push(taken.batch.requests().count());
            }
            // The connect and a message.
            assert_eq!(events, [2, 0]);
        });
    }

    #[test]
    fn a_thread_without_a_coordinator_ends_and_drops_its_users() {
        on_a_paused_clock(async {
            let mut thread = Running::with_users(1, Script::default()).await;
            drop(thread.handle);
            assert!(thread.task.join_next().await.unwrap().unwrap().is_empty());
            let Some((7, FromThread::Ended)) = thread.reports.recv().await else { panic!("not ended") };
        });
    }
}
