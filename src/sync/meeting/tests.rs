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
