//! What a shard says when it hears something or a second is over, until it knows when to begin. It reads no clock and sends
//! nothing.
//!
//! ```text
//!            shard 0                                shard I
//! a second   missing: who is not ready              ask/I: it is here, and its time
//! ask/I      answer/I: the times of both            ·
//! answer/I   ·                                      asks again, up to ten times: then it is ready
//! missing    ·                                      asks at once, if this shard 0 is new to it
//! gone/I     I is not ready any more                shard 0 is not there any more
//! all ready  start: the moment                      begins, and is gone: so it has heard it
//! ```
//! Nothing is retained, and each message begins with a token of the process that sends it. So whoever was killed and whoever
//! takes its place, with the same run id, are told apart.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::shard::Shard;
use crate::sync::clocks::{ClockOffset, RoundTrip};

/// How many round trips a shard makes before it is ready. It keeps the latest, since clocks drift.
const ROUND_TRIPS: usize = 10;

/// So long after the last shard is ready they begin, in microseconds: longer than it takes to tell all of them.
const LEAD_US: u64 = 1_000_000;

/// Whoever was silent for so long is not there, in microseconds: each shard says something each second.
const SILENCE_US: u64 = 5_000_000;

/// More shards than these are not named.
const NAMED: usize = 10;

/// A message that a shard sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) topic: String,
    pub(super) payload: String,
    /// Whether the broker must acknowledge it. Others are said often, and nobody waits.
    pub(super) acknowledged: bool,
}

/// A message that a shard hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) topic: String,
    pub(super) payload: String,
    /// When it had been read, in microseconds of unix time.
    pub(super) at_us: u64,
}

/// When a shard begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Began {
    /// The moment by its own clock, in microseconds of unix time.
    pub at_us: u64,
    /// How far the clock of shard 0 is ahead.
    pub clock: ClockOffset,
}

/// A clock that differs by less from itself was not set, in microseconds.
const SET_US: i64 = 1_000;

impl Began {
    /// At this moment of its own clock, which is that of shard 0.
    pub(super) fn at(at_us: u64) -> Self {
        Self { at_us, clock: ClockOffset::default() }
    }

    /// The same by the machine's clock, which says `machine_us` when that of the meeting says `own_us`.
    pub(super) fn after_a_step(mut self, own_us: u64, machine_us: u64) -> Self {
        let set_us = machine_us.cast_signed().saturating_sub(own_us.cast_signed());
        if set_us.abs() >= SET_US {
            self.at_us = self.at_us.saturating_add_signed(set_us);
            self.clock.ahead_us = self.clock.ahead_us.saturating_sub(set_us);
        }
        self
    }
}

/// A shard of the run was started with another N.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "shard {index} says that the run has {others} shards, and here it has {ours}\nhelp: give all shards the same N of \
     --shard I/N"
)]
pub(super) struct Disagreement {
    index: u32,
    others: u64,
    ours: u32,
}

/// Another shard that is there.
#[derive(Debug, Clone, Copy)]
struct Other {
    token: u64,
    is_ready: bool,
    heard_us: u64,
}

impl Other {
    fn is_here(self, now_us: u64) -> bool {
        now_us.saturating_sub(self.heard_us) <= SILENCE_US
    }
}

/// The meeting, as one shard sees it.
#[derive(Debug)]
pub(super) struct Meeting {
    shard: Shard,
    /// What all topics begin with.
    base: String,
    /// Drawn by each process.
    token: u64,
    /// The others: all of them in shard 0, and shard 0 in the others.
    others: BTreeMap<u32, Other>,
    /// Which have heard of the start.
    told: BTreeSet<u32>,
    /// Who is not ready, as shard 0 has said.
    missing: Vec<u32>,
    trips: Vec<RoundTrip>,
    began: Option<Began>,
}

impl Meeting {
    pub(super) fn new(shard: Shard, topic: &str, run_id: &str, token: u64) -> Self {
        Self {
            shard,
            base: format!("{topic}/{run_id}"),
            token,
            others: BTreeMap::new(),
            told: BTreeSet::new(),
            missing: Vec::new(),
            trips: Vec::new(),
            began: None,
        }
    }

    /// What it listens to.
    pub(super) fn filters(&self) -> Vec<String> {
        let answer = format!("answer/{}", self.shard.index());
        let filters: &[&str] =
            if self.is_first() { &["ask/+", "gone/+"] } else { &[&answer, "missing", "start", "gone/0"] };
        filters.iter().map(|filter| format!("{}/{filter}", self.base)).collect()
    }

    /// When it begins, once that is known.
    pub(super) fn began(&self) -> Option<Began> {
        self.began
    }

    /// Whether it has nothing left to hear: it knows when to begin and, in shard 0, all have heard of it.
    pub(super) fn is_done(&self) -> bool {
        let all_told = !self.is_first() || self.told.len() + 1 >= self.shard.of() as usize;
        self.began.is_some() && all_told
    }

    /// Who is missing, in words.
    pub(super) fn missing(&self, now_us: u64) -> String {
        let mut missing = if self.is_first() { self.not_ready(now_us) } else { self.missing.clone() };
        // What shard 0 said last may be a second old.
        missing.retain(|index| *index != self.shard.index() || self.trips.len() < ROUND_TRIPS);
        let has_left = !self.is_first() && !self.others.get(&0).is_some_and(|first| first.is_here(now_us));
        if missing.is_empty() {
            missing.push(0);
        }
        let named: Vec<_> = missing.iter().take(NAMED).map(u32::to_string).collect();
        let more = if missing.len() > NAMED { " and more" } else { "" };
        let (shards, are) = if missing.len() == 1 { ("shard", "is") } else { ("shards", "are") };
        let has_left = if has_left && missing != [0] { ", and shard 0 has left" } else { "" };
        format!("{shards} {}{more} of {} {are} not ready{has_left}", named.join(", "), self.shard.of())
    }

