//! What a session keeps from one connection to the next: the client's half of an MQTT session.
//!
//! With `clean_session = false` a lost connection does not end the requests that are open on it. They wait here,
//! their time running, until there is a new connection: if the broker still has its half, the driver takes them
//! up and sends again what the standard demands; if it has not, they have failed.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use tokio::time::Instant;

use crate::client::failure::{Failure, Limit};
use crate::client::session::inflight::Inflight;
use crate::client::sink::{Completion, Key, Sink, Ticket};

/// A session without a connection, or nothing: a pointer, since each user has one.
#[derive(Default)]
pub struct SessionState(Cell<Option<Box<DetachedSession>>>);

impl fmt::Debug for SessionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with(|state| f.debug_tuple("SessionState").field(&state).finish())
    }
}

/// The client's half of a session.
#[derive(Debug)]
pub(crate) struct DetachedSession {
    pub(crate) inflight: Inflight,
    /// QoS 2 messages from the broker that it has not released yet.
    #[expect(clippy::box_collection, reason = "as the driver has it")]
    pub(crate) unreleased: Option<Box<BTreeSet<u16>>>,
    pub(crate) persistent: Box<PersistentSession>,
}

/// What only a session has that outlives its connection.
#[derive(Debug, Default)]
pub(crate) struct PersistentSession {
    /// The PUBLISH of each packet id that may have to be sent again. One that is acknowledged stays until its id
    /// is used anew if nobody asks for it, so this is bounded by the number of ids.
    pub(crate) packets: BTreeMap<u16, Box<[u8]>>,
    /// What is still to be sent again on this connection, if the broker does not take it all at once.
    pub(crate) resend: Option<Box<ResendQueue>>,
    /// What the broker does not take any more, to be told as failed.
    pub(crate) untaken: Vec<(Ticket, Limit)>,
    /// The client id that the broker chose, if it did.
    pub(crate) client_id: Option<Box<str>>,
}

/// Messages that wait for room to be sent again.
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

    /// The state, for a connection that goes on with it.
    pub(crate) fn take(&self) -> Option<Box<DetachedSession>> {
        self.0.take()
    }

    fn with<T>(&self, look: impl FnOnce(&mut Option<Box<DetachedSession>>) -> T) -> T {
        let mut state = self.0.take();
        let seen = look(&mut state);
        self.0.set(state);
        seen
    }

    /// The client id that the broker chose for this session.
    pub(crate) fn client_id(&self) -> Option<Box<str>> {
        self.with(|state| state.as_ref().and_then(|state| state.persistent.client_id.clone()))
    }

    /// Whether this request waits for a new connection.
    pub fn is_open(&self, key: Key) -> bool {
        match key {
            Key::Packet(id) => {
                self.with(|state| state.as_ref().is_some_and(|state| state.inflight.is_open(id)))
            }
            Key::Written(_) => false,
        }
    }

    /// No later than the moment at which a request has waited too long, to be told by [`SessionState::expire`].
    pub fn next_deadline(&self) -> Option<Instant> {
        self.with(|state| state.as_ref().and_then(|state| state.inflight.next_deadline()))
    }

    /// Finishes the requests whose time is over.
    pub fn expire(&self, now: Instant, sink: &mut impl Sink) {
        self.with(|state| {
            let Some(state) = state else { return };
            state.inflight.expire(now, |ticket, ack| {
                let failure = Failure::AckTimeout(ack, ticket.deadline - ticket.due);
                sink.completed(Completion { ticket, finished: now, result: Err(failure) });
            });
        });
    }

    /// The session is gone: its open requests have failed with this.
    pub fn fail(&self, failure: Failure, sink: &mut impl Sink) {
        if let Some(mut state) = self.0.take() {
            let finished = Instant::now();
            state
                .inflight
                .drain(|ticket| sink.completed(Completion { ticket, finished, result: Err(failure) }));
        }
    }
}
