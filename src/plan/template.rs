//! Texts with `${…}` in them, parsed once to segments and rendered into a reused buffer.

/// A parsed text.
#[derive(Debug, Clone, PartialEq)]
pub struct Template;

/// A template that is never shown.
#[derive(Clone, PartialEq)]
pub struct Secret(pub Template);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(***)")
    }
}
