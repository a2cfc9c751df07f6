//! Where secrets stand in a text of TOML or YAML, right or wrong.
//!
//! Line by line: what stands behind a key that sounds like a secret, as far as its value may go; what a section or an
//! indented block of such a key holds; user names and passwords of URLs; the bodies of private keys. A second pass
//! finds the constants and anchors that the secrets of the first refer to.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv6Addr;
use std::ops::Range;

use memchr::{memchr2, memchr3, memmem};

use crate::scenario::secrets::extent::{closing, closing_quote, entries, key_before};
use crate::scenario::secrets::names::{
    NAMING, is_misspelt, is_secret, is_section_of_secrets, is_table_of_secrets,
};
use crate::scenario::source::Format;

/// What is no secret although somebody uses it as one: messages speak of it.
const KEYS: [&str; 9] =
    ["password", "username", "authorization", "headers", "header", "token", "secret", "bearer", "digest"];

/// What stands before the secret in a header.
const SCHEMES: [&str; 5] = ["Bearer ", "Basic ", "Token ", "Digest ", "ApiKey "];

/// Longest URL that is looked at, in bytes.
const LONGEST_URL: usize = 2000;

/// The secrets of texts that belong together: ascending, none touching another.
pub(super) fn all(texts: &[(&str, Format)]) -> Vec<Vec<Range<usize>>> {
    let mut names = Names::default();
    loop {
        let finders: Vec<_> = texts.iter().map(|(text, format)| Finder::run(text, *format, &names)).collect();
        let mut more = names.clone();
        for finder in &finders {
            finder.refer(&mut more);
        }
        if more == names || names.round == 3 {
            return finders.into_iter().map(|finder| joined(finder.text, finder.spans)).collect();
        }
        names = Names { round: names.round + 1, ..more };
    }
}

/// The secrets of an argument of the command line: a value of its own, or `PATH=VALUE`.
pub(super) fn of_argument(argument: &str) -> Vec<Range<usize>> {
    joined(argument, Finder::run(argument, Format::Toml, &Names::default()).spans)
}

/// The secrets of a text that is no file: those that need no key.
pub(super) fn standing_alone(text: &str) -> Vec<Range<usize>> {
    let names = Names::default();
    let mut finder =
        Finder { text, format: Format::Toml, names: &names, spans: Vec::new(), line: 0..0, seen: Vec::new() };
    finder.urls(false);
    finder.private_keys();
    joined(text, finder.spans)
}

/// What a message could repeat of a secret: all of it without its quotes, its lines, its words.
pub(super) fn values(raw: &str) -> Vec<&str> {
    let bare = |text: &'_ str| -> Range<usize> {
        let trimmed = text.trim().trim_matches(['"', '\'']).trim();
        let start = trimmed.as_ptr() as usize - text.as_ptr() as usize;
        start..start + trimmed.len()
    };
    let whole = &raw[bare(raw)];
    let mut values = vec![whole];
    values.extend(whole.split_once(':').map(|(_, password)| password));
    for line in raw.lines() {
        let line = &line[bare(line)];
        values.push(line);
        values.extend(SCHEMES.iter().filter_map(|scheme| line.strip_prefix(scheme)).map(str::trim));
    }
    values.retain(|value| !value.is_empty() && !KEYS.contains(&value.to_lowercase().as_str()));
    values
}

/// Words that stand for secrets since these refer to them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Names {
    /// Keys.
    vars: BTreeSet<String>,
    /// Anchors of YAML.
    anchors: BTreeSet<String>,
    round: u8,
}

struct Finder<'a> {
    text: &'a str,
    format: Format,
    names: &'a Names,
    spans: Vec<Range<usize>>,
    /// The line that is looked at: its end is asked for at each key of it.
    line: Range<usize>,
    /// Values of secret keys that are none themselves, but may refer to one.
    seen: Vec<Range<usize>>,
}

impl<'a> Finder<'a> {
    fn run(text: &'a str, format: Format, names: &'a Names) -> Self {
        let mut finder = Self { text, format, names, spans: Vec::new(), line: 0..0, seen: Vec::new() };
        finder.keys();
        finder.urls(true);
        finder.private_keys();
        finder
    }

