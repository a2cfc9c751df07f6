//! The requests that rumqttc has taken on one connection, each with its packet id and the awaited answer. No I/O.
//!
//! rumqttc's client does not say which packet id a request gets. Its event loop gives them out in the order of the
//! requests, from 1 to its limit and then from 1 again. It does so even if the broker still owes an answer for an id:
//! then it holds the message back, or loses the connection if the message has QoS 2. So the ids are computed here in
//! advance, and a request waits until the next id is free. The packets that the event loop reports as written must then
//! be the expected requests with the expected ids.

use std::collections::{BTreeMap, VecDeque};

use rumqttc::Outgoing;
use tokio::time::Instant;

use crate::client::failure::{Ack, Failure};
use crate::client::sink::{Key, Ticket};
use crate::mqtt::Qos;

const ID_IN_USE: Failure = Failure::Rumqttc("it uses a packet id twice");
const OTHER_REQUEST: Failure = Failure::Rumqttc("it has written another packet than the one that was next");

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Publish(Qos),
    Subscribe(u32),
    Unsubscribe,
    Disconnect,
}

impl Kind {
    /// The acknowledgement that comes first, and how many filters it answers.
    fn waits_for(self) -> Option<(Ack, u32)> {
        match self {
            Self::Publish(Qos::AtMostOnce) | Self::Disconnect => None,
            Self::Publish(Qos::AtLeastOnce) => Some((Ack::Puback, 0)),
            Self::Publish(Qos::ExactlyOnce) => Some((Ack::Pubrec, 0)),
            Self::Subscribe(filters) => Some((Ack::Suback, filters)),
            Self::Unsubscribe => Some((Ack::Unsuback, 1)),
        }
    }

    /// Whether rumqttc says so of a packet of this kind.
    fn is(self, outgoing: &Outgoing) -> bool {
        matches!(
            (self, outgoing),
            (Self::Publish(_), Outgoing::Publish(_))
                | (Self::Subscribe(_), Outgoing::Subscribe(_))
                | (Self::Unsubscribe, Outgoing::Unsubscribe(_))
                | (Self::Disconnect, Outgoing::Disconnect)
        )
    }
}

#[derive(Debug)]
struct Open {
    ticket: Ticket,
    /// 0 if it only has to be written.
    id: u16,
}

/// A packet id for which the broker owes an answer.
#[derive(Debug)]
struct Owed {
    number: u64,
    waits_for: Ack,
    filters: u32,
}

/// A request that rumqttc has taken and not written yet.
#[derive(Debug)]
struct Unwritten {
    number: u64,
    kind: Kind,
    id: u16,
    bytes: usize,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Answered {
    Done(Ticket),
    /// It is the first half of QoS 2.
    Half,
    Late,
    Unknown,
    /// Another one was expected. It ends this request, unless that had timed out.
    Wrong(Option<Ticket>, Ack),
}

#[derive(Debug)]
pub(super) struct Requests {
    /// rumqttc gives out packet ids up to this one, and takes no request while so many messages are unanswered.
    limit: u16,
    /// How many messages of QoS 1 and 2 may be unanswered.
    window: u16,
    next_id: u16,
    owed: BTreeMap<u16, Owed>,
    messages: u16,
    /// Places for messages that rumqttc has lost: it never counts one of QoS 2 as answered that the broker refuses.
    lost_places: u16,
    number: u64,
    open: BTreeMap<u64, Open>,
    unwritten: VecDeque<Unwritten>,
    unwritten_bytes: usize,
    /// No later than the first deadline of what is open.
    next_deadline: Option<Instant>,
}

impl Requests {
    /// For so many unanswered messages, of which the broker takes at most `receive_maximum`.
    pub(super) fn new(inflight: u16, receive_maximum: u16) -> Self {
        Self {
            limit: limit(inflight).min(receive_maximum),
            window: inflight.min(receive_maximum),
            next_id: 1,
            owed: BTreeMap::new(),
            messages: 0,
            lost_places: 0,
            number: 0,
            open: BTreeMap::new(),
            unwritten: VecDeque::new(),
            unwritten_bytes: 0,
            next_deadline: None,
        }
    }

    /// Whether a message of QoS 1 or 2 may be sent.
    pub(super) fn has_room(&self) -> bool {
        self.unanswered() < self.window && self.next_id_is_free()
    }

    pub(super) fn has_id(&self) -> bool {
        self.unanswered() < self.limit && self.next_id_is_free()
    }

    /// Whether rumqttc has lost all places for messages, so that none can be sent any more.
    pub(super) fn is_stuck(&self) -> bool {
        self.lost_places >= self.window
    }

    fn unanswered(&self) -> u16 {
        self.messages.saturating_add(self.lost_places)
    }

    fn next_id_is_free(&self) -> bool {
        !self.owed.contains_key(&self.next_id)
    }

