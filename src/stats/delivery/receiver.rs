//! One user's subscription as a receiver: which messages of each stream arrived, and when none could.

use std::collections::{HashMap, VecDeque};

use crate::stats::RowId;
use crate::stats::delivery::track::{Seen, Track};
use crate::stats::delivery::{Arrival, Counts, Fast, StreamKey};
use crate::stats::stamp::Publisher;

/// Absences that are kept apart. If there are more, the oldest ones become one.
const MAX_ABSENCES: usize = 1_024;

/// Why a subscription could not deliver for a while, ordered by how much this explains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Its connection was lost, and the broker went on with the session: QoS 1 and 2 had to be kept.
    Resumed,
    /// It had no connection when the run ended, or its user left: the broker keeps QoS 1 and 2 for the session.
    Kept,
    /// Its connection was lost, and with it a session that was never meant to last.
    Lost,
    /// Its connection was lost, and with it a session that should have lasted: it had expired or was lost.
    Expired,
    /// It had ended and was made again later. Nothing was to be delivered meanwhile.
    Ended,
}

/// A time in which a subscription could not deliver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Absence {
    /// When it began.
    pub from_ns: u64,
    /// When it ended.
    pub to_ns: u64,
    /// Why the subscription could not deliver.
    pub reason: Reason,
}

/// What a subscription asks for, as far as a measurement needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The row of its times and counts.
    pub row: RowId,
    /// The topic filter, without a `$share/GROUP/`.
    pub filter: Box<str>,
    /// The hash of the whole filter, for a shared subscription.
    pub group: Option<u64>,
    /// The index in the plan of the broker that it subscribes at.
    pub broker: usize,
    /// The highest quality of service that it is delivered with.
    pub qos: u8,
    /// The publisher whose messages it does not want: the subscriber itself, with `no_local`.
    pub not_of: Option<Publisher>,
    /// How long its session outlives a connection; 0 if it does not, `u64::MAX` if it does for ever.
    pub kept_ns: u64,
}

/// The phase that a subscription is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SubscriptionPhase {
    /// Messages may come.
    Live,
    /// Its connection has been gone since this time.
    Away(u64),
    /// It ended at this time.
    Ended(u64),
}

/// What a message means for a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is measured.
    Measured,
    /// It was sent before the subscription was asked for.
    Retained,
    /// The subscription has ended or does not match the topic.
    NotAskedFor,
}

/// What a subscription received.
#[derive(Debug)]
pub struct Receiver {
    /// What the subscription asked for.
    pub terms: Terms,
    /// What was counted beside the tracks: duplicates, order, retained and untracked messages.
    pub counts: Counts,
    /// When the last message was read, and how long after it was sent.
    last_arrival: (u64, u64),
    asked_ns: u64,
    granted_ns: Option<u64>,
    state: SubscriptionPhase,
    absences: VecDeque<Absence>,
    /// Index in `tracks` by stream.
    indices: HashMap<StreamKey, usize, Fast>,
    tracks: Vec<(StreamKey, Track)>,
    /// Index of the last message's stream, since the next message mostly belongs to the same stream.
    last: usize,
}

impl Receiver {
    /// Creates a subscription that is asked for at `now_ns`.
    pub fn new(terms: Terms, now_ns: u64) -> Self {
        Self {
            terms,
            counts: Counts::default(),
            last_arrival: (0, 0),
            asked_ns: now_ns,
            granted_ns: None,
            state: SubscriptionPhase::Live,
            absences: VecDeque::new(),
            indices: HashMap::default(),
            tracks: Vec::new(),
            last: 0,
        }
    }

    /// Notes that it is asked for, on a new connection or after it had ended.
    pub fn asked(&mut self, now_ns: u64) {
        if let SubscriptionPhase::Ended(from_ns) = self.state {
            self.absent(Absence { from_ns, to_ns: now_ns, reason: Reason::Ended });
            self.asked_ns = now_ns;
            self.state = SubscriptionPhase::Live;
        }
    }

    /// Notes that the broker has granted it.
    pub fn granted(&mut self, now_ns: u64) {
        self.granted_ns.get_or_insert(now_ns);
        let reason = if self.terms.kept_ns > 0 { Reason::Expired } else { Reason::Lost };
        self.back(now_ns, reason);
    }

    /// Notes that the broker goes on with it on a new connection.
    pub fn resumed(&mut self, now_ns: u64) {
        self.back(now_ns, Reason::Resumed);
    }

    /// Notes that its connection is gone.
    pub fn away(&mut self, now_ns: u64) {
        if self.state == SubscriptionPhase::Live {
            self.state = SubscriptionPhase::Away(now_ns);
        }
    }

    /// Notes that it has ended.
    pub fn ended(&mut self, now_ns: u64) {
        if !matches!(self.state, SubscriptionPhase::Ended(_)) {
            if let SubscriptionPhase::Away(from_ns) = self.state {
                self.back(now_ns, self.why_away(from_ns, now_ns));
            }
            self.state = SubscriptionPhase::Ended(now_ns);
        }
    }

    /// Returns why it does not deliver, if it had no connection until `now_ns` and does not come back.
    fn why_away(&self, from_ns: u64, now_ns: u64) -> Reason {
        match self.terms.kept_ns {
            0 => Reason::Lost,
            kept_ns if now_ns.saturating_sub(from_ns) < kept_ns => Reason::Kept,
            _ => Reason::Expired,
        }
    }

