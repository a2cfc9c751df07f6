//! Counts lost connections, and those that look as if two clients used the same client id.
//!
//! A new connection ends an older one with the same client id (MQTT 3.1.1, section 3.1.4). With MQTT 5 the broker says
//! so when it closes the older one; with 3.1.1 it only closes. Two clients that share an id take the connection over
//! from each other for ever: each is accepted at once and closed after a while, again and again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::client::failure::Failure;

/// The reason code for "session taken over" in MQTT 5.
const TAKEN_OVER: u8 = 0x8E;

/// The lost connections of a run. All threads share the counters and touch them once for each loss.
#[derive(Debug, Clone, Default)]
pub(crate) struct Losses(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    all: AtomicU64,
    taken_over: AtomicU64,
    left_unread: AtomicU64,
}

/// How often in a row the broker accepted a user's connection at the first attempt and closed it later.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Closings(u8);

impl Closings {
    /// A connect has failed, so the row of closed connections is broken.
    pub(crate) fn refused(&mut self) {
        self.0 = 0;
    }
}

/// Lost connections that the scenario did not end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LossCounts {
    /// How many in all.
    pub all: u64,
    /// How many look taken over: the broker said so, or it accepted a user at once and closed its connection twice or
    /// more.
    pub taken_over: u64,
    /// After how many a DISCONNECT the broker did not close the connection in time.
    pub left_unread: u64,
}

impl Losses {
    /// Counts the lost connection of the user that these closings belong to.
    pub(crate) fn lost(&self, failure: Failure, closings: &mut Closings) {
        self.0.all.fetch_add(1, Ordering::Relaxed);
        let taken_over = match failure {
            Failure::Disconnected(reason) if reason.code() == TAKEN_OVER => 1,
            Failure::Closed | Failure::Lost(_) => {
                closings.0 = closings.0.saturating_add(1);
                // The first one looks like any other.
                [0, 2].get(usize::from(closings.0) - 1).copied().unwrap_or(1)
            }
            _ => 0,
        };
        self.0.taken_over.fetch_add(taken_over, Ordering::Relaxed);
    }

    /// Counts a user that has disconnected, but whose connection the broker has not closed in time.
    pub(crate) fn left_unread(&self) {
        self.0.left_unread.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn counts(&self) -> LossCounts {
        let counts = [&self.0.all, &self.0.taken_over, &self.0.left_unread];
        let [all, taken_over, left_unread] = counts.map(|count| count.load(Ordering::Relaxed));
        LossCounts { all, taken_over, left_unread }
    }
}

impl LossCounts {
    /// The remark at the end of a run on connections that the broker may not have read to their end.
    pub fn remark_of_unread(&self) -> Option<String> {
        let (count, s) = (self.left_unread, if self.left_unread == 1 { "" } else { "s" });
        (count > 0).then(|| {
            format!(
                "The broker had not closed {count} connection{s} a few seconds after DISCONNECT, so that the users did: it \
                 may not have read all that they had sent. Then messages of QoS 0 are lost that count as sent here, and \
                 wills are published"
            )
        })
    }

    /// The remark at the end of a run, if most losses look like takeovers.
    pub fn remark(&self) -> Option<String> {
        let &Self { all, taken_over, .. } = self;
        (taken_over * 2 > all).then(|| {
            format!(
                "{taken_over} of {all} lost connections look taken over: the broker accepted them at once and closed them \
                 again and again. So it is when two use one client id, be it another process of this scenario, another \
                 machine or another program, since a connection ends the one before with the same client id; give each \
                 its own `client_id`. A broker that ends connections for something that users do looks the same; its log \
                 tells"
            )
        })
    }
}

#[cfg(test)]
mod tests;
