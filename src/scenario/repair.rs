//! How a mistake in the tree is repaired, so that reading goes on behind it.

use crate::diagnostic::{FieldPath, nearest};
use crate::scenario::de::is_plain;
use crate::scenario::foreign::{self, Advice, Meant};
use crate::scenario::mistake::Kind;
use crate::scenario::node::{Node, Value};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Repair {
    /// A misspelt key or choice becomes the one that was most likely meant.
    Rename(&'static str),
    /// Keys whose sense is said in another way are passed over.
    Advise(&'static Advice, Vec<String>),
    /// `key:value` of YAML, which is a key without a value, is passed over.
    NoSpace(&'static str),
    /// A key that has no meaning is passed over.
    Ignore,
    /// A value that has no meaning reads as absent.
    Blank,
}

impl Repair {
    pub(super) fn of(kind: &Kind, root: &Node, path: &FieldPath) -> Self {
        match kind {
            Kind::UnknownKey { key, known } => Self::of_key(key, known, root.at(&path.0)),
            Kind::UnknownChoice { choice, of, known, bare } => Self::of_choice(choice, of, known, *bare),
            Kind::ExtraKeys { .. } => Self::Ignore,
            _ => Self::Blank,
        }
    }

    fn of_key(key: &str, known: &[&'static str], table: Option<&Node>) -> Self {
        let value = |key: &str| table.and_then(|table| table.get(key)).map(|node| &node.value);
        let is_free = |name: &&str| value(name).is_none();
        let meant = |key: &str| foreign::meant(key, known, value(key));
        if let (Some((name, _)), Some(Value::Null)) = (key.split_once(':'), value(key))
            && let Some(name) = known.iter().copied().find(|known| *known == name)
        {
            return Self::NoSpace(name);
        }
        match meant(key) {
            Some(Meant::Key(name)) if is_free(&name) => Self::Rename(name),
            Some(Meant::Key(_)) => Self::Ignore,
            Some(Meant::Advice(advice)) => {
                let live = table.and_then(Node::table).into_iter().flat_map(|table| table.live());
                let unknown = live.map(|entry| entry.key.to_string()).filter(|key| !known.contains(&&**key));
                let same = unknown.filter(|key| meant(key) == Some(Meant::Advice(advice)));
                Self::Advise(advice, same.collect())
            }
            None => nearest(key, known.iter().copied().filter(is_free)).map_or(Self::Ignore, Self::Rename),
        }
    }

    fn of_choice(choice: &str, of: &str, known: &[&'static str], bare: bool) -> Self {
        let is_known = |name: &&str| known.contains(name) && !is_plain(name);
        // More than a name, such as `publish a/b` or `constant(1)`, means more than that name.
        let is_name = !choice.contains(|c: char| c.is_whitespace() || c == '(');
        let foreign = foreign::meant_choice(choice, of).filter(is_known);
        let meant = foreign.or_else(|| nearest(choice, known.iter().copied().filter(|name| !is_plain(name))));
        match meant {
            // A key that is only like one of a payload's is more likely one of its JSON.
            Some(name) if of == "Payload" && !name.eq_ignore_ascii_case(choice) => Self::Blank,
            // A step needs more than its name; only these two do not.
            Some(name) if of == "Step" && bare && !matches!(name, "connect" | "disconnect") => Self::Blank,
            Some(name) if is_name => Self::Rename(name),
            _ => Self::Blank,
        }
    }

    pub(super) fn apply(&self, root: &mut Node, kind: &Kind, path: &FieldPath) {
        let key = match kind {
            Kind::UnknownKey { key, .. } | Kind::UnknownChoice { choice: key, bare: false, .. } => Some(key),
            _ => None,
        };
        match (self, kind) {
            (Self::Rename(name), _) => match key {
                Some(key) => {
                    if let Some(table) = root.table_mut(&path.0) {
                        table.rename(key, name);
                    }
                }
                None => {
                    if let Some(node) = root.at_mut(&path.0) {
                        node.value = Value::Text((*name).into());
                    }
                }
            },
            (Self::NoSpace(name), _) => {
                ignore(root, path, key.map(std::slice::from_ref).unwrap_or_default(), name);
            }
            (Self::Advise(advice, keys), _) => ignore(root, path, keys, advice.instead_of),
            (Self::Ignore, Kind::ExtraKeys { extra, .. }) => ignore(root, path, extra, ""),
            (Self::Ignore, _) => ignore(root, path, key.map(std::slice::from_ref).unwrap_or_default(), ""),
            _ => {
                if let Some(node) = root.at_mut(&path.0) {
                    node.unreadable = true;
                }
            }
        }
    }
}

/// Passes over keys of a table from now on.
fn ignore(root: &mut Node, path: &FieldPath, keys: &[String], instead_of: &'static str) {
    let Some(table) = root.table_mut(&path.0) else { return };
    for key in keys {
        if let Some(entry) = table.get_mut(key) {
            entry.ignored = true;
            entry.instead_of = instead_of;
        }
    }
}
