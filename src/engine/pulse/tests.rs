use super::*;

fn at(monotonic: u64, boot: u64) -> Beat {
    Beat { monotonic: Duration::from_millis(monotonic), boot: Duration::from_millis(boot) }
}

#[test]
fn a_gap_of_either_clock_is_told_with_its_length() {
    let gaps = |beats: &[Beat]| {
        let mut seen = Beats { last: beats[0], gaps: Vec::new() };
        beats[1..].iter().for_each(|beat| seen.beat(*beat));
        seen.gaps.iter().map(|gap| (gap.length.as_millis(), gap.in_run.as_millis())).collect::<Vec<_>>()
    };
    assert_eq!(gaps(&[at(0, 0), at(50, 50), at(550, 550), at(600, 600)]), []);
    assert_eq!(gaps(&[at(0, 7), at(50, 57), at(551, 558), at(600, 607)]), [(501, 501)]);
    assert_eq!(gaps(&[at(0, 0), at(4_000, 4_000), at(4_050, 4_050)]), [(4_000, 4_000)], "stopped");
    assert_eq!(gaps(&[at(0, 0), at(50, 9_050), at(100, 9_100)]), [(9_050, 50)], "suspended");
    // Who is first awake tells it, and nobody twice.
    assert_eq!(gaps(&[at(0, 0), at(2_000, 2_000), at(2_001, 2_001), at(2_002, 2_002)]), [(2_000, 2_000)]);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "it waits for another thread, in real time")]
fn it_ends_with_its_last_handle() {
    let pulse = Pulse::start();
    let beats = Arc::downgrade(&pulse.0);
    drop(pulse);
    thread::sleep(3 * PERIOD);
    assert!(beats.upgrade().is_none(), "nothing beats any more");
}
