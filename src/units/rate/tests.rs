use proptest::prelude::*;

use super::*;

#[test]
fn rates_are_read_with_their_times() {
    for (text, per_second) in [
        ("10/s", 10.0),
        ("0.5/s", 0.5),
        ("600/min", 10.0),
        ("1 / 10s", 0.1),
        ("3600/h", 1.0),
        ("5/100ms", 50.0),
    ] {
        assert_eq!(text.parse::<Rate>().map(Rate::as_per_second), Ok(per_second), "{text}");
    }
    assert_eq!("10/s".parse::<Rate>().map(Rate::period), Ok(Duration::from_millis(100)));
    let range: RateRange = "10/s..6000/min".parse().unwrap();
    assert_eq!((range.low.as_per_second(), range.high.as_per_second()), (10.0, 100.0));
}

#[test]
fn a_wrong_rate_says_why() {
    for (text, reason) in [
        ("10", "it has no `/` before a unit of time"),
        ("x/s", "`x` is not a number"),
        ("/s", "`` is not a number"),
        ("10/", "behind the `/`, it is empty"),
        ("10/parsec", "behind the `/`, `parsec` is not a unit of time (ns, us, ms, s, m, h, days, weeks)"),
        ("10/5", "behind the `/`, a unit is missing after 5"),
        ("0/s", "it must be above 0, and at most a thousand million a second"),
        ("-1/s", "it must be above 0, and at most a thousand million a second"),
        ("NaN/s", "it must be above 0, and at most a thousand million a second"),
        ("inf/s", "it must be above 0, and at most a thousand million a second"),
        ("1/0s", "it must be above 0, and at most a thousand million a second"),
    ] {
        assert_eq!(text.parse::<Rate>().map_err(|e| e.to_string()), Err(reason.to_owned()), "{text:?}");
    }
    let range = |text: &str| text.parse::<RateRange>().map_err(|e| e.to_string());
    assert_eq!(range("1/s"), Err("it has no `..` between two rates".to_owned()));
    assert_eq!(range("2/s..1/s"), Err("it goes down".to_owned()));
}

proptest! {
    #[test]
    fn a_shown_rate_reads_back(per_second in 1e-9..1e9_f64) {
        let rate = Rate::per_second(per_second).unwrap();
        prop_assert_eq!(rate.to_string().parse(), Ok(rate));
    }

    #[test]
    fn no_text_panics(text in "[0-9./a-z]{0,40}|\\PC{0,40}") {
        let _ = text.parse::<Rate>();
        let _ = text.parse::<RateRange>();
    }
}