    /// Notes what the secrets refer to.
    fn refer(&self, names: &mut Names) {
        const MOST: usize = 1000;
        for span in self.spans.iter().chain(&self.seen) {
            let Some(raw) = self.text.get(span.clone()).filter(|raw| raw.len() < 4096) else { continue };
            for (at, _) in raw.match_indices("vars.") {
                let name: String =
                    raw[at + 5..].chars().take_while(|c| c.is_alphanumeric() || "_-".contains(*c)).collect();
                if !name.is_empty() && names.vars.len() < MOST {
                    names.vars.insert(name);
                }
            }
            if self.format == Format::Yaml
                && let Some(anchor) = raw.trim_start().strip_prefix('*')
                && names.anchors.len() < 30
            {
                names.anchors.insert(anchor.chars().take_while(|c| is_in_anchor(*c)).collect());
            }
        }
    }

    fn line_end(&self, at: usize) -> usize {
        if self.line.contains(&at) {
            return self.line.end;
        }
        memchr::memchr(b'\n', &self.text.as_bytes()[at..]).map_or(self.text.len(), |end| at + end)
    }

    fn keys(&mut self) {
        let mut known = BTreeMap::new();
        let (mut at, mut in_section) = (0, false);
        // Of YAML's `? key`, whose value comes on the next line.
        let mut is_asked = false;
        while at < self.text.len() {
            let end = self.line_end(at);
            self.line = at..end;
            let line = &self.text[at..end];
            let trimmed = line.trim();
            if self.format == Format::Toml && trimmed.starts_with('[') && !trimmed.contains('=') {
                in_section = is_section_of_secrets(trimmed);
                at = end + 1;
                continue;
            }
            let mut from = at;
            if let Some(key) = trimmed.strip_prefix("? ") {
                is_asked = is_secret(key) || is_table_of_secrets(key);
            } else if std::mem::take(&mut is_asked) && trimmed.starts_with(':') {
                let colon = at + line.find(':').unwrap_or(0);
                from = self.value(colon + 1, line.len() - line.trim_start().len(), true, true);
            }
            if in_section && !trimmed.is_empty() && !trimmed.starts_with('#') && !line.contains('=') {
                self.mark(at..end);
                from = end;
            }
            // A key whose `=` or `:` is missing.
            let word = line.trim_start_matches([' ', '\t', '-', '#', '"', '\'']);
            let word_end =
                word.find(|c: char| !c.is_alphanumeric() && !"_-.".contains(c)).unwrap_or(word.len());
            let is_separated =
                word[word_end..].trim_start_matches([' ', '\t', '"', '\'']).starts_with(['=', ':']);
            if !is_separated
                && word_end > 0
                && matches!(self.kind(&word[..word_end]), Kind::Secret | Kind::Table)
            {
                let indent = line.len() - line.trim_start().len();
                from = from.max(self.value(at + line.len() - word.len() + word_end, indent, true, true));
            }
            let first_key = end - line.trim_start_matches([' ', '\t', '-', '?', '#', '"', '\'']).len();
            let mut plain = None;
            while from < end {
                let Some(separator) = self.separator(at, from, end, &mut plain) else { break };
                let (key, start) = key_before(self.text, at, separator);
                // What stands in place of a separator belongs to the value.
                let is_missing = matches!(self.text.as_bytes()[separator], b'"' | b'\'' | b'{');
                let kind = *known.entry(key).or_insert_with(|| self.kind(key));
                let is_file = key.trim_matches(['"', '\'']) == "file";
                let kind = if in_section && !is_file && kind == Kind::Plain { Kind::Secret } else { kind };
                let is_first = start <= first_key;
                from = match kind {
                    Kind::Address if !is_missing => self.address(separator + 1, end),
                    Kind::Plain | Kind::Address => separator + 1,
                    Kind::Secret | Kind::Table => {
                        let after = separator + usize::from(!is_missing);
                        self.value(after, start - at, is_first, kind == Kind::Table)
                    }
                }
                .max(separator + 1);
            }
            for anchor in &self.names.anchors {
                for (found, name) in
                    line.match_indices(&format!("&{anchor}")).map(|(found, name)| (at + found, name))
                {
                    let rest = found + name.len();
                    if !self.text[rest..].starts_with(is_in_anchor) {
                        from = from.max(self.value(rest, line.len() - line.trim_start().len(), true, true));
                    }
                }
            }
            at = if from > end { from } else { end + 1 };
        }
    }

