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
mod tests;
