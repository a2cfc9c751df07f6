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

#[derive(Debug, PartialEq)]
pub(crate) enum Acknowledged {
    Done(Ticket),
    /// First half of QoS 2: answer with PUBREL.
    Release,
    /// The broker answered with the wrong packet a request that waited for this; it is finished, as failed, unless
    /// nobody waited for it any more.
    Wrong(Option<Ticket>, Ack),
    /// It ran out of time before; the id is free again.
    Late,
    Unknown,
}

/// Why a message of QoS 1 or 2 must wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lack {
    /// The client's own limit is used up.
    Room,
    /// The broker's Receive Maximum is used up.
    Quota,
    Id,
}

#[derive(Debug)]
pub(crate) struct Inflight {
    base: u16,
    slots: VecDeque<Slot>,
    /// Messages of QoS 1 and 2 that wait for acknowledgement.
    publishes: usize,
    open: usize,
    /// Requests that ran out of time and whose ids are still taken, if there are any.
    owed: Option<Box<Owed>>,
    /// Where to look for a free id first, once the ring is full.
    reuse: usize,
    /// How many messages the user lets wait at once.
    limit: u16,
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

    pub(crate) fn has_id(&self) -> bool {
        self.open + self.owed.as_ref().map_or(0, |owed| owed.len()) < IDS
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.open == 0
    }

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

    pub(crate) fn is_message(&self, id: u16) -> bool {
        let owed = || self.owed.as_ref().and_then(|owed| owed.get(id));
        self.slot(id).and_then(|slot| slot.waits_for).or_else(owed).is_some_and(Ack::is_of_message)
    }

    /// Most messages of QoS 1 and 2 that may wait for acknowledgement.
    pub(crate) fn limit(&self) -> usize {
        usize::from(self.limit.min(self.quota))
    }

    pub(crate) fn is_open(&self, id: u16) -> bool {
        self.slot(id).is_some()
    }

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
mod tests;
