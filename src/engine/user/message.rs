//! Handing a message over to the session: render what changes, borrow what does not.

use tokio::time::Instant;

use crate::client::failure::Failure;
use crate::client::{Connect, Key, Message, Session, Ticket, Until};
use crate::engine::sink;
use crate::engine::user::User;
use crate::engine::user::inbound::Inbound;
use crate::mqtt::{Qos, check_topic_name};
use crate::plan::measure::{StampPlace, Stamping};
use crate::plan::payload::Payload;
use crate::plan::receive::{Correlation, Exchange};
use crate::plan::{Publish, Text, UserClass};
use crate::template::random::Random;

/// Bytes that may gather before a step that does not wait for its acknowledgement writes them out: large
/// enough to make the system call cheap, small enough to stay in the cache.
const WRITE_AT: usize = 16 * 1024;

/// How a message is to be sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Order<'a> {
    /// What asks for a reply, if something does.
    pub(super) asks: Option<&'a Exchange>,
    /// The mark of its request.
    pub(super) tag: u32,
    /// When its step was due.
    pub(super) due: Instant,
    /// When it has failed for want of an acknowledgement.
    pub(super) deadline: Instant,
}

/// A message with more bytes than this takes a while to hand over.
const LONG: usize = 1024;

impl<C: Connect> User<C> {
    /// Renders a text that does not change while the user lives.
    pub(super) fn keep_text(&mut self, text: &Text) {
        if let Text::PerUser { slot, template } = text {
            let mut out = Vec::new();
            self.render(template, 0, 0, &mut out);
            self.texts[*slot] = out.into();
        }
    }

    /// Whether the message needs a row of a feed of which the user has used up its share.
    pub(super) fn lacks_a_row(&self, step: &Publish) -> bool {
        self.rows.are_used_up() && !step.feeds.is_empty()
    }

    /// What the session must do before it can take the message.
    pub(super) fn must_wait(&self, step: &Publish) -> Option<Until> {
        let session = self.session.as_ref()?;
        if step.qos != Qos::AtMostOnce && !session.has_room() {
            Some(Until::Room)
        } else if session.backlog() >= WRITE_AT {
            Some(Until::Written)
        } else {
            None
        }
    }

    /// Renders the message and queues it; if it asks for a reply, the user waits for that from now on.
    #[inline]
    pub(super) fn hand_over(
        &mut self,
        class: &UserClass,
        step: &Publish,
        order: Order<'_>,
    ) -> Result<Key, Failure> {
        let echoes = matches!(&step.topic, Text::PerMessage(topic) if topic.uses_received());
        if step.stamp.is_none() && order.asks.is_none() && !echoes {
            self.hand_over_as::<true>(class, step, order)
        } else {
            self.hand_over_marked(class, step, order)
        }
    }

    /// Out of the way of plain messages.
    #[inline(never)]
    fn hand_over_marked(
        &mut self,
        class: &UserClass,
        step: &Publish,
        order: Order<'_>,
    ) -> Result<Key, Failure> {
        self.hand_over_as::<false>(class, step, order)
    }

