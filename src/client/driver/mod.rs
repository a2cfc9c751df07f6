//! The session driver: MQTT 3.1.1 and 5 on any byte stream.
//!
//! Everything happens in the poll of one future: it writes queued packets, reads packets, finishes the requests that
//! they acknowledge, and looks at the clock. All state is in the [`Driver`] and none in the future, so the future can
//! be dropped at any point and made again. Packets that are queued between two polls go out in one write. All packets
//! of one read are handled with one reading of the clock. The timer is set only if it is not set to an earlier time
//! already. With a timeout of seconds and answers in microseconds, that happens once in thousands of requests.

mod aliases;
pub(in crate::client) mod answer;
mod keep_alive;
mod leave;
mod open;
mod outgoing;
mod requests;
mod resend;

use std::collections::BTreeSet;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::ReadBuf;
use tokio::time::{Instant, Sleep};

use crate::client::driver::aliases::Aliases;
use crate::client::driver::keep_alive::{KeepAlive, Way};
use crate::client::driver::outgoing::Outgoing;
use crate::client::failure::Failure;
use crate::client::seam::{Stream, Until};
use crate::client::session::inflight::Inflight;
use crate::client::session::state::PersistentSession;
use crate::client::sink::{Completion, Key, Sink};
use crate::client::wire::{self, Limits};
use crate::mqtt::Version;

/// How many reads one poll makes at most. A broker that sends without pause must not keep the user from its timer.
const READS: usize = 16;

/// How many bytes of answers may wait to be written. A broker has 65,535 packet ids, and each of them needs at most two
/// answers of four bytes. If more wait, the broker sends without reading.
const MAX_ANSWERS: u32 = 65_535 * 2 * 4;

/// An open MQTT connection.
#[derive(Debug)]
pub struct Driver<S> {
    stream: S,
    out: Outgoing,
    /// The beginning of a packet whose end has not come yet.
    partial: Vec<u8>,
    inflight: Inflight,
    /// The packet ids of QoS 2 messages that the broker has not released yet, once there was one.
    #[expect(clippy::box_collection, reason = "a word in each session instead of three, and seldom used")]
    unreleased: Option<Box<BTreeSet<u16>>>,
    /// How many of those the broker may have open at once.
    receive_maximum: u16,
    version: Version,
    parting: Parting,
    /// Whether the broker may send messages: there are subscriptions, or a message has come without one.
    expects_messages: bool,
    /// Whether it matters that the broker reads everything: there is a will, or messages of QoS 0 were sent.
    is_missed: bool,
    resumed: bool,
    most_bytes: u32,
    /// How many bytes of answers were queued since everything was written last.
    answers: u32,
    /// What the broker accepts. A broker of MQTT 3.1.1 accepts everything.
    granted: Option<Box<Granted>>,
    persistent: Option<Box<PersistentSession>>,
    timer: Option<Pin<Box<Sleep>>>,
    keep_alive: Option<KeepAlive>,
    /// Why the connection ended. Everything after that fails with the same failure.
    ///
    /// It is boxed, because every connection has the field and few use it.
    lost: Option<Box<Failure>>,
}

/// How far an orderly disconnection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Parting {
    /// It has not begun, or the connection ends abruptly.
    None,
    /// DISCONNECT is queued. A broker that has read it may close at once.
    DisconnectQueued,
    /// The connection has ended. The socket is closed when the broker has closed it.
    WaitForClose,
}

/// What a broker of MQTT 5 accepts.
#[derive(Debug)]
struct Granted {
    limits: Limits,
    aliases: Option<Aliases>,
}

impl<S: Stream> Driver<S> {
    /// Does what [`Session::drive`](crate::client::seam::Session::drive) does, in one poll.
    pub(in crate::client) fn poll_drive(
        &mut self,
        cx: &mut Context<'_>,
        until: Until,
        deadline: Option<Instant>,
        sink: &mut impl Sink,
    ) -> Poll<Result<bool, Failure>> {
        self.fail_untaken(sink);
        loop {
            if let Some(failure) = &self.lost {
                return Poll::Ready(Err(**failure));
            }
            if let Err(failure) = self.poll_io(cx, sink) {
                let wanted = self.parting == Parting::DisconnectQueued && self.out.pending() == 0;
                self.lose(if wanted { Failure::Closing } else { failure }, sink);
                continue;
            }
            if self.reached(until, sink) {
                return Poll::Ready(Ok(true));
            }
            let now = ready!(self.poll_timer(cx, deadline));
            self.expire(now, sink);
            if let Err(failure) = self.keep_alive(now) {
                self.lose(failure, sink);
            } else if deadline.is_some_and(|deadline| deadline <= now) {
                return Poll::Ready(Ok(self.reached(until, sink)));
            }
        }
    }

