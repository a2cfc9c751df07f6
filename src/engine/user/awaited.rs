//! The messages that a step waits for, and which of them have come.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use serde_json::Value;
use tokio::time::Instant;

use crate::mqtt;
use crate::mqtt::property;
use crate::plan::condition::{Check, Mismatch, Payload};

/// The correlation data of a request. No other request has the same.
pub(super) type RequestId = [u8; 24];

#[derive(Debug, Clone, Copy)]
pub(super) struct Arrival<'a> {
    pub(super) topic: &'a str,
    pub(super) payload: &'a [u8],
    pub(super) properties: &'a [u8],
    pub(super) retain: bool,
}

#[derive(Debug)]
pub(super) struct Awaited {
    /// Which topics, without `$share/GROUP/`.
    filter: Box<str>,
    pub(super) mark: ReplyMark,
    takes: Check,
    expect: Check,
    pub(super) missing: u32,
    /// If only retained messages count: hashes of the topics from which one has come.
    retained: Option<HashSet<u64>>,
    pub(super) has_taken: bool,
    /// Whether a message was skipped because of its content.
    pub(super) has_passed_over: bool,
    pub(super) bytes: u64,
    /// The result, and when the message came that decided it.
    pub(super) over: Option<(Result<(), Mismatch>, Instant)>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum ReplyMark {
    /// By nothing: any message is the reply.
    Any,
    Data(RequestId),
    Json(Arc<str>, Value),
}

impl ReplyMark {
    fn is_met(&self, properties: &[u8], payload: &Payload<'_>) -> bool {
        match self {
            Self::Any => true,
            Self::Data(id) => property::find(properties, property::CORRELATION_DATA) == Some(id),
            Self::Json(pointer, value) => payload.has(pointer, value),
        }
    }
}

impl Awaited {
    /// Waits for `count` messages of a filter. If `retained`, only retained messages count, and each topic once.
    pub(super) fn messages(filter: &str, takes: Check, expect: Check, count: u32, retained: bool) -> Self {
        Self {
            filter: mqtt::without_share(filter).into(),
            mark: ReplyMark::Any,
            takes,
            expect,
            missing: count,
            retained: retained.then(HashSet::new),
            has_taken: false,
            has_passed_over: false,
            bytes: 0,
            over: None,
        }
    }

    pub(super) fn reply(topic: &str, mark: ReplyMark, expect: Check) -> Self {
        Self { filter: topic.into(), mark, ..Self::messages("", Check::default(), expect, 1, false) }
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.is_some()
    }

    /// Looks at a message that was there at `at`. Returns whether it takes it.
    pub(super) fn takes(&mut self, message: Arrival<'_>, at: Instant) -> bool {
        let Arrival { topic, payload, properties, retain } = message;
        let counts = retain || self.retained.is_none();
        if self.is_over() || !counts || !mqtt::matches(&self.filter, topic) {
            return false;
        }
        let read = Payload::new(payload);
        if !self.mark.is_met(properties, &read) {
            return false;
        }
        if self.takes.holds(topic, &read).is_err() {
            self.has_passed_over = true;
            return false;
        }
        self.has_taken = true;
        self.bytes += payload.len() as u64;
        if let Err(mismatch) = self.expect.holds(topic, &read) {
            self.over = Some((Err(mismatch), at));
            return true;
        }
        let is_new = self.retained.as_mut().is_none_or(|topics| topics.insert(hashed(topic)));
        if is_new {
            self.missing -= 1;
            if self.missing == 0 {
                self.over = Some((Ok(()), at));
            }
        }
        true
    }
}

/// Eight bytes for a topic. Among a billion topics, two have the same with a probability of 3 %.
fn hashed(topic: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    topic.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests;
