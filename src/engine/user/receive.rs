//! The steps `receive`, which waits for messages, and `request`, which sends a message and waits for its reply.
//!
//! While a user waits it drives its session, so that everything else goes on: acknowledgements, keep-alive, messages
//! for later steps. If the connection is lost, it is opened again and the wait goes on with the same deadline. Each
//! step is one sample: if the message of a request fails, that is the failure of the step.

use std::fmt;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::client::failure::Failure;
use crate::client::{Connect, Until};
use crate::engine::span::Span;
use crate::engine::user::awaited::{Awaited, ReplyMark, RequestId};
use crate::engine::user::inbound::{Inbound, last_received};
use crate::engine::user::open_request::OpenRequest;
use crate::engine::user::state::{Abort, User};
use crate::mqtt::property;
use crate::plan::UserClass;
use crate::plan::condition::{Check, Condition, Mismatch, Payload};
use crate::plan::persona::Moment;
use crate::plan::receive::{Correlation, Exchange, Receive, Since};

/// Why a wait failed. Like [`Failure`], it holds nothing that differs from message to message.
#[derive(Debug)]
enum Missed {
    Content(Mismatch),
    NoMessage(Duration),
    /// Only messages that `where` skips came in time.
    NoneLetThrough(Duration),
    Fewer(Duration),
    FewerRetained(Duration),
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
    /// A list of steps is over. Messages that only its steps could take are dropped.
    pub(super) fn end_list(&mut self) {
        if let Some(inbound) = &mut self.inbound {
            inbound.inbox.end_list();
        }
    }

    pub(super) async fn receive(&mut self, class: &UserClass, step: &Receive) -> Result<(), Abort> {
        self.connected(class, &class.reconnect).await?;
        let due = self.now.get();
        let (seq, now_ns) = (self.persona.count(step.counter), self.context.clock.unix_ns(due));
        let takes = self.check(&step.takes, seq, now_ns);
        let expect = self.check(&step.expect, seq, now_ns);
        let filter = String::from_utf8_lossy(self.persona.text(&step.filter));
        let wait = Awaited::messages(&filter, takes, expect, step.count, step.retained);
        self.inbound().inbox.begin(wait, step.since, due);
        let open = OpenRequest::new(&self.context, self.tag(&step.request), due, step.timeout);
        let missed = |wait: &Awaited| match (step.retained, wait.has_taken, wait.has_passed_over) {
            (true, _, _) => Missed::FewerRetained(step.timeout),
            (false, true, _) => Missed::Fewer(step.timeout),
            (false, false, true) => Missed::NoneLetThrough(step.timeout),
            (false, false, false) => Missed::NoMessage(step.timeout),
        };
        self.wait(class, open, missed).await
    }

    pub(super) async fn request(&mut self, class: &UserClass, exchange: &Exchange) -> Result<(), Abort> {
        let step = &exchange.publish;
        if let Some(inbound) = &self.inbound {
            inbound.take_request_failure();
        }
        let sent = self.send(class, step, Some(exchange)).await;
        let (tag, due, key) = sent.inspect_err(|_| drop(self.inbound().inbox.end()))?;
        let mut open = OpenRequest::new(&self.context, tag, due, step.timeout);
        if let Err(abort) = self.acknowledged(class, key).await {
            self.inbound().inbox.end();
            let failure = match (self.inbound().take_request_failure(), abort) {
                (Some(failed), _) => Some(failed),
                // The session lasts, but the user gets no connection that could finish the message.
                (None, Abort::Failed | Abort::Done) => Some((Failure::Closing, Instant::now())),
                (None, Abort::Stopped) => None,
            };
            if let Some((failure, finished)) = failure {
                open.end();
                self.record(tag, due, finished, Err(failure));
            }
            return Err(abort);
        }
        self.wait(class, open, |_| Missed::NoReply(step.timeout)).await
    }

