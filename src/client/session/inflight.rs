//! Packet id ⇄ open request, without I/O.
//!
//! Ids are given out in a circle (1, 2, … 65535, 1, …), and the open requests are in a ring in that order. So an id is
//! found by subtraction, without a hash. An id is never given out again while the broker may still answer it. A request
//! that timed out leaves the ring, but its id stays [owed](Owed), so a late or second acknowledgement cannot be taken
//! for that of a newer message. If one old request keeps the ring from moving on, the free ids behind it are used again
//! in their places.

use std::collections::VecDeque;

use tokio::time::Instant;

use crate::client::failure::Ack;
use crate::client::session::owed::Owed;
use crate::client::sink::Ticket;

const IDS: usize = 65_535;

#[derive(Debug, Clone, Copy)]
struct Slot {
    ticket: Ticket,
    /// Of a SUBSCRIBE or UNSUBSCRIBE: how many filters wait for an answer.
    filters: u32,
    /// What it waits for; `None` when it is finished, or owed.
    waits_for: Option<Ack>,
}

/// What an acknowledgement means.
#[derive(Debug, PartialEq)]
pub(crate) enum Acknowledged {
    /// The request is finished.
    Done(Ticket),
    /// First half of QoS 2: answer with PUBREL.
    Release,
    /// The broker answered with the wrong packet a request that waited for this; it is finished, as failed, unless
    /// nobody waited for it any more.
    Wrong(Option<Ticket>, Ack),
    /// It ran out of time before; the id is free again.
    Late,
    /// No request has this id.
    Unknown,
}

/// Why a message of QoS 1 or 2 must wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lack {
    /// The client's own limit is used up.
    Room,
    /// The broker's Receive Maximum is used up.
    Quota,
    /// All packet ids are taken.
    Id,
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
    /// Requests that ran out of time and whose ids are still taken, if there are any.
    owed: Option<Box<Owed>>,
    /// Where to look for a free id first, once the ring is full.
    reuse: usize,
    /// How many messages the user lets wait at once.
    limit: u16,
    /// The broker's Receive Maximum.
    quota: u16,
    /// Whether messages outlive the connection and their deadline. Then they are kept to be sent again, and count
    /// against the limit until the broker has acknowledged them.
    lasting: bool,
    /// Not later than the earliest deadline of any open request.
    next_deadline: Option<Instant>,
}

impl Inflight {
    /// Makes the table of a session that ends with its connection, or outlives it.
    pub(crate) fn new(limit: u16, lasting: bool) -> Self {
        Self {
            base: 1,
            slots: VecDeque::new(),
            publishes: 0,
            open: 0,
            owed: None,
            reuse: 0,
            limit,
            quota: u16::MAX,
            lasting,
            next_deadline: None,
        }
    }

    /// Sets the limits of the user and of the broker. What is open already stays.
    pub(crate) fn set_limits(&mut self, limit: u16, quota: u16) {
        (self.limit, self.quota) = (limit, quota);
    }

    /// Whether a message of QoS 1 or 2 may be sent.
    pub(crate) fn has_room(&self) -> bool {
        self.lack().is_none()
    }

    /// Why a message of QoS 1 or 2 must wait, if it must.
    pub(crate) fn lack(&self) -> Option<Lack> {
        let unanswered = self.publishes + self.owed.as_ref().map_or(0, |owed| owed.messages());
        let counted = if self.lasting { unanswered } else { self.publishes };
        if counted >= usize::from(self.limit) {
            Some(Lack::Room)
        } else if !self.has_id() {
            Some(Lack::Id)
        } else if unanswered >= usize::from(self.quota) {
            Some(Lack::Quota)
        } else {
            None
        }
    }

    /// Whether a packet id is free.
    pub(crate) fn has_id(&self) -> bool {
        self.open + self.owed.as_ref().map_or(0, |owed| owed.len()) < IDS
    }

    /// Whether nobody waits for anything.
    pub(crate) fn is_idle(&self) -> bool {
        self.open == 0
    }

    /// Whether the broker has answered everything.
    pub(crate) fn is_answered(&self) -> bool {
        self.open == 0 && self.owed.is_none()
    }

