//! From a place in a decoded text to the place in the file, through quotes, escapes and folded lines.
//!
//! Walks along both instead of decoding again, so that it need not know every rule of two formats: white space
//! that only the file has (indentation, folded line ends, `\r`) is stepped over. Exact for texts on one line;
//! inside folded and indented blocks the place of white space itself may be off by the indentation.

use std::ops::Range;

use crate::scenario::files::Format;

/// The bytes of `raw` that spell the bytes of `decoded` in each of some ranges, which are sorted by their beginnings;
/// `None` for one that does not fit. One walk finds them all.
///
/// `raw` is the text as it stands in the file, with its quotes or block header. The results lie within `raw`
/// and on character boundaries, also if the ranges do not.
pub(super) fn align(
    raw: &str,
    decoded: &str,
    ranges: &[Range<usize>],
    format: Format,
) -> Vec<Option<Range<usize>>> {
    let mut spelling = Spelling::new(raw, format);
    let mut found = vec![None; ranges.len()];
    // Ranges that have begun, with the places where.
    let mut open: Vec<(usize, usize)> = Vec::new();
    let mut next = 0;
    for (at, c) in decoded.char_indices() {
        open.retain(|(range, start)| {
            let is_over = at >= ranges[*range].end && at > ranges[*range].start;
            if is_over {
                found[*range] = Some(*start..spelling.at);
            }
            !is_over
        });
        if next == ranges.len() && open.is_empty() {
            return found;
        }
        let Some(spelled) = spelling.spell(c) else { return found };
        while next < ranges.len() && at + c.len_utf8() > ranges[next].start {
            if ranges[next].is_empty() {
                found[next] = Some(spelled.start..spelled.start);
            } else {
                open.push((next, spelled.start));
            }
            next += 1;
        }
    }
    let at_end = (next..ranges.len()).map(|range| (range, spelling.at));
    for (range, start) in open.into_iter().chain(at_end) {
        found[range] = Some(start..spelling.at);
    }
    found
}

/// A walk over the file's spelling of a text, one decoded character at a time.
struct Spelling<'a> {
    raw: &'a str,
    at: usize,
    escapes: bool,
    doubled_quotes: bool,
}

impl<'a> Spelling<'a> {
    fn new(raw: &'a str, format: Format) -> Self {
        let multi_line = format == Format::Toml && (raw.starts_with("\"\"\"") || raw.starts_with("'''"));
        let at = match raw.as_bytes().first() {
            Some(b'"' | b'\'') if multi_line => 3,
            Some(b'"' | b'\'') => 1,
            Some(b'|' | b'>') if format == Format::Yaml => {
                raw.find('\n').map_or(raw.len(), |line_end| line_end + 1)
            }
            _ => 0,
        };
        Self {
            raw,
            at,
            escapes: raw.starts_with('"'),
            doubled_quotes: format == Format::Yaml && raw.starts_with('\''),
        }
    }

    /// Steps over the spelling of `c` and returns it.
    fn spell(&mut self, c: char) -> Option<Range<usize>> {
        loop {
            let rest = &self.raw[self.at..];
            let first = rest.chars().next()?;
            let length = if first == '\\' && self.escapes {
                let escaped = rest[1..].chars().next()?;
                if escaped.is_whitespace() && !(c == ' ' && escaped == ' ') && !(c == '\t' && escaped == '\t')
                {
                    // A line end that the text does not have.
                    let after = rest[1..].trim_start();
                    self.at += rest.len() - after.len();
                    continue;
                }
                match escaped {
                    'x' => 4,
                    'u' if is_high_surrogate(rest) => 12,
                    'u' => 6,
                    'U' => 10,
                    other => 1 + other.len_utf8(),
                }
            } else if first == '\'' && self.doubled_quotes {
                2
            } else if first == c || (c == ' ' && first == '\n') {
                first.len_utf8()
            } else if first.is_whitespace() {
                self.at += first.len_utf8();
                continue;
            } else {
                return None;
            };
            let spelled = self.at..self.at + length;
            self.raw.get(spelled.clone())?;
            self.at = spelled.end;
            return Some(spelled);
        }
    }
}

/// Whether an escape is the first half of a character that takes two.
fn is_high_surrogate(escape: &str) -> bool {
    let code = escape.get(2..6).and_then(|digits| u32::from_str_radix(digits, 16).ok());
    matches!(code, Some(0xD800..=0xDBFF))
}

#[cfg(test)]
mod tests;
