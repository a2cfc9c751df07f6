//! From a path of keys to the place in a file.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::diagnostic::{FieldPath, FileId, Mark, Part};
use crate::scenario::align::align;
use crate::scenario::files::Files;
use crate::scenario::node::{Node, Value};

/// A place in one of the files of a scenario.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    /// The file.
    pub file: FileId,
    /// The bytes of its text, within one line; `0..0` means the file as a whole.
    pub span: Range<usize>,
}

/// The places of many paths and marks, in their order; what stands within one text is looked for in one go.
pub(super) fn places<'a>(
    root: &Node,
    files: &Files,
    marks: impl Iterator<Item = (&'a FieldPath, &'a Mark)>,
) -> Vec<Place> {
    let marks: Vec<_> = marks.collect();
    let mut within_texts: BTreeMap<&FieldPath, Vec<(usize, Range<usize>)>> = BTreeMap::new();
    for (number, (path, mark)) in marks.iter().enumerate() {
        if let Mark::Within(range) = mark {
            within_texts.entry(path).or_default().push((number, range.clone()));
        }
    }
    let mut found: Vec<Option<Place>> = vec![None; marks.len()];
    for (path, mut parts) in within_texts {
        parts.sort_by_key(|(_, range)| range.start);
        let (numbers, ranges): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
        for (number, place) in numbers.into_iter().zip(within(root, files, path, &ranges)) {
            found[number] = place.map(|place| one_line(files.get(place.file).text(), &place));
        }
    }
    let rest = found.into_iter().zip(marks);
    rest.map(|(found, (path, mark))| {
        found.unwrap_or_else(|| {
            let mark = if matches!(mark, Mark::Within(_)) { &Mark::Value } else { mark };
            place(root, files, path, mark)
        })
    })
    .collect()
}

/// The place that a path and a mark stand for; see `Source::place`.
pub(super) fn place(root: &Node, files: &Files, path: &FieldPath, mark: &Mark) -> Place {
    let found = match mark {
        Mark::Source(file, span) => Place { file: *file, span: span.clone() },
        Mark::Key => find(root, files, path).1,
        Mark::Value => find(root, files, path).0,
        Mark::Within(range) => {
            let found = within(root, files, path, std::slice::from_ref(range)).pop().flatten();
            found.unwrap_or_else(|| find(root, files, path).0)
        }
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

/// Returns where parts of a text stand, which are sorted by their beginnings; `None` if the value is not a text.
fn within(root: &Node, files: &Files, path: &FieldPath, ranges: &[Range<usize>]) -> Vec<Option<Place>> {
    let text = root.at(&path.0).and_then(|node| match &node.value {
        Value::Text(decoded) => Some((node, decoded, files.get(node.file))),
        _ => None,
    });
    let Some((node, decoded, file)) = text else { return vec![None; ranges.len()] };
    let Some(raw) = file.text().get(node.span.clone()) else { return vec![None; ranges.len()] };
    let in_file = |found: Range<usize>| Place {
        file: node.file,
        span: node.span.start + found.start..node.span.start + found.end,
    };
    align(raw, decoded, ranges, file.format()).into_iter().map(|found| found.map(in_file)).collect()
}

/// The part of a place in its first line, on character boundaries.
fn one_line(text: &str, place: &Place) -> Place {
    let start = text.floor_char_boundary(place.span.start);
    let end = text.ceil_char_boundary(place.span.end.max(start));
    let line = text[start..end].split(['\n', '\r']).next().unwrap_or_default();
    Place { file: place.file, span: start..start + line.len() }
}
