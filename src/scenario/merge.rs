//! Two trees as one: tables key by key, everything else from the upper one.
//!
//! It knows only two things about the model. A choice, such as a wait time, is one value although it is written as a
//! table: half of one and half of another would make no sense. And where two keys exclude each other, the upper tree's
//! takes the lower tree's away, or a class could not give a `rate` where its base has a `wait_time`. A key with
//! nothing behind it, YAML's null, counts as not given.

use std::sync::Arc;

use crate::scenario::node::{Node, Table, Value};

/// Where in a scenario a table stands, as far as merging needs to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Root,
    Load,
    Classes,
    Class,
    /// The `rate` of a class.
    Schedule,
    Payloads,
    /// A table with one key that says what it is.
    Choice,
    /// The table stands somewhere else.
    Other,
}

impl Section {
    pub(super) fn below(self, key: &str) -> Self {
        match (self, key) {
            (Self::Root, "load") => Self::Load,
            (Self::Root, "user_classes") => Self::Classes,
            (Self::Root, "payloads") => Self::Payloads,
            (Self::Classes, _) => Self::Class,
            (Self::Class, "rate") => Self::Schedule,
            (Self::Class, "wait_time" | "password") | (Self::Payloads, _) => Self::Choice,
            _ => Self::Other,
        }
    }

    /// Whether two keys cannot stand beside each other.
    pub(super) fn excludes(self, one: &str, other: &str) -> bool {
        let pairs: &[(&str, &str)] = match self {
            Self::Load => &[
                ("stages", "users"),
                ("stages", "spawn_rate"),
                ("stages", "run_time"),
                ("stages", "search"),
                ("search", "run_time"),
            ],
            Self::Class => &[("weight", "fixed_count"), ("tasks", "sequence"), ("rate", "wait_time")],
            Self::Schedule => &[("per_user", "per_class")],
            Self::Choice => return one != other,
            _ => &[],
        };
        pairs.iter().any(|(a, b)| (*a, *b) == (one, other) || (*b, *a) == (one, other))
    }
}

/// What `over` says, and what `under` says where `over` says nothing.
pub(super) fn merge(mut over: Node, under: &Node, place: Section) -> Node {
    if over.unreadable {
        return over;
    }
    match (&mut over.value, under.seen()) {
        (Value::Table(above), Some(Value::Table(below))) if place != Section::Choice => {
            merge_tables(above, below, place);
            over
        }
        (Value::Null, Some(_)) => under.clone(),
        _ => over,
    }
}

fn merge_tables(above: &mut Arc<Table>, below: &Table, place: Section) {
    let is_given = |table: &Table, key: &str| {
        table.get(key).is_some_and(|entry| {
            !entry.ignored && (entry.node.unreadable || !matches!(entry.node.value, Value::Null))
        })
    };
    let may_exclude = matches!(place, Section::Load | Section::Class | Section::Schedule);
    let is_excluded = |key: &str| {
        may_exclude
            && above.live().any(|entry| place.excludes(&entry.key, key) && is_given(above, &entry.key))
    };
    let taken: Vec<_> = below.live().filter(|entry| !is_excluded(&entry.key)).cloned().collect();
    let above = Arc::make_mut(above);
    for mut entry in taken {
        match above.get_mut(&entry.key) {
            Some(own) if own.ignored => {}
            Some(own) if own.node.unreadable || !matches!(own.node.value, Value::Null) => {
                let upper = std::mem::replace(&mut own.node, entry.node.clone());
                own.node = merge(upper, &entry.node, place.below(&entry.key));
            }
            _ => {
                entry.ignored = false;
                above.insert(entry);
            }
        }
    }
}

#[cfg(test)]
mod tests;
