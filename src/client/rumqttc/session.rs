//! A connection that rumqttc drives, as the engine sees it.
//!
//! Everything happens when the session is polled. It polls the event loop until that waits. The packets reported by
//! then end requests and bring messages, and the clock ends requests that have waited too long.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::BytesMut;
use tokio::time::{Instant, Sleep, timeout_at};

use crate::client::failure::{Failure, Limit};
use crate::client::rumqttc::event_loop::{Event, Events, Running};
use crate::client::rumqttc::requester::Requester;
use crate::client::rumqttc::requests::{Kind, Requests};
use crate::client::seam::{Close, ConnectRequest, Filter, Message, Patience, Session, Until};
use crate::client::session::state::SessionState;
use crate::client::sink::{Completion, Key, Sink, Ticket};
use crate::client::wire::{self, Limits};
use crate::mqtt::{Qos, Settings, Version};

/// One connection that rumqttc drives. The session ends with the connection, even if the scenario asks for longer ones.
pub struct RumqttcSession {
    requester: Requester,
    pub(super) requests: Requests,
    /// The event loop, as long as there is something to do for it. Dropping it closes the connection.
    running: Option<Running>,
    events: Events,
    pub(super) settings: Settings,
    limits: Limits,
    /// Messages of QoS 2 that the broker has not released yet.
    pub(super) unreleased: BTreeSet<u16>,
    /// A packet from the broker, while it is looked at.
    scratch: BytesMut,
    timer: Option<Pin<Box<Sleep>>>,
    /// Whether the broker may send messages.
    pub(super) hears: bool,
    /// Whether it would be noticed that the broker has not read everything.
    is_missed: bool,
    parting: Parting,
    lost: Option<Failure>,
}

/// How far it is with leaving the broker in good order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Parting {
    /// It is not left, or not in good order.
    None,
    /// DISCONNECT was handed over: a broker that has read it may close at once.
    Said,
    /// The connection has ended; the broker is to be heard out before it is closed.
    HearOut,
}

impl RumqttcSession {
    pub(super) fn new(
        request: &ConnectRequest<'_>,
        requester: Requester,
        requests: Requests,
        limits: Limits,
        running: Running,
        events: Events,
    ) -> Self {
        Self {
            requester,
            requests,
            running: Some(running),
            events,
            settings: request.settings,
            limits,
            unreleased: BTreeSet::new(),
            scratch: BytesMut::new(),
            timer: None,
            hears: false,
            is_missed: request.will.is_some(),
            parting: Parting::None,
            lost: None,
        }
    }

    pub(in crate::client) fn poll_drive(
        &mut self,
        cx: &mut Context<'_>,
        until: Until,
        deadline: Option<Instant>,
        sink: &mut impl Sink,
    ) -> Poll<Result<bool, Failure>> {
        loop {
            self.poll_event_loop(cx, sink);
            if let Some(failure) = self.lost {
                return Poll::Ready(Err(failure));
            }
            if self.reached(until, sink) {
                return Poll::Ready(Ok(true));
            }
            let now = ready!(self.poll_timer(cx, deadline));
            self.requests.expire(now, |ticket, ack| {
                let waited = ticket.deadline - ticket.due;
                let failure = match ack {
                    Some(ack) => Failure::AckTimeout(ack, waited),
                    None => Failure::WriteTimeout(waited),
                };
                sink.completed(Completion { ticket, finished: now, result: Err(failure) });
            });
            if deadline.is_some_and(|deadline| deadline <= now) {
                return Poll::Ready(Ok(self.reached(until, sink)));
            }
        }
    }

    fn reached(&self, until: Until, sink: &impl Sink) -> bool {
        match until {
            Until::Deadline => false,
            Until::Done(key) => !self.requests.is_open(key),
            Until::Room => self.requests.has_room(),
            Until::Id => self.requests.has_id(),
            Until::Written => self.requests.is_written(),
            Until::Idle => self.requests.is_idle(),
            Until::Sink => sink.satisfied(),
        }
    }