    /// What it says when it has subscribed, and again and again.
    pub(super) fn each_second(&self, now_us: u64) -> Vec<Said> {
        if self.began.is_some() {
            return Vec::new();
        }
        if !self.is_first() {
            return vec![Said { acknowledged: true, ..self.ask(now_us) }];
        }
        let missing: Vec<_> = self.not_ready(now_us).into_iter().map(u64::from).take(NAMED + 1).collect();
        vec![self.said("missing", &missing, true)]
    }

    /// What the others hear when it is gone, even if it was killed.
    pub(super) fn gone(&self) -> Said {
        self.said(&format!("gone/{}", self.shard.index()), &[], true)
    }

    /// A message has come; now it is so late.
    pub(super) fn hear(&mut self, heard: &Heard, now_us: u64) -> Result<Vec<Said>, Disagreement> {
        let path = heard.topic.strip_prefix(&self.base).and_then(|rest| rest.strip_prefix('/'));
        let (what, index) = path.map_or(("", ""), |path| path.split_once('/').unwrap_or((path, "0")));
        let numbers: Vec<u64> = heard.payload.split(' ').map_while(|number| number.parse().ok()).collect();
        let (Ok(index), [token, of, rest @ ..]) = (index.parse::<u32>(), &numbers[..]) else {
            return Ok(Vec::new());
        };
        let (token, ours) = (*token, self.shard.of());
        if *of != u64::from(ours) {
            return Err(Disagreement { index, others: *of, ours });
        }
        Ok(match (what, rest) {
            ("ask", &[first, trips, left_us]) if self.is_first() && (1..ours).contains(&index) => {
                let is_ready = first == self.token && trips >= ROUND_TRIPS as u64;
                self.others.insert(index, Other { token, is_ready, heard_us: heard.at_us });
                let answer = [token, left_us, heard.at_us];
                let answer = self.said(&format!("answer/{index}"), &answer, false);
                std::iter::once(answer).chain(self.start(now_us)).collect()
            }
            ("answer", &[asker, left_us, there_us]) if !self.is_first() && asker == self.token => {
                self.hears_first(token, heard.at_us);
                self.trips.push(RoundTrip { left_us, there_us, back_us: heard.at_us });
                if self.trips.len() > ROUND_TRIPS {
                    self.trips.remove(0);
                    return Ok(Vec::new());
                }
                vec![self.ask(now_us)]
            }
            ("missing", missing) if !self.is_first() => {
                self.missing = missing.iter().filter_map(|&index| index.try_into().ok()).collect();
                let is_new = self.hears_first(token, heard.at_us);
                is_new.then(|| self.ask(now_us)).into_iter().collect()
            }
            ("gone", []) => {
                if self.others.get(&index).is_some_and(|other| other.token == token) {
                    if self.began.is_some() {
                        self.told.insert(index);
                    } else {
                        self.others.remove(&index);
                    }
                }
                Vec::new()
            }
            ("start", &[start_us]) if !self.is_first() => {
                // Of another process than it has measured with, it knows no clock.
                self.hears_first(token, heard.at_us);
                let clock = ClockOffset::of(&self.trips);
                self.began = clock.map(|clock| Began { at_us: clock.ours(start_us), clock });
                Vec::new()
            }
            _ => Vec::new(),
        })
    }

    fn is_first(&self) -> bool {
        self.shard.index() == 0
    }

    /// Shard 0 has said something; whether it is another process than before. Its clock may be another one then.
    fn hears_first(&mut self, token: u64, heard_us: u64) -> bool {
        let before = self.others.insert(0, Other { token, is_ready: true, heard_us });
        let is_new = before.is_none_or(|before| before.token != token);
        if is_new {
            self.trips.clear();
        }
        is_new
    }

    /// In shard 0: who is not ready.
    fn not_ready(&self, now_us: u64) -> Vec<u32> {
        let is_ready = |other: &Other| other.is_ready && other.is_here(now_us);
        (1..self.shard.of()).filter(|index| !self.others.get(index).is_some_and(is_ready)).collect()
    }

    /// In shard 0: the start, once all are ready.
    fn start(&mut self, now_us: u64) -> Option<Said> {
        // Most often somebody has not come, and that is seen at once.
        let have_come = self.others.len() + 1 == self.shard.of() as usize;
        if self.began.is_some() || !have_come || !self.not_ready(now_us).is_empty() {
            return None;
        }
        let at_us = now_us + LEAD_US;
        self.began = Some(Began::at(at_us));
        Some(self.said("start", &[at_us], true))
    }

    fn ask(&self, now_us: u64) -> Said {
        let first = self.others.get(&0).map_or(0, |first| first.token);
        let numbers = [first, self.trips.len() as u64, now_us];
        self.said(&format!("ask/{}", self.shard.index()), &numbers, false)
    }

    fn said(&self, path: &str, numbers: &[u64], acknowledged: bool) -> Said {
        let all = [self.token, self.shard.of().into()];
        let payload: Vec<_> = all.iter().chain(numbers).map(u64::to_string).collect();
        Said { topic: format!("{}/{path}", self.base), payload: payload.join(" "), acknowledged }
    }
}

#[cfg(test)]
mod tests;
