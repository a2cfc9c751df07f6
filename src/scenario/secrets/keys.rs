//! Values of keys that sound like secrets: line by line, also where the text is not right.

use std::collections::BTreeMap;

use memchr::{memchr2, memchr3};

use crate::scenario::files::Format;
use crate::scenario::secrets::extent::key_before;
use crate::scenario::secrets::finder::{Finder, References, is_in_anchor};
use crate::scenario::secrets::names::{NAMING, is_secret, is_section_of_secrets, is_table_of_secrets};
use crate::scenario::secrets::urls::{address, query};
use crate::scenario::secrets::values::value;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    Secret,
    Table,
    /// Where a broker is, which some write with a user name and a password.
    Address,
    /// Where metrics are, which some write with a token in the query.
    Metrics,
}

pub(super) fn keys(finder: &mut Finder<'_>, references: &References) {
    let mut known = BTreeMap::new();
    let (mut at, mut in_section) = (0, false);
    // Of YAML's `? key`, whose value comes on the next line.
    let mut is_asked = false;
    while at < finder.text.len() {
        let end = finder.line_end(at);
        finder.line = at..end;
        let line = &finder.text[at..end];
        let trimmed = line.trim();
        if finder.format == Format::Toml && trimmed.starts_with('[') && !trimmed.contains('=') {
            in_section = is_section_of_secrets(trimmed);
            at = end + 1;
            continue;
        }
        let mut from = at;
        if let Some(key) = trimmed.strip_prefix("? ") {
            is_asked = is_secret(key) || is_table_of_secrets(key);
        } else if std::mem::take(&mut is_asked) && trimmed.starts_with(':') {
            let colon = at + line.find(':').unwrap_or(0);
            from = value(finder, colon + 1, line.len() - line.trim_start().len(), true, true);
        }
        if in_section && !trimmed.is_empty() && !trimmed.starts_with('#') && !line.contains('=') {
            finder.mark(at..end);
            from = end;
        }
        // A key whose `=` or `:` is missing.
        let word = line.trim_start_matches([' ', '\t', '-', '#', '"', '\'']);
        let word_end = word.find(|c: char| !c.is_alphanumeric() && !"_-.".contains(c)).unwrap_or(word.len());
        let is_separated =
            word[word_end..].trim_start_matches([' ', '\t', '"', '\'']).starts_with(['=', ':']);
        if !is_separated
            && word_end > 0
            && matches!(kind(references, &word[..word_end]), Kind::Secret | Kind::Table)
        {
            let indent = line.len() - line.trim_start().len();
            from = from.max(value(finder, at + line.len() - word.len() + word_end, indent, true, true));
        }
        let first_key = end - line.trim_start_matches([' ', '\t', '-', '?', '#', '"', '\'']).len();
        let mut plain = None;
        while from < end {
            let Some(separator) = separator(finder, at, from, end, &mut plain) else { break };
            let (key, start) = key_before(finder.text, at, separator);
            // What stands in place of a separator belongs to the value.
            let is_missing = matches!(finder.text.as_bytes()[separator], b'"' | b'\'' | b'{');
            let kind = *known.entry(key).or_insert_with(|| kind(references, key));
            let is_file = key.trim_matches(['"', '\'']) == "file";
            let kind = if in_section && !is_file && kind == Kind::Plain { Kind::Secret } else { kind };
            let is_first = start <= first_key;
            from = match kind {
                Kind::Address if !is_missing => address(finder, separator + 1, end),
                Kind::Metrics if !is_missing => {
                    query(finder, separator + 1, end);
                    address(finder, separator + 1, end)
                }
                Kind::Plain | Kind::Address | Kind::Metrics => separator + 1,
                Kind::Secret | Kind::Table => {
                    let after = separator + usize::from(!is_missing);
                    value(finder, after, start - at, is_first, kind == Kind::Table)
                }
            }
            .max(separator + 1);
        }
        for anchor in &references.anchors {
            for (found, name) in
                line.match_indices(&format!("&{anchor}")).map(|(found, name)| (at + found, name))
            {
                let rest = found + name.len();
                if !finder.text[rest..].starts_with(is_in_anchor) {
                    from = from.max(value(finder, rest, line.len() - line.trim_start().len(), true, true));
                }
            }
        }
        at = if from > end { from } else { end + 1 };
    }
}

/// The next `=` or `:` of a line, or what begins a value that stands behind a word and a space.
fn separator(
    finder: &Finder<'_>,
    line_start: usize,
    from: usize,
    end: usize,
    plain: &mut Option<usize>,
) -> Option<usize> {
    let bytes = finder.text.as_bytes();
    let mut from = from;
    // Looked for once, however many quotes stand before it.
    let plain = match *plain {
        Some(known) if known >= from => known,
        _ => *plain.insert(memchr2(b'=', b':', &bytes[from..end]).map_or(end, |found| from + found)),
    };
    while let Some(found) = memchr3(b'"', b'\'', b'{', &bytes[from..plain]) {
        let missing = from + found;
        let before = bytes[line_start..missing].trim_ascii_end();
        let is_behind_a_word =
            line_start + before.len() < missing && before.last().is_some_and(u8::is_ascii_alphanumeric);
        if is_behind_a_word {
            return Some(missing);
        }
        from = missing + 1;
    }
    (plain < end).then_some(plain)
}

fn kind(references: &References, key: &str) -> Kind {
    let parts: Vec<_> =
        key.split('.').map(|part| part.trim_matches(['"', '\'', '\\', '[', ']', ' '])).collect();
    let last = parts.last().copied().unwrap_or_default();
    if last.is_empty() || parts.len() > 1 && last == "file" {
        return Kind::Plain;
    }
    let own = |index: usize| index == 0 || !NAMING[..4].contains(&parts[index - 1]);
    let is_any = |is: fn(&str) -> bool| (0..parts.len()).any(|index| own(index) && is(parts[index]));
    if is_any(is_table_of_secrets) {
        Kind::Table
    } else if is_any(is_secret) || references.vars.contains(last) {
        Kind::Secret
    } else if matches!(last, "url" | "urls" | "host" | "uri" | "address" | "server") {
        Kind::Address
    } else if last == "prometheus" {
        Kind::Metrics
    } else {
        Kind::Plain
    }
}
