//! `--config-users`: Locust's JSON for user classes, as settings of `--set`.
//!
//! Locust writes each key into the class, whatever it is. Here a key is one that a user class of a scenario has, and the
//! scenario's own checks say which are wrong.

use std::path::Path;

use serde_json::{Map, Value};

use crate::cli::locust::places::read;
use crate::cli::mistake::Mistake;

/// Names the class that the other keys belong to.
const CLASS: &str = "user_class_name";

const EXAMPLE: &str =
    r#"write an object, or a list of them: --config-users '{"user_class_name": "car", "weight": 3}'"#;

/// The settings of one value: JSON, or the name of a file whose name ends with `.json`.
pub(super) fn settings(text: &str) -> Result<Vec<String>, Mistake> {
    let is_file = Path::new(text).extension().is_some_and(|ending| ending == "json");
    let file =
        || read(Path::new(text)).and_then(|file| file.ok_or_else(|| "there is no such file".to_owned()));
    let file = is_file.then(file).transpose().map_err(|why| {
        Mistake::new(format!("--config-users: cannot read {text}: {why}"), "name a file with JSON")
    })?;
    let of = if is_file { format!("--config-users {text}") } else { "--config-users".to_owned() };
    let json: Value = serde_json::from_str(file.as_deref().unwrap_or(text))
        .map_err(|error| Mistake::new(format!("{of}: this is no JSON: {error}"), EXAMPLE))?;
    let classes = match json {
        Value::Array(classes) => classes,
        one => vec![one],
    };
    let mut settings = Vec::new();
    for class in classes {
        let Value::Object(mut keys) = class else {
            return Err(Mistake::new(format!("{of}: {} is no object", kind(&class)), EXAMPLE));
        };
        let Some(Value::String(name)) = keys.remove(CLASS) else {
            return Err(Mistake::new(format!("{of}: an object names no class by `{CLASS}`"), EXAMPLE));
        };
        of_class(&of, &name, &keys, &mut settings)?;
    }
    Ok(settings)
}

fn of_class(
    of: &str,
    name: &str,
    keys: &Map<String, Value>,
    settings: &mut Vec<String>,
) -> Result<(), Mistake> {
    for (key, value) in keys {
        let instead = match key.as_str() {
            "host" => {
                "a class has its own address by its `broker`: brokers.NAME.url, and --set user_classes.CLASS.broker=NAME"
            }
            "tasks" => "choose tasks by their tags (-T, -E), or give those to leave out the weight 0",
            _ => {
                settings.push(format!("user_classes.{}.{}={}", part(name), part(key), inline(value)));
                continue;
            }
        };
        return Err(Mistake::new(format!("{of}: `{key}` of the class {name} cannot be set here"), instead));
    }
    Ok(())
}

/// A part of a path, in quotes unless it is a bare key of TOML.
fn part(name: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !name.is_empty() && name.chars().all(is_bare) {
        name.to_owned()
    } else {
        toml::Value::from(name).to_string()
    }
}

/// A value of JSON as one of TOML in a line.
fn inline(value: &Value) -> String {
    match value {
        // What `--set` reads without quotes is a text too, unless it looks like something else.
        Value::Null => "\"\"".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => toml::Value::from(text.as_str()).to_string(),
        Value::Array(elements) => format!("[{}]", elements.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Value::Object(keys) => {
            let pairs = keys.iter().map(|(key, value)| format!("{} = {}", part(key), inline(value)));
            format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests;
