use super::*;

#[test]
fn numbers_of_other_spellings_are_read() {
    for (text, whole, plain) in [
        ("10", true, Some("10")),
        ("1_000", true, Some("1000")),
        ("1,000", true, Some("1000")),
        ("007", true, Some("7")),
        ("1k", true, Some("1000")),
        ("1.5k", true, Some("1500")),
        ("1.0", true, Some("1")),
        ("5/s", false, Some("5")),
        (".5", false, Some("0.5")),
        ("1,5", true, None),
        ("1.5", true, None),
        ("ten", true, None),
        ("", true, None),
        ("-1", true, None),
    ] {
        assert_eq!(plain_number(text, whole).as_deref(), plain, "{text}");
    }
}
