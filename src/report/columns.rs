//! Texts in the columns of a terminal: their width, cut, padded, broken into lines, and harmless.
//!
//! A width is that of a terminal, where `名` takes two columns and a combining accent none.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Returns how many columns a text of one line takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// A text of one line that moves no cursor and turns no other text around: control characters, line ends and the
/// signs that change the direction of writing become `\u{fffd}`.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if is_harmful(c) { '\u{fffd}' } else { c }).collect()
}

fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// A text of at most this many columns. A longer one is cut in its middle, since many names have the same beginning or
/// the same end.
pub fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let Some(room) = columns.checked_sub(1) else { return String::new() };
    let head: String = within(text.chars(), room - room / 2).collect();
    let tail: Vec<char> = within(text.chars().rev(), room / 2).collect();
    head + "…" + &tail.into_iter().rev().collect::<String>()
}

/// A text of at most this many columns. A longer one loses its end.
pub fn cut_end(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let Some(room) = columns.checked_sub(1) else { return String::new() };
    within(text.chars(), room).chain(['…']).collect()
}

/// The first characters that fit into so many columns.
fn within(characters: impl Iterator<Item = char>, columns: usize) -> impl Iterator<Item = char> {
    let mut used = 0;
    characters.take_while(move |c| {
        used += c.width().unwrap_or(0);
        used <= columns
    })
}

/// The text with spaces behind it, up to this many columns.
pub fn left(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// The text with spaces before it, up to this many columns.
pub fn right(text: &str, columns: usize) -> String {
    format!("{}{text}", " ".repeat(columns.saturating_sub(width(text))))
}

/// The lines of a text so that none is wider than the terminal: broken between words, what follows indented.
pub fn fit(text: &str, columns: usize) -> String {
    let mut out = String::new();
    for line in text.split_inclusive('\n') {
        let end = if line.ends_with('\n') { "\n" } else { "" };
        let line = line.strip_suffix('\n').unwrap_or(line);
        let spaces = line.len() - line.trim_start_matches(' ').len();
        let indent = " ".repeat((spaces + 2).min(columns / 2));
        let parts = wrapped(line, columns, columns - indent.len());
        out.push_str(&parts.join(&format!("\n{indent}")));
        out.push_str(end);
    }
    out
}

/// A text in lines of at most this many columns, for the first line and for the others, broken between words where that
/// is possible.
pub fn wrapped(text: &str, first: usize, others: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = text;
    loop {
        let columns = if lines.is_empty() { first } else { others };
        if width(rest) <= columns {
            break;
        }
        // At least one character, or there would be no end.
        let fitting: usize = within(rest.chars(), columns).map(char::len_utf8).sum();
        let end = fitting.max(rest.chars().next().map_or(0, char::len_utf8));
        let may_break = |index: &usize| !rest[..*index].trim().is_empty() && !is_before_unit(rest, *index);
        // The space right behind what fits is as good.
        let spaces = rest[..end].rmatch_indices(' ').map(|(index, _)| index);
        let index = rest[end..].starts_with(' ').then_some(end).into_iter().chain(spaces).find(may_break);
        let (line, next) = rest.split_at(index.unwrap_or(end));
        lines.push(line.trim_end().to_owned());
        rest = next.trim_start();
    }
    lines.push(rest.to_owned());
    lines
}

/// Whether a space stands between a number and its unit.
fn is_before_unit(text: &str, index: usize) -> bool {
    let after = text[index..].trim_start();
    let word = after.split(|c: char| !c.is_alphanumeric() && c != '%').next().unwrap_or_default();
    text[..index].ends_with(|c: char| c.is_ascii_digit()) && UNITS.contains(&word)
}

/// Units that stay with their number.
const UNITS: [&str; 11] = ["µs", "ms", "s", "min", "h", "%", "B", "KiB", "MiB", "GiB", "TiB"];

#[cfg(test)]
mod tests {
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
            assert_eq!(
                (cut(text, columns).as_str(), cut_end(text, columns).as_str()),
                (middle, end),
                "{text}"
            );
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
}
