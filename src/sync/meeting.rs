//! What a shard says when it hears something, until it knows when to begin. It reads no clock and sends nothing.
//!
//! ```text
//!            shard 0                                shard I
//! begin      says that it is ready                  ·
//! ready/0    ·                                      asks for the time, the first time
//! ask/I      answers                                ·
//! answer/I   ·                                      asks again; with the last answer it says that it is ready
//! ready/I    counted; with the last one it says     ·
//!            when to start
//! start      ·                                      says that it has heard it, and begins
//! ```

use std::collections::BTreeSet;

use crate::plan::shard::Shard;
use crate::sync::clocks::{ClockOffset, RoundTrip};

/// How many round trips a shard makes.
const ROUND_TRIPS: usize = 10;

/// So long after the last shard is ready they begin, in microseconds: longer than it takes to tell all of them.
const LEAD_US: u64 = 1_000_000;

/// A message that a shard sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) topic: String,
    pub(super) payload: String,
    pub(super) retain: bool,
}

/// A message that a shard hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) topic: String,
    pub(super) payload: String,
    /// Whether it is from before the shard was there.
    pub(super) is_old: bool,
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

/// Why shards cannot meet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Disagreement {
    #[error(
        "shard {index} says that the run has {others} shards, and here it has {ours}\nhelp: give all shards the same N of \
         --shard I/N"
    )]
    Division { index: u32, others: String, ours: u32 },
    #[error("a run with this run id has started already\nhelp: give each run a --run-id of its own")]
    Started,
}

/// The meeting, as one shard sees it.
#[derive(Debug)]
pub(super) struct Meeting {
    shard: Shard,
    /// What all topics begin with.
    base: String,
    /// Which shards are ready, of those that this one hears of.
    ready: BTreeSet<u32>,
    /// Which have heard of the start.
    told: BTreeSet<u32>,
    asked: bool,
    trips: Vec<RoundTrip>,
    began: Option<Began>,
}

impl Meeting {
    pub(super) fn new(shard: Shard, topic: &str, run_id: &str) -> Self {
        Self {
            shard,
            base: format!("{topic}/{run_id}"),
            ready: BTreeSet::new(),
            told: BTreeSet::new(),
            asked: false,
            trips: Vec::new(),
            began: None,
        }
    }

    /// What it listens to.
    pub(super) fn filters(&self) -> Vec<String> {
        let base = &self.base;
        match self.shard.index() {
            0 => vec![format!("{base}/ready/+"), format!("{base}/ask/+")],
            index => {
                vec![format!("{base}/ready/0"), format!("{base}/answer/{index}"), format!("{base}/start")]
            }
        }
    }

    /// When it begins, once that is known.
    pub(super) fn began(&self) -> Option<Began> {
        self.began
    }

    /// Whether it has nothing left to hear: it knows when to begin and, in shard 0, all have heard of it.
    pub(super) fn is_done(&self) -> bool {
        let all_told = self.shard.index() != 0 || self.told.len() >= self.shard.of() as usize;
        self.began.is_some() && all_told
    }

    /// Who is missing, in words.
    pub(super) fn missing(&self) -> String {
        let missing: Vec<_> =
            (0..self.shard.of()).filter(|index| !self.ready.contains(index)).map(|i| i.to_string()).collect();
        match (self.shard.index(), &missing[..]) {
            (0, [one]) => format!("shard {one} of {} is not ready", self.shard.of()),
            (0, _) => format!("shards {} of {} are not ready", missing.join(", "), self.shard.of()),
            _ if self.ready.is_empty() => "shard 0 is not ready".to_owned(),
            _ => "shard 0 is there but gives no start, so another shard may be missing".to_owned(),
        }
    }

    /// It has subscribed.
    pub(super) fn begin(&self) -> Vec<Said> {
        if self.shard.index() == 0 { vec![self.is_ready()] } else { Vec::new() }
    }

    /// What it leaves behind is cleared.
    pub(super) fn clear(&self) -> Vec<Said> {
        let mut said = vec![self.retained(&format!("ready/{}", self.shard.index()), String::new())];
        if self.shard.index() == 0 {
            said.push(self.retained("start", String::new()));
        }
        said
    }

    /// A message has come; now it is so late.
    pub(super) fn hear(&mut self, heard: &Heard, now_us: u64) -> Result<Vec<Said>, Disagreement> {
        let Some(path) = heard.topic.strip_prefix(&self.base).and_then(|rest| rest.strip_prefix('/')) else {
            return Ok(Vec::new());
        };
        let (what, index) = path.split_once('/').unwrap_or((path, ""));
        let index: Option<u32> = index.parse().ok().filter(|index| *index < self.shard.of());
        let numbers: Vec<u64> = heard.payload.split(' ').map_while(|number| number.parse().ok()).collect();
        match (what, index, &numbers[..]) {
            ("ready", Some(index), _) => self.ready(index, &heard.payload, now_us),
            ("ask", Some(index), [left_us]) if self.shard.index() == 0 => {
                let payload = format!("{left_us} {}", heard.at_us);
                Ok(vec![Said { topic: format!("{}/answer/{index}", self.base), payload, retain: false }])
            }
            ("answer", Some(_), &[left_us, there_us]) if self.shard.index() != 0 => {
                self.trips.push(RoundTrip { left_us, there_us, back_us: heard.at_us });
                Ok(vec![if self.trips.len() < ROUND_TRIPS { self.ask(now_us) } else { self.is_ready() }])
            }
            ("start", _, &[start_us]) if self.shard.index() != 0 => self.start(start_us, heard.is_old),
            _ => Ok(Vec::new()),
        }
    }

    fn ready(&mut self, index: u32, payload: &str, now_us: u64) -> Result<Vec<Said>, Disagreement> {
        if payload.is_empty() {
            self.told.insert(index);
            return Ok(Vec::new());
        }
        if payload.parse() != Ok(self.shard.of()) {
            let (others, ours) = (payload.chars().take(10).collect(), self.shard.of());
            return Err(Disagreement::Division { index, others, ours });
        }
        self.ready.insert(index);
        if self.shard.index() != 0 {
            let asks = !std::mem::replace(&mut self.asked, true);
            return Ok(if asks { vec![self.ask(now_us)] } else { Vec::new() });
        }
        if self.began.is_some() || self.ready.len() < self.shard.of() as usize {
            return Ok(Vec::new());
        }
        // Alone there is nobody to tell.
        let at_us = if self.shard.is_whole() { now_us } else { now_us + LEAD_US };
        self.began = Some(Began { at_us, clock: ClockOffset::default() });
        Ok(vec![self.retained("start", at_us.to_string()), self.retained("ready/0", String::new())])
    }

    fn start(&mut self, start_us: u64, is_old: bool) -> Result<Vec<Said>, Disagreement> {
        let Some(clock) = ClockOffset::of(&self.trips).filter(|_| !is_old) else {
            return Err(Disagreement::Started);
        };
        if self.began.is_none() {
            self.began = Some(Began { at_us: clock.ours(start_us), clock });
        }
        Ok(vec![self.retained(&format!("ready/{}", self.shard.index()), String::new())])
    }

    fn ask(&self, now_us: u64) -> Said {
        let topic = format!("{}/ask/{}", self.base, self.shard.index());
        Said { topic, payload: now_us.to_string(), retain: false }
    }

    fn is_ready(&self) -> Said {
        self.retained(&format!("ready/{}", self.shard.index()), self.shard.of().to_string())
    }

    fn retained(&self, path: &str, payload: String) -> Said {
        Said { topic: format!("{}/{path}", self.base), payload, retain: true }
    }
}

#[cfg(test)]
mod tests;
