//! What a user does at each step, and how it keeps its connection meanwhile.
//!
//! A step either does what it says or has failed, in the statistics; no error leaves this file but the two
//! reasons for which a list of steps ends early.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;

use tokio::time::Instant;

use crate::client::failure::Failure;
use crate::client::marks::Marks;
use crate::client::transport::tls::Certificate;
use crate::client::{Close, Connect, ConnectRequest, Key, Session, Until};
use crate::engine::backoff::GOOD_LIFE;
use crate::engine::sink::{self, Recording, Span};
use crate::engine::stop::Phase;
use crate::engine::user::User;
use crate::engine::user::moment::FEW;
use crate::plan::receive::Exchange;
use crate::plan::{OnError, Publish, Request, Row, Step, Steps, UserClass};

/// Why a list of steps ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Abort {
    /// A step failed: the list is over.
    Failed,
    /// The user was told to stop while it paused, or there is nothing left to send.
    Stopped,
    /// The user has done all that it should, and leaves by itself.
    Done,
}

/// Which part of a user's life a list of steps is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// `on_start`.
    Start,
    /// A task run.
    Task,
    /// `on_stop`.
    Stop,
}

impl<C: Connect> User<C> {
    /// Runs steps in order.
    pub(super) async fn run(&mut self, class: &UserClass, steps: &Steps, part: Part) -> Result<(), Abort> {
        if let Some(inbound) = &mut self.inbound {
            inbound.inbox.begin_list();
        }
        let goes_on = part == Part::Task && class.on_error == OnError::Continue;
        let most_messages = class.messages.filter(|_| part != Part::Stop).unwrap_or(u64::MAX);
        let mut position = 0;
        while let Some(step) = steps.0.get(position) {
            position += 1;
            let result = match step {
                Step::Connect(request) => self.connected(class, request).await,
                Step::Disconnect { abrupt, request } => {
                    let result = Box::pin(self.disconnect(class, *abrupt, request)).await;
                    // They end with the connection that the scenario closes, however that went, unless the
                    // session lasts.
                    if self.plan.brokers[class.broker.0].settings.clean_session {
                        self.forget_subscriptions();
                    } else if let Some((inbound, now_ns)) = self.measuring() {
                        inbound.away(now_ns);
                    }
                    result
                }
                Step::Publish(publish) => {
                    let result = self.publish(class, publish).await;
                    if self.sent >= most_messages {
                        return Err(Abort::Done);
                    }
                    result
                }
                Step::Request(exchange) => {
                    let result = Box::pin(self.request(class, exchange)).await;
                    if self.sent >= most_messages {
                        return Err(Abort::Done);
                    }
                    result
                }
                Step::Receive(receive) => Box::pin(self.receive(class, receive)).await,
                // Boxed, as it is rare: the future would otherwise be part of every user.
                Step::Subscribe(subscribe) => Box::pin(self.subscribe(class, subscribe)).await,
                Step::Unsubscribe(unsubscribe) => Box::pin(self.unsubscribe(class, unsubscribe)).await,
                Step::Wait(pause) => {
                    let pause = pause.draw(&mut self.random);
                    self.pause(class, Instant::now() + pause).await;
                    Ok(())
                }
                Step::Repeat { level, times } => {
                    self.levels[*level] = *times;
                    Ok(())
                }
                Step::EndRepeat { level, first } => {
                    self.levels[*level] -= 1;
                    if self.levels[*level] > 0 {
                        position = *first;
                    }
                    self.let_others_run().await;
                    Ok(())
                }
            };
            // Without a connection, and with none to come, it leaves.
            if self.backoff.gave_up() && part != Part::Stop {
                return Err(Abort::Done);
            }
            match result {
                Ok(()) => {}
                Err(Abort::Failed) if goes_on => {}
                Err(abort) => return Err(abort),
            }
        }
        Ok(())
    }

    /// Makes sure that there is a connection.
    ///
    /// What happens once in a connection's life is boxed, here and in the other steps: its state would
    /// otherwise be part of every idle user.
    pub(super) async fn connected(&mut self, class: &UserClass, request: &Request) -> Result<(), Abort> {
        if self.session.is_some() { Ok(()) } else { Box::pin(self.connect(class, request)).await }
    }

