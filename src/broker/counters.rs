//! What one broker has counted: plain numbers for people and tests, read while it runs.
//!
//! Atomics without read-modify-write: only the broker's thread writes them, so a load and a store are
//! enough and cost nothing on the path of each message.

use std::sync::atomic::{AtomicU64, Ordering};

/// Everything a broker has counted since its start.
///
/// A message is counted before its acknowledgement leaves, so a client that holds all its acknowledgements
/// finds all its messages here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// TCP connections accepted.
    pub connections: u64,
    /// CONNECTs answered with success.
    pub sessions: u64,
    /// Connections closed because of what the client sent: malformed, out of order, too large, unsupported.
    pub protocol_errors: u64,
    /// PUBLISH packets received with quality of service 0, 1 and 2; lost and repeated ones included.
    pub publishes: [u64; 3],
    /// PUBLISH packets of quality of service 2 whose id was still in use: sent again by the client, not
    /// forwarded again.
    pub duplicates: u64,
    /// PUBACK, PUBREC and PUBCOMP sent.
    pub acks: u64,
    /// Messages written to subscribers, planted repeats included, retransmissions after a reconnect not.
    pub forwarded: u64,
    /// Messages dropped because a subscriber's queue was full, or the message too large for the subscriber;
    /// nothing planted.
    pub dropped: u64,
    /// Planted: CONNECTs refused.
    pub refused: u64,
    /// Planted: PUBLISH packets neither acknowledged nor forwarded.
    pub lost: u64,
    /// Planted: acknowledgements sent a second time.
    pub repeated_acks: u64,
    /// Planted: messages written to a subscriber a second time.
    pub repeated_deliveries: u64,
    /// Planted: messages that a subscriber should have got and did not.
    pub dropped_deliveries: u64,
    /// Planted: pairs of messages that changed places on their way to a subscriber.
    pub swapped_deliveries: u64,
    /// Planted: acknowledgements withheld.
    pub withheld: u64,
}

impl Counters {
    /// All counters with their names, in the order in which a person wants to read them.
    pub fn rows(&self) -> [(&'static str, u64); 17] {
        [
            ("connections accepted", self.connections),
            ("sessions opened", self.sessions),
            ("closed for protocol errors", self.protocol_errors),
            ("publishes received, QoS 0", self.publishes[0]),
            ("publishes received, QoS 1", self.publishes[1]),
            ("publishes received, QoS 2", self.publishes[2]),
            ("duplicates received, QoS 2", self.duplicates),
            ("acknowledgements sent", self.acks),
            ("messages forwarded", self.forwarded),
            ("messages dropped", self.dropped),
            ("planted: connects refused", self.refused),
            ("planted: publishes lost", self.lost),
            ("planted: acknowledgements repeated", self.repeated_acks),
            ("planted: deliveries repeated", self.repeated_deliveries),
            ("planted: deliveries dropped", self.dropped_deliveries),
            ("planted: deliveries swapped", self.swapped_deliveries),
            ("planted: acknowledgements withheld", self.withheld),
        ]
    }
}

/// One counter that a single thread writes and any thread reads.
#[derive(Debug, Default)]
pub(super) struct Count(AtomicU64);

impl Count {
    /// Adds one. To be called by the broker's thread only.
    pub(super) fn add(&self) {
        self.0.store(self.read() + 1, Ordering::Relaxed);
    }

    fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The counters as the broker's thread writes them; the fields are those of [`Counters`].
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) connections: Count,
    pub(super) sessions: Count,
    pub(super) protocol_errors: Count,
    pub(super) publishes: [Count; 3],
    pub(super) duplicates: Count,
    pub(super) acks: Count,
    pub(super) forwarded: Count,
    pub(super) dropped: Count,
    pub(super) refused: Count,
    pub(super) lost: Count,
    pub(super) repeated_acks: Count,
    pub(super) repeated_deliveries: Count,
    pub(super) dropped_deliveries: Count,
    pub(super) swapped_deliveries: Count,
    pub(super) withheld: Count,
}

impl Tally {
    pub(super) fn read(&self) -> Counters {
        Counters {
            connections: self.connections.read(),
            sessions: self.sessions.read(),
            protocol_errors: self.protocol_errors.read(),
            publishes: [self.publishes[0].read(), self.publishes[1].read(), self.publishes[2].read()],
            duplicates: self.duplicates.read(),
            acks: self.acks.read(),
            forwarded: self.forwarded.read(),
            dropped: self.dropped.read(),
            refused: self.refused.read(),
            lost: self.lost.read(),
            repeated_acks: self.repeated_acks.read(),
            repeated_deliveries: self.repeated_deliveries.read(),
            dropped_deliveries: self.dropped_deliveries.read(),
            swapped_deliveries: self.swapped_deliveries.read(),
            withheld: self.withheld.read(),
        }
    }
}
