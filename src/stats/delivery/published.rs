//! The sender's side of a stream: how many messages, about when each, and which of them failed.

use crate::stats::delivery::StreamKey;

/// Moments that are kept of a stream. When they are full, every second one is dropped, so that they cover the whole
/// stream.
const MAX_MARKS: usize = 64;
/// Runs of failed messages that are kept of a stream. Further failures cannot be told from other losses.
const MAX_FAILED: usize = 4_096;

/// What a user published as one stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The stream.
    pub key: StreamKey,
    /// Its topic; the first one if it has several.
    pub topic: Box<str>,
    /// The index in the plan of the broker that it was published to.
    pub broker: usize,
    /// Quality of service: 0, 1 or 2.
    pub qos: u8,
    /// Whether its messages have an expiry interval.
    pub expires: bool,
    /// How many messages were handed over to the session.
    pub sent: u64,
    last_ns: u64,
    /// When the messages 1, 1 + `every`, 1 + 2 `every` … were sent.
    marks: Vec<u64>,
    every: u64,
    /// First and last number of runs of failed messages, in order.
    failed: Vec<(u64, u64)>,
}

impl Published {
    /// Creates a stream of which nothing was sent yet.
    pub fn new(key: StreamKey, topic: Box<str>, broker: usize, qos: u8, expires: bool) -> Self {
        let (marks, failed) = (Vec::new(), Vec::new());
        Self { key, topic, broker, qos, expires, sent: 0, last_ns: 0, marks, every: 1, failed }
    }

    /// Notes that the next message was handed over. Times never go back.
    #[inline]
    pub fn send(&mut self, at_ns: u64) {
        self.last_ns = at_ns;
        if self.sent.is_multiple_of(self.every) {
            self.mark(at_ns);
        }
        self.sent += 1;
    }

    fn mark(&mut self, at_ns: u64) {
        if self.marks.len() == MAX_MARKS {
            let mut index = 0;
            self.marks.retain(|_| {
                index += 1;
                index % 2 == 1
            });
            self.every *= 2;
            // 64 intervals are 32 of twice the length, so the moment stays one of a mark.
        }
        self.marks.push(at_ns);
    }

    /// Notes that a message failed.
    pub fn fail(&mut self, seq: u64) {
        let index = self.failed.partition_point(|(_, last)| last + 1 < seq);
        let (after, has_room) = (self.failed.get(index + 1).copied(), self.failed.len() < MAX_FAILED);
        match self.failed.get_mut(index) {
            Some((first, last)) if (*first..=*last).contains(&seq) => {}
            Some((_, last)) if *last + 1 == seq => {
                *last = seq;
                if let Some((_, end)) = after.filter(|(first, _)| *first == seq + 1) {
                    *last = end;
                    self.failed.remove(index + 1);
                }
            }
            Some((first, _)) if seq + 1 == *first => *first = seq,
            _ if has_room => self.failed.insert(index, (seq, seq)),
            _ => {}
        }
    }

    /// Returns how many of the messages from `first` to `last` failed.
    pub fn failed_in(&self, first: u64, last: u64) -> u64 {
        let start = self.failed.partition_point(|(_, end)| *end < first);
        let runs = self.failed[start..].iter().take_while(|(begin, _)| *begin <= last);
        runs.map(|(begin, end)| (*end).min(last) - (*begin).max(first) + 1).sum()
    }

    /// Returns the first message that is known to have been sent at `at_ns` or later.
    pub fn first_after(&self, at_ns: u64) -> Option<u64> {
        let index = self.marks.partition_point(|mark| *mark < at_ns);
        if index < self.marks.len() {
            return Some(1 + index as u64 * self.every);
        }
        (self.sent > 0 && self.last_ns >= at_ns).then_some(self.sent)
    }

    /// Returns the last message that is known to have been sent at `at_ns` or before, or 0 if there is none.
    pub fn last_before(&self, at_ns: u64) -> u64 {
        if self.last_ns <= at_ns {
            return self.sent;
        }
        match self.marks.partition_point(|mark| *mark <= at_ns) {
            0 => 0,
            index => 1 + (index as u64 - 1) * self.every,
        }
    }
}

#[cfg(test)]
mod tests;
