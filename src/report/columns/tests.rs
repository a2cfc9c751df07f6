use proptest::prelude::*;

use super::*;

#[test]
fn what_a_broker_says_moves_no_cursor_and_turns_nothing_around() {
    assert_eq!(
        printable("a\nb\u{1b}[2J\u{9b}c\u{202e}d\u{2066}"),
        "a\u{fffd}b\u{fffd}[2J\u{fffd}c\u{fffd}d\u{fffd}"
    );
    assert_eq!(printable("größe/名前"), "größe/名前");
}

#[test]
fn texts_are_cut_in_the_middle_or_at_the_end() {
    for (text, columns, middle, end) in [
        ("abcdefghij", 5, "ab…ij", "abcd…"),
        ("abc", 5, "abc", "abc"),
        ("abc", 1, "…", "…"),
        ("abc", 0, "", ""),
        ("名前名前名前", 7, "名…前", "名前名…"),
    ] {
        assert_eq!((cut(text, columns).as_str(), cut_end(text, columns).as_str()), (middle, end), "{text}");
    }
}

#[test]
fn sentences_are_broken_between_words() {
    assert_eq!(fit("short\n  also short", 20), "short\n  also short");
    assert_eq!(fit("one two three four five\n", 12), "one two\n  three four\n  five\n");
    assert_eq!(fit("    indented words here", 14), "    indented\n      words\n      here");
    assert_eq!(wrapped("abcdefghij", 4, 4), ["abcd", "efgh", "ij"]);
    assert_eq!(wrapped("p99 1.25 s, max 2 s", 8, 8), ["p99", "1.25 s,", "max 2 s"]);
}

proptest! {
    #[test]
    fn nothing_is_wider_than_it_may_be(text in "[a-z /名é]{0,60}", columns in 2..40_usize) {
        prop_assert!(width(&cut(&text, columns)) <= columns);
        prop_assert!(width(&cut_end(&text, columns)) <= columns);
        let lines = fit(&text, columns.max(4));
        prop_assert!(lines.lines().all(|line| width(line) <= columns.max(4)), "{lines}");
    }
}