    /// Lets the event loop go on until it waits, and handles its reports.
    fn poll_event_loop(&mut self, cx: &mut Context<'_>, sink: &mut impl Sink) {
        if self.lost.is_some() {
            return;
        }
        let Some(running) = &mut self.running else { return };
        let ended = running.as_mut().poll(cx);
        while let Some((event, at)) = self.events.pop() {
            if let Err(failure) = self.take_in(&event, at, sink) {
                self.lose(failure, sink);
                return;
            }
        }
        if let Poll::Ready(failure) = ended {
            // A broker that has read the DISCONNECT may close at once.
            let is_wanted = self.parting == Parting::Said && self.requests.is_written();
            self.lose(if is_wanted { Failure::Closing } else { failure }, sink);
        }
    }

    fn take_in(&mut self, event: &Event, at: Instant, sink: &mut impl Sink) -> Result<(), Failure> {
        match event {
            Event::Sent(outgoing) => {
                if let Some(ticket) = self.requests.written(outgoing)? {
                    sink.completed(Completion { ticket, finished: at, result: Ok(()) });
                }
                Ok(())
            }
            Event::Received(packet) => {
                let mut bytes = std::mem::take(&mut self.scratch);
                bytes.clear();
                let taken = packet.encode(&mut bytes).and_then(|()| self.take_packet(&bytes, at, sink));
                self.scratch = bytes;
                taken
            }
        }
    }

    fn take_packet(&mut self, bytes: &[u8], at: Instant, sink: &mut impl Sink) -> Result<(), Failure> {
        if bytes.len() > self.settings.max_packet_bytes as usize {
            return Err(Failure::Protocol("packet larger than the client takes"));
        }
        let Some(frame) = wire::frame(bytes)? else { return Ok(()) };
        let received = wire::read(self.settings.version, frame, bytes)?;
        self.handle(received, at, sink)
    }

    /// Ready with the time as soon as something is due.
    fn poll_timer(&mut self, cx: &mut Context<'_>, deadline: Option<Instant>) -> Poll<Instant> {
        let Some(due) = deadline.into_iter().chain(self.requests.next_deadline()).min() else {
            return Poll::Pending;
        };
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due)));
        loop {
            // Armed for an earlier time, it fires once too often; that is rarer than arming it each time.
            if timer.deadline() > due || timer.is_elapsed() {
                timer.as_mut().reset(due);
            }
            ready!(timer.as_mut().poll(cx));
            let now = Instant::now();
            if due <= now {
                return Poll::Ready(now);
            }
        }
    }

    /// Ends everything that is open with this failure, and closes the connection.
    fn lose(&mut self, failure: Failure, sink: &mut impl Sink) {
        self.lost = Some(failure);
        self.running = None;
        let finished = Instant::now();
        self.requests.drain(|ticket| sink.completed(Completion { ticket, finished, result: Err(failure) }));
    }

    /// What the broker does not take of a packet with these filters, of so many bytes.
    fn filters_exceed(&self, filters: &[Filter<'_>], identifier: Option<u32>, bytes: usize) -> Option<Limit> {
        self.limits.exceeded_by(filters, identifier).or_else(|| self.limits.exceeded_by_length(bytes))
    }
}

impl Session for RumqttcSession {
    fn has_room(&self) -> bool {
        self.requests.has_room()
    }

    fn no_room(&self, waited: Duration) -> Failure {
        Failure::NoRoom(waited)
    }

    fn has_id(&self) -> bool {
        self.requests.has_id()
    }

    fn no_id(&self) -> Failure {
        Failure::Rumqttc("its next packet id is in use: the broker has not answered")
    }

    fn backlog(&self) -> usize {
        self.requests.unwritten_bytes()
    }

    fn publish(&mut self, message: &Message<'_>, ticket: Ticket) -> Result<Key, Failure> {
        let version = self.settings.version;
        if !wire::fits(version, message) {
            return Err(Failure::TooLarge);
        }
        let bytes = wire::publish_bytes(version, message);
        if version == Version::V5
            && let Some(limit) = self.limits.exceeded(message, bytes)
        {
            return Err(Failure::NotTaken(limit));
        }
        self.requester.publish(message)?;
        self.is_missed |= message.qos == Qos::AtMostOnce;
        Ok(self.requests.taken(Kind::Publish(message.qos), bytes, ticket))
    }

