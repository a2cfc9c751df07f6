//! The messages that one user published with stamps, and which of them failed.
//!
//! A finished message is identified by the moment at which its step began: a ticket has no room for more. So no two
//! stamped messages of a user have the same moment. Most messages end in the order in which they began.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use crate::stats::delivery::published::Published;
use crate::stats::delivery::{Fast, StreamKey};
use crate::stats::stamp::{Publisher, Stamp};

/// What a user published with stamps.
#[derive(Debug)]
pub(crate) struct Outbound {
    publisher: Publisher,
    streams: Vec<Published>,
    /// Indices of `streams` by step and hash of the topic.
    indices: HashMap<(u16, u64), usize, Fast>,
    /// The stream of the last message. The next one is mostly of the same.
    last: Option<((u16, u64), usize)>,
    /// Messages that have not ended, in the order of their moments.
    open: VecDeque<OpenMessage>,
    last_due: Option<Instant>,
}

/// A message that has not ended.
#[derive(Debug, Clone, Copy)]
struct OpenMessage {
    due: Instant,
    message: Numbered,
    done: bool,
}

/// Identifies a message of a stream.
#[derive(Debug, Clone, Copy)]
struct Numbered {
    /// Index of its stream.
    stream: usize,
    seq: u64,
    time_ns: u64,
}

/// A message that has its stamp.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stamped {
    pub(crate) stamp: Stamp,
    /// When it is due: a moment that no other message has.
    pub(crate) due: Instant,
    /// `None` if there is no room to keep track of its stream.
    message: Option<Numbered>,
}

impl Outbound {
    pub(crate) fn new(publisher: Publisher) -> Self {
        Self {
            publisher,
            streams: Vec::new(),
            indices: HashMap::default(),
            last: None,
            open: VecDeque::new(),
            last_due: None,
        }
    }

    /// Moves the moment of a message by a few nanoseconds if another message has it already.
    fn unique_moment(&mut self, due: Instant) -> Instant {
        let due = match self.last_due {
            Some(last) if last >= due => last + Duration::from_nanos(1),
            _ => due,
        };
        self.last_due = Some(due);
        due
    }

    /// The next message of a step, due at `due`. `late_us` goes into the stamp. `by_topic` is the hash of the topic if
    /// each topic of the step is a stream of its own. `begin` makes a new stream if there is room for one.
    pub(crate) fn stamp(
        &mut self,
        due: Instant,
        (step, by_topic): (u16, Option<u64>),
        late_us: Option<u32>,
        unix_ns: impl FnOnce(Instant) -> u64,
        begin: impl FnOnce(StreamKey) -> Option<Published>,
    ) -> Stamped {
        let due = self.unique_moment(due);
        let stream = self.stream(step, by_topic.unwrap_or(0), begin);
        let time_ns = unix_ns(due);
        let message = stream.map(|stream| Numbered { stream, seq: self.streams[stream].sent + 1, time_ns });
        let seq = message.map_or(0, |message| message.seq);
        let (publisher, by_topic) = (self.publisher, by_topic.is_some());
        Stamped { stamp: Stamp { time_ns, late_us, publisher, step, by_topic, seq }, due, message }
    }

    /// Index of a stream. A new one is made by `begin`, if there is room.
    #[inline]
    fn stream(
        &mut self,
        step: u16,
        topic: u64,
        begin: impl FnOnce(StreamKey) -> Option<Published>,
    ) -> Option<usize> {
        let key = (step, topic);
        match self.last {
            Some((last, index)) if last == key => return Some(index),
            _ => {}
        }
        let index = if let Some(index) = self.indices.get(&key) {
            *index
        } else {
            self.streams.push(begin(StreamKey { publisher: self.publisher, step, topic })?);
            self.indices.insert(key, self.streams.len() - 1);
            self.streams.len() - 1
        };
        self.last = Some((key, index));
        Some(index)
    }

    /// Notes that the session has taken a message.
    pub(crate) fn sent(&mut self, stamped: &Stamped) {
        let Some(message) = stamped.message else { return };
        self.streams[message.stream].send(message.time_ns);
        self.open.push_back(OpenMessage { due: stamped.due, message, done: false });
    }

    /// Notes that the message that was due at this moment has ended.
    #[inline]
    pub(crate) fn completed(&mut self, due: Instant, failed: bool) {
        let Ok(index) = self.open.binary_search_by(|open| open.due.cmp(&due)) else { return };
        let open = &mut self.open[index];
        open.done = true;
        if failed {
            let Numbered { stream, seq, .. } = open.message;
            self.streams[stream].fail(seq);
        }
        while self.open.front().is_some_and(|open| open.done) {
            self.open.pop_front();
        }
    }

    /// All streams. Messages that have not ended have failed.
    pub(crate) fn into_published(mut self) -> Vec<Published> {
        for OpenMessage { message, .. } in self.open.iter().filter(|open| !open.done) {
            self.streams[message.stream].fail(message.seq);
        }
        self.streams
    }
}

#[cfg(test)]
mod tests;
