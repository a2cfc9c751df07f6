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
mod tests {
    use std::collections::VecDeque;

    use super::*;
    use crate::mqtt::matches;

    /// Shards at a broker whose messages take a millisecond; the clock of each is ahead by so many microseconds.
    struct Broker {
        shards: Vec<(Meeting, u64)>,
        /// Which of them have come.
        here: Vec<usize>,
        queue: VecDeque<Said>,
        retained: Vec<Said>,
        now_us: u64,
    }

    impl Broker {
        fn new(clocks: &[u64]) -> Self {
            let of = u32::try_from(clocks.len()).unwrap();
            let shard = |(index, clock): (u32, &u64)| {
                (Meeting::new(Shard::new(index, of).unwrap(), "load/sync", "r1"), *clock)
            };
            let shards = (0..of).zip(clocks).map(shard).collect();
            let now_us = 1_800_000_000_000_000;
            Self { shards, here: Vec::new(), queue: VecDeque::new(), retained: Vec::new(), now_us }
        }

        /// A shard comes: it gets what is retained, and says what it has to say.
        fn come(&mut self, shard: usize) {
            let old = self.retained.clone();
            for said in old {
                self.deliver(shard, &said, true);
            }
            self.here.push(shard);
            self.queue.extend(self.shards[shard].0.begin());
            self.pass();
        }

        fn deliver(&mut self, shard: usize, said: &Said, is_old: bool) {
            let (meeting, clock) = &mut self.shards[shard];
            if meeting.filters().iter().any(|filter| matches(filter, &said.topic)) {
                let at_us = self.now_us + *clock;
                let (topic, payload) = (said.topic.clone(), said.payload.clone());
                let heard = Heard { topic, payload, is_old, at_us };
                self.queue.extend(meeting.hear(&heard, at_us).unwrap());
            }
        }

        fn pass(&mut self) {
            while let Some(said) = self.queue.pop_front() {
                self.now_us += 1_000;
                if said.retain {
                    self.retained.retain(|old| old.topic != said.topic);
                    self.retained.extend((!said.payload.is_empty()).then(|| said.clone()));
                }
                for shard in self.here.clone() {
                    self.deliver(shard, &said, false);
                }
            }
        }
    }

    #[test]
    fn shards_begin_at_one_moment_whatever_their_clocks_say_and_clear_up() {
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
            let clocks = [0, 5_000_000, 70_000];
            let mut broker = Broker::new(&clocks);
            for shard in order {
                assert!(broker.shards.iter().all(|(meeting, _)| meeting.began().is_none()), "{order:?}");
                broker.come(shard);
            }
            let true_us: Vec<u64> =
                broker.shards.iter().map(|(meeting, clock)| meeting.began().unwrap().at_us - clock).collect();
            assert!(true_us.iter().all(|at| at.abs_diff(true_us[0]) <= 1_000), "{order:?}: {true_us:?}");
            assert!(true_us[0] > broker.now_us - LEAD_US);
            let clock = broker.shards[1].0.began().unwrap().clock;
            assert!((clock.ahead_us + 5_000_000).unsigned_abs() <= clock.within_us, "{clock:?}");
            assert!(broker.shards.iter().all(|(meeting, _)| meeting.is_done()));
            broker.queue.extend(broker.shards[0].0.clear());
            broker.pass();
            assert_eq!(broker.retained, []);
        }
    }

    #[test]
    fn one_process_meets_itself_and_begins_at_once() {
        let mut broker = Broker::new(&[0]);
        broker.come(0);
        assert!(broker.shards[0].0.began().unwrap().at_us <= broker.now_us);
    }

    #[test]
    fn whoever_waits_in_vain_says_for_whom() {
        let mut broker = Broker::new(&[0; 4]);
        assert_eq!(broker.shards[1].0.missing(), "shard 0 is not ready");
        broker.come(0);
        broker.come(1);
        assert_eq!(broker.shards[0].0.missing(), "shards 2, 3 of 4 are not ready");
        assert_eq!(
            broker.shards[1].0.missing(),
            "shard 0 is there but gives no start, so another shard may be missing"
        );
    }

    #[test]
    fn other_divisions_and_runs_that_have_started_are_told() {
        let heard = |topic: &str, payload: &str, is_old| Heard {
            topic: format!("t/r1/{topic}"),
            payload: payload.to_owned(),
            is_old,
            at_us: 5,
        };
        let mut first = Meeting::new(Shard::new(0, 3).unwrap(), "t", "r1");
        let ours = 3;
        assert_eq!(
            first.hear(&heard("ready/1", "4", false), 5),
            Err(Disagreement::Division { index: 1, others: "4".to_owned(), ours })
        );
        let mut second = Meeting::new(Shard::new(1, 3).unwrap(), "t", "r1");
        assert_eq!(second.hear(&heard("start", "1800000000000000", true), 5), Err(Disagreement::Started));
        // What makes no sense says nothing.
        for (topic, payload) in
            [("ask/x", "1"), ("ask/7", "1"), ("answer/1", ""), ("start", "soon"), ("", ""), ("ready", "3")]
        {
            for meeting in [&mut first, &mut second] {
                assert_eq!(meeting.hear(&heard(topic, payload, false), 5), Ok(Vec::new()), "{topic}");
            }
        }
    }
}
