//! What the words of other tools are mapped to, one table of the language at a time.

/// A table of the language, known by two keys that no other one has together.
pub(super) struct TableWords {
    pub(super) keys: [&'static str; 2],
    pub(super) synonyms: &'static [(&'static str, &'static [&'static str])],
    pub(super) advice: &'static [(Advice, &'static [&'static str])],
}

/// An advice: what to write, and which key is not missing then.
pub(super) const fn advice(text: &'static str, instead_of: &'static str) -> Advice {
    Advice { text, instead_of }
}

/// How to say something for which there is no key of this name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Advice {
    /// What to write, as TOML has it.
    pub(crate) text: &'static str,
    /// The key that is not missing then, because it was only said in this way; empty if there is no such key.
    pub(crate) instead_of: &'static str,
}
