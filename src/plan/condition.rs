//! Conditions on a message, checked without I/O.
//!
//! There are two steps. A [`Condition`] is the text of the scenario. When a step begins to wait, its texts are rendered
//! once, and the resulting [`Check`] looks at each message. JSON is only read if a condition asks for it, and never
//! becomes a tree.

mod json;

use std::fmt;
use std::sync::Arc;

use memchr::memmem;
use regex::bytes::Regex;
use serde_json::Value;

use crate::mqtt;
use crate::plan::condition::json::{Found, Sought, look};
use crate::plan::text::Text;

/// What a message must be like; all that is given must hold.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Condition {
    /// The payload is this text.
    pub equals: Option<Text>,
    /// The payload contains this text.
    pub contains: Option<Text>,
    /// The payload has a match of this.
    pub regex: Option<Pattern>,
    /// The topic matches this filter; never [`Text::PerMessage`].
    pub topic: Option<Text>,
    /// The payload is JSON and has these values.
    pub json: Vec<JsonValue>,
}

/// A value that a JSON payload must have.
#[derive(Debug, Clone, PartialEq)]
pub struct JsonValue {
    /// Where the value stands: a JSON pointer (RFC 6901).
    pub pointer: Arc<str>,
    /// The value that must stand there.
    pub value: Wanted,
}

/// A JSON value to compare with.
#[derive(Debug, Clone, PartialEq)]
pub enum Wanted {
    /// The same value for all messages.
    Constant(Arc<Value>),
    /// The value that this text renders to.
    Rendered(Text),
}

/// A regular expression over bytes, shared by all its users.
#[derive(Debug, Clone)]
pub struct Pattern(pub Arc<Regex>);

impl PartialEq for Pattern {
    /// By how it was written.
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Condition {
    /// Whether it lets everything through.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns the texts in it.
    pub fn texts(&self) -> impl Iterator<Item = &Text> {
        let json = self.json.iter().filter_map(|json| match &json.value {
            Wanted::Rendered(text) => Some(text),
            Wanted::Constant(_) => None,
        });
        [&self.equals, &self.contains, &self.topic].into_iter().flatten().chain(json)
    }

    /// The condition with its texts rendered.
    pub fn made(&self, mut render: impl FnMut(&Text) -> Arc<[u8]>) -> Check {
        let json = |json: &JsonValue, render: &mut dyn FnMut(&Text) -> Arc<[u8]>| {
            let value = match &json.value {
                Wanted::Constant(value) => Arc::clone(value),
                // A JSON template renders to JSON.
                Wanted::Rendered(text) => Arc::new(serde_json::from_slice(&render(text)).unwrap_or_default()),
            };
            (Arc::clone(&json.pointer), value)
        };
        Check {
            equals: self.equals.as_ref().map(&mut render),
            contains: self.contains.as_ref().map(&mut render),
            regex: self.regex.clone(),
            topic: self.topic.as_ref().map(&mut render),
            json: self.json.iter().map(|each| json(each, &mut render)).collect(),
        }
    }
}

/// A condition that looks at messages.
#[derive(Debug, Clone, Default)]
pub struct Check {
    equals: Option<Arc<[u8]>>,
    contains: Option<Arc<[u8]>>,
    regex: Option<Pattern>,
    topic: Option<Arc<[u8]>>,
    json: Vec<(Arc<str>, Arc<Value>)>,
}

impl Check {
    /// Whether a message is as it must be, or what is wrong with it.
    pub fn holds(&self, topic: &str, payload: &Payload<'_>) -> Result<(), Mismatch> {
        let bytes = payload.bytes;
        let texts = [
            (self.equals.as_ref().is_none_or(|text| **text == *bytes), Mismatch::NotEqual),
            (
                self.contains.as_ref().is_none_or(|text| memmem::find(bytes, text).is_some()),
                Mismatch::NotContained,
            ),
            (self.regex.as_ref().is_none_or(|pattern| pattern.0.is_match(bytes)), Mismatch::NoMatch),
            (
                self.topic.as_ref().is_none_or(|filter| {
                    mqtt::matches(mqtt::without_share(&String::from_utf8_lossy(filter)), topic)
                }),
                Mismatch::OtherTopic,
            ),
        ];
        if let Some((_, mismatch)) = texts.into_iter().find(|(holds, _)| !holds) {
            return Err(mismatch);
        }
        if self.json.is_empty() {
            return Ok(());
        }
        let sought = self.json.iter();
        let mut sought: Vec<_> = sought
            .map(|(pointer, value)| Sought { pointer, wanted: Some(value), found: Found::Absent })
            .collect();
        look(bytes, &mut sought).ok_or(Mismatch::NoJson)?;
        for (Sought { found, .. }, (pointer, _)) in sought.iter().zip(&self.json) {
            match found {
                Found::Same(true) | Found::Taken(_) => {}
                Found::Same(false) => return Err(Mismatch::OtherValue(Arc::clone(pointer))),
                Found::Absent => return Err(Mismatch::Absent(Arc::clone(pointer))),
            }
        }
        Ok(())
    }
}

/// A payload that is read as JSON only if somebody asks.
#[derive(Debug, Clone, Copy)]
pub struct Payload<'a> {
    bytes: &'a [u8],
}

impl<'a> Payload<'a> {
    /// Looks at these bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// Whether it is JSON with this value at a JSON pointer.
    pub fn has(&self, pointer: &str, value: &Value) -> bool {
        let mut sought = [Sought { pointer, wanted: Some(value), found: Found::Absent }];
        look(self.bytes, &mut sought).is_some() && sought[0].found == Found::Same(true)
    }

    /// What it has at a JSON pointer, if it is JSON.
    pub fn at(&self, pointer: &str) -> Option<Value> {
        let mut sought = [Sought { pointer, wanted: None, found: Found::Absent }];
        look(self.bytes, &mut sought)?;
        let [Sought { found, .. }] = sought;
        if let Found::Taken(value) = found { Some(value) } else { None }
    }
}

/// What is wrong with a message. Names the condition and never the content, which would make a row of each message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mismatch {
    /// The payload is another one.
    NotEqual,
    /// The payload does not contain the text.
    NotContained,
    /// The payload has no match of the regular expression.
    NoMatch,
    /// The topic does not match the filter.
    OtherTopic,
    /// The payload is no JSON.
    NoJson,
    /// The payload has nothing at this JSON pointer.
    Absent(Arc<str>),
    /// The payload has another value at this JSON pointer.
    OtherValue(Arc<str>),
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("received message: ")?;
        match self {
            Self::NotEqual => f.write_str("payload is not equal to what is expected"),
            Self::NotContained => f.write_str("payload does not contain what is expected"),
            Self::NoMatch => f.write_str("payload does not match the regex"),
            Self::OtherTopic => f.write_str("topic does not match what is expected"),
            Self::NoJson => f.write_str("payload is not JSON"),
            Self::Absent(pointer) => write!(f, "JSON pointer {pointer} is absent"),
            Self::OtherValue(pointer) if pointer.is_empty() => f.write_str("payload is another JSON value"),
            Self::OtherValue(pointer) => write!(f, "JSON pointer {pointer} has another value"),
        }
    }
}

#[cfg(test)]
mod tests;