    /// The next `=` or `:` of a line, or what begins a value that stands behind a word and a space.
    fn separator(
        &self,
        line_start: usize,
        from: usize,
        end: usize,
        plain: &mut Option<usize>,
    ) -> Option<usize> {
        let bytes = self.text.as_bytes();
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

    fn kind(&self, key: &str) -> Kind {
        let parts: Vec<_> =
            key.split('.').map(|part| part.trim_matches(['"', '\'', '\\', '[', ']', ' '])).collect();
        let last = parts.last().copied().unwrap_or_default();
        if last.is_empty() || parts.len() > 1 && last == "file" {
            return Kind::Plain;
        }
        let own = |place: usize| place == 0 || !NAMING[..4].contains(&parts[place - 1]);
        let is_any = |is: fn(&str) -> bool| (0..parts.len()).any(|place| own(place) && is(parts[place]));
        if is_any(is_table_of_secrets) {
            Kind::Table
        } else if is_any(is_secret) || self.names.vars.contains(last) {
            Kind::Secret
        } else if matches!(last, "url" | "urls" | "host" | "uri" | "address" | "server") {
            Kind::Address
        } else {
            Kind::Plain
        }
    }

    /// Marks the value that begins somewhere behind a byte, and says where what belongs to it ends. `indent` is the
    /// column of its key, `is_first` whether the key begins its line; `is_table`, whether all of a table is secret.
    fn value(&mut self, at: usize, indent: usize, is_first: bool, is_table: bool) -> usize {
        let text = self.text;
        let line_end = self.line_end(at);
        let line = &text[at..line_end];
        let start = at + (line.len() - line.trim_start().len());
        let rest = &text[start..];
        let first = rest.as_bytes().first().copied().filter(|_| start < line_end);
        let (end, is_whole) = match first {
            None | Some(b'#') => return self.block(line_end, indent, is_first, is_table),
            Some(b'{' | b'[') => {
                let end = closing(text, start, self.format);
                if !is_table
                    && first == Some(b'{')
                    && end.is_some_and(|end| !text[start..end].contains("text"))
                {
                    // Keys of a table that sounds like a secret speak for themselves.
                    return start + 1;
                }
                if let Some(end) = end.filter(|end| self.table(start, *end, is_first)) {
                    return end;
                }
                (end.unwrap_or_else(|| self.until_next_key(line_end, indent)), end.is_some())
            }
            Some(quote @ (b'"' | b'\'')) => {
                let quote_text = &rest[..1];
                let triple = quote_text.repeat(3);
                if self.format == Format::Toml && rest.starts_with(&triple) {
                    let end = rest[3..].find(&triple).map_or(text.len(), |end| start + 3 + end + 3);
                    (end, true)
                } else {
                    match closing_quote(text, start, quote, self.format) {
                        Some(end) if end <= line_end || self.format == Format::Yaml => (end, true),
                        _ => (self.until_next_key(line_end, indent), false),
                    }
                }
            }
            Some(_) if self.format == Format::Yaml && is_first => (self.deeper(line_end, indent), true),
            Some(_) => (line_end, true),
        };
        // What stands behind a value that ends too early is most likely a part of it.
        let behind_end = self.line_end(end.min(text.len()));
        let behind = &text[end.min(text.len())..behind_end];
        let is_comment =
            behind.trim_start().starts_with('#') && !behind.starts_with('#') && !behind.contains(['"', '\'']);
        let behind = behind.trim_start();
        let is_end =
            behind.is_empty() || is_comment || is_whole && !is_first && behind.starts_with([',', '}', ']']);
        let end = if is_end { end } else { behind_end };
        if is_end && is_reference(&text[start..end]) {
            self.seen.push(start..end);
        } else {
            self.mark(start..end);
        }
        end
    }

    /// Marks the values of a table between its brackets and leaves its keys; not of one that seems to be something
    /// else.
    fn table(&mut self, start: usize, end: usize, is_first: bool) -> bool {
        let table = &self.text[start..end];
        if is_path(table) {
            return true;
        }
        let behind = self.text[end..self.line_end(end)].trim_start();
        let is_end =
            behind.is_empty() || behind.starts_with('#') || !is_first && behind.starts_with([',', '}', ']']);
        let Some(entries) = entries(table, self.format).filter(|_| is_end && table.starts_with('{')) else {
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
                self.text[..start].trim_end_matches(|c: char| c.is_whitespace() || c == '=' || c == ':');
            let word = before.rsplit(|c: char| !c.is_alphanumeric() && c != '-' && c != '_').next();
            word.is_some_and(|word| !is_misspelt(&word.to_lowercase()))
        };
        if !is_of_headers && !has_known_keys {
            return false;
        }
        for entry in entries {
            let value = start + entry.start..start + entry.end;
            if is_reference(&self.text[value.clone()]) {
                self.seen.push(value);
            } else {
                self.mark(value);
            }
        }
        true
    }

    /// A value that begins on the next line.
    fn block(&mut self, line_end: usize, indent: usize, is_first: bool, is_table: bool) -> usize {
        let text = self.text;
        if self.format == Format::Toml {
            // Of a line that breaks too early, unless that has a key of its own.
            let next = (line_end + 1).min(text.len());
            let end = self.line_end(next);
            let line = text[next..end].trim();
            if !line.contains('=') && !line.starts_with(['[', '#']) {
                self.mark(next..end);
                return end;
            }
            return line_end;
        }
        if !is_first {
            return line_end;
        }
        let end = self.deeper(line_end, indent);
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
            let line_end = self.line_end(at).min(end);
            let line = &text[at..line_end];
            let trimmed = line.trim_start();
            let depth = line.len() - trimmed.len();
            let from = line.find(": ").filter(|_| has_keys && depth <= own).map_or(depth, |colon| colon + 2);
            self.mark(at + from..line_end);
            at = line_end + 1;
        }
        end
    }

