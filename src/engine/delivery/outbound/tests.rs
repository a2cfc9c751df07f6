use super::*;

fn outbound() -> Outbound {
    Outbound::new(Publisher { run: 1, user: 1 })
}

fn send(outbound: &mut Outbound, due: Instant) -> Instant {
    let time_ns = outbound.streams.first().map_or(1, |stream| stream.sent + 1);
    let begin = |key| Some(Published::new(key, "t".into(), 0, 1, false));
    let stamped = outbound.stamp(due, (0, None), None, |_| time_ns, begin);
    outbound.sent(&stamped);
    stamped.due
}

#[tokio::test(start_paused = true)]
async fn a_failed_message_is_identified_by_its_moment() {
    let mut outbound = outbound();
    let now = Instant::now();
    // One reading of the clock serves several steps.
    let dues: Vec<_> = (0..6).map(|_| send(&mut outbound, now)).collect();
    assert!(dues.is_sorted_by(|a, b| a < b) && dues[5] - now < Duration::from_nanos(6));
    outbound.completed(dues[2], true);
    outbound.completed(dues[1], false);
    outbound.completed(dues[0], false);
    assert_eq!(outbound.open.len(), 3, "those in front are gone");
    outbound.completed(dues[4], true);
    outbound.completed(dues[4] + Duration::from_secs(1), true);
    outbound.completed(dues[3], false);
    let published = outbound.into_published();
    assert_eq!(published[0].sent, 6);
    let failed: Vec<u64> = (1..=6).filter(|seq| published[0].failed_in(*seq, *seq) == 1).collect();
    assert_eq!(failed, [3, 5, 6], "the last one had no end");
}

#[test]
fn each_step_and_topic_is_a_stream() {
    let mut outbound = outbound();
    let mut stream = |step, topic, room: bool| {
        outbound.stream(step, topic, |key| room.then(|| Published::new(key, "t".into(), 0, 0, false)))
    };
    assert_eq!(stream(0, 0, true), Some(0));
    assert_eq!(stream(0, 0, false), Some(0));
    assert_eq!(stream(0, 7, true), Some(1));
    assert_eq!(stream(1, 0, true), Some(2));
    assert_eq!(stream(1, 7, false), None);
    assert_eq!(stream(0, 7, false), Some(1));
}
