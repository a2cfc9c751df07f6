//! Secrets in the texts of a scenario, kept out of all that is said of them.
//!
//! Found by their spelling and not in the tree: a mistake is told of files that could not be read, too, and of a key
//! that is misspelt. What is masked too much costs a reader a look into the file; what is masked too little stands
//! in the log of every CI run. So the search leans to the one side, and ends a value that is not well written where
//! its line ends.

mod extent;
mod find;
mod finder;
mod keys;
mod names;
mod urls;
mod values;

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

use crate::diagnostic::{Diagnostic, FieldPath, FileId, Part};
use crate::scenario::place::Place;
use crate::scenario::source::Source;

/// What stands in place of a secret.
pub const MASK: &str = "***";

/// Shortest value that is looked for in messages about other places: shorter ones are parts of too many words.
const SHORTEST: usize = 4;

/// Longest value that is looked for in messages, in bytes; longer ones are never repeated as a whole.
const LONGEST: usize = 4096;

/// Most values that are looked for in messages.
const MAX: usize = 1000;

/// The secrets of all files of a scenario.
pub struct Secrets<'a> {
    source: &'a Source,
    /// Where they stand in each file: ascending, none touching another.
    spans: Vec<Vec<Range<usize>>>,
    /// The values of the secrets, the longest first.
    values: Vec<&'a str>,
}

/// What a diagnostic says, without secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Masked {
    /// The [`Diagnostic::message`] without secrets.
    pub message: String,
    /// The [`Diagnostic::label`] without secrets.
    pub label: String,
    /// The [`Diagnostic::help`] without secrets.
    pub help: Option<String>,
    /// The [`Diagnostic::at`] without secrets.
    pub at: FieldPath,
}

impl fmt::Debug for Secrets<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets").field("source", &self.source.name()).finish_non_exhaustive()
    }
}

impl<'a> Secrets<'a> {
    /// Looks for the secrets of a scenario, in time that grows with its files.
    pub fn of(source: &'a Source) -> Self {
        let texts: Vec<_> = source.files().map(|file| (file.text(), file.format())).collect();
        let spans = find::all(&texts);
        let mut values = BTreeSet::new();
        for ((text, _), spans) in texts.iter().zip(&spans) {
            for value in spans.iter().filter_map(|span| text.get(span.clone())).flat_map(find::values) {
                if (SHORTEST..=LONGEST).contains(&value.len()) && values.len() < MAX {
                    values.insert(value);
                }
            }
        }
        let mut values: Vec<_> = values.into_iter().collect();
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        Self { source, spans, values }
    }

    /// Returns what a diagnostic at a place says, without secrets.
    pub fn masked(&self, diagnostic: &Diagnostic, place: &Place) -> Masked {
        let text = self.source.file(place.file).text();
        // A mark at the end of a secret is one of it.
        let touched = self.spans_of(place.file).iter().filter(|span| {
            place.span != (0..0) && span.start <= place.span.end && place.span.start <= span.end
        });
        let touched: Vec<_> = touched.filter_map(|span| text.get(span.clone())).collect();
        let clean = |said: &str| {
            let mut said = hide_urls(said);
            for value in &self.values {
                if said.contains(value) {
                    said = said.replace(value, MASK);
                }
            }
            for raw in &touched {
                said = hide_quotations(&said, raw);
            }
            said
        };
        let is_repeated = |part: &Part| match part {
            Part::Key(key) => touched.iter().any(|raw| raw.contains(&**key)),
            Part::Index(_) => false,
        };
        let mut at = diagnostic.at.clone();
        while at.0.last().is_some_and(is_repeated) {
            at = at.parent();
        }
        Masked {
            message: clean(&diagnostic.message),
            label: clean(&diagnostic.label),
            help: diagnostic.help.as_deref().map(clean),
            at,
        }
    }

    /// A piece of a file that begins at byte `start` of it, and where a mark of it (in bytes of the file) then is in
    /// what is shown.
    pub fn shown(
        &self,
        file: FileId,
        piece: &str,
        start: usize,
        mark: &Range<usize>,
    ) -> (String, Range<usize>) {
        let end = start + piece.len();
        let spans = self.spans_of(file);
        let first = spans.partition_point(|span| span.end <= start);
        let mut shown = String::with_capacity(piece.len());
        let mut at = start;
        let (mut from, mut to) = (None, None);
        for span in spans[first..].iter().take_while(|span| span.start < end) {
            let (span_start, span_end) = (span.start.max(start), span.end.min(end));
            from = from.or_else(|| (mark.start < span_start).then(|| shown.len() + mark.start - at));
            to = to.or_else(|| (mark.end <= span_start).then(|| shown.len() + mark.end - at));
            shown.push_str(piece.get(at - start..span_start - start).unwrap_or_default());
            // A mark within a secret is one of all of it.
            from = from.or_else(|| (mark.start < span_end).then_some(shown.len()));
            shown.push_str(MASK);
            to = to.or_else(|| (mark.end <= span_end).then_some(shown.len()));
            at = span_end;
        }
        let from = from.unwrap_or(shown.len() + mark.start.saturating_sub(at));
        let to = to.unwrap_or(shown.len() + mark.end.saturating_sub(at));
        shown.push_str(piece.get(at - start..).unwrap_or_default());
        (shown, from..to.max(from))
    }