    /// No later than the earliest deadline; to be checked with [`Inflight::expire`].
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.next_deadline
    }

    /// Opens a message that waits for `ack` and gives its packet id; `None` if all ids are taken.
    pub(crate) fn open(&mut self, ticket: Ticket, ack: Ack) -> Option<u16> {
        self.open_filters(ticket, ack, 0)
    }

    /// Opens a packet with so many filters that waits for `ack` and gives its packet id; `None` if all ids are taken.
    pub(crate) fn open_filters(&mut self, ticket: Ticket, ack: Ack, filters: u32) -> Option<u16> {
        if !self.has_id() {
            return None;
        }
        let slot = Slot { ticket, filters, waits_for: Some(ack) };
        let index = if self.pass_owed(slot) {
            self.slots.push_back(slot);
            self.slots.len() - 1
        } else {
            let index = self.free_index()?;
            self.slots[index] = slot;
            index
        };
        let id = self.id_at(index);
        self.open += 1;
        self.publishes += usize::from(ack.is_of_message());
        if self.next_deadline.is_none_or(|next| ticket.deadline < next) {
            self.next_deadline = Some(ticket.deadline);
        }
        Some(id)
    }

    /// Takes back a request that was not sent after all.
    pub(crate) fn take_back(&mut self, id: u16) {
        let index = self.index_of(id);
        if self.slots.get(index).is_some_and(|slot| slot.waits_for.is_some()) {
            self.finish(index);
        }
    }

    /// How many answers `ack` must have for this id, if that is what it waits for.
    pub(crate) fn filters(&self, id: u16, ack: Ack) -> Option<u32> {
        match self.slot(id) {
            Some(slot) => (slot.waits_for == Some(ack)).then_some(slot.filters),
            None => self.owed.as_ref()?.filters(id, ack),
        }
    }

    /// Whether a message that is not acknowledged has this id.
    pub(crate) fn is_message(&self, id: u16) -> bool {
        let owed = || self.owed.as_ref().and_then(|owed| owed.get(id));
        self.slot(id).and_then(|slot| slot.waits_for).or_else(owed).is_some_and(Ack::is_of_message)
    }

    /// Most messages of QoS 1 and 2 that may wait for acknowledgement.
    pub(crate) fn limit(&self) -> usize {
        usize::from(self.limit.min(self.quota))
    }

    /// Whether the request with this id is still waited for.
    pub(crate) fn is_open(&self, id: u16) -> bool {
        self.slot(id).is_some()
    }

    /// An acknowledgement has come.
    pub(crate) fn acknowledge(&mut self, id: u16, got: Ack) -> Acknowledged {
        let index = self.index_of(id);
        if got == Ack::Pubrec {
            // A second PUBREC means that our PUBREL was lost on the way: answer it again.
            let releases = match self.slots.get_mut(index).and_then(|slot| slot.waits_for.as_mut()) {
                Some(waits_for @ (Ack::Pubrec | Ack::Pubcomp)) => {
                    *waits_for = Ack::Pubcomp;
                    true
                }
                Some(_) => false,
                None => self.owed.as_mut().is_some_and(|owed| owed.release(id)),
            };
            if releases {
                return Acknowledged::Release;
            }
        }
        self.finish_with(id, got)
    }

    /// The last acknowledgement of a request has come: the expected one, or a refusal.
    pub(crate) fn finish_with(&mut self, id: u16, got: Ack) -> Acknowledged {
        let index = self.index_of(id);
        let Some(&Slot { ticket, waits_for: Some(expected), .. }) = self.slots.get(index) else {
            return self.settle(id, got);
        };
        self.finish(index);
        if expected == got { Acknowledged::Done(ticket) } else { Acknowledged::Wrong(Some(ticket), expected) }
    }

    /// An acknowledgement has come for a request that nobody waits for.
    #[cold]
    fn settle(&mut self, id: u16, got: Ack) -> Acknowledged {
        let Some(expected) = self.owed.as_mut().and_then(|owed| owed.remove(id)) else {
            return Acknowledged::Unknown;
        };
        self.owed.take_if(|owed| owed.len() == 0);
        self.reuse = self.index_of(id);
        if expected == got { Acknowledged::Late } else { Acknowledged::Wrong(None, expected) }
    }

    /// Gives each request whose deadline has passed to `expired`, once.
    pub(crate) fn expire(&mut self, now: Instant, mut expired: impl FnMut(Ticket, Ack)) {
        if self.next_deadline.is_none_or(|next| next > now) {
            return;
        }
        let mut next = None;
        for index in 0..self.slots.len() {
            let Slot { ticket, waits_for: Some(ack), .. } = self.slots[index] else { continue };
            if ticket.deadline <= now {
                self.give_up(index, ack);
                expired(ticket, ack);
            } else if next.is_none_or(|next| ticket.deadline < next) {
                next = Some(ticket.deadline);
            }
        }
        self.forget_finished();
        self.next_deadline = next;
    }

    /// What the broker may still have to answer, in the order in which it was sent: the ids, and what they wait
    /// for. Requests that nobody waits for any more are among them, since the broker knows nothing of that.
    pub(crate) fn unanswered(&self) -> Vec<(u16, Ack)> {
        let waiting = |(index, slot): (usize, &Slot)| slot.waits_for.map(|ack| (self.id_at(index), ack));
        let open = self.slots.iter().enumerate().filter_map(waiting);
        let owed = self.owed.iter().flat_map(|owed| owed.iter());
        let mut all: Vec<_> = open.chain(owed).collect();
        // Ids are given out in a circle: the one that comes next was used longest ago.
        let next = usize::from(self.id_at(self.slots.len()));
        all.sort_unstable_by_key(|(id, _)| (usize::from(*id) + IDS - next) % IDS);
        all
    }

    /// Ends what asks for messages or for no more of them, which no session takes over to its next connection,
    /// giving each request that is still waited for to `ended`.
    pub(crate) fn drain_subscriptions(&mut self, mut ended: impl FnMut(Ticket)) {
        for index in (0..self.slots.len()).rev() {
            let slot = self.slots[index];
            if slot.waits_for.is_some_and(|ack| !ack.is_of_message()) {
                ended(slot.ticket);
                self.finish(index);
            }
        }
        if let Some(owed) = &mut self.owed {
            owed.keep_messages();
        }
        self.owed.take_if(|owed| owed.len() == 0);
    }

    /// Gives up all requests, giving each that is still waited for to `ended`. Their ids stay taken.
    pub(crate) fn abandon(&mut self, mut ended: impl FnMut(Ticket)) {
        for index in 0..self.slots.len() {
            if let Slot { ticket, waits_for: Some(ack), .. } = self.slots[index] {
                self.give_up(index, ack);
                ended(ticket);
            }
        }
        self.forget_finished();
        self.next_deadline = None;
    }

    /// Ends everything, giving each request that is still waited for to `ended`.
    pub(crate) fn drain(&mut self, ended: impl FnMut(Ticket)) {
        let open = self.slots.drain(..).filter(|slot| slot.waits_for.is_some());
        open.map(|slot| slot.ticket).for_each(ended);
        self.owed = None;
        self.open = 0;
        self.publishes = 0;
        self.next_deadline = None;
    }

    /// Nobody waits for this request any more, which waits for `ack`; its answer is owed from now on.
    fn give_up(&mut self, index: usize, ack: Ack) {
        let id = self.id_at(index);
        let slot = &mut self.slots[index];
        slot.waits_for = None;
        self.open -= 1;
        self.publishes -= usize::from(ack.is_of_message());
        self.owed.get_or_insert_default().add(id, ack, slot.filters);
    }

    fn finish(&mut self, index: usize) {
        if let Some(ack) = self.slots[index].waits_for.take() {
            self.open -= 1;
            self.publishes -= usize::from(ack.is_of_message());
        }
        self.reuse = index;
        self.forget_finished();
        if self.slots.is_empty() {
            self.next_deadline = None;
        }
    }

    /// Moves the ring on past finished requests.
    fn forget_finished(&mut self) {
        while self.slots.front().is_some_and(|slot| slot.waits_for.is_none()) {
            self.slots.pop_front();
            self.base = if self.base == u16::MAX { 1 } else { self.base + 1 };
        }
    }

    /// Makes the id behind the ring one that is free, by passing over those that are owed with copies of `slot`
    /// that wait for nothing; `false` if there is none outside of the ring.
    fn pass_owed(&mut self, slot: Slot) -> bool {
        if self.slots.len() >= IDS {
            return false;
        }
        let Some(owed) = &self.owed else { return true };
        let passed = owed.run_from(self.id_at(self.slots.len()));
        if self.slots.is_empty() {
            self.base = self.id_at(passed);
            return true;
        }
        if self.slots.len() + passed >= IDS {
            return false;
        }
        self.slots.extend(std::iter::repeat_n(Slot { waits_for: None, ..slot }, passed));
        true
    }

    /// The index of a finished request in a full ring. The search begins where one was finished last, so that it
    /// is short while acknowledgements come about in order.
    fn free_index(&mut self) -> Option<usize> {
        let begin = self.reuse.min(self.slots.len());
        let is_owed = |index| self.owed.as_ref().is_some_and(|owed| owed.contains(self.id_at(index)));
        let is_free = |index: &usize| self.slots[*index].waits_for.is_none() && !is_owed(*index);
        let index = (begin..self.slots.len()).chain(0..begin).find(is_free)?;
        self.reuse = index + 1;
        Some(index)
    }

    /// The open request with this id.
    fn slot(&self, id: u16) -> Option<&Slot> {
        self.slots.get(self.index_of(id)).filter(|slot| slot.waits_for.is_some())
    }

    #[expect(clippy::cast_possible_truncation, reason = "modulo 65535")]
    fn id_at(&self, index: usize) -> u16 {
        ((usize::from(self.base) - 1 + index) % IDS + 1) as u16
    }

    /// The index of an id in the ring, past its end if the id is not there. Id 0 does not exist.
    fn index_of(&self, id: u16) -> usize {
        if id == 0 {
            return usize::MAX;
        }
        (usize::from(id) + IDS - usize::from(self.base)) % IDS
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::client::sink::Late;

    fn ticket(tag: u32, due: Instant, timeout_ms: u64) -> Ticket {
        let deadline = due + Duration::from_millis(timeout_ms);
        Ticket { tag, awaited: false, due, late: Late::NONE, deadline, length: 0 }
    }

    #[test]
    fn a_late_acknowledgement_is_not_taken_for_a_newer_message() {
        let start = Instant::now();
        let mut inflight = Inflight::new(1, false);
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
        let mut inflight = Inflight::new(10, false);
        let id = inflight.open(ticket(1, Instant::now(), 10), Ack::Pubrec).unwrap();
        assert_eq!(inflight.acknowledge(id, Ack::Pubrec), Acknowledged::Release);
        assert_eq!(inflight.acknowledge(id, Ack::Pubrec), Acknowledged::Release);
        assert!(!inflight.is_idle());
        assert!(matches!(inflight.acknowledge(id, Ack::Pubcomp), Acknowledged::Done(_)));
    }

    #[test]
    fn what_has_filters_is_not_limited_and_knows_how_many() {
        let start = Instant::now();
        let mut inflight = Inflight::new(1, false);
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
        let mut inflight = Inflight::new(10, false);
        let id = inflight.open(ticket(1, Instant::now(), 10), Ack::Pubrec).unwrap();
        let answer = inflight.acknowledge(id, Ack::Puback);
        assert!(matches!(answer, Acknowledged::Wrong(Some(t), Ack::Pubrec) if t.tag == 1));
        assert!(inflight.is_idle());
    }

    #[test]
    fn a_session_without_a_connection_keeps_messages_and_no_subscriptions() {
        let start = Instant::now();
        let mut inflight = Inflight::new(10, false);
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
        assert_eq!(inflight.unanswered(), expected);
        inflight.abandon(|ticket| ended.push(ticket.tag));
        assert_eq!(ended, [3, 0, 1, 2, 4]);
        assert!(inflight.is_idle() && inflight.has_room());
        assert_eq!(inflight.unanswered(), expected);
        assert_eq!(inflight.acknowledge(2, Ack::Puback), Acknowledged::Late);
        assert!(matches!(inflight.open(ticket(6, start, 10), Ack::Puback), Some(6)));
    }

    /// Opens a request that has no time, and gives it up.
    fn give_up_one(inflight: &mut Inflight, now: Instant, ack: Ack) -> Option<u16> {
        let id = inflight.open(ticket(0, now, 0), ack)?;
        inflight.expire(now, |_, _| {});
        Some(id)
    }

    #[test]
    fn an_id_that_the_broker_may_still_answer_is_never_used_again() {
        let start = Instant::now();
        let mut inflight = Inflight::new(10, false);
        let mut ids = std::collections::BTreeSet::new();
        let acks = [Ack::Puback, Ack::Pubrec, Ack::Suback, Ack::Unsuback];
        for ack in acks.into_iter().cycle().take(IDS) {
            assert!(inflight.has_id());
            assert!(ids.insert(give_up_one(&mut inflight, start, ack).unwrap()));
        }
        assert_eq!((inflight.lack(), inflight.has_id()), (Some(Lack::Id), false));
        assert_eq!(inflight.open(ticket(1, start, 1000), Ack::Suback), None);
        assert!(inflight.slots.capacity() < 100, "what nobody waits for takes no room in the ring");
        // It goes on as soon as one is answered, with that one's id.
        for id in [500, 17, 65_535, 1] {
            let got = acks[(usize::from(id) - 1) % acks.len()];
            assert_eq!(
                inflight.acknowledge(id, got),
                if got == Ack::Pubrec { Acknowledged::Release } else { Acknowledged::Late }
            );
            if got == Ack::Pubrec {
                assert!(!inflight.has_id(), "half an answer");
                assert_eq!(inflight.acknowledge(id, Ack::Pubcomp), Acknowledged::Late);
            }
            assert_eq!(inflight.lack(), None);
            assert_eq!(inflight.open(ticket(9, start, 1000), Ack::Puback), Some(id));
            assert_eq!(inflight.lack(), Some(Lack::Id));
            assert!(matches!(inflight.acknowledge(id, Ack::Puback), Acknowledged::Done(t) if t.tag == 9));
            assert!(give_up_one(&mut inflight, start, got).is_some());
        }
    }

    #[test]
    fn one_request_without_an_answer_does_not_stretch_the_ring() {
        let start = Instant::now();
        let mut inflight = Inflight::new(10, false);
        let owed = give_up_one(&mut inflight, start, Ack::Puback).unwrap();
        for tag in 0..200_000 {
            let id = inflight.open(ticket(tag, start, 1000), Ack::Puback).unwrap();
            assert_ne!(id, owed);
            assert!(matches!(inflight.acknowledge(id, Ack::Puback), Acknowledged::Done(t) if t.tag == tag));
        }
        assert!(inflight.slots.capacity() < 100, "{}", inflight.slots.capacity());
        assert!(!inflight.is_answered() && inflight.is_idle());
        assert_eq!(inflight.acknowledge(owed, Ack::Puback), Acknowledged::Late);
        assert!(inflight.is_answered());
    }

    /// MQTT 5, section 4.9.
    #[test]
    fn only_an_answer_gives_back_what_the_broker_takes_at_once() {
        let start = Instant::now();
        let mut inflight = Inflight::new(10, false);
        inflight.set_limits(10, 2);
        let first = give_up_one(&mut inflight, start, Ack::Puback).unwrap();
        give_up_one(&mut inflight, start, Ack::Suback).unwrap();
        assert!(inflight.has_room(), "a subscription takes none of it");
        let second = give_up_one(&mut inflight, start, Ack::Pubrec).unwrap();
        assert_eq!(inflight.lack(), Some(Lack::Quota));
        assert_eq!(inflight.acknowledge(second, Ack::Pubrec), Acknowledged::Release);
        assert_eq!(inflight.lack(), Some(Lack::Quota), "half is not enough");
        assert_eq!(inflight.acknowledge(second, Ack::Pubcomp), Acknowledged::Late);
        assert!(inflight.has_room());
        inflight.open(ticket(1, start, 1000), Ack::Puback).unwrap();
        assert_eq!(inflight.lack(), Some(Lack::Quota));
        assert_eq!(inflight.acknowledge(first, Ack::Puback), Acknowledged::Late);
        assert!(inflight.has_room());
    }

    #[test]
    fn what_lasts_counts_until_it_is_acknowledged() {
        let start = Instant::now();
        for (lasting, lack) in [(false, None), (true, Some(Lack::Room))] {
            let mut inflight = Inflight::new(1, lasting);
            let id = give_up_one(&mut inflight, start, Ack::Puback).unwrap();
            assert_eq!(inflight.lack(), lack);
            inflight.acknowledge(id, Ack::Puback);
            assert!(inflight.has_room());
        }
    }

    #[test]
    fn the_wrong_acknowledgement_is_wrong_also_when_nobody_waits() {
        let mut inflight = Inflight::new(10, false);
        let id = give_up_one(&mut inflight, Instant::now(), Ack::Pubrec).unwrap();
        assert_eq!(inflight.acknowledge(id, Ack::Puback), Acknowledged::Wrong(None, Ack::Pubrec));
    }

    #[test]
    fn what_is_unanswered_stands_in_the_order_in_which_it_was_sent() {
        let start = Instant::now();
        let mut inflight = Inflight::new(10, true);
        // Round the circle, but for the last few ids.
        for _ in 0..IDS - 2 {
            let id = inflight.open(ticket(0, start, 1000), Ack::Puback).unwrap();
            inflight.acknowledge(id, Ack::Puback);
        }
        let owed: Vec<_> = (0..4).map(|_| give_up_one(&mut inflight, start, Ack::Puback).unwrap()).collect();
        assert_eq!(owed, [65_534, 65_535, 1, 2]);
        inflight.open(ticket(0, start, 1000), Ack::Pubrec).unwrap();
        let ids: Vec<_> = inflight.unanswered().into_iter().map(|(id, _)| id).collect();
        assert_eq!(ids, [65_534, 65_535, 1, 2, 3]);
    }

    #[test]
    fn ids_behind_an_old_request_are_used_again_once_they_are_free() {
        let start = Instant::now();
        let mut inflight = Inflight::new(u16::MAX, false);
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
        /// Against the simplest model: a map from id to tag, and a set of ids that are owed.
        #[test]
        fn every_acknowledgement_finds_its_own_request(steps in prop::collection::vec((0..4_u8, any::<prop::sample::Index>()), 1..2000)) {
            let start = Instant::now();
            let mut inflight = Inflight::new(u16::MAX, false);
            // Soon round the circle.
            inflight.base = 65_300;
            let mut model = std::collections::BTreeMap::new();
            let mut owed = std::collections::BTreeSet::new();
            for (tag, (step, pick)) in (0..).zip(steps) {
                match step {
                    2 if !model.is_empty() => {
                        let id = *pick.get(&model.keys().copied().collect::<Vec<_>>());
                        let tag = model.remove(&id).unwrap();
                        let answer = inflight.acknowledge(id, Ack::Puback);
                        prop_assert!(matches!(answer, Acknowledged::Done(t) if t.tag == tag));
                        prop_assert_eq!(inflight.acknowledge(id, Ack::Puback), Acknowledged::Unknown);
                    }
                    3 if !owed.is_empty() => {
                        let id = *pick.get(&owed.iter().copied().collect::<Vec<_>>());
                        owed.remove(&id);
                        prop_assert_eq!(inflight.acknowledge(id, Ack::Puback), Acknowledged::Late);
                        prop_assert_eq!(inflight.acknowledge(id, Ack::Puback), Acknowledged::Unknown);
                    }
                    1 => {
                        let id = give_up_one(&mut inflight, start, Ack::Puback).unwrap();
                        prop_assert!(!model.contains_key(&id) && owed.insert(id));
                    }
                    _ => {
                        let id = inflight.open(ticket(tag, start, 1000), Ack::Puback).unwrap();
                        prop_assert!(id != 0 && !owed.contains(&id));
                        prop_assert!(model.insert(id, tag).is_none());
                    }
                }
                prop_assert_eq!(inflight.open, model.len());
                prop_assert_eq!(inflight.owed.as_ref().map_or(0, |owed| owed.len()), owed.len());
                prop_assert!(model.keys().all(|id| inflight.is_open(*id)) || model.len() > 50);
            }
        }
    }
}