    /// A message is `PLAIN` if it has no stamp, asks for no reply and goes to a topic that was not received: so are
    /// most, and they are handed over millions of times a second, so the compiler makes a copy for them without all
    /// that.
    #[inline]
    fn hand_over_as<const PLAIN: bool>(
        &mut self,
        class: &UserClass,
        step: &Publish,
        order: Order<'_>,
    ) -> Result<Key, Failure> {
        let Order { asks, tag, due, deadline } = order;
        let (stamping, asks) = if PLAIN { (None, None) } else { (step.stamp.as_deref(), asks) };
        self.counters[step.counter] += 1;
        let seq = self.counters[step.counter];
        if !step.feeds.is_empty() {
            self.rows.take(&class.feeds, &step.feeds, self.scope.index, &mut self.random);
        }
        let now_ns = self.shard.clock.unix_ns(due);
        let mut scratch = self.shard.scratch.take();
        scratch.topic.clear();
        scratch.payload.clear();
        scratch.properties.clear();
        if let Text::PerMessage(template) = &step.topic {
            self.render(template, seq, now_ns, &mut scratch.topic);
        }
        let place = stamping.map(|stamping| &stamping.place);
        let stamped = stamping.map(|stamping| self.stamp(stamping, step, &scratch.topic, due));
        if let (Some(StampPlace::Prefix), Some(stamped)) = (place, &stamped) {
            scratch.payload.extend_from_slice(&stamped.text);
        }
        if let Payload::Text(Text::PerMessage(template)) = &step.payload {
            self.render(template, seq, now_ns, &mut scratch.payload);
        }
        if let (Some(StampPlace::Json { rest, .. }), Some(stamped)) = (place, &stamped) {
            if let Payload::Text(begin @ (Text::Constant(_) | Text::PerUser { .. })) = &step.payload {
                scratch.payload.extend_from_slice(text(begin, &self.texts, &[]));
            }
            scratch.payload.extend_from_slice(&stamped.text);
            self.render(rest, seq, now_ns, &mut scratch.payload);
        }
        let property = stamped.as_ref().filter(|_| place == Some(&StampPlace::Property));
        let properties = if step.properties.varying.is_empty() && asks.is_none() && property.is_none() {
            &*step.properties.fixed
        } else {
            step.properties.write(&mut scratch.properties, |template, out| {
                self.render(template, seq, now_ns, out);
            });
            if let Some(stamped) = property {
                scratch.properties.extend_from_slice(&Stamping::property(&stamped.text));
            }
            if let Some(exchange) = asks {
                self.ask_for_reply(exchange, seq, due, &mut scratch.properties);
            }
            &*scratch.properties
        };
        let topic = text(&step.topic, &self.texts, &scratch.topic);
        let index = self.scope.index;
        let payload = match (place, &step.payload) {
            (Some(StampPlace::Json { .. }), _)
            | (Some(StampPlace::Prefix), Payload::Text(Text::PerMessage(_))) => &scratch.payload,
            (Some(StampPlace::Prefix), payload) => {
                let bytes = bytes(payload, &self.texts, &[], (index, seq), &mut self.random);
                scratch.payload.extend_from_slice(bytes);
                &scratch.payload
            }
            (_, payload) => bytes(payload, &self.texts, &scratch.payload, (index, seq), &mut self.random),
        };
        let message = Message { topic, payload, qos: step.qos, retain: step.retain, properties };
        if payload.len() > LONG {
            self.moment.pass();
        }
        let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        let (tag, due, deadline) = match &stamped {
            // Its moment is its own; how long it may take is not.
            Some(stamped) => (sink::stamped(tag), stamped.due, stamped.due + step.timeout),
            None => (tag, due, deadline),
        };
        let ticket = Ticket { tag, awaited: step.await_ack, due, late: self.late, deadline, length };
        let checked = if PLAIN {
            Ok(())
        } else {
            Self::sendable(self.inbound.as_deref_mut(), step, asks, topic, payload)
        };
        let key = match (checked, &mut self.session) {
            (Ok(()), Some(session)) => session.publish(&message, ticket),
            (Ok(()), None) => Err(Failure::Closed),
            (Err(failure), _) => Err(failure),
        };
        if let (Some(stamped), Ok(_)) = (&stamped, &key) {
            self.sent_stamped(stamped);
        }
        self.shard.scratch.replace(scratch);
        key
    }

    /// Whether a message can be sent: what was received may make no topic, and the payload may lack what its reply is
    /// known by.
    fn sendable(
        inbound: Option<&mut Inbound>,
        step: &Publish,
        asks: Option<&Exchange>,
        topic: &[u8],
        payload: &[u8],
    ) -> Result<(), Failure> {
        match &step.topic {
            Text::PerMessage(template) if template.uses_received() => is_topic(topic)?,
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

/// The bytes of a payload, wherever they are: those for the message of this user by index, and number.
#[inline]
fn bytes<'a>(
    payload: &'a Payload,
    kept: &'a [Box<[u8]>],
    rendered: &'a [u8],
    (index, seq): (u64, u64),
    random: &mut Random,
) -> &'a [u8] {
    match payload {
        Payload::Text(payload) => text(payload, kept, rendered),
        Payload::Lines(lines) => lines.line(index, seq),
        Payload::Filling(filling) => filling.draw(random),
    }
}

/// Whether what was received makes a topic.
fn is_topic(topic: &[u8]) -> Result<(), Failure> {
    match str::from_utf8(topic) {
        Ok(topic) if check_topic_name(topic).is_ok() => Ok(()),
        _ => Err(Failure::NotSent("what was received makes no topic")),
    }
}

/// The bytes of a text, wherever they are.
pub(super) fn text<'a>(text: &'a Text, kept: &'a [Box<[u8]>], rendered: &'a [u8]) -> &'a [u8] {
    match text {
        Text::Constant(bytes) => bytes,
        Text::PerUser { slot, .. } => &kept[*slot],
        Text::PerMessage(_) => rendered,
    }
}
