//! A part of the users of a run: what one process does if several run one scenario together.
//!
//! Every shard computes the whole run and keeps the users whose number is its own. So nothing of a plan has to be divided
//! but what all users take from one store: the limits of the load. Numbers are dealt in turn, and not in blocks, so that
//! all shards ramp up at the same time and have the same mix of classes, as far as it can be.
//!
//! ```text
//! number of the user   1  2  3  4  5  6  7  8  9 …
//! shard of 4           0  1  2  3  0  1  2  3  0 …
//! ```

use std::fmt;
use std::str::FromStr;

use crate::stats::result::what_ran::MAX_SHARDS;

/// One of the shards of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    index: u32,
    of: u32,
}

/// What is wrong with the text of a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a shard is I/N, such as 0/4: I counts from 0 to N-1, and N is the number of shards, {MAX_SHARDS} at most"
)]
pub struct NotAShard;

impl Shard {
    /// The only shard of a run that is not divided.
    pub const WHOLE: Self = Self { index: 0, of: 1 };

    /// The shard with this index, from 0, of so many; `None` if there is no such one.
    pub fn new(index: u32, of: u32) -> Option<Self> {
        (index < of && of <= MAX_SHARDS).then_some(Self { index, of })
    }

    /// Its index, from 0.
    pub fn index(self) -> u32 {
        self.index
    }

    /// How many shards the run has.
    pub fn of(self) -> u32 {
        self.of
    }

    /// Whether the run is not divided.
    pub fn is_whole(self) -> bool {
        self.of == 1
    }

    /// The index of the shard that runs the user with this number, from 1.
    pub fn of_number(self, number: u64) -> u32 {
        u32::try_from(number.wrapping_sub(1) % u64::from(self.of)).unwrap_or(0)
    }

    /// Whether the user with this number, from 1, is one of its own.
    #[inline]
    pub fn holds(self, number: u64) -> bool {
        self.of_number(number) == self.index
    }

    /// How many of its users have smaller numbers than this user of its own.
    pub fn place(self, number: u64) -> u64 {
        number.wrapping_sub(1) / u64::from(self.of)
    }
}

impl Default for Shard {
    fn default() -> Self {
        Self::WHOLE
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

impl FromStr for Shard {
    type Err = NotAShard;

    fn from_str(text: &str) -> Result<Self, NotAShard> {
        let (index, of) = text.split_once('/').ok_or(NotAShard)?;
        // `u32` reads a plus sign too.
        let number = |text: &str| {
            text.bytes()
                .all(|byte| byte.is_ascii_digit())
                .then(|| text.parse().ok())
                .flatten()
                .ok_or(NotAShard)
        };
        Self::new(number(index)?, number(of)?).ok_or(NotAShard)
    }
}

#[cfg(test)]
mod tests;
