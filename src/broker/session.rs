//! One client's session: its queue of messages, what is in flight, and where its output goes.
//!
//! A message for a session is encoded at once into the output buffer of its connection, if there is room
//! there and in the window of unacknowledged messages; otherwise it waits in the queue. So the usual path
//! has no queue and no task in between, and a client that does not read costs the others nothing but a
//! bounded queue.
//!
//! ```text
//! publish ─▶ deliver ─┬─────────────────▶ output buffer ─▶ connection's task ─▶ socket
//!                     └▶ queue ─(room)─▶
//! ```

use crate::broker::config::QueueLimit;
use crate::broker::counters::Tally;
use crate::broker::faults::HELD;
use crate::broker::packet::{Answer, Connect, Message, Will, WireError};
use crate::broker::wire::{self, PublishHeader};
use crate::mqtt::{Qos, Version};
use bytes::BytesMut;
use std::cell::RefCell;
use std::collections::{HashSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Output of one connection beyond which nothing more is encoded for it (bytes).
pub(super) const OUTPUT_LIMIT: usize = 64 * 1024;

/// Most unacknowledged messages that the broker sends one client at a time, whatever the client would take.
const WINDOW: u16 = 1_000;

/// What a queued message costs beside its topic and payload, roughly (bytes).
const QUEUED_BYTES: usize = 64;

pub(super) type SessionRef = Rc<RefCell<Session>>;

#[derive(Debug, Clone)]
pub(super) struct Delivery {
    pub(super) message: Rc<Message>,
    pub(super) qos: Qos,
    pub(super) retain: bool,
    pub(super) copies: Copies,
}

/// How often a message is sent to its subscriber.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Copies {
    /// Once, as it should be.
    One,
    Two,
    /// This is the second of two with packet ids of their own.
    Second,
}

/// A session's connection, as the session sees it.
#[derive(Debug)]
pub(super) struct Link {
    version: Version,
    window: usize,
    max_packet_bytes: usize,
    out: BytesMut,
    /// Wakes the connection's task: there is output, or another connection has taken the session over.
    wake: Rc<Notify>,
}

impl Link {
    pub(super) fn new(connect: &Connect, wake: Rc<Notify>) -> Self {
        Self {
            version: connect.version,
            window: connect.receive_maximum.min(WINDOW).into(),
            max_packet_bytes: connect.max_packet_bytes,
            out: BytesMut::new(),
            wake,
        }
    }
}

#[derive(Debug)]
pub(super) struct Session {
    pub(super) client_id: Rc<str>,
    pub(super) filters: HashSet<String>,
    /// Ids of received messages of quality of service 2 that the client has not released.
    pub(super) received: HashSet<u16>,
    pub(super) expiry: Duration,
    /// When it ends, while it has no connection; none for never.
    pub(super) ends: Option<Instant>,
    /// What to publish for it unless the client is back by then.
    pub(super) will: Option<(Instant, Will)>,
    link: Option<Link>,
    /// What a planted fault holds back until the next message has gone, and when it goes at the latest.
    held: Option<(Instant, Delivery)>,
    /// Counts the connections that it has had: a connection's task that finds another number has lost it.
    generation: u64,
    queue: VecDeque<Delivery>,
    queue_bytes: usize,
    limit: QueueLimit,
    /// Unacknowledged messages; the packet id of a message is its index here plus one.
    slots: Vec<Option<InFlight>>,
    free: Vec<u16>,
    /// Counts messages sent, to send them again in the same order.
    sent: u64,
    tally: Arc<Tally>,
}

#[derive(Debug)]
struct InFlight {
    number: u64,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Published(Delivery),
    /// PUBREC received and PUBREL sent.
    Released,
}

impl Session {
    pub(super) fn new(client_id: Rc<str>, limit: QueueLimit, tally: Arc<Tally>) -> Self {
        Self {
            client_id,
            filters: HashSet::new(),
            received: HashSet::new(),
            expiry: Duration::ZERO,
            ends: None,
            will: None,
            link: None,
            held: None,
            generation: 0,
            queue: VecDeque::new(),
            queue_bytes: 0,
            limit,
            slots: Vec::new(),
            free: Vec::new(),
            sent: 0,
            tally,
        }
    }

