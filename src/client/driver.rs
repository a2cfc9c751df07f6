//! The session driver: MQTT 3.1.1 on any byte stream.
//!
//! Everything happens in the poll of one future: write what is queued, read what has come, finish what it
//! acknowledges, look at the clock. All state is in the [`Driver`], none in the future, so driving can be
//! dropped at any point and taken up again. Packets that are queued between two polls go out in one write,
//! and all that one read brought is handled at one reading of the clock. The timer is armed only when
//! nothing earlier is armed already: with a timeout of seconds and answers in microseconds it is set once
//! in thousands of requests.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::{Instant, Sleep, timeout_at};

use crate::client::failure::{Ack, Failure};
use crate::client::inflight::{Acknowledged, Inflight};
use crate::client::keep_alive::KeepAlive;
use crate::client::outgoing::Outgoing;
use crate::client::pool::Pool;
use crate::client::wire::{self, Received, Reply};
use crate::client::{
    Close, Completion, ConnectRequest, Incoming, Key, Message, Session, Sink, Ticket, Until,
};
use crate::mqtt::{MAX_PACKET_BYTES, Qos};

/// Most reads in one poll. A broker that floods must not keep the user from its timer.
const READS: usize = 16;

/// Most QoS 2 messages from the broker whose PUBREL may be outstanding. A broker is bound to the 65,535
/// packet ids; one that uses them all without ever releasing is broken all the same.
const MAX_UNRELEASED: usize = 65_535;

/// A byte stream that a session can run on.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + 'static {
    /// Makes the coming close abrupt: the peer sees a reset, as from a lost device.
    fn abort_on_close(&mut self);
}

/// An open MQTT connection.
#[derive(Debug)]
pub struct Driver<S> {
    stream: S,
    pool: Pool,
    out: Outgoing,
    /// The head of a frame whose end has not come yet.
    partial: Vec<u8>,
    inflight: Inflight,
    /// QoS 2 messages from the broker that it has not released yet.
    unreleased: BTreeSet<u16>,
    timer: Option<Pin<Box<Sleep>>>,
    keep_alive: Option<KeepAlive>,
    /// Why the connection ended; everything after that fails likewise.
    lost: Option<Failure>,
}

impl<S: Stream> Driver<S> {
    /// Sends CONNECT on a fresh stream and waits for CONNACK. The time limit is the caller's.
    pub(crate) async fn open(stream: S, pool: Pool, request: &ConnectRequest<'_>) -> Result<Self, Failure> {
        let mut driver = Self {
            stream,
            out: Outgoing::new(pool.clone()),
            partial: pool.take(),
            inflight: Inflight::new(request.inflight),
            unreleased: BTreeSet::new(),
            timer: None,
            keep_alive: KeepAlive::new(request.keep_alive_s, Instant::now()),
            lost: None,
            pool,
        };
        wire::write_connect(request, driver.out.queue())?;
        match poll_fn(|cx| driver.poll_connack(cx)).await? {
            0 => {
                driver.pool.put(std::mem::take(&mut driver.partial));
                Ok(driver)
            }
            code => Err(Failure::Refused(code)),
        }
    }

