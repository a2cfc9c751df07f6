//! Lost connections, and whether they look as if client ids were used twice.
//!
//! A connection with a client id ends the one before (MQTT 3.1.1, section 3.1.4). A broker of MQTT 5 says so as it
//! closes that; one of 3.1.1 just closes. What shows then is a user that is accepted at once and closed after a while,
//! again and again: two that share an id drive each other out for ever.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::client::failure::Failure;

/// What a broker of MQTT 5 says to a client whose id has come again.
const TAKEN_OVER: u8 = 0x8E;

/// The losses of a run; shared by all threads, and touched once for each.
#[derive(Debug, Clone, Default)]
pub(crate) struct Losses(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    all: AtomicU64,
    taken_over: AtomicU64,
    left_unread: AtomicU64,
}

/// How often the broker has closed a user's connection, each of which it had accepted at the first attempt.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Closings(u8);

impl Closings {
    /// A connect has failed: this broker does not just close.
    pub(crate) fn refused(&mut self) {
        self.0 = 0;
    }
}

/// How many connections were lost that the scenario did not end, and of how many it looks as if they were taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LossCounts {
    /// All.
    pub all: u64,
    /// By the broker's word, or of users whose connection was accepted at once and closed again twice or more.
    pub taken_over: u64,
    /// Of how many others that users ended the broker took no notice in time.
    pub left_unread: u64,
}

impl Losses {
    /// The user of these closings has lost its connection.
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

    /// A user has left in good order, and the broker has not closed the connection in time.
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
    /// What to say at the end of a run of connections that the broker may not have read to their end.
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

    /// What to say of them at the end of a run, if most of them look like takeovers.
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
mod tests {
    use super::*;

    #[test]
    fn who_is_closed_again_and_again_looks_taken_over() {
        let losses = Losses::default();
        let mut users = [Closings::default(); 3];
        for user in &mut users {
            losses.lost(Failure::Closed, user);
        }
        assert_eq!((losses.counts().taken_over, losses.counts().remark()), (0, None), "a restart");
        losses.lost(Failure::Closed, &mut users[0]);
        losses.lost(Failure::Closed, &mut users[0]);
        assert_eq!(losses.counts(), LossCounts { all: 5, taken_over: 3, left_unread: 0 });
        assert!(losses.counts().remark().unwrap().starts_with("3 of 5 lost connections"));
        users[1].refused();
        losses.lost(Failure::Closed, &mut users[1]);
        losses.lost(Failure::NoPacketId, &mut users[2]);
        assert_eq!(losses.counts(), LossCounts { all: 7, taken_over: 3, left_unread: 0 });
        assert_eq!(losses.counts().remark(), None);
    }
}
