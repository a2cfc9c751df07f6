//! What a user does at each step.
//!
//! A step either does what it says or has failed, in the statistics; no error leaves this file but the two
//! reasons for which a list of steps ends early.

use std::time::Duration;

use tokio::time::Instant;

use crate::client::failure::Failure;
use crate::client::{Connect, Key, Session, Until};
use crate::engine::begun::Begun;
use crate::engine::sink::{self, Span};
use crate::engine::user::User;
use crate::engine::user::message::Order;
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
    /// A task run, and what a failed step of it ends.
    Task(OnError),
    /// `on_stop`.
    Stop,
}

impl<C: Connect> User<C> {
    /// Runs steps in order.
    pub(super) async fn run(&mut self, class: &UserClass, steps: &Steps, part: Part) -> Result<(), Abort> {
        if let Some(inbound) = &mut self.inbound {
            inbound.inbox.begin_list();
        }
        (self.part, self.sent_before) = (part, self.sent);
        let goes_on = part == Part::Task(OnError::Continue);
        // Of what goes on after failures: whether, since the last round of a `repeat`, steps have failed and whether
        // others have not.
        let (mut failed, mut worked) = (false, false);
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
                    let until = Instant::now() + pause.draw(&mut self.random);
                    if self.shard.shared.quota.is_limited() {
                        Box::pin(self.pause_within_limit(class, until)).await
                    } else {
                        self.pause(class, until).await;
                        Ok(())
                    }
                }
                Step::Repeat { level, times } => {
                    self.levels[*level] = *times;
                    Ok(())
                }
                Step::EndRepeat { level, first } => {
                    self.levels[*level] -= 1;
                    if failed && !worked {
                        Box::pin(self.rest_between_rounds(class, &steps.0[*first..position])).await;
                    }
                    (failed, worked) = (false, false);
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
                Ok(()) => worked |= goes_on && step.asks_the_broker(),
                Err(Abort::Failed) if goes_on => {
                    self.stumbled(position);
                    failed = true;
                }
                Err(abort) => {
                    if abort == Abort::Failed {
                        self.stumbled(position);
                    }
                    return Err(abort);
                }
            }
        }
        if failed && !worked {
            // It has left out none of its waits.
            self.stumbled(steps.0.len());
            return Err(Abort::Failed);
        }
        if self.stumbles.is_some() && (worked || !goes_on) {
            self.stumbles = None;
        }
        Ok(())
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
    /// asks for a reply is recorded by its step once it is handed over.
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
            let mut begun = Begun::new(&self.shard, self.tag(&step.request), due, step.timeout);
            let driven = self.drive(until, Some(begun.deadline)).await;
            begun.end();
            let failure = match driven {
                Ok(true) => None,
                Ok(false) if until == Until::Room => self.no_room(step.timeout),
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

    /// Why there was no room for a message in so long.
    fn no_room(&self, waited: Duration) -> Option<Failure> {
        self.session.as_ref().map(|session| session.no_room(waited))
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
        let mark = if asks.is_some() { sink::asks(tag) } else { tag };
        let order = Order { asks, tag: mark, due, deadline: due + step.timeout };
        match self.hand_over(class, step, order) {
            Ok(key) => {
                self.sent += 1;
                Ok(key)
            }
            Err(failure) => {
                self.record(tag, due, Instant::now(), Err(failure));
                self.failed_at_once();
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
