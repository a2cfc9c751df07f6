//! What a resumed session sends again, and how fast.
//!
//! The broker's new CONNACK may allow fewer messages in flight than the last one. What is above that is held back
//! and sent as acknowledgements make room; new messages wait behind it, so that the order stays.

use std::collections::VecDeque;

use crate::client::driver::Driver;
use crate::client::failure::Ack;
use crate::client::kept::Held;
use crate::client::wire::{self, Reply};

impl<S> Driver<S> {
    /// Queues what a resumed session demands (section 4.4), in the order in which it was sent first, as far as the
    /// inflight limit goes.
    pub(super) fn send_again(&mut self) {
        let Some(lasting) = &mut self.lasting else { return };
        // Half of a handshake is not limited, but it is not over either.
        let unanswered = self.inflight.unanswered();
        let halves = unanswered.iter().filter(|(_, ack)| *ack == Ack::Pubcomp).count();
        let number = |of: usize| i64::try_from(of).unwrap_or(i64::MAX);
        let mut held = Held { ids: VecDeque::new(), room: number(self.inflight.limit()) - number(halves) };
        for (id, waits_for) in unanswered {
            if waits_for == Ack::Pubcomp {
                wire::write_reply(Reply::Pubrel, id, self.out.queue());
            } else if held.room <= 0 {
                held.ids.push_back(id);
            } else if let Some(packet) = lasting.packets.get(&id) {
                wire::write_again(packet, self.out.queue());
                held.room -= 1;
            }
        }
        lasting.held = (!held.ids.is_empty()).then(|| Box::new(held));
    }

    /// Queues of the messages that are held back as many as there is room for.
    fn send_held(&mut self) {
        let Some(lasting) = &mut self.lasting else { return };
        let Some(held) = &mut lasting.held else { return };
        while held.room > 0
            && let Some(id) = held.ids.pop_front()
        {
            // Without its packet it was acknowledged in spite of all.
            if let Some(packet) = lasting.packets.get(&id) {
                wire::write_again(packet, self.out.queue());
                held.room -= 1;
            }
        }
        if held.ids.is_empty() {
            lasting.held = None;
        }
    }

    /// Whether the end of this request makes room for a message that is held back.
    pub(super) fn makes_room(&self, id: u16) -> bool {
        self.holds_back() && self.inflight.is_message(id)
    }

    /// A request that [`makes_room`](Self::makes_room) has ended.
    pub(super) fn room_made(&mut self) {
        if let Some(held) = self.lasting.as_mut().and_then(|lasting| lasting.held.as_mut()) {
            held.room += 1;
            self.send_held();
        }
    }

    /// Whether a new message of QoS 1 or 2 may be sent.
    pub(super) fn has_room_for_more(&self) -> bool {
        self.inflight.has_room() && !self.holds_back()
    }

    fn holds_back(&self) -> bool {
        self.lasting.as_ref().is_some_and(|lasting| lasting.held.is_some())
    }
}
