//! The step `publish`, and sending a message for `request`: render what changes, borrow the rest, hand it over to the
//! session, wait for the acknowledgement.

#![expect(clippy::manual_async_fn, reason = "an `async fn` keeps its arguments twice, in each idle user")]

use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

use crate::client::failure::Failure;
use crate::client::{Connect, Key, Message, Session, Ticket, Until};
use crate::engine::delivery::outbound::{Outbound, Stamped};
use crate::engine::span::Timing;
use crate::engine::tag;
use crate::engine::user::inbound::{Inbound, last_received};
use crate::engine::user::open_request::OpenRequest;
use crate::engine::user::state::{Abort, User};
use crate::mqtt::{Qos, check_topic_name};
use crate::plan::measure::Stamping;
use crate::plan::persona::{Buffers, Moment, Rendered, StampText};
use crate::plan::receive::{Correlation, Exchange};
use crate::plan::{Publish, Text, UserClass};
use crate::stats::delivery::published::Published;
use crate::stats::delivery::{StreamKey, hash};
use crate::stats::stamp::Publisher;

/// Bytes that may gather before a step that does not wait for its acknowledgement writes them out: large
/// enough to make the system call cheap, small enough to stay in the cache.
const WRITE_AT: usize = 16 * 1024;

/// A message with more bytes than this takes a while to hand over.
const LONG: usize = 1024;

#[derive(Debug, Clone, Copy)]
struct Order<'a> {
    /// The request that it belongs to, if a reply is expected.
    asks: Option<&'a Exchange>,
    tag: u32,
    due: Instant,
    /// When it has failed for lack of an acknowledgement.
    deadline: Instant,
}

impl<C: Connect> User<C> {
    /// Sends a message and waits for its acknowledgement, if the step says so.
    pub(super) fn publish(
        &mut self,
        class: &UserClass,
        step: &Publish,
    ) -> impl Future<Output = Result<(), Abort>> {
        async move {
            let key = match self.send_now(class, step) {
                Some(sent) => sent?,
                None => self.send(class, step, None).await?.2,
            };
            if step.await_ack { self.acknowledged(class, key).await } else { Ok(()) }
        }
    }

    /// Hands a message over, which may ask for a reply. Returns the tag of its request, when that was due, and its key.
    /// A request for a reply is recorded by its step once the message is handed over.
    pub(super) fn send(
        &mut self,
        class: &UserClass,
        step: &Publish,
        asks: Option<&Exchange>,
    ) -> impl Future<Output = Result<(u32, Instant, Key), Abort>> {
        async move {
            if self.lacks_a_row(step) {
                return Err(Abort::Stopped);
            }
            self.connected(class, &class.reconnect).await?;
            let mut due = self.now.get();
            if let Some(until) = self.must_wait(step) {
                let for_room = until == Until::Room;
                let mut open = OpenRequest::new(&self.context, self.tag(&step.request), due, step.timeout);
                let driven = self.drive(until, Some(open.deadline)).await;
                open.end();
                due = open.due;
                let failure = match driven {
                    Ok(true) => None,
                    Ok(false) if for_room => self.no_room(step.timeout),
                    Ok(false) => Some(Failure::WriteTimeout(step.timeout)),
                    Err(failure) => Some(failure),
                };
                if let Some(failure) = failure {
                    self.record(open.tag, due, Instant::now(), Err(failure));
                    return Err(Abort::Failed);
                }
            }
            let key = self.begin(class, step, asks, due)?;
            Ok((self.tag(&step.request), due, key))
        }
    }

    /// Why there was no room for a message for so long.
    fn no_room(&self, waited: Duration) -> Option<Failure> {
        self.link.session.as_ref().map(|session| session.no_room(waited))
    }