    /// Returns whether messages may come, now or on its next connection.
    pub fn is_live(&self) -> bool {
        !matches!(self.state, SubscriptionPhase::Ended(_))
    }

    fn back(&mut self, to_ns: u64, reason: Reason) {
        if let SubscriptionPhase::Away(from_ns) = self.state {
            self.absent(Absence { from_ns, to_ns, reason });
            self.state = SubscriptionPhase::Live;
        }
    }

    fn absent(&mut self, absence: Absence) {
        self.absences.push_back(absence);
        if self.absences.len() > MAX_ABSENCES
            && let Some(oldest) = self.absences.pop_front()
            && let Some(next) = self.absences.front_mut()
        {
            next.from_ns = oldest.from_ns;
            next.reason = next.reason.max(oldest.reason);
        }
    }

    /// Counts a message that was sent at `sent_ns` with the number `seq` in its stream (0 if it is not counted). `room`
    /// says for how many new streams there is room, and `matches` whether the topic is one that was asked for.
    #[inline]
    pub fn take(
        &mut self,
        key: StreamKey,
        seq: u64,
        sent_ns: u64,
        arrival: Arrival,
        room: &mut usize,
        matches: impl FnOnce(&str) -> bool,
    ) -> Taken {
        // What was sent before the end may still be under way.
        if matches!(self.state, SubscriptionPhase::Ended(at_ns) if sent_ns >= at_ns) {
            return Taken::NotAskedFor;
        }
        let known = match self.tracks.get(self.last) {
            Some((last, _)) if *last == key => Some(self.last),
            _ => self.indices.get(&key).copied(),
        };
        // What belongs to a stream that is known has been held against the filter before.
        if known.is_none() && !matches(&self.terms.filter) {
            return Taken::NotAskedFor;
        }
        if sent_ns < self.asked_ns {
            self.counts.retained += 1;
            return Taken::Retained;
        }
        if self.terms.group.is_some() {
            // Counted where all members come together; here only for the filter's sake.
            if known.is_none() && *room > 0 {
                self.begin(key, seq, sent_ns, arrival, room);
            }
            return Taken::Measured;
        }
        match known {
            _ if seq == 0 => self.counts.untracked += 1,
            Some(index) => {
                self.last = index;
                match self.tracks[index].1.take(seq, sent_ns) {
                    Seen::New => {}
                    Seen::Late => self.counts.reordered += 1,
                    Seen::Again => self.again(sent_ns, arrival),
                }
            }
            None if *room == 0 => self.counts.untracked += 1,
            None => self.begin(key, seq, sent_ns, arrival, room),
        }
        Taken::Measured
    }

    fn begin(&mut self, key: StreamKey, seq: u64, sent_ns: u64, arrival: Arrival, room: &mut usize) {
        *room -= 1;
        self.last = self.tracks.len();
        self.indices.insert(key, self.last);
        self.tracks.push((key, Track::begin(seq, sent_ns, arrival.qos)));
    }

    fn again(&mut self, sent_ns: u64, arrival: Arrival) {
        let since_return = self.absences.back().is_none_or(|absence| sent_ns > absence.to_ns);
        self.counts.duplicates.count(arrival.qos, arrival.dup || !since_return);
    }

    /// Notes that a measured message was read at `at_ns`, and how long after it was sent.
    #[inline]
    pub fn arrived(&mut self, at_ns: u64, lag_ns: u64) {
        self.last_arrival = (at_ns, lag_ns);
    }

    /// Returns when the last measured message was read and how long after it was sent; 0 before the first one.
    pub fn last_arrival(&self) -> (u64, u64) {
        self.last_arrival
    }

    /// Counts a message that the broker had kept from before the subscription.
    pub fn retained(&mut self) {
        self.counts.retained += 1;
    }

    /// Returns when the broker first granted it.
    pub fn granted_ns(&self) -> Option<u64> {
        self.granted_ns
    }

    /// Returns when it ended, if it has.
    pub fn ended_ns(&self) -> Option<u64> {
        match self.state {
            SubscriptionPhase::Ended(at_ns) => Some(at_ns),
            SubscriptionPhase::Live | SubscriptionPhase::Away(_) => None,
        }
    }

    /// Returns the times in which it could not deliver, up to `end_ns`. An absence that is not over then never ends.
    pub fn absences(&self, end_ns: u64) -> Vec<Absence> {
        let open = match self.state {
            SubscriptionPhase::Away(from_ns) => {
                Some(Absence { from_ns, to_ns: u64::MAX, reason: self.why_away(from_ns, end_ns) })
            }
            SubscriptionPhase::Live | SubscriptionPhase::Ended(_) => None,
        };
        self.absences.iter().copied().chain(open).collect()
    }

    /// Returns what arrived, by stream.
    pub fn tracks(&self) -> impl Iterator<Item = (StreamKey, &Track)> {
        self.tracks.iter().map(|(key, track)| (*key, track))
    }

    /// Returns the track of a stream, or `None` if nothing of it arrived.
    pub fn track(&self, key: &StreamKey) -> Option<&Track> {
        self.indices.get(key).map(|index| &self.tracks[*index].1)
    }
}

#[cfg(test)]
mod tests;
