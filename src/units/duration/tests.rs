use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Result<Duration, String> {
    text.parse::<HumanDuration>().map(|duration| duration.0).map_err(|error| error.to_string())
}

#[test]
fn lengths_of_time_are_read_with_their_units() {
    for (text, millis) in [
        ("0s", 0),
        ("500ms", 500),
        ("1.5s", 1_500),
        ("0.25 h", 900_000),
        ("1h30m20s", 5_420_000),
        ("1h 30m", 5_400_000),
        ("2 minutes", 120_000),
    ] {
        assert_eq!(read(text), Ok(Duration::from_millis(millis)), "{text}");
    }
}

#[test]
fn a_run_time_may_be_plain_seconds() {
    for (text, millis) in
        [("30", 30_000), ("0.5", 500), ("0", 0), (" 2 ", 2_000), ("1.5s", 1_500), ("1h30m", 5_400_000)]
    {
        assert_eq!(parse_run_time(text).unwrap(), Duration::from_millis(millis), "{text}");
    }
    for text in ["", ".", "1.2.3", "-1", "inf", "nan", "1e3", "99999999999999999999"] {
        assert!(parse_run_time(text).is_err(), "{text}");
    }
}

#[test]
fn a_wrong_length_of_time_says_why() {
    for (text, reason) in [
        ("", "it is empty"),
        ("  ", "it is empty"),
        ("30", "a unit is missing after 30"),
        ("1.5", "a unit is missing after 1.5"),
        ("1h 30", "a unit is missing after 30"),
        ("3 parsecs", "`parsecs` is not a unit of time (ns, us, ms, s, m, h, days, weeks)"),
        ("-5s", "`-` is not expected there"),
        ("5s, 3ms", "`,` is not expected there"),
        ("soon", "a number is missing before `soon`"),
        ("0.5ns", "the number is too large or too fine"),
        ("99999999999999999999s", "the number is too large or too fine"),
        ("18446744073709551615s 1000000000ns", "the number is too large or too fine"),
        ("18446744073709 551615s 1000000000ns", "the number is too large or too fine"),
        ("é", "a number is missing before `é`"),
        ("5é", "`é` is not expected there"),
    ] {
        assert_eq!(read(text), Err(reason.to_owned()), "{text:?}");
    }
}

proptest! {
    #[test]
    fn a_shown_length_of_time_reads_back(seconds in 0..1_000_000_000_000_u64, nanos in 0..1_000_000_000_u32) {
        let duration = HumanDuration(Duration::new(seconds, nanos));
        prop_assert_eq!(duration.to_string().parse(), Ok(duration));
    }

    #[test]
    fn no_text_panics(text in "[0-9. a-zµ-]{0,70}|\\PC{0,40}") {
        let _ = text.parse::<HumanDuration>();
        let _ = parse_run_time(&text);
    }
}