    /// Where the lines end that are indented deeper than a key, blank ones between them included.
    fn deeper(&self, line_end: usize, indent: usize) -> usize {
        let mut end = line_end;
        let mut at = line_end + 1;
        while at < self.text.len() {
            let line_end = self.line_end(at);
            let line = &self.text[at..line_end];
            let trimmed = line.trim_start();
            if !trimmed.trim_end().is_empty() {
                if line.len() - trimmed.len() <= indent {
                    break;
                }
                end = line_end;
            }
            at = line_end + 1;
        }
        end
    }

    /// Where a value can have ended at the latest that has no end of its own.
    fn until_next_key(&self, line_end: usize, indent: usize) -> usize {
        if self.format == Format::Yaml {
            return self.deeper(line_end, indent);
        }
        let mut end = line_end;
        while end < self.text.len() {
            let next = self.line_end(end + 1);
            let line = self.text[end + 1..next].trim_start();
            if line.is_empty() || line.starts_with(['[', '#']) || line.contains('=') {
                break;
            }
            end = next;
        }
        end
    }

    /// Marks what stands before the `@` of an address without `://`.
    fn address(&mut self, at: usize, line_end: usize) -> usize {
        let most = self.text.floor_char_boundary(at + LONGEST_URL).max(at);
        let rest = &self.text[at..line_end.min(most)];
        let start = rest.len() - rest.trim_start_matches([' ', '\t', '[', '"', '\'']).len();
        let region = &rest[start..];
        let region = &region[..region.find(['"', '\'']).unwrap_or(region.len())];
        if !region.contains("://")
            && let Some(sign) = region.rfind('@')
            && region[..sign].contains(':')
        {
            self.mark(at + start..at + start + sign);
        }
        at
    }