    /// Gives the session a connection, ends the one before, and sends again what was in flight, all of it:
    /// a client that lowers its receive maximum between two connections gets more than it asked for.
    ///
    /// The connection's task keeps the number that is returned.
    pub(super) fn attach(&mut self, mut link: Link) -> Result<u64, WireError> {
        self.supersede();
        self.ends = None;
        self.will = None;
        let mut again: Vec<_> =
            (1..).zip(&self.slots).filter_map(|(pkid, slot)| Some((slot.as_ref()?, pkid))).collect();
        again.sort_unstable_by_key(|(in_flight, _)| in_flight.number);
        for (in_flight, pkid) in again {
            match &in_flight.stage {
                Stage::Published(Delivery { message, qos, retain, .. }) => {
                    let header = PublishHeader { qos: *qos, retain: *retain, dup: true, pkid };
                    let (version, limit) = (link.version, link.max_packet_bytes);
                    wire::write_publish(version, header, message, Instant::now, limit, &mut link.out);
                }
                Stage::Released => wire::write(link.version, &Answer::PubRel(pkid), &mut link.out)?,
            }
        }
        self.link = Some(link);
        Ok(self.generation)
    }

    /// Takes the session from its connection's task, if it has one.
    pub(super) fn supersede(&mut self) {
        self.generation += 1;
        if let Some(old) = self.link.take() {
            old.wake.notify_one();
        }
        self.let_go();
    }

    pub(super) fn detach(&mut self) {
        self.link = None;
        self.let_go();
    }

    pub(super) fn belongs_to(&self, generation: u64) -> bool {
        self.generation == generation
    }

    pub(super) fn is_online(&self) -> bool {
        self.link.is_some()
    }

    /// Whether a message of this quality of service is for the session at all, now or later.
    pub(super) fn takes(&self, qos: Qos) -> bool {
        self.is_online() || qos > Qos::AtMostOnce
    }

    /// Whether a message may be held back: there is a connection, and nothing is held back already.
    pub(super) fn may_hold(&self) -> bool {
        self.held.is_none() && self.is_online()
    }

    /// Holds a message back until the next one has gone, or [`HELD`] has passed.
    pub(super) fn hold(&mut self, delivery: Delivery) {
        self.held = Some((Instant::now() + HELD, delivery));
        if let Some(link) = &self.link {
            link.wake.notify_one();
        }
    }

    pub(super) fn held_until(&self) -> Option<Instant> {
        self.held.as_ref().map(|(until, _)| *until)
    }

    /// Sends what has been held back long enough.
    pub(super) fn let_go_of_old(&mut self) {
        if self.held_until().is_some_and(|until| until <= Instant::now()) {
            self.let_go();
        }
    }

    pub(super) fn let_go(&mut self) {
        if let Some((_, held)) = self.held.take() {
            self.deliver(held);
        }
    }

    /// Sends a message, as [`Self::deliver`] does, and after it what is held back.
    pub(super) fn forward(&mut self, delivery: Delivery) {
        self.deliver(delivery);
        if self.held.is_some() {
            self.tally.swapped_deliveries.add();
            self.let_go();
        }
    }

    /// Sends a message, or queues it, or drops it: quality of service 0 if there is no connection, any if
    /// the queue is full.
    pub(super) fn deliver(&mut self, delivery: Delivery) {
        if delivery.copies == Copies::Two && delivery.qos == Qos::AtLeastOnce {
            self.deliver(Delivery { copies: Copies::One, ..delivery.clone() });
            return self.deliver(Delivery { copies: Copies::Second, ..delivery });
        }
        if self.queue.is_empty() && self.can_send(delivery.qos) {
            self.send(delivery);
        } else if self.takes(delivery.qos) {
            let bytes = cost(&delivery);
            if self.queue.len() >= self.limit.messages || self.queue_bytes + bytes > self.limit.bytes {
                self.tally.dropped.add();
            } else {
                self.queue_bytes += bytes;
                self.queue.push_back(delivery);
            }
        }
    }

