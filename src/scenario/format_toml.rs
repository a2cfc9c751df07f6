//! TOML text → tree of nodes, with every syntax error that the parser can find in one go.
//!
//! The parser recovers after an error, but what it guesses then would only lead to false mistakes. So a file with
//! syntax errors is not read any further.

use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use toml_parser::parser::{RecursionGuard, parse_document};
use toml_parser::{ParseError, Source};

use crate::diagnostic::{Diagnostic, FieldPath, FileId, Mark};
use crate::scenario::codes;
use crate::scenario::node::{Entry, MAX_DEPTH, Node, Table, Value};
use crate::scenario::text_fault::line_at;
use crate::scenario::toml_syntax::{is_header_in_list, is_in_table, is_open_in_brackets, is_yaml, syntax};

/// Most keys, values, signs and spaces of a file: each costs some hundred bytes until the file is read.
const MAX_SIGNS: usize = 4_000_000;

/// Most errors that are listed: one more than are drawn.
const MAX_ERRORS: usize = 101;

/// Reads TOML; gives the tree, or the first syntax errors.
pub(super) fn read(text: &str, file: FileId) -> Result<Node, Vec<Diagnostic>> {
    let text = match sound(text) {
        Ok(sound) => sound,
        Err(at) => {
            let message =
                format!("more than {MAX_SIGNS} keys, values and signs, the most that is read of a file");
            let error = Diagnostic::error(codes::TOO_LARGE, FieldPath::root(), message)
                .help("put long lists into files of their own: feeds, or payloads that are lines of a file");
            return Err(vec![error.marking(Mark::Source(file, at..at))]);
        }
    };
    let (root, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        return Err(independent(text, &errors, file));
    }
    Reader { file, offset: 0 }.table(root.get_ref(), 0..text.len(), 0).map_err(|error| vec![*error])
}

/// Reads one value, which stands alone in a text from a place on and to its end. What is not TOML is a text as it
/// stands there, unless it begins as something with an end that is missing.
pub(super) fn read_value(text: &str, from: usize, file: FileId) -> Result<Node, Box<Diagnostic>> {
    let rest = text.get(from..).unwrap_or_default();
    let (value, errors) = DeValue::parse_recoverable(rest);
    match independent(rest, &errors, file).into_iter().next() {
        None => Reader { file, offset: from }.node(&value, 0),
        Some(mut error) if rest.starts_with(['[', '{', '"', '\'']) => {
            if let Mark::Source(_, span) = &mut error.mark {
                *span = span.start + from..span.end + from;
            }
            Err(Box::new(error))
        }
        Some(_) => Ok(Node::new(file, from..text.len().max(from), Value::Text(rest.into()))),
    }
}

/// The part of a text in which not too much is wrong: each error costs some hundred bytes, and a file may be nothing
/// else. Where there are too many keys, values and signs, the place at which.
fn sound(text: &str) -> Result<&str, usize> {
    /// A text up to this size is cheap to parse, whatever is in it.
    const SHORT: usize = 64 << 10;
    if text.len() <= SHORT {
        return Ok(text);
    }
    let mut tokens = Vec::new();
    for token in Source::new(text).lex() {
        if tokens.len() == MAX_SIGNS {
            return Err(token.span().start());
        }
        tokens.push(token);
    }
    let (mut errors, mut end) = (0_usize, text.len());
    let mut nobody = ();
    // As deep as the parser goes.
    let mut shallow = RecursionGuard::new(&mut nobody, 80);
    parse_document(&tokens, &mut shallow, &mut |error: ParseError| {
        errors += 1;
        if errors == 2 * MAX_ERRORS {
            let places = [error.unexpected(), error.context()];
            end = places.into_iter().flatten().map(|span| span.end()).max().unwrap_or(end);
        }
    });
    let line_end = text.get(end..).and_then(|rest| rest.find('\n'));
    Ok(line_end.map_or(text, |line_end| &text[..end + line_end]))
}

/// What the parser says after the first mistake of a line is mostly a consequence of that, and so is all it
/// says once it has lost track of brackets.
fn independent(text: &str, errors: &[toml::de::Error], file: FileId) -> Vec<Diagnostic> {
    let mut errors: Vec<_> = errors.iter().collect();
    errors.sort_by_key(|error| start(text, error));
    let mut line_end = None;
    errors.retain(|error| {
        let at = start(text, error);
        let is_first = line_end.is_none_or(|line_end| line_end < at);
        if is_first {
            line_end = Some(text[at..].find('\n').map_or(text.len(), |end| at + end));
        }
        is_first
    });
    let loses_track = |error: &&toml::de::Error| {
        is_in_table(error) || is_header_in_list(text, error) || is_open_in_brackets(text, error)
    };
    if let Some(last) = errors.iter().position(loses_track) {
        errors.truncate(last + 1);
    }
    errors.truncate(MAX_ERRORS);
    if errors.iter().filter(|error| is_yaml(line_at(text, start(text, error)).1)).count() > MANY_OF_YAML {
        // The whole file is YAML, which is one mistake.
        errors.truncate(1);
    }
    errors.into_iter().map(|error| syntax(text, error, file)).collect()
}

/// A file with more lines of YAML than this is YAML.
const MANY_OF_YAML: usize = 2;

fn start(text: &str, error: &toml::de::Error) -> usize {
    error.span().map_or(text.len(), |span| span.start)
}

/// From the parser's values to nodes.
#[derive(Clone, Copy)]
struct Reader {
    file: FileId,
    /// Where the parsed text begins in the file.
    offset: usize,
}

impl Reader {
    fn table(self, table: &DeTable<'_>, span: Range<usize>, depth: usize) -> Result<Node, Box<Diagnostic>> {
        let mut entries = Vec::with_capacity(table.len());
        for (key, value) in table {
            let key_span = self.in_file(&key.span());
            entries.push(Entry::new((**key.get_ref()).into(), key_span, self.node(value, depth + 1)?));
        }
        // The parser sorts by key; mistakes are found in the order of the file.
        entries.sort_by_key(|entry| entry.key_span.start);
        Ok(Node::new(self.file, span, Value::Table(Arc::new(Table::new(entries)))))
    }

    fn node(self, value: &Spanned<DeValue<'_>>, depth: usize) -> Result<Node, Box<Diagnostic>> {
        let span = self.in_file(&value.span());
        if depth > MAX_DEPTH {
            let message = format!("nested deeper than {MAX_DEPTH} levels");
            let error = Diagnostic::error(codes::TOO_LARGE, FieldPath::root(), message);
            return Err(Box::new(error.marking(Mark::Source(self.file, span))));
        }
        let value = match value.get_ref() {
            DeValue::String(text) => Value::Text((**text).into()),
            DeValue::Integer(number) => {
                let limit = if number.as_str().starts_with('-') { i128::MIN } else { i128::MAX };
                Value::Integer(i128::from_str_radix(number.as_str(), number.radix()).unwrap_or(limit))
            }
            DeValue::Float(number) => Value::Float(number.as_str().parse().unwrap_or(f64::NAN)),
            DeValue::Boolean(value) => Value::Bool(*value),
            DeValue::Datetime(_) => Value::Date,
            DeValue::Array(items) => {
                let items = items.iter().map(|item| self.node(item, depth + 1));
                Value::List(Arc::new(items.collect::<Result<_, _>>()?))
            }
            DeValue::Table(entries) => return self.table(entries, span, depth),
        };
        Ok(Node::new(self.file, span, value))
    }

    fn in_file(self, span: &Range<usize>) -> Range<usize> {
        span.start + self.offset..span.end + self.offset
    }
}
