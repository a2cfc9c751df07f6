//! What a user does with the messages that arrive for it, and what it must remember of those it sends.
//!
//! Boxed, and made by its first subscription or stamp: most users of most runs never ask for a message. Both ends of
//! a measurement stand here, since a session tells one sink of both.

use std::cell::Cell;

use tokio::time::Instant;

use crate::client::failure::Failure;
use crate::client::{Connect, Incoming, Key};
use crate::engine::shard::Shard;
use crate::engine::user::User;
use crate::engine::user::inbox::{DROPPED, Inbox};
use crate::engine::user::measured::Measured;
use crate::engine::user::message::text;
use crate::engine::user::outbound::Stamps;
use crate::engine::user::subscription::Asked;
use crate::mqtt;
use crate::plan::receive::Keeps;
use crate::template::Received;

/// What a user has asked for, and what becomes of it.
///
/// There is no other way to one than [`Inbound::new`]: whichever feature needs it first, the others find in it what
/// they need.
#[derive(Debug)]
pub(crate) struct Inbound {
    /// What it asked for: see [`subscription`](crate::engine::user::subscription).
    pub(super) subscriptions: Vec<Asked>,
    /// What of it is measured, ended subscriptions included.
    pub(super) measured: Vec<Measured>,
    /// What it published with stamps.
    pub(super) stamps: Stamps,
    /// What it keeps until a step takes it.
    pub(super) inbox: Inbox,
    /// Why the message of the last request did not get to the broker, and since when.
    pub(super) not_asked: Cell<Option<(Failure, Instant)>>,
}

impl Inbound {
    /// That of a user whose class keeps this, and whose texts are made.
    pub(super) fn new(keeps: &Keeps, texts: &[Box<[u8]>]) -> Self {
        let filters = keeps.filters.iter().map(|filter| {
            let filter = String::from_utf8_lossy(text(filter, texts, &[]));
            mqtt::without_share(&filter).into()
        });
        let inbox = Inbox::new(filters.collect(), keeps);
        Self {
            subscriptions: Vec::new(),
            measured: Vec::new(),
            stamps: None,
            inbox,
            not_asked: Cell::default(),
        }
    }

    /// Whether messages are expected at all.
    pub(crate) fn is_subscribed(&self) -> bool {
        !self.subscriptions.is_empty()
    }

    /// What the broker says of each filter of a request: see [`Sink::answered`](crate::client::Sink::answered).
    /// Whether it grants a lower quality of service than was asked for.
    pub(crate) fn answered(&mut self, key: Key, answers: &[u8]) -> bool {
        let mut lowered = false;
        for asked in &mut self.subscriptions {
            lowered |= asked.answered(key, answers);
        }
        lowered
    }

    /// A message that was read at `at`.
    pub(crate) fn take_in<C: Connect>(&mut self, shard: &Shard<C>, message: &Incoming<'_>, at: Instant) {
        shard.recorder.borrow_mut().received(message.payload.len() as u64);
        if self.measures() {
            self.measure(shard, message, at);
        }
        for _ in 0..self.inbox.take_in(message, at) {
            shard.unexpected(DROPPED);
        }
    }

    /// The message that a step has taken last, if some step needs it.
    pub(super) fn last_received(&self) -> Option<&Received> {
        self.inbox.last()
    }

    /// Whether the step that waits for messages waits no longer.
    pub(crate) fn is_satisfied(&self) -> bool {
        self.inbox.is_satisfied()
    }

    /// The message of a request has failed.
    pub(crate) fn not_asked(&self, failure: Failure, at: Instant) {
        self.not_asked.set(Some((failure, at)));
    }

    /// Why the message of the last request has failed, if it has, and when; told once.
    pub(super) fn why_not_asked(&self) -> Option<(Failure, Instant)> {
        self.not_asked.take()
    }

    /// A stamped message that was due at `due` came to its end.
    pub(crate) fn completed(&self, due: Instant, failed: bool) {
        if let Some(stamps) = &self.stamps {
            stamps.borrow_mut().completed(due, failed);
        }
    }
}

impl<C: Connect> User<C> {
    /// What the user does with messages, from now on at least.
    pub(super) fn inbound(&mut self) -> &mut Inbound {
        let Self { inbound, plan, class, texts, .. } = self;
        inbound.get_or_insert_with(|| Box::new(Inbound::new(&plan.classes[*class].keeps, texts)))
    }
}