    /// Moves all that can be sent now behind what `out` holds.
    pub(super) fn take_output(&mut self, out: &mut BytesMut) {
        while let Some(front) = self.queue.front()
            && self.can_send(front.qos)
            && let Some(delivery) = self.queue.pop_front()
        {
            self.queue_bytes -= cost(&delivery);
            self.send(delivery);
        }
        if let Some(link) = &mut self.link {
            if out.is_empty() {
                std::mem::swap(out, &mut link.out);
            } else {
                out.extend_from_slice(&link.out);
                link.out.clear();
            }
        }
    }

    /// The client has acknowledged a message of quality of service 1.
    pub(super) fn puback(&mut self, pkid: u16) {
        if matches!(self.stage(pkid), Some(Stage::Published(delivery)) if delivery.qos == Qos::AtLeastOnce) {
            self.release_slot(pkid);
        }
    }

    /// The client has received a message of quality of service 2.
    pub(super) fn pubrec(&mut self, pkid: u16, refused: bool) {
        if let Some(stage @ Stage::Published(_)) = self.stage(pkid) {
            *stage = Stage::Released;
            if refused {
                self.release_slot(pkid);
            }
        }
    }

    /// The client has completed a message of quality of service 2.
    pub(super) fn pubcomp(&mut self, pkid: u16) {
        if let Some(Stage::Released) = self.stage(pkid) {
            self.release_slot(pkid);
        }
    }

    fn can_send(&self, qos: Qos) -> bool {
        self.link.as_ref().is_some_and(|link| {
            link.out.len() < OUTPUT_LIMIT
                && (qos == Qos::AtMostOnce || self.slots.len() - self.free.len() < link.window)
        })
    }

    /// Encodes a message; [`Self::can_send`] has been asked.
    fn send(&mut self, delivery: Delivery) {
        let Some(link) = &mut self.link else { return };
        if delivery.message.expires.is_some_and(|expires| expires <= Instant::now()) {
            return;
        }
        let pkid = match self.free.last() {
            _ if delivery.qos == Qos::AtMostOnce => 0,
            Some(free) => *free,
            // The window is far below 65,535.
            None => u16::try_from(self.slots.len() + 1).unwrap_or(u16::MAX),
        };
        let header = PublishHeader { qos: delivery.qos, retain: delivery.retain, dup: false, pkid };
        let idle = link.out.is_empty();
        let (version, limit) = (link.version, link.max_packet_bytes);
        let mut write =
            || wire::write_publish(version, header, &delivery.message, Instant::now, limit, &mut link.out);
        if !write() {
            self.tally.dropped.add();
            return;
        }
        self.tally.forwarded.add();
        if delivery.copies == Copies::Two && write() {
            self.tally.forwarded.add();
            self.tally.repeated_deliveries.add();
        } else if delivery.copies == Copies::Second {
            self.tally.repeated_deliveries.add();
        }
        if idle {
            link.wake.notify_one();
        }
        if delivery.qos > Qos::AtMostOnce {
            self.sent += 1;
            let in_flight = InFlight { number: self.sent, stage: Stage::Published(delivery) };
            match self.free.pop() {
                Some(free) => self.slots[usize::from(free) - 1] = Some(in_flight),
                None => self.slots.push(Some(in_flight)),
            }
        }
    }

    fn stage(&mut self, pkid: u16) -> Option<&mut Stage> {
        let slot = self.slots.get_mut(usize::from(pkid).checked_sub(1)?)?;
        slot.as_mut().map(|in_flight| &mut in_flight.stage)
    }

    fn release_slot(&mut self, pkid: u16) {
        self.slots[usize::from(pkid) - 1] = None;
        self.free.push(pkid);
    }
}

fn cost(delivery: &Delivery) -> usize {
    let message = &delivery.message;
    QUEUED_BYTES + message.topic.len() + message.payload.len() + message.properties.len()
}
