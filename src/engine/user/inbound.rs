//! How a user handles the messages that arrive for it, and its memory of the stamped messages that it sends.
//!
//! It is boxed, and made by the first subscription or stamp: most users of most runs never ask for a message. Both ends
//! of a measurement are here, since a session reports both to one sink.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use tokio::time::Instant;

use crate::client::failure::Failure;
use crate::client::{Incoming, Key};
use crate::engine::context::Context;
use crate::engine::delivery::measured::Measured;
use crate::engine::delivery::outbound::Outbound;
use crate::engine::user::inbox::{DROPPED, Inbox};
use crate::engine::user::subscription::UserSubscription;
use crate::mqtt;
use crate::plan::Subscribe;
use crate::plan::persona::Persona;
use crate::plan::receive::Keeps;
use crate::template::{NOTHING, Received};

/// What a user has asked for, and what becomes of it.
///
/// The only way to make one is [`Inbound::new`]: whichever feature needs it first, the others find in it what they
/// need.
#[derive(Debug)]
pub(super) struct Inbound {
    pub(super) subscriptions: Vec<UserSubscription>,
    /// The filters that are measured, ended subscriptions included.
    pub(super) measured: Vec<Measured>,
    /// What the user published with stamps. It outlives the user.
    pub(super) stamps: Option<Rc<RefCell<Outbound>>>,
    /// What it keeps until a step takes it.
    pub(super) inbox: Inbox,
    request_failed: Cell<Option<(Failure, Instant)>>,
}

/// The message that a step of the user has taken last, if some step needs it.
pub(super) fn last_received(inbound: Option<&Inbound>) -> &Received {
    inbound.and_then(|inbound| inbound.inbox.last()).unwrap_or(&NOTHING)
}

impl Inbound {
    /// For a user whose class keeps these messages.
    pub(super) fn new(keeps: &Keeps, persona: &Persona) -> Self {
        let filters = keeps.filters.iter().map(|filter| {
            let filter = String::from_utf8_lossy(persona.text(filter));
            mqtt::without_share(&filter).into()
        });
        let inbox = Inbox::new(filters.collect(), keeps);
        Self {
            subscriptions: Vec::new(),
            measured: Vec::new(),
            stamps: None,
            inbox,
            request_failed: Cell::default(),
        }
    }

    pub(super) fn is_subscribed(&self) -> bool {
        !self.subscriptions.is_empty()
    }

    /// Takes the answers of the broker to a request: see [`Sink::answered`](crate::client::Sink::answered). Returns
    /// whether one of them grants a lower quality of service than was asked for.
    pub(super) fn answered(&mut self, key: Key, answers: &[u8]) -> bool {
        let mut lowered = false;
        for asked in &mut self.subscriptions {
            lowered |= asked.answered(key, answers);
        }
        lowered
    }

    pub(super) fn receive<C>(&mut self, context: &Context<C>, message: &Incoming<'_>, at: Instant) {
        context.recorder.borrow_mut().received(message.payload.len() as u64);
        for measured in &self.measured {
            measured.receive(context, message, at);
        }
        for _ in 0..self.inbox.receive(message, at) {
            context.noticed(DROPPED);
        }
    }

    pub(super) fn is_satisfied(&self) -> bool {
        self.inbox.is_satisfied()
    }

    pub(super) fn request_failed(&self, failure: Failure, at: Instant) {
        self.request_failed.set(Some((failure, at)));
    }

    pub(super) fn take_request_failure(&self) -> Option<(Failure, Instant)> {
        self.request_failed.take()
    }

    /// Notes that the stamped message that was due at `due` has ended.
    pub(super) fn completed(&self, due: Instant, failed: bool) {
        if let Some(stamps) = &self.stamps {
            stamps.borrow_mut().completed(due, failed);
        }
    }

    pub(super) fn away(&self, now_ns: u64) {
        self.measured.iter().for_each(|measured| measured.receiver.borrow_mut().away(now_ns));
    }

    pub(super) fn resumed(&self, now_ns: u64) {
        self.measured.iter().for_each(|measured| measured.receiver.borrow_mut().resumed(now_ns));
    }

    pub(super) fn measures(&self) -> bool {
        !self.measured.is_empty()
    }

    /// Answers of the broker have come: begins to measure the filters that it grants.
    pub(super) fn note_grants(&self, now_ns: u64) {
        for measured in &self.measured {
            let is_granted = |asked: &UserSubscription| asked.is_granted(&measured.step, measured.index);
            if self.subscriptions.iter().any(is_granted) {
                let mut receiver = measured.receiver.borrow_mut();
                // Asked again, in case that the broker has refused to end it.
                receiver.asked(now_ns);
                receiver.granted(now_ns);
            }
        }
    }

    pub(super) fn ended(&self, step: &Arc<Subscribe>, index: usize, now_ns: u64) {
        let of = |measured: &&Measured| measured.index == index && Arc::ptr_eq(&measured.step, step);
        self.measured.iter().filter(of).for_each(|measured| measured.receiver.borrow_mut().ended(now_ns));
    }

    pub(super) fn filter_ended(&self, filter: &str, now_ns: u64) {
        let of = |measured: &&Measured| *measured.filter == *filter;
        self.measured.iter().filter(of).for_each(|measured| measured.receiver.borrow_mut().ended(now_ns));
    }

    pub(super) fn all_ended(&self, now_ns: u64) {
        self.measured.iter().for_each(|measured| measured.receiver.borrow_mut().ended(now_ns));
    }

    pub(super) fn is_measuring(&self) -> bool {
        self.measured.iter().any(|measured| measured.receiver.borrow().is_live())
    }
}
