use super::*;

/// End of the stream, and how much of it has arrived.
struct Bytes(u64, u64);

impl Way for Bytes {
    fn end(&self) -> u64 {
        self.0
    }

    fn arrived(&self) -> u64 {
        self.1
    }
}

const NOTHING: Bytes = Bytes(100, 100);

fn begin(seconds: u16) -> (KeepAlive, impl Fn(u64) -> Instant) {
    let start = Instant::now();
    (KeepAlive::new(seconds, start).unwrap(), move |second| start + Duration::from_secs(second))
}

fn overdue(seconds: u64) -> Failure {
    Failure::AckTimeout(Ack::Pingresp, Duration::from_secs(seconds))
}

#[test]
fn who_sends_and_hears_nothing_pings_and_who_hears_and_sends_nothing_too() {
    for sends in [true, false] {
        let (mut alive, at) = begin(2);
        for second in 1..=2 {
            assert_eq!(alive.due(), at(2));
            if sends {
                alive.sent(at(second));
            } else {
                alive.heard(at(second));
            }
        }
        assert_eq!(alive.must_ping(at(2), &NOTHING), Ok(true));
    }
    let (mut alive, at) = begin(2);
    alive.sent(at(1));
    alive.heard(at(1));
    assert_eq!(alive.must_ping(at(2), &NOTHING), Ok(false), "both is no silence");
    assert_eq!(alive.due(), at(3));
}

#[test]
fn an_answer_has_its_time_whatever_is_sent_meanwhile() {
    let (mut alive, at) = begin(2);
    assert_eq!(alive.must_ping(at(2), &NOTHING), Ok(true));
    alive.sent(at(3));
    assert_eq!(alive.due(), at(4));
    assert_eq!(alive.must_ping(at(4), &Bytes(500, 500)), Err(overdue(2)));
    let (mut alive, at) = begin(30);
    assert_eq!(alive.must_ping(at(30), &NOTHING), Ok(true));
    assert_eq!(alive.must_ping(at(39), &NOTHING), Ok(false));
    assert!(alive.answered() && !alive.answered());
    alive.heard(at(39));
    assert_eq!(alive.due(), at(60));
    assert_eq!(alive.must_ping(at(60), &NOTHING), Ok(true));
    assert_eq!(alive.must_ping(at(70), &NOTHING), Err(overdue(10)), "ten seconds at most");
}

#[test]
fn the_wait_begins_when_what_was_sent_before_has_arrived() {
    let (mut alive, at) = begin(2);
    assert_eq!(alive.must_ping(at(2), &Bytes(1000, 100)), Ok(true));
    for (second, arrived) in [(4, 400), (6, 900), (8, 1000)] {
        assert_eq!(alive.must_ping(at(second), &Bytes(5000, arrived)), Ok(false), "{second}");
    }
    assert_eq!(alive.must_ping(at(10), &Bytes(5000, 5000)), Err(overdue(2)));
    // What does not move is not alive.
    let (mut alive, at) = begin(2);
    assert_eq!(alive.must_ping(at(2), &Bytes(1000, 100)), Ok(true));
    assert_eq!(alive.must_ping(at(4), &Bytes(1000, 100)), Err(overdue(2)));
}

#[test]
fn a_broker_that_is_heard_lives_and_is_told_that_we_do() {
    let (mut alive, at) = begin(3);
    assert_eq!(alive.must_ping(at(3), &NOTHING), Ok(true));
    alive.heard(at(5));
    assert_eq!(alive.due(), at(6));
    assert_eq!(alive.must_ping(at(6), &NOTHING), Ok(true), "nothing was sent for three seconds");
    assert!(alive.answered() && alive.answered() && !alive.answered(), "each is answered once");
}
