//! Packet id ⇄ open request, without I/O.
//!
//! Ids are given out in a circle (1, 2, … 65535, 1, …) and the open requests stand in a ring in that order,
//! so an id is found by subtraction and nothing is hashed. An id is never given out again while its old
//! request may still be acknowledged: a request that ran out of time keeps its place, abandoned, so that a
//! late or second acknowledgement cannot be taken for that of a newer message. Where one old request keeps
//! the ring from moving on, the ids behind it are used again in their places.

use std::collections::VecDeque;

use tokio::time::Instant;

use crate::client::Ticket;
use crate::client::failure::Ack;

/// Most ids that stay taken by requests nobody waits for any more; then the oldest are forgotten.
const MAX_ABANDONED: usize = 1024;

const IDS: usize = 65_535;

#[derive(Debug, Clone, Copy)]
struct Slot {
    ticket: Ticket,
    /// Of a SUBSCRIBE or UNSUBSCRIBE: how many filters wait for an answer.
    filters: u32,
    /// What it waits for; `None` when it is finished.
    waits_for: Option<Ack>,
    /// Timed out: reported, but an acknowledgement may still come.
    abandoned: bool,
}

/// What an acknowledgement means.
#[derive(Debug, PartialEq)]
pub(crate) enum Acknowledged {
    /// The request is finished.
    Done(Ticket),
    /// First half of QoS 2: answer with PUBREL.
    Release,
    /// The broker answered this request with the wrong packet; it is finished, as failed.
    Wrong(Ticket, Ack),
    /// It ran out of time before; the id is free again.
    Late,
    /// No request has this id.
    Unknown,
}

/// The open requests of one connection.
#[derive(Debug)]
pub(crate) struct Inflight {
    /// Id of the first slot.
    base: u16,
    slots: VecDeque<Slot>,
    /// Messages of QoS 1 and 2 that wait for acknowledgement.
    publishes: usize,
    /// All open requests, subscriptions included.
    open: usize,
    /// Requests that ran out of time and whose ids are still taken.
    abandoned: usize,
    /// Where to look for a free id first, once the ring is full.
    reuse: usize,
    limit: usize,
    /// Not later than the earliest deadline of any open request.
    next_deadline: Option<Instant>,
}

impl Inflight {
    pub(crate) fn new(limit: u16) -> Self {
        Self {
            base: 1,
            slots: VecDeque::new(),
            publishes: 0,
            open: 0,
            abandoned: 0,
            reuse: 0,
            limit: usize::from(limit),
            next_deadline: None,
        }
    }

    /// Another limit; what is open already stays.
    pub(crate) fn set_limit(&mut self, limit: u16) {
        self.limit = usize::from(limit);
    }

    pub(crate) fn has_room(&self) -> bool {
        self.publishes < self.limit && self.open + self.abandoned < IDS
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.open == 0
    }

