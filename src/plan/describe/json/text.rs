//! Texts of a plan, which need not be texts.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::plan::Text;
use crate::plan::describe::secrets::Secrets;
use crate::plan::payload::Payload;

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

/// A payload: its text, or an object that tells of which kind it is.
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

/// A text, or `{ "hex": … }` for bytes that are none; what is very long ends with `…`.
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
