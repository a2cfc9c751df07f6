//! The session driver: MQTT 3.1.1 and 5 on any byte stream.
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
use tokio::time::{Instant, Sleep};

use crate::client::aliases::Aliases;
use crate::client::failure::{Ack, Failure, Limit};
use crate::client::inflight::{Acknowledged, Inflight};
use crate::client::keep_alive::KeepAlive;
use crate::client::kept::{Kept, Lasting, State};
use crate::client::outgoing::Outgoing;
use crate::client::pool::Pool;
use crate::client::reason::Reason;
use crate::client::wire::{self, Alias, Connack, Limits, MOST_CONNACK_BYTES, Received, Reply};
use crate::client::{
    Close, Completion, ConnectRequest, Filter, Incoming, Key, Message, Session, Sink, Ticket, Until,
};
use crate::mqtt::{Qos, Settings, Version};

/// Most reads in one poll. A broker that floods must not keep the user from its timer.
const READS: usize = 16;

/// Most bytes of answers that wait to be written. A broker is bound to the 65,535 packet ids, and each of them
/// has two answers of four bytes at most: one that has more to come sends without reading.
const MOST_ANSWERS: usize = 65_535 * 2 * 4;

/// `Packet Identifier not found`: what a broker says of a PUBREL that it has answered before.
const NOT_FOUND: u8 = 0x92;

const LATE: &str = "acknowledgement after its request had timed out";
const UNKNOWN: &str = "acknowledgement for a packet id that is not in use";

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
    /// How many of those a broker may have at once.
    receive_maximum: u16,
    version: Version,
    /// Whether the broker went on with a session that it had.
    resumed: bool,
    /// What the broker takes.
    limits: Limits,
    /// The largest packet that is taken from the broker.
    most_bytes: u32,
    /// Bytes of answers queued since everything was written last.
    answers: usize,
    /// Topic aliases, if they were asked for.
    aliases: Option<Box<Aliases>>,
    /// What outlives the connection, if the session does.
    lasting: Option<Box<Lasting>>,
    timer: Option<Pin<Box<Sleep>>>,
    keep_alive: Option<KeepAlive>,
    /// Why the connection ended; everything after that fails likewise.
    lost: Option<Failure>,
}

impl<S: Stream> Driver<S> {
    /// Sends CONNECT on a fresh stream and waits for CONNACK. The time limit is the caller's.
    pub(crate) async fn open(stream: S, pool: Pool, request: &ConnectRequest<'_>) -> Result<Self, Failure> {
        let settings = &request.settings;
        let mut driver = Self {
            stream,
            out: Outgoing::new(pool.clone()),
            partial: pool.take(),
            inflight: Inflight::new(request.inflight),
            unreleased: BTreeSet::new(),
            receive_maximum: settings.receive_maximum,
            version: settings.version,
            resumed: false,
            limits: Limits::NONE,
            most_bytes: settings.max_packet_bytes,
            answers: 0,
            aliases: None,
            lasting: (!settings.clean_session).then(Box::default),
            timer: None,
            keep_alive: KeepAlive::new(request.keep_alive_s, Instant::now()),
            lost: None,
            pool,
        };
        // A session is resumed by the name that the broker gave it.
        let given = request.kept.filter(|_| request.client_id.is_empty()).and_then(Kept::client_id);
        let client_id = given.as_deref().unwrap_or(request.client_id);
        wire::write_connect(request, client_id, driver.out.queue())?;
        let connack = poll_fn(|cx| driver.poll_connack(cx, settings)).await?;
        driver.pool.put(std::mem::take(&mut driver.partial));
        driver.begin(request, connack, given);
        Ok(driver)
    }

    /// Goes by what the broker granted, and on with what the last connection has left.
    fn begin(&mut self, request: &ConnectRequest<'_>, connack: Connack, given: Option<Box<str>>) {
        self.limits = connack.limits;
        self.resumed = connack.session_present;
        if let Some(seconds) = connack.keep_alive_s {
            self.keep_alive = KeepAlive::new(seconds, Instant::now());
        }
        if request.settings.topic_alias && self.version == Version::V5 {
            self.aliases = Some(Box::new(Aliases::new(connack.aliases)));
        }
        if self.resumed
            && let Some(state) = request.kept.and_then(Kept::take)
        {
            let State { inflight, unreleased, lasting } = *state;
            (self.inflight, self.unreleased, self.lasting) = (inflight, unreleased, Some(lasting));
            self.send_again();
        }
        self.inflight.set_limit(request.inflight.min(connack.receive_maximum));
        if let Some(lasting) = &mut self.lasting {
            lasting.client_id = connack.client_id.or(given);
        }
    }

    /// Queues what a resumed session demands (section 4.4), in the order in which it was sent first.
    fn send_again(&mut self) {
        let Some(lasting) = &self.lasting else { return };
        for (id, waits_for) in self.inflight.unanswered() {
            if waits_for == Ack::Pubcomp {
                wire::write_reply(Reply::Pubrel, id, self.out.queue());
            } else if let Some(packet) = lasting.packets.get(&id) {
                wire::write_again(packet, self.out.queue());
            }
        }
    }

