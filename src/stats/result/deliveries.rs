//! What became of measured messages.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::stats::fine::FineTimes;
use crate::stats::result::row::Times;

/// Messages that arrived on subscriptions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Messages {
    /// How many arrived.
    pub messages: u64,
    /// Bytes of their payloads.
    pub bytes: u64,
}

/// What became of measured messages.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Deliveries {
    /// One row for each measured subscription.
    pub rows: Vec<DeliveryRow>,
    /// Whether all publishers and receivers have told what they know.
    pub complete: bool,
}

impl Deliveries {
    /// The counts of all rows together, without a name and without times.
    pub fn total(&self) -> DeliveryRow {
        let mut total = DeliveryRow::default();
        self.rows.iter().for_each(|row| total.count_in(row));
        total
    }
}

/// What became of the messages of one measured subscription.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct DeliveryRow {
    /// Request type.
    #[serde(rename = "type")]
    pub request_type: String,
    /// Name.
    pub name: String,
    /// Times from publish to arrival.
    pub times_ms: Option<Times>,
    /// The same from when the publish began, if a schedule started it.
    pub service_time_ms: Option<Times>,
    /// The times from publish to arrival.
    pub histogram: FineTimes,
    /// The same from when the publish began.
    pub service_time_histogram: FineTimes,
    /// How many messages should have arrived.
    pub expected: u64,
    /// How many different messages arrived.
    pub received: u64,
    /// Messages that did not arrive, by cause.
    pub lost: LostResult,
    /// Messages that arrived again, by cause.
    pub duplicates: DuplicatesResult,
    /// Messages that arrived after a later one of the same publisher.
    pub reordered: u64,
    /// Messages of which it is not known whether they should have arrived.
    pub unsettled: u64,
    /// Retained messages.
    pub retained: u64,
    /// Messages that could not be followed.
    pub untracked: u64,
}

impl DeliveryRow {
    /// Adds the counts of another row, up to the highest number. Times stay.
    pub fn count_in(&mut self, of: &Self) {
        let (lost, of_lost) = (&mut self.lost, &of.lost);
        let (duplicates, of_duplicates) = (&mut self.duplicates, &of.duplicates);
        for (sum, of) in [
            (&mut self.expected, of.expected),
            (&mut self.received, of.received),
            (&mut lost.total, of_lost.total),
            (&mut lost.qos_0, of_lost.qos_0),
            (&mut lost.reconnect, of_lost.reconnect),
            (&mut lost.expiry, of_lost.expiry),
            (&mut lost.not_acknowledged, of_lost.not_acknowledged),
            (&mut lost.not_shared, of_lost.not_shared),
            (&mut lost.unexplained, of_lost.unexplained),
            (&mut duplicates.total, of_duplicates.total),
            (&mut duplicates.redelivered, of_duplicates.redelivered),
            (&mut duplicates.against_qos_2, of_duplicates.against_qos_2),
            (&mut duplicates.unexplained, of_duplicates.unexplained),
            (&mut self.reordered, of.reordered),
            (&mut self.unsettled, of.unsettled),
            (&mut self.retained, of.retained),
            (&mut self.untracked, of.untracked),
        ] {
            *sum = sum.saturating_add(of);
        }
    }
}

/// Messages that did not arrive, by cause.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LostResult {
    /// All of them.
    pub total: u64,
    /// Sent or delivered with QoS 0, which promises nothing.
    pub qos_0: u64,
    /// Sent while the subscriber had no connection, and the broker did not have to keep them.
    pub reconnect: u64,
    /// They expired, or the session that should have kept them did.
    pub expiry: u64,
    /// Their publish itself had failed.
    pub not_acknowledged: u64,
    /// The broker does not support the shared subscription.
    pub not_shared: u64,
    /// No other cause explains them: the broker owes them.
    pub unexplained: u64,
}

/// Messages that arrived again, by cause.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct DuplicatesResult {
    /// All of them.
    pub total: u64,
    /// QoS 1, marked as a second delivery or around a reconnect.
    pub redelivered: u64,
    /// QoS 2, which delivers once.
    pub against_qos_2: u64,
    /// No cause explains them.
    pub unexplained: u64,
}
