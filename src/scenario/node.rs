//! The scenario as a tree of values, each with the file and the bytes where it stands: what TOML and YAML have in
//! common, and what files are merged as.
//!
//! Lists, tables and texts are shared (`Arc`) and copied only when a shared one is changed: a YAML alias or a
//! class that extends another one repeats a node, and must not repeat all that is below it.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use crate::diagnostic::{FileId, Part};

/// Deepest nesting of lists and tables that is read. Keeps every walk over the tree within the stack.
pub(super) const MAX_DEPTH: usize = 64;

#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) file: FileId,
    pub(super) span: Range<usize>,
    pub(super) value: Value,
    /// A mistake in it has been reported: it reads as if the file did not give it.
    pub(super) unreadable: bool,
}

#[derive(Debug, Clone)]
pub(super) enum Value {
    /// YAML's null and empty values; TOML has none.
    Null,
    Bool(bool),
    /// A whole number; beyond 128 bits it is cut to the nearest that fits, which no key takes anyway.
    Integer(i128),
    /// A number with a fraction or an exponent, or one of `inf` and `nan`.
    Float(f64),
    Text(Arc<str>),
    Date,
    List(Arc<Vec<Node>>),
    Table(Arc<Table>),
}

/// A key of a table with its value; both stand in the same file.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// The key, corrected once its misspelling has been reported.
    pub(super) key: Arc<str>,
    pub(super) key_span: Range<usize>,
    /// Reported as a key that cannot stand there: reads as if it did not.
    pub(super) ignored: bool,
    /// The key that it replaces, so that this key is not reported as missing; empty if it replaces none.
    pub(super) instead_of: &'static str,
    pub(super) node: Node,
}

impl Entry {
    pub(super) fn new(key: Arc<str>, key_span: Range<usize>, node: Node) -> Self {
        Self { key, key_span, ignored: false, instead_of: "", node }
    }
}

impl Node {
    pub(super) fn new(file: FileId, span: Range<usize>, value: Value) -> Self {
        Self { file, span, value, unreadable: false }
    }

    /// Returns the value for the model: `None` once a mistake in it has been reported.
    pub(super) fn seen(&self) -> Option<&Value> {
        (!self.unreadable).then_some(&self.value)
    }

    /// The table that stands there, if one does and can be read.
    pub(super) fn table(&self) -> Option<&Arc<Table>> {
        match self.seen() {
            Some(Value::Table(table)) => Some(table),
            _ => None,
        }
    }

    pub(super) fn child(&self, part: &Part) -> Option<&Node> {
        match (&self.value, part) {
            (Value::List(items), Part::Index(index)) => items.get(*index),
            (Value::Table(table), Part::Key(key)) => table.get(key).map(|entry| &entry.node),
            _ => None,
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Table(table) => table.get(key).map(|entry| &entry.node),
            _ => None,
        }
    }

    pub(super) fn at(&self, path: &[Part]) -> Option<&Node> {
        path.iter().try_fold(self, |node, part| node.child(part))
    }

    /// The node at a path, to be changed; what is shared on the way is copied, one level of each.
    pub(super) fn at_mut(&mut self, path: &[Part]) -> Option<&mut Node> {
        let Some((part, rest)) = path.split_first() else {
            return Some(self);
        };
        match (&mut self.value, part) {
            (Value::List(items), Part::Index(index)) => Arc::make_mut(items).get_mut(*index)?.at_mut(rest),
            (Value::Table(table), Part::Key(key)) => Arc::make_mut(table).get_mut(key)?.node.at_mut(rest),
            _ => None,
        }
    }

    pub(super) fn table_mut(&mut self, path: &[Part]) -> Option<&mut Table> {
        match &mut self.at_mut(path)?.value {
            Value::Table(table) => Some(Arc::make_mut(table)),
            _ => None,
        }
    }

    /// The longest part of a path that leads somewhere, as the places of the children on the way.
    pub(super) fn places(&self, path: &[Part]) -> Vec<usize> {
        let mut node = self;
        let mut places = Vec::with_capacity(path.len());
        for part in path {
            let place = match (&node.value, part) {
                (Value::List(_), Part::Index(index)) => Some(*index),
                (Value::Table(table), Part::Key(key)) => table.position(key),
                _ => None,
            };
            let (Some(place), Some(child)) = (place, node.child(part)) else { break };
            places.push(place);
            node = child;
        }
        places
    }

    /// How many values there are, itself included, each as often as it is repeated; stops counting at `limit`.
    pub(super) fn count(&self, limit: usize) -> usize {
        let mut count = 1;
        let mut add = |child: &Node| {
            if count < limit {
                count += child.count(limit - count);
            }
        };
        match &self.value {
            Value::List(items) => items.iter().for_each(&mut add),
            Value::Table(table) => table.entries().iter().for_each(|entry| add(&entry.node)),
            _ => {}
        }
        count
    }
}

/// Most entries that are searched one by one.
const FEW: usize = 16;

/// The keys of a table with their values, each key once, in the order of the file.
#[derive(Debug, Clone, Default)]
pub(super) struct Table {
    entries: Vec<Entry>,
    /// Where each key is; made when a large table is first searched.
    index: OnceLock<HashMap<Arc<str>, usize>>,
}

impl Table {
    /// A table of these keys, which must differ.
    pub(super) fn new(entries: Vec<Entry>) -> Self {
        Self { entries, index: OnceLock::new() }
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(super) fn live(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| !entry.ignored)
    }

    pub(super) fn position(&self, key: &str) -> Option<usize> {
        if self.entries.len() <= FEW {
            return self.entries.iter().position(|entry| *entry.key == *key);
        }
        let index = self.index.get_or_init(|| {
            self.entries.iter().enumerate().map(|(place, entry)| (entry.key.clone(), place)).collect()
        });
        index.get(key).copied()
    }

    pub(super) fn get(&self, key: &str) -> Option<&Entry> {
        self.position(key).and_then(|place| self.entries.get(place))
    }

    /// The entry of a key, to be changed, except for the key.
    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Entry> {
        self.position(key).and_then(|place| self.entries.get_mut(place))
    }

    /// The value at a place among the entries, to be changed.
    pub(super) fn node_mut(&mut self, place: usize) -> Option<&mut Node> {
        self.entries.get_mut(place).map(|entry| &mut entry.node)
    }

    /// Gives a key another name, which must be free.
    pub(super) fn rename(&mut self, key: &str, name: &str) {
        let Some(place) = self.position(key) else { return };
        let name: Arc<str> = name.into();
        self.entries[place].key = name.clone();
        if let Some(index) = self.index.get_mut() {
            index.remove(key);
            index.insert(name, place);
        }
    }

    pub(super) fn insert(&mut self, entry: Entry) {
        if let Some(place) = self.position(&entry.key) {
            self.entries[place] = entry;
            return;
        }
        if let Some(index) = self.index.get_mut() {
            index.insert(entry.key.clone(), self.entries.len());
        }
        self.entries.push(entry);
    }

    pub(super) fn retain(&mut self, keep: impl FnMut(&Entry) -> bool) {
        self.entries.retain(keep);
        self.index = OnceLock::new();
    }
}
