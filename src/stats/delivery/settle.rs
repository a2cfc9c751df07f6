//! Both ends together: which messages should have arrived and did not, and why.
//!
//! The numbers alone show which messages are missing between two that arrived. For messages before the first and after
//! the last one, the send times of the publisher are compared with the times at which the subscription was granted and
//! ended:
//!
//! ```text
//! granted                                              ended - settle time   ended
//!    │  sent, not arrived   first ─── gaps ─── last      sent, not arrived     │   sent later
//! ───┼──── lost ────────────┼──── lost ────────┼──────── lost ────────┼unsettled┼── not expected ──▶
//! ```
//! Doubtful times count in the broker's favour. A message that may have been sent before the grant is not expected. If
//! the last arrivals came late, the settle time is longer by the delay of the last one. A subscriber may be away at the
//! end while the broker keeps its session: then all messages with QoS 1 or 2 since it left are unsettled.

use std::collections::{BTreeMap, HashMap};

use crate::stats::RowId;
use crate::stats::delivery::group::{Group, Groups};
use crate::stats::delivery::published::Published;
use crate::stats::delivery::receiver::{Absence, Reason, Receiver};
use crate::stats::delivery::track::Track;
use crate::stats::delivery::{Counts, Fast, StreamKey};
use crate::stats::stamp::Publisher;

/// How many pairs of filter and topic are compared at most, which takes some seconds.
const MAX_COMPARISONS: u64 = 50_000_000;

/// What a run hands over to be settled.
#[derive(Debug)]
pub struct Ends<'a> {
    /// What its users published.
    pub published: &'a [Published],
    /// What its subscriptions received.
    pub receivers: &'a [Receiver],
    /// What its shared groups received.
    pub groups: &'a Groups,
    /// Whether the run is a shard. Other shards may have members of its groups, so what those got is not lost.
    pub is_shard: bool,
    /// When the run ended.
    pub end_ns: u64,
    /// How long before a subscription's end a message must have been sent for its absence to be a loss.
    pub settle_ns: u64,
    /// Returns whether a topic (the second text) matches a filter (the first).
    pub matches: fn(&str, &str) -> bool,
}

/// The counts by row, and whether all publishers could be compared with all subscriptions.
pub fn settle(ends: &Ends<'_>) -> (BTreeMap<u32, Counts>, bool) {
    Settling::new(ends).settle()
}

/// A receiver: a subscription of one user, or a shared group.
struct View<'a> {
    row: RowId,
    filter: &'a str,
    broker: usize,
    qos: u8,
    not_of: Option<Publisher>,
    /// When it was first granted, and when it ended last.
    life: Option<(u64, u64)>,
    /// Since when the broker keeps messages for it, if it was away at the end.
    kept_ns: Option<u64>,
    /// How late messages were if they arrived until the end, or until the receiver left: messages of that long may
    /// still have been on their way.
    lag_ns: u64,
    absences: Vec<Absence>,
    arrived: Arrived<'a>,
}

