//! Loss, duplicates and order of measured messages, counted from their stamps.
//!
//! A stamp's sequence number says what should have come before it, so a receiver needs no word from the sender to
//! know what is missing in the middle. What is missing at the beginning and at the end, and streams of which nothing
//! arrived at all, only the sender's own count can tell; so both ends report, and [`settle`] brings them together
//! when the run is over.
//!
//! ```text
//! publisher ── Published (how many, when, which failed) ──┐
//!                                                         ├── settle ──▶ DeliveryReport (a row per measured filter)
//! subscriber ─ Receiver (a Track per stream, absences) ───┘
//! shared group ─ Groups (a Track per stream, all members together)
//! ```
//! Pure: no clock, all times are those of stamps and of the run's own clock, in nanoseconds since 1970 (UTC).

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
    /// Whose.
    pub publisher: Publisher,
    /// Of which of its publish steps.
    pub step: u16,
    /// Hash of the topic; 0 if the step has one sequence for all its topics.
    pub topic: u64,
}

impl StreamKey {
    /// The stream of a message that was published to `topic`.
    #[inline]
    pub fn of(stamp: &Stamp, topic: &[u8]) -> Self {
        let topic = if stamp.by_topic { hash(topic) } else { 0 };
        Self { publisher: stamp.publisher, step: stamp.step, topic }
    }
}

/// Quality of service and the mark of a second delivery, of one message that arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// Quality of service of the delivery: 0, 1 or 2.
    pub qos: u8,
    /// Whether the broker says that it may have been delivered before.
    pub dup: bool,
}

/// Messages that did not arrive, by why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lost {
    /// Sent or delivered with QoS 0, which promises nothing.
    pub qos_0: u64,
    /// Sent while the subscriber was without its connection, and nothing had to be kept for it.
    pub reconnect: u64,
    /// It had an expiry interval, or the session that should have kept it was gone.
    pub expiry: u64,
    /// The publish itself had failed.
    pub not_acknowledged: u64,
    /// Of a shared subscription that never received anything, at a broker that need not know such.
    pub not_shared: u64,
    /// None of these: the broker owes them.
    pub unexplained: u64,
}

impl Lost {
    /// All of them.
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

/// Messages that arrived again, by why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Duplicates {
    /// With QoS 1, marked as a second delivery or around a reconnect of the subscriber.
    pub redelivered: u64,
    /// With QoS 2, which delivers once, however often the connection is lost.
    pub against_qos_2: u64,
    /// Neither.
    pub unexplained: u64,
}

impl Duplicates {
    /// Another one came, with this quality of service, with reason to come again or without.
    pub(super) fn count(&mut self, qos: u8, has_reason: bool) {
        match (qos, has_reason) {
            (1, true) => self.redelivered += 1,
            (2, _) => self.against_qos_2 += 1,
            _ => self.unexplained += 1,
        }
    }

    /// All of them.
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
    /// Messages that arrived, each once however often it came.
    pub received: u64,
    /// Those that did not.
    pub lost: Lost,
    /// Arrivals of what had arrived before.
    pub duplicates: Duplicates,
    /// Messages that arrived after one that was sent later. Not counted in a shared group, whose members share no
    /// order.
    pub reordered: u64,
    /// Messages of the last moments: whether they were lost or still under way cannot be said.
    pub unsettled: u64,
    /// Messages from before the subscription, kept by the broker; measured for nothing.
    pub retained: u64,
    /// Messages of streams beyond those that are kept track of: measured for time only.
    pub untracked: u64,
}

impl Counts {
    /// How many should have arrived, the unsettled ones aside.
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
    /// Whether all publishers could be held against all subscriptions; if not, some of what is missing at the
    /// beginning or the end of a stream, or of streams of which nothing arrived, is not counted.
    pub complete: bool,
}

/// Hashes what is well spread already or short, fast.
#[derive(Debug, Clone, Copy, Default)]
pub struct FastHasher(u64);

/// Makes them.
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
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn topics_that_differ_little_have_hashes_that_differ() {
        let topics =
            (0..50_000).flat_map(|n| [format!("a/{n}"), format!("a/{n}/"), format!("devices/{n}/up")]);
        let hashes: HashSet<u64> = topics.map(|topic| hash(topic.as_bytes())).collect();
        assert_eq!(hashes.len(), 150_000);
        let low: HashSet<u64> = (0..256_u32).map(|n| hash(&n.to_le_bytes()) & 0xFFFF).collect();
        assert!(low.len() > 240, "{}", low.len());
        assert_ne!(hash(b"a"), hash(b"a\0"));
    }
}
