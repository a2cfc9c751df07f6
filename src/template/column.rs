//! Many texts in one piece: a column of a feed, or the lines of a file.
//!
//! Stored once for the run and shared by all users, so that a feed of a million rows costs its own bytes and
//! four more per value, however many users read it.

use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::template::escape::{escaped, stands_for_itself};

/// A list of texts that never changes.
pub struct Column {
    name: Box<str>,
    bytes: Box<[u8]>,
    /// Where each value ends; it begins where the one before it ended.
    ends: Box<[u32]>,
    shortest: usize,
    longest: usize,
    /// The same values as they stand inside of JSON texts, made when first asked for.
    in_json: OnceLock<Arc<Column>>,
}

impl Column {
    /// Puts values together: those of a file, which is far below 4 GiB even with each byte escaped.
    pub fn new<'v>(name: &str, values: impl IntoIterator<Item = &'v [u8]>) -> Self {
        let mut builder = ColumnBuilder::default();
        values.into_iter().for_each(|value| builder.push(value));
        builder.finish(name)
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many values it has.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether it has no values.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Returns the value at an index below [`Column::len`].
    #[inline]
    pub fn value(&self, index: usize) -> &[u8] {
        let start = if index == 0 { 0 } else { self.ends[index - 1] as usize };
        &self.bytes[start..self.ends[index] as usize]
    }

    /// All values.
    pub fn values(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).map(|index| self.value(index))
    }

    /// All values, one behind the other.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes of its shortest and its longest value.
    pub fn length(&self) -> (usize, usize) {
        (self.shortest, self.longest)
    }

    /// Its values as they stand between the quotes of a JSON text: itself if they are the same.
    pub fn in_json(self: &Arc<Self>) -> Arc<Self> {
        if self.bytes.iter().all(|byte| stands_for_itself(*byte)) {
            return Arc::clone(self);
        }
        Arc::clone(self.in_json.get_or_init(|| {
            let mut builder = ColumnBuilder::default();
            self.values().for_each(|value| builder.push(&escaped(value)));
            Arc::new(builder.finish(&self.name))
        }))
    }
}

/// A column value by value, for a file that is read line by line.
#[derive(Default)]
pub(crate) struct ColumnBuilder {
    bytes: Vec<u8>,
    ends: Vec<u32>,
    shortest: Option<usize>,
    longest: usize,
}

impl ColumnBuilder {
    pub(crate) fn push(&mut self, value: &[u8]) {
        self.bytes.extend_from_slice(value);
        // See `Column::new`: more cannot be.
        self.ends.push(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX));
        self.shortest = Some(self.shortest.map_or(value.len(), |shortest| shortest.min(value.len())));
        self.longest = self.longest.max(value.len());
    }

    pub(crate) fn finish(self, name: &str) -> Column {
        Column {
            name: name.into(),
            bytes: self.bytes.into(),
            ends: self.ends.into(),
            shortest: self.shortest.unwrap_or(0),
            longest: self.longest,
            in_json: OnceLock::new(),
        }
    }
}

impl PartialEq for Column {
    /// By what it holds: whether its twin was made says nothing.
    fn eq(&self, other: &Self) -> bool {
        (&self.name, &self.ends, &self.bytes) == (&other.name, &other.ends, &other.bytes)
    }
}

impl Eq for Column {}

impl fmt::Debug for Column {
    /// Without its values, which are many and may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Column").field("name", &self.name).field("len", &self.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
