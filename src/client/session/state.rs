//! The state that a session keeps from one connection to the next: the client's part of the session state (section
//! 4.1).
//!
//! With `clean_session = false` a lost connection does not end the requests that are open on it. They wait here for the
//! next connection, and their time goes on. If the broker still has its part, the driver sends again what the standard
//! demands. If it has not, the requests fail.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use tokio::time::Instant;

use crate::client::failure::{Failure, Limit};
use crate::client::session::inflight::Inflight;
use crate::client::sink::{Completion, Key, Sink, Ticket};

/// The state of a session that has no connection, or nothing. It is one pointer, because each user has one.
#[derive(Default)]
pub struct SessionState(Cell<Option<Box<DetachedSession>>>);

impl fmt::Debug for SessionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with(|state| f.debug_tuple("SessionState").field(&state).finish())
    }
}

#[derive(Debug)]
pub(crate) struct DetachedSession {
    pub(crate) inflight: Inflight,
    /// QoS 2 messages from the broker that it has not released yet.
    #[expect(clippy::box_collection, reason = "as the driver has it")]
    pub(crate) unreleased: Option<Box<BTreeSet<u16>>>,
    pub(crate) persistent: Box<PersistentSession>,
}

/// What only a session needs that outlives its connection.
#[derive(Debug, Default)]
pub(crate) struct PersistentSession {
    /// The PUBLISH of each packet id that may have to be sent again. One that is acknowledged stays until its id
    /// is used anew if nobody asks for it, so this is bounded by the number of ids.
    pub(crate) packets: BTreeMap<u16, Box<[u8]>>,
    /// What waits to be sent again on this connection, if the broker does not accept it all at once.
    pub(crate) resend: Option<Box<ResendQueue>>,
    /// Messages that the broker no longer accepts. They are to fail.
    pub(crate) untaken: Vec<(Ticket, Limit)>,
    pub(crate) client_id: Option<Box<str>>,
}

/// Messages that wait until there is room to send them again.
#[derive(Debug)]
pub(crate) struct ResendQueue {
    /// Their packet ids, in the order in which they were sent first.
    pub(crate) ids: VecDeque<u16>,
    /// How many of them may be sent now; below 0 if more handshakes are open already than may be.
    pub(crate) room: i64,
}

impl SessionState {
    pub(crate) fn new(state: DetachedSession) -> Self {
        Self(Cell::new(Some(Box::new(state))))
    }

    pub(crate) fn take(&self) -> Option<Box<DetachedSession>> {
        self.0.take()
    }

    fn with<T>(&self, look: impl FnOnce(&mut Option<Box<DetachedSession>>) -> T) -> T {
        let mut state = self.0.take();
        let seen = look(&mut state);
        self.0.set(state);
        seen
    }

    pub(crate) fn client_id(&self) -> Option<Box<str>> {
        self.with(|state| state.as_ref().and_then(|state| state.persistent.client_id.clone()))
    }

    /// Returns whether this request waits for a new connection.
    pub fn is_open(&self, key: Key) -> bool {
        match key {
            Key::Packet(id) => {
                self.with(|state| state.as_ref().is_some_and(|state| state.inflight.is_open(id)))
            }
            Key::Written(_) => false,
        }
    }

    /// A moment no later than the first deadline of a request; then [`SessionState::expire`] is to be called.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.with(|state| state.as_ref().and_then(|state| state.inflight.next_deadline()))
    }

    /// Fails the requests whose time is over.
    pub fn expire(&self, now: Instant, sink: &mut impl Sink) {
        self.with(|state| {
            let Some(state) = state else { return };
            state.inflight.expire(now, |ticket, ack| {
                let failure = Failure::AckTimeout(ack, ticket.deadline - ticket.due);
                sink.completed(Completion { ticket, finished: now, result: Err(failure) });
            });
        });
    }

    /// Ends the session and fails its open requests.
    pub fn fail(&self, failure: Failure, sink: &mut impl Sink) {
        if let Some(mut state) = self.0.take() {
            let finished = Instant::now();
            state
                .inflight
                .drain(|ticket| sink.completed(Completion { ticket, finished, result: Err(failure) }));
        }
    }
}