    /// Tries until it succeeds, with growing pauses, or gives up.
    async fn connect(&mut self, class: &UserClass, request: &Request) -> Result<(), Abort> {
        self.moment.pass();
        while self.session.is_none() {
            if self.backoff.gave_up() {
                return Err(Abort::Done);
            }
            if let Some(at) = self.connect_after {
                tokio::select! {
                    biased;
                    () = self.leash.told(Phase::Stopping) => return Err(Abort::Stopped),
                    () = self.wait_to_connect(at) => {}
                }
                self.connect_after = None;
            }
            let parts = class.connect_parts.iter().find(|parts| parts.whole == request.row);
            // Boxed, as few want them: ten thousand connects under way at once hold theirs at once.
            let marks = parts.map(|_| Box::new(Cell::new(Marks::default())));
            let due = Instant::now();
            let connected = self.try_connect(class, marks.as_deref()).await;
            let finished = Instant::now();
            if let (Some(parts), Some(marks)) = (parts, marks) {
                self.record_parts(parts, due, marks.get(), request.record);
            }
            match connected {
                Ok(session) => {
                    self.record(self.tag(request), due, finished, Ok(()));
                    if !session.resumed() {
                        // What the last connection left open has nobody to finish it any more.
                        self.kept.fail(Failure::SessionLost, &mut self.recording());
                    }
                    let resumed = session.resumed();
                    if resumed && let Some((inbound, now_ns)) = self.measuring() {
                        inbound.resumed(now_ns);
                    }
                    self.session = Some(session);
                    self.is_cut_off = false;
                    self.leash.set_connected(true);
                    self.backoff.connected();
                    self.shard.arrived(&self.leash);
                    self.connected_at = finished;
                    if self.must_subscribe_again(resumed) {
                        Box::pin(self.subscribe_again(resumed)).await;
                    }
                }
                Err(failure) => {
                    self.record(self.tag(request), due, finished, Err(failure));
                    let pause = self.backoff.failed(&class.reconnection, &mut self.jitter);
                    self.connect_after = pause.map(|pause| finished + pause);
                }
            }
        }
        Ok(())
    }

    /// Waits; what the last connection left open goes on to run out of time.
    async fn wait_to_connect(&self, at: Instant) {
        while let Some(deadline) = self.kept.next_deadline().filter(|deadline| *deadline < at) {
            tokio::time::sleep_until(deadline).await;
            self.kept.expire(Instant::now(), &mut self.recording());
        }
        tokio::time::sleep_until(at).await;
    }

