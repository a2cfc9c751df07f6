//! YAML text → tree of nodes: the events of the parser below `serde-saphyr`, with our own rules on top.
//!
//! The events carry exact bytes for every key and value, which `serde-saphyr`'s own deserializer does not
//! give for an untyped tree. Plain values follow YAML 1.2's core schema (`yes` is a text), except that a
//! number with leading zeros is a text, too: YAML 1.1 reads it as octal and 1.2 does not.
//! Tags are refused, since nothing in a scenario needs them.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle, Span, StrInput, StructureStyle, Tag, options};

use crate::diagnostic::{Diagnostic, FileId, Mark};
use crate::scenario::codes;
use crate::scenario::node::{Entry, MAX_DEPTH, Node, Table, Value};
use crate::scenario::text_fault::fault;
use crate::scenario::yaml_syntax::{KEY, syntax};

/// How much aliases and merge keys may add to the tree, in bytes: ends a "billion laughs" file early.
const MAX_COPIED_BYTES: usize = 16 << 20;

/// Most values of a file: each costs some hundred bytes until the file is read.
const MAX_VALUES: usize = 1_000_000;

/// Most keys that stand a second time and are listed: one more than are drawn.
const MAX_DUPLICATES: usize = 101;

/// What a copied node costs beside its text.
const NODE_BYTES: usize = 128;

/// Reads YAML; gives the tree, or what is wrong: all duplicate keys, but only the first syntax error, since
/// the parser stops there.
pub(super) fn read(text: &str, file: FileId) -> Result<Node, Vec<Diagnostic>> {
    let mut reader = Reader {
        events: Parser::new_from_str_with_options(text, options! { emit_comments: false }),
        text,
        file,
        anchors: HashMap::new(),
        copied: 0,
        values: 0,
        duplicates: Vec::new(),
    };
    let node = match reader.document() {
        Ok(node) if reader.duplicates.is_empty() => return Ok(node),
        Ok(_) => None,
        Err(error) => Some(*error),
    };
    let mut faults: Vec<_> = reader.duplicates.into_iter().chain(node).collect();
    for fault in &mut faults {
        if let Mark::Source(id, _) = &mut fault.mark {
            *id = file;
        }
    }
    Err(faults)
}

type Result<T, E = Box<Diagnostic>> = std::result::Result<T, E>;

