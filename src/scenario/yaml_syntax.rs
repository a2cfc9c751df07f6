//! What is wrong with a text that should be YAML, in plain words and with the cure of the most frequent slips.

use serde_saphyr::granit_parser::{ErrorKind, ScanError};

use crate::diagnostic::Diagnostic;
use crate::scenario::codes;
use crate::scenario::quotes::{EndedEarly, ended_early};
use crate::scenario::text_fault::{fault as fault_at, line_at};

pub(super) const KEY: &str =
    "a text with `{` or `[` at its beginning stands in quotes, and a template is written \"${NAME}\"";

/// The parser's words, made plainer.
pub(super) fn syntax(text: &str, error: &ScanError) -> Diagnostic {
    let at = error.marker().byte_offset().unwrap_or(text.len());
    let fault = |message: &str| fault_at(codes::SYNTAX, message, at..at);
    // A tab is missed at the line behind it, too.
    let (start, line) = line_at(text, at);
    let (before, above) = line_at(text, text[..start].trim_end().len());
    for (place, line) in [(before, above), (start, line)] {
        let indent = &line[..line.len() - line.trim_start().len()];
        if let Some(tab) = indent.find('\t') {
            let place = place + tab;
            let message = "a tab in the indentation";
            return fault_at(codes::SYNTAX, message, place..place + 1).help("indent with spaces");
        }
    }
    // Without options the URL ends with what looks like the end of a key.
    let embedded = "embedded:";
    if let Some(start) = (at + 1).checked_sub(embedded.len())
        && text.get(start..=at) == Some(embedded)
        && !text[..start].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '-'))
    {
        let message = "a text that ends with a `:` must stand in quotes";
        return fault_at(codes::SYNTAX, message, start..at + 1).help("write \"embedded:\"");
    }
    match error.kind() {
        ErrorKind::MappingValueNotAllowed => colon(text, at),
        ErrorKind::InvalidColonPlacement => {
            fault("a `:` that cannot stand here").help("is a `[`, `{` or quote before it not closed?")
        }
        ErrorKind::ExpectedBlockMappingKey | ErrorKind::InvalidIndentation => {
            fault("a key is expected here").help("the keys of one mapping begin in the same column")
        }
        ErrorKind::ExpectedBlockSequenceEntry => entry(text, at),
        ErrorKind::TabInBlockIndentation | ErrorKind::TabInIndentation | ErrorKind::TabNotAllowed => {
            fault("a tab in the indentation").help("indent with spaces")
        }
        ErrorKind::SimpleKeyExpected => no_colon(text, at),
        ErrorKind::UnknownAnchor => {
            let rest = text.get(at + 1..).unwrap_or_default();
            let name: String =
                rest.chars().take_while(|c| c.is_alphanumeric() || "-_".contains(*c)).collect();
            fault(&format!("no anchor `&{name}` stands before this alias")).help(format!(
                "write `&{name}` in front of the value that is meant, further up; a text that begins \
                     with `*` stands in quotes"
            ))
        }
        ErrorKind::UnexpectedCharacter { character } if character.is_control() => {
            fault("a control character")
                .help("remove it; in a text in double quotes it can be written as an escape")
        }
        ErrorKind::UnexpectedCharacter { character } => {
            fault(&format!("a value cannot begin with `{character}`")).help("write a text in quotes")
        }
        ErrorKind::UnclosedQuotedScalar => {
            fault("a text without its closing quote").help("end it with the quote that it begins with")
        }
        ErrorKind::UnclosedFlowCollection { open } => {
            let close = if *open == '{' { '}' } else { ']' };
            fault(&format!("a `{open}` that is not closed")).help(format!(
                "close it with `{close}`; ` #` begins a comment, so a text with it stands in quotes"
            ))
        }
        ErrorKind::ExpectedFlowMappingSeparator => separator(text, at, '}'),
        ErrorKind::ExpectedFlowSequenceSeparator => separator(text, at, ']'),
        ErrorKind::InvalidBlockEntryWhitespace => {
            fault("a space is missing after the `-`").help("write `- `, with a space, before an item")
        }
        ErrorKind::BlockSequenceEntryNotAllowed => {
            fault("a list cannot begin here").help("begin it on a line of its own")
        }
        ErrorKind::UnknownQuotedScalarEscape => fault("an escape that YAML does not have in this text")
            .help("write `\\\\` for a backslash, or the text in single quotes"),
        _ => other(text, at, &error.info()),
    }
}

