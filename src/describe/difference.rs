//! Finds the differences in meaning between two plans: classes, tasks and steps by their names, values before and
//! after.
//!
//! It compares plans as `describe_json` writes them and knows none of their keys, so it also compares keys that a later
//! version adds. Samples and the list of rows follow from the rest and are left out. So is the name of the scenario,
//! which is the file's name by default.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Map, Value, json};

const IGNORED: [&str; 4] = ["format", "samples", "rows", "step"];

/// The differences as an indented text, a line each; empty if there are none.
///
/// `+` and `-` stand before what only one of the two has, `key: before -> after` is a value.
pub fn diff(before: &Value, after: &Value) -> String {
    let mut out = String::new();
    let mut lines = Vec::new();
    if let (Value::Object(before), Value::Object(after)) = (before, after) {
        let without_name = |object: &Map<String, Value>| {
            let kept = object.iter().filter(|(key, _)| *key != "name");
            kept.map(|(key, value)| (key.clone(), value.clone())).collect()
        };
        objects(&without_name(before), &without_name(after), 0, &mut lines);
    }
    for Line { indent, text } in lines {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{:1$}{text}", "", indent * 2);
    }
    out
}

/// The differences for programs: a list of objects with `path`, `before` and `after`, the last two `null` for what only
/// one of the two has.
///
/// A path is the way from the plan to the value, with things of lists by their names, such as `["user_classes",
/// "sensor", "tasks", "report", "weight"]`. A list whose order differs has both orders at its own path.
pub fn differences(before: &Value, after: &Value) -> Vec<Value> {
    let mut found = Vec::new();
    if let (Value::Object(before), Value::Object(after)) = (before, after) {
        for key in keys(before, after).filter(|key| *key != "name") {
            collect(&[key], before.get(key), after.get(key), &mut found);
        }
    }
    found
}

/// Keys of both, each once, without those that are not compared.
fn keys<'a>(before: &'a Map<String, Value>, after: &'a Map<String, Value>) -> impl Iterator<Item = &'a str> {
    let new = after.keys().filter(|key| !before.contains_key(*key));
    before.keys().chain(new).map(String::as_str).filter(|key| !IGNORED.contains(key))
}

fn collect(path: &[&str], before: Option<&Value>, after: Option<&Value>, found: &mut Vec<Value>) {
    let below = |key| [path, &[key]].concat();
    match (before, after) {
        _ if before == after => {}
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            for key in keys(before, after) {
                collect(&below(key), before.get(key), after.get(key), found);
            }
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) if are_named(before) && are_named(after) => {
            let (before, after) = (by_name(before), by_name(after));
            let find = |list: &[(String, &Map<String, Value>)], name: &str| {
                list.iter()
                    .find(|(other, _)| other == name)
                    .map(|(_, object)| Value::Object((*object).clone()))
            };
            let new = after.iter().filter(|(name, _)| find(&before, name).is_none());
            for (name, _) in before.iter().chain(new) {
                collect(&below(name), find(&before, name).as_ref(), find(&after, name).as_ref(), found);
            }
            let common = |list: &[(String, &Map<String, Value>)], other: &[(String, &Map<String, Value>)]| {
                let names = list.iter().map(|(name, _)| name.clone());
                names.filter(|name| find(other, name).is_some()).collect::<Vec<_>>()
            };
            let orders = (common(&before, &after), common(&after, &before));
            if orders.0 != orders.1 {
                found.push(json!({ "path": path, "before": orders.0, "after": orders.1 }));
            }
        }
        _ => found.push(json!({ "path": path, "before": before, "after": after })),
    }
}

struct Line {
    indent: usize,
    text: String,
}

/// Writes a title and, indented below it, the differences. Writes nothing if there are no differences.
fn below(title: String, indent: usize, lines: &mut Vec<Line>, differences: impl FnOnce(&mut Vec<Line>)) {
    let title_index = lines.len();
    lines.push(Line { indent, text: title });
    differences(lines);
    if lines.len() == title_index + 1 {
        lines.pop();
    }
}