struct Reader<'a> {
    events: Parser<'a, StrInput<'a>>,
    text: &'a str,
    file: FileId,
    anchors: HashMap<usize, Node>,
    /// Bytes that aliases have added so far.
    copied: usize,
    values: usize,
    duplicates: Vec<Diagnostic>,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Range<usize>)> {
        match self.events.next_event() {
            Some(Ok((event, span))) => match event.tag() {
                Some(tag) => Err(refused(tag, bytes(&span.tag_span().unwrap_or(span), self.text))),
                None => Ok((event, bytes(&span, self.text))),
            },
            Some(Err(error)) => Err(Box::new(syntax(self.text, &error))),
            None => Ok((Event::StreamEnd, self.text.len()..self.text.len())),
        }
    }

    /// The only document of the stream; an empty stream is null.
    fn document(&mut self) -> Result<Node> {
        let mut root = None;
        loop {
            match self.next()? {
                (Event::StreamStart | Event::DocumentEnd, _) => {}
                (Event::DocumentStart(..), _) if root.is_none() => {
                    let (event, span) = self.next()?;
                    root = Some(self.node(event, span, 0)?);
                }
                (Event::DocumentStart(..), span) => {
                    return Err(Box::new(
                        fault(codes::UNSUPPORTED_YAML, "a second document begins here", span).help(
                            "a scenario is one document: remove the `---`, or make it a file of its own",
                        ),
                    ));
                }
                (Event::StreamEnd, _) => {
                    return Ok(root.unwrap_or_else(|| self.value(0..self.text.len(), Value::Null)));
                }
                (_, span) => return Err(Box::new(fault(codes::SYNTAX, "unexpected content", span))),
            }
        }
    }

    fn node(&mut self, event: Event<'a>, span: Range<usize>, depth: usize) -> Result<Node> {
        if depth > MAX_DEPTH {
            return Err(too_deep(span));
        }
        self.values += 1;
        if self.values > MAX_VALUES {
            let message = format!("more than {MAX_VALUES} values, the most that is read of a file");
            let error = fault(codes::TOO_LARGE, message, span)
                .help("put long lists into files of their own: feeds, or payloads that are lines of a file");
            return Err(Box::new(error));
        }
        let (anchor, node) = match event {
            Event::Scalar(text, style, anchor, _) => (anchor, self.value(span, scalar(&text, style))),
            Event::SequenceStart(style, anchor, _) => (anchor, self.list(style, span, depth)?),
            Event::MappingStart(style, anchor, _) => (anchor, self.table(style, span, depth)?),
            Event::Alias(anchor) => return self.alias(anchor, span, depth),
            _ => return Err(Box::new(fault(codes::SYNTAX, "a value is missing here", span))),
        };
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn value(&self, span: Range<usize>, value: Value) -> Node {
        Node::new(self.file, span, value)
    }

    /// The anchored node again. It keeps the place where it is written, so that a mistake is marked there.
    fn alias(&mut self, anchor: usize, span: Range<usize>, depth: usize) -> Result<Node> {
        let Some(node) = self.anchors.get(&anchor) else {
            return Err(Box::new(fault(
                codes::SYNTAX,
                "an alias stands inside the value that it repeats",
                span,
            )));
        };
        let (cost, height) = measure(node);
        if depth + height > MAX_DEPTH {
            return Err(too_deep(span));
        }
        self.copied += cost;
        if self.copied > MAX_COPIED_BYTES {
            let message = format!("aliases make this file larger than {} MiB", MAX_COPIED_BYTES >> 20);
            return Err(Box::new(fault(codes::TOO_LARGE, message, span)));
        }
        Ok(node.clone())
    }

    fn list(&mut self, style: StructureStyle, start: Range<usize>, depth: usize) -> Result<Node> {
        let mut items = Vec::new();
        let mut end = start.end;
        loop {
            match self.next()? {
                (Event::SequenceEnd, span) => {
                    let end = if style == StructureStyle::Flow { span.end } else { end };
                    return Ok(self.value(start.start..end, Value::List(Arc::new(items))));
                }
                (event, span) => {
                    let at = span.clone();
                    let item = self.node(event, span, depth + 1)?;
                    end = end.max(at.end).max(within(&item.span, start.start));
                    items.push(item);
                }
            }
        }
    }

    fn table(&mut self, style: StructureStyle, start: Range<usize>, depth: usize) -> Result<Node> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut merged: Vec<Entry> = Vec::new();
        let mut seen: HashSet<Arc<str>> = HashSet::new();
        let mut end = start.end;
        loop {
            let (key, key_span) = match self.next()? {
                (Event::MappingEnd, span) => {
                    for entry in merged {
                        // A key of the table itself goes before a merged one, an earlier merge before a later.
                        if seen.insert(entry.key.clone()) {
                            entries.push(entry);
                        }
                    }
                    let end = if style == StructureStyle::Flow { span.end } else { end };
                    let table = Value::Table(Arc::new(Table::new(entries)));
                    return Ok(self.value(start.start..end, table));
                }
                (event, span) => self.key(event, span)?,
            };
            let (event, span) = self.next()?;
            let at = span.clone();
            let node = self.node(event, span, depth + 1)?;
            end = end.max(key_span.end).max(at.end).max(within(&node.span, start.start));
            let Key::Text(key) = key else {
                merge(&mut merged, &node, &at)?;
                continue;
            };
            if seen.insert(key.clone()) {
                entries.push(Entry::new(key, key_span, node));
            } else {
                let message = format!("the key `{key}` stands here a second time");
                let error =
                    fault(codes::DUPLICATE_KEY, message, key_span).help("remove or rename one of the two");
                if self.duplicates.len() + 1 == MAX_DUPLICATES {
                    return Err(Box::new(error));
                }
                self.duplicates.push(error);
            }
        }
    }

    fn key(&mut self, event: Event<'a>, span: Range<usize>) -> Result<(Key, Range<usize>)> {
        let at = span.clone();
        if let Event::Scalar(text, ScalarStyle::Plain, 0, None) = &event
            && text == "<<"
        {
            return Ok((Key::Merge, span));
        }
        let text = match &event {
            Event::Scalar(text, ..) => Some(Arc::from(&**text)),
            _ => None,
        };
        match (text, self.node(event, span, 0)?.value) {
            (Some(text), _) | (None, Value::Text(text)) => Ok((Key::Text(text), at)),
            _ => Err(Box::new(fault(codes::UNSUPPORTED_YAML, "a key must be a text", at).help(KEY))),
        }
    }
}

