//! A subscription that measures: each message that arrives on it becomes a sample and counts for its stream.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use tokio::time::Instant;

use crate::client::Incoming;
use crate::engine::context::Context;
use crate::mqtt::{self, property};
use crate::plan::Subscribe;
use crate::plan::measure::StampLocation;
use crate::stats::RowId;
use crate::stats::delivery::group::SharedMessage;
use crate::stats::delivery::receiver::{Receiver, Taken};
use crate::stats::delivery::{Arrival, StreamKey};
use crate::stats::recorder::ScheduledNs;
use crate::stats::stamp::{self, PROPERTY, Stamp};

/// A filter that is measured.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) step: Arc<Subscribe>,
    /// Index of the filter in the step.
    pub(crate) index: usize,
    /// The filter as it was subscribed to.
    pub(crate) filter: Box<str>,
    pub(crate) row: RowId,
    pub(crate) receiver: Rc<RefCell<Receiver>>,
}

impl Measured {
    /// Takes a message that was read at `at`, if it belongs to this filter.
    pub(crate) fn receive<C>(&self, context: &Context<C>, message: &Incoming<'_>, at: Instant) {
        let Some(measure) = &self.step.measure else { return };
        // If a message fits several subscriptions, the broker says which of them it is for, provided that they have
        // identifiers.
        if let Some(identifier) = self.step.identifier {
            let mut identifiers = property::subscription_ids(message.properties).peekable();
            if identifiers.peek().is_some() && !identifiers.any(|id| id == identifier) {
                return;
            }
        }
        let mut receiver = self.receiver.borrow_mut();
        let fits = |filter: &str| mqtt::matches(filter, message.topic);
        // With `retain_as_published` the flag does not say when the message was sent; its stamp does.
        let is_retained = message.retain && !self.step.filters[self.index].options.retain_as_published;
        let Some(stamp) = find(&measure.look, message) else {
            if receiver.is_live() && fits(&receiver.terms.filter) && !is_retained {
                context.noticed("message without a stamp on a measured subscription");
            }
            return;
        };
        if is_retained {
            if fits(&receiver.terms.filter) {
                receiver.retained();
            }
            return;
        }
        let key = StreamKey::of(&stamp, message.topic.as_bytes());
        let arrival = Arrival { qos: message.qos.level(), dup: message.dup };
        let Stamp { seq, time_ns: sent_ns, late_us, .. } = stamp;
        let taken = context.delivery.with_room(|room| receiver.take(key, seq, sent_ns, arrival, room, fits));
        if taken != Taken::Measured {
            return;
        }
        let at_ns = context.clock.unix_ns(at);
        let began_ns = at_ns.checked_sub(sent_ns).unwrap_or_else(|| {
            context.noticed("stamp from the future: the clocks of the machines differ");
            0
        });
        receiver.arrived(at_ns, began_ns);
        let length = message.payload.len() as u64;
        let (mut recorder, at) = (context.recorder.borrow_mut(), context.clock.at(at));
        match late_us {
            None => recorder.record_measured(self.row, at, began_ns, length),
            Some(late_us) => {
                let times = ScheduledNs { intended: began_ns + u64::from(late_us) * 1_000, began: began_ns };
                recorder.record_measured_scheduled(self.row, at, times, length);
            }
        }
        drop(recorder);
        if let Some(group) = receiver.terms.group {
            context.delivery.add_shared(SharedMessage { group, key, seq, sent_ns, arrival });
        }
    }
}

/// The stamp of a message.
#[inline]
fn find(look: &StampLocation, message: &Incoming<'_>) -> Option<Stamp> {
    match look {
        StampLocation::Around => {
            in_properties(message.properties).or_else(|| Stamp::decode_prefix(message.payload))
        }
        StampLocation::Property => in_properties(message.properties),
        StampLocation::Prefix => Stamp::decode_prefix(message.payload),
        StampLocation::Json(pointer) => Stamp::decode(stamp::text_at(message.payload, pointer)?),
    }
}

/// The stamp among the properties of a message, which are known to be well-formed.
fn in_properties(mut properties: &[u8]) -> Option<Stamp> {
    while let Some((number, rest)) = properties.split_first() {
        properties = match *number {
            property::USER_PROPERTY => {
                let (name, rest) = string(rest)?;
                let (value, rest) = string(rest)?;
                if name == PROPERTY.as_bytes()
                    && let Some(stamp) = Stamp::decode(value)
                {
                    return Some(stamp);
                }
                rest
            }
            property::PAYLOAD_FORMAT => rest.get(1..)?,
            property::MESSAGE_EXPIRY => rest.get(4..)?,
            property::TOPIC_ALIAS => rest.get(2..)?,
            property::SUBSCRIPTION_ID => &rest[rest.iter().position(|byte| byte & 0x80 == 0)? + 1..],
            property::CONTENT_TYPE | property::RESPONSE_TOPIC | property::CORRELATION_DATA => string(rest)?.1,
            _ => return None,
        };
    }
    None
}

/// Splits off a text that has its length before it.
fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    rest.split_at_checked(u16::from_be_bytes(*length).into())
}

#[cfg(test)]
mod tests;
