//! The file as a tree of values, each with the bytes where it stands: what TOML and YAML have in common.
//!
//! Texts are shared (`Arc`), since a YAML alias copies its node and must not copy a large payload with it.

use std::ops::Range;
use std::sync::Arc;

use crate::diagnostic::Part;

/// Deepest nesting of lists and tables that is read. Keeps every walk over the tree within the stack.
pub(super) const MAX_DEPTH: usize = 64;

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// Bytes in the source.
    pub(super) span: Range<usize>,
    /// What stands there.
    pub(super) value: Value,
    /// A mistake in it has been reported: it reads as if the file did not give it.
    pub(super) unreadable: bool,
    /// It has been read without a mistake and need not be read again to find the next one.
    pub(super) checked: bool,
}

/// What a file can hold.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// YAML's null and empty values; TOML has none.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number; beyond 128 bits it is cut to the nearest that fits, which no key takes anyway.
    Integer(i128),
    /// A number with a fraction or an exponent, or one of `inf` and `nan`.
    Float(f64),
    /// A text.
    Text(Arc<str>),
    /// One of TOML's dates and times.
    Date,
    /// A list.
    List(Vec<Node>),
    /// A table.
    Table(Vec<Entry>),
}

/// A key of a table with its value.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// The key, corrected once its misspelling has been reported.
    pub(super) key: Arc<str>,
    /// Where the key stands.
    pub(super) key_span: Range<usize>,
    /// Reported as unknown: reads as if it did not stand there.
    pub(super) ignored: bool,
    /// The value.
    pub(super) node: Node,
}

impl Entry {
    /// A key and its value, as found in a file.
    pub(super) fn new(key: Arc<str>, key_span: Range<usize>, node: Node) -> Self {
        Self { key, key_span, ignored: false, node }
    }
}

impl Node {
    /// A value as found in a file.
    pub(super) fn new(span: Range<usize>, value: Value) -> Self {
        Self { span, value, unreadable: false, checked: false }
    }

    /// What stands there as far as the model is concerned: nothing once a mistake in it has been reported.
    pub(super) fn seen(&self) -> Option<&Value> {
        (!self.unreadable).then_some(&self.value)
    }

    /// The child under one part of a path.
    pub(super) fn child(&self, part: &Part) -> Option<&Node> {
        match (&self.value, part) {
            (Value::List(items), Part::Index(index)) => items.get(*index),
            (Value::Table(entries), Part::Key(key)) => find(entries, key).map(|entry| &entry.node),
            _ => None,
        }
    }

    /// The node at a path.
    pub(super) fn at(&self, path: &[Part]) -> Option<&Node> {
        path.iter().try_fold(self, |node, part| node.child(part))
    }

    /// The node at a path, to be changed.
    pub(super) fn at_mut(&mut self, path: &[Part]) -> Option<&mut Node> {
        let Some((part, rest)) = path.split_first() else {
            return Some(self);
        };
        match (&mut self.value, part) {
            (Value::List(items), Part::Index(index)) => items.get_mut(*index)?.at_mut(rest),
            (Value::Table(entries), Part::Key(key)) => {
                entries.iter_mut().find(|entry| *entry.key == **key)?.node.at_mut(rest)
            }
            _ => None,
        }
    }

    /// Marks everything that is read before the node at a path.
    pub(super) fn check_before(&mut self, path: &[Part]) {
        let Some((part, rest)) = path.split_first() else {
            return;
        };
        match (&mut self.value, part) {
            (Value::List(items), Part::Index(index)) if *index < items.len() => {
                items[..*index].iter_mut().for_each(|item| item.checked = true);
                items[*index].check_before(rest);
            }
            (Value::Table(entries), Part::Key(key)) => {
                if let Some(index) = entries.iter().position(|entry| *entry.key == **key) {
                    entries[..index].iter_mut().for_each(|entry| entry.node.checked = true);
                    entries[index].node.check_before(rest);
                }
            }
            _ => {}
        }
    }

    /// Takes all marks of [`Node::check_before`] away.
    pub(super) fn uncheck(&mut self) {
        self.checked = false;
        match &mut self.value {
            Value::List(items) => items.iter_mut().for_each(Self::uncheck),
            Value::Table(entries) => entries.iter_mut().for_each(|entry| entry.node.uncheck()),
            _ => {}
        }
    }

    /// The entry of a key at a path, to be changed.
    pub(super) fn entry_mut(&mut self, path: &[Part]) -> Option<&mut Entry> {
        let (Part::Key(key), parent) = path.split_last()? else {
            return None;
        };
        match &mut self.at_mut(parent)?.value {
            Value::Table(entries) => entries.iter_mut().find(|entry| *entry.key == **key),
            _ => None,
        }
    }
}

/// The entry of a key.
pub(super) fn find<'a>(entries: &'a [Entry], key: &str) -> Option<&'a Entry> {
    entries.iter().find(|entry| *entry.key == *key)
}
