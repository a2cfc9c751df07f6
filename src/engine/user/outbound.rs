//! Stamping what a user publishes, and what became of it.
//!
//! A stamped message is known again by the moment at which its step began, which no two stamped messages of a user
//! share: a ticket has no room for more, and most messages end in the order in which they began.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

use crate::client::Connect;
use crate::engine::sink::Timing;
use crate::engine::user::User;
use crate::engine::user::inbound::Inbound;
use crate::engine::user::message::text;
use crate::plan::measure::Stamping;
use crate::plan::{Publish, Text};
use crate::stats::delivery::published::Published;
use crate::stats::delivery::{Fast, StreamKey, hash};
use crate::stats::stamp::{self, Publisher, Stamp};

/// What a user published with stamps.
#[derive(Debug)]
pub(crate) struct Outbound {
    publisher: Publisher,
    streams: Vec<Published>,
    /// Place in `streams` by step and hash of the topic.
    places: HashMap<(u16, u64), usize, Fast>,
    /// The stream of the last message: the next one is mostly of the same.
    last: Option<((u16, u64), usize)>,
    /// Messages that have not come to their end, in the order of their moments.
    open: VecDeque<Open>,
    last_due: Option<Instant>,
}

/// A message that has not come to its end.
#[derive(Debug, Clone, Copy)]
struct Open {
    due: Instant,
    message: Numbered,
    done: bool,
}

/// Which message of which stream.
#[derive(Debug, Clone, Copy)]
struct Numbered {
    /// Place of its stream.
    place: usize,
    seq: u64,
    time_ns: u64,
}

/// A message that has its stamp.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stamped {
    /// As it stands in the message.
    pub(super) text: [u8; stamp::LENGTH],
    /// A moment of its own at which it is due.
    pub(super) due: Instant,
    /// Nothing if its stream is not kept track of.
    message: Option<Numbered>,
}

impl Outbound {
    fn new(publisher: Publisher) -> Self {
        Self {
            publisher,
            streams: Vec::new(),
            places: HashMap::default(),
            last: None,
            open: VecDeque::new(),
            last_due: None,
        }
    }

    /// A moment of its own for a message that is due at `due`: a few nanoseconds later if need be.
    fn own_moment(&mut self, due: Instant) -> Instant {
        let due = match self.last_due {
            Some(last) if last >= due => last + Duration::from_nanos(1),
            _ => due,
        };
        self.last_due = Some(due);
        due
    }

    /// Place of a stream; `begin` makes it if it is new and there is room.
    #[inline]
    fn place(
        &mut self,
        step: u16,
        topic: u64,
        begin: impl FnOnce(StreamKey) -> Option<Published>,
    ) -> Option<usize> {
        let key = (step, topic);
        match self.last {
            Some((last, place)) if last == key => return Some(place),
            _ => {}
        }
        let place = if let Some(place) = self.places.get(&key) {
            *place
        } else {
            self.streams.push(begin(StreamKey { publisher: self.publisher, step, topic })?);
            self.places.insert(key, self.streams.len() - 1);
            self.streams.len() - 1
        };
        self.last = Some((key, place));
        Some(place)
    }

    /// The session has taken a message.
    fn sent(&mut self, message: Numbered, due: Instant) {
        self.streams[message.place].send(message.time_ns);
        self.open.push_back(Open { due, message, done: false });
    }

    /// A stamped message came to its end.
    #[inline]
    pub(crate) fn completed(&mut self, due: Instant, failed: bool) {
        let Ok(place) = self.open.binary_search_by(|open| open.due.cmp(&due)) else { return };
        let open = &mut self.open[place];
        open.done = true;
        if failed {
            let Numbered { place, seq, .. } = open.message;
            self.streams[place].fail(seq);
        }
        while self.open.front().is_some_and(|open| open.done) {
            self.open.pop_front();
        }
    }

    /// All streams; what has not come to its end has failed.
    pub(crate) fn into_published(mut self) -> Vec<Published> {
        for Open { message, .. } in self.open.iter().filter(|open| !open.done) {
            self.streams[message.place].fail(message.seq);
        }
        self.streams
    }
}

