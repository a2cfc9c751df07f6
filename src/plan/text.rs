//! Texts that go on the wire, sorted by how often they must be rendered.

use std::sync::Arc;

use crate::template::Template;

/// A text that goes on the wire, sorted by how often it must be rendered.
#[derive(Debug, Clone, PartialEq)]
pub enum Text {
    /// The same for everybody.
    Constant(Arc<[u8]>),
    /// Rendered once per user and kept in its text `slot`.
    PerUser {
        /// Index among the texts that the user keeps.
        slot: usize,
        /// The template to render.
        template: Template,
    },
    /// Rendered for each message.
    PerMessage(Template),
}

impl Text {
    /// The fewest and the most bytes that it can have, with client ids of `client_id` bytes.
    pub fn length(&self, client_id: (usize, usize)) -> (usize, usize) {
        match self {
            Self::Constant(bytes) => (bytes.len(), bytes.len()),
            Self::PerUser { template, .. } | Self::PerMessage(template) => template.length(client_id),
        }
    }

    /// The bytes of the text, wherever they are: in the plan, among the texts that its user keeps, or rendered for one
    /// message.
    #[inline]
    pub(crate) fn bytes<'a>(&'a self, kept: &'a [Box<[u8]>], rendered: &'a [u8]) -> &'a [u8] {
        match self {
            Self::Constant(bytes) => bytes,
            Self::PerUser { slot, .. } => &kept[*slot],
            Self::PerMessage(_) => rendered,
        }
    }
}
