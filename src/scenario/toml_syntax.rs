//! What is wrong with a text that should be TOML, in plain words and with the cure of the most frequent slips.

use std::ops::Range;

use crate::diagnostic::{Diagnostic, FieldPath, FileId, Mark};
use crate::scenario::codes;
use crate::scenario::files::Format;
use crate::scenario::pause;
use crate::scenario::quotes::{EndedEarly, ended_early};
use crate::scenario::text_fault::line_at;

struct Fault<'a> {
    /// The parser's own words.
    words: &'a str,
    /// The text that the error marks.
    marked: &'a str,
    /// The line, and what of it stands before the mark and from its beginning on.
    line: &'a str,
    before: &'a str,
    rest: &'a str,
}

type Said = (String, String);

/// The parser's words, made plainer.
pub(super) fn syntax(text: &str, error: &toml::de::Error, file: FileId) -> Diagnostic {
    let span = error.span().unwrap_or(text.len()..text.len());
    let (line_start, line) = line_at(text, span.start);
    let (before, rest) = line.split_at_checked(span.start - line_start).unwrap_or((line, ""));
    let marked = text.get(span.clone()).unwrap_or_default();
    let said = |code, message: String, span: Range<usize>, help: String| {
        let diagnostic = Diagnostic::error(code, FieldPath::root(), message);
        diagnostic.marking(Mark::Source(file, span)).help(help)
    };
    let words = error.message();
    if words == "duplicate key" {
        let message = format!("the key `{marked}` stands here a second time");
        return said(codes::DUPLICATE_KEY, message, span, "remove or rename one of the two".to_owned());
    }
    let fault = Fault { words, marked, line, before, rest };
    let follows = words.starts_with("missing comma")
        || words.starts_with("unexpected key or value")
        || words.starts_with("missing assignment");
    if follows && let Some(EndedEarly { span, message, help }) = ended_early(text, span.start) {
        return said(codes::SYNTAX, message.to_owned(), span, help);
    }
    let (message, help) = fault
        .of_value()
        .or_else(|| fault.of_text())
        .or_else(|| fault.of_key(is_header_in_list(text, error)))
        .unwrap_or_else(|| fault.other(is_in_table(error)));
    said(codes::SYNTAX, message, span, help)
}

impl Fault<'_> {
    fn at_line_end(&self) -> bool {
        self.rest.trim().is_empty()
    }

    /// A value without its quotes, or one that is not valid.
    fn of_value(&self) -> Option<Said> {
        let Self { words, marked, before, rest, .. } = *self;
        if words.starts_with("invalid float") || words.starts_with("invalid integer") {
            let whole = token(before) + rest;
            let value = whole.split([',', '}', ']', '#']).next().unwrap_or_default().trim();
            return Some((
                format!("`{value}` is not a number"),
                format!("write a text in quotes: \"{value}\""),
            ));
        }
        // A text that begins like `true`, `false`, `inf` or `nan` is called an invalid one of these.
        let is_bare =
            words.starts_with("string values must be quoted") || words.starts_with("invalid boolean");
        if !is_bare || is_header(self.line) {
            return None;
        }
        if self.at_line_end() && marked.trim().is_empty() {
            return Some(("a value is missing".to_owned(), "write a value behind the `=`".to_owned()));
        }
        if is_truth(&marked.to_lowercase()) {
            let small = marked.to_lowercase();
            return Some((format!("`{marked}` is written in small letters"), format!("write {small}")));
        }
        if let Some(wait) = pause::wait_time(rest.trim_end_matches([',', '}', ' ']), Format::Toml) {
            let message = "a pause is written as a table".to_owned();
            return Some((message, format!("write {wait}")));
        }
        if rest.starts_with("${") {
            let end = rest.find('}').map_or(rest.len(), |end| end + 1);
            let message = "a template must stand in quotes".to_owned();
            return Some((message, format!("write \"{}\"", &rest[..end])));
        }
        if let Some((name, _)) = rest.split_once('(').filter(|(name, _)| is_word(name)) {
            let message = format!("`{name}(…)` is not a value");
            return Some((message, format!("a step is written as a table: {{ {name} = {{ … }} }}")));
        }
        if let Some((key, _)) = rest.split_once('=').filter(|(key, _)| is_word(key.trim())) {
            let key = key.trim();
            let message = format!("the key `{key}` stands where an item of a list belongs");
            return Some((message, format!("write {{ }} around it: {{ {key} = … }}")));
        }
        if begins_with_a_number(marked) {
            let message = format!("unexpected text in the value `{marked}`");
            return Some((message, "is a `,` missing in it? A text must stand in quotes".to_owned()));
        }
        Some(("text must stand in quotes".to_owned(), format!("write {}", in_quotes(marked))))
    }

    /// A text in quotes that is not valid.
    fn of_text(&self) -> Option<Said> {
        let words = self.words;
        if words.starts_with("missing escaped value") {
            let help = "write `\\\\` for a backslash, or the text in single quotes";
            return Some(("a backslash that begins no escape".to_owned(), help.to_owned()));
        }
        let literal = words.starts_with("invalid literal string");
        if self.at_line_end() && (literal || words.starts_with("invalid basic string")) {
            let quote = if literal { "a single quote: '" } else { "a double quote: \"" };
            return Some((
                "a text without its closing quote".to_owned(),
                format!("the text begins with {quote}; end it with the same"),
            ));
        }
        None
    }

    /// A line, or an entry of a table in braces, that is not `key = value`.
    fn of_key(&self, header_in_list: bool) -> Option<Said> {
        let Self { words, before, rest, .. } = *self;
        if header_in_list {
            let help = "is a `]` missing before this place?";
            return Some(("a table begins inside a list".to_owned(), help.to_owned()));
        }
        let (line, start) = (self.line.trim_start(), before.trim_start());
        if line.starts_with("//") || line.starts_with("--") || line.starts_with(';') {
            return Some(("a comment begins with `#`".to_owned(), "write `#` in its place".to_owned()));
        }
        if start.is_empty()
            && !words.starts_with("missing")
            && (line.starts_with('{') || line.starts_with('[') && line.contains(':'))
        {
            let help = "end the file's name in .yaml, which reads JSON as well";
            return Some(("this is how JSON is written".to_owned(), help.to_owned()));
        }
        if is_yaml(self.line) {
            let help = "this is how YAML is written: end the file's name in .yaml, or write `key = value`";
            return Some((words.trim_end_matches(", expected nothing").to_owned(), help.to_owned()));
        }
        if rest.starts_with(":=") || rest.starts_with("==") || before.ends_with('=') && rest.starts_with('=')
        {
            return Some((
                "one `=` stands between key and value".to_owned(),
                "write `key = value`".to_owned(),
            ));
        }
        if rest.trim_start().starts_with(':') {
            let key = before.trim_end().rsplit([' ', '{', ',']).next().unwrap_or_default();
            let help = if key.ends_with(['"', '\'']) {
                format!("write {key} = …; as a payload, JSON is a text in single quotes: '{{\"v\": 1}}'")
            } else {
                format!("write `{key} = …`")
            };
            return Some(("a `:` where TOML has a `=`".to_owned(), help));
        }
        if words.starts_with("missing assignment") || words.starts_with("key with no value") {
            return Some((
                "a `=` is missing between key and value".to_owned(),
                "write `key = value`".to_owned(),
            ));
        }
        if words.starts_with("unclosed table") {
            return Some(("a `]` is missing at the end of a heading".to_owned(), format!("write {line}]")));
        }
        None
    }

    fn other(&self, in_table: bool) -> Said {
        let Self { words, before, rest, .. } = *self;
        let said = words.trim_end_matches(", expected nothing").to_owned();
        let help = if words.starts_with("unexpected key or value") {
            let number = token(before) + rest.split([' ', '#']).next().unwrap_or_default();
            let digits = number.replace(',', "");
            let is_grouped = number.contains(',') && digits.bytes().all(|byte| byte.is_ascii_digit());
            let message = "unexpected text where the line should end".to_owned();
            if is_grouped && !digits.is_empty() {
                return (message, format!("write {digits}"));
            }
            return (message, "a line holds one `key = value`; a comment begins with `#`".to_owned());
        } else if rest.starts_with('}') && words.starts_with("missing comma between array") {
            "this `}` closes nothing: remove it"
        } else if words.starts_with("missing comma between key-value") {
            "is a `,` missing here, or a `}` before this place?"
        } else if words.starts_with("missing comma") {
            "is a `,` missing before this place?"
        } else if in_table {
            "is a `}` missing before this place?"
        } else {
            "a line holds one `key = value`, texts in quotes; a comment begins with `#`"
        };
        (said, help.to_owned())
    }
}

