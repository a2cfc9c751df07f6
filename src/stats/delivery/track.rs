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
mod tests;
