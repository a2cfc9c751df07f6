//! Messages between their arrival and the step that takes them.
//!
//! A reply can come before the step that waits for it has begun: even before the PUBACK of its request. So a user
//! stores messages that its steps may want. Their number and size are bounded, and the oldest go first. While a step
//! waits, messages that it wants are not stored: it looks at them in the read buffer, so that a step can wait for a
//! million messages.
//!
//! ```text
//!            a step waits and wants it
//! arrives ──────────────────────────────▶ counted
//!    │ some filter of the class keeps it                 a step begins and wants it
//!    └───────────────────────────────────▶ stored ──────────────────────────────────▶ counted
//!                                            │ more than the bounds, or its list of steps is over
//!                                            └──▶ dropped
//! ```

use std::collections::VecDeque;

use tokio::time::Instant;

use crate::client::Incoming;
use crate::engine::user::awaited::{Arrival, Awaited, ReplyMark};
use crate::mqtt;
use crate::plan::receive::{Keeps, Since};
use crate::template::Received;

/// The most bytes that one user stores, unless a single message has more. A session reads as many bytes at once, so a
/// step that directly follows a subscription misses nothing.
const MAX_BYTES: usize = 1 << 20;

/// Reported at the end of a run for each message that was dropped because of the bounds.
pub(super) const DROPPED: &str = "message dropped: too many wait for a `receive`";

#[derive(Debug, Default)]
pub(crate) struct Inbox {
    /// Messages that match one of these are stored. Without `$share/GROUP/`.
    filters: Box<[Box<str>]>,
    /// How many messages are stored at most.
    most: usize,
    /// Whether messages stay for the next list of steps.
    long: bool,
    /// Whether nothing is stored now, since no list of steps runs that could take it.
    is_idle: bool,
    stored: VecDeque<Stored>,
    /// Of the stored messages.
    bytes: usize,
    next: u64,
    /// The number of the first message of this list of steps.
    list_began: u64,
    wait: Option<Box<Awaited>>,
    /// The message that was taken last, if some step needs it.
    last: Option<Box<Received>>,
    /// How many requests the user has made with correlation data.
    pub(super) requests: u64,
}

#[derive(Debug)]
struct Stored {
    number: u64,
    retain: bool,
    /// Topic, payload and properties, behind one another.
    bytes: Box<[u8]>,
    topic_bytes: usize,
    payload_bytes: usize,
}

impl Stored {
    fn new(number: u64, message: &Incoming<'_>) -> Self {
        Self {
            number,
            retain: message.retain,
            bytes: [message.topic.as_bytes(), message.payload, message.properties].concat().into(),
            topic_bytes: message.topic.len(),
            payload_bytes: message.payload.len(),
        }
    }

    fn arrival(&self) -> Arrival<'_> {
        let (topic, rest) = self.bytes.split_at(self.topic_bytes);
        let (payload, properties) = rest.split_at(self.payload_bytes);
        // It was UTF-8 when it came.
        let topic = str::from_utf8(topic).unwrap_or_default();
        Arrival { topic, payload, properties, retain: self.retain }
    }
}

impl Inbox {
    /// One for a class that keeps this, with its filters rendered and without `$share/GROUP/`.
    pub(super) fn new(filters: Box<[Box<str>]>, keeps: &Keeps) -> Self {
        let Keeps { most, long, last, .. } = *keeps;
        Self { filters, most, long, last: last.then(Box::default), ..Self::default() }
    }

    pub(super) fn last(&self) -> Option<&Received> {
        self.last.as_deref()
    }

    /// Takes a message that has come. Returns how many others were dropped for it.
    pub(super) fn receive(&mut self, message: &Incoming<'_>, at: Instant) -> usize {
        if let Some(wait) = &mut self.wait {
            let Incoming { topic, payload, properties, retain, .. } = *message;
            if wait.takes(Arrival { topic, payload, properties, retain }, at) {
                if let Some(last) = &mut self.last {
                    last.set(topic, payload, properties);
                }
                return 0;
            }
        }
        if self.is_idle || !self.filters.iter().any(|filter| mqtt::matches(filter, message.topic)) {
            return 0;
        }
        let stored = Stored::new(self.next, message);
        self.next += 1;
        self.bytes += stored.bytes.len();
        self.stored.push_back(stored);
        let mut dropped = 0;
        while self.stored.len() > self.most || (self.bytes > MAX_BYTES && self.stored.len() > 1) {
            self.remove(0);
            dropped += 1;
        }
        dropped
    }

    fn remove(&mut self, index: usize) {
        if let Some(gone) = self.stored.remove(index) {
            self.bytes -= gone.bytes.len();
        }
    }

    /// A list of steps begins. A step of the last one that was cut off waits no more.
    pub(super) fn begin_list(&mut self) {
        self.end_list();
        self.is_idle = false;
        self.list_began = self.next;
    }

    /// A list of steps is over. Messages that only its steps could take are dropped.
    pub(super) fn end_list(&mut self) {
        self.wait = None;
        self.is_idle = !self.long;
        if !self.long && !self.stored.is_empty() {
            // With its memory: a user that was flooded once does not need to hold it for ever.
            self.stored = VecDeque::new();
            self.bytes = 0;
        }
    }

    /// A step begins to wait at `now`. It takes the stored messages that it wants first, the oldest before the others.
    pub(super) fn begin(&mut self, mut wait: Awaited, since: Since, now: Instant) {
        let first = match since {
            Since::Task => self.list_began,
            Since::Step => self.next,
            Since::Subscribe => 0,
        };
        let mut index = self.stored.partition_point(|stored| stored.number < first);
        while let Some(stored) = self.stored.get(index).filter(|_| !wait.is_over()) {
            let Arrival { topic, payload, properties, .. } = stored.arrival();
            if wait.takes(stored.arrival(), now) {
                if let Some(last) = &mut self.last {
                    last.set(topic, payload, properties);
                }
                self.remove(index);
            } else {
                index += 1;
            }
        }
        self.wait = Some(Box::new(wait));
    }

    /// Whether the waiting step has everything that it waits for, or a message that is not as expected.
    pub(super) fn is_satisfied(&self) -> bool {
        self.wait.as_ref().is_some_and(|wait| wait.is_over())
    }

    pub(super) fn wait(&self) -> Option<&Awaited> {
        self.wait.as_deref()
    }

    pub(super) fn recognise_by(&mut self, mark: ReplyMark) {
        if let Some(wait) = &mut self.wait {
            wait.mark = mark;
        }
    }

    pub(super) fn end(&mut self) -> Option<Awaited> {
        self.wait.take().map(|wait| *wait)
    }
}

#[cfg(test)]
mod tests;