    fn poll_connack(&mut self, cx: &mut Context<'_>) -> Poll<Result<u8, Failure>> {
        // Broker and client may both have sent their last word: what came is read even if writing failed.
        let written = self.out.poll_write(&mut self.stream, cx);
        loop {
            // No more is read than CONNACK has bytes, since there is nobody here to take what comes after it.
            let missing = match self.partial[..] {
                [0x20, 2, _, code] => {
                    self.partial.clear();
                    return Poll::Ready(Ok(code));
                }
                [] | [0x20] | [0x20, 2] | [0x20, 2, _] => 4 - self.partial.len(),
                _ => return Poll::Ready(Err(Failure::Protocol("no CONNACK as its first packet"))),
            };
            let mut bytes = [0; 4];
            let mut buffer = ReadBuf::new(&mut bytes[..missing]);
            match Pin::new(&mut self.stream).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if buffer.filled().is_empty() => {
                    return Poll::Ready(Err(Failure::Closed));
                }
                Poll::Ready(Ok(())) => self.partial.extend_from_slice(buffer.filled()),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(Failure::lost(&error))),
                Poll::Pending => {
                    written.map_err(|error| Failure::lost(&error))?;
                    return Poll::Pending;
                }
            }
        }
    }

    fn poll_drive(
        &mut self,
        cx: &mut Context<'_>,
        until: Until,
        deadline: Option<Instant>,
        sink: &mut impl Sink,
    ) -> Poll<Result<bool, Failure>> {
        loop {
            if let Some(failure) = self.lost {
                return Poll::Ready(Err(failure));
            }
            if let Err(failure) = self.poll_io(cx, sink) {
                self.lose(failure, sink);
                continue;
            }
            if self.reached(until) {
                return Poll::Ready(Ok(true));
            }
            let now = ready!(self.poll_timer(cx, deadline));
            self.expire(now, sink);
            if let Err(failure) = self.keep_alive(now) {
                self.lose(failure, sink);
            } else if deadline.is_some_and(|deadline| deadline <= now) {
                return Poll::Ready(Ok(self.reached(until)));
            }
        }
    }

    fn reached(&self, until: Until) -> bool {
        match until {
            Until::Deadline => false,
            Until::Done(Key::Packet(id)) => !self.inflight.is_open(id),
            Until::Done(Key::Written(end)) => !self.out.is_open(end),
            Until::Room => self.inflight.has_room(),
            Until::Written => self.out.pending() == 0,
            Until::Idle => self.inflight.is_idle() && self.out.is_idle(),
        }
    }

    /// Writes and reads until neither is possible; if there is still more to read, the task is woken at once.
    fn poll_io(&mut self, cx: &mut Context<'_>, sink: &mut impl Sink) -> Result<(), Failure> {
        if self.out.pending() > 0 {
            self.out.write(&mut self.stream, cx, sink)?;
        }
        let pool = self.pool.clone();
        let mut shared = pool.read_buffer();
        for _ in 0..READS {
            let mut buffer = ReadBuf::new(&mut shared);
            match Pin::new(&mut self.stream).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if buffer.filled().is_empty() => return Err(Failure::Closed),
                Poll::Ready(Ok(())) => self.take_in(buffer.filled(), Instant::now(), sink)?,
                Poll::Ready(Err(error)) => return Err(Failure::lost(&error)),
                Poll::Pending => return Ok(()),
            }
            // Answers to what was read: in one write, now.
            if self.out.pending() > 0 {
                self.out.write(&mut self.stream, cx, sink)?;
            }
        }
        cx.waker().wake_by_ref();
        Ok(())
    }

    /// Handles bytes from the broker; an unfinished frame at their end is kept.
    fn take_in(&mut self, bytes: &[u8], now: Instant, sink: &mut impl Sink) -> Result<(), Failure> {
        if self.partial.is_empty() {
            let used = self.handle_frames(bytes, now, sink)?;
            if used < bytes.len() {
                self.partial = self.pool.take();
                self.partial.extend_from_slice(&bytes[used..]);
            }
            return Ok(());
        }
        let mut joined = std::mem::take(&mut self.partial);
        joined.extend_from_slice(bytes);
        let used = self.handle_frames(&joined, now, sink)?;
        if used == joined.len() {
            self.pool.put(joined);
        } else {
            joined.drain(..used);
            self.partial = joined;
        }
        Ok(())
    }

    /// Handles the whole frames at the head of `bytes` and tells how many bytes they were.
    fn handle_frames(&mut self, bytes: &[u8], now: Instant, sink: &mut impl Sink) -> Result<usize, Failure> {
        let mut used = 0;
        while let Some(frame) = wire::frame(&bytes[used..])? {
            if frame.end > MAX_PACKET_BYTES {
                return Err(Failure::Protocol("packet too large"));
            }
            let Some(packet) = bytes.get(used..used + frame.end) else { break };
            let received = wire::read(frame, packet)?;
            self.handle(received, now, sink)?;
            used += frame.end;
        }
        Ok(used)
    }

    fn handle(&mut self, received: Received<'_>, now: Instant, sink: &mut impl Sink) -> Result<(), Failure> {
        match received {
            Received::Ack(ack, id) => self.acknowledged(ack, id, Ok(()), now, sink),
            Received::Suback(id, granted) => {
                let result = if granted { Ok(()) } else { Err(Failure::SubscriptionRefused) };
                self.acknowledged(Ack::Suback, id, result, now, sink);
            }
            Received::Publish(message, id) => return self.received(message, id, sink),
            Received::Release(id) => {
                self.unreleased.remove(&id);
                self.reply(Reply::Pubcomp, id);
            }
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
        result: Result<(), Failure>,
        finished: Instant,
        sink: &mut impl Sink,
    ) {
        match self.inflight.acknowledge(id, ack) {
            Acknowledged::Done(ticket) => sink.completed(Completion { ticket, finished, result }),
            Acknowledged::Wrong(ticket, expected) => {
                let result = Err(Failure::WrongAck { expected, got: ack });
                sink.completed(Completion { ticket, finished, result });
            }
            Acknowledged::Release => self.reply(Reply::Pubrel, id),
            Acknowledged::Late => sink.unexpected("acknowledgement after its request had timed out"),
            Acknowledged::Unknown => {
                // Its sender waits for the rest of the handshake, known or not.
                if ack == Ack::Pubrec {
                    self.reply(Reply::Pubrel, id);
                }
                sink.unexpected("acknowledgement for a packet id that is not in use");
            }
        }
    }

    fn received(&mut self, message: Incoming<'_>, id: u16, sink: &mut impl Sink) -> Result<(), Failure> {
        match message.qos {
            Qos::AtMostOnce => sink.received(message),
            Qos::AtLeastOnce => {
                sink.received(message);
                self.reply(Reply::Puback, id);
            }
            Qos::ExactlyOnce => {
                if self.unreleased.insert(id) {
                    sink.received(message);
                }
                if self.unreleased.len() > MAX_UNRELEASED {
                    return Err(Failure::Protocol("QoS 2 messages are never released"));
                }
                self.reply(Reply::Pubrec, id);
            }
        }
        Ok(())
    }

    fn reply(&mut self, reply: Reply, id: u16) {
        wire::write_reply(reply, id, self.out.queue());
    }

    /// Ready with the time as soon as something is due.
    fn poll_timer(&mut self, cx: &mut Context<'_>, deadline: Option<Instant>) -> Poll<Instant> {
        let keep_alive = self.keep_alive.as_ref().map(KeepAlive::due);
        let times = [deadline, self.inflight.next_deadline(), self.out.next_deadline(), keep_alive];
        let Some(due) = times.into_iter().flatten().min() else { return Poll::Pending };
        let timer = match &mut self.timer {
            Some(timer) => {
                // Armed for an earlier time: let it ring once too often rather than set it each time. One
                // that has rung must be set anew.
                if timer.deadline() > due || timer.is_elapsed() {
                    timer.as_mut().reset(due);
                }
                timer
            }
            None => self.timer.insert(Box::pin(tokio::time::sleep_until(due))),
        };
        loop {
            ready!(timer.as_mut().poll(cx));
            let now = Instant::now();
            if due <= now {
                return Poll::Ready(now);
            }
            timer.as_mut().reset(due);
        }
    }

    /// Finishes the requests whose time is over.
    fn expire(&mut self, now: Instant, sink: &mut impl Sink) {
        self.inflight.expire(now, |ticket, ack| {
            let failure = Failure::AckTimeout(ack, ticket.deadline - ticket.due);
            sink.completed(Completion { ticket, finished: now, result: Err(failure) });
        });
        self.out.expire(now, sink);
    }

    /// Queues a PINGREQ if one is due; fails if the last one was not answered.
    fn keep_alive(&mut self, now: Instant) -> Result<(), Failure> {
        if let Some(keep_alive) = &mut self.keep_alive
            && keep_alive.must_ping(now)?
        {
            self.out.queue().extend_from_slice(&wire::PINGREQ);
        }
        Ok(())
    }

    /// Ends everything that is open with this failure.
    fn lose(&mut self, failure: Failure, sink: &mut impl Sink) {
        self.lost = Some(failure);
        let finished = Instant::now();
        self.inflight.drain(|ticket| sink.completed(Completion { ticket, finished, result: Err(failure) }));
        self.out.drain(|ticket| sink.completed(Completion { ticket, finished, result: Err(failure) }));
    }

    fn sent(&mut self, at: Instant) {
        if let Some(keep_alive) = &mut self.keep_alive {
            keep_alive.sent(at);
        }
    }
}

