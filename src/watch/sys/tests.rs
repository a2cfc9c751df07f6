use super::*;

#[test]
fn figures_are_numbers_with_or_without_seconds_and_versions_are_texts() {
    for (text, value) in [
        ("12", Some(12.0)),
        ("-3", Some(-3.0)),
        ("0.50", Some(0.5)),
        ("1e3", Some(1000.0)),
        ("123 seconds", Some(123.0)),
        ("2.0.18", None),
        ("mosquitto version 2.0.18", None),
        ("", None),
        ("inf", None),
        ("NaN", None),
    ] {
        assert_eq!(number(text), value, "{text}");
    }
}