#[derive(Clone, Copy)]
enum Arrived<'a> {
    /// It arrived on one subscription.
    Alone(&'a Receiver),
    /// It arrived in a shared group; `None` if nothing did.
    Together(Option<&'a Group>),
}

impl<'a> Arrived<'a> {
    fn tracks(self) -> Box<dyn Iterator<Item = (StreamKey, &'a Track)> + 'a> {
        match self {
            Self::Alone(receiver) => Box::new(receiver.tracks()),
            Self::Together(group) => Box::new(group.into_iter().flat_map(Group::tracks)),
        }
    }

    fn has(self, key: &StreamKey) -> bool {
        match self {
            Self::Alone(receiver) => receiver.track(key).is_some(),
            Self::Together(group) => group.is_some_and(|group| group.track(key).is_some()),
        }
    }
}

struct Settling<'a> {
    ends: &'a Ends<'a>,
    by_key: HashMap<StreamKey, &'a Published, Fast>,
    by_topic: HashMap<(usize, &'a str), Vec<&'a Published>>,
    comparisons: u64,
    complete: bool,
}

impl<'a> Settling<'a> {
    fn new(ends: &'a Ends<'a>) -> Self {
        let mut by_topic: HashMap<_, Vec<_>> = HashMap::new();
        for published in ends.published {
            by_topic.entry((published.broker, &*published.topic)).or_default().push(published);
        }
        let by_key = ends.published.iter().map(|published| (published.key, published)).collect();
        Self { ends, by_key, by_topic, comparisons: 0, complete: true }
    }

    fn settle(mut self) -> (BTreeMap<u32, Counts>, bool) {
        let mut rows: BTreeMap<u32, Counts> = BTreeMap::new();
        for receiver in self.ends.receivers {
            *rows.entry(receiver.terms.row.0).or_default() += receiver.counts;
        }
        for view in self.views() {
            let counts = self.count(&view);
            *rows.entry(view.row.0).or_default() += counts;
        }
        (rows, self.complete)
    }

    /// Subscriptions, and the members of each shared group as one.
    fn views(&self) -> Vec<View<'a>> {
        let mut views = Vec::new();
        let mut members: BTreeMap<(u64, u32, usize), Vec<&'a Receiver>> = BTreeMap::new();
        for receiver in self.ends.receivers {
            let terms = &receiver.terms;
            match terms.group {
                Some(group) => members.entry((group, terms.row.0, terms.broker)).or_default().push(receiver),
                None => views.push(self.view(&[receiver], Arrived::Alone(receiver))),
            }
        }
        for ((group, ..), members) in members {
            views.push(self.view(&members, Arrived::Together(self.ends.groups.group(group))));
        }
        views
    }

    /// How late a receiver's last message was, if it ended before it had been silent for the settle time.
    fn lag_at_end(&self, receiver: &Receiver) -> Option<u64> {
        let (at_ns, lag_ns) = receiver.last_arrival();
        let ended = self.kept_ns(receiver).or(receiver.ended_ns()).unwrap_or(self.ends.end_ns);
        (ended.saturating_sub(at_ns) < self.ends.settle_ns).then_some(lag_ns)
    }

    /// Since when the broker keeps messages for a receiver that did not come back.
    fn kept_ns(&self, receiver: &Receiver) -> Option<u64> {
        let absences = receiver.absences(self.ends.end_ns);
        absences.iter().rfind(|absence| absence.reason == Reason::Kept).map(|absence| absence.from_ns)
    }

    /// The view of receivers that are one.
    fn view(&self, members: &[&'a Receiver], arrived: Arrived<'a>) -> View<'a> {
        let terms = &members[0].terms;
        let granted = members.iter().filter_map(|member| member.granted_ns()).min();
        let ended = members.iter().map(|member| member.ended_ns().unwrap_or(self.ends.end_ns)).max();
        let absences = members.iter().flat_map(|member| member.absences(self.ends.end_ns));
        // While one member has no subscription, the others have.
        let absences = absences.filter(|absence| members.len() == 1 || absence.reason != Reason::Ended);
        View {
            row: terms.row,
            filter: &terms.filter,
            broker: terms.broker,
            qos: terms.qos,
            not_of: terms.not_of,
            life: granted.zip(ended),
            kept_ns: members.iter().filter_map(|member| self.kept_ns(member)).min(),
            lag_ns: members.iter().filter_map(|member| self.lag_at_end(member)).max().unwrap_or(0),
            absences: absences.collect(),
            arrived,
        }
    }

    fn count(&mut self, view: &View<'a>) -> Counts {
        let mut counts = Counts::default();
        if let Arrived::Together(Some(group)) = view.arrived {
            counts += group.counts;
        }
        let is_seen_in_part = self.ends.is_shard && matches!(view.arrived, Arrived::Together(_));
        for (key, track) in view.arrived.tracks() {
            let published = self.by_key.get(&key).copied();
            let mut tally = Tally { view, published, track: Some(track), counts: &mut counts };
            tally.counts.received += track.received;
            if is_seen_in_part {
                continue;
            }
            tally.lose_given_up(track.given_up);
            for gap in track.gaps() {
                tally.lose(gap.first, gap.last, (gap.before_ns, gap.after_ns));
            }
            tally.edges(self.ends.settle_ns);
        }
        if is_seen_in_part {
            self.complete = false;
            return counts;
        }
        for published in self.silent(view) {
            let mut tally = Tally { view, published: Some(published), track: None, counts: &mut counts };
            tally.edges(self.ends.settle_ns);
        }
        counts
    }

    /// Counts what should have arrived on a subscription on which nothing arrived.
    fn silent(&mut self, view: &View<'a>) -> Vec<&'a Published> {
        if view.life.is_none() {
            return Vec::new();
        }
        let candidates: Vec<_> = if view.filter.contains(['+', '#']) {
            let all = self.ends.published;
            self.comparisons += all.len() as u64;
            if self.comparisons > MAX_COMPARISONS {
                self.complete = false;
                return Vec::new();
            }
            let fits = |published: &&Published| {
                published.broker == view.broker && (self.ends.matches)(view.filter, &published.topic)
            };
            all.iter().filter(fits).collect()
        } else {
            self.by_topic.get(&(view.broker, view.filter)).cloned().unwrap_or_default()
        };
        let is_silent = |published: &&Published| {
            Some(published.key.publisher) != view.not_of && !view.arrived.has(&published.key)
        };
        candidates.into_iter().filter(is_silent).collect()
    }
}

/// Counts the missing messages of one stream on one subscription.
struct Tally<'a, 'b> {
    view: &'b View<'a>,
    /// The sender's side, if it was a user of this run.
    published: Option<&'a Published>,
    /// What arrived, if anything arrived.
    track: Option<&'a Track>,
    counts: &'b mut Counts,
}

impl Tally<'_, '_> {
    /// Counts the messages missing before the first arrival and after the last one, or all if nothing arrived.
    fn edges(&mut self, settle_ns: u64) {
        let track = self.track;
        let (Some(published), Some((granted, ended))) = (self.published, self.view.life) else { return };
        // From then on the broker keeps what it promised to deliver.
        let kept_ns = self.view.kept_ns.filter(|_| !self.is_qos_0()).unwrap_or(u64::MAX);
        let settled = ended.min(kept_ns).saturating_sub(settle_ns).saturating_sub(self.view.lag_ns);
        let Some(first) = published.first_after(granted).or(track.map(|track| track.first.0)) else { return };
        let (high, high_ns) = match track {
            None => (first - 1, granted),
            Some(track) => {
                if first < track.first.0 {
                    self.lose(first, track.first.0 - 1, (granted, track.first.1));
                }
                track.high
            }
        };
        let (certain, possible) = (published.last_before(settled), published.last_before(ended));
        if certain > high {
            self.lose(high + 1, certain, (high_ns, settled));
        }
        self.counts.unsettled += possible.saturating_sub(certain.max(high));
    }

    /// Counts the messages from `first` to `last`, which were sent between these two times and did not arrive.
    fn lose(&mut self, first: u64, last: u64, between: (u64, u64)) {
        let overlaps = |absence: &&Absence| absence.from_ns <= between.1 && between.0 <= absence.to_ns;
        let absences = self.view.absences.iter().filter(overlaps);
        let reason = absences.map(|absence| absence.reason).max();
        if reason == Some(Reason::Ended) {
            return;
        }
        let failed = self.published.map_or(0, |published| published.failed_in(first, last));
        let missing = last - first + 1 - failed;
        let qos_0 = self.is_qos_0();
        let lost = &mut self.counts.lost;
        lost.not_acknowledged += failed;
        match reason {
            Some(Reason::Lost) => lost.reconnect += missing,
            Some(Reason::Resumed | Reason::Kept) if qos_0 => lost.reconnect += missing,
            // Of a shared group: the broker may have given them to the member that it keeps a session for.
            Some(Reason::Kept) => self.counts.unsettled += missing,
            Some(Reason::Expired) => lost.expiry += missing,
            _ => self.lose_in_life(missing),
        }
    }

    /// Counts messages that did not arrive although there was a connection.
    fn lose_in_life(&mut self, missing: u64) {
        let (qos_0, lost) = (self.is_qos_0(), &mut self.counts.lost);
        if self.published.is_some_and(|published| published.expires) {
            lost.expiry += missing;
        } else if qos_0 {
            lost.qos_0 += missing;
        } else {
            lost.unexplained += missing;
        }
    }

    /// Counts messages whose gaps were dropped for younger ones. It is no longer known when they were sent.
    fn lose_given_up(&mut self, missing: u64) {
        if missing > 0 {
            self.lose_in_life(missing);
        }
    }

    /// Returns whether nobody promised more than QoS 0. The delivery shows what a publisher of another run asked for.
    fn is_qos_0(&self) -> bool {
        let sent = self.published.map(|published| published.qos).or(self.track.map(|track| track.qos));
        self.view.qos == 0 || sent == Some(0)
    }
}

#[cfg(test)]
mod tests;
