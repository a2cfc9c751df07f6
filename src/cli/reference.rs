//! The reference of the scenario language as Markdown: `docs/scenario.md`.
//!
//! It is generated from the schema and the tables of templates and steps, so it cannot contradict them.

use std::fmt::{self, Write};

use serde_json::{Map, Value};

use crate::template::names::{self, Entry};

const HEAD: &str = "\
# The scenario file

A scenario is a TOML or YAML file. Both can say the same: `scenarios/publish.toml` and `.yaml` are one scenario. The keys are listed
in the usual order of a file. An unknown key is a mistake.

- `mqtt-scenario schema --format markdown` prints this page, and `mqtt-scenario schema` the same as a JSON Schema for editors.
- The files in `scenarios/` are examples.
- `mqtt-scenario explain` explains each mistake.

You write a choice as a table with one of its keys, `{ constant = \"1s\" }`. If it needs nothing inside, the key alone is enough:
`\"connect\"`.
";

const TEMPLATES: &str = "
## Templates

Texts that go to the broker or name a row can contain `${…}` expressions. `$${` is a literal `${`. Each user has its own stream of
random values, so a run repeats with its `seed`. How long a text stays the same decides which expressions it can contain:

| text | fixed |
|---|---|
| a URL | before the first user starts |
| a client id, user name, password, will | once per user |
| a filter, the name of a row | while the user lives |
| a topic, payload, property | for one message |

| expression | meaning | allowed in |
|---|---|---|
";

const RESPONSE_TIMES: &str = "
## What a response time is

A response time is the time in milliseconds from the moment when the step is due to hand over its packet until the user has read the
acknowledgement.

- A request without an acknowledgement within its `timeout`, or with a lost connection, is a failure.
- With `clean_session = false` a `publish` of QoS 1 or 2 continues on the next connection, unless the broker has lost the session.
- In a user class with a `rate`, a task run may begin later than it was due. All its requests count from that much earlier.

| step | begins | ends |
|---|---|---|
| `connect` | with the first packet of the TCP connection, so TLS and WebSocket are included | CONNACK |
| `connect:tcp`, a part of `connect` (with `connect_detail`) | with the first packet of the TCP connection | the TCP connection is open |
| `connect:tls`, a part of `connect` | where the part before ended | the TLS handshake is complete |
| `connect:websocket`, a part of `connect` | where the part before ended | the broker has answered the upgrade to WebSocket |
| `connect:connack`, a part of `connect` | where the part before ended, with CONNECT | CONNACK |
| `disconnect` | with the step | DISCONNECT is written and nothing more is sent |
| `publish` QoS 0 | with the step | the message is written to the socket |
| `publish` QoS 1 | with the step | PUBACK |
| `publish` QoS 2 | with the step | PUBCOMP |
| `subscribe` | with the step | SUBACK |
| `unsubscribe` | with the step | UNSUBACK |
| `receive` | with the step | the user has read the last of the messages; at once if it has them already |
| `request` | with the step | the user has read the reply, and the broker has acknowledged the message |
| a message, with `measure = \"end_to_end\"` | with the response time of the `publish` that sent it | the user has read the message |
| `wait`, `repeat` | no request | |
";

/// Sections that are not titled by their type's name.
const TITLES: [(&str, &str); 4] = [
    ("Scenario", "The file"),
    ("FilterTable", "Filter, as a table"),
    ("ReconnectTable", "Reconnect, as a table"),
    ("ScheduleTable", "Schedule, as a table"),
];

/// The whole document.
pub(super) fn markdown(schema: &Value) -> String {
    let mut out = HEAD.to_owned();
    // Writing to a String cannot fail.
    let _ = write(schema, &mut out);
    out
}

fn write(schema: &Value, out: &mut String) -> fmt::Result {
    section("Scenario", schema, out)?;
    if let Some(Value::Object(definitions)) = schema.get("definitions") {
        for (name, definition) in definitions {
            section(name, definition, out)?;
        }
    }
    out.push_str(TEMPLATES);
    for Entry { call, meaning, places } in names::entries() {
        writeln!(out, "| `{}` | {} | {} |", escaped(&call), escaped(meaning), places.join(", "))?;
    }
    out.push_str(RESPONSE_TIMES);
    Ok(())
}

fn section(name: &str, definition: &Value, out: &mut String) -> fmt::Result {
    let title = TITLES.iter().find(|(of, _)| *of == name).map_or(name, |(_, title)| title);
    writeln!(out, "\n## {title}\n\n{}", text(definition, "description"))?;
    if let Some(Value::Object(properties)) = definition.get("properties") {
        writeln!(out, "\n| key | type | default | meaning |\n|---|---|---|---|")?;
        for (key, property) in properties {
            let (meaning, default) = meaning_and_default(property);
            let of = type_of(property);
            writeln!(out, "| `{key}` | {} | {} | {} |", escaped(&of), escaped(&default), escaped(&meaning))?;
        }
    } else if let Some(Value::Array(choices)) = definition.get("oneOf") {
        writeln!(out, "\n| written | meaning |\n|---|---|")?;
        for choice in choices {
            writeln!(out, "| {} | {} |", escaped(&written(choice)), escaped(text(choice, "description")))?;
        }
    } else if let Some(Value::Array(examples)) = definition.get("examples") {
        let examples: Vec<_> = examples.iter().map(|example| format!("`{example}`")).collect();
        writeln!(out, "\nSuch as {}.", examples.join(", "))?;
    }
    Ok(())
}

