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
        for (key, track) in view.arrived.tracks() {
            let published = self.by_key.get(&key).copied();
            let mut tally = Tally { view, published, track: Some(track), counts: &mut counts };
            tally.counts.received += track.received;
            tally.lose_given_up(track.given_up);
            for gap in track.gaps() {
                tally.lose(gap.first, gap.last, (gap.before_ns, gap.after_ns));
            }
            tally.edges(self.ends.settle_ns);
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
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::stats::delivery::group::SharedMessage;
    use crate::stats::delivery::receiver::Terms;
    use crate::stats::delivery::{Arrival, Duplicates, Lost};

    const SETTLE: u64 = 100;

    fn key(user: u32) -> StreamKey {
        StreamKey { publisher: Publisher { run: 1, user }, step: 0, topic: 0 }
    }

    /// Messages 1 … `sent` at 1,010, 1,020 …
    fn published(user: u32, topic: &str, qos: u8, sent: u64) -> Published {
        let mut published = Published::new(key(user), topic.into(), 0, qos, false);
        (1..=sent).for_each(|seq| published.send(at(seq)));
        published
    }

    fn at(seq: u64) -> u64 {
        1_000 + seq * 10
    }

    fn terms(filter: &str, qos: u8) -> Terms {
        let (row, filter) = (RowId(0), filter.into());
        Terms { row, filter, group: None, broker: 0, qos, not_of: None, kept_ns: 0 }
    }

    /// A subscription from 900 on.
    fn receiver(terms: Terms, arrived: &[u64]) -> Receiver {
        let mut receiver = Receiver::new(terms, 900);
        receiver.granted(910);
        arrive(&mut receiver, arrived);
        receiver
    }

    fn arrive(receiver: &mut Receiver, arrived: &[u64]) {
        for seq in arrived {
            let arrival = Arrival { qos: receiver.terms.qos, dup: false };
            receiver.take(key(1), *seq, at(*seq), arrival, &mut 100, |_| true);
        }
    }

    fn matches(filter: &str, topic: &str) -> bool {
        filter == "#" || filter == topic
    }

    fn all(published: &[Published], receivers: &[Receiver], groups: &Groups, end_ns: u64) -> Counts {
        let ends = Ends { published, receivers, groups, end_ns, settle_ns: SETTLE, matches };
        let (rows, complete) = settle(&ends);
        assert!(complete);
        rows.get(&0).copied().unwrap_or_default()
    }

    fn alone(published: Published, receiver: Receiver, end_ns: u64) -> Counts {
        all(&[published], &[receiver], &Groups::default(), end_ns)
    }

    #[test]
    fn what_is_missing_before_in_between_and_after_is_lost() {
        let published = published(1, "t", 1, 10);
        for (arrived, received, lost) in [
            (&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10][..], 10, 0),
            (&[3, 4, 6, 7], 4, 6),
            (&[10], 1, 9),
            (&[], 0, 10),
        ] {
            for filter in ["t", "#"] {
                let counts = alone(published.clone(), receiver(terms(filter, 1), arrived), 9_000);
                let expected = Lost { unexplained: lost, ..Lost::default() };
                assert_eq!(
                    (counts.received, counts.lost, counts.unsettled),
                    (received, expected, 0),
                    "{arrived:?}"
                );
                assert_eq!(counts.expected(), 10);
            }
        }
        let other = receiver(terms("u", 1), &[]);
        assert_eq!(alone(published, other, 9_000), Counts::default(), "another topic");
    }

    #[test]
    fn what_was_sent_before_the_grant_or_in_the_last_moments_is_not_lost() {
        let arrived = [4, 5];
        let mut late = Receiver::new(terms("t", 1), 1_015);
        late.granted(1_025);
        arrive(&mut late, &arrived);
        // Granted between 2 and 3; the end between 10 and 11, so that 1 to 6 are settled.
        late.ended(1_105);
        let counts = alone(published(1, "t", 1, 20), late, 9_000);
        let lost = Lost { unexplained: 1, ..Lost::default() };
        assert_eq!((counts.received, counts.lost, counts.unsettled), (2, lost, 5));
        let mut never = Receiver::new(terms("t", 1), 900);
        never.ended(2_000);
        assert_eq!(alone(published(1, "t", 1, 5), never, 9_000), Counts::default(), "never granted");
    }

    #[test]
    fn behind_a_late_message_others_may_be_under_way() {
        // 3 to 20 are lost if they were sent before 1,200, but for those behind a message that came just now.
        for (last_at, lost, unsettled) in [(1_150, 18, 0), (1_250, 5, 13)] {
            let mut receiver = receiver(terms("t", 1), &[1, 2]);
            receiver.arrived(last_at, 130);
            receiver.ended(1_300);
            let counts = alone(published(1, "t", 1, 20), receiver, 9_000);
            assert_eq!((counts.lost.unexplained, counts.unsettled), (lost, unsettled), "{counts:?}");
        }
    }

    #[test]
    fn each_loss_has_the_cause_that_explains_it_best() {
        let arrived = [1, 2, 5, 6];
        let lost = |published: Published, terms: Terms, lose: fn(&mut Receiver)| {
            let mut receiver = Receiver::new(terms, 900);
            receiver.granted(910);
            arrive(&mut receiver, &arrived[..2]);
            lose(&mut receiver);
            arrive(&mut receiver, &arrived[2..]);
            alone(published, receiver, 9_000).lost
        };
        let none = |_: &mut Receiver| {};
        let reconnect = |receiver: &mut Receiver| {
            receiver.away(1_033);
            receiver.granted(1_043);
        };
        let resumed = |receiver: &mut Receiver| {
            receiver.away(1_033);
            receiver.resumed(1_043);
        };
        let lasting = Terms { kept_ns: u64::MAX, ..terms("t", 1) };
        let sent = |qos| published(1, "t", qos, 6);
        let failed = || {
            let mut sent = sent(1);
            sent.fail(4);
            sent
        };
        let expires = || {
            let mut sent = sent(1);
            sent.expires = true;
            sent
        };
        let lost_for = |lost: fn(&mut Lost, u64)| {
            let mut all = Lost::default();
            lost(&mut all, 2);
            all
        };
        let qos_0 = lost_for(|lost, n| lost.qos_0 = n);
        let unexplained = lost_for(|lost, n| lost.unexplained = n);
        let reconnected = lost_for(|lost, n| lost.reconnect = n);
        let expired = lost_for(|lost, n| lost.expiry = n);
        assert_eq!(lost(sent(1), terms("t", 1), none), unexplained);
        assert_eq!(lost(sent(0), terms("t", 1), none), qos_0);
        assert_eq!(lost(sent(1), terms("t", 0), none), qos_0);
        assert_eq!(lost(sent(1), terms("t", 1), reconnect), reconnected);
        assert_eq!(lost(sent(1), lasting.clone(), reconnect), expired, "the session was gone");
        assert_eq!(lost(sent(1), lasting.clone(), resumed), unexplained, "it had to be kept");
        assert_eq!(lost(sent(0), lasting, resumed), reconnected, "it had not");
        assert_eq!(lost(expires(), terms("t", 1), none), expired);
        let one_each = Lost { not_acknowledged: 1, unexplained: 1, ..Lost::default() };
        assert_eq!(lost(failed(), terms("t", 1), none), one_each);
        let ended = |receiver: &mut Receiver| {
            receiver.ended(1_033);
            receiver.asked(1_043);
            receiver.granted(1_044);
        };
        assert_eq!(lost(sent(1), terms("t", 1), ended), Lost::default(), "there was no subscription");
    }

    #[test]
    fn what_the_broker_keeps_for_a_subscriber_that_is_away_at_the_end_is_not_lost() {
        let away = |qos, kept_ns, ended: Option<u64>| {
            let mut receiver = receiver(Terms { kept_ns, ..terms("t", qos) }, &[1, 2, 4]);
            receiver.away(1_305);
            if let Some(at) = ended {
                receiver.ended(at);
            }
            receiver
        };
        let lost = |lost: &Lost| (lost.unexplained, lost.reconnect, lost.expiry, lost.qos_0);
        // 3 is missing in the middle, and so are 5 to 20, which were sent a settle time before it went.
        for (qos, kept_ns, ended, expected, unsettled) in [
            (1, u64::MAX, None, (17, 0, 0, 0), 30),
            (1, u64::MAX, Some(1_700), (17, 0, 0, 0), 30),
            (2, 1_000_000, Some(1_700), (17, 0, 0, 0), 30),
            (1, 10, None, (1, 0, 46, 0), 0),
            (1, 0, None, (1, 46, 0, 0), 0),
            (0, u64::MAX, None, (0, 46, 0, 1), 0),
        ] {
            let published = published(1, "t", 2, 50);
            let counts = alone(published, away(qos, kept_ns, ended), 9_000);
            assert_eq!(
                (lost(&counts.lost), counts.unsettled),
                (expected, unsettled),
                "{qos} {kept_ns} {ended:?}"
            );
        }
    }

    #[test]
    fn a_publisher_of_another_run_leaves_gaps_only() {
        let counts = all(&[], &[receiver(terms("t", 1), &[3, 5])], &Groups::default(), 9_000);
        assert_eq!((counts.received, counts.lost.unexplained), (2, 1));
        let mut receiver = receiver(terms("t", 1), &[]);
        for seq in [3, 5] {
            receiver.take(key(1), seq, at(seq), Arrival { qos: 0, dup: false }, &mut 100, |_| true);
        }
        let counts = all(&[], &[receiver], &Groups::default(), 9_000);
        assert_eq!(counts.lost.qos_0, 1, "as it was delivered");
    }

    #[test]
    fn own_messages_are_not_expected_if_they_are_not_wanted() {
        let terms = Terms { not_of: Some(key(1).publisher), ..terms("#", 1) };
        let published = [published(1, "t", 1, 5), published(2, "t", 1, 3)];
        let counts = all(&published, &[receiver(terms, &[])], &Groups::default(), 9_000);
        assert_eq!(counts.lost.unexplained, 3);
    }

    #[test]
    fn the_members_of_a_group_are_one_receiver() {
        let member = || receiver(Terms { group: Some(7), ..terms("t", 1) }, &[]);
        let shared = |seq| {
            let arrival = Arrival { qos: 1, dup: false };
            SharedMessage { group: 7, key: key(1), seq, sent_ns: at(seq), arrival }
        };
        let mut groups = Groups::default();
        groups.take([2, 3, 5, 5].map(shared).to_vec(), 10);
        let counts = all(&[published(1, "t", 1, 6)], &[member(), member()], &groups, 9_000);
        let (lost, duplicates) = (
            Lost { unexplained: 3, ..Lost::default() },
            Duplicates { unexplained: 1, ..Duplicates::default() },
        );
        assert_eq!(counts, Counts { received: 3, lost, duplicates, ..Counts::default() });
    }

    #[test]
    fn too_many_comparisons_are_left_out_and_told() {
        let published: Vec<_> = (1..=8_000).map(|user| published(user, "t", 1, 1)).collect();
        let receivers: Vec<_> = (0..7_000).map(|_| receiver(terms("+", 1), &[])).collect();
        let ends = Ends {
            published: &published,
            receivers: &receivers,
            groups: &Groups::default(),
            end_ns: 9_000,
            settle_ns: 0,
            matches: |_, _| false,
        };
        assert!(!settle(&ends).1);
    }

    /// What a broker does with a message.
    #[derive(Debug, Clone, Copy)]
    enum Fate {
        Deliver,
        Drop,
        Repeat,
        /// Deliver it after the next one.
        Swap,
    }

    proptest! {
        #[test]
        fn what_a_broker_does_is_counted_exactly(
            fates in vec(
                prop_oneof![3 => Just(Fate::Deliver), 1 => Just(Fate::Drop), 1 => Just(Fate::Repeat), 1 => Just(Fate::Swap)], 1..200,
            ),
            qos in 0_u8..2,
        ) {
            let (mut arrived, mut held, mut expected) = (Vec::new(), Vec::new(), Counts::default());
            for (seq, fate) in (1..).zip(&fates) {
                match fate {
                    Fate::Drop => {
                        expected.lost.qos_0 += u64::from(qos == 0);
                        expected.lost.unexplained += u64::from(qos > 0);
                        continue;
                    }
                    Fate::Swap => {
                        held.push(seq);
                        continue;
                    }
                    Fate::Deliver => arrived.push(seq),
                    Fate::Repeat => {
                        arrived.extend([seq, seq]);
                        expected.duplicates.count(qos, false);
                    }
                }
                expected.reordered += held.len() as u64;
                expected.received += 1 + held.len() as u64;
                arrived.append(&mut held);
            }
            expected.received += held.len() as u64;
            arrived.append(&mut held);
            let counts = alone(published(1, "t", qos, fates.len() as u64), receiver(terms("t", 1), &arrived), 9_000);
            prop_assert_eq!(counts, expected);
            prop_assert_eq!(counts.expected(), fates.len() as u64);
        }
    }
}
