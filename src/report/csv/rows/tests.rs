use super::*;

#[test]
fn fields_are_quoted_only_where_they_must() {
    let mut rows = Rows::default();
    for field in ["", "plain", " blank ", "a;b\tc", "a,b", "say \"x\"", "two\nlines", "cr\r", "\u{2028}"] {
        rows.text(field);
    }
    rows.end();
    rows.value(1);
    rows.end();
    let expected =
        ",plain, blank ,a;b\tc,\"a,b\",\"say \"\"x\"\"\",\"two\nlines\",\"cr\r\",\u{2028}\r\n1\r\n";
    assert_eq!(rows.text, expected);
}

#[test]
fn times_are_utc() {
    let table = [
        (0.0, "1970-01-01T00:00:00Z"),
        (951_782_399.9, "2000-02-28T23:59:59Z"),
        (951_782_400.0, "2000-02-29T00:00:00Z"),
        (1_709_251_200.0, "2024-03-01T00:00:00Z"),
        (1_735_689_599.0, "2024-12-31T23:59:59Z"),
        (4_107_542_400.0, "2100-03-01T00:00:00Z"),
    ];
    for (at, text) in table {
        assert_eq!(UtcSecond(at).to_string(), text);
    }
}