impl<C: Connect> User<C> {
    /// The stamp of the next message of a step; `rendered` is its topic, if that differs from message to message.
    pub(super) fn stamp(
        &mut self,
        stamping: &Stamping,
        step: &Publish,
        rendered: &[u8],
        due: Instant,
    ) -> Stamped {
        let publisher = Publisher::new(self.shard.shared.run, self.scope.number);
        // From when its own response time counts, the times of its arrivals do.
        let late_us = if self.timing == Timing::Scheduled { self.late.micros() } else { None };
        let Self { inbound, shard, plan, class, texts, .. } = self;
        let class = &plan.classes[*class];
        let inbound = inbound.get_or_insert_with(|| Box::new(Inbound::new(&class.keeps, texts)));
        let outbound =
            inbound.stamps.get_or_insert_with(|| shard.delivery.keep_outbound(Outbound::new(publisher)));
        let mut outbound = outbound.borrow_mut();
        let due = outbound.own_moment(due);
        let by_topic = matches!(step.topic, Text::PerMessage(_));
        let topic = text(&step.topic, texts, rendered);
        let place = outbound.place(stamping.step, if by_topic { hash(topic) } else { 0 }, |key| {
            let topic = String::from_utf8_lossy(topic).into();
            let (broker, qos) = (class.broker.0, step.qos.level());
            let begins = key.publisher.user != 0 && shard.delivery.begin_stream();
            begins.then(|| Published::new(key, topic, broker, qos, stamping.expires))
        });
        let time_ns = shard.clock.unix_ns(due);
        let message = place.map(|place| Numbered { place, seq: outbound.streams[place].sent + 1, time_ns });
        let seq = message.map_or(0, |message| message.seq);
        let stamp = Stamp { time_ns, late_us, publisher, step: stamping.step, by_topic, seq };
        Stamped { text: stamp.encode(), due, message }
    }

    /// The session has taken a stamped message.
    pub(super) fn sent_stamped(&self, stamped: &Stamped) {
        if let (Some(message), Some(stamps)) = (stamped.message, self.stamps()) {
            stamps.borrow_mut().sent(message, stamped.due);
        }
    }

    /// What it has published with stamps.
    pub(super) fn stamps(&self) -> Option<&RefCell<Outbound>> {
        self.inbound.as_ref()?.stamps.as_deref()
    }
}

/// A handle of what a user published; it outlives the user.
pub(super) type Stamps = Option<Rc<RefCell<Outbound>>>;

#[cfg(test)]
mod tests {
    use super::*;

    fn outbound() -> Outbound {
        Outbound::new(Publisher { run: 1, user: 1 })
    }

    fn send(outbound: &mut Outbound, due: Instant) -> Instant {
        let due = outbound.own_moment(due);
        let place = outbound.place(0, 0, |key| Some(Published::new(key, "t".into(), 0, 1, false))).unwrap();
        let seq = outbound.streams[place].sent + 1;
        outbound.sent(Numbered { place, seq, time_ns: seq }, due);
        due
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_message_is_known_again_by_its_moment() {
        let mut outbound = outbound();
        let now = Instant::now();
        // One reading of the clock serves several steps.
        let dues: Vec<_> = (0..6).map(|_| send(&mut outbound, now)).collect();
        assert!(dues.is_sorted_by(|a, b| a < b) && dues[5] - now < Duration::from_nanos(6));
        outbound.completed(dues[2], true);
        outbound.completed(dues[1], false);
        outbound.completed(dues[0], false);
        assert_eq!(outbound.open.len(), 3, "those in front are gone");
        outbound.completed(dues[4], true);
        outbound.completed(dues[4] + Duration::from_secs(1), true);
        outbound.completed(dues[3], false);
        let published = outbound.into_published();
        assert_eq!(published[0].sent, 6);
        let failed: Vec<u64> = (1..=6).filter(|seq| published[0].failed_in(*seq, *seq) == 1).collect();
        assert_eq!(failed, [3, 5, 6], "the last one had no end");
    }

    #[test]
    fn streams_are_told_apart_by_step_and_topic() {
        let mut outbound = outbound();
        let mut place = |step, topic, room: bool| {
            outbound.place(step, topic, |key| room.then(|| Published::new(key, "t".into(), 0, 0, false)))
        };
        assert_eq!(place(0, 0, true), Some(0));
        assert_eq!(place(0, 0, false), Some(0));
        assert_eq!(place(0, 7, true), Some(1));
        assert_eq!(place(1, 0, true), Some(2));
        assert_eq!(place(1, 7, false), None);
        assert_eq!(place(0, 7, false), Some(1));
    }
}