    /// rumqttc has taken a request of this many bytes. There must be room for it.
    pub(super) fn taken(&mut self, kind: Kind, bytes: usize, ticket: Ticket) -> Key {
        self.number += 1;
        let id = match kind.waits_for() {
            None => 0,
            Some((waits_for, filters)) => {
                let id = self.next_id;
                self.next_id = if id >= self.limit { 1 } else { id + 1 };
                self.messages += u16::from(waits_for.is_of_message());
                self.owed.insert(id, Owed { number: self.number, waits_for, filters });
                id
            }
        };
        self.open.insert(self.number, Open { ticket, id });
        self.next_deadline = Some(self.next_deadline.map_or(ticket.deadline, |at| at.min(ticket.deadline)));
        self.hand_over(kind, id, bytes);
        Key::Written(self.number)
    }

    pub(super) fn disconnect_taken(&mut self) {
        self.number += 1;
        self.hand_over(Kind::Disconnect, 0, 0);
    }

    fn hand_over(&mut self, kind: Kind, id: u16, bytes: usize) {
        self.unwritten.push_back(Unwritten { number: self.number, kind, id, bytes });
        self.unwritten_bytes += bytes;
    }

    /// rumqttc has written a packet. If that ends a request, this is its ticket.
    pub(super) fn written(&mut self, outgoing: &Outgoing) -> Result<Option<Ticket>, Failure> {
        let id = match outgoing {
            Outgoing::Publish(id) | Outgoing::Subscribe(id) | Outgoing::Unsubscribe(id) => *id,
            Outgoing::Disconnect => 0,
            Outgoing::AwaitAck(_) => return Err(ID_IN_USE),
            // Its own acknowledgements and pings.
            _ => return Ok(None),
        };
        let next = self.unwritten.pop_front().ok_or(OTHER_REQUEST)?;
        self.unwritten_bytes -= next.bytes;
        if next.id != id || !next.kind.is(outgoing) {
            return Err(OTHER_REQUEST);
        }
        let only_written = next.kind == Kind::Publish(Qos::AtMostOnce);
        Ok(if only_written { self.end(next.number) } else { None })
    }

    pub(super) fn acknowledged(&mut self, id: u16, ack: Ack) -> Answered {
        match self.owed.get_mut(&id) {
            Some(owed) if ack == Ack::Pubrec && matches!(owed.waits_for, Ack::Pubrec | Ack::Pubcomp) => {
                owed.waits_for = Ack::Pubcomp;
                Answered::Half
            }
            _ => self.answered(id, ack),
        }
    }

    pub(super) fn refused(&mut self, id: u16, ack: Ack) -> Answered {
        let is_known = self.owed.contains_key(&id);
        self.lost_places += u16::from(is_known && matches!(ack, Ack::Pubrec | Ack::Pubcomp));
        self.answered(id, ack)
    }

    fn answered(&mut self, id: u16, ack: Ack) -> Answered {
        let Some(owed) = self.owed.remove(&id) else { return Answered::Unknown };
        self.messages -= u16::from(owed.waits_for.is_of_message());
        let ticket = self.end(owed.number);
        match (owed.waits_for == ack, ticket) {
            (true, Some(ticket)) => Answered::Done(ticket),
            (true, None) => Answered::Late,
            (false, ticket) => Answered::Wrong(ticket, owed.waits_for),
        }
    }

    /// The request that waits for this acknowledgement, if it is open, and how many filters it has.
    pub(super) fn filters(&self, id: u16, ack: Ack) -> Option<(Key, u32)> {
        let owed = self.owed.get(&id).filter(|owed| owed.waits_for == ack)?;
        Some((Key::Written(owed.number), owed.filters))
    }

    fn end(&mut self, number: u64) -> Option<Ticket> {
        self.open.remove(&number).map(|open| open.ticket)
    }

    pub(super) fn is_open(&self, key: Key) -> bool {
        matches!(key, Key::Written(number) if self.open.contains_key(&number))
    }

    pub(super) fn is_idle(&self) -> bool {
        self.open.is_empty()
    }

    pub(super) fn is_written(&self) -> bool {
        self.unwritten.is_empty()
    }

    pub(super) fn unwritten_bytes(&self) -> usize {
        self.unwritten_bytes
    }

    pub(super) fn is_answered(&self) -> bool {
        self.owed.is_empty()
    }

    /// No later than the first moment at which a request has waited too long.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.next_deadline
    }

    /// Ends the requests whose time is over; `each` hears what they still waited for, which is nothing for those that
    /// only had to be written.
    pub(super) fn expire(&mut self, now: Instant, mut each: impl FnMut(Ticket, Option<Ack>)) {
        if self.next_deadline.is_none_or(|at| at > now) {
            return;
        }
        let owed = &self.owed;
        self.open.retain(|_, Open { ticket, id }| {
            let is_open = ticket.deadline > now;
            if !is_open {
                each(*ticket, owed.get(id).map(|owed| owed.waits_for));
            }
            is_open
        });
        self.next_deadline = self.open.values().map(|open| open.ticket.deadline).min();
    }

    pub(super) fn drain(&mut self, mut each: impl FnMut(Ticket)) {
        for open in std::mem::take(&mut self.open).into_values() {
            each(open.ticket);
        }
    }
}

/// The limit of unanswered messages that rumqttc is given for a window: one more, since it takes no request at all, not
/// even a DISCONNECT, once that many are unanswered.
pub(super) fn limit(inflight: u16) -> u16 {
    inflight.saturating_add(1)
}

#[cfg(test)]
mod tests;
