//! The messages that a resumed session sends again, and when.
//!
//! The broker's new CONNACK may allow fewer messages in flight than the last one. The messages above that limit are
//! held back and sent as acknowledgements make room. New messages wait behind them, so that the order stays. A message
//! that the broker no longer accepts at all, such as a too long one, is not sent again and fails (MQTT-3.2.2-11, -14
//! and -15).

use std::collections::VecDeque;

use tokio::time::Instant;

use crate::client::driver::Driver;
use crate::client::failure::{Ack, Failure, Limit};
use crate::client::session::inflight::Acknowledged;
use crate::client::session::state::ResendQueue;
use crate::client::sink::{Completion, Sink};
use crate::client::wire::{self, Limits, Reply};
use crate::mqtt::Qos;

impl<S> Driver<S> {
    /// Queues what a resumed session must send again (section 4.4), in the order of the first time and up to the
    /// inflight limit.
    pub(super) fn send_again(&mut self) {
        let Some(persistent) = &mut self.persistent else { return };
        // Half of a handshake is not limited, but it is not over either.
        let unanswered = self.inflight.unanswered();
        let halves = unanswered.iter().filter(|(_, ack)| *ack == Ack::Pubcomp).count();
        let number = |of: usize| i64::try_from(of).unwrap_or(i64::MAX);
        let mut held =
            ResendQueue { ids: VecDeque::new(), room: number(self.inflight.limit()) - number(halves) };
        let limits = self.granted.as_ref().map(|granted| granted.limits);
        for (id, waits_for) in unanswered {
            let untaken =
                limits.zip(persistent.packets.get(&id)).and_then(|(limits, packet)| exceeded(limits, packet));
            if waits_for == Ack::Pubcomp {
                wire::write_reply(Reply::Pubrel, id, self.out.queue());
            } else if let Some(limit) = untaken {
                persistent.packets.remove(&id);
                if let Acknowledged::Done(ticket) = self.inflight.finish_with(id, waits_for) {
                    persistent.untaken.push((ticket, limit));
                }
            } else if held.room <= 0 {
                held.ids.push_back(id);
            } else if let Some(packet) = persistent.packets.get(&id) {
                wire::write_again(packet, self.out.queue());
                held.room -= 1;
            }
        }
        persistent.resend = (!held.ids.is_empty()).then(|| Box::new(held));
    }

    /// Fails the messages that this broker no longer accepts. They are told once.
    pub(super) fn fail_untaken(&mut self, sink: &mut impl Sink) {
        let Some(persistent) = self.persistent.as_mut().filter(|persistent| !persistent.untaken.is_empty())
        else {
            return;
        };
        let finished = Instant::now();
        for (ticket, limit) in std::mem::take(&mut persistent.untaken) {
            sink.completed(Completion { ticket, finished, result: Err(Failure::NotTaken(limit)) });
        }
    }

    /// Queues as many held back messages as there is room for.
    fn send_held_back(&mut self) {
        let Some(persistent) = &mut self.persistent else { return };
        let Some(held) = &mut persistent.resend else { return };
        while held.room > 0
            && let Some(id) = held.ids.pop_front()
        {
            // Without its packet it was acknowledged in spite of all.
            if let Some(packet) = persistent.packets.get(&id) {
                wire::write_again(packet, self.out.queue());
                held.room -= 1;
            }
        }
        if held.ids.is_empty() {
            persistent.resend = None;
        }
    }

    /// Returns whether the end of this request makes room for a message that is held back.
    pub(super) fn makes_room(&self, id: u16) -> bool {
        self.holds_back() && self.inflight.is_message(id)
    }

    pub(super) fn room_made(&mut self) {
        if let Some(held) = self.persistent.as_mut().and_then(|persistent| persistent.resend.as_mut()) {
            held.room += 1;
            self.send_held_back();
        }
    }

    /// Returns whether a new message of QoS 1 or 2 may be sent.
    pub(super) fn has_room_for_more(&self) -> bool {
        self.inflight.has_room() && !self.holds_back()
    }

    fn holds_back(&self) -> bool {
        self.persistent.as_ref().is_some_and(|persistent| persistent.resend.is_some())
    }
}

/// The limit of the broker that this PUBLISH of QoS 1 or 2 exceeds, if there is one.
fn exceeded(limits: Limits, packet: &[u8]) -> Option<Limit> {
    let first = *packet.first()?;
    let qos = if first & 0b110 == 0b100 { Qos::ExactlyOnce } else { Qos::AtLeastOnce };
    if qos > limits.qos {
        Some(Limit::Qos(limits.qos))
    } else if first & 1 != 0 && !limits.retain {
        Some(Limit::Retain)
    } else {
        (packet.len() > limits.packet_bytes as usize).then_some(Limit::PacketBytes(limits.packet_bytes))
    }
}