    /// Begins to wait for the reply to a message. Appends to its properties where the reply goes, and by what it is
    /// recognised.
    pub(super) fn begin_to_wait_for_reply(
        &mut self,
        exchange: &Exchange,
        seq: u64,
        due: Instant,
        properties: &mut Vec<u8>,
    ) {
        let now_ns = self.context.clock.unix_ns(due);
        let expect = self.check(&exchange.expect, seq, now_ns);
        let moment = Moment { seq, now_ns, received: last_received(self.inbound.as_deref()) };
        let reply_topic = self.persona.text_now(&exchange.reply_topic, moment);
        let mark = match exchange.correlation {
            Correlation::Property => {
                let id = self.next_request_id();
                property::put_text(properties, property::RESPONSE_TOPIC, &reply_topic);
                property::put_text(properties, property::CORRELATION_DATA, &id);
                ReplyMark::Data(id)
            }
            Correlation::Topic | Correlation::Json(_) => ReplyMark::Any,
        };
        let wait = Awaited::reply(&String::from_utf8_lossy(&reply_topic), mark, expect);
        // No stored message can be the reply to a message that is not sent yet.
        self.inbound().inbox.begin(wait, Since::Step, due);
    }

    /// Recognises the reply by a value of the payload of the request. Fails if the payload has no such value.
    pub(super) fn seek(
        inbound: Option<&mut Inbound>,
        pointer: &Arc<str>,
        payload: &[u8],
    ) -> Result<(), Failure> {
        let value = Payload::new(payload).at(pointer);
        let (Some(value), Some(inbound)) = (value, inbound) else {
            return Err(Failure::NotSent("its payload has nothing at the JSON pointer of `correlation`"));
        };
        inbound.inbox.recognise_by(ReplyMark::Json(Arc::clone(pointer), value));
        Ok(())
    }

    /// An id that no other request has: the run, the user, and the number of the request.
    fn next_request_id(&mut self) -> RequestId {
        let (run, user) = (self.context.clock.started_at().0, self.persona.number());
        let requests = &mut self.inbound().inbox.requests;
        *requests += 1;
        let mut id = RequestId::default();
        for (bytes, part) in id.chunks_exact_mut(8).zip([run, user, *requests]) {
            bytes.copy_from_slice(&part.to_be_bytes());
        }
        id
    }

    fn check(&mut self, condition: &Condition, seq: u64, now_ns: u64) -> Check {
        let moment = Moment { seq, now_ns, received: last_received(self.inbound.as_deref()) };
        self.persona.check(condition, moment)
    }

    /// Drives the session until the awaited messages have come or the time is over, and records the result.
    async fn wait(
        &mut self,
        class: &UserClass,
        mut open: OpenRequest<C>,
        missed: impl Fn(&Awaited) -> Missed,
    ) -> Result<(), Abort> {
        let mut out_of_messages = Box::pin(self.out_of_messages());
        while !self.inbound().inbox.is_satisfied() {
            let driven = tokio::select! {
                biased;
                () = &mut out_of_messages => {
                    self.inbound().inbox.end();
                    return Err(Abort::Stopped);
                }
                driven = self.drive(Until::Sink, Some(open.deadline)) => driven,
            };
            match driven {
                Ok(true) => {}
                Ok(false) => break,
                Err(failure) => {
                    let missed = self.inbound().inbox.wait().map(&missed);
                    let connected = self.connected_in_time(class, &mut open, missed).await;
                    if connected == Err(Abort::Done) && open.is_open() {
                        // The user does not connect again: the step has failed with the connection.
                        open.end();
                        let span = self.span(open.due, Instant::now());
                        self.context.record_failure(
                            open.tag,
                            span,
                            &self.context.text_of(failure, self.records.server),
                        );
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
        open.end();
        let span = self.span(open.due, finished);
        match result {
            Ok(()) => {
                self.context.record(open.tag, span, bytes, Ok(()), self.records.server);
                Ok(())
            }
            Err(missed) => {
                self.context.record_failure(open.tag, span, &missed.to_string());
                Err(Abort::Failed)
            }
        }
    }

    /// Opens another connection after a loss. If the time of the wait is over before there is one, the wait fails at
    /// that moment and not with the connection. Returns whether there was a connection in time.
    async fn connected_in_time(
        &mut self,
        class: &UserClass,
        open: &mut OpenRequest<C>,
        missed: Option<Missed>,
    ) -> Result<bool, Abort> {
        let context = Rc::clone(&self.context);
        let span = self.span(open.due, open.deadline);
        let mut connected = pin!(self.connected(class, &class.reconnect));
        tokio::select! {
            biased;
            result = &mut connected => return result.map(|()| true),
            () = context.timer.until(open.deadline) => {}
        }
        if let Some(missed) = missed {
            open.end();
            let span = Span { finished: Instant::now(), ..span };
            context.record_failure(open.tag, span, &missed.to_string());
        }
        connected.await.map(|()| false)
    }
}