impl<S: Stream> Session for Driver<S> {
    fn has_room(&self) -> bool {
        self.inflight.has_room()
    }

    fn backlog(&self) -> usize {
        self.out.pending()
    }

    fn publish(&mut self, message: &Message<'_>, ticket: Ticket) -> Result<Key, Failure> {
        if !wire::fits(message) {
            return Err(Failure::TooLarge);
        }
        let key = match message.qos {
            Qos::AtMostOnce => {
                wire::write_publish(message, 0, self.out.queue());
                Key::Written(self.out.message_queued(ticket))
            }
            qos => {
                let ack = if qos == Qos::AtLeastOnce { Ack::Puback } else { Ack::Pubrec };
                let id = self.inflight.open(ticket, ack).ok_or(Failure::NoPacketId)?;
                wire::write_publish(message, id, self.out.queue());
                Key::Packet(id)
            }
        };
        self.sent(ticket.due);
        Ok(key)
    }

    fn subscribe(&mut self, filters: &[(&str, Qos)], ticket: Ticket) -> Result<Key, Failure> {
        let id = self.inflight.open(ticket, Ack::Suback).ok_or(Failure::NoPacketId)?;
        if let Err(failure) = wire::write_subscribe(id, filters, self.out.queue()) {
            self.inflight.acknowledge(id, Ack::Suback);
            return Err(failure);
        }
        self.sent(ticket.due);
        Ok(Key::Packet(id))
    }

