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
