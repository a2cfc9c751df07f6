use std::collections::VecDeque;

use super::*;
use crate::mqtt::matches;

/// Shards at a broker whose messages take a millisecond; the clock of each is ahead by so many microseconds.
struct Broker {
    shards: Vec<(Meeting, u64)>,
    /// Which of them are here.
    here: Vec<usize>,
    queue: VecDeque<Said>,
    now_us: u64,
    /// How many tokens were drawn.
    drawn: u64,
}

impl Broker {
    fn new(clocks: &[u64]) -> Self {
        let of = u32::try_from(clocks.len()).unwrap();
        let shard = |(index, clock): (u32, &u64)| (meeting(index, of, u64::from(index) + 1), *clock);
        let shards = (0..of).zip(clocks).map(shard).collect();
        let now_us = 1_800_000_000_000_000;
        Self { shards, here: Vec::new(), queue: VecDeque::new(), now_us, drawn: u64::from(of) }
    }

    /// A process comes that is this shard.
    fn come(&mut self, shard: usize) {
        self.drawn += 1;
        let (before, clock) = &mut self.shards[shard];
        *before = meeting(before.shard.index(), before.shard.of(), self.drawn);
        let said = before.each_second(self.now_us + *clock);
        self.here.push(shard);
        self.queue.extend(said);
        self.pass();
    }

    /// A shard leaves, or it is killed and the broker publishes its will.
    fn leave(&mut self, shard: usize) {
        self.fall_silent(shard);
        self.queue.push_back(self.shards[shard].0.gone());
        self.pass();
    }

    fn fall_silent(&mut self, shard: usize) {
        self.here.retain(|here| *here != shard);
    }

    fn seconds(&mut self, seconds: u32) {
        for _ in 0..seconds {
            self.now_us += 1_000_000;
            for shard in self.here.clone() {
                let (meeting, clock) = &self.shards[shard];
                self.queue.extend(meeting.each_second(self.now_us + clock));
            }
            self.pass();
        }
    }

    fn deliver(&mut self, shard: usize, said: &Said) {
        let (meeting, clock) = &mut self.shards[shard];
        if meeting.filters().iter().any(|filter| matches(filter, &said.topic)) {
            let at_us = self.now_us + *clock;
            let heard = Heard { topic: said.topic.clone(), payload: said.payload.clone(), at_us };
            self.queue.extend(meeting.hear(&heard, at_us).unwrap());
        }
    }

    fn pass(&mut self) {
        while let Some(said) = self.queue.pop_front() {
            self.now_us += 1_000;
            for shard in self.here.clone() {
                self.deliver(shard, &said);
            }
        }
    }

    /// Which shards know when to begin.
    fn begin(&self) -> Vec<bool> {
        self.shards.iter().map(|(meeting, _)| meeting.began().is_some()).collect()
    }

    fn missing(&self, shard: usize) -> String {
        let (meeting, clock) = &self.shards[shard];
        meeting.missing(self.now_us + clock)
    }
}

fn meeting(index: u32, of: u32, token: u64) -> Meeting {
    Meeting::new(Shard::new(index, of).unwrap(), "load/sync", "r1", token)
}

#[test]
fn shards_begin_at_one_moment_whatever_their_clocks_say() {
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let clocks = [0, 5_000_000, 70_000];
        let mut broker = Broker::new(&clocks);
        for shard in order {
            assert_eq!(broker.begin(), [false; 3], "{order:?}");
            broker.come(shard);
            broker.seconds(1);
        }
        let true_us: Vec<u64> =
            broker.shards.iter().map(|(meeting, clock)| meeting.began().unwrap().at_us - clock).collect();
        assert!(true_us.iter().all(|at| at.abs_diff(true_us[0]) <= 1_000), "{order:?}: {true_us:?}");
        let clock = broker.shards[1].0.began().unwrap().clock;
        assert!((clock.ahead_us + 5_000_000).unsigned_abs() <= clock.within_us, "{clock:?}");
        assert!(!broker.shards[0].0.is_done(), "nobody has said that he has heard it");
        broker.leave(1);
        broker.leave(2);
        assert!(broker.shards.iter().all(|(meeting, _)| meeting.is_done()));
    }
}

#[test]
fn shards_begin_later_than_all_of_them_are_told() {
    let mut broker = Broker::new(&[0; 2]);
    broker.come(1);
    broker.come(0);
    assert!(broker.shards[1].0.began().unwrap().at_us > broker.now_us + LEAD_US / 2);
}

#[test]
fn a_shard_that_has_left_is_not_ready_any_more() {
    let mut broker = Broker::new(&[0; 3]);
    broker.come(0);
    broker.come(1);
    broker.leave(1);
    broker.come(2);
    broker.seconds(2);
    assert_eq!(broker.begin(), [false; 3]);
    for shard in [0, 2] {
        assert_eq!(broker.missing(shard), "shard 1 of 3 is not ready");
    }
    broker.come(1);
    assert_eq!(broker.begin(), [true; 3]);
}