    fn reached(&self, until: Until, sink: &impl Sink) -> bool {
        match until {
            Until::Deadline => false,
            Until::Done(Key::Packet(id)) => !self.inflight.is_open(id),
            Until::Done(Key::Written(end)) => !self.out.is_open(end),
            Until::Room => self.has_room_for_more(),
            Until::Id => self.inflight.has_id(),
            Until::Written => self.out.pending() == 0,
            Until::Idle => self.inflight.is_idle() && self.out.is_idle(),
            Until::Sink => sink.satisfied(),
        }
    }

    /// Writes and reads until neither is possible; if there is still more to read, the task is woken at once.
    fn poll_io(&mut self, cx: &mut Context<'_>, sink: &mut impl Sink) -> Result<(), Failure> {
        if self.out.pending() > 0 {
            self.write(cx, sink)?;
        }
        let pool = self.out.pool().clone();
        let mut shared = pool.read_buffer();
        for _ in 0..READS {
            let mut buffer = ReadBuf::new(&mut shared);
            match Pin::new(&mut self.stream).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if buffer.filled().is_empty() => return Err(Failure::Closed),
                Poll::Ready(Ok(())) => {
                    pool.received(buffer.filled().len());
                    let now = Instant::now();
                    if let Some(keep_alive) = &mut self.keep_alive {
                        keep_alive.heard(now);
                    }
                    self.handle_bytes(buffer.filled(), now, sink)?;
                }
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
        } else if self.answers > MAX_ANSWERS {
            return Err(Failure::Protocol("sends messages without reading their acknowledgements"));
        }
        Ok(())
    }

    /// Handles bytes from the broker and keeps an unfinished packet at their end.
    fn handle_bytes(&mut self, bytes: &[u8], now: Instant, sink: &mut impl Sink) -> Result<(), Failure> {
        if self.partial.is_empty() {
            let used = self.handle_frames(bytes, now, sink)?;
            if used < bytes.len() {
                self.partial = self.out.pool().take();
                self.partial.extend_from_slice(&bytes[used..]);
            }
            return Ok(());
        }
        let mut joined = std::mem::take(&mut self.partial);
        joined.extend_from_slice(bytes);
        let used = self.handle_frames(&joined, now, sink)?;
        if used == joined.len() {
            self.out.pool().put(joined);
        } else {
            joined.drain(..used);
            self.partial = joined;
        }
        Ok(())
    }

    /// Handles the whole packets at the head of `bytes` and returns their length in bytes.
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

    /// Is ready with the time as soon as something is due.
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

    fn expire(&mut self, now: Instant, sink: &mut impl Sink) {
        self.inflight.expire(now, |ticket, ack| {
            let failure = Failure::AckTimeout(ack, ticket.deadline - ticket.due);
            sink.completed(Completion { ticket, finished: now, result: Err(failure) });
        });
        self.out.expire(now, sink);
    }

    /// Queues a PINGREQ if one is due. Fails if the last one was not answered.
    fn keep_alive(&mut self, now: Instant) -> Result<(), Failure> {
        let sending = Sending { out: &self.out, stream: &self.stream };
        if let Some(keep_alive) = &mut self.keep_alive
            && keep_alive.must_ping(now, &sending)?
        {
            self.out.queue().extend_from_slice(&wire::PINGREQ);
        }
        Ok(())
    }

    /// Fails everything that is open, except what waits for the next connection of the session.
    fn lose(&mut self, failure: Failure, sink: &mut impl Sink) {
        self.lost = Some(Box::new(failure));
        let finished = Instant::now();
        let mut fail = |ticket| sink.completed(Completion { ticket, finished, result: Err(failure) });
        if self.persistent.is_none() {
            self.inflight.drain(&mut fail);
        } else {
            self.inflight.drain_subscriptions(&mut fail);
            if failure == Failure::Closing {
                // The user waits no longer; what they began is still brought to its end with the broker.
                self.inflight.abandon(&mut fail);
            }
        }
        self.out.drain(fail);
        self.queue_reason(failure);
    }

    fn sent(&mut self, at: Instant) {
        if let Some(keep_alive) = &mut self.keep_alive {
            keep_alive.sent(at);
        }
    }
}

/// How many of the sent bytes have arrived.
struct Sending<'a, S> {
    out: &'a Outgoing,
    stream: &'a S,
}

impl<S: Stream> Way for Sending<'_, S> {
    fn end(&self) -> u64 {
        self.out.end()
    }

    fn arrived(&self) -> u64 {
        self.out.written().saturating_sub(self.stream.not_arrived())
    }
}

impl<S> Drop for Driver<S> {
    fn drop(&mut self) {
        self.out.pool().put(std::mem::take(&mut self.partial));
    }
}
