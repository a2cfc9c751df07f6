//! The text of a configuration file as settings: `locust.conf`, or `[tool.locust]` of a TOML file.
//!
//! The syntax is that of `ConfigArgParse`, Locust's reader, with its peculiarities (`headless ; remark` has a value):
//! what a file means must not depend on who reads it.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The value of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    List(Vec<String>),
}

/// A setting of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// The name as it is written, without dashes before it.
    pub(super) name: String,
    pub(super) value: Value,
    /// Its line, from 1.
    pub(super) number: usize,
}

/// A line that cannot be read, and why.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unreadable {
    pub(super) number: usize,
    pub(super) why: String,
}

/// Reads a file in Locust's own form; of a name that stands there twice, the last value counts.
pub(super) fn conf(text: &str) -> Result<Vec<Line>, Unreadable> {
    let mut lines: Vec<Line> = Vec::new();
    for (number, line) in (1..).zip(text.lines().map(str::trim)) {
        if line.is_empty() || line.starts_with(['#', ';', '[']) || line.starts_with("---") {
            continue;
        }
        let Some((name, value)) = pair(line) else {
            let why = "this is no setting: write NAME = VALUE, or a NAME alone for a switch".to_owned();
            return Err(Unreadable { number, why });
        };
        let name = name.strip_prefix("--").unwrap_or(name).to_owned();
        lines.retain(|earlier| earlier.name != name);
        lines.push(Line { name, value, number });
    }
    Ok(lines)
}

/// `name = value`, `name: value`, `name value` or a name alone.
fn pair(line: &str) -> Option<(&str, Value)> {
    let end =
        line.find(|c: char| matches!(c, ':' | '=' | ';' | '#') || c.is_whitespace()).unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    if name.is_empty() {
        return None;
    }
    let trimmed = rest.trim_start();
    let text = match trimmed.strip_prefix([':', '=']) {
        Some(after) => without_remark(after.trim_start()),
        None if rest.is_empty() => "true",
        None if trimmed.len() < rest.len() => without_remark(trimmed),
        None => return None,
    };
    Some((name, Value::of(text)))
}

/// The value before a remark, without its quotes.
fn without_remark(text: &str) -> &str {
    let ends = |rest: &str| {
        let trimmed = rest.trim_start();
        trimmed.is_empty() || (trimmed.len() < rest.len() && trimmed.starts_with([';', '#']))
    };
    if let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        let inner = &text[1..];
        let closing = inner.match_indices(quote).map(|(at, _)| at);
        // An empty text in quotes is one only if nothing longer fits, as in `""`.
        let found = closing.clone().filter(|at| *at > 0).chain(closing.filter(|at| *at == 0));
        for at in found {
            if ends(&inner[at + 1..]) {
                return &inner[..at];
            }
        }
    }
    let mut places = text.char_indices().skip(1).map(|(at, _)| at);
    places.find(|at| ends(&text[*at..])).map_or(text, |at| &text[..at])
}

impl Value {
    /// A list if it stands in brackets, as JSON or without quotes; else a text.
    pub(super) fn of(text: &str) -> Self {
        let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) else {
            return Self::Text(text.to_owned());
        };
        let Ok(elements) = serde_json::from_str::<Vec<serde_json::Value>>(text) else {
            return Self::List(inner.split(',').map(|element| element.trim().to_owned()).collect());
        };
        let written = |element: serde_json::Value| match element {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        };
        Self::List(elements.into_iter().map(written).collect())
    }
}

/// Reads `[tool.locust]` of a TOML file; there is nothing to read if the file does not have it.
pub(super) fn toml(text: &str) -> Result<Vec<Line>, Unreadable> {
    let number = |at: usize| text.get(..at).unwrap_or(text).matches('\n').count() + 1;
    let root = DeTable::parse(text).map_err(|error| Unreadable {
        number: error.span().map_or(1, |span| number(span.start)),
        why: format!("this is no TOML: {}", error.message()),
    })?;
    let Some(tool) = root.get_ref().get("tool").map(Spanned::get_ref) else { return Ok(Vec::new()) };
    let Some(settings) = table(tool).and_then(|tool| table(tool.get("locust")?.get_ref())) else {
        return Ok(Vec::new());
    };
    let lines = settings.iter().map(|(name, value)| Line {
        name: name.get_ref().clone().into_owned(),
        value: match value.get_ref() {
            DeValue::Array(elements) => {
                Value::List(elements.iter().map(|it| written(it.get_ref())).collect())
            }
            other => Value::Text(written(other)),
        },
        number: number(name.span().start),
    });
    let mut lines: Vec<_> = lines.collect();
    lines.sort_by_key(|line| line.number);
    Ok(lines)
}

fn table<'a, 'b>(value: &'a DeValue<'b>) -> Option<&'a DeTable<'b>> {
    if let DeValue::Table(table) = value { Some(table) } else { None }
}

fn written(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => text.clone().into_owned(),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.to_string(),
        DeValue::Boolean(value) => value.to_string(),
        DeValue::Datetime(moment) => moment.to_string(),
        // No setting is a list of lists or a table; who checks it says so.
        DeValue::Array(_) => "[…]".to_owned(),
        DeValue::Table(_) => "{…}".to_owned(),
    }
}

#[cfg(test)]
mod tests;