/// A `:` where a value goes on: mostly a consequence of the line before.
fn colon(text: &str, at: usize) -> Diagnostic {
    let (start, line) = line_at(text, at);
    let before = text[..start].trim_end();
    let (last_start, last) = line_at(text, before.len());
    let word = last.trim_start().trim_start_matches("- ");
    // `users:10` is a text, which the next line then continues.
    if !word.contains(": ")
        && !word.ends_with(':')
        && let Some(fault) = bare(word, last_start + last.len() - word.len())
    {
        return fault;
    }
    let indent = |line: &str| line.len() - line.trim_start().len();
    if word.split_once(": ").is_some_and(|(key, value)| is_key(key) && !value.trim().is_empty())
        && indent(line) > indent(last)
    {
        return fault_at(codes::SYNTAX, "a key that is indented further than the one above", at..at)
            .help("the keys of one mapping begin in the same column");
    }
    fault_at(codes::SYNTAX, "a `:` that cannot stand here", at..at)
        .help("write a text with `: ` in quotes; in the lines before, is there a space after each `key:`?")
}

/// A line that is a text alone and should be a key with its value.
fn bare(word: &str, place: usize) -> Option<Diagnostic> {
    let end = word.find([':', '=', ' ']).filter(|end| is_key(&word[..*end]))?;
    let (key, rest) = word.split_at(end);
    let value = rest.trim_start_matches([':', '=', ' ']);
    let message = match rest.trim_start().chars().next()? {
        ':' => "a space is missing after the `:`",
        '=' => "a `=` where YAML has a `:`",
        _ => "a `:` is missing between key and value",
    };
    let mark = place..place + word.trim_end().len();
    Some(fault_at(codes::SYNTAX, message, mark).help(format!("write `{key}: {value}`")))
}

/// A line that is not a key, or the line before it.
fn no_colon(text: &str, at: usize) -> Diagnostic {
    let (start, line) = line_at(text, at);
    let word = line.trim_start().trim_start_matches("- ");
    bare(word, start + line.len() - word.len()).unwrap_or_else(|| {
        fault_at(codes::SYNTAX, "a `:` is missing", at..at)
            .help("write `key: value`; a comment begins with `#`")
    })
}

fn is_key(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
}

/// Something else in a list than its next item.
fn entry(text: &str, at: usize) -> Diagnostic {
    let rest = line_at(text, at).1.trim_start();
    let fault = fault_at(codes::SYNTAX, "a `- ` is expected here", at..at);
    match rest.strip_prefix('-') {
        Some(item) if !item.starts_with(' ') => {
            fault_at(codes::SYNTAX, "a space is missing after the `-`", at..at).help(format!("write `- {item}`"))
        }
        _ => fault.help(
            "the items of one list begin in the same column; what belongs to an item is indented further than its `-`",
        ),
    }
}

/// Something else in `{ }` or `[ ]` than the next entry.
fn separator(text: &str, at: usize, close: char) -> Diagnostic {
    let rest = text.get(at..).unwrap_or_default();
    let before = text.get(..at).unwrap_or_default();
    if rest.starts_with('{') && before.ends_with('$') {
        let (start, line) = line_at(text, at);
        let end = rest.find('}').map_or(rest.len(), |end| end + 1);
        let template = &text[at - 1..at + end];
        let message = "a template within { } or [ ] must stand in quotes, since its braces are YAML's own";
        let in_payload = line[..at - start].contains("payload");
        let help = if in_payload {
            format!(
                "write \"{template}\", or the whole payload as a text in single quotes: '{{\"v\": {template}}}'; \
                 JSON with templates in quotes goes into {{ json: {{ … }} }}"
            )
        } else {
            format!("write the whole text in quotes, such as \"{template}\"")
        };
        return fault_at(codes::SYNTAX, message, at - 1..at + end).help(help);
    }
    let message = format!("a `,` or `{close}` is missing before this place");
    let help = if before.trim_end().ends_with(['}', ']']) {
        "a text that begins with `{` or `[` stands in quotes, and a template is written \"${NAME}\""
    } else if rest.trim_start().starts_with(':') {
        "write a text with `: ` in quotes; or is a `,` missing before the key?"
    } else {
        "texts with `{`, `}`, `[`, `]` or `,` in them stand in quotes here"
    };
    fault_at(codes::SYNTAX, message, at..at).help(help)
}

fn other(text: &str, at: usize, words: &str) -> Diagnostic {
    if words.contains("trailing content") {
        let EndedEarly { span, message, help } = ended_early(text, at).unwrap_or_else(|| EndedEarly {
            span: at..at,
            message: "more follows behind the end of a text in quotes",
            help: "write the whole text in quotes; one that holds double quotes in single quotes".to_owned(),
        });
        return fault_at(codes::SYNTAX, message, span).help(help);
    }
    if words.contains("found a tab") {
        return fault_at(codes::SYNTAX, "a tab in the indentation", at..at).help("indent with spaces");
    }
    if words.contains("block sequence") {
        let message = "a `- ` is expected here, or what belongs to the item above";
        return fault_at(codes::SYNTAX, message, at..at)
            .help("what belongs to an item stands behind its `- `, or is indented further than it");
    }
    fault_at(codes::SYNTAX, words, at..at)
        .help("write a text with characters that YAML uses itself, such as `{`, `: ` or ` #`, in quotes")
}
