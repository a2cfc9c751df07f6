//! Waiting for messages: `receive`, and `request`, which asks for one.
//!
//! While a user waits it drives its session, so that everything else goes on: acknowledgements, keep-alive, messages
//! that are for later. A connection that is lost is opened again and the wait goes on, its deadline where it was.
//! Each step is one sample: where a request's own acknowledgement fails, that is the failure and nothing else is.

use std::fmt;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::client::failure::Failure;
use crate::client::{Connect, Until};
use crate::engine::begun::Begun;
use crate::engine::sink::Span;
use crate::engine::user::User;
use crate::engine::user::inbound::Inbound;
use crate::engine::user::inbox::{RequestId, Sought, Wait};
use crate::engine::user::message::text;
use crate::engine::user::steps::Abort;
use crate::mqtt::property;
use crate::plan::condition::{Check, Condition, Mismatch, Payload};
use crate::plan::receive::{Correlation, Exchange, Receive, Since};
use crate::plan::{Text, UserClass};

/// Why a wait failed. Like [`Failure`], it holds nothing that differs from message to message.
#[derive(Debug)]
enum Missed {
    /// A message is not as it must be.
    Content(Mismatch),
    /// None came in time.
    NoMessage(Duration),
    /// None came in time but such as `where` passes over.
    NoneLetThrough(Duration),
    /// Too few came in time.
    Fewer(Duration),
    /// Too few retained ones came in time.
    FewerRetained(Duration),
    /// No reply came in time.
    NoReply(Duration),
}

impl fmt::Display for Missed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let within = |d: &Duration| humantime::format_duration(*d);
        match self {
            Self::Content(mismatch) => mismatch.fmt(f),
            Self::NoMessage(after) => write!(f, "no message within {}", within(after)),
            Self::NoneLetThrough(after) => {
                write!(f, "no message that `where` lets through within {}", within(after))
            }
            Self::Fewer(after) => write!(f, "fewer messages than `count` within {}", within(after)),
            Self::FewerRetained(after) => {
                write!(f, "fewer retained messages than `count` within {}", within(after))
            }
            Self::NoReply(after) => write!(f, "no reply within {}", within(after)),
        }
    }
}

impl<C: Connect> User<C> {
    /// A list of steps is over; what came for it alone is dropped.
    pub(super) fn end_list(&mut self) {
        if let Some(inbound) = &mut self.inbound {
            inbound.inbox.end_list();
        }
    }

    /// Renders once what of a condition does not change while the user lives.
    pub(super) fn keep_condition(&mut self, condition: &Condition) {
        for text in condition.texts() {
            self.keep_text(text);
        }
    }

    /// Waits for messages.
    pub(super) async fn receive(&mut self, class: &UserClass, step: &Receive) -> Result<(), Abort> {
        self.connected(class, &class.reconnect).await?;
        let due = self.moment.now();
        self.counters[step.counter] += 1;
        let (seq, now_ns) = (self.counters[step.counter], self.shard.clock.unix_ns(due));
        let takes = self.check(&step.takes, seq, now_ns);
        let expect = self.check(&step.expect, seq, now_ns);
        let filter = String::from_utf8_lossy(text(&step.filter, &self.texts, &[]));
        let wait = Wait::messages(&filter, takes, expect, step.count, step.retained);
        self.inbound().inbox.begin(wait, step.since, due);
        let begun = Begun::new(&self.shard, self.tag(&step.request), due, step.timeout);
        let missed = |wait: &Wait| match (step.retained, wait.has_taken, wait.has_passed_over) {
            (true, _, _) => Missed::FewerRetained(step.timeout),
            (false, true, _) => Missed::Fewer(step.timeout),
            (false, false, true) => Missed::NoneLetThrough(step.timeout),
            (false, false, false) => Missed::NoMessage(step.timeout),
        };
        self.wait(class, begun, missed).await
    }

    /// Sends a message and waits for its reply.
    pub(super) async fn request(&mut self, class: &UserClass, exchange: &Exchange) -> Result<(), Abort> {
        let step = &exchange.publish;
        if let Some(inbound) = &self.inbound {
            inbound.why_not_asked();
        }
        let sent = self.send(class, step, Some(exchange)).await;
        let (tag, due, key) = sent.inspect_err(|_| drop(self.inbound().inbox.end()))?;
        let mut begun = Begun::new(&self.shard, tag, due, step.timeout);
        if let Err(abort) = self.acknowledged(class, key).await {
            self.inbound().inbox.end();
            let failure = match (self.inbound().why_not_asked(), abort) {
                (Some(failed), _) => Some(failed),
                // Its session lasts, but no connection comes that could finish it.
                (None, Abort::Failed | Abort::Done) => Some((Failure::Closing, Instant::now())),
                (None, Abort::Stopped) => None,
            };
            if let Some((failure, finished)) = failure {
                begun.end();
                self.record(tag, due, finished, Err(failure));
            }
            return Err(abort);
        }
        self.wait(class, begun, |_| Missed::NoReply(step.timeout)).await
    }

