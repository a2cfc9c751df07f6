//! Numbers only: the records of the engine, their sums, and the plain data that a report reads.
//!
//! Sums, buckets, percentiles and rates follow Locust 2.47 to the last digit, oddities included, since the
//! files made from them are compared with Locust's byte for byte. Locust cannot show times below a millisecond and the
//! tail. These are kept apart in an HDR histogram and never mixed in.
//!
//! ```text
//! Recorder (one a thread) ──take──▶ Batch ──merge──▶ Statistics ──snapshot──▶ Snapshot
//! ```

use std::cmp::Ordering;

pub mod batch;
pub mod bucket;
pub mod criterion;
pub mod delivery;
pub mod entry;
pub mod failure;
pub mod fine;
mod hdr;
mod hdr_v2;
pub mod health;
pub mod histogram;
pub mod inference;
pub mod interval;
pub mod latency;
pub mod metric;
pub mod number;
pub mod over_time;
pub mod packed_times;
pub mod percentiles;
pub(crate) mod python_text;
pub mod rate_search;
pub mod recorder;
pub mod result;
pub mod rows;
pub mod snapshot;
pub mod stamp;
pub mod statistics;
pub mod sums;
pub mod threshold;
pub mod unfinished;

/// What names a row of the statistics. Ordered as Locust sorts its rows: by name, then by request type, in
/// code point order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RowKey {
    /// Locust's Type (or Method) column.
    pub request_type: String,
    /// Locust's Name column.
    pub name: String,
}

impl Ord for RowKey {
    fn cmp(&self, other: &Self) -> Ordering {
        (&self.name, &self.request_type).cmp(&(&other.name, &other.request_type))
    }
}

impl PartialOrd for RowKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Index of a row in a table of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RowId(pub u32);

/// Messages that arrived on subscriptions. They do not count as requests and are not in Locust's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Received {
    /// How many messages arrived; one of QoS 2 counts once.
    pub messages: u64,
    /// Bytes of their payloads.
    pub bytes: u64,
}

impl Received {
    /// Adds what others received.
    pub fn add(&mut self, other: Self) {
        self.messages += other.messages;
        self.bytes += other.bytes;
    }
}

/// Connections that users opened and lost or closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Connections {
    /// How many the broker accepted.
    pub opened: u64,
    /// How many of these ended, for whatever reason.
    pub ended: u64,
}

impl Connections {
    /// Adds the connections of others.
    pub fn add(&mut self, other: Self) {
        self.opened += other.opened;
        self.ended += other.ended;
    }

    /// How many there are now.
    pub fn open(self) -> u64 {
        self.opened.saturating_sub(self.ended)
    }
}

/// Task runs that a schedule started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Starts {
    /// How many task runs were started.
    pub count: u64,
    /// How many of them were late because their user was still busy with the run before or with a lost connection. A
    /// delay of the load generator itself does not count.
    pub late: u64,
}

impl Starts {
    /// Adds the starts of others.
    pub fn add(&mut self, other: Self) {
        self.count += other.count;
        self.late += other.late;
    }
}

/// Unix time in whole microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixMicros(pub u64);

impl UnixMicros {
    /// Microseconds in a second.
    pub const PER_SECOND: u64 = 1_000_000;

    /// Unix time in seconds: the double nearest to it, so the one that six decimals are read back as.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

#[cfg(test)]
mod tests;
