//! The driver as a [`Session`]: the requests of a user to a connection.

use std::future::poll_fn;
use std::time::Duration;

use tokio::time::Instant;

use crate::client::driver::{Driver, Granted, Parting};
use crate::client::failure::{Ack, Failure, Limit};
use crate::client::seam::{Close, Filter, Message, Patience, Session, Stream, Until};
use crate::client::session::inflight::{Inflight, Lack};
use crate::client::session::state::{DetachedSession, SessionState};
use crate::client::sink::{Key, Sink, Ticket};
use crate::client::wire::{self, Alias};
use crate::mqtt::{Qos, Version};

impl<S: Stream> Session for Box<Driver<S>> {
    fn has_room(&self) -> bool {
        self.has_room_for_more()
    }

    fn no_room(&self, waited: Duration) -> Failure {
        match self.inflight.lack() {
            Some(Lack::Quota) => Failure::NoQuota(waited),
            Some(Lack::Id) => Failure::NoPacketId,
            // What is to be sent again goes before it.
            Some(Lack::Room) | None => Failure::NoRoom(waited),
        }
    }

    fn has_id(&self) -> bool {
        self.inflight.has_id()
    }

    fn backlog(&self) -> usize {
        self.out.pending()
    }

    #[inline]
    fn publish(&mut self, message: &Message<'_>, ticket: Ticket) -> Result<Key, Failure> {
        if !wire::fits(self.version, message) {
            return Err(Failure::TooLarge);
        }
        if let Some(limit) = self.exceeded(message) {
            return Err(Failure::NotTaken(limit));
        }
        let key = match message.qos {
            Qos::AtMostOnce => {
                self.queue(message, 0);
                self.is_missed = true;
                Key::Written(self.out.message_queued(ticket))
            }
            qos => {
                let ack = if qos == Qos::AtLeastOnce { Ack::Puback } else { Ack::Pubrec };
                let id = self.inflight.open(ticket, ack).ok_or(Failure::NoPacketId)?;
                self.queue(message, id);
                if let Some(persistent) = &mut self.persistent {
                    let mut packet = Vec::new();
                    wire::write_publish(self.version, message, id, Alias::None, &mut packet);
                    persistent.packets.insert(id, packet.into());
                }
                Key::Packet(id)
            }
        };
        self.sent(ticket.due);
        Ok(key)
    }

    fn subscribe_with(
        &mut self,
        filters: &[Filter<'_>],
        identifier: Option<u32>,
        ticket: Ticket,
    ) -> Result<Key, Failure> {
        if let Some(limit) = self.exceeded_by(filters, identifier) {
            return Err(Failure::NotTaken(limit));
        }
        self.ask(Ack::Suback, filters.len(), ticket, |version, id, out| {
            wire::write_subscribe(version, id, filters, identifier, out)
        })
    }

    fn unsubscribe(&mut self, filters: &[&str], ticket: Ticket) -> Result<Key, Failure> {
        self.ask(Ack::Unsuback, filters.len(), ticket, |version, id, out| {
            wire::write_unsubscribe(version, id, filters, out)
        })
    }

    fn resumed(&self) -> bool {
        self.resumed
    }

    fn take_state(&mut self) -> SessionState {
        let Some(persistent) = self.persistent.take_if(|_| self.lost.is_some()) else {
            return SessionState::default();
        };
        let inflight = std::mem::replace(&mut self.inflight, Inflight::new(1, false));
        SessionState::new(DetachedSession { inflight, unreleased: self.unreleased.take(), persistent })
    }

    async fn drive(
        &mut self,
        until: Until,
        deadline: Option<Instant>,
        sink: &mut impl Sink,
    ) -> Result<bool, Failure> {
        poll_fn(|cx| self.poll_drive(cx, until, deadline, sink)).await
    }

    fn sever(&mut self, failure: Failure, sink: &mut impl Sink) {
        if self.lost.is_none() {
            self.stream.abort_on_close();
            self.lose(failure, sink);
        }
    }

    fn give_up(&mut self, sink: &mut impl Sink) {
        if self.lost.is_none() {
            self.lose(Failure::Closing, sink);
        }
    }

    async fn close(&mut self, how: Close, timeout: Duration, sink: &mut impl Sink) -> Result<(), Failure> {
        if how == Close::Abrupt && self.lost.is_none() {
            self.sever(Failure::Closing, sink);
            return Ok(());
        }
        self.leave(how, timeout, sink).await
    }

    fn farewell(self, patience: Patience) -> Option<impl Future<Output = bool> + 'static> {
        (self.parting == Parting::WaitForClose).then(|| self.wait_for_close(patience))
    }
}

impl<S: Stream> Driver<S> {
    fn exceeded(&self, message: &Message<'_>) -> Option<Limit> {
        let limits = &self.granted.as_ref()?.limits;
        limits.exceeded(message, wire::publish_bytes(self.version, message))
    }

    fn exceeded_by(&self, filters: &[Filter<'_>], identifier: Option<u32>) -> Option<Limit> {
        self.granted.as_ref()?.limits.exceeded_by(filters, identifier)
    }

    /// Queues a packet with this many filters, which `ack` answers.
    fn ask(
        &mut self,
        ack: Ack,
        filters: usize,
        ticket: Ticket,
        write: impl FnOnce(Version, u16, &mut Vec<u8>) -> Result<(), Failure>,
    ) -> Result<Key, Failure> {
        let filters = u32::try_from(filters).map_err(|_| Failure::TooLarge)?;
        let id = self.inflight.open_filters(ticket, ack, filters).ok_or(Failure::NoPacketId)?;
        let queue = self.out.queue();
        let before = queue.len();
        let mut written = write(self.version, id, queue);
        if let Some(Granted { limits, .. }) = self.granted.as_deref()
            && written.is_ok()
            && queue.len() - before > limits.packet_bytes as usize
        {
            queue.truncate(before);
            written = Err(Failure::NotTaken(Limit::PacketBytes(limits.packet_bytes)));
        }
        if let Err(failure) = written {
            self.inflight.take_back(id);
            return Err(failure);
        }
        self.expects_messages |= ack == Ack::Suback;
        self.sent(ticket.due);
        Ok(Key::Packet(id))
    }

    fn queue(&mut self, message: &Message<'_>, id: u16) {
        let alias = match self.granted.as_deref_mut() {
            Some(Granted { limits, aliases: Some(aliases) })
                if wire::has_room_for_alias(message, limits.packet_bytes as usize) =>
            {
                aliases.give(message.topic)
            }
            _ => Alias::None,
        };
        wire::write_publish(self.version, message, id, alias, self.out.queue());
    }
}