/// Whether the parser is inside `{ }`, which may go on in the next line.
pub(super) fn is_in_table(error: &toml::de::Error) -> bool {
    error.message().contains("inline table") || error.message().contains("between key-value pairs")
}

/// Whether the parser takes a line like `[load]` for a list in a list.
pub(super) fn is_header_in_list(text: &str, error: &toml::de::Error) -> bool {
    let start = error.span().map_or(text.len(), |span| span.start);
    is_header(line_at(text, start).1) && error.message().starts_with("string values must be quoted")
}

/// Whether a text within brackets is not closed, so that the parser takes the next lines for what they are not.
pub(super) fn is_open_in_brackets(text: &str, error: &toml::de::Error) -> bool {
    let words = error.message();
    let is_open = words.starts_with("invalid literal string") || words.starts_with("invalid basic string");
    let start = error.span().map_or(text.len(), |span| span.start);
    let value = line_at(text, start).1.split_once('=').map_or("", |(_, value)| value.trim_start());
    is_open && !value.starts_with(['"', '\''])
}

fn is_header(line: &str) -> bool {
    let line = line.trim();
    line.starts_with('[') && line.ends_with(']') && !line.contains(['"', '\'', ','])
}

/// Whether a line looks like `key: value` or `key:`, or like an item of a list of YAML.
pub(super) fn is_yaml(line: &str) -> bool {
    let line = line.trim_start();
    let line = line.strip_prefix("- ").unwrap_or(line);
    line.split_once(':').is_some_and(|(key, value)| {
        is_word(key.trim()) && (value.trim().is_empty() || value.starts_with([' ', '\r']))
    })
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

/// What of a value stands before a place.
fn token(before: &str) -> String {
    before.rsplit(['=', ' ', ',', '[', '{']).next().unwrap_or_default().to_owned()
}

/// Whether a value like `1 b` is rather a number and the key that follows it.
fn begins_with_a_number(value: &str) -> bool {
    value.split_once(' ').is_some_and(|(first, _)| first.parse::<f64>().is_ok())
}

fn is_truth(text: &str) -> bool {
    matches!(text, "true" | "false")
}

/// A text as TOML writes it, without the quotes of a word processor.
fn in_quotes(text: &str) -> String {
    let text = text.trim_matches(['“', '”', '„', '‘', '’', '«', '»']);
    if text.contains(['"', '\\']) { format!("'{text}'") } else { format!("\"{text}\"") }
}
