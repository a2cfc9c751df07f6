//! One stream as one receiver saw it: the newest number, and the gaps before it.

use std::collections::VecDeque;

/// Gaps that are kept open for messages that may still come. If there are more, the oldest ones count as lost.
pub const MAX_GAPS: usize = 4_096;

/// Numbers that have not arrived, between two that have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// The first missing number.
    pub first: u64,
    /// The last missing number.
    pub last: u64,
    /// When the message before them was sent.
    pub before_ns: u64,
    /// When the message after them was sent.
    pub after_ns: u64,
}

/// What an arrival means for its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// It is newer than all messages before.
    New,
    /// It was missing, because a message that was sent later has arrived before it.
    Late,
    /// It has arrived before.
    Again,
}

/// What arrived of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Track {
    /// The lowest number that arrived, and when it was sent.
    pub first: (u64, u64),
    /// The highest number that arrived, and when it was sent.
    pub high: (u64, u64),
    /// How many messages arrived; one that arrived twice counts once.
    pub received: u64,
    /// How many messages arrived after one that was sent later.
    pub late: u64,
    /// Quality of service of the first delivery.
    pub qos: u8,
    /// How many numbers are missing in gaps that are not kept open any more.
    pub given_up: u64,
    gaps: VecDeque<Gap>,
}

impl Track {
    /// Creates the track of a stream from its first arrival: its number, the time at which it was sent and the quality
    /// of service of its delivery.
    pub fn begin(seq: u64, sent_ns: u64, qos: u8) -> Self {
        let first = (seq, sent_ns);
        Self { first, high: first, received: 1, late: 0, qos, given_up: 0, gaps: VecDeque::new() }
    }

    /// Counts an arrival and returns what it means.
    #[inline]
    pub fn take(&mut self, seq: u64, sent_ns: u64) -> Seen {
        if seq == self.high.0 + 1 {
            self.high = (seq, sent_ns);
            self.received += 1;
            return Seen::New;
        }
        self.take_out_of_turn(seq, sent_ns)
    }

    fn take_out_of_turn(&mut self, seq: u64, sent_ns: u64) -> Seen {
        let ((first, first_ns), (high, high_ns)) = (self.first, self.high);
        if seq > high {
            let gap = Gap { first: high + 1, last: seq - 1, before_ns: high_ns, after_ns: sent_ns };
            self.gaps.push_back(gap);
            self.high = (seq, sent_ns);
            self.received += 1;
            if self.gaps.len() > MAX_GAPS
                && let Some(gap) = self.gaps.pop_front()
            {
                self.given_up += gap.last - gap.first + 1;
            }
            return Seen::New;
        }
        if seq < first {
            if seq + 1 < first {
                let gap = Gap { first: seq + 1, last: first - 1, before_ns: sent_ns, after_ns: first_ns };
                self.gaps.push_front(gap);
            }
            self.first = (seq, sent_ns);
        } else if !self.fill(seq, sent_ns) {
            return Seen::Again;
        }
        self.received += 1;
        self.late += 1;
        Seen::Late
    }

    /// Takes a number out of the gap in which it is missing. Returns whether there is such a gap.
    fn fill(&mut self, seq: u64, sent_ns: u64) -> bool {
        let index = self.gaps.partition_point(|gap| gap.last < seq);
        let Some(gap) = self.gaps.get_mut(index).filter(|gap| gap.first <= seq) else { return false };
        let whole = *gap;
        match (whole.first == seq, whole.last == seq) {
            (true, true) => {
                self.gaps.remove(index);
            }
            (true, false) => (gap.first, gap.before_ns) = (seq + 1, sent_ns),
            (false, true) => (gap.last, gap.after_ns) = (seq - 1, sent_ns),
            (false, false) => {
                (gap.first, gap.before_ns) = (seq + 1, sent_ns);
                self.gaps.insert(index, Gap { last: seq - 1, after_ns: sent_ns, ..whole });
            }
        }
        true
    }

    /// Returns the gaps between the lowest and the highest number that arrived, in order.
    pub fn gaps(&self) -> impl Iterator<Item = Gap> {
        self.gaps.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn track(seqs: &[u64]) -> (Track, Vec<Seen>) {
        let mut track = Track::begin(seqs[0], seqs[0] * 10, 1);
        let seen = seqs[1..].iter().map(|seq| track.take(*seq, seq * 10)).collect();
        (track, seen)
    }

    fn gaps(track: &Track) -> Vec<(u64, u64, u64, u64)> {
        track.gaps().map(|gap| (gap.first, gap.last, gap.before_ns, gap.after_ns)).collect()
    }

    #[test]
    fn a_gap_is_opened_split_and_closed() {
        use Seen::{Again, Late, New};
        let (all, seen) = track(&[1, 2, 7, 4, 4, 6, 7, 3, 5, 5, 8]);
        assert_eq!(seen, [New, New, Late, Again, Late, Again, Late, Late, Again, New]);
        assert_eq!((gaps(&all), all.received, all.late), (vec![], 8, 4));
        assert_eq!(gaps(&track(&[2, 7]).0), [(3, 6, 20, 70)]);
        assert_eq!(gaps(&track(&[2, 7, 4]).0), [(3, 3, 20, 40), (5, 6, 40, 70)]);
        assert_eq!(gaps(&track(&[2, 7, 3]).0), [(4, 6, 30, 70)]);
        assert_eq!(gaps(&track(&[2, 7, 6]).0), [(3, 5, 20, 60)]);
        assert_eq!(gaps(&track(&[5, 7, 2]).0), [(3, 4, 20, 50), (6, 6, 50, 70)], "from before the first");
    }

    #[test]
    fn gaps_beyond_the_most_are_settled_as_they_are() {
        let mut track = Track::begin(1, 1, 1);
        let last = 3 * (MAX_GAPS as u64 + 10) + 1;
        for seq in (4..=last).step_by(3) {
            track.take(seq, seq);
        }
        assert_eq!((track.gaps().count(), track.given_up), (MAX_GAPS, 20));
        assert_eq!(track.take(2, 2), Seen::Again, "what is settled stays settled");
        assert_eq!(track.take(last - 1, last - 1), Seen::Late);
    }

    proptest! {
        #[test]
        fn it_counts_what_a_set_of_all_numbers_counts(seqs in vec(1_u64..40, 1..120)) {
            let (track, seen) = track(&seqs);
            let (mut known, mut high) = (BTreeSet::from([seqs[0]]), seqs[0]);
            for (seq, seen) in seqs[1..].iter().zip(seen) {
                let expected = match known.insert(*seq) {
                    false => Seen::Again,
                    true if *seq > high => Seen::New,
                    true => Seen::Late,
                };
                high = high.max(*seq);
                prop_assert_eq!(seen, expected);
            }
            let lowest = *known.first().unwrap();
            prop_assert_eq!((track.first, track.high), ((lowest, lowest * 10), (high, high * 10)));
            prop_assert_eq!(track.received, known.len() as u64);
            let missing: Vec<u64> = track.gaps().flat_map(|gap| gap.first..=gap.last).collect();
            prop_assert_eq!(missing, (lowest..=high).filter(|seq| !known.contains(seq)).collect::<Vec<_>>());
            for gap in track.gaps() {
                prop_assert_eq!((gap.before_ns, gap.after_ns), ((gap.first - 1) * 10, (gap.last + 1) * 10));
            }
        }
    }
}