/// How a choice is written.
fn written(choice: &Value) -> String {
    if let Some(constant) = choice.get("const") {
        return format!("`{constant}`");
    }
    if let Some(Value::Array(words)) = choice.get("enum") {
        return words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    }
    match choice.get("properties").and_then(Value::as_object).and_then(|keys| keys.iter().next()) {
        Some((key, content)) => format!("`{key}`: {}", type_of(content)),
        None => type_of(choice),
    }
}

/// The description without the sentences about the default, and those.
fn meaning_and_default(property: &Value) -> (String, String) {
    let description = text(property, "description");
    let (mut meaning, mut default) = (Vec::new(), Vec::new());
    for sentence in sentences(description) {
        let is_default = ["Default ", "Default: ", "Required", "At least one"]
            .iter()
            .any(|word| sentence.starts_with(word));
        let trimmed = sentence.trim_start_matches("Default: ").trim_start_matches("Default ");
        if is_default { default.push(trimmed.trim_end_matches('.')) } else { meaning.push(sentence) }
    }
    let default = match (default.is_empty(), property.get("default")) {
        (true, Some(Value::Array(_) | Value::Object(_))) => "none".to_owned(),
        _ => default.join("; "),
    };
    (meaning.join(" "), default)
}

/// Sentences end with a full stop before a space and a capital, outside of code.
fn sentences(text: &str) -> Vec<&str> {
    let (mut found, mut start, mut in_code) = (Vec::new(), 0, false);
    for (i, c) in text.char_indices() {
        let next = text.get(i + 1..).unwrap_or_default();
        match c {
            '`' => in_code = !in_code,
            '.' if !in_code && next.starts_with(' ') => {
                let is_end = next.trim_start().starts_with(|c: char| c.is_uppercase() || c == '`');
                if is_end {
                    found.push(&text[start..=i]);
                    start = i + 2;
                }
            }
            _ => {}
        }
    }
    found.push(text.get(start..).unwrap_or_default());
    found.retain(|sentence| !sentence.is_empty());
    found
}

/// The type of a value, with links to the sections of named ones.
pub(super) fn type_of(schema: &Value) -> String {
    let Some(schema) = schema.as_object() else { return "anything".to_owned() };
    let reference = schema.get("$ref").or_else(|| schema.get("allOf")?.get(0)?.get("$ref"));
    if let Some(name) = reference.and_then(Value::as_str) {
        let name = name.trim_start_matches("#/definitions/");
        let title = TITLES.iter().find(|(of, _)| *of == name).map_or(name, |(_, title)| title);
        let anchor = title.to_lowercase().replace(' ', "-").replace(',', "");
        return format!("[{name}](#{anchor})");
    }
    match schema.get("type") {
        Some(Value::Array(types)) => {
            types.iter().filter_map(Value::as_str).map(plain).collect::<Vec<_>>().join(" or ")
        }
        Some(Value::String(of)) if of == "array" => match schema.get("items") {
            Some(Value::Array(items)) => {
                // Both ends of `between`.
                format!("list of {} × {}", items.len(), items.first().map_or_else(String::new, type_of))
            }
            Some(item) => format!("list of {}", type_of(item)),
            None => "list".to_owned(),
        },
        Some(Value::String(of)) if of == "object" => match schema.get("additionalProperties") {
            Some(of @ Value::Object(_)) => format!("table of {} by name", type_of(of)),
            _ => "table".to_owned(),
        },
        Some(Value::String(of)) => format!("{}{}", plain(of), limits(schema)),
        _ => "anything".to_owned(),
    }
}

fn plain(of: &str) -> &str {
    match of {
        "string" => "text",
        "integer" => "whole number",
        "boolean" => "`true` or `false`",
        other => other,
    }
}

/// `, 1 to 65535`; nothing for limits that only the size of the machine's numbers sets.
fn limits(schema: &Map<String, Value>) -> String {
    if let Some(Value::Array(values)) = schema.get("enum") {
        let values: Vec<_> = values.iter().map(ToString::to_string).collect();
        return format!(": {}", values.join(", "));
    }
    let above = schema.get("exclusiveMinimum").map(|least| format!(" above {least}"));
    let least = schema.get("minimum").filter(|least| **least != 0);
    let range = match (least, schema.get("maximum")) {
        (Some(least), Some(most)) => Some(format!(", {least} to {most}")),
        (Some(least), None) => Some(format!(" from {least}")),
        (None, Some(most)) => Some(format!(" up to {most}")),
        (None, None) => None,
    };
    above.or(range).unwrap_or_default()
}

pub(super) fn text<'a>(schema: &'a Value, key: &str) -> &'a str {
    schema.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// A `|` would end the cell of a table.
pub(super) fn escaped(text: &str) -> String {
    text.replace('|', "\\|")
}