    fn subscribe_with(
        &mut self,
        filters: &[Filter<'_>],
        identifier: Option<u32>,
        ticket: Ticket,
    ) -> Result<Key, Failure> {
        let mut packet = Vec::new();
        wire::write_subscribe(self.settings.version, 1, filters, identifier, &mut packet)?;
        if let Some(limit) = self.filters_exceed(filters, identifier, packet.len()) {
            return Err(Failure::NotTaken(limit));
        }
        self.requester.subscribe(filters, identifier)?;
        self.hears = true;
        let count = u32::try_from(filters.len()).unwrap_or(u32::MAX);
        Ok(self.requests.taken(Kind::Subscribe(count), packet.len(), ticket))
    }

    fn unsubscribe(&mut self, filters: &[&str], ticket: Ticket) -> Result<Key, Failure> {
        let [filter] = filters else {
            return Err(Failure::Rumqttc("it unsubscribes from one filter at a time"));
        };
        let mut packet = Vec::new();
        wire::write_unsubscribe(self.settings.version, 1, filters, &mut packet)?;
        if let Some(limit) = self.limits.exceeded_by_length(packet.len()) {
            return Err(Failure::NotTaken(limit));
        }
        self.requester.unsubscribe(filter)?;
        Ok(self.requests.taken(Kind::Unsubscribe, packet.len(), ticket))
    }

    fn resumed(&self) -> bool {
        false
    }

    fn take_state(&mut self) -> SessionState {
        SessionState::default()
    }

    fn drive(
        &mut self,
        until: Until,
        deadline: Option<Instant>,
        sink: &mut impl Sink,
    ) -> impl Future<Output = Result<bool, Failure>> {
        poll_fn(move |cx| self.poll_drive(cx, until, deadline, sink))
    }

    /// rumqttc cannot reset a connection: to the broker it is closed without a DISCONNECT.
    fn sever(&mut self, failure: Failure, sink: &mut impl Sink) {
        if self.lost.is_none() {
            self.lose(failure, sink);
        }
    }

    fn give_up(&mut self, sink: &mut impl Sink) {
        if self.lost.is_none() {
            self.lose(Failure::Closing, sink);
        }
    }

    async fn close(&mut self, how: Close, timeout: Duration, sink: &mut impl Sink) -> Result<(), Failure> {
        if how == Close::Abrupt {
            self.sever(Failure::Closing, sink);
            return Ok(());
        }
        // A connection that is lost already is no clean close.
        poll_fn(|cx| {
            self.poll_event_loop(cx, sink);
            Poll::Ready(())
        })
        .await;
        if let Some(failure) = self.lost {
            return Err(failure);
        }
        if self.parting == Parting::None {
            self.requester.disconnect()?;
            self.requests.disconnect_taken();
            self.parting = Parting::Said;
        }
        let in_time = match self.drive(Until::Written, Some(Instant::now() + timeout), sink).await {
            Err(Failure::Closing) => true,
            written => written?,
        };
        let may_hear = self.hears || !self.requests.is_answered();
        // Kept beyond the end, so that the broker can be heard out.
        let running = self.running.take();
        if self.lost.is_none() {
            self.lose(Failure::Closing, sink);
        }
        if !in_time {
            return Err(Failure::WriteTimeout(timeout));
        }
        self.running = running;
        if may_hear || (self.is_missed && how != Close::ForGood) {
            self.parting = Parting::HearOut;
        }
        Ok(())
    }

    fn farewell(self, patience: Patience) -> Option<impl Future<Output = bool> + 'static> {
        let Self { running, events, parting, .. } = self;
        running
            .filter(|_| parting == Parting::HearOut)
            .map(|running| hear_broker_out(running, events, patience))
    }
}

/// Drops all packets until the broker has closed the connection or the patience is over. Returns whether it has.
async fn hear_broker_out(mut running: Running, events: Events, patience: Patience) -> bool {
    let end = Instant::now() + patience.most;
    loop {
        let mut has_heard = false;
        let until = end.min(Instant::now() + patience.silence);
        let closed = poll_fn(|cx| {
            let ended = running.as_mut().poll(cx);
            has_heard |= events.clear();
            ended
        });
        if timeout_at(until, closed).await.is_ok() {
            return true;
        }
        if end <= Instant::now() || !has_heard {
            return false;
        }
    }
}
