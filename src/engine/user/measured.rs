//! Subscriptions that measure: what arrives on them becomes samples, and is held against its stream.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::client::{Connect, Incoming, Until};
use crate::engine::delivery::SETTLE_TIME;
use crate::engine::shard::Shard;
use crate::engine::user::User;
use crate::engine::user::inbound::Inbound;
use crate::engine::user::subscription::{Asked, path};
use crate::mqtt::{self, property};
use crate::plan::Subscribe;
use crate::plan::measure::StampLocation;
use crate::plan::subscription::Subscription;
use crate::stats::RowId;
use crate::stats::delivery::group::SharedMessage;
use crate::stats::delivery::receiver::{Receiver, Taken, Terms};
use crate::stats::delivery::{Arrival, StreamKey, hash};
use crate::stats::recorder::ScheduledNs;
use crate::stats::stamp::{self, PROPERTY, Publisher, Stamp};

/// How long users receive at most after all others are done and their last messages had time.
const MOST_LINGERED: Duration = Duration::from_secs(2);

/// A filter that is measured.
#[derive(Debug)]
pub(super) struct Measured {
    step: Arc<Subscribe>,
    /// Which filter of the step.
    place: usize,
    /// As it was subscribed to.
    filter: Box<str>,
    row: RowId,
    receiver: Rc<RefCell<Receiver>>,
}

impl Inbound {
    /// A message that was read at `at`, for each subscription that measures.
    pub(super) fn measure<C: Connect>(&self, shard: &Shard<C>, message: &Incoming<'_>, at: Instant) {
        for measured in &self.measured {
            measured.take_in(shard, message, at);
        }
    }

    /// The connection is gone.
    pub(super) fn away(&self, now_ns: u64) {
        self.measured.iter().for_each(|measured| measured.receiver.borrow_mut().away(now_ns));
    }

    /// The broker goes on with the session.
    pub(super) fn resumed(&self, now_ns: u64) {
        self.measured.iter().for_each(|measured| measured.receiver.borrow_mut().resumed(now_ns));
    }

    /// Whether anything is measured, or was.
    pub(crate) fn measures(&self) -> bool {
        !self.measured.is_empty()
    }

    /// Answers have come: what the broker has now is granted.
    pub(crate) fn grants_are_known(&self, now_ns: u64) {
        for measured in &self.measured {
            let is_granted = |asked: &Asked| asked.is_granted(&measured.step, measured.place);
            if self.subscriptions.iter().any(is_granted) {
                let mut receiver = measured.receiver.borrow_mut();
                // Again, if it was the end of it that was refused.
                receiver.asked(now_ns);
                receiver.granted(now_ns);
            }
        }
    }

    /// This filter of a step has ended.
    pub(super) fn ended(&self, step: &Arc<Subscribe>, place: usize, now_ns: u64) {
        let of = |measured: &&Measured| measured.place == place && Arc::ptr_eq(&measured.step, step);
        self.measured.iter().filter(of).for_each(|measured| measured.receiver.borrow_mut().ended(now_ns));
    }

    /// What was subscribed to as this filter has ended.
    pub(super) fn filter_ended(&self, filter: &str, now_ns: u64) {
        let of = |measured: &&Measured| *measured.filter == *filter;
        self.measured.iter().filter(of).for_each(|measured| measured.receiver.borrow_mut().ended(now_ns));
    }

    /// All subscriptions have ended.
    pub(super) fn all_ended(&self, now_ns: u64) {
        self.measured.iter().for_each(|measured| measured.receiver.borrow_mut().ended(now_ns));
    }

    /// Whether measured messages may come.
    pub(super) fn is_measuring(&self) -> bool {
        self.measured.iter().any(|measured| measured.receiver.borrow().is_live())
    }
}

