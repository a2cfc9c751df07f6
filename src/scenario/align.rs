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
    /// Whether backslashes begin escapes.
    escapes: bool,
    /// Whether two single quotes spell one.
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn align_one(raw: &str, decoded: &str, range: Range<usize>, format: Format) -> Option<Range<usize>> {
        align(raw, decoded, &[range], format).remove(0)
    }

    /// The spelling of the first `part` of the decoded text.
    fn spelling<'a>(raw: &'a str, decoded: &str, part: &str, format: Format) -> Option<&'a str> {
        let start = decoded.find(part).unwrap();
        align_one(raw, decoded, start..start + part.len(), format).map(|range| &raw[range])
    }

    #[test]
    fn a_part_of_a_text_is_found_in_every_spelling() {
        use Format::{Toml, Yaml};
        for (raw, decoded, part, format, expected) in [
            ("a/${x}", "a/${x}", "${x}", Yaml, "${x}"),
            ("\"a/${x}\"", "a/${x}", "${x}", Toml, "${x}"),
            ("'a/${x}'", "a/${x}", "${x}", Toml, "${x}"),
            ("\"é\\\"ü${x}\"", "é\"ü${x}", "${x}", Toml, "${x}"),
            ("\"\\u00e9${x}\"", "é${x}", "${x}", Toml, "${x}"),
            ("\"\\u00e9${x}\"", "é${x}", "é", Toml, "\\u00e9"),
            ("\"\\x41\\U0001F600\\n${x}\"", "A😀\n${x}", "${x}", Yaml, "${x}"),
            ("\"\\ud83d\\ude00${x}\"", "😀${x}", "${x}", Yaml, "${x}"),
            ("'it''s ${x}'", "it's ${x}", "${x}", Yaml, "${x}"),
            ("'''a${x}'", "'a${x}", "${x}", Yaml, "${x}"),
            ("\"\"\"\nline\n${x}\"\"\"", "line\n${x}", "${x}", Toml, "${x}"),
            ("'''\r\nline\r\n${x}'''", "line\n${x}", "${x}", Toml, "${x}"),
            ("\"\"\"a\\\n    ${x}\"\"\"", "a${x}", "${x}", Toml, "${x}"),
            ("|\n    one\n    ${x} two", "one\n${x} two", "${x}", Yaml, "${x}"),
            (">-\n    one\n    ${x} two", "one ${x} two", "${x}", Yaml, "${x}"),
            ("one\n    ${x}", "one ${x}", "${x}", Yaml, "${x}"),
            ("\"one\n    ${x}\"", "one ${x}", "${x}", Yaml, "${x}"),
        ] {
            assert_eq!(spelling(raw, decoded, part, format), Some(expected), "{raw:?}");
        }
    }

    #[test]
    fn an_empty_part_is_a_place_and_a_foreign_text_is_none() {
        assert_eq!(align_one("\"abc\"", "abc", 1..1, Format::Toml), Some(2..2));
        assert_eq!(align_one("\"abc\"", "abc", 3..3, Format::Toml), Some(4..4));
        assert_eq!(align_one("\"\"", "", 0..0, Format::Toml), Some(1..1));
        assert_eq!(align_one("\"abc\"", "xyz", 0..1, Format::Toml), None);
    }

    proptest! {
        #[test]
        fn the_place_lies_within_on_boundaries(
            raw in "(\"|'|\"\"\"|\\|\n| )?[a-zé\\\\u'\" \n\t😀]{0,20}",
            decoded in "[a-zé'\" \n😀]{0,10}",
            start in 0..12_usize,
            length in 0..5_usize,
            toml in any::<bool>(),
        ) {
            let format = if toml { Format::Toml } else { Format::Yaml };
            let ranges = [start..start + length, start..start, start + 1..start + 3];
            let together = align(&raw, &decoded, &ranges, format);
            for (range, found) in ranges.into_iter().zip(together) {
                prop_assert_eq!(&found, &align_one(&raw, &decoded, range, format));
                prop_assert!(found.is_none_or(|found| raw.get(found).is_some()));
            }
        }
    }
}
