use super::*;

#[test]
fn what_a_reader_would_not_see_is_written_out() {
    for (text, shown) in [
        ("a\u{1b}[2J\u{7}\0", "a\\u{1b}[2J\\u{7}\\u{0}"),
        ("two\nlines\tand\r", "two\\nlines\\tand\\r"),
        ("evil\u{202e}txt.exe\u{2066}", "evil\\u{202e}txt.exe\\u{2066}"),
        ("<b> & \"quoted\"", "<b> & \"quoted\""),
        ("Wärme 温度 👨\u{200d}👩", "Wärme 温度 👨\u{200d}👩"),
    ] {
        assert_eq!(line(text), shown);
    }
    assert_eq!(file("a\r\n\tb\u{1b}"), "a\n\tb\\u{1b}");
    assert_eq!(line(&"x".repeat(1_401)), format!("{} … (1,001 more characters)", "x".repeat(400)));
}

#[test]
fn moments_that_cannot_be_are_not_known() {
    assert_eq!(moment(1_741_000_000.9), "2025-03-03 11:06:40 UTC");
    for wrong in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e12, 1e300] {
        assert_eq!(moment(wrong), UNKNOWN, "{wrong}");
    }
}

#[test]
fn lengths_have_two_units_at_most() {
    for (seconds, text) in [
        (0.0, "0 s"),
        (1.25, "1.2 s"),
        (59.96, "1 min"),
        (603.2, "10 min 3 s"),
        (7_500.0, "2 h 5 min"),
        (f64::NAN, UNKNOWN),
    ] {
        assert_eq!(length(seconds), text);
    }
}
