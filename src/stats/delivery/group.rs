//! Shared subscriptions: the members of a group are one receiver, even if they are on different threads.
//!
//! Each message goes to one of them, so only all members together see a stream without gaps. What they received is
//! sorted once a second. The order among members means nothing, so it is not counted.

use std::collections::HashMap;

use crate::stats::delivery::track::{Seen, Track};
use crate::stats::delivery::{Arrival, Counts, Fast, StreamKey};

/// A message that a member of a group received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SharedMessage {
    /// Hash of the whole filter.
    pub group: u64,
    /// The stream of the message.
    pub key: StreamKey,
    /// Its number in the stream; 0 if it is not counted.
    pub seq: u64,
    /// When it was sent.
    pub sent_ns: u64,
    /// How it was delivered.
    pub arrival: Arrival,
}

/// What the groups of a run received.
#[derive(Debug, Default)]
pub struct Groups {
    groups: HashMap<u64, Group, Fast>,
    streams: usize,
}

/// What a group received.
#[derive(Debug, Default)]
pub struct Group {
    /// Duplicates and untracked messages.
    pub counts: Counts,
    tracks: HashMap<StreamKey, Track, Fast>,
}

impl Groups {
    /// Adds what all members received in about the same time; `most` says for how many streams there is room.
    pub fn take(&mut self, mut messages: Vec<SharedMessage>, most: usize) {
        // In the order of sending, or each gap between two members' messages would be open for a while.
        messages.sort_unstable_by_key(|message| (message.group, message.key, message.seq));
        for SharedMessage { group, key, seq, sent_ns, arrival } in messages {
            let Group { counts, tracks } = self.groups.entry(group).or_default();
            if seq == 0 {
                counts.untracked += 1;
            } else if let Some(track) = tracks.get_mut(&key) {
                if track.take(seq, sent_ns) == Seen::Again {
                    counts.duplicates.count(arrival.qos, arrival.dup);
                }
            } else if self.streams < most {
                self.streams += 1;
                tracks.insert(key, Track::begin(seq, sent_ns, arrival.qos));
            } else {
                counts.untracked += 1;
            }
        }
    }

    /// Returns the group whose whole filter has this hash, or `None` if nothing arrived there.
    pub fn group(&self, group: u64) -> Option<&Group> {
        self.groups.get(&group)
    }
}

impl Group {
    /// Returns what arrived, by stream.
    pub fn tracks(&self) -> impl Iterator<Item = (StreamKey, &Track)> {
        self.tracks.iter().map(|(key, track)| (*key, track))
    }

    /// Returns the track of a stream, or `None` if nothing of it arrived.
    pub fn track(&self, key: &StreamKey) -> Option<&Track> {
        self.tracks.get(key)
    }
}

#[cfg(test)]
mod tests;
