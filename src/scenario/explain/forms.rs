//! The forms that a choice can be written in: a step, a wait time, a payload, a list of two.

use crate::scenario::explain::scalar::protocol;
use crate::scenario::explain::site::Site;
use crate::scenario::explain::vocabulary::{BRACES, choices, pair};
use crate::scenario::files::Format;
use crate::scenario::node::{Node, Value};
use crate::scenario::pause;
use crate::units::HumanDuration;

/// All ways to make a choice, with an example where there is no other.
pub(super) fn all_choices(site: &Site<'_>, of: &str, known: &[&str]) -> String {
    let all = choices(of, known);
    match of {
        "WaitTime" => format!("{all}, such as {}", site.table("constant", "\"1s\"")),
        _ => all,
    }
}

/// For the name of a choice that there is not, or that says more than a name.
pub(super) fn form_of_text(
    site: &Site<'_>,
    choice: &str,
    of: &str,
    known: &[&str],
    near: Option<&'static str>,
) -> String {
    if of == "WaitTime" {
        if choice.parse::<HumanDuration>().is_ok() {
            return format!("write {}", site.table("constant", &format!("\"{choice}\"")));
        }
        if let Some(wait) = pause::wait_time(choice, site.format) {
            return format!("write {wait}");
        }
    }
    if of == "Protocol" {
        return protocol(choice);
    }
    if of == "Step" {
        let first = choice.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
        if let Some(name) = near.or_else(|| known.iter().copied().find(|name| *name == first)) {
            return format!("did you mean {}?", step(site, name));
        }
    }
    all_choices(site, of, known)
}

fn step(site: &Site<'_>, name: &str) -> String {
    let content = match name {
        "publish" => site.table("topic", "\"…\""),
        "subscribe" | "unsubscribe" | "receive" => site.table("filter", "\"…\""),
        "wait" => "\"1s\"".to_owned(),
        "connect" | "disconnect" => "{}".to_owned(),
        "repeat" => site.in_format("{ times = 10, steps = […] }"),
        _ => "{ … }".to_owned(),
    };
    site.table(name, &content)
}

/// For a table in which no key makes the choice.
pub(super) fn form_of_choice(site: &Site<'_>, keys: &str, of: &str, known: &[&str]) -> String {
    let has = |key: &str| keys.contains(&format!("`{key}`"));
    match of {
        "Payload" => form_of_json(site, None),
        "Step" if has("topic") => format!("a step has one key, its name: {}", step(site, "publish")),
        "Step" if has("filter") => format!("a step has one key, its name: {}", step(site, "subscribe")),
        "Step" => format!("a step has one key, its name, such as {}", step(site, "publish")),
        "WaitTime" if has("min") || has("between") => {
            format!("write {}", site.in_format("{ between = [\"1s\", \"3s\"] }"))
        }
        _ => all_choices(site, of, known),
    }
}

/// How a payload says that it is JSON; `near` is the key that was perhaps meant instead.
pub(super) fn form_of_json(site: &Site<'_>, near: Option<&str>) -> String {
    let raw = site.raw();
    let is_text = matches!(site.node.map(|node| &node.value), Some(Value::Table(table))
        if table.live().all(|entry| matches!(entry.node.value, Value::Null)));
    if is_text && raw.starts_with('{') {
        return BRACES.to_owned();
    }
    let is_whole = raw.ends_with(['}', ']']) && raw.starts_with(['{', '[']);
    let json = if is_whole {
        format!("write {} to send it as JSON", site.table("json", &raw))
    } else {
        match site.format {
            Format::Toml => "write { json = { … } } to send it as JSON".to_owned(),
            Format::Yaml => "write `json:` above it and indent it further to send it as JSON".to_owned(),
        }
    };
    match near {
        Some(name) => format!("did you mean `{name}`? Or {json}"),
        None => json,
    }
}

pub(super) fn form_of_wait(site: &Site<'_>, known: &[&str]) -> String {
    let raw = site.raw();
    match site.node.map(|node| &node.value) {
        Some(Value::Integer(_) | Value::Float(_)) if !raw.starts_with('-') => {
            let constant = site.table("constant", &format!("\"{raw}s\""));
            format!("write {constant} if seconds are meant")
        }
        Some(Value::List(_)) => between(site).unwrap_or_else(|| all_choices(site, "WaitTime", known)),
        _ => all_choices(site, "WaitTime", known),
    }
}

/// A list of two as the two ends of a pause.
pub(super) fn between(site: &Site<'_>) -> Option<String> {
    let Some(Value::List(items)) = site.node.map(|node| &node.value) else { return None };
    let [shortest, longest] = items.as_slice() else { return None };
    let raw = |node: &Node| site.text.get(node.span.clone()).unwrap_or_default();
    Some(format!("write {}", pause::between(raw(shortest), raw(longest), site.format)?))
}

/// A list of numbers with the unit that they lack.
pub(super) fn with_units(site: &Site<'_>, of: &str) -> String {
    let Some(Value::List(items)) = site.node.map(|node| &node.value) else { return both(of) };
    let (unit, meaning) = if of == "Size" { ("B", "bytes") } else { ("s", "seconds") };
    let raw = |node: &Node| site.text.get(node.span.clone()).unwrap_or_default();
    if items.len() != 2 || items.iter().any(|item| raw(item).starts_with('-')) {
        return both(of);
    }
    let items: Vec<_> = items.iter().map(|item| format!("\"{}{unit}\"", raw(item))).collect();
    format!("write [{}] if {meaning} are meant", items.join(", "))
}

/// How to write a list of two.
pub(super) fn both(of: &str) -> String {
    let what =
        if of == "Size" { "the smallest and the largest size" } else { "the shortest and the longest pause" };
    format!("write {what}: {}", pair(of))
}
