use super::*;

const LEAVE: Duration = Duration::from_secs(5);

#[tokio::test(start_paused = true)]
async fn the_drain_is_over_when_the_last_messages_had_their_time() {
    let now = Instant::now();
    let mut drain = Drain::new(true);
    assert!(drain.begin() && drain.is_waiting());
    assert!(!drain.begin(), "once");
    assert_eq!(drain.due(), None);
    drain.all_done_sending(now);
    assert!(!drain.is_waiting());
    assert_eq!(drain.due(), Some(now + SETTLE_TIME));
    assert!(!drain.is_over(now));
    drain.hurry(now, LEAVE);
    assert!(drain.is_over(now + SETTLE_TIME) && !drain.is_over(now + LEAVE), "once");
    drain.hurry(now, LEAVE);
    assert_eq!(drain.due(), None);
}

#[tokio::test(start_paused = true)]
async fn users_that_go_on_sending_do_not_prolong_the_drain() {
    let now = Instant::now();
    let mut drain = Drain::new(true);
    drain.hurry(now, LEAVE);
    assert_eq!(drain.due(), None, "the run goes on");
    drain.begin();
    drain.hurry(now, LEAVE);
    assert_eq!(drain.due(), Some(now + LEAVE / 2));
    drain.all_done_sending(now + LEAVE / 2 - SETTLE_TIME / 2);
    assert_eq!(drain.due(), Some(now + LEAVE / 2));
    assert!(!Drain::new(false).begin(), "nobody receives");
}