impl Measured {
    fn take_in<C: Connect>(&self, shard: &Shard<C>, message: &Incoming<'_>, at: Instant) {
        let Some(measure) = &self.step.measure else { return };
        // Of several subscriptions that a message fits, the broker says which one brought it, if it has names.
        if let Some(identifier) = self.step.identifier {
            let mut identifiers = property::subscription_ids(message.properties).peekable();
            if identifiers.peek().is_some() && !identifiers.any(|id| id == identifier) {
                return;
            }
        }
        let mut receiver = self.receiver.borrow_mut();
        let fits = |filter: &str| mqtt::matches(filter, message.topic);
        // With `retain_as_published` the flag says nothing of when the message was sent; its stamp does.
        let is_retained = message.retain && !self.step.filters[self.place].options.retain_as_published;
        let Some(stamp) = find(&measure.look, message) else {
            if receiver.is_live() && fits(&receiver.terms.filter) && !is_retained {
                shard.unexpected("message without a stamp on a measured subscription");
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
        let taken = shard.delivery.with_room(|room| receiver.take(key, seq, sent_ns, arrival, room, fits));
        if taken != Taken::Measured {
            return;
        }
        let at_ns = shard.clock.unix_ns(at);
        let began_ns = at_ns.checked_sub(sent_ns).unwrap_or_else(|| {
            shard.unexpected("stamp from the future: the clocks of the machines differ");
            0
        });
        receiver.arrived(at_ns, began_ns);
        let length = message.payload.len() as u64;
        let (mut recorder, at) = (shard.recorder.borrow_mut(), shard.clock.at(at));
        match late_us {
            None => recorder.record_measured(self.row, at, began_ns, length),
            Some(late_us) => {
                let times = ScheduledNs { intended: began_ns + u64::from(late_us) * 1_000, began: began_ns };
                recorder.record_measured_scheduled(self.row, at, times, length);
            }
        }
        drop(recorder);
        if let Some(group) = receiver.terms.group {
            shard.delivery.shared(SharedMessage { group, key, seq, sent_ns, arrival });
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

/// A text with its length before it, and what follows.
fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    rest.split_at_checked(u16::from_be_bytes(*length).into())
}

impl<C: Connect> User<C> {
    /// Filters of a step are asked for. To the broker each takes the place of what was asked for as the same filter
    /// before, whether that was measured or not.
    pub(super) fn measure_asked(&mut self, step: &Arc<Subscribe>, places: &[usize], now: Instant) {
        if step.measure.is_none() && !self.inbound.as_ref().is_some_and(|inbound| inbound.measures()) {
            return;
        }
        let now_ns = self.shard.clock.unix_ns(now);
        let broker = self.plan.classes[self.class].broker.0;
        let kept_ns = self.plan.brokers[broker]
            .settings
            .session_kept()
            .map_or(0, |kept| u64::try_from(kept.as_nanos()).unwrap_or(u64::MAX));
        let publisher = Publisher::new(self.shard.shared.run, self.scope.number);
        self.inbound();
        let Some(inbound) = &mut self.inbound else { return };
        let measured = &mut inbound.measured;
        for &place in places {
            let Subscription { filter, qos, options } = &step.filters[place];
            let filter = path(filter, &self.texts);
            let row = step.measure.as_ref().and_then(|measure| measure.rows.get(place)).copied();
            let mut is_known = false;
            for known in measured.iter_mut().filter(|known| *known.filter == *filter) {
                if Some(known.row) == row {
                    (known.step, known.place) = (Arc::clone(step), place);
                    known.receiver.borrow_mut().asked(now_ns);
                    is_known = true;
                } else {
                    known.receiver.borrow_mut().ended(now_ns);
                }
            }
            let Some(row) = row.filter(|_| !is_known) else { continue };
            let shared = filter.strip_prefix("$share/").and_then(|rest| rest.split_once('/'));
            let terms = Terms {
                row,
                filter: shared.map_or(filter, |(_, filter)| filter).into(),
                group: shared.map(|_| hash(format!("{}\0{broker}\0{filter}", row.0).as_bytes())),
                broker,
                qos: qos.level(),
                not_of: options.no_local.then_some(publisher),
                kept_ns,
            };
            let receiver = self.shard.delivery.keep_receiver(Receiver::new(terms, now_ns));
            measured.push(Measured { step: Arc::clone(step), place, filter: filter.into(), row, receiver });
        }
    }

    /// What the user measures, if it does, with the time now.
    pub(super) fn measuring(&self) -> Option<(&Inbound, u64)> {
        let inbound = self.inbound.as_deref().filter(|inbound| inbound.measures())?;
        Some((inbound, self.shard.clock.unix_ns(Instant::now())))
    }

    /// At the end of the run, receives until the last messages of the others had time to arrive, and for a while as
    /// long as any do.
    pub(super) async fn linger(&mut self) {
        let measures = self.inbound.as_ref().is_some_and(|inbound| inbound.is_measuring());
        if !measures || !self.shard.is_ending() {
            return;
        }
        let leash = Rc::clone(&self.leash);
        self.shard.quiet(&leash);
        if self.session.is_some() {
            tokio::select! {
                biased;
                () = leash.settled() => {}
                // Driven without a deadline it only ends with the connection.
                _ = self.drive(Until::Deadline, None) => {}
            }
        }
        let last = Instant::now() + MOST_LINGERED;
        while let Some(until) = self.still_arrives() {
            let until = until.min(last);
            if self.drive(Until::Deadline, Some(until)).await.is_err() || until == last {
                break;
            }
        }
    }

    /// If measured messages still arrive: until when the next one would have to.
    fn still_arrives(&self) -> Option<Instant> {
        let (inbound, now_ns) = self.measuring()?;
        let arrivals = inbound.measured.iter().map(|measured| measured.receiver.borrow().last_arrival().0);
        let since = Duration::from_nanos(now_ns.saturating_sub(arrivals.max()?));
        Some(Instant::now() + SETTLE_TIME.checked_sub(since).filter(|left| !left.is_zero())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::measure::Stamping;

    #[test]
    fn a_stamp_is_found_behind_other_properties() {
        let publisher = Publisher { run: 2, user: 3 };
        let stamp = Stamp { time_ns: 1, late_us: None, publisher, step: 4, by_topic: false, seq: 5 };
        let mut properties = vec![property::PAYLOAD_FORMAT, 1];
        property::put_u32(&mut properties, property::MESSAGE_EXPIRY, 9);
        property::put_u16(&mut properties, property::TOPIC_ALIAS, 9);
        property::put_text(&mut properties, property::CONTENT_TYPE, b"text/plain");
        properties.push(property::SUBSCRIPTION_ID);
        property::put_varint(&mut properties, 300);
        properties.push(property::USER_PROPERTY);
        property::put_string(&mut properties, b"site");
        property::put_string(&mut properties, &stamp.encode());
        assert_eq!(in_properties(&properties), None, "another name");
        let others = properties.len();
        properties.extend(Stamping::property(&stamp.encode()));
        assert_eq!(in_properties(&properties), Some(stamp));
        for end in others..properties.len() {
            assert_eq!(in_properties(&properties[..end]), None);
        }
    }
}
