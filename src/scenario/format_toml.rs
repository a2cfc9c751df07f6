//! TOML text → tree of nodes, with every syntax error that the parser can find in one go.
//!
//! The parser recovers after an error, but what it guesses then would only give mistakes that are none; so a
//! file with syntax errors is not looked at further.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Diagnostic, FieldPath, Mark};
use crate::scenario::codes;
use crate::scenario::node::{Entry, MAX_DEPTH, Node, Value};

/// Reads TOML; gives the tree, or all syntax errors.
pub(super) fn read(text: &str) -> Result<Node, Vec<Diagnostic>> {
    let (root, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        return Err(first_of_each_line(text, &errors));
    }
    table(root.get_ref(), 0..text.len(), 0).map_err(|error| vec![*error])
}

/// What the parser says after the first mistake of a line is mostly a consequence of that.
fn first_of_each_line(text: &str, errors: &[toml::de::Error]) -> Vec<Diagnostic> {
    let start = |error: &toml::de::Error| error.span().map_or(text.len(), |span| span.start);
    let mut errors: Vec<_> = errors.iter().collect();
    errors.sort_by_key(|error| start(error));
    errors.dedup_by(|later, earlier| !text[start(earlier)..start(later)].contains('\n'));
    errors.into_iter().map(|error| syntax(text, error)).collect()
}

/// The parser's words, made a little plainer for the most frequent mistakes.
fn syntax(text: &str, error: &toml::de::Error) -> Diagnostic {
    let span = error.span().unwrap_or(text.len()..text.len());
    let marked = text.get(span.clone()).unwrap_or_default();
    let line_start = text[..span.start].rfind('\n').map_or(0, |line_end| line_end + 1);
    let line = text[line_start..].lines().next().unwrap_or_default();
    let at_line_end = span.start >= line_start + line.trim_end().len();
    let message = error.message();
    let error = |code, message: String| {
        Diagnostic::error(code, FieldPath::root(), message).marking(Mark::Source(span.clone()))
    };
    match message {
        "duplicate key" => {
            error(codes::DUPLICATE_KEY, format!("the key `{marked}` stands here a second time"))
        }
        _ if message.starts_with("string values must be quoted") && at_line_end => {
            error(codes::SYNTAX, "a value is missing".to_owned())
        }
        _ if message.starts_with("string values must be quoted") => {
            error(codes::SYNTAX, "text must stand in quotes".to_owned()).help(format!("write \"{marked}\""))
        }
        _ if message.starts_with("invalid basic string") && at_line_end => {
            error(codes::SYNTAX, "a text without its closing quote".to_owned())
        }
        _ => {
            let error = error(codes::SYNTAX, message.trim_end_matches(", expected nothing").to_owned());
            if is_yaml(line) {
                error
                    .help("this is how YAML is written: end the file's name in .yaml, or write `key = value`")
            } else {
                error
            }
        }
    }
}

/// Whether a line looks like `key: value` or `key:`.
fn is_yaml(line: &str) -> bool {
    line.split_once(':').is_some_and(|(key, value)| {
        let key = key.trim();
        let is_word = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
        is_word && (value.is_empty() || value.starts_with([' ', '\r']))
    })
}

fn table(table: &DeTable<'_>, span: std::ops::Range<usize>, depth: usize) -> Result<Node, Box<Diagnostic>> {
    let mut entries = Vec::with_capacity(table.len());
    for (key, value) in table {
        entries.push(Entry::new((**key.get_ref()).into(), key.span(), node(value, depth + 1)?));
    }
    // The parser sorts by key; mistakes are found in the order of the file.
    entries.sort_by_key(|entry| entry.key_span.start);
    Ok(Node::new(span, Value::Table(entries)))
}

fn node(value: &Spanned<DeValue<'_>>, depth: usize) -> Result<Node, Box<Diagnostic>> {
    let span = value.span();
    if depth > MAX_DEPTH {
        let message = format!("nested deeper than {MAX_DEPTH} levels");
        let error = Diagnostic::error(codes::TOO_LARGE, FieldPath::root(), message);
        return Err(Box::new(error.marking(Mark::Source(span))));
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
            Value::List(items.iter().map(|item| node(item, depth + 1)).collect::<Result<_, _>>()?)
        }
        DeValue::Table(entries) => return table(entries, span, depth),
    };
    Ok(Node::new(span, value))
}