enum Key {
    Text(Arc<str>),
    /// `<<`: the keys of one table, or of a list of tables, unless they stand in this one.
    Merge,
}

fn merge(merged: &mut Vec<Entry>, node: &Node, at: &Range<usize>) -> Result<()> {
    let tables = match &node.value {
        Value::List(items) => items.as_slice(),
        _ => std::slice::from_ref(node),
    };
    for table in tables {
        let Value::Table(table) = &table.value else {
            return Err(Box::new(fault(
                codes::UNSUPPORTED_YAML,
                "`<<` takes a mapping or a list of mappings",
                at.clone(),
            )));
        };
        merged.extend_from_slice(table.entries());
    }
    Ok(())
}

/// The end of a child's span, if the child stands inside its parent and was not copied from elsewhere.
fn within(child: &Range<usize>, start: usize) -> usize {
    if child.start >= start { child.end } else { 0 }
}

/// What copying a node costs in bytes, and how deep it is.
fn measure(node: &Node) -> (usize, usize) {
    let (cost, height) = match &node.value {
        Value::Text(text) => (text.len(), 0),
        Value::List(items) => items.iter().map(measure).fold((0, 0), |a, b| (a.0 + b.0, a.1.max(b.1 + 1))),
        Value::Table(table) => table.entries().iter().fold((0, 0), |(cost, height), entry| {
            let (more, below) = measure(&entry.node);
            (cost + more + entry.key.len(), height.max(below + 1))
        }),
        _ => (0, 0),
    };
    (cost + NODE_BYTES, height)
}

fn bytes(span: &Span, text: &str) -> Range<usize> {
    span.byte_range().unwrap_or(text.len()..text.len())
}

fn too_deep(span: Range<usize>) -> Box<Diagnostic> {
    Box::new(fault(codes::TOO_LARGE, format!("nested deeper than {MAX_DEPTH} levels"), span))
}

fn refused(tag: &Tag, span: Range<usize>) -> Box<Diagnostic> {
    let message = format!("the tag `{}` is not supported", tag.original());
    Box::new(
        fault(codes::UNSUPPORTED_YAML, message, span)
            .help("remove the tag; to make a number a text, write it in quotes"),
    )
}

/// A scalar by YAML 1.2's core schema (section 10.3.2), leading zeros apart.
pub(super) fn scalar(text: &str, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return Value::Text(text.into());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return Value::Float(f64::NAN),
        _ => {}
    }
    if let Some(value) = number(text) { value } else { Value::Text(text.into()) }
}

fn number(text: &str) -> Option<Value> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if matches!(digits, ".inf" | ".Inf" | ".INF") {
        return Some(Value::Float(if negative { f64::NEG_INFINITY } else { f64::INFINITY }));
    }
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            let valid = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
            return valid.then(|| Value::Integer(i128::from_str_radix(digits, radix).unwrap_or(i128::MAX)));
        }
    }
    let bytes = digits.as_bytes();
    let leading_zero = bytes.len() > 1 && bytes[0] == b'0' && bytes[1].is_ascii_digit();
    if leading_zero || !bytes.iter().any(u8::is_ascii_digit) {
        return None;
    }
    if bytes.iter().all(u8::is_ascii_digit) {
        let limit = if negative { i128::MIN } else { i128::MAX };
        return Some(Value::Integer(text.parse().unwrap_or(limit)));
    }
    // Rust reads all that the core schema does and some words more, which begin with a letter.
    let starts_as_number = bytes[0].is_ascii_digit() || bytes[0] == b'.';
    starts_as_number.then(|| text.parse().ok().map(Value::Float)).flatten()
}

#[cfg(test)]
mod tests;