    /// The whole text of a file without secrets.
    pub fn text(&self, file: FileId) -> String {
        self.shown(file, self.source.file(file).text(), 0, &(0..0)).0
    }

    /// Whether a secret stands at a place, or a part of one.
    pub fn touches(&self, place: &Place) -> bool {
        self.spans_of(place.file)
            .iter()
            .any(|span| span.start < place.span.end && place.span.start < span.end)
    }

    /// Where the first secret stands that is written out, and not by a name such as `${env.NAME}` without a default: the name of the
    /// file, and the line from 1. Lines of remarks are not looked at.
    pub fn written_out(&self) -> Option<(&'a str, usize)> {
        let source = self.source;
        let files = source.names().zip(source.files()).zip(&self.spans);
        files.into_iter().find_map(|((name, file), spans)| {
            let text = file.text();
            let is_plain = |span: &&Range<usize>| {
                let raw = text.get((*span).clone()).unwrap_or_default();
                let line =
                    text.get(..span.start).and_then(|before| before.rsplit('\n').next()).unwrap_or_default();
                // Remarks are prose, in which an address or a word is too often taken for a secret.
                !line.trim_start().starts_with('#')
                    && (!raw.contains("${") || has_default(raw))
                    && find::values(raw).iter().any(|value| !value.is_empty())
            };
            let span = spans.iter().find(is_plain)?;
            let line = text.get(..span.start)?.matches('\n').count() + 1;
            Some((name, line))
        })
    }

    fn spans_of(&self, file: FileId) -> &[Range<usize>] {
        let place = usize::try_from(file.0).ok();
        place.and_then(|place| self.spans.get(place)).map_or(&[], Vec::as_slice)
    }
}

/// Whether a template in the text writes out what it stands for if the variable is not set: `${env.PW:-secret}`.
pub fn has_default(text: &str) -> bool {
    let mut names = text.split("${env.").skip(1).filter_map(|rest| rest.split('}').next());
    names.any(|name| name.split_once(":-").is_some_and(|(_, default)| !default.is_empty()))
}

/// A text without the user names and passwords of URLs and the bodies of private keys.
pub fn hide_urls(text: &str) -> String {
    without(text, find::standing_alone(text))
}

/// Whether one of these arguments of a command line is a secret or holds one.
pub fn are_secret(arguments: &[String]) -> bool {
    let holds = |argument: &String| !find::of_argument(argument).is_empty();
    arguments.iter().any(holds) || arguments.windows(2).any(|pair| names_a_secret(&pair[0]))
}

fn names_a_secret(flag: &str) -> bool {
    flag.starts_with('-') && !flag.contains('=') && names::is_secret(flag)
}

/// Masks the secrets of command line arguments in a message that repeats them.
pub fn hide_arguments(said: &str, arguments: &[String]) -> String {
    let mut said = hide_urls(said);
    let mut is_value = false;
    for argument in arguments {
        let mut secrets: Vec<&str> = find::of_argument(argument)
            .into_iter()
            .filter_map(|span| argument.get(span))
            .flat_map(find::values)
            .collect();
        if is_value {
            secrets.push(argument);
        }
        is_value = names_a_secret(argument);
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        for secret in secrets.into_iter().filter(|secret| !secret.is_empty()) {
            said = said.replace(secret, MASK);
        }
    }
    said
}

fn without(text: &str, spans: Vec<Range<usize>>) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut at = 0;
    for span in spans {
        clean.push_str(text.get(at..span.start).unwrap_or_default());
        clean.push_str(MASK);
        at = span.end;
    }
    clean.push_str(text.get(at..).unwrap_or_default());
    clean
}

/// Masks what a message quotes of a secret, however short: a part of it, in backticks or quotes, or all of it.
fn hide_quotations(said: &str, raw: &str) -> String {
    let whole = find::values(raw).into_iter().filter(|value| value.chars().count() > 1);
    let mut said = whole.fold(said.to_owned(), |said, value| said.replace(value, MASK));
    for quote in ['`', '"'] {
        let mut clean = String::with_capacity(said.len());
        for (number, piece) in said.split(quote).enumerate() {
            if number > 0 {
                clean.push(quote);
            }
            let inside = piece.trim_end_matches('…').trim();
            let is_quotation = number % 2 == 1 && !inside.is_empty() && raw.contains(inside);
            clean.push_str(if is_quotation { MASK } else { piece });
        }
        said = clean;
    }
    said
}

#[cfg(test)]
mod tests;