    /// No later than the earliest deadline; to be checked with [`Inflight::expire`].
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.next_deadline
    }

    /// Opens a message that waits for `ack` and gives its packet id; `None` if all ids are taken.
    pub(crate) fn open(&mut self, ticket: Ticket, ack: Ack) -> Option<u16> {
        self.open_filters(ticket, ack, 0)
    }

    /// Likewise, for a packet of so many filters.
    pub(crate) fn open_filters(&mut self, ticket: Ticket, ack: Ack, filters: u32) -> Option<u16> {
        while self.slots.len() >= MAX_ABANDONED
            && self.slots.front().is_some_and(|s| s.abandoned || s.waits_for.is_none())
        {
            self.forget_front();
        }
        let slot = Slot { ticket, filters, waits_for: Some(ack), abandoned: false };
        let index = if self.slots.len() < IDS {
            self.slots.push_back(slot);
            self.slots.len() - 1
        } else {
            let index = self.free_index()?;
            self.slots[index] = slot;
            index
        };
        let id = self.id_at(index);
        self.open += 1;
        self.publishes += usize::from(is_of_message(ack));
        if self.next_deadline.is_none_or(|next| ticket.deadline < next) {
            self.next_deadline = Some(ticket.deadline);
        }
        Some(id)
    }

    /// How many answers `ack` must have for this id, if that is what it waits for.
    pub(crate) fn filters(&self, id: u16, ack: Ack) -> Option<u32> {
        let slot = self.slots.get(self.index_of(id))?;
        (slot.waits_for == Some(ack)).then_some(slot.filters)
    }

    /// Whether a message has this id.
    pub(crate) fn is_message(&self, id: u16) -> bool {
        self.slots.get(self.index_of(id)).is_some_and(|slot| slot.waits_for.is_some_and(is_of_message))
    }

    /// Most messages of QoS 1 and 2 that may wait for acknowledgement.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// Whether the request with this id is still waited for.
    pub(crate) fn is_open(&self, id: u16) -> bool {
        self.slots.get(self.index_of(id)).is_some_and(|s| s.waits_for.is_some() && !s.abandoned)
    }

    /// An acknowledgement has come.
    pub(crate) fn acknowledge(&mut self, id: u16, got: Ack) -> Acknowledged {
        let index = self.index_of(id);
        let Some(slot) = self.slots.get_mut(index) else { return Acknowledged::Unknown };
        if got == Ack::Pubrec && matches!(slot.waits_for, Some(Ack::Pubrec | Ack::Pubcomp)) {
            // A second PUBREC means that our PUBREL was lost on the way: answer it again.
            slot.waits_for = Some(Ack::Pubcomp);
            return Acknowledged::Release;
        }
        self.finish_with(id, got)
    }

    /// An acknowledgement has come after which nothing follows, be it as it should or because it says no.
    pub(crate) fn finish_with(&mut self, id: u16, got: Ack) -> Acknowledged {
        let index = self.index_of(id);
        let Some(slot) = self.slots.get(index) else { return Acknowledged::Unknown };
        let Some(expected) = slot.waits_for else { return Acknowledged::Unknown };
        let (ticket, abandoned) = (slot.ticket, slot.abandoned);
        self.finish(index);
        if abandoned {
            Acknowledged::Late
        } else if expected == got {
            Acknowledged::Done(ticket)
        } else {
            Acknowledged::Wrong(ticket, expected)
        }
    }

    /// Gives each request whose deadline has passed to `expired`, once.
    pub(crate) fn expire(&mut self, now: Instant, mut expired: impl FnMut(Ticket, Ack)) {
        if self.next_deadline.is_none_or(|next| next > now) {
            return;
        }
        let mut next = None;
        for slot in &mut self.slots {
            let Some(ack) = slot.waits_for.filter(|_| !slot.abandoned) else { continue };
            if slot.ticket.deadline <= now {
                slot.abandoned = true;
                self.open -= 1;
                self.abandoned += 1;
                self.publishes -= usize::from(is_of_message(ack));
                expired(slot.ticket, ack);
            } else if next.is_none_or(|next| slot.ticket.deadline < next) {
                next = Some(slot.ticket.deadline);
            }
        }
        self.next_deadline = next;
    }

    /// What the broker may still have to answer, in the order in which it was sent: the ids, and what they wait
    /// for. Requests that nobody waits for any more are among them, since the broker knows nothing of that.
    pub(crate) fn unanswered(&self) -> impl Iterator<Item = (u16, Ack)> {
        let waiting = |(index, slot): (usize, &Slot)| slot.waits_for.map(|ack| (self.id_at(index), ack));
        self.slots.iter().enumerate().filter_map(waiting)
    }

    /// Ends what asks for messages or for no more of them, which no session takes over to its next connection,
    /// giving each request that is still waited for to `ended`.
    pub(crate) fn drain_subscriptions(&mut self, mut ended: impl FnMut(Ticket)) {
        for index in (0..self.slots.len()).rev() {
            let slot = self.slots[index];
            if slot.waits_for.is_some_and(|ack| !is_of_message(ack)) {
                if !slot.abandoned {
                    ended(slot.ticket);
                }
                self.finish(index);
            }
        }
    }

    /// Gives up all requests, giving each that is still waited for to `ended`. Their ids stay taken.
    pub(crate) fn abandon(&mut self, mut ended: impl FnMut(Ticket)) {
        for slot in &mut self.slots {
            let Some(ack) = slot.waits_for.filter(|_| !slot.abandoned) else { continue };
            slot.abandoned = true;
            self.open -= 1;
            self.abandoned += 1;
            self.publishes -= usize::from(is_of_message(ack));
            ended(slot.ticket);
        }
        self.next_deadline = None;
    }

    /// Ends everything, giving each request that is still waited for to `ended`.
    pub(crate) fn drain(&mut self, mut ended: impl FnMut(Ticket)) {
        for slot in self.slots.drain(..) {
            if slot.waits_for.is_some() && !slot.abandoned {
                ended(slot.ticket);
            }
        }
        self.open = 0;
        self.abandoned = 0;
        self.publishes = 0;
        self.next_deadline = None;
    }

    fn finish(&mut self, index: usize) {
        let slot = &mut self.slots[index];
        if slot.abandoned {
            self.abandoned -= 1;
        } else {
            self.open -= 1;
            self.publishes -= usize::from(slot.waits_for.is_none_or(is_of_message));
        }
        slot.waits_for = None;
        slot.abandoned = false;
        while self.slots.front().is_some_and(|s| s.waits_for.is_none()) {
            self.forget_front();
        }
        if self.slots.is_empty() {
            self.next_deadline = None;
        }
    }

    fn forget_front(&mut self) {
        if self.slots.pop_front().is_some_and(|slot| slot.abandoned) {
            self.abandoned -= 1;
        }
        self.base = if self.base == u16::MAX { 1 } else { self.base + 1 };
    }

    /// Place of a finished request in a full ring. The search goes on where the last one ended, so that it
    /// is short while acknowledgements come about in order.
    fn free_index(&mut self) -> Option<usize> {
        let places = (self.reuse..self.slots.len()).chain(0..self.reuse);
        let index = places.into_iter().find(|index| self.slots[*index].waits_for.is_none())?;
        self.reuse = index + 1;
        Some(index)
    }

    #[expect(clippy::cast_possible_truncation, reason = "modulo 65535")]
    fn id_at(&self, index: usize) -> u16 {
        ((usize::from(self.base) - 1 + index) % IDS + 1) as u16
    }

    /// Place of an id in the ring; past its end if it is not there. Id 0 does not exist.
    fn index_of(&self, id: u16) -> usize {
        if id == 0 {
            return usize::MAX;
        }
        (usize::from(id) + IDS - usize::from(self.base)) % IDS
    }
}

