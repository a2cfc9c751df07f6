//! Where an expression is read: the text, the place that it stands at, and what its names stand for; and a
//! mistake there.

use std::ops::Range;

use crate::template::codes;
use crate::template::names::{Kind, Names, Place};

#[derive(Clone, Copy)]
pub(in crate::template) struct Spot<'a> {
    pub(super) text: &'a str,
    pub(super) place: Place,
    pub(super) names: &'a Names<'a>,
}

impl Spot<'_> {
    pub(super) fn cannot_carry(&self, byte: u8) -> bool {
        match self.place {
            Place::Topic => matches!(byte, 0 | b'+' | b'#'),
            Place::ClientId | Place::Credential | Place::Filter | Place::Property | Place::Will => byte == 0,
            Place::Url
            | Place::Setting
            | Place::File
            | Place::RowName
            | Place::Payload
            | Place::WillPayload
            | Place::WillJson
            | Place::JsonText
            | Place::Condition
            | Place::Binary => false,
        }
    }

    pub(super) fn check_place(&self, name: &str, kind: Kind, range: Range<usize>) -> Result<(), Fault> {
        if self.place.allows(kind) {
            return Ok(());
        }
        let message = format!("`{name}` cannot stand in {}", self.place.described());
        Err(Fault::new(codes::NOT_ALLOWED_HERE, range, message).help(self.place.allowed()))
    }
}

/// The range without white space at its ends.
pub(super) fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let inside = &text[range.clone()];
    let start = range.start + (inside.len() - inside.trim_start().len());
    start..start + inside.trim().len()
}

/// A mistake in a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Its code, of [`codes`](crate::template::codes).
    pub code: &'static str,
    /// The bytes of the text that are wrong.
    pub range: Range<usize>,
    /// The message: what is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Fault {
    pub(in crate::template) fn new(
        code: &'static str,
        range: Range<usize>,
        message: impl Into<String>,
    ) -> Self {
        Self { code, range, message: message.into(), help: None }
    }

    pub(in crate::template) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}
