//! The state that the connections of one broker share: sessions, subscriptions, counters, dice.
//!
//! Everything lives on the broker's one thread, so it is `Rc` and `RefCell` without a lock; no borrow is
//! held over an await or over a call into another session.

use crate::broker::config::{BrokerConfig, QueueLimit};
use crate::broker::counters::Tally;
use crate::broker::faults::{Dice, Faults};
use crate::broker::packet::{Connect, Filter, Message, Will, WireError};
use crate::broker::router::{MAX_LEVELS, Router, Target};
use crate::broker::session::{Copies, Delivery, Link, Session, SessionRef};
use crate::mqtt::{Qos, RetainHandling, check_topic_filter};
use bytes::Bytes;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Payloads below this many bytes are copied out of the read buffer, all of which one that waits in a queue
/// would keep alive.
const SMALL_PAYLOAD: usize = 4 * 1024;

#[derive(Debug)]
pub(super) struct Hub {
    pub(super) faults: Faults,
    pub(super) tally: Arc<Tally>,
    pub(super) max_packet_bytes: usize,
    queue: QueueLimit,
    sessions: RefCell<HashMap<Rc<str>, SessionRef>>,
    router: RefCell<Router>,
    dice: RefCell<Dice>,
    /// Empty between publishes; kept for its memory.
    targets: RefCell<Vec<Target>>,
    started: Instant,
    assigned: Cell<u64>,
}

#[derive(Debug)]
pub(super) struct Opened {
    pub(super) session: SessionRef,
    pub(super) generation: u64,
    pub(super) present: bool,
    /// The client id that the broker chose, if the client gave none.
    pub(super) assigned_id: Option<Rc<str>>,
}

impl Hub {
    pub(super) fn new(config: &BrokerConfig, tally: Arc<Tally>) -> Self {
        Self {
            faults: config.faults,
            tally,
            max_packet_bytes: config.max_packet_bytes,
            queue: config.queue,
            sessions: RefCell::default(),
            router: RefCell::default(),
            dice: RefCell::new(Dice::new(config.faults.seed)),
            targets: RefCell::default(),
            started: Instant::now(),
            assigned: Cell::default(),
        }
    }

    pub(super) fn chance(&self, probability: f64) -> bool {
        self.dice.borrow_mut().chance(probability)
    }

    pub(super) fn draw_delay(&self) -> Duration {
        self.faults.delay + self.dice.borrow_mut().up_to(self.faults.jitter)
    }

    pub(super) fn stalled_until(&self) -> Option<Instant> {
        let stall = self.faults.stall?;
        let now = Instant::now();
        let begin = self.started.checked_add(stall.after).filter(|begin| *begin <= now)?;
        begin.checked_add(stall.length).filter(|end| *end > now)
    }

    /// Gives a client a new session or the one that it had, which it takes from its last connection.
    pub(super) fn open(&self, connect: &Connect, wake: Rc<Notify>) -> Result<Opened, WireError> {
        let mut sessions = self.sessions.borrow_mut();
        let (client_id, assigned_id) = if connect.client_id.is_empty() {
            let id: Rc<str> = std::iter::repeat_with(|| {
                self.assigned.update(|n| n + 1);
                format!("auto-{}", self.assigned.get()).into()
            })
            .find(|id| !sessions.contains_key(id))
            .unwrap_or_default();
            (Rc::clone(&id), Some(id))
        } else {
            (Rc::from(connect.client_id.as_str()), None)
        };
        let mut old = sessions.remove(&client_id);
        // A session that was to end with its connection has ended when another takes its place (MQTT-3.1.2-6).
        let begins_anew = |session: &mut SessionRef| connect.clean_start || session.borrow().expiry.is_zero();
        if let Some(session) = old.take_if(begins_anew) {
            self.forget(&session);
        }
        let present = old.is_some();
        let session = old.unwrap_or_else(|| {
            let session = Session::new(Rc::clone(&client_id), self.queue, Arc::clone(&self.tally));
            Rc::new(RefCell::new(session))
        });
        sessions.insert(client_id, Rc::clone(&session));
        let mut state = session.borrow_mut();
        state.expiry = connect.expiry;
        let generation = state.attach(Link::new(connect, wake))?;
        drop(state);
        self.tally.sessions.add();
        Ok(Opened { session, generation, present, assigned_id })
    }

