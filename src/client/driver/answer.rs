//! Handles a packet from the broker: the request that it completes, and the client's answer.

use tokio::time::Instant;

use crate::client::driver::Driver;
use crate::client::driver::keep_alive::KeepAlive;
use crate::client::failure::{Ack, Failure, Reason};
use crate::client::seam::Stream;
use crate::client::session::inflight::Acknowledged;
use crate::client::sink::{Completion, Incoming, Key, Sink, Ticket};
use crate::client::wire::{self, Answers, Publish, Received, Reply};
use crate::mqtt::Qos;

/// `Packet Identifier not found`: what a broker says of a PUBREL that it has answered before.
const NOT_FOUND: u8 = 0x92;

pub(in crate::client) const LATE: &str = "acknowledgement after its request had timed out";
const FINISHED: &str = "QoS 2 message sent again although it was finished, or was never sent";
pub(in crate::client) const UNKNOWN: &str = "acknowledgement for a packet id that is not in use";

impl<S: Stream> Driver<S> {
    pub(super) fn handle(
        &mut self,
        received: Received<'_>,
        now: Instant,
        sink: &mut impl Sink,
    ) -> Result<(), Failure> {
        match received {
            Received::Ack(ack, id, None) => return self.acknowledged(ack, id, now, sink),
            Received::Ack(ack, id, Some(reason)) => return self.refused(ack, id, reason, now, sink),
            Received::Answers(ack, id, answers) => return self.answered(ack, id, answers, now, sink),
            Received::Publish(Publish { message, id, alias: 0 }) => {
                return self.received(message, id, now, sink);
            }
            Received::Publish(Publish { message, id, alias }) => {
                let aliases = self.granted.as_mut().and_then(|granted| granted.aliases.as_mut());
                let Some(aliases) = aliases else {
                    return Err(Failure::Protocol("topic alias that was not allowed"));
                };
                let topic = aliases.take(alias, message.topic)?;
                return self.received(Incoming { topic: &topic, ..message }, id, now, sink);
            }
            Received::Release(id) => {
                if let Some(unreleased) = &mut self.unreleased {
                    unreleased.remove(&id);
                }
                self.reply(Reply::Pubcomp, id);
            }
            Received::Disconnect(reason) => return Err(Failure::Disconnected(reason)),
            Received::Pingresp => {
                if !self.keep_alive.as_mut().is_some_and(KeepAlive::answered) {
                    sink.unexpected("PINGRESP that was not asked for");
                }
            }
            Received::Connack => return Err(Failure::Protocol("second CONNACK")),
        }
        Ok(())
    }

    fn acknowledged(
        &mut self,
        ack: Ack,
        id: u16,
        finished: Instant,
        sink: &mut impl Sink,
    ) -> Result<(), Failure> {
        let makes_room = self.makes_room(id);
        let answer = self.inflight.acknowledge(id, ack);
        if let Some(persistent) = &mut self.persistent {
            persistent.packets.remove(&id);
        }
        if makes_room && answer != Acknowledged::Release {
            self.room_made();
        }
        match answer {
            Acknowledged::Done(ticket) => sink.completed(Completion { ticket, finished, result: Ok(()) }),
            Acknowledged::Wrong(ticket, expected) => {
                return Err(wrong(ticket, Failure::WrongAck { expected, got: ack }, finished, sink));
            }
            Acknowledged::Release => self.reply(Reply::Pubrel, id),
            Acknowledged::Late => sink.unexpected(LATE),
            Acknowledged::Unknown => {
                // Its sender waits for the rest of the handshake, known or not.
                if ack == Ack::Pubrec {
                    self.reply(Reply::Pubrel, id);
                }
                sink.unexpected(UNKNOWN);
            }
        }
        Ok(())
    }

    fn answered(
        &mut self,
        ack: Ack,
        id: u16,
        answers: Answers<'_>,
        now: Instant,
        sink: &mut impl Sink,
    ) -> Result<(), Failure> {
        if let Some(filters) = self.inflight.filters(id, ack) {
            answers.check(filters, ack)?;
            if self.inflight.is_open(id) {
                sink.answered(Key::Packet(id), answers.codes);
            }
        }
        match answers.refusal(self.version, ack) {
            None => self.acknowledged(ack, id, now, sink),
            Some(failure) => self.failed(ack, id, failure, now, sink),
        }
    }

    /// An acknowledgement with a reason code that refuses the request.
    fn refused(
        &mut self,
        ack: Ack,
        id: u16,
        reason: Reason,
        finished: Instant,
        sink: &mut impl Sink,
    ) -> Result<(), Failure> {
        // Of a PUBREL that had been answered, when its answer was lost with the connection.
        if ack == Ack::Pubcomp && self.resumed && reason.code() == NOT_FOUND {
            self.acknowledged(ack, id, finished, sink)
        } else {
            self.failed(ack, id, Failure::Reason(ack, reason), finished, sink)
        }
    }

    /// The broker has refused this request. The request ends here, even if more acknowledgements would have followed.
    fn failed(
        &mut self,
        ack: Ack,
        id: u16,
        failure: Failure,
        finished: Instant,
        sink: &mut impl Sink,
    ) -> Result<(), Failure> {
        if let Some(persistent) = &mut self.persistent {
            persistent.packets.remove(&id);
        }
        let makes_room = self.makes_room(id);
        let answer = self.inflight.finish_with(id, ack);
        if makes_room {
            self.room_made();
        }
        match answer {
            Acknowledged::Done(ticket) => {
                sink.completed(Completion { ticket, finished, result: Err(failure) });
            }
            Acknowledged::Wrong(ticket, expected) => {
                return Err(wrong(ticket, Failure::WrongAck { expected, got: ack }, finished, sink));
            }
            Acknowledged::Late => sink.unexpected(LATE),
            Acknowledged::Release | Acknowledged::Unknown => sink.unexpected(UNKNOWN),
        }
        Ok(())
    }

    fn received(
        &mut self,
        message: Incoming<'_>,
        id: u16,
        at: Instant,
        sink: &mut impl Sink,
    ) -> Result<(), Failure> {
        self.expects_messages = true;
        match message.qos {
            Qos::AtMostOnce => sink.received(message, at),
            Qos::AtLeastOnce => {
                sink.received(message, at);
                self.reply(Reply::Puback, id);
            }
            Qos::ExactlyOnce => {
                let unreleased = self.unreleased.get_or_insert_default();
                if unreleased.insert(id) {
                    // On a connection that goes on with a session it may have been sent before, and not have come.
                    if message.dup && !self.resumed {
                        sink.unexpected(FINISHED);
                    }
                    sink.received(message, at);
                }
                if unreleased.len() > usize::from(self.receive_maximum) {
                    return Err(Failure::Protocol("more QoS 2 messages than the receive maximum"));
                }
                self.reply(Reply::Pubrec, id);
            }
        }
        Ok(())
    }

    fn reply(&mut self, reply: Reply, id: u16) {
        wire::write_reply(reply, id, self.out.queue());
        self.answers += wire::REPLY_BYTES;
    }
}

/// The broker has answered with a packet of the wrong type. That ends the request, if anybody waits for it, and the
/// connection (MQTT-4.8.0-1), because later answers could belong to any request.
fn wrong(ticket: Option<Ticket>, failure: Failure, finished: Instant, sink: &mut impl Sink) -> Failure {
    if let Some(ticket) = ticket {
        sink.completed(Completion { ticket, finished, result: Err(failure) });
    }
    failure
}
