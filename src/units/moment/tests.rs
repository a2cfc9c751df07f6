use proptest::prelude::*;

use super::*;

#[test]
fn moments_are_read_in_three_forms() {
    let unix = |s: u64, ms: u64| Ok(Moment::Unix(Duration::from_millis(s * 1_000 + ms)));
    let of_day = |s: u64, ms: u64| Ok(Moment::OfDay(Duration::from_millis(s * 1_000 + ms)));
    for (text, moment) in [
        ("2026-11-29T12:30:05Z", unix(1_795_955_405, 0)),
        ("2026-11-29T12:30:05.250z", unix(1_795_955_405, 250)),
        ("2026-11-29 13:30:05+01:00", unix(1_795_955_405, 0)),
        ("2026-11-29T09:00:05-03:30", unix(1_795_955_405, 0)),
        ("2026-11-29T12:30Z", unix(1_795_955_400, 0)),
        ("1795955405", unix(1_795_955_405, 0)),
        ("1795955405.25", unix(1_795_955_405, 250)),
        ("12:30", of_day(45_000, 0)),
        ("00:00:00", of_day(0, 0)),
        ("23:59:59.999", of_day(86_399, 999)),
    ] {
        assert_eq!(text.parse(), moment, "{text}");
    }
    for text in [
        "",
        "now",
        "12",
        "999999999",
        "-1795955405",
        "1e9",
        "24:00",
        "12:60",
        "12:30:60",
        "1:30",
        "12:3",
        "12:30:5",
        "2026-11-29",
        "2026-11-29T12:30:05",
        "2026-02-29T12:00:00Z",
        "2026-13-01T12:00:00Z",
        "26-11-29T12:00:00Z",
        "1969-12-31T12:00:00Z",
        "2026-11-29T12:30:05+1",
        "2026-11-29TZ",
        "12:30:00.",
        "12:30:00Z",
        "+12:30",
    ] {
        assert_eq!(text.parse::<Moment>(), Err(NotAMoment), "{text}");
    }
}

#[test]
fn a_time_of_day_is_the_nearest_one() {
    let at = |days: u64, of_day: u64| Duration::from_secs(days * 86_400 + of_day);
    let time = |of_day| Moment::OfDay(Duration::from_secs(of_day));
    assert_eq!(time(60).near(at(20_000, 86_390)), at(20_001, 60), "after midnight");
    assert_eq!(time(86_390).near(at(20_000, 60)), at(19_999, 86_390), "before midnight");
    assert_eq!(time(500).near(at(20_000, 400)), at(20_000, 500));
    assert_eq!(Moment::Unix(at(3, 0)).near(at(20_000, 0)), at(3, 0));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text: String, time in "[0-9:.TZ+-]{0,25}") {
        let _ = text.parse::<Moment>();
        let _ = time.parse::<Moment>();
    }
}
