//! Loss, duplicates and order of measured messages, counted from their stamps.
//!
//! A stamp's sequence number says which messages should have come before it, so a receiver finds gaps in the middle by
//! itself. Only the sender's count shows messages missing at the beginning and at the end, and streams that never
//! arrived. So both ends report, and [`settle`] combines the reports when the run is over.
//!
//! ```text
//! publisher ── Published (how many, when, which failed) ──┐
//!                                                         ├── settle ──▶ DeliveryReport (a row per measured filter)
//! subscriber ─ Receiver (a Track per stream, absences) ───┘
//! shared group ─ Groups (a Track per stream, all members together)
//! ```
//! This room reads no clock: all times are those of stamps and of the run's own clock, in nanoseconds since 1970 (UTC).

use std::hash::{BuildHasherDefault, Hasher};
use std::ops::AddAssign;

use crate::stats::RowKey;
use crate::stats::stamp::{Publisher, Stamp};

pub mod group;
pub mod published;
pub mod receiver;
pub mod settle;
pub mod track;

/// A sequence of messages: those of one publish step of one user, and of one topic if topics have their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamKey {
    /// The user that publishes it.
    pub publisher: Publisher,
    /// Which of the publisher's publish steps sends it.
    pub step: u16,
    /// Hash of the topic; 0 if the step has one sequence for all its topics.
    pub topic: u64,
}

impl StreamKey {
    /// Returns the stream of a message that was published to `topic`.
    #[inline]
    pub fn of(stamp: &Stamp, topic: &[u8]) -> Self {
        let topic = if stamp.by_topic { hash(topic) } else { 0 };
        Self { publisher: stamp.publisher, step: stamp.step, topic }
    }
}

/// The quality of service and the DUP mark of one message that arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// Quality of service of the delivery: 0, 1 or 2.
    pub qos: u8,
    /// Whether the broker says that it may have been delivered before.
    pub dup: bool,
}

/// Messages that did not arrive, by cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lost {
    /// They were sent or delivered with QoS 0, which promises nothing.
    pub qos_0: u64,
    /// They were sent while the subscriber had no connection, and the broker did not have to keep them.
    pub reconnect: u64,
    /// They had an expiry interval, or the session that should have kept them was gone.
    pub expiry: u64,
    /// Their publish itself had failed.
    pub not_acknowledged: u64,
    /// They belong to a shared subscription that never received anything, at a broker that need not support those.
    pub not_shared: u64,
    /// No other cause explains them: the broker owes them.
    pub unexplained: u64,
}

impl Lost {
    /// Returns the sum of all causes.
    pub fn total(&self) -> u64 {
        self.qos_0 + self.reconnect + self.expiry + self.not_acknowledged + self.not_shared + self.unexplained
    }
}

impl AddAssign for Lost {
    fn add_assign(&mut self, other: Self) {
        self.qos_0 += other.qos_0;
        self.reconnect += other.reconnect;
        self.expiry += other.expiry;
        self.not_acknowledged += other.not_acknowledged;
        self.not_shared += other.not_shared;
        self.unexplained += other.unexplained;
    }
}

/// Messages that arrived again, by cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Duplicates {
    /// They came with QoS 1, marked as a second delivery or around a reconnect of the subscriber.
    pub redelivered: u64,
    /// They came with QoS 2, which delivers once, however often the connection is lost.
    pub against_qos_2: u64,
    /// No cause explains them.
    pub unexplained: u64,
}

impl Duplicates {
    /// Counts another one, with its quality of service and with a reason to come again or without.
    pub(super) fn count(&mut self, qos: u8, has_reason: bool) {
        match (qos, has_reason) {
            (1, true) => self.redelivered += 1,
            (2, _) => self.against_qos_2 += 1,
            _ => self.unexplained += 1,
        }
    }

    /// Returns the sum of all causes.
    pub fn total(&self) -> u64 {
        self.redelivered + self.against_qos_2 + self.unexplained
    }
}

impl AddAssign for Duplicates {
    fn add_assign(&mut self, other: Self) {
        self.redelivered += other.redelivered;
        self.against_qos_2 += other.against_qos_2;
        self.unexplained += other.unexplained;
    }
}

/// What became of the messages of one measured row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Messages that arrived; one that came several times counts once.
    pub received: u64,
    /// Messages that did not arrive.
    pub lost: Lost,
    /// Arrivals of messages that had arrived before.
    pub duplicates: Duplicates,
    /// Messages that arrived after one that was sent later. Not counted in a shared group, whose members share no
    /// order.
    pub reordered: u64,
    /// Messages of the last moments. It is unknown whether they were lost or still on their way.
    pub unsettled: u64,
    /// Messages from before the subscription that the broker had kept. They are not measured.
    pub retained: u64,
    /// Messages of more streams than can be tracked. Only their times are measured.
    pub untracked: u64,
}

impl Counts {
    /// Returns how many should have arrived, without the unsettled ones.
    pub fn expected(&self) -> u64 {
        self.received + self.lost.total()
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.received += other.received;
        self.lost += other.lost;
        self.duplicates += other.duplicates;
        self.reordered += other.reordered;
        self.unsettled += other.unsettled;
        self.retained += other.retained;
        self.untracked += other.untracked;
    }
}

/// What became of all measured messages of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeliveryReport {
    /// A row per measured filter, in the order of the files.
    pub rows: Vec<(RowKey, Counts)>,
    /// Whether all publishers could be compared with all subscriptions. If not, some messages that are missing at the
    /// beginning or the end of a stream, or in streams of which nothing arrived, are not counted.
    pub complete: bool,
}

/// A fast hash for keys that are short or well spread already.
#[derive(Debug, Clone, Copy, Default)]
pub struct FastHasher(u64);

/// Makes such hashers.
pub type Fast = BuildHasherDefault<FastHasher>;

/// An odd number without pattern (from the golden ratio), as multipliers of hashes are.
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;

impl Hasher for FastHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.write_u64(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        self.write_u64(u64::from_le_bytes(last) ^ (bytes.len() as u64) << 56);
    }

    fn write_u16(&mut self, value: u16) {
        self.write_u64(value.into());
    }

    fn write_u32(&mut self, value: u32) {
        self.write_u64(value.into());
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = (self.0.rotate_left(23) ^ value).wrapping_mul(SPREAD);
    }

    fn finish(&self) -> u64 {
        // Tables look at the low bits, which a product fills last.
        self.0 ^ self.0 >> 32
    }
}

/// The hash of a text; never 0.
pub fn hash(text: &[u8]) -> u64 {
    let mut hasher = FastHasher::default();
    hasher.write(text);
    hasher.finish().max(1)
}

#[cfg(test)]
mod tests;
