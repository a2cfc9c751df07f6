//! Texts in quotes that end earlier than their author meant, as in `payload = "{"v": 1}"`.

use std::ops::Range;

use crate::scenario::explain::vocabulary::MAX_QUOTED;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct EndedEarly {
    /// The text as far as it went, with its quotes.
    pub(super) span: Range<usize>,
    pub(super) message: &'static str,
    pub(super) help: String,
}

/// What went wrong at a place where a text has just ended and something follows that cannot.
pub(super) fn ended_early(text: &str, at: usize) -> Option<EndedEarly> {
    let start = text.get(..at)?.rfind('\n').map_or(0, |line_end| line_end + 1);
    let line = text[start..].lines().next().unwrap_or_default();
    let span = last_text(line, at - start)?;
    let rest = &line[at - start..];
    if rest.starts_with([',', ']', '}', '#']) || rest.trim().is_empty() {
        return None;
    }
    let quote = line[span.clone()].chars().next()?;
    let content = &line[span.start + 1..span.end - 1];
    let in_file = start + span.start..start + span.end;
    // `topic = "a, qos = 1, payload = "x"`: what was to be the next value's first quote has closed this one.
    if let Some(before) = content.trim_end().strip_suffix(['=', ':'])
        && let Some((value, _)) = before.rsplit_once([',', '{', '}'])
    {
        let value = value.split(',').next().unwrap_or_default().trim();
        return Some(EndedEarly {
            span: in_file,
            message: "a text without its closing quote",
            help: format!("close it where it ends: {quote}{}{quote}", shortened(value)),
        });
    }
    // Another key, behind a comma that is missing.
    let is_key = rest.split_once('=').is_some_and(|(key, _)| !key.contains(['"', '\'']));
    if span.end != at - start && (is_key || !rest.contains(quote)) {
        return None;
    }
    let meant = whole(line, span.start, quote);
    Some(EndedEarly {
        span: in_file,
        message: if quote == '"' {
            "the text ends at its second double quote, and more follows"
        } else {
            "the text ends at its second single quote, and more follows"
        },
        help: help(quote, meant),
    })
}

fn help(quote: char, meant: Option<&str>) -> String {
    match (quote, meant) {
        ('"', Some(meant)) if !meant.contains(['\'', '\\']) => {
            format!("write a text that holds double quotes in single quotes: '{}'", shortened(meant))
        }
        ('"', Some(_)) => "write a backslash before each double quote within a text: \\\"".to_owned(),
        ('"', None) => "write a text that holds double quotes in single quotes: '{\"v\": 1}'".to_owned(),
        (_, Some(meant)) if !meant.contains(['"', '\\']) => {
            format!("write a text that holds single quotes in double quotes: \"{}\"", shortened(meant))
        }
        _ => "write the text in double quotes, with a backslash before each double quote in it: \\\""
            .to_owned(),
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX_QUOTED) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The last text in quotes of a line that ends at or before a place, with nothing but white space behind it.
fn last_text(line: &str, at: usize) -> Option<Range<usize>> {
    let mut open: Option<(usize, char)> = None;
    let mut escaped = false;
    let mut last = None;
    for (place, c) in line.char_indices().take_while(|(place, _)| *place < at) {
        match open {
            Some(_) if escaped => escaped = false,
            Some((_, '"')) if c == '\\' => escaped = true,
            Some((start, quote)) if c == quote => {
                last = Some(start..place + 1);
                open = None;
            }
            None if matches!(c, '"' | '\'') => open = Some((place, c)),
            _ => {}
        }
    }
    let last = last.filter(|_| open.is_none())?;
    line[last.end..at].trim().is_empty().then_some(last)
}

/// The text that was most likely meant: up to the first quote behind which a value can end, and behind which quotes
/// come in pairs.
fn whole(line: &str, start: usize, quote: char) -> Option<&str> {
    let places: Vec<_> = line[start..].match_indices(quote).map(|(at, _)| start + at).collect();
    let ends = places.iter().enumerate().skip(2);
    let mut ends = ends.filter(|(number, _)| (places.len() - number - 1) % 2 == 0).map(|(_, at)| *at);
    let end = ends.find(|at| {
        let rest = line[at + 1..].trim_start();
        rest.is_empty() || rest.starts_with([',', '}', ']', '#'])
    })?;
    line.get(start + 1..end)
}

#[cfg(test)]
mod tests;
