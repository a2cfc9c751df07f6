//! The secrets of a text that have been found, what they refer to, and the helpers of all who look
//! for them.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::scenario::files::Format;

pub(super) struct Finder<'a> {
    pub(super) text: &'a str,
    pub(super) format: Format,
    pub(super) spans: Vec<Range<usize>>,
    /// The line that is looked at, since its end is needed for each of its keys.
    pub(super) line: Range<usize>,
    /// Values of secret keys that are not secrets themselves, but may refer to one.
    pub(super) seen: Vec<Range<usize>>,
}

impl<'a> Finder<'a> {
    /// Nothing has been found in a text yet.
    pub(super) fn new(text: &'a str, format: Format) -> Self {
        Self { text, format, spans: Vec::new(), line: 0..0, seen: Vec::new() }
    }

    pub(super) fn line_end(&self, at: usize) -> usize {
        if self.line.contains(&at) {
            return self.line.end;
        }
        memchr::memchr(b'\n', &self.text.as_bytes()[at..]).map_or(self.text.len(), |end| at + end)
    }

    /// Where the lines end that are indented deeper than a key, blank ones between them included.
    pub(super) fn deeper(&self, line_end: usize, indent: usize) -> usize {
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

    /// Notes a secret without the white space around it.
    pub(super) fn mark(&mut self, span: Range<usize>) {
        let Some(raw) = self.text.get(span.clone()) else { return };
        let start = span.start + (raw.len() - raw.trim_start().len());
        let end = start + raw.trim().len();
        if start < end {
            self.spans.push(start..end);
        }
    }

    /// All that was found: ascending, none touching another.
    pub(super) fn into_spans(self) -> Vec<Range<usize>> {
        joined(self.text, self.spans)
    }
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

/// Constants and anchors that secrets refer to, so that they are secrets, too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct References {
    pub(super) vars: BTreeSet<String>,
    pub(super) anchors: BTreeSet<String>,
}

impl References {
    pub(super) fn add(&mut self, finder: &Finder<'_>) {
        const MAX: usize = 1000;
        for span in finder.spans.iter().chain(&finder.seen) {
            let Some(raw) = finder.text.get(span.clone()).filter(|raw| raw.len() < 4096) else { continue };
            for (at, _) in raw.match_indices("vars.") {
                let name: String =
                    raw[at + 5..].chars().take_while(|c| c.is_alphanumeric() || "_-".contains(*c)).collect();
                if !name.is_empty() && self.vars.len() < MAX {
                    self.vars.insert(name);
                }
            }
            if finder.format == Format::Yaml
                && let Some(anchor) = raw.trim_start().strip_prefix('*')
                && self.anchors.len() < 30
            {
                self.anchors.insert(anchor.chars().take_while(|c| is_in_anchor(*c)).collect());
            }
        }
    }
}

pub(super) fn is_in_anchor(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_')
}