    /// A connection has ended. Its will, if it is due, is published now or after its delay; the session
    /// stays as long as it was to, unless another connection has it already.
    pub(super) fn close(&self, session: &SessionRef, generation: u64, will: Option<Will>) {
        let mut state = session.borrow_mut();
        let mut now_due = will;
        if state.belongs_to(generation) {
            state.detach();
            let now = Instant::now();
            if state.expiry.is_zero() {
                let client_id = Rc::clone(&state.client_id);
                drop(state);
                self.sessions.borrow_mut().remove(&client_id);
                self.forget(session);
            } else {
                state.ends = now.checked_add(state.expiry);
                let delayed = now_due.take_if(|will| !will.delay.is_zero());
                state.will = delayed.map(|will| (now + will.delay.min(state.expiry), will));
                drop(state);
            }
        } else {
            // Taken over. A delayed will is due only if the session has not gone on (MQTT 5, 3.1.3.2.2).
            let sessions = self.sessions.borrow();
            let goes_on = sessions.get(&state.client_id).is_some_and(|now| Rc::ptr_eq(now, session));
            drop(state);
            now_due = now_due.filter(|will| will.delay.is_zero() || !goes_on);
        }
        if let Some(will) = now_due {
            self.publish_will(will);
        }
    }

    /// Ends the sessions whose time is over and publishes the wills that have waited long enough.
    pub(super) fn sweep(&self) {
        let now = Instant::now();
        let mut wills = Vec::new();
        let mut over = Vec::new();
        self.sessions.borrow_mut().retain(|_, session| {
            let mut state = session.borrow_mut();
            wills.extend(state.will.take_if(|(due, _)| *due <= now).map(|(_, will)| will));
            let ended = state.ends.is_some_and(|ends| ends <= now);
            if ended {
                over.push(Rc::clone(session));
            }
            !ended
        });
        for session in over {
            self.forget(&session);
        }
        for will in wills {
            self.publish_will(will);
        }
    }

    /// Retains and routes a message. Returns whether anybody has subscribed to its topic.
    pub(super) fn publish(
        &self,
        from: Option<&SessionRef>,
        mut message: Message,
        qos: Qos,
        retain: bool,
    ) -> bool {
        let mut targets = self.targets.take();
        {
            let mut router = self.router.borrow_mut();
            if retain {
                router.retain(&message, qos);
            }
            router.matching(&message.topic, &mut targets);
        }
        let matched = !targets.is_empty();
        if matched && message.payload.len() < SMALL_PAYLOAD {
            message.payload = Bytes::copy_from_slice(&message.payload);
        }
        let message = Rc::new(message);
        for Target { session, options } in targets.drain(..) {
            if options.no_local && from.is_some_and(|from| Rc::ptr_eq(from, &session)) {
                continue;
            }
            let delivery = Delivery {
                message: Rc::clone(&message),
                qos: qos.min(options.qos),
                retain: retain && options.retain_as_published,
                copies: Copies::One,
            };
            self.forward(&session, delivery);
        }
        self.targets.replace(targets);
        matched
    }

    /// Sends a message to a subscriber, or what a planted fault makes of it.
    fn forward(&self, session: &SessionRef, mut delivery: Delivery) {
        let mut session = session.borrow_mut();
        if !session.takes(delivery.qos) {
            return;
        }
        if self.chance(self.faults.drop) {
            return self.tally.dropped_deliveries.add();
        }
        if self.chance(self.faults.repeat) {
            delivery.copies = Copies::Two;
        }
        if session.may_hold() && self.chance(self.faults.swap) {
            session.hold(delivery);
        } else {
            session.forward(delivery);
        }
    }

    /// Subscribes. Returns the granted quality of service, or nothing if the filter is refused.
    pub(super) fn subscribe(&self, session: &SessionRef, filter: Filter) -> Option<Qos> {
        let Filter { path, options, retained } = filter;
        if check_topic_filter(&path).is_err() || path.split('/').count() > MAX_LEVELS {
            return None;
        }
        let mut router = self.router.borrow_mut();
        router.subscribe(&path, Target { session: Rc::clone(session), options });
        let mut state = session.borrow_mut();
        let wanted = match retained {
            RetainHandling::Always => true,
            RetainHandling::IfNew => !state.filters.contains(&path),
            RetainHandling::Never => false,
        };
        if wanted {
            // Retained messages have no part in what is planted.
            state.let_go();
            for retained in router.retained(&path) {
                let qos = retained.qos.min(options.qos);
                let copies = Copies::One;
                state.deliver(Delivery { message: retained.message, qos, retain: true, copies });
            }
        }
        state.filters.insert(path);
        Some(options.qos)
    }

    pub(super) fn unsubscribe(&self, session: &SessionRef, filter: &str) -> bool {
        self.router.borrow_mut().unsubscribe(filter, session);
        session.borrow_mut().filters.remove(filter)
    }

    /// Removes a session that is no longer in the table from everything else.
    fn forget(&self, session: &SessionRef) {
        let mut state = session.borrow_mut();
        state.supersede();
        let mut router = self.router.borrow_mut();
        for filter in state.filters.drain() {
            router.unsubscribe(&filter, session);
        }
        if let Some((_, will)) = state.will.take() {
            drop((state, router));
            self.publish_will(will);
        }
    }

    fn publish_will(&self, mut will: Will) {
        will.message.expires = will.expiry.and_then(|expiry| Instant::now().checked_add(expiry));
        self.publish(None, will.message, will.qos, will.retain);
    }
}