    /// Hands a message over if there is nothing to wait for. A future would cost as much again.
    #[inline]
    fn send_now(&mut self, class: &UserClass, step: &Publish) -> Option<Result<Key, Abort>> {
        if self.link.session.is_none() || self.lacks_a_row(step) || self.must_wait(step).is_some() {
            return None;
        }
        let due = self.now.get();
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
        if !self.may_send() {
            return Err(Abort::Done);
        }
        let tag = self.tag(&step.request);
        let tag_sent = if asks.is_some() { tag::asks(tag) } else { tag };
        let order = Order { asks, tag: tag_sent, due, deadline: due + step.timeout };
        match self.hand_over(class, step, order) {
            Ok(key) => {
                self.sent += 1;
                self.has_sent = true;
                Ok(key)
            }
            Err(failure) => {
                self.record(tag, due, Instant::now(), Err(failure));
                self.failed_at_once();
                Err(Abort::Failed)
            }
        }
    }

    pub(super) fn acknowledged(
        &mut self,
        class: &UserClass,
        key: Key,
    ) -> impl Future<Output = Result<(), Abort>> {
        async move {
            loop {
                match self.drive_awaited(key).await {
                    Some(Ok(())) => return Ok(()),
                    // The session outlives its connection, and so does the request.
                    None if self.link.kept.is_open(key) => self.connected(class, &class.reconnect).await?,
                    _ => return Err(Abort::Failed),
                }
            }
        }
    }

    /// Returns whether the limits of the load allow one more message. If so, it counts. Messages of the last steps are
    /// not part of the load.
    fn may_send(&self) -> bool {
        self.stop.is_at_last_steps() || self.context.shared.quota.take_message()
    }

    /// Whether the message needs a row of a feed, but the user has used up its share of that feed.
    fn lacks_a_row(&self, step: &Publish) -> bool {
        self.persona.is_out_of_rows() && !step.feeds.is_empty()
    }

    fn must_wait(&self, step: &Publish) -> Option<Until> {
        let session = self.link.session.as_ref()?;
        if step.qos != Qos::AtMostOnce && !session.has_room() {
            Some(Until::Room)
        } else if session.backlog() >= WRITE_AT {
            Some(Until::Written)
        } else {
            None
        }
    }

    /// Renders the message and queues it. If it asks for a reply, the user waits for that from now on.
    #[inline]
    fn hand_over(&mut self, class: &UserClass, step: &Publish, order: Order<'_>) -> Result<Key, Failure> {
        let echoes = matches!(&step.topic, Text::PerMessage(topic) if topic.uses_received());
        if step.stamp.is_none() && order.asks.is_none() && !echoes {
            self.hand_over_as::<true>(class, step, order)
        } else {
            self.hand_over_marked(class, step, order)
        }
    }

    /// The same for messages that are not plain, out of the way of those that are.
    #[inline(never)]
    fn hand_over_marked(
        &mut self,
        class: &UserClass,
        step: &Publish,
        order: Order<'_>,
    ) -> Result<Key, Failure> {
        self.hand_over_as::<false>(class, step, order)
    }

