//! Texts, lengths of time and rates of a plan as JSON. Texts may be bytes that are no valid text.

use std::fmt::Write;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::describe::secrets::Secrets;
use crate::plan::Text;
use crate::plan::condition::{Condition, Wanted};
use crate::plan::payload::Payload;
use crate::plan::rate::Traffic;

/// How many bytes of a text are shown: a payload can have millions.
const SHOWN: usize = 2_000;

/// A text as it was written, or what became of it if it never changes.
pub(super) fn source(of: &Text, secrets: &Secrets) -> Value {
    match of {
        Text::Constant(bytes) => text(bytes, secrets),
        Text::PerUser { template, .. } | Text::PerMessage(template) => {
            secrets.mask_text(template.source()).into()
        }
    }
}

/// A payload: its text, or an object that tells its kind.
pub(super) fn payload(of: &Payload, secrets: &Secrets) -> Value {
    match of {
        Payload::Text(text) => source(text, secrets),
        Payload::Lines(lines) => {
            let (shortest, longest) = lines.0.length();
            json!({ "lines": lines.0.len(), "bytes": [shortest, longest] })
        }
        Payload::Filling(filling) => json!({ "filling_bytes": [filling.least, filling.bytes.len()] }),
    }
}

/// A condition as an object with the keys that it has, or `null` if it is empty. JSON values are written as JSON.
pub(super) fn condition(of: &Condition, secrets: &Secrets) -> Value {
    if of.is_empty() {
        return Value::Null;
    }
    let given = |text: &Option<Text>| text.as_ref().map(|text| source(text, secrets));
    let json = of.json.iter().map(|json| {
        let value = match &json.value {
            Wanted::Constant(value) => secrets.mask_text(&value.to_string()).into(),
            Wanted::Rendered(text) => source(text, secrets),
        };
        (secrets.mask_text(&json.pointer), value)
    });
    let mut object = Map::new();
    for (key, value) in [
        ("equals", given(&of.equals)),
        ("contains", given(&of.contains)),
        ("regex", of.regex.as_ref().map(|pattern| secrets.mask_text(pattern.0.as_str()).into())),
        ("topic", given(&of.topic)),
        ("json", (!of.json.is_empty()).then(|| json.collect::<Map<_, _>>().into())),
    ] {
        if let Some(value) = value {
            object.insert(key.to_owned(), value);
        }
    }
    object.into()
}

/// A text, or `{ "hex": … }` for bytes that are no valid text. A very long one ends with `…`.
pub(super) fn text(bytes: &[u8], secrets: &Secrets) -> Value {
    let bytes = &*secrets.mask(bytes);
    let Ok(text) = str::from_utf8(bytes) else {
        let mut hex = String::new();
        for byte in bytes.iter().take(SHOWN / 2) {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
        }
        hex.push_str(if bytes.len() > SHOWN / 2 { "…" } else { "" });
        return json!({ "hex": hex });
    };
    match text.get(..text.floor_char_boundary(SHOWN)) {
        Some(start) if start.len() < text.len() => format!("{start}…").into(),
        _ => text.into(),
    }
}

pub(super) fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}

/// Nothing for as fast as the broker answers.
pub(super) fn traffic(traffic: Option<Traffic>) -> Value {
    traffic.map_or(
        Value::Null,
        |Traffic { messages, bytes }| json!({ "messages_per_s": messages, "bytes_per_s": bytes }),
    )
}