#[test]
fn a_shard_that_is_silent_is_not_ready_any_more() {
    let mut broker = Broker::new(&[0; 3]);
    broker.come(0);
    broker.come(1);
    broker.fall_silent(1);
    broker.seconds(6);
    broker.come(2);
    assert_eq!(broker.begin(), [false; 3]);
    assert_eq!(broker.missing(0), "shard 1 of 3 is not ready");
}

#[test]
fn the_goodbye_of_a_process_does_not_take_out_the_one_in_its_place() {
    let mut broker = Broker::new(&[0; 3]);
    broker.come(0);
    broker.come(1);
    let late = broker.shards[1].0.gone();
    broker.fall_silent(1);
    broker.come(1);
    broker.queue.push_back(late);
    broker.come(2);
    assert_eq!(broker.begin(), [true; 3]);
}

#[test]
fn another_shard_0_finds_the_others_waiting_and_they_measure_its_clock() {
    for says_goodbye in [true, false] {
        let mut broker = Broker::new(&[0, 0, 0]);
        broker.come(1);
        broker.come(0);
        if says_goodbye {
            broker.leave(0);
        } else {
            broker.fall_silent(0);
        }
        broker.shards[0].1 = 9_000_000;
        broker.come(0);
        broker.seconds(1);
        broker.come(2);
        assert_eq!(broker.begin(), [true; 3]);
        let clock = broker.shards[1].0.began().unwrap().clock;
        assert!((clock.ahead_us - 9_000_000).unsigned_abs() <= clock.within_us, "{clock:?}");
    }
}

#[test]
fn the_clocks_are_those_of_the_start_even_if_shards_wait_long() {
    let mut broker = Broker::new(&[0; 3]);
    broker.come(0);
    broker.come(1);
    broker.shards[0].1 = 400_000;
    broker.seconds(20);
    broker.come(2);
    let clock = broker.shards[1].0.began().unwrap().clock;
    assert!((clock.ahead_us - 400_000).unsigned_abs() <= clock.within_us, "{clock:?}");
}

#[test]
fn whoever_waits_in_vain_says_for_whom() {
    let mut broker = Broker::new(&[0; 4]);
    broker.come(1);
    broker.seconds(2);
    assert_eq!(broker.missing(1), "shard 0 of 4 is not ready");
    broker.come(0);
    broker.seconds(1);
    for shard in [0, 1] {
        assert_eq!(broker.missing(shard), "shards 2, 3 of 4 are not ready");
    }
    broker.leave(0);
    assert_eq!(broker.missing(1), "shards 2, 3 of 4 are not ready, and shard 0 has left");

    let mut broker = Broker::new(&[0; 40]);
    broker.come(0);
    broker.come(1);
    broker.seconds(1);
    for shard in [0, 1] {
        assert_eq!(
            broker.missing(shard),
            "shards 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and more of 40 are not ready"
        );
    }
}

#[test]
fn other_divisions_are_told() {
    let heard = |topic: &str, payload: &str| Heard {
        topic: format!("load/sync/r1/{topic}"),
        payload: payload.to_owned(),
        at_us: 5,
    };
    let (mut first, mut second) = (meeting(0, 3, 1), meeting(1, 3, 2));
    for (topic, index) in [("ask/7", 7), ("gone/1", 1), ("missing", 0), ("gone/0", 0)] {
        let meeting = if index == 0 { &mut second } else { &mut first };
        let disagreement = Disagreement { index, others: 8, ours: 3 };
        assert_eq!(meeting.hear(&heard(topic, "99 8 1 2 3"), 5), Err(disagreement), "{topic}");
    }
    // What makes no sense says nothing.
    for (topic, payload) in [
        ("ask/x", "9 3 1 1 1"),
        ("ask/7", "9 3 1 1 1"),
        ("ask/0", "9 3 1 1 1"),
        ("ask/1", "9"),
        ("answer/1", ""),
        ("start", "soon"),
        ("start", "9 3 1800000000000000"),
        ("gone/2", "9 3"),
        ("", ""),
    ] {
        for meeting in [&mut first, &mut second] {
            assert_eq!(meeting.hear(&heard(topic, payload), 5), Ok(Vec::new()), "{topic}");
            assert_eq!(meeting.began(), None);
        }
    }
}

#[test]
fn a_clock_that_was_set_during_the_meeting_is_known_by_what_it_says_now() {
    let clock = ClockOffset { ahead_us: 2_000, within_us: 100 };
    let began = Began { at_us: 50_000_000, clock };
    assert_eq!(began.after_a_step(60_000_000, 60_000_999), began, "two readings are never one");
    let back = began.after_a_step(60_000_000, 30_000_000);
    assert_eq!((back.at_us, back.clock.ahead_us, back.clock.within_us), (20_000_000, 30_002_000, 100));
    // Shard 0 is not at its own meeting's time either.
    assert_eq!(Began::at(50_000_000).after_a_step(60_000_000, 61_500_000).clock.ahead_us, -1_500_000);
}
