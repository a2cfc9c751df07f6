//! A fixed piece of text, laid out for fast copying.

use std::fmt;

/// A fixed piece of text. Its head stands beside it at full width, since copying a known number of bytes takes
/// two instructions and copying few of an unknown number a call.
#[derive(Clone, PartialEq)]
pub(super) struct Literal {
    pub(super) text: Box<[u8]>,
    pub(super) head: [u8; HEAD],
}

/// Longest text that is copied at full width.
pub(super) const HEAD: usize = 32;

impl Literal {
    pub(super) fn new(text: &[u8]) -> Self {
        let mut head = [0; HEAD];
        let length = text.len().min(HEAD);
        head[..length].copy_from_slice(&text[..length]);
        Self { text: text.into(), head }
    }
}

impl fmt::Debug for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.text))
    }
}
