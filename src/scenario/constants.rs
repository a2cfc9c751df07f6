//! Constants of `vars` as they are written: in templates they are text, also if the format reads them as numbers or
//! dates.
//!
//! `1.10` is the name of a firmware, `+4930123456` a phone number, `2026-11-23` a day: if they were read as numbers
//! and written again, the text would silently change. So the text of the file is taken before the value is read.

use std::sync::Arc;

use crate::diagnostic::Part;
use crate::scenario::files::Files;
use crate::scenario::node::{Node, Value};

/// Makes texts of the numbers, truth values and dates in `vars`: what stands in their file.
pub(super) fn as_written(root: &mut Node, files: &Files) {
    let is_other = |node: &Node| {
        matches!(node.value, Value::Bool(_) | Value::Integer(_) | Value::Float(_) | Value::Date)
    };
    let vars = root.get("vars").and_then(Node::table);
    let indices: Vec<usize> = vars
        .into_iter()
        .flat_map(|vars| vars.entries().iter().enumerate())
        .filter(|(_, entry)| is_other(&entry.node))
        .map(|(index, _)| index)
        .collect();
    if indices.is_empty() {
        return;
    }
    let Some(vars) = root.table_mut(&[Part::Key("vars".to_owned())]) else { return };
    for index in indices {
        if let Some(node) = vars.node_mut(index)
            && let Some(written) = files.get(node.file).text().get(node.span.clone())
        {
            node.value = Value::Text(Arc::from(written));
        }
    }
}

#[cfg(test)]
mod tests;
