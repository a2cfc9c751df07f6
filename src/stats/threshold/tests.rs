use super::*;

#[test]
fn what_may_still_be_met_does_not_end_a_run() {
    let after = |s| Some(Check::EachSecondAfter(Duration::from_secs(s)));
    let at_the_end = Some(Check::AtTheEndOfTheStage);
    for (text, by_default, after_a_minute) in [
        // Never met again.
        ("failures < 10", after(0), after(60)),
        ("requests <= 1000", after(0), after(60)),
        ("max < 1s", after(0), after(60)),
        ("p100 < 1s", after(0), after(60)),
        ("min > 1ms", after(0), after(60)),
        ("generator_limited < 5", after(0), after(60)),
        ("send_lag_max < 50ms", after(0), after(60)),
        // Rises and falls.
        ("p99 < 50ms", after(10), after(60)),
        ("succeeded_p99 < 50ms", after(10), after(60)),
        ("average > 1ms", after(10), after(60)),
        ("failures < 1%", after(10), after(60)),
        ("send_lag_p99 < 5ms", after(10), after(60)),
        ("generator_cpu < 1", after(10), after(60)),
        ("failures/s < 1", after(10), after(60)),
        // Met later, perhaps.
        ("requests > 1000", at_the_end, at_the_end),
        ("connects >= 100", at_the_end, at_the_end),
        ("min < 1ms", at_the_end, at_the_end),
        ("rps > 100", at_the_end, after(60)),
    ] {
        let mut threshold = Threshold::parse(text).unwrap();
        assert_eq!(threshold.check(), None);
        threshold.abort = Some(Abort::default());
        assert_eq!(threshold.check(), by_default, "{text}");
        threshold.abort = Some(Abort { after: Some(Duration::from_mins(1)) });
        assert_eq!(threshold.check(), after_a_minute, "{text}");
    }
}
