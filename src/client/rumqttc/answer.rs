//! Handles a packet from the broker: the request that it ends, or the message that it brings. rumqttc has answered it.

use tokio::time::Instant;

use crate::client::driver::answer::{LATE, UNKNOWN};
use crate::client::failure::{Ack, Failure, Reason};
use crate::client::rumqttc::requests::Answered;
use crate::client::rumqttc::session::RumqttcSession;
use crate::client::sink::{Completion, Incoming, Sink};
use crate::client::wire::{Answers, Publish, Received};
use crate::mqtt::Qos;

const STUCK: Failure =
    Failure::Rumqttc("the messages of QoS 2 that the broker refused take all places of its window");

impl RumqttcSession {
    pub(super) fn handle(
        &mut self,
        received: Received<'_>,
        at: Instant,
        sink: &mut impl Sink,
    ) -> Result<(), Failure> {
        match received {
            Received::Ack(ack, id, None) => {
                let answered = self.requests.acknowledged(id, ack);
                end(answered, ack, Ok(()), at, sink)
            }
            Received::Ack(ack, id, Some(reason)) => self.refused(ack, id, reason, at, sink),
            Received::Answers(ack, id, answers) => self.answered(ack, id, answers, at, sink),
            Received::Publish(Publish { message, id, alias: 0 }) => self.received(message, id, at, sink),
            Received::Publish(..) => Err(Failure::Protocol("topic alias that was not allowed")),
            Received::Release(id) => {
                self.unreleased.remove(&id);
                Ok(())
            }
            Received::Disconnect(reason) => Err(Failure::Disconnected(reason)),
            Received::Pingresp => Ok(()),
            Received::Connack => Err(Failure::Protocol("second CONNACK")),
        }
    }

    fn refused(
        &mut self,
        ack: Ack,
        id: u16,
        reason: Reason,
        at: Instant,
        sink: &mut impl Sink,
    ) -> Result<(), Failure> {
        let answered = self.requests.refused(id, ack);
        end(answered, ack, Err(Failure::Reason(ack, reason)), at, sink)?;
        if self.requests.is_stuck() { Err(STUCK) } else { Ok(()) }
    }

    fn answered(
        &mut self,
        ack: Ack,
        id: u16,
        answers: Answers<'_>,
        at: Instant,
        sink: &mut impl Sink,
    ) -> Result<(), Failure> {
        if let Some((key, filters)) = self.requests.filters(id, ack) {
            answers.check(filters, ack)?;
            if self.requests.is_open(key) {
                sink.answered(key, answers.codes);
            }
        }
        let result = answers.refusal(self.settings.version, ack).map_or(Ok(()), Err);
        end(self.requests.acknowledged(id, ack), ack, result, at, sink)
    }

    fn received(
        &mut self,
        message: Incoming<'_>,
        id: u16,
        at: Instant,
        sink: &mut impl Sink,
    ) -> Result<(), Failure> {
        self.hears = true;
        // A message of QoS 2 counts once, however often it is sent.
        if message.qos != Qos::ExactlyOnce || self.unreleased.insert(id) {
            sink.received(message, at);
        }
        if self.unreleased.len() > usize::from(self.settings.receive_maximum) {
            return Err(Failure::Protocol("more QoS 2 messages than the receive maximum"));
        }
        Ok(())
    }
}

fn end(
    answered: Answered,
    got: Ack,
    result: Result<(), Failure>,
    finished: Instant,
    sink: &mut impl Sink,
) -> Result<(), Failure> {
    match answered {
        Answered::Done(ticket) => sink.completed(Completion { ticket, finished, result }),
        Answered::Half => {}
        Answered::Late => sink.unexpected(LATE),
        Answered::Unknown => sink.unexpected(UNKNOWN),
        Answered::Wrong(ticket, expected) => {
            let failure = Failure::WrongAck { expected, got };
            if let Some(ticket) = ticket {
                sink.completed(Completion { ticket, finished, result: Err(failure) });
            }
            return Err(failure);
        }
    }
    Ok(())
}
