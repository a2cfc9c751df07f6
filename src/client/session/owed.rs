//! Requests that nobody waits for any more, and that the broker has not answered.
//!
//! The broker does not know our deadlines, so its answer may still come. Until then the packet id is in use, and the
//! message counts against the broker's Receive Maximum (MQTT 5, section 4.9). They are kept apart,
//! because the ring of open requests would otherwise stretch from the oldest of them to the newest request.

use std::collections::BTreeMap;

use crate::client::failure::Ack;

#[derive(Debug, Clone, Copy)]
struct Answer {
    waits_for: Ack,
    /// Of a SUBSCRIBE or UNSUBSCRIBE: how many filters it is to answer.
    filters: u32,
}

/// The answers that the broker owes, by packet id.
#[derive(Debug, Default)]
pub(crate) struct Owed {
    answers: BTreeMap<u16, Answer>,
    messages: usize,
}

impl Owed {
    pub(crate) fn len(&self) -> usize {
        self.answers.len()
    }

    /// How many are for messages of QoS 1 and 2.
    pub(crate) fn messages(&self) -> usize {
        self.messages
    }

    pub(crate) fn contains(&self, id: u16) -> bool {
        self.answers.contains_key(&id)
    }

    pub(crate) fn add(&mut self, id: u16, waits_for: Ack, filters: u32) {
        self.messages += usize::from(waits_for.is_of_message());
        self.answers.insert(id, Answer { waits_for, filters });
    }

    pub(crate) fn get(&self, id: u16) -> Option<Ack> {
        self.answers.get(&id).map(|answer| answer.waits_for)
    }

    /// How many filters `ack` must answer for this id, if that is what is owed.
    pub(crate) fn filters(&self, id: u16, ack: Ack) -> Option<u32> {
        self.answers.get(&id).filter(|answer| answer.waits_for == ack).map(|answer| answer.filters)
    }

    /// The first half of QoS 2 has come for this id: whether it was owed, or the second one is already.
    pub(crate) fn release(&mut self, id: u16) -> bool {
        match self.answers.get_mut(&id) {
            Some(answer) if matches!(answer.waits_for, Ack::Pubrec | Ack::Pubcomp) => {
                answer.waits_for = Ack::Pubcomp;
                true
            }
            _ => false,
        }
    }

    /// The answer has come, of whatever kind; gives the owed one.
    pub(crate) fn remove(&mut self, id: u16) -> Option<Ack> {
        let answer = self.answers.remove(&id)?;
        self.messages -= usize::from(answer.waits_for.is_of_message());
        Some(answer.waits_for)
    }

    pub(crate) fn keep_messages(&mut self) {
        self.answers.retain(|_, answer| answer.waits_for.is_of_message());
    }

    /// How many ids are owed an answer from this one on, one after the other: 65535 is followed by 1.
    pub(crate) fn run_from(&self, id: u16) -> usize {
        let count = |from: u16| {
            let following = self.answers.range(from..).map(|(id, _)| *id);
            following.zip(from..=u16::MAX).take_while(|(id, expected)| id == expected).count()
        };
        let to_the_end = usize::from(u16::MAX - id) + 1;
        match count(id) {
            all if all == to_the_end => all + count(1).min(usize::from(id) - 1),
            some => some,
        }
    }

    /// All that is owed, in the order of the ids.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u16, Ack)> {
        self.answers.iter().map(|(id, answer)| (*id, answer.waits_for))
    }
}

#[cfg(test)]
mod tests;