    /// A message is `PLAIN` if it has no stamp, asks for no reply and does not go to a topic that was received. Most
    /// messages are plain, and users send millions of them a second, so the compiler makes a copy without the rest.
    #[inline]
    fn hand_over_as<const PLAIN: bool>(
        &mut self,
        class: &UserClass,
        step: &Publish,
        order: Order<'_>,
    ) -> Result<Key, Failure> {
        let Order { asks, tag, due, deadline } = order;
        let (stamping, asks) = if PLAIN { (None, None) } else { (step.stamp.as_deref(), asks) };
        let now_ns = self.context.clock.unix_ns(due);
        let mut buffers = self.context.buffers.take();
        let seq = self.persona.begin_message(class, step, &mut buffers);
        let moment = Moment { seq, now_ns, received: last_received(self.inbound.as_deref()) };
        self.persona.render_topic(step, moment, &mut buffers);
        let stamped = stamping.map(|stamping| self.stamp(class, stamping, step, &buffers, due));
        let stamp = stamped.as_ref().map(|stamped| stamped.stamp.encode());
        let place = stamping.map(|stamping| &stamping.place);
        let stamp = place.zip(stamp.as_ref()).map(|(place, text)| StampText { place, text });
        let moment = Moment { seq, now_ns, received: last_received(self.inbound.as_deref()) };
        self.persona.render_body(step, moment, stamp, asks.is_some(), &mut buffers);
        if let Some(exchange) = asks {
            self.begin_to_wait_for_reply(exchange, seq, due, &mut buffers.properties);
        }
        let Rendered { topic, payload, properties } =
            self.persona.finish_message(step, seq, place, &mut buffers);
        let message = Message { topic, payload, qos: step.qos, retain: step.retain, properties };
        if payload.len() > LONG {
            self.now.forget();
        }
        let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        let (tag, due, deadline) = match &stamped {
            // It has a moment of its own, but the same time.
            Some(stamped) => (tag::stamped(tag), stamped.due, stamped.due + step.timeout),
            None => (tag, due, deadline),
        };
        let ticket = Ticket { tag, awaited: step.await_ack, due, late: self.late, deadline, length };
        let checked = if PLAIN {
            Ok(())
        } else {
            Self::check_sendable(self.inbound.as_deref_mut(), step, asks, topic, payload)
        };
        let key = match (checked, &mut self.link.session) {
            (Ok(()), Some(session)) => session.publish(&message, ticket),
            (Ok(()), None) => Err(Failure::Closed),
            (Err(failure), _) => Err(failure),
        };
        if let (Some(stamped), Ok(_)) = (&stamped, &key)
            && let Some(outbound) = self.inbound.as_ref().and_then(|inbound| inbound.stamps.as_ref())
        {
            outbound.borrow_mut().sent(stamped);
        }
        self.context.buffers.replace(buffers);
        key
    }

    /// The stamp of the next message of a step, whose topic is rendered.
    fn stamp(
        &mut self,
        class: &UserClass,
        stamping: &Stamping,
        step: &Publish,
        buffers: &Buffers,
        due: Instant,
    ) -> Stamped {
        let publisher = Publisher::new(self.context.shared.run, self.persona.number());
        // Times of its arrivals count from the same moment as its own response time.
        let late_us = if self.records.timing == Timing::Scheduled { self.late.micros() } else { None };
        let context = Rc::clone(&self.context);
        let keep = || context.delivery.keep_outbound(Outbound::new(publisher));
        let outbound = Rc::clone(self.inbound().stamps.get_or_insert_with(keep));
        let topic = self.persona.topic(step, buffers);
        let by_topic = matches!(step.topic, Text::PerMessage(_)).then(|| hash(topic));
        let begin = |key: StreamKey| {
            let topic = String::from_utf8_lossy(topic).into();
            let (broker, qos) = (class.broker.0, step.qos.level());
            let begins = key.publisher.user != 0 && context.delivery.begin_stream();
            begins.then(|| Published::new(key, topic, broker, qos, stamping.expires))
        };
        let unix_ns = |due| context.clock.unix_ns(due);
        outbound.borrow_mut().stamp(due, (stamping.step, by_topic), late_us, unix_ns, begin)
    }

    /// Checks whether a message can be sent: a received text may be no valid topic, and the payload may lack the value
    /// by which the reply is recognised.
    fn check_sendable(
        inbound: Option<&mut Inbound>,
        step: &Publish,
        asks: Option<&Exchange>,
        topic: &[u8],
        payload: &[u8],
    ) -> Result<(), Failure> {
        match &step.topic {
            Text::PerMessage(template) if template.uses_received() => check_topic(topic)?,
            _ => {}
        }
        match asks {
            Some(Exchange { correlation: Correlation::Json(pointer), .. }) => {
                Self::seek(inbound, pointer, payload)
            }
            _ => Ok(()),
        }
    }
}

fn check_topic(topic: &[u8]) -> Result<(), Failure> {
    match str::from_utf8(topic) {
        Ok(topic) if check_topic_name(topic).is_ok() => Ok(()),
        _ => Err(Failure::NotSent("what was received makes no topic")),
    }
}
