//! The vocabulary of messages: what the types of the model are called, and how their values are written.

use crate::diagnostic::{FieldPath, Part};
use crate::scenario::de::{PLAIN_TABLE, is_plain};

/// Longest value that is repeated in a message, in bytes.
pub(crate) const MAX_QUOTED: usize = 40;

/// Something that is written as a text with units.
pub(super) struct Quantity {
    /// Its name, as the type of the model says it.
    pub(super) name: &'static str,
    pub(super) form: &'static str,
    /// An example, as it stands in a file.
    pub(super) example: &'static str,
    /// What a number lacks, and what it is with it.
    pub(super) unit: Option<(&'static str, &'static str)>,
}

const QUANTITIES: [Quantity; 4] = [
    Quantity {
        name: "a length of time",
        form: "write numbers with units, such as \"500ms\", \"30s\" or \"1h 30m\"",
        example: "\"1s\"",
        unit: Some(("s", "if seconds are meant; other units are ms, m and h")),
    },
    Quantity {
        name: "a number of bytes",
        form: "write a number with a unit, such as \"200B\", \"4KiB\" or \"1MB\"",
        example: "\"1KiB\"",
        unit: Some(("B", "if bytes are meant; other units are KiB, MiB, kB and MB")),
    },
    Quantity {
        name: "a rate",
        form: "write how many in what time, such as \"10/s\", \"600/min\" or \"1/10s\"",
        example: "\"10/s\"",
        unit: Some(("/s", "if so many a second are meant; others are /min, /h and /10s")),
    },
    Quantity {
        name: "a range of rates",
        form: "write the lowest and the highest rate: \"100/s..5000/s\"",
        example: "\"100/s..5000/s\"",
        unit: None,
    },
];

/// The quantity that a type of the model calls by this name.
pub(super) fn quantity(name: &str) -> Option<&'static Quantity> {
    QUANTITIES.iter().find(|quantity| quantity.name == name)
}

/// What the text is that makes one of these choices; `None` if only names do.
pub(super) fn plain_text(of: &str) -> Option<&'static str> {
    match of {
        "Pause" => Some("a length of time"),
        "Size" => Some("a number of bytes"),
        "Schedule" => Some("a rate"),
        "Payload" | "Secret" | "Filter" | "Threshold" => Some("text"),
        _ => None,
    }
}

/// Shortest and longest of what a fixed-length list holds.
pub(super) fn pair(of: &str) -> &'static str {
    if of == "Size" { "[\"100B\", \"1KiB\"]" } else { "[\"1s\", \"3s\"]" }
}

/// `WaitTime` → `wait time`, with its article where that is wanted.
pub(super) fn noun(type_name: &str) -> String {
    match type_name {
        "After" => "beginning of a stage".to_owned(),
        "FeedOrder" => "order of a feed".to_owned(),
        "FeedPer" => "keeper of a row".to_owned(),
        "Since" => "beginning of a receive".to_owned(),
        "OnError" => "answer to an error".to_owned(),
        "Reconnect" => "way to reconnect".to_owned(),
        _ => {
            let mut words = String::new();
            for c in type_name.chars() {
                if c.is_uppercase() && !words.is_empty() {
                    words.push(' ');
                }
                words.extend(c.to_lowercase());
            }
            words
        }
    }
}

/// `a wait time`, `an order of a feed`.
pub(super) fn a_noun(type_name: &str) -> String {
    let noun = noun(type_name);
    let article = if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {noun}")
}

pub(super) fn choices(of: &str, known: &[&str]) -> String {
    let named: Vec<_> = known.iter().copied().filter(|choice| !is_plain(choice)).collect();
    let tables = match named.as_slice() {
        [] if of == "Filter" => "a table with `filter`".to_owned(),
        [] if of == "Threshold" => "a table with `check`".to_owned(),
        [] => "a table with `per_user` or `per_class`".to_owned(),
        [name] => format!("a table with `{name}`"),
        _ => format!("a table with one of {}", list(&named)),
    };
    match plain_text(of) {
        None if known.contains(&PLAIN_TABLE) => format!("{} is {}, or a table", a_noun(of), list(&named)),
        None => format!("{} is one of {}", a_noun(of), list(&named)),
        Some(text) => {
            let example = quantity(text).map(|quantity| format!(" such as {}", quantity.example));
            format!("{} is {text}{}, or {tables}", a_noun(of), example.unwrap_or_default())
        }
    }
}

/// What braces without quotes are in YAML.
pub(super) const BRACES: &str =
    "a text with `{` at its beginning stands in quotes, and a template is written \"${NAME}\"";

pub(super) fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Names out of a file in a row, the first few of them.
pub(super) fn quoted(names: &[String]) -> String {
    const MAX: usize = 8;
    let more = if names.len() > MAX { ", …" } else { "" };
    let names: Vec<_> = names.iter().take(MAX).map(|name| format!("`{}`", shorten(name))).collect();
    names.join(", ") + more
}

/// What a value is for: ` for `users``, ` for an item of `tags``.
pub(super) fn place(path: &FieldPath) -> String {
    match path.0.as_slice() {
        [.., Part::Key(key)] => format!(" for `{}`", shorten(key)),
        [.., Part::Key(key), Part::Index(_)] => format!(" for an item of `{}`", shorten(key)),
        _ => String::new(),
    }
}

pub(super) fn in_list(path: &FieldPath) -> String {
    match path.parent().0.last() {
        Some(Part::Key(key)) => format!(" in `{}`", shorten(key)),
        _ => String::new(),
    }
}

/// At most [`MAX_QUOTED`] bytes on one line.
pub(super) fn shorten(text: &str) -> String {
    if text.len() <= MAX_QUOTED {
        return text.replace(char::is_control, "\u{fffd}");
    }
    let end = text.floor_char_boundary(MAX_QUOTED);
    shorten(&text[..end]) + "…"
}