fn objects(before: &Map<String, Value>, after: &Map<String, Value>, indent: usize, lines: &mut Vec<Line>) {
    let new = after.keys().filter(|key| !before.contains_key(*key));
    for key in before.keys().chain(new).filter(|key| !IGNORED.contains(&key.as_str())) {
        let (old, new) = (before.get(key).unwrap_or(&Value::Null), after.get(key).unwrap_or(&Value::Null));
        match (old, new) {
            _ if old == new => {}
            (Value::Object(old), Value::Object(new)) => {
                below(key.clone(), indent, lines, |lines| objects(old, new, indent + 1, lines));
            }
            (Value::Array(old), Value::Array(new)) if are_named(old) && are_named(new) => match kind(key) {
                Some(kind) => named(kind, old, new, indent, lines),
                None => below(key.clone(), indent, lines, |lines| named("", old, new, indent + 1, lines)),
            },
            _ => lines.push(Line { indent, text: format!("{key}: {} -> {}", shown(old), shown(new)) }),
        }
    }
}

/// What one thing of a list is called; nothing for lists whose name says where they stand.
fn kind(list: &str) -> Option<&'static str> {
    match list {
        "brokers" => Some("broker "),
        "user_classes" => Some("user class "),
        "tasks" => Some("task "),
        "stages" => Some("stage "),
        "feeds" => Some("feed "),
        "steps" => Some("step "),
        _ => None,
    }
}

fn are_named(list: &[Value]) -> bool {
    list.iter().all(|item| item.get("name").is_some_and(Value::is_string))
}

/// Things by their names; the second of one name is `NAME (2)`.
fn by_name(list: &[Value]) -> Vec<(String, &Map<String, Value>)> {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let objects = list.iter().filter_map(Value::as_object);
    let named = objects.map(|object| {
        let name = object.get("name").and_then(Value::as_str).unwrap_or_default();
        let count = seen.entry(name).or_default();
        *count += 1;
        (if *count == 1 { name.to_owned() } else { format!("{name} ({count})") }, object)
    });
    named.collect()
}

fn named(kind: &str, before: &[Value], after: &[Value], indent: usize, lines: &mut Vec<Line>) {
    let (before, after) = (by_name(before), by_name(after));
    let indices = |list: &[(String, &Map<String, Value>)]| -> BTreeMap<String, usize> {
        list.iter().enumerate().map(|(index, (name, _))| (name.clone(), index)).collect()
    };
    let (indices_before, indices_after) = (indices(&before), indices(&after));
    let common: Vec<&str> = before
        .iter()
        .map(|(name, _)| name.as_str())
        .filter(|name| indices_after.contains_key(*name))
        .collect();
    for (name, old) in &before {
        match indices_after.get(name) {
            Some(index) => {
                let new = after[*index].1;
                below(format!("{kind}{name}"), indent, lines, |lines| objects(old, new, indent + 1, lines));
            }
            None => lines.push(Line { indent, text: format!("- {}", summary(kind, name, old)) }),
        }
    }
    for (name, new) in after.iter().filter(|(name, _)| !indices_before.contains_key(name)) {
        lines.push(Line { indent, text: format!("+ {}", summary(kind, name, new)) });
    }
    if !common.is_sorted_by_key(|name| indices_after.get(*name)) {
        let mut order = common.clone();
        order.sort_by_key(|name| indices_after.get(*name));
        let text = format!("order: {} -> {}", common.join(", "), order.join(", "));
        lines.push(Line { indent, text });
    }
}

/// A thing that only one plan has, with its users if it has any.
fn summary(kind: &str, name: &str, object: &Map<String, Value>) -> String {
    match object.get("users") {
        Some(users) => format!("{kind}{name}, users: {users}"),
        None => format!("{kind}{name}"),
    }
}

/// A value on one line, numbers no finer than a thousandth.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() => ((float * 1e3).round() / 1e3).to_string(),
            _ => number.to_string(),
        },
        other => other.to_string(),
    }
}