    /// Marks user names and passwords of URLs; messages speak of `mqtt://HOST[:PORT]`, too.
    fn urls(&mut self, in_file: bool) {
        let text = self.text;
        let mut at = 0;
        while let Some(found) = memmem::find(&text.as_bytes()[at..], b"://") {
            let scheme_end = at + found;
            let start = scheme_end + 3;
            let scheme =
                text[..scheme_end].trim_end_matches(|c: char| c.is_ascii_alphanumeric() || "+-.".contains(c));
            let region = &text[start..text.floor_char_boundary(start + LONGEST_URL)];
            let region = &region[..region.find('\n').unwrap_or(region.len())];
            let quote = scheme.chars().next_back().filter(|c| matches!(c, '"' | '\'' | '`'));
            let region = match quote {
                Some(quote) => &region[..region.find(quote).unwrap_or(region.len())],
                None => region,
            };
            let word = &region[..region.find(char::is_whitespace).unwrap_or(region.len())];
            // A password may hold any character, and then it is no good URL.
            let has_port =
                word.split_once(':').is_none_or(|(_, port)| port.starts_with(|c: char| c.is_ascii_digit()));
            let sign = word.rfind('@').or_else(|| region.rfind('@').filter(|_| quote.is_some() || !has_port));
            if let Some(sign) = sign {
                self.mark(start..start + sign);
            } else if in_file
                && let Some((host, port)) =
                    word[..word.find(['/', '?', '#']).unwrap_or(word.len())].split_once(':')
                && !host.starts_with('[')
                && !is_ipv6(word)
                && !port.starts_with(|c: char| c.is_ascii_digit() || c == '$')
            {
                // A password, if somebody has left out the host behind it.
                self.mark(start + host.len() + 1..start + host.len() + 1 + port.len());
            }
            at = start
                + if quote.is_some() { region.len() } else { sign.unwrap_or(word.len()).max(word.len()) };
        }
    }

    /// Marks the bodies of private keys that stand in the text itself.
    fn private_keys(&mut self) {
        let text = self.text;
        let mut at = 0;
        while let Some(found) = memmem::find(&text.as_bytes()[at..], b"PRIVATE KEY-----") {
            let start = at + found + "PRIVATE KEY-----".len();
            let end =
                memmem::find(&text.as_bytes()[start..], b"-----END").map_or(text.len(), |end| start + end);
            let label = &text[text.floor_char_boundary((at + found).saturating_sub(40))..at + found];
            let is_end = label.rfind("-----").is_some_and(|dashes| label[dashes..].starts_with("-----END"));
            if !is_end {
                self.mark(start..end);
            }
            at = if is_end { start } else { end };
        }
    }

    /// Notes a secret without the white space around it.
    fn mark(&mut self, span: Range<usize>) {
        let Some(raw) = self.text.get(span.clone()) else { return };
        let start = span.start + (raw.len() - raw.trim_start().len());
        let end = start + raw.trim().len();
        if start < end {
            self.spans.push(start..end);
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    Secret,
    Table,
    /// Where a broker is, which some write with a user name and a password.
    Address,
}

/// Whether an address of IPv6 stands there without its brackets.
fn is_ipv6(word: &str) -> bool {
    let end = word.find(['%', '/', '?', '#']).unwrap_or(word.len());
    word[..end].parse::<Ipv6Addr>().is_ok()
}

/// Ascending, none touching another, on character boundaries as all of them are.
fn joined(text: &str, mut spans: Vec<Range<usize>>) -> Vec<Range<usize>> {
    spans.sort_by_key(|span| (span.start, span.end));
    let mut joined: Vec<Range<usize>> = Vec::with_capacity(spans.len());
    for span in spans.into_iter().filter(|span| text.get(span.clone()).is_some()) {
        match joined.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => joined.push(span),
        }
    }
    joined
}

fn is_in_anchor(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_')
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
