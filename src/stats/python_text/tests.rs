use super::*;

#[test]
fn quotes_escapes_and_what_is_printable() {
    // Right-hand sides printed by Python 3.11.
    let table = [
        ("plain", "'plain'"),
        ("it's", "\"it's\""),
        ("it's \"x\"", "'it\\'s \"x\"'"),
        ("\"x\"", "'\"x\"'"),
        ("a\\b\tc\nd\re\x00\x1b\x7f", r"'a\\b\tc\nd\re\x00\x1b\x7f'"),
        ("é\u{80}\u{a0}\u{ad}", r"'é\x80\xa0\xad'"),
        ("\u{378}\u{200b}\u{2028}\u{feff}\u{e000}\u{ffff}", r"'\u0378\u200b\u2028\ufeff\ue000\uffff'"),
        ("漢字 😀\u{1faf6}\u{1faf7}\u{10ffff}", "'漢字 😀\u{1faf6}\\U0001faf7\\U0010ffff'"),
    ];
    for (text, expected) in table {
        assert_eq!(repr(text), expected);
    }
}

#[test]
fn the_table_is_sorted_and_has_gaps() {
    assert!(UNPRINTABLE.iter().all(|(first, last)| first <= last));
    assert_eq!((UNPRINTABLE.first(), UNPRINTABLE.last()), (Some(&(0, 0x1f)), Some(&(0xe_01f0, 0x10_ffff))));
    assert!(UNPRINTABLE.windows(2).all(|pair| pair[0].1 + 1 < pair[1].0));
}