    fn poll_connack(&mut self, cx: &mut Context<'_>, settings: &Settings) -> Poll<Result<Connack, Failure>> {
        // Broker and client may both have sent their last word: what came is read even if writing failed.
        let written = self.out.poll_write(&mut self.stream, cx);
        loop {
            let missing = match missing_of_connack(self.version, &self.partial)? {
                0 => {
                    let body = wire::frame(&self.partial)?.map_or(0, |frame| frame.body);
                    let connack = wire::read_connack(settings, &self.partial[body..]);
                    self.partial.clear();
                    return Poll::Ready(connack);
                }
                missing => missing,
            };
            let mut bytes = [0; 256];
            let mut buffer = ReadBuf::new(&mut bytes[..missing.min(256)]);
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
            self.write(cx, sink)?;
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
                self.write(cx, sink)?;
            }
        }
        cx.waker().wake_by_ref();
        Ok(())
    }

    fn write(&mut self, cx: &mut Context<'_>, sink: &mut impl Sink) -> Result<(), Failure> {
        self.out.write(&mut self.stream, cx, sink)?;
        if self.out.pending() == 0 {
            self.answers = 0;
        } else if self.answers > MOST_ANSWERS {
            return Err(Failure::Protocol("sends messages without reading their acknowledgements"));
        }
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
            if frame.end > self.most_bytes as usize {
                return Err(Failure::Protocol("packet larger than the client takes"));
            }
            let Some(packet) = bytes.get(used..used + frame.end) else { break };
            let received = wire::read(self.version, frame, packet)?;
            self.handle(received, now, sink)?;
            used += frame.end;
        }
        Ok(used)
    }

    fn handle(&mut self, received: Received<'_>, now: Instant, sink: &mut impl Sink) -> Result<(), Failure> {
        match received {
            Received::Ack(ack, id, None) => self.acknowledged(ack, id, now, sink),
            Received::Ack(ack, id, Some(reason)) => self.refused(ack, id, reason, now, sink),
            Received::Suback(id, None) => self.acknowledged(Ack::Suback, id, now, sink),
            Received::Suback(id, Some(failure)) => self.failed(Ack::Suback, id, failure, now, sink),
            Received::Publish(message, id, 0) => return self.received(message, id, sink),
            Received::Publish(message, id, alias) => {
                let Some(aliases) = &mut self.aliases else {
                    return Err(Failure::Protocol("topic alias that was not allowed"));
                };
                let topic = aliases.take(alias, message.topic)?;
                return self.received(Incoming { topic: &topic, ..message }, id, sink);
            }
            Received::Release(id) => {
                self.unreleased.remove(&id);
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

    fn acknowledged(&mut self, ack: Ack, id: u16, finished: Instant, sink: &mut impl Sink) {
        let answer = self.inflight.acknowledge(id, ack);
        if let Some(lasting) = &mut self.lasting {
            lasting.packets.remove(&id);
        }
        match answer {
            Acknowledged::Done(ticket) => sink.completed(Completion { ticket, finished, result: Ok(()) }),
            Acknowledged::Wrong(ticket, expected) => {
                let result = Err(Failure::WrongAck { expected, got: ack });
                sink.completed(Completion { ticket, finished, result });
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
    }

    /// An acknowledgement that is none.
    fn refused(&mut self, ack: Ack, id: u16, reason: Reason, finished: Instant, sink: &mut impl Sink) {
        // Of a PUBREL that had been answered, when its answer was lost with the connection.
        if ack == Ack::Pubcomp && self.resumed && reason.code() == NOT_FOUND {
            self.acknowledged(ack, id, finished, sink);
        } else {
            self.failed(ack, id, Failure::Reason(ack, reason), finished, sink);
        }
    }

    /// The broker answered this request with a failure: it is finished, whatever was to follow.
    fn failed(&mut self, ack: Ack, id: u16, failure: Failure, finished: Instant, sink: &mut impl Sink) {
        if let Some(lasting) = &mut self.lasting {
            lasting.packets.remove(&id);
        }
        match self.inflight.finish_with(id, ack) {
            Acknowledged::Done(ticket) => {
                sink.completed(Completion { ticket, finished, result: Err(failure) });
            }
            Acknowledged::Wrong(ticket, expected) => {
                let result = Err(Failure::WrongAck { expected, got: ack });
                sink.completed(Completion { ticket, finished, result });
            }
            Acknowledged::Late => sink.unexpected(LATE),
            Acknowledged::Release | Acknowledged::Unknown => sink.unexpected(UNKNOWN),
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
                if self.unreleased.len() > usize::from(self.receive_maximum) {
                    return Err(Failure::Protocol("more QoS 2 messages than the receive maximum"));
                }
                self.reply(Reply::Pubrec, id);
            }
        }
        Ok(())
    }

    fn reply(&mut self, reply: Reply, id: u16) {
        let queue = self.out.queue();
        let before = queue.len();
        wire::write_reply(reply, id, queue);
        self.answers += queue.len() - before;
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

    /// Ends everything that is open with this failure, unless it goes on with the session.
    fn lose(&mut self, failure: Failure, sink: &mut impl Sink) {
        self.lost = Some(failure);
        let finished = Instant::now();
        let mut fail = |ticket| sink.completed(Completion { ticket, finished, result: Err(failure) });
        if self.lasting.is_none() {
            self.inflight.drain(&mut fail);
        } else {
            self.inflight.drain_subscriptions(&mut fail);
            if failure == Failure::Closing {
                // The user waits no longer; what they began is still brought to its end with the broker.
                self.inflight.abandon(&mut fail);
            }
        }
        self.out.drain(fail);
    }

    /// What the broker does not take of this message.
    fn exceeded(&self, message: &Message<'_>) -> Option<Limit> {
        let Limits { packet_bytes, qos, retain } = self.limits;
        if message.qos > qos {
            Some(Limit::Qos(qos))
        } else if message.retain && !retain {
            Some(Limit::Retain)
        } else if wire::publish_bytes(self.version, message) > packet_bytes as usize {
            Some(Limit::PacketBytes(packet_bytes))
        } else {
            None
        }
    }

    /// Queues a message that fits.
    fn queue(&mut self, message: &Message<'_>, id: u16) {
        let alias = match &mut self.aliases {
            Some(aliases) if wire::has_room_for_alias(message, self.limits.packet_bytes as usize) => {
                aliases.give(message.topic)
            }
            _ => Alias::None,
        };
        wire::write_publish(self.version, message, id, alias, self.out.queue());
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
        if !wire::fits(self.version, message) {
            return Err(Failure::TooLarge);
        }
        if let Some(limit) = self.exceeded(message) {
            return Err(Failure::NotTaken(limit));
        }
        let key = match message.qos {
            Qos::AtMostOnce => {
                self.queue(message, 0);
                Key::Written(self.out.message_queued(ticket))
            }
            qos => {
                let ack = if qos == Qos::AtLeastOnce { Ack::Puback } else { Ack::Pubrec };
                let id = self.inflight.open(ticket, ack).ok_or(Failure::NoPacketId)?;
                self.queue(message, id);
                if let Some(lasting) = &mut self.lasting {
                    let mut packet = Vec::new();
                    wire::write_publish(self.version, message, id, Alias::None, &mut packet);
                    lasting.packets.insert(id, packet.into());
                }
                Key::Packet(id)
            }
        };
        self.sent(ticket.due);
        Ok(key)
    }

    fn subscribe(&mut self, filters: &[Filter<'_>], ticket: Ticket) -> Result<Key, Failure> {
        let id = self.inflight.open(ticket, Ack::Suback).ok_or(Failure::NoPacketId)?;
        let queue = self.out.queue();
        let before = queue.len();
        let mut written = wire::write_subscribe(self.version, id, filters, queue);
        if written.is_ok() && queue.len() - before > self.limits.packet_bytes as usize {
            queue.truncate(before);
            written = Err(Failure::NotTaken(Limit::PacketBytes(self.limits.packet_bytes)));
        }
        if let Err(failure) = written {
            self.inflight.acknowledge(id, Ack::Suback);
            return Err(failure);
        }
        self.sent(ticket.due);
        Ok(Key::Packet(id))
    }

    fn resumed(&self) -> bool {
        self.resumed
    }

    fn keep(&mut self) -> Kept {
        let Some(lasting) = self.lasting.take_if(|_| self.lost.is_some()) else { return Kept::default() };
        let inflight = std::mem::replace(&mut self.inflight, Inflight::new(1));
        Kept::new(State { inflight, unreleased: std::mem::take(&mut self.unreleased), lasting })
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
        let in_time = self.drive(Until::Written, Some(Instant::now() + timeout), sink).await?;
        self.lose(Failure::Closing, sink);
        if !in_time {
            return Err(Failure::WriteTimeout(timeout));
        }
        if !self.out.is_written(end) {
            return Err(Failure::Closed);
        }
        // The DISCONNECT is out; whether the broker still listens is no longer our business.
        let _ = self.stream.shutdown().await;
        Ok(())
    }
}

impl<S> Drop for Driver<S> {
    fn drop(&mut self) {
        self.pool.put(std::mem::take(&mut self.partial));
    }
}

/// How many bytes of a CONNACK are still to come, if that is what this is the beginning of. No more is read than
/// it has, since there is nobody yet to take what comes after it.
fn missing_of_connack(version: Version, bytes: &[u8]) -> Result<usize, Failure> {
    const OTHER: Failure = Failure::Protocol("no CONNACK as its first packet");
    if bytes.first().is_some_and(|first| *first != 0x20) {
        return Err(OTHER);
    }
    match wire::frame(bytes)? {
        // The shortest one has four bytes.
        None if bytes.len() < 2 => Ok(4 - bytes.len()),
        None => Ok(1),
        Some(frame) if frame.end < 4 || (version == Version::V311 && frame.end > 4) => Err(OTHER),
        Some(frame) if frame.end > MOST_CONNACK_BYTES => Err(Failure::Protocol("CONNACK is too large")),
        Some(frame) => Ok(frame.end.saturating_sub(bytes.len())),
    }
}