    /// Appends what a request says of its reply to the properties of its message, and begins to wait for it.
    pub(super) fn ask_for_reply(
        &mut self,
        exchange: &Exchange,
        seq: u64,
        due: Instant,
        properties: &mut Vec<u8>,
    ) {
        let now_ns = self.shard.clock.unix_ns(due);
        let expect = self.check(&exchange.expect, seq, now_ns);
        let reply_topic = self.made_text(&exchange.reply_topic, seq, now_ns);
        let sought = match exchange.correlation {
            Correlation::Property => {
                let id = self.next_request();
                property::put_text(properties, property::RESPONSE_TOPIC, &reply_topic);
                property::put_text(properties, property::CORRELATION_DATA, &id);
                Sought::Data(id)
            }
            Correlation::Topic | Correlation::Json(_) => Sought::Any,
        };
        let wait = Wait::reply(&String::from_utf8_lossy(&reply_topic), sought, expect);
        // What is here already is no reply to a message that is not sent yet.
        self.inbound().inbox.begin(wait, Since::Step, due);
    }

    /// A request is known by a value of its payload, if it has one there.
    pub(super) fn seek(
        inbound: Option<&mut Inbound>,
        pointer: &Arc<str>,
        payload: &[u8],
    ) -> Result<(), Failure> {
        let value = Payload::new(payload).at(pointer);
        let (Some(value), Some(inbound)) = (value, inbound) else {
            return Err(Failure::NotSent("its payload has nothing at the JSON pointer of `correlation`"));
        };
        inbound.inbox.seek(Sought::Json(Arc::clone(pointer), value));
        Ok(())
    }

    /// A number that no other request has: by the run, the user, and the requests of the user.
    fn next_request(&mut self) -> RequestId {
        let (run, user) = (self.shard.clock.started_at().0, self.scope.number);
        let requests = &mut self.inbound().inbox.requests;
        *requests += 1;
        let mut id = RequestId::default();
        for (place, part) in id.chunks_exact_mut(8).zip([run, user, *requests]) {
            place.copy_from_slice(&part.to_be_bytes());
        }
        id
    }

    /// The condition of a step with its texts as they are now.
    fn check(&mut self, condition: &Condition, seq: u64, now_ns: u64) -> Check {
        condition.made(|text| self.made_text(text, seq, now_ns))
    }

    fn made_text(&mut self, text: &Text, seq: u64, now_ns: u64) -> Arc<[u8]> {
        match text {
            Text::Constant(bytes) => Arc::clone(bytes),
            Text::PerUser { slot, .. } => (*self.texts[*slot]).into(),
            Text::PerMessage(template) => {
                let mut out = Vec::new();
                self.render(template, seq, now_ns, &mut out);
                out.into()
            }
        }
    }

    /// Drives the session until what a step waits for has come or its time is over, and records how it went.
    async fn wait(
        &mut self,
        class: &UserClass,
        mut begun: Begun<C>,
        missed: impl Fn(&Wait) -> Missed,
    ) -> Result<(), Abort> {
        let mut out_of_messages = Box::pin(self.out_of_messages());
        while !self.inbound().inbox.is_satisfied() {
            let driven = tokio::select! {
                biased;
                () = &mut out_of_messages => {
                    self.inbound().inbox.end();
                    return Err(Abort::Stopped);
                }
                driven = self.drive(Until::Sink, Some(begun.deadline)) => driven,
            };
            match driven {
                Ok(true) => {}
                Ok(false) => break,
                Err(failure) => {
                    let missed = self.inbound().inbox.wait().map(&missed);
                    let connected = self.connected_in_time(class, &mut begun, missed).await;
                    if connected == Err(Abort::Done) && begun.is_open() {
                        // Nobody comes back: it has failed with its connection.
                        begun.end();
                        let span = self.span(&begun, Instant::now());
                        self.shard.record_failure(begun.tag, span, &failure.to_string());
                    }
                    if connected != Ok(true) {
                        self.inbound().inbox.end();
                        return Err(connected.err().unwrap_or(Abort::Failed));
                    }
                }
            }
        }
        let Some(wait) = self.inbound().inbox.end() else { return Err(Abort::Failed) };
        let bytes = u32::try_from(wait.bytes).unwrap_or(u32::MAX);
        let (result, finished) = match wait.over {
            Some((Ok(()), at)) => (Ok(()), at),
            Some((Err(mismatch), at)) => (Err(Missed::Content(mismatch)), at),
            None => (Err(missed(&wait)), Instant::now()),
        };
        begun.end();
        let span = self.span(&begun, finished);
        match result {
            Ok(()) => {
                self.shard.record(begun.tag, span, bytes, Ok(()));
                Ok(())
            }
            Err(missed) => {
                self.shard.record_failure(begun.tag, span, &missed.to_string());
                Err(Abort::Failed)
            }
        }
    }

    /// Opens a connection in place of the one that was lost. A wait whose time is over before there is one fails at
    /// that moment, not with the connection; returns whether there was one in time.
    async fn connected_in_time(
        &mut self,
        class: &UserClass,
        begun: &mut Begun<C>,
        missed: Option<Missed>,
    ) -> Result<bool, Abort> {
        let shard = Rc::clone(&self.shard);
        let span = self.span(begun, begun.deadline);
        let mut connected = pin!(self.connected(class, &class.reconnect));
        tokio::select! {
            biased;
            result = &mut connected => return result.map(|()| true),
            () = shard.alarm.until(begun.deadline) => {}
        }
        if let Some(missed) = missed {
            begun.end();
            let span = Span { finished: Instant::now(), ..span };
            shard.record_failure(begun.tag, span, &missed.to_string());
        }
        connected.await.map(|()| false)
    }

    fn span(&self, begun: &Begun<C>, finished: Instant) -> Span {
        Span { began: begun.due, late: self.late, finished, timing: self.timing }
    }
}
