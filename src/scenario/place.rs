//! From a path of keys to the place in a file.

use std::ops::Range;

use crate::diagnostic::{FieldPath, FileId, Mark, Part};
use crate::scenario::align::align;
use crate::scenario::node::{Node, Value};
use crate::scenario::source::Files;

/// A place in one of the files of a scenario.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    /// Which file.
    pub file: FileId,
    /// Bytes of its text, within one line; `0..0` for the file as a whole.
    pub span: Range<usize>,
}

/// The place that a path and a mark stand for; see `Source::place`.
pub(super) fn place(root: &Node, files: &Files, path: &FieldPath, mark: &Mark) -> Place {
    let found = match mark {
        Mark::Source(file, span) => Place { file: *file, span: span.clone() },
        Mark::Key => find(root, files, path).1,
        Mark::Value => find(root, files, path).0,
        Mark::Within(range) => within(root, files, path, range).unwrap_or_else(|| find(root, files, path).0),
    };
    one_line(files.get(found.file).text(), &found)
}

/// The value and the key that a path leads to; the value for the key of a list's item.
fn find(root: &Node, files: &Files, path: &FieldPath) -> (Place, Place) {
    let mut node = root;
    let whole = match root.value {
        Value::Null | Value::Table(_) => 0..0,
        _ => root.span.clone(),
    };
    let mut value = Place { file: root.file, span: whole };
    let mut key = value.clone();
    for part in &path.0 {
        let Some(child) = node.child(part) else { break };
        let own = Place { file: child.file, span: child.span.clone() };
        key = match (&node.value, part) {
            (Value::Table(table), Part::Key(name)) => {
                let span = table.get(name).map_or(child.span.clone(), |entry| entry.key_span.clone());
                Place { file: child.file, span }
            }
            _ => own.clone(),
        };
        let raw = files.get(child.file).text().get(child.span.clone()).unwrap_or_default();
        let is_text = matches!(child.value, Value::Text(_));
        let by_key = raw.is_empty() || !is_text && raw.contains('\n');
        value = if by_key { key.clone() } else { own };
        node = child;
    }
    (value, key)
}

fn within(root: &Node, files: &Files, path: &FieldPath, range: &Range<usize>) -> Option<Place> {
    let node = root.at(&path.0)?;
    let Value::Text(decoded) = &node.value else {
        return None;
    };
    let file = files.get(node.file);
    let raw = file.text().get(node.span.clone())?;
    let found = align(raw, decoded, range, file.format())?;
    Some(Place { file: node.file, span: node.span.start + found.start..node.span.start + found.end })
}

/// The part of a place in its first line, on character boundaries.
fn one_line(text: &str, place: &Place) -> Place {
    let start = text.floor_char_boundary(place.span.start);
    let end = text.ceil_char_boundary(place.span.end.max(start));
    let line = text[start..end].split(['\n', '\r']).next().unwrap_or_default();
    Place { file: place.file, span: start..start + line.len() }
}
