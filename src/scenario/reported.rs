//! The places of a scenario that have a diagnostic already, so that its consequences are not reported as well.

use std::collections::BTreeSet;

use crate::diagnostic::{FieldPath, Part};
use crate::scenario::node::{Node, Value};

/// Places that have a diagnostic already.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reported(BTreeSet<FieldPath>);

impl Reported {
    /// Returns the places in order.
    pub fn paths(&self) -> &BTreeSet<FieldPath> {
        &self.0
    }

    /// Says that nothing of the scenario is known for certain.
    pub(super) fn all() -> Self {
        Self([FieldPath::root()].into())
    }

    pub(super) fn add(&mut self, path: FieldPath) {
        self.0.insert(path);
    }

    pub(super) fn add_all(&mut self, root: &Node) {
        self.add_below(root, &mut Vec::new());
    }

    /// `way` leads to the node; only the few that are reported need a path of their own.
    fn add_below<'a>(&mut self, node: &'a Node, way: &mut Vec<Way<'a>>) {
        if node.unreadable {
            self.add(path(way));
            return;
        }
        match &node.value {
            Value::List(items) => {
                // The only list of a fixed length is worth nothing without all its items.
                if matches!(way.last(), Some(Way::Key("between"))) && items.iter().any(|item| item.unreadable)
                {
                    self.add(path(way));
                }
                for (index, item) in items.iter().enumerate() {
                    way.push(Way::Index(index));
                    self.add_below(item, way);
                    way.pop();
                }
            }
            Value::Table(table) => {
                for entry in table.entries() {
                    if entry.ignored {
                        let at = path(way);
                        // A key beside a choice was most likely meant to stand inside it.
                        if let Ok([chosen]) = <[_; 1]>::try_from(table.live().take(2).collect::<Vec<_>>()) {
                            self.add(at.key(&*chosen.key).key(&*entry.key));
                        }
                        if !entry.instead_of.is_empty() {
                            self.add(at.key(entry.instead_of));
                        }
                        self.add(at.key(&*entry.key));
                        continue;
                    }
                    way.push(Way::Key(&entry.key));
                    self.add_below(&entry.node, way);
                    way.pop();
                }
            }
            _ => {}
        }
    }
}

/// A part of a path, borrowed from the tree.
enum Way<'a> {
    Key(&'a str),
    Index(usize),
}

fn path(way: &[Way<'_>]) -> FieldPath {
    let part = |step: &Way<'_>| match step {
        Way::Key(key) => Part::Key((*key).to_owned()),
        Way::Index(index) => Part::Index(*index),
    };
    FieldPath(way.iter().map(part).collect())
}
