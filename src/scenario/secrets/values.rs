//! Where the value of a secret key begins and ends, also one that is not written as it should be.

use std::ops::Range;

use crate::scenario::files::Format;
use crate::scenario::secrets::extent::{closing, closing_quote, entries};
use crate::scenario::secrets::finder::Finder;
use crate::scenario::secrets::names::{SCHEMES, is_misspelt};

/// Marks the value that begins somewhere behind a byte, and says where what belongs to it ends. `indent` is the
/// column of its key, `is_first` whether the key begins its line; `is_table`, whether all of a table is secret.
pub(super) fn value(
    finder: &mut Finder<'_>,
    at: usize,
    indent: usize,
    is_first: bool,
    is_table: bool,
) -> usize {
    let text = finder.text;
    let line_end = finder.line_end(at);
    let line = &text[at..line_end];
    let start = at + (line.len() - line.trim_start().len());
    let rest = &text[start..];
    let first = rest.as_bytes().first().copied().filter(|_| start < line_end);
    let (end, is_whole) = match first {
        None | Some(b'#') => return block(finder, line_end, indent, is_first, is_table),
        Some(b'{' | b'[') => {
            let end = closing(text, start, finder.format);
            if !is_table && first == Some(b'{') && end.is_some_and(|end| !text[start..end].contains("text")) {
                // Keys of a table that sounds like a secret speak for themselves.
                return start + 1;
            }
            if let Some(end) = end.filter(|end| table(finder, start, *end, is_first)) {
                return end;
            }
            (end.unwrap_or_else(|| until_next_key(finder, line_end, indent)), end.is_some())
        }
        Some(quote @ (b'"' | b'\'')) => {
            let quote_text = &rest[..1];
            let triple = quote_text.repeat(3);
            if finder.format == Format::Toml && rest.starts_with(&triple) {
                let end = rest[3..].find(&triple).map_or(text.len(), |end| start + 3 + end + 3);
                (end, true)
            } else {
                match closing_quote(text, start, quote, finder.format) {
                    Some(end) if end <= line_end || finder.format == Format::Yaml => (end, true),
                    _ => (until_next_key(finder, line_end, indent), false),
                }
            }
        }
        Some(_) if finder.format == Format::Yaml && is_first => (finder.deeper(line_end, indent), true),
        Some(_) => (line_end, true),
    };
    // What stands behind a value that ends too early is most likely a part of it.
    let behind_end = finder.line_end(end.min(text.len()));
    let behind = &text[end.min(text.len())..behind_end];
    let is_comment =
        behind.trim_start().starts_with('#') && !behind.starts_with('#') && !behind.contains(['"', '\'']);
    let behind = behind.trim_start();
    let is_end =
        behind.is_empty() || is_comment || is_whole && !is_first && behind.starts_with([',', '}', ']']);
    let end = if is_end { end } else { behind_end };
    if is_end && is_reference(&text[start..end]) {
        finder.seen.push(start..end);
    } else {
        finder.mark(start..end);
    }
    end
}

/// Marks the values of a table between its brackets and leaves its keys; not of one that seems to be something
/// else.
fn table(finder: &mut Finder<'_>, start: usize, end: usize, is_first: bool) -> bool {
    let table = &finder.text[start..end];
    if is_path(table) {
        return true;
    }
    let behind = finder.text[end..finder.line_end(end)].trim_start();
    let is_end =
        behind.is_empty() || behind.starts_with('#') || !is_first && behind.starts_with([',', '}', ']']);
    let Some(entries) = entries(table, finder.format).filter(|_| is_end && table.starts_with('{')) else {
        return false;
    };
    // A password that looks like a table is none.
    let is_known = |key: &str| ["env", "file", "path", "text", "value", "name", "var"].contains(&key);
    let key_of = |entry: &Range<usize>| table[..entry.start - 1].trim_end().trim_end_matches(['"', '\'']);
    let has_known_keys = entries.iter().all(|entry| {
        let key = key_of(entry);
        is_known(key.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default())
    });
    let is_of_headers = {
        let before =
            finder.text[..start].trim_end_matches(|c: char| c.is_whitespace() || c == '=' || c == ':');
        let word = before.rsplit(|c: char| !c.is_alphanumeric() && c != '-' && c != '_').next();
        word.is_some_and(|word| !is_misspelt(&word.to_lowercase()))
    };
    if !is_of_headers && !has_known_keys {
        return false;
    }
    for entry in entries {
        let value = start + entry.start..start + entry.end;
        if is_reference(&finder.text[value.clone()]) {
            finder.seen.push(value);
        } else {
            finder.mark(value);
        }
    }
    true
}

/// A value that begins on the next line.
fn block(finder: &mut Finder<'_>, line_end: usize, indent: usize, is_first: bool, is_table: bool) -> usize {
    let text = finder.text;
    if finder.format == Format::Toml {
        // Of a line that breaks too early, unless that has a key of its own.
        let next = (line_end + 1).min(text.len());
        let end = finder.line_end(next);
        let line = text[next..end].trim();
        if !line.contains('=') && !line.starts_with(['[', '#']) {
            finder.mark(next..end);
            return end;
        }
        return line_end;
    }
    if !is_first {
        return line_end;
    }
    let end = finder.deeper(line_end, indent);
    let block = &text[line_end..end];
    let first = block.trim_start();
    let has_keys = !first.starts_with(['{', '"', '\''])
        && first.lines().next().is_some_and(|line| line.contains(": ") || line.trim_end().ends_with(':'));
    if has_keys && (!is_table || is_path(block)) {
        return line_end;
    }
    let own = block.find(first).map_or(0, |at| at - block[..at].rfind('\n').map_or(0, |line| line + 1));
    let mut at = line_end + 1;
    while at < end {
        let line_end = finder.line_end(at).min(end);
        let line = &text[at..line_end];
        let trimmed = line.trim_start();
        let depth = line.len() - trimmed.len();
        let from = line.find(": ").filter(|_| has_keys && depth <= own).map_or(depth, |colon| colon + 2);
        finder.mark(at + from..line_end);
        at = line_end + 1;
    }
    end
}

/// Where a value without an end of its own ends at the latest.
fn until_next_key(finder: &Finder<'_>, line_end: usize, indent: usize) -> usize {
    if finder.format == Format::Yaml {
        return finder.deeper(line_end, indent);
    }
    let mut end = line_end;
    while end < finder.text.len() {
        let next = finder.line_end(end + 1);
        let line = finder.text[end + 1..next].trim_start();
        if line.is_empty() || line.starts_with(['[', '#']) || line.contains('=') {
            break;
        }
        end = next;
    }
    end
}

/// Whether a table holds the path of a secret and not the secret.
fn is_path(table: &str) -> bool {
    let inside = table.trim().trim_start_matches('{').trim_end_matches('}').trim();
    let Some(rest) = inside.strip_prefix("file") else { return false };
    let rest = rest.trim_start();
    rest.strip_prefix(['=', ':']).is_some_and(|path| !path.contains(['=', ':', '\n', ',']))
}

/// Whether a value only says where a secret comes from: `"${env.NAME}"`, perhaps behind the name of a scheme.
fn is_reference(raw: &str) -> bool {
    let value = raw.trim().trim_matches(['"', '\'']);
    let value = SCHEMES.iter().find_map(|scheme| value.strip_prefix(scheme)).unwrap_or(value);
    let name = value.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    let names = ["env.", "vars.", "user.", "row."];
    name.and_then(|name| names.iter().find_map(|prefix| name.strip_prefix(prefix)))
        .is_some_and(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
}
