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
    /// The table is the whole file.
    Root,
    /// `load`.
    Load,
    /// `user_classes`.
    Classes,
    /// A user class.
    Class,
    /// The `rate` of a class.
    Schedule,
    /// `payloads`.
    Payloads,
    /// A table with one key that says what it is.
    Choice,
    /// The table stands somewhere else.
    Other,
}

impl Section {
    /// The section below a key.
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
mod tests {
    use super::*;
    use crate::diagnostic::FileId;
    use crate::scenario::format_yaml;

    fn shown(node: &Node) -> String {
        match &node.value {
            Value::Null => "~".to_owned(),
            Value::Integer(number) => number.to_string(),
            Value::Text(text) => text.to_string(),
            Value::List(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", ")),
            Value::Table(table) => {
                let entries =
                    table.entries().iter().map(|entry| format!("{}: {}", entry.key, shown(&entry.node)));
                format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
            }
            _ => "?".to_owned(),
        }
    }

    fn merged(over: &str, under: &str) -> String {
        let read = |text| format_yaml::read(text, FileId(0)).unwrap();
        shown(&merge(read(over), &read(under), Section::Root))
    }

    #[test]
    fn tables_are_merged_and_all_else_is_replaced() {
        for (over, under, expected) in [
            ("a: 1", "b: 2", "{a: 1, b: 2}"),
            ("a: 1", "a: 2", "{a: 1}"),
            ("vars: {a: 1}", "vars: {a: 2, b: 3}", "{vars: {a: 1, b: 3}}"),
            ("thresholds: [a]", "thresholds: [b, c]", "{thresholds: [a]}"),
            ("vars: {}", "vars: {a: 1}", "{vars: {a: 1}}"),
            ("vars:", "vars: {a: 1}", "{vars: {a: 1}}"),
            ("vars: 5", "vars: {a: 1}", "{vars: 5}"),
            ("", "a: 1", "{a: 1}"),
            ("a: 1", "", "{a: 1}"),
        ] {
            assert_eq!(merged(over, under), expected, "{over} over {under}");
        }
    }

    #[test]
    fn a_choice_is_one_value_and_what_excludes_each_other_is_replaced() {
        let class = |content: &str| format!("user_classes: {{ c: {{ {content} }} }}");
        for (over, under, expected) in [
            ("wait_time: {constant: 1s}", "wait_time: {exponential: 2s}", "wait_time: {constant: 1s}"),
            ("weight: 2", "fixed_count: 3", "weight: 2"),
            ("weight:", "fixed_count: 3", "weight: ~, fixed_count: 3"),
            ("sequence: [a]", "tasks: [b], weight: 1", "sequence: [a], weight: 1"),
            ("rate: 1/s", "wait_time: {constant: 1s}", "rate: 1/s"),
            ("wait_time: {constant: 1s}", "rate: 1/s", "wait_time: {constant: 1s}"),
            (
                "rate: {per_class: 1/s}",
                "rate: {per_user: 2/s, jitter: 1ms}",
                "rate: {per_class: 1/s, jitter: 1ms}",
            ),
            ("password: {file: a}", "password: b", "password: {file: a}"),
        ] {
            let expected = format!("{{user_classes: {{c: {{{expected}}}}}}}");
            assert_eq!(merged(&class(over), &class(under)), expected, "{over} over {under}");
        }
        assert_eq!(
            merged("payloads: {p: {text: a}}", "payloads: {p: {hex: b}, q: c}"),
            "{payloads: {p: {text: a}, q: c}}"
        );
        assert_eq!(
            merged("load: {stages: [a]}", "load: {users: 1, run_time: 1s, iterations: 3}"),
            "{load: {stages: [a], iterations: 3}}"
        );
        assert_eq!(
            merged("load: {users: 1}", "load: {stages: [a], search: b}"),
            "{load: {users: 1, search: b}}"
        );
    }
}
