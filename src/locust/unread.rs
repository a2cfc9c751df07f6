//! Reports, and what else must arrive, that the master may not have read yet: a connection that breaks takes it along.
//!
//! A master reads in order, and answers each heartbeat. So its answer shows that it has read all that went before the heartbeat. What
//! no answer stands for is sent again on the next connection, with the number that it had: our locustfile counts a number once.
//! Other masters would count it twice, so for them nothing is kept.

use std::collections::VecDeque;

use crate::locust::message::ToMaster;
use crate::locust::report::StatsReport;

/// What this master may not have read.
#[derive(Debug, Default)]
pub(super) struct Unread {
    /// Whether the master counts once what is sent twice.
    pub(super) are_counted_once: bool,
    /// The number of the last report.
    last: u64,
    /// Heartbeats on this connection, and how many of them were answered.
    beats: u64,
    answers: u64,
    /// Messages, and how many heartbeats went before them.
    messages: VecDeque<(u64, ToMaster)>,
}

impl Unread {
    /// Returns the messages of a report, in their order.
    pub(super) fn report(&mut self, exceptions: Vec<ToMaster>, report: StatsReport) -> Vec<ToMaster> {
        let stats = |report| ToMaster::Stats(Box::new(report));
        let mut messages = exceptions;
        if self.are_counted_once {
            self.last += 1;
            messages.push(stats(report.numbered(self.last)));
            self.messages.extend(messages.iter().map(|message| (self.beats, message.clone())));
        } else {
            messages.push(stats(report));
        }
        messages
    }

    /// Keeps another message.
    pub(super) fn keep(&mut self, message: &ToMaster) {
        if self.are_counted_once {
            self.messages.push_back((self.beats, message.clone()));
        }
    }

    /// The master counts none of the reports any more.
    pub(super) fn forget_reports(&mut self) {
        self.messages.retain(|(_, message)| !matches!(message, ToMaster::Stats(_)));
    }

    /// A heartbeat is sent.
    pub(super) fn beat(&mut self) {
        self.beats += 1;
    }

    /// A heartbeat was answered.
    pub(super) fn answered(&mut self) {
        self.answers += 1;
        self.messages.retain(|(before, _)| *before >= self.answers);
    }

    /// There is another connection, on which nothing was sent.
    pub(super) fn connected(&mut self) {
        (self.beats, self.answers) = (0, 0);
        self.messages.iter_mut().for_each(|(before, _)| *before = u64::MAX);
    }

    /// Returns what is to be sent again.
    pub(super) fn again(&mut self) -> Vec<ToMaster> {
        self.messages.iter_mut().for_each(|(before, _)| *before = self.beats);
        self.messages.iter().map(|(_, message)| message.clone()).collect()
    }
}

#[cfg(test)]
mod tests;
