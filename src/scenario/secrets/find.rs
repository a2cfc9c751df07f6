//! Where secrets stand in a text of TOML or YAML, right or wrong.
//!
//! Line by line: what stands behind a key that sounds like a secret, as far as its value may go; what a section or an
//! indented block of such a key holds; user names and passwords of URLs; the bodies of private keys. A second pass
//! finds the constants and anchors that the secrets of the first refer to.

use std::ops::Range;

use crate::scenario::files::Format;
use crate::scenario::secrets::finder::{Finder, References};
use crate::scenario::secrets::keys::keys;
use crate::scenario::secrets::names::SCHEMES;
use crate::scenario::secrets::urls::{private_keys, urls};

/// How often the constants and anchors that secrets refer to are looked for: a secret may refer to one that refers
/// to another.
const MAX_ROUNDS: u8 = 4;

/// Words that are not masked even if somebody uses one as a secret, since messages contain them.
const KEYS: [&str; 9] =
    ["password", "username", "authorization", "headers", "header", "token", "secret", "bearer", "digest"];

/// The secrets of texts that belong together: ascending, none touching another.
pub(super) fn all(texts: &[(&str, Format)]) -> Vec<Vec<Range<usize>>> {
    let mut references = References::default();
    let mut round = 1;
    loop {
        let finders: Vec<_> = texts.iter().map(|(text, format)| find(text, *format, &references)).collect();
        let mut more = references.clone();
        for finder in &finders {
            more.add(finder);
        }
        if more == references || round == MAX_ROUNDS {
            return finders.into_iter().map(Finder::into_spans).collect();
        }
        references = more;
        round += 1;
    }
}

/// The secrets of an argument of the command line: a value of its own, or `PATH=VALUE`.
pub(super) fn of_argument(argument: &str) -> Vec<Range<usize>> {
    find(argument, Format::Toml, &References::default()).into_spans()
}

/// Returns the secrets of a text that is not a file: those that need no key.
pub(super) fn standing_alone(text: &str) -> Vec<Range<usize>> {
    let mut finder = Finder::new(text, Format::Toml);
    urls(&mut finder, false);
    private_keys(&mut finder);
    finder.into_spans()
}

fn find<'a>(text: &'a str, format: Format, references: &References) -> Finder<'a> {
    let mut finder = Finder::new(text, format);
    keys(&mut finder, references);
    urls(&mut finder, true);
    private_keys(&mut finder);
    finder
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
