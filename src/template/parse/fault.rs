//! Mistakes in templates.

use std::ops::Range;

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
