//! Decides what a worker does next. It waits for nothing, sends nothing and reads no clock: an [`Event`] goes in, and a list of
//! [`Action`]s comes out.
//!
//! Two tables say it all: that of `link` has the connection, that of `work` has the users. Here they meet: what the link
//! learns may change what users do (a master that has forgotten us), and the other way round (users that are gone).

mod event;
mod link;
mod skew;
mod work;

use std::time::Duration;

use tokio::time::Instant;

pub use self::event::{Action, Applied, Event, Moment, WorkerError};
use self::link::{Link, LinkChange};
use self::skew::Skew;
use self::work::{Work, WorkChange};
use crate::locust::message::FromMaster;

/// A worker, from its first dial to its end. After [`Action::End`] it takes no more events.
#[derive(Debug)]
pub struct Protocol {
    link: Link,
    work: Work,
    skew: Skew,
    has_ended: bool,
}

impl Protocol {
    /// A worker that looks for its first master for `join_limit`, and what it does first.
    pub fn begin(now: Moment, join_limit: Duration) -> (Self, Vec<Action>) {
        let (link, work) = (Link::new(now.instant, join_limit), Work::new(now.instant));
        let protocol = Self { link, work, skew: Skew::default(), has_ended: false };
        (protocol, vec![Action::NewIdentity, Action::Dial])
    }

    /// When [`Event::Due`] is due, if nothing else happens before; `None` if it waits for something else.
    pub fn next_due(&self) -> Option<Instant> {
        if self.has_ended {
            return None;
        }
        let work = self.work.next_due(self.link.beats(), self.link.is_joined());
        if self.work.is_left() {
            return work;
        }
        [self.link.next_due(), work].into_iter().flatten().min()
    }

    /// Says what to do about an event.
    pub fn handle(&mut self, now: Moment, event: Event) -> Vec<Action> {
        let mut actions = Vec::new();
        if self.has_ended {
            return actions;
        }
        self.take(now, event, &mut actions);
        if let Some(end) = actions.iter().position(|action| matches!(action, Action::End(_))) {
            self.has_ended = true;
            actions.truncate(end + 1);
        }
        actions
    }

    fn take(&mut self, now: Moment, event: Event, actions: &mut Vec<Action>) {
        let instant = now.instant;
        let left = self.work.is_left();
        match event {
            Event::Due if left => self.work.due(instant, false, false, actions),
            Event::Due => {
                let change = self.link.due(instant, actions);
                self.link_changed(now, change, actions);
                self.work.due(instant, self.link.beats(), self.link.is_joined(), actions);
            }
            Event::Connected if !left => {
                self.link.connected(instant, actions);
                self.work.beat(instant);
                self.work.due(instant, self.link.beats(), false, actions);
            }
            Event::NotConnected { reason, is_no_master: true }
            | Event::Lost { reason, is_no_master: true }
                if !self.link.was_joined() =>
            {
                actions.push(Action::End(Err(WorkerError::NotAMaster(reason))));
            }
            // It would send the same again: a message that is too large comes with each number of users.
            Event::Lost { reason, is_no_master: true } if !left => {
                actions.push(Action::End(Err(WorkerError::Unreadable(reason))));
            }
            Event::NotConnected { reason, .. } | Event::Lost { reason, .. } if !left => {
                self.link.lost(instant, reason, actions);
            }
            Event::Unreadable(what) if self.link.was_joined() => {
                actions.push(Action::Say(format!("a message of the master cannot be read: {what}")));
            }
            Event::Unreadable(what) => {
                let what = format!("its message cannot be read: {what}");
                actions.push(Action::End(Err(WorkerError::NotAMaster(what))));
            }
            Event::Received(message) if !left => {
                self.link.heard(instant);
                self.received(now, message, actions);
            }
            Event::Applied(applied) => Work::applied(applied, actions),
            Event::UsersGone => {
                let change = self.work.users_gone(instant, self.link.is_joined(), actions);
                self.work_changed(now, change, actions);
            }
            Event::LeaveAsked => self.work.leave_asked(instant, actions),
            Event::Connected | Event::NotConnected { .. } | Event::Lost { .. } | Event::Received(_) => {}
        }
    }

    fn received(&mut self, now: Moment, message: FromMaster, actions: &mut Vec<Action>) {
        match message {
            FromMaster::Ack(index) => {
                actions.extend(index.map(Action::TakeIndex));
                let index = index.map_or_else(String::new, |index| format!(" as number {index}"));
                let change = self.link.acknowledged();
                if change == LinkChange::Joined {
                    actions.push(Action::Say(format!("the master has taken this worker in{index}")));
                }
                self.link_changed(now, change, actions);
            }
            FromMaster::Heartbeat => {
                let change = self.link.answered();
                self.link_changed(now, change, actions);
            }
            FromMaster::Spawn(spawn) => {
                if self.skew.observe(spawn.timestamp, now.unix_s) {
                    self.work.shift_s = self.skew.shift_s();
                    actions.push(Action::Say(format!(
                        "the clock of the master is {:+} s from ours: reports are moved to it",
                        self.work.shift_s
                    )));
                }
                self.work.spawn(spawn, actions);
            }
            FromMaster::SpawningComplete => self.work.spawning_complete(actions),
            FromMaster::Drain { stop_timeout_s, number } => self.work.drain(stop_timeout_s, number, actions),
            FromMaster::Reset(number) => self.work.reset(number, actions),
            FromMaster::Stop => self.work.stop(actions),
            FromMaster::Quit => self.work.quit(now.instant, actions),
            FromMaster::Reconnect => self.link.reconnect(actions),
            FromMaster::UpdateUserClass(change) => actions.push(Action::ChangeClass(change)),
            FromMaster::Locustfile(_) => {}
            FromMaster::Other(kind) => {
                actions.push(Action::Say(format!("a message of the master is of no known type: {kind}")));
            }
        }
    }

    fn link_changed(&mut self, now: Moment, change: LinkChange, actions: &mut Vec<Action>) {
        match change {
            LinkChange::Nothing => {}
            LinkChange::Joined => {
                self.work.joined(now.instant);
                self.work.due(now.instant, true, true, actions);
            }
            LinkChange::Resumed => {
                actions.push(Action::Say("the master is there again".to_owned()));
                actions.push(Action::ReportAgain);
                let change = self.work.resumed(now.instant, actions);
                self.work_changed(now, change, actions);
            }
            LinkChange::IdentityLost => {
                self.skew = Skew::default();
                self.work.shift_s = 0;
                self.work.identity_lost(now.instant, actions);
            }
        }
    }

    fn work_changed(&mut self, now: Moment, change: WorkChange, actions: &mut Vec<Action>) {
        match change {
            WorkChange::Nothing => {}
            WorkChange::Stopped => self.link.join_again(now.instant, actions),
            WorkChange::Discarded => self.link.release(actions),
        }
    }
}

#[cfg(test)]
mod tests;