    async fn drive(
        &mut self,
        until: Until,
        deadline: Option<Instant>,
        sink: &mut impl Sink,
    ) -> Result<bool, Failure> {
        poll_fn(|cx| self.poll_drive(cx, until, deadline, sink)).await
    }

    async fn close(&mut self, how: Close, timeout: Duration, sink: &mut impl Sink) -> Result<(), Failure> {
        if let Some(failure) = self.lost {
            return Err(failure);
        }
        if how == Close::Abrupt {
            self.stream.abort_on_close();
            self.lose(Failure::Closing, sink);
            return Ok(());
        }
        self.out.queue().extend_from_slice(&wire::DISCONNECT);
        let end = self.out.end();
        let deadline = Instant::now() + timeout;
        let in_time = self.drive(Until::Written, Some(deadline), sink).await?;
        self.lose(Failure::Closing, sink);
        if !in_time {
            return Err(Failure::WriteTimeout(timeout));
        }
        if !self.out.is_written(end) {
            return Err(Failure::Closed);
        }
        // The DISCONNECT is out, or in what TLS and WebSocket hold back, which this sends. Whether the broker still
        // listens is no longer our business, but whether it reads is.
        match timeout_at(deadline, self.stream.shutdown()).await {
            Ok(_) => Ok(()),
            Err(_) => Err(Failure::WriteTimeout(timeout)),
        }
    }
}

impl<S> Drop for Driver<S> {
    fn drop(&mut self) {
        self.pool.put(std::mem::take(&mut self.partial));
    }
}
