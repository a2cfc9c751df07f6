//! Where rendered text goes: a place that has room for its longest form, so that no piece has to ask for more; and fixed pieces, laid
//! out for fast copying.

use std::fmt::{self, Write};

/// Where the next bytes of a text go, in a place that has room for all of them.
pub(super) struct Cursor<'a> {
    pub(super) bytes: &'a mut [u8],
    pub(super) at: usize,
}

impl Cursor<'_> {
    /// The next `n` bytes, to be filled.
    #[inline]
    pub(super) fn take(&mut self, n: usize) -> &mut [u8] {
        let start = self.at;
        self.at += n;
        &mut self.bytes[start..self.at]
    }

    #[inline]
    pub(super) fn text(&mut self, text: &[u8]) {
        self.take(text.len()).copy_from_slice(text);
    }

    #[inline]
    pub(super) fn literal(&mut self, literal: &Literal) {
        let length = literal.text.len();
        match self.bytes[self.at..].first_chunk_mut() {
            Some(place) if length <= HEAD => {
                *place = literal.head;
                self.at += length;
            }
            _ => self.text(&literal.text),
        }
    }

    #[inline]
    pub(super) fn integer(&mut self, number: impl itoa::Integer) {
        self.text(itoa::Buffer::new().format(number).as_bytes());
    }
}

impl Write for Cursor<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.text(text.as_bytes());
        Ok(())
    }
}

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
