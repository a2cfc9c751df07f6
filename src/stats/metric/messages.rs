//! What became of measured messages, as words that can be asked for.

use std::fmt;

use crate::stats::metric::known::Unit;
use crate::stats::result::deliveries::DeliveryRow;

/// A count of measured messages: of those of one measured subscription, or of all together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageMetric {
    /// Messages that should have arrived.
    Expected,
    /// Different messages that arrived.
    Received,
    /// Messages that did not arrive.
    Lost,
    /// The same in percent of those that should have arrived.
    LostRatio,
    /// Lost with QoS 0, which promises nothing.
    LostQos0,
    /// Lost while the subscriber had no connection.
    LostReconnect,
    /// Lost because they, or the session that should have kept them, expired.
    LostExpiry,
    /// Lost because their publish itself had failed.
    LostNotAcknowledged,
    /// Lost because the broker does not support the shared subscription.
    LostNotShared,
    /// Lost without any cause that explains it: the broker owes them.
    LostUnexplained,
    /// Messages that arrived again.
    Duplicates,
    /// The same in percent of the different messages that arrived.
    DuplicateRatio,
    /// Arrived again with QoS 1, as it may around a reconnect.
    DuplicatesRedelivered,
    /// Arrived again although QoS 2 delivers once.
    DuplicatesAgainstQos2,
    /// Arrived again without any cause that explains it.
    DuplicatesUnexplained,
    /// Messages that arrived after a later one of the same publisher.
    Reordered,
    /// The same in percent of the different messages that arrived.
    ReorderedRatio,
    /// Messages of the last moments, of which it is not known whether they should have arrived.
    Unsettled,
    /// Messages that the broker had kept from before the subscription.
    Retained,
    /// Messages that could not be followed, because there were too many streams.
    Untracked,
}

impl MessageMetric {
    pub(super) const WORDS: [(Self, &str); 20] = [
        (Self::Expected, "expected"),
        (Self::Received, "received"),
        (Self::Lost, "lost"),
        (Self::LostRatio, "lost_ratio"),
        (Self::LostQos0, "lost_qos_0"),
        (Self::LostReconnect, "lost_reconnect"),
        (Self::LostExpiry, "lost_expiry"),
        (Self::LostNotAcknowledged, "lost_not_acknowledged"),
        (Self::LostNotShared, "lost_not_shared"),
        (Self::LostUnexplained, "lost_unexplained"),
        (Self::Duplicates, "duplicates"),
        (Self::DuplicateRatio, "duplicate_ratio"),
        (Self::DuplicatesRedelivered, "duplicates_redelivered"),
        (Self::DuplicatesAgainstQos2, "duplicates_against_qos_2"),
        (Self::DuplicatesUnexplained, "duplicates_unexplained"),
        (Self::Reordered, "reordered"),
        (Self::ReorderedRatio, "reordered_ratio"),
        (Self::Unsettled, "unsettled"),
        (Self::Retained, "retained"),
        (Self::Untracked, "untracked"),
    ];

    pub(super) fn unit(self) -> Unit {
        match self {
            Self::LostRatio | Self::DuplicateRatio | Self::ReorderedRatio => Unit::Percent,
            _ => Unit::Count,
        }
    }

    /// What it is with a limit in percent.
    pub(super) fn ratio(self) -> Option<Self> {
        match self {
            Self::Lost => Some(Self::LostRatio),
            Self::Duplicates => Some(Self::DuplicateRatio),
            Self::Reordered => Some(Self::ReorderedRatio),
            _ => None,
        }
    }

    /// Whether it is no bad sign if there are many.
    pub(super) fn may_be_high(self) -> bool {
        matches!(self, Self::Expected | Self::Received | Self::Retained)
    }

    /// Whether it can only have been counted too low if not all publishers could be compared with all subscriptions.
    pub(in crate::stats) fn is_of_losses(self) -> bool {
        matches!(
            self,
            Self::Expected
                | Self::Lost
                | Self::LostRatio
                | Self::LostQos0
                | Self::LostReconnect
                | Self::LostExpiry
                | Self::LostNotAcknowledged
                | Self::LostNotShared
                | Self::LostUnexplained
        )
    }

    /// Its value in its unit; `None` for a share of nothing.
    pub(in crate::stats) fn value(self, row: &DeliveryRow) -> Option<f64> {
        let share = |of: u64, whole: u64| (whole > 0).then(|| of as f64 * 100.0 / whole as f64);
        let (lost, duplicates) = (&row.lost, &row.duplicates);
        let count = match self {
            Self::LostRatio => return share(lost.total, row.expected),
            Self::DuplicateRatio => return share(duplicates.total, row.received),
            Self::ReorderedRatio => return share(row.reordered, row.received),
            Self::Expected => row.expected,
            Self::Received => row.received,
            Self::Lost => lost.total,
            Self::LostQos0 => lost.qos_0,
            Self::LostReconnect => lost.reconnect,
            Self::LostExpiry => lost.expiry,
            Self::LostNotAcknowledged => lost.not_acknowledged,
            Self::LostNotShared => lost.not_shared,
            Self::LostUnexplained => lost.unexplained,
            Self::Duplicates => duplicates.total,
            Self::DuplicatesRedelivered => duplicates.redelivered,
            Self::DuplicatesAgainstQos2 => duplicates.against_qos_2,
            Self::DuplicatesUnexplained => duplicates.unexplained,
            Self::Reordered => row.reordered,
            Self::Unsettled => row.unsettled,
            Self::Retained => row.retained,
            Self::Untracked => row.untracked,
        };
        Some(count as f64)
    }
}

impl fmt::Display for MessageMetric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = Self::WORDS.iter().find(|(metric, _)| metric == self).map_or("", |(_, word)| word);
        f.write_str(word)
    }
}
