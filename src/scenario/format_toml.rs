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
        return Err(errors.iter().map(|error| syntax(text, error)).collect());
    }
    table(root.get_ref(), 0..text.len(), 0).map_err(|error| vec![*error])
}

fn syntax(text: &str, error: &toml::de::Error) -> Diagnostic {
    let span = error.span().unwrap_or(text.len()..text.len());
    let at = FieldPath::root();
    if error.message() == "duplicate key" {
        let key = text.get(span.clone()).unwrap_or_default();
        return Diagnostic::error(
            codes::DUPLICATE_KEY,
            at,
            format!("the key `{key}` stands here a second time"),
        )
        .marking(Mark::Source(span));
    }
    Diagnostic::error(codes::SYNTAX, at, error.message()).marking(Mark::Source(span))
}

fn table(table: &DeTable<'_>, span: std::ops::Range<usize>, depth: usize) -> Result<Node, Box<Diagnostic>> {
    let mut entries = Vec::with_capacity(table.len());
    for (key, value) in table {
        entries.push(Entry::new((**key.get_ref()).into(), key.span(), node(value, depth + 1)?));
    }
    // The parser sorts by key; mistakes are found in the order of the file.
    entries.sort_by_key(|entry| entry.key_span.start);
    Ok(Node { span, value: Value::Table(entries) })
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
    Ok(Node { span, value })
}