/// Whether this acknowledges a message, and so takes part in the inflight limit.
fn is_of_message(ack: Ack) -> bool {
    !matches!(ack, Ack::Suback | Ack::Unsuback)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::client::Late;

    fn ticket(tag: u32, due: Instant, timeout_ms: u64) -> Ticket {
        let deadline = due + Duration::from_millis(timeout_ms);
        Ticket { tag, awaited: false, due, late: Late::NONE, deadline, length: 0 }
    }

    #[test]
    fn a_late_acknowledgement_is_not_taken_for_a_newer_message() {
        let start = Instant::now();
        let mut inflight = Inflight::new(1);
        let first = inflight.open(ticket(1, start, 10), Ack::Puback).unwrap();
        assert!(!inflight.has_room());
        let mut expired = Vec::new();
        inflight.expire(start + Duration::from_millis(10), |t, _| expired.push(t.tag));
        assert_eq!(expired, [1]);
        assert!(inflight.has_room());
        let second = inflight.open(ticket(2, start, 1000), Ack::Puback).unwrap();
        assert_ne!(first, second);
        assert_eq!(inflight.acknowledge(first, Ack::Puback), Acknowledged::Late);
        assert!(inflight.is_open(second));
        assert_eq!(inflight.acknowledge(first, Ack::Puback), Acknowledged::Unknown);
        assert!(matches!(inflight.acknowledge(second, Ack::Puback), Acknowledged::Done(t) if t.tag == 2));
        assert!(inflight.is_idle());
    }

    #[test]
    fn qos_2_is_acknowledged_in_two_halves() {
        let mut inflight = Inflight::new(10);
        let id = inflight.open(ticket(1, Instant::now(), 10), Ack::Pubrec).unwrap();
        assert_eq!(inflight.acknowledge(id, Ack::Pubrec), Acknowledged::Release);
        assert_eq!(inflight.acknowledge(id, Ack::Pubrec), Acknowledged::Release);
        assert!(!inflight.is_idle());
        assert!(matches!(inflight.acknowledge(id, Ack::Pubcomp), Acknowledged::Done(_)));
    }

    #[test]
    fn what_has_filters_is_not_limited_and_knows_how_many() {
        let start = Instant::now();
        let mut inflight = Inflight::new(1);
        let id = inflight.open_filters(ticket(1, start, 10), Ack::Suback, 3).unwrap();
        let other = inflight.open_filters(ticket(2, start, 10), Ack::Unsuback, 2).unwrap();
        assert!(inflight.has_room());
        assert_eq!((inflight.filters(id, Ack::Suback), inflight.filters(id, Ack::Unsuback)), (Some(3), None));
        assert_eq!(inflight.filters(other, Ack::Unsuback), Some(2));
        // Also when nobody waits for it any more.
        inflight.expire(start + Duration::from_millis(10), |_, _| {});
        assert_eq!(inflight.filters(id, Ack::Suback), Some(3));
        assert_eq!(inflight.acknowledge(id, Ack::Suback), Acknowledged::Late);
        assert_eq!(inflight.filters(id, Ack::Suback), None);
        assert!(inflight.has_room());
    }

    #[test]
    fn the_wrong_acknowledgement_ends_the_request() {
        let mut inflight = Inflight::new(10);
        let id = inflight.open(ticket(1, Instant::now(), 10), Ack::Pubrec).unwrap();
        let answer = inflight.acknowledge(id, Ack::Puback);
        assert!(matches!(answer, Acknowledged::Wrong(t, Ack::Pubrec) if t.tag == 1));
        assert!(inflight.is_idle());
    }

    #[test]
    fn a_session_without_a_connection_keeps_messages_and_no_subscriptions() {
        let start = Instant::now();
        let mut inflight = Inflight::new(10);
        for (tag, ack) in
            [Ack::Suback, Ack::Puback, Ack::Pubrec, Ack::Unsuback, Ack::Pubrec].into_iter().enumerate()
        {
            inflight.open(ticket(u32::try_from(tag).unwrap(), start, 10), ack).unwrap();
        }
        inflight.acknowledge(5, Ack::Pubrec);
        let mut ended = Vec::new();
        inflight.drain_subscriptions(|ticket| ended.push(ticket.tag));
        assert_eq!(ended, [3, 0]);
        let expected = [(2, Ack::Puback), (3, Ack::Pubrec), (5, Ack::Pubcomp)];
        assert_eq!(inflight.unanswered().collect::<Vec<_>>(), expected);
        inflight.abandon(|ticket| ended.push(ticket.tag));
        assert_eq!(ended, [3, 0, 1, 2, 4]);
        assert!(inflight.is_idle() && inflight.has_room());
        assert_eq!(inflight.unanswered().collect::<Vec<_>>(), expected);
        assert_eq!(inflight.acknowledge(2, Ack::Puback), Acknowledged::Late);
        assert!(matches!(inflight.open(ticket(6, start, 10), Ack::Puback), Some(6)));
    }

    #[test]
    fn a_broker_that_never_acknowledges_does_not_fill_the_memory() {
        let start = Instant::now();
        let mut inflight = Inflight::new(10);
        for i in 0..200_000 {
            inflight.open(ticket(i, start, 0), Ack::Puback).unwrap();
            inflight.expire(start, |_, _| {});
        }
        assert!(inflight.slots.len() <= MAX_ABANDONED);
    }

    #[test]
    fn ids_behind_an_old_request_are_used_again_once_they_are_free() {
        let start = Instant::now();
        let mut inflight = Inflight::new(u16::MAX);
        inflight.open(ticket(0, start, 1000), Ack::Puback).unwrap();
        for tag in 1..65_535 {
            inflight.open(ticket(tag, start, 10), Ack::Puback).unwrap();
        }
        inflight.expire(start + Duration::from_millis(10), |_, _| {});
        assert!(!inflight.has_room());
        assert_eq!(inflight.open(ticket(1, start, 1000), Ack::Suback), None);
        for id in [500, 400] {
            assert_eq!(inflight.acknowledge(id, Ack::Puback), Acknowledged::Late);
            assert!(inflight.has_room());
            assert_eq!(inflight.open(ticket(id.into(), start, 1000), Ack::Puback), Some(id));
            assert!(!inflight.has_room());
        }
        let answer = inflight.acknowledge(400, Ack::Puback);
        assert!(matches!(answer, Acknowledged::Done(t) if t.tag == 400));
    }

    proptest! {
        /// Against the simplest model: a map from id to tag.
        #[test]
        fn every_acknowledgement_finds_its_own_request(steps in prop::collection::vec((any::<bool>(), any::<prop::sample::Index>()), 1..2000)) {
            let start = Instant::now();
            let mut inflight = Inflight::new(u16::MAX);
            let mut model = std::collections::BTreeMap::new();
            for (tag, (send, pick)) in (0..).zip(steps) {
                if send || model.is_empty() {
                    let id = inflight.open(ticket(tag, start, 1000), Ack::Puback).unwrap();
                    prop_assert!(id != 0);
                    prop_assert!(model.insert(id, tag).is_none());
                } else {
                    let id = *pick.get(&model.keys().copied().collect::<Vec<_>>());
                    let tag = model.remove(&id).unwrap();
                    let answer = inflight.acknowledge(id, Ack::Puback);
                    prop_assert!(matches!(answer, Acknowledged::Done(t) if t.tag == tag));
                    prop_assert_eq!(inflight.acknowledge(id, Ack::Puback), Acknowledged::Unknown);
                }
                prop_assert_eq!(inflight.open, model.len());
            }
        }
    }
}