    /// For what no message can come with.
    pub(super) fn recording(&self) -> Recording<'_, C> {
        Recording::of_requests(&self.shard, self.stamps(), self.timing)
    }

    async fn try_connect(
        &mut self,
        class: &UserClass,
        marks: Option<&Cell<Marks>>,
    ) -> Result<C::Session, Failure> {
        let broker = &self.plan.brokers[class.broker.0];
        let login = self.username.as_deref().map(|name| (name, self.password.as_deref().unwrap_or_default()));
        let request = ConnectRequest {
            broker: class.broker.0,
            // By class too: two classes of one user each shall not meet at one server.
            turn: usize::try_from(self.scope.index).unwrap_or(0).wrapping_add(self.class),
            certificate: self
                .certificate
                .as_deref()
                .map(|(certificate, key)| Certificate { certificate, key }),
            client_id: str::from_utf8(&self.scope.client_id).unwrap_or_default(),
            login,
            keep_alive_s: broker.keep_alive_s,
            inflight: broker.inflight,
            timeout: broker.connect_timeout,
            settings: broker.settings,
            will: self.will.as_ref().zip(class.will.as_ref()).map(|(texts, will)| texts.with(will)),
            kept: Some(&self.kept),
            marks,
        };
        self.shard.connector.connect(&request).await
    }

    /// Closes the connection; a clean close first lets open requests come to their end.
    async fn disconnect(&mut self, class: &UserClass, abrupt: bool, request: &Request) -> Result<(), Abort> {
        if !abrupt && self.session.is_some() && self.drive(Until::Idle, None).await.is_err() {
            self.is_cut_off = false;
            return Err(Abort::Failed);
        }
        let Some(mut session) = self.session.take() else { return Ok(()) };
        self.leash.set_connected(false);
        self.moment.pass();
        let how = if abrupt { Close::Abrupt } else { Close::Clean };
        let timeout = self.plan.brokers[class.broker.0].connect_timeout;
        let due = Instant::now();
        let mut sink = Recording::new(&self.shard, self.inbound.as_deref_mut(), self.timing);
        let result = session.close(how, timeout, &mut sink).await;
        self.kept = session.keep();
        self.record(self.tag(request), due, Instant::now(), result);
        self.backoff.reset();
        result.map_err(|_| Abort::Failed)
    }

    /// Sends a message and waits for its acknowledgement, if the step says so.
    async fn publish(&mut self, class: &UserClass, step: &Publish) -> Result<(), Abort> {
        let key = match self.send_now(class, step) {
            Some(sent) => sent?,
            None => self.send(class, step, None).await?.2,
        };
        if step.await_ack { self.acknowledged(class, key).await } else { Ok(()) }
    }

    /// Hands a message over, which may ask for a reply. Returns the mark of its request and when that was due; what
    /// asks for a reply is recorded with it, but for its failures.
    pub(super) async fn send(
        &mut self,
        class: &UserClass,
        step: &Publish,
        asks: Option<&Exchange>,
    ) -> Result<(u32, Instant, Key), Abort> {
        if self.lacks_a_row(step) {
            return Err(Abort::Stopped);
        }
        self.connected(class, &class.reconnect).await?;
        let due = self.moment.now();
        if let Some(until) = self.must_wait(step) {
            let failure = match self.drive(until, Some(due + step.timeout)).await {
                Ok(true) => None,
                Ok(false) if until == Until::Room => Some(Failure::NoRoom(step.timeout)),
                Ok(false) => Some(Failure::WriteTimeout(step.timeout)),
                Err(failure) => Some(failure),
            };
            if let Some(failure) = failure {
                self.record(self.tag(&step.request), due, Instant::now(), Err(failure));
                return Err(Abort::Failed);
            }
        }
        let key = self.begin(class, step, asks, due)?;
        Ok((self.tag(&step.request), due, key))
    }

    /// Hands a message over if there is nothing to wait for: without a future, which would cost as much again.
    #[inline]
    fn send_now(&mut self, class: &UserClass, step: &Publish) -> Option<Result<Key, Abort>> {
        if self.session.is_none() || self.lacks_a_row(step) || self.must_wait(step).is_some() {
            return None;
        }
        let due = self.moment.now();
        Some(self.begin(class, step, None, due))
    }

    /// Hands over a message that the session can take.
    #[inline]
    fn begin(
        &mut self,
        class: &UserClass,
        step: &Publish,
        asks: Option<&Exchange>,
        due: Instant,
    ) -> Result<Key, Abort> {
        if !self.shard.begin_message(&self.leash) {
            return Err(Abort::Done);
        }
        let tag = self.tag(&step.request);
        let mark = if asks.is_some() { sink::failures_only(tag) } else { tag };
        match self.hand_over(class, step, asks, mark, due, due + step.timeout) {
            Ok(key) => {
                self.sent += 1;
                Ok(key)
            }
            Err(failure) => {
                self.record(tag, due, Instant::now(), Err(failure));
                Err(Abort::Failed)
            }
        }
    }

    /// Waits until a message is acknowledged.
    pub(super) async fn acknowledged(&mut self, class: &UserClass, key: Key) -> Result<(), Abort> {
        loop {
            match self.drive_awaited(key).await {
                Some(Ok(())) => return Ok(()),
                // The session outlives its connection, and so does the request.
                None if self.kept.is_open(key) => self.connected(class, &class.reconnect).await?,
                _ => return Err(Abort::Failed),
            }
        }
    }

    /// Pauses until the deadline. A connection that is lost meanwhile, or was in the step before, is opened again; returns whether nothing like
    /// that was going on when the pause should have ended.
    pub(super) async fn pause(&mut self, class: &UserClass, deadline: Instant) -> bool {
        self.moment.pass();
        let shard = Rc::clone(&self.shard);
        while self.session.is_some() || (self.is_cut_off && !self.backoff.gave_up()) {
            if self.session.is_some() {
                tokio::select! {
                    biased;
                    () = shard.alarm.until(deadline) => {
                        shard.woke(deadline);
                        return true;
                    }
                    // Driven without a deadline it only ends with the connection.
                    _ = self.drive(Until::Deadline, None) => {}
                }
            }
            let connected = self.connected(class, &class.reconnect).await;
            // What is over by then is late through the broker, which is no lag of ours.
            if connected.is_err() || deadline <= Instant::now() {
                return false;
            }
        }
        shard.alarm.until(deadline).await;
        shard.woke(deadline);
        true
    }

    /// Drives the session; a lost connection is noted and gone afterwards.
    pub(super) async fn drive(&mut self, until: Until, deadline: Option<Instant>) -> Result<bool, Failure> {
        self.moment.pass();
        let Some(session) = &mut self.session else { return Err(Failure::Closed) };
        let mut sink = Recording::new(&self.shard, self.inbound.as_deref_mut(), self.timing);
        let result = {
            let mut driving = pin!(session.drive(until, deadline, &mut sink));
            poll_fn(|cx| self.leash.poll_uncut(cx, driving.as_mut())).await
        };
        if result == Err(Failure::Dropped) {
            session.sever(Failure::Dropped, &mut sink);
        }
        let told = sink.failures > 0;
        if let Err(failure) = result {
            self.lost(failure, told);
        }
        result
    }

    /// Drives the session until the awaited request is finished, and tells how it went.
    pub(super) async fn drive_awaited(&mut self, key: Key) -> Option<Result<(), Failure>> {
        self.moment.pass();
        let session = self.session.as_mut()?;
        let mut sink = Recording::new(&self.shard, self.inbound.as_deref_mut(), self.timing);
        let result = {
            let mut driving = pin!(session.drive(Until::Done(key), None, &mut sink));
            poll_fn(|cx| self.leash.poll_uncut(cx, driving.as_mut())).await
        };
        if result == Err(Failure::Dropped) {
            session.sever(Failure::Dropped, &mut sink);
        }
        let (awaited, told) = (sink.awaited, sink.failures > 0);
        match (result, awaited) {
            (Err(failure), _) => self.lost(failure, told),
            (Ok(_), Some((_, finished))) if sink.others <= FEW => self.moment.read(finished),
            (Ok(_), _) => {}
        }
        awaited.map(|(result, _)| result)
    }

    /// The connection is gone, and not because the user closed it.
    ///
    /// The requests that were open have failed with it. If none was (`told` is false), the loss would show
    /// nowhere, so it is counted as a failed `disconnect`, without a response time; unless the scenario did it.
    fn lost(&mut self, failure: Failure, told: bool) {
        if let Some(mut session) = self.session.take() {
            self.kept = session.keep();
        }
        self.is_cut_off = true;
        if let Some((inbound, now_ns)) = self.measuring() {
            inbound.away(now_ns);
        }
        self.leash.set_connected(false);
        let now = Instant::now();
        if !told && failure != Failure::Dropped {
            self.shard.record_loss(now, failure);
        }
        if now - self.connected_at >= GOOD_LIFE {
            self.backoff.reset();
        }
        let reconnection = &self.plan.classes[self.class].reconnection;
        let pause = self.backoff.lost(reconnection, &mut self.jitter);
        self.connect_after = pause.map(|pause| now + pause);
    }

    /// Records a request that the session did not take or does not know of.
    pub(super) fn record(&self, tag: u32, began: Instant, finished: Instant, result: Result<(), Failure>) {
        let span = Span { began, late: self.late, finished, timing: self.timing };
        self.shard.record(tag, span, 0, result);
    }

    pub(super) fn tag(&self, request: &Request) -> u32 {
        self.tag_of(&request.row, request.record)
    }

    pub(super) fn tag_of(&self, row: &Row, record: bool) -> u32 {
        let row = match row {
            Row::Static(row) => *row,
            Row::PerUser { slot, .. } => self.row_ids[*slot],
        };
        sink::tag(row, record)
    }
}
