//! The payloads of messages.
//!
//! Only changing parts are rendered: a line of a file and a number of filler bytes are pieces of memory that
//! all users share, and the session copies them straight from there.

use std::fmt;
use std::sync::Arc;

use crate::plan::text::Text;
use crate::template::column::Column;
use crate::template::random::Random;

/// What a message carries.
#[derive(Debug, Clone, PartialEq)]
pub enum Payload {
    /// A text, or bytes that are the same for all.
    Text(Text),
    /// A line of a file.
    Lines(Lines),
    /// A number of filler bytes that is drawn for each message.
    Filling(Filling),
}

impl Payload {
    /// The fewest and the most bytes that it can have, with client ids of `client_id` bytes.
    pub fn length(&self, client_id: (usize, usize)) -> (usize, usize) {
        match self {
            Self::Text(text) => text.length(client_id),
            Self::Lines(Lines(lines)) => lines.length(),
            Self::Filling(filling) => (filling.least, filling.bytes.len()),
        }
    }

    /// The bytes of the payload in the message with this `seq` of the user with this index, wherever they are: see
    /// [`Text::bytes`]. Draws the length of a filling.
    #[inline]
    pub(crate) fn bytes<'a>(
        &'a self,
        kept: &'a [Box<[u8]>],
        rendered: &'a [u8],
        (index, seq): (u64, u64),
        random: &mut Random,
    ) -> &'a [u8] {
        match self {
            Self::Text(text) => text.bytes(kept, rendered),
            Self::Lines(lines) => lines.line(index, seq),
            Self::Filling(filling) => filling.draw(random),
        }
    }
}

impl From<Text> for Payload {
    fn from(text: Text) -> Self {
        Self::Text(text)
    }
}

/// The lines of a file, at least one.
#[derive(Debug, Clone, PartialEq)]
pub struct Lines(pub Arc<Column>);

impl Lines {
    /// The line for the `seq`th message, from 1, of the user with this index in its class.
    #[inline]
    pub fn line(&self, index: u64, seq: u64) -> &[u8] {
        let lines = self.0.len() as u64;
        let line = (index % lines + seq.saturating_sub(1) % lines) % lines;
        // Below the number of lines, so it fits.
        self.0.value(usize::try_from(line).unwrap_or(0))
    }
}

/// Filler bytes. Each message carries some of them.
#[derive(Clone, PartialEq)]
pub struct Filling {
    /// As many as a message can carry at most.
    pub bytes: Arc<[u8]>,
    /// As many as it carries at least.
    pub least: usize,
}

impl fmt::Debug for Filling {
    /// Without the bytes, which mean nothing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filling").field("least", &self.least).field("most", &self.bytes.len()).finish()
    }
}

impl Filling {
    /// Draws how many; each number is equally likely, both ends included.
    #[inline]
    pub fn draw(&self, random: &mut Random) -> &[u8] {
        let choices = (self.bytes.len() - self.least) as u64 + 1;
        let more = usize::try_from(random.below(choices)).unwrap_or(0);
        &self.bytes[..self.least + more]
    }
}

#[cfg(test)]
mod tests;
