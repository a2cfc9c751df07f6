//! How far a key, a text in quotes and a table reach, in a file that need not be right.

use std::ops::Range;

use crate::scenario::files::Format;

/// Longest table or text in quotes that is looked at, in bytes.
pub(super) const LONGEST_VALUE: usize = 64 << 10;

/// Longest key that is looked at, in bytes.
pub(super) const LONGEST_KEY: usize = 200;

/// The key that ends before a separator, with its dots and quotes, and where it begins.
pub(super) fn key_before(text: &str, line_start: usize, separator: usize) -> (&str, usize) {
    let before = text[line_start..separator].trim_end_matches([' ', '\t']);
    let least = before.floor_char_boundary(before.len().saturating_sub(LONGEST_KEY));
    let mut start = before.len();
    if let Some(quote) = before.chars().next_back().filter(|c| matches!(c, '"' | '\'')) {
        let inside = &before[least..before.len() - 1];
        start = inside.rfind(quote).map_or(start, |open| least + open);
    }
    let stops = |c: char| c.is_whitespace() || "{}[],=:(&?;".contains(c);
    let start = before[least..start]
        .rfind(stops)
        .map_or(least, |stop| least + stop + before[least + stop..].chars().next().map_or(1, char::len_utf8));
    (&before[start..], line_start + start)
}

/// The values of a table in brackets, each from behind its `=` or `:` to its comma; nothing if an entry has no key.
pub(super) fn entries(table: &str, format: Format) -> Option<Vec<Range<usize>>> {
    let bytes = table.as_bytes();
    let (mut at, mut depth, mut value, mut begun) = (1, 0_usize, None, false);
    let mut values = Vec::new();
    while at < bytes.len() {
        match bytes[at] {
            b',' | b'}' if depth == 0 => {
                match value.take() {
                    Some(from) => values.push(from..at),
                    None if begun => return None,
                    None => {}
                }
                begun = false;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.checked_sub(1)?,
            b'=' | b':' if depth == 0 && value.is_none() => value = Some(at + 1),
            quote @ (b'"' | b'\'') => {
                begun = true;
                at = closing_quote(table, at, quote, format)?;
                continue;
            }
            byte => begun |= !byte.is_ascii_whitespace(),
        }
        at += 1;
    }
    Some(values)
}

/// The end of a text in quotes, behind its closing one.
pub(super) fn closing_quote(text: &str, start: usize, quote: u8, format: Format) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = start + 1;
    let most = bytes.len().min(start + LONGEST_VALUE);
    while at < most {
        match bytes[at] {
            b'\\' if quote == b'"' => at += 1,
            b'\n' if format == Format::Toml => return None,
            byte if byte == quote => {
                if format == Format::Yaml && quote == b'\'' && bytes.get(at + 1) == Some(&quote) {
                    at += 1;
                } else {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// The end of a table or list, behind its closing bracket.
pub(super) fn closing(text: &str, start: usize, format: Format) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (start, 0_usize);
    let most = bytes.len().min(start + LONGEST_VALUE);
    while at < most {
        match bytes[at] {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            quote @ (b'"' | b'\'') => {
                at = closing_quote(text, at, quote, format)?;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    None
}
