//! Stamps. A measured message carries one, which tells its receiver when it was sent, by which user and with which
//! number.
//!
//! A stamp is the same text everywhere in a message: `~` and 24 bytes in base64url (RFC 4648, section 5). These 33
//! characters need no escape in a payload, in JSON or in a user property. The length is fixed.
//!
//! ```text
//! layout | time, ns since 1970 | run     | user    | topic's own, step | sequence                   | lateness
//! 2 bits | 62 bits             | 3 bytes | 3 bytes | 1 bit, 15 bits    | 5 bytes, from 1;           | 3 bytes
//! 01     | up to 2116          |         |         |                   | 0 if it is not counted     |
//! ```
//!
//! Two moments of a message matter. One is when its step really began: it tells whether a subscription should have
//! got the message. The other is when the message was due: if its user has a schedule, its times count from there. A
//! subscriber may be in another process, so the stamp has both. the first as its time, and the difference as its
//! lateness. The lateness, in microseconds with an exponent, is exact up to a second. Longer ones are rounded up by
//! less than two millionths and never down, so that no measured time begins after the response time of its publish.
//!
//! The layout before this one had the time in all of the first 8 bytes, which begin with 00 until 2116: it does not
//! count as a stamp here, and an older version reads this one as a time in the far future.

mod json;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

pub use crate::stats::stamp::json::text_at;

/// Characters of a stamp.
pub const LENGTH: usize = 33;
/// Name of the user property that carries a stamp.
pub const PROPERTY: &str = "mqtt-scenario";
/// Number of steps of a user that can be told apart.
pub const MAX_STEPS: usize = 1 << 15;

const MARK: u8 = b'~';
const BYTES: usize = 24;
/// Bits of the time, beneath those of the layout.
const TIME_BITS: u32 = 62;
const LAYOUT: u64 = 1;
/// Bits of the numbers of run and user.
const NUMBER_BITS: u32 = 24;
/// In the word of run, user and step: whether each topic has a sequence of its own.
const OWN_TOPIC: u64 = 1 << 15;
/// Bits of a lateness, above which the sequence number stands: four of its exponent, and those of its number.
const LATE_BITS: u32 = 24;
const LATE_NUMBER_BITS: u32 = 20;
/// Stands for no lateness; no number of microseconds is encoded as this.
const NOT_SCHEDULED: u64 = mask(LATE_BITS);

const fn mask(bits: u32) -> u64 {
    (1 << bits) - 1
}

/// The publisher: a user of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Publisher {
    /// A number drawn for each run, so that several processes have different ones. It is below 2^24.
    pub run: u32,
    /// The number of the user in its run, from 1 and below 2^24; 0 for all users beyond, whose messages are not
    /// counted.
    pub user: u32,
}

impl Publisher {
    /// Returns the user with the number `user` in the run that drew the number `run`.
    #[expect(clippy::cast_possible_truncation, reason = "each is cut to its width")]
    pub fn new(run: u32, user: u64) -> Self {
        let run = run & mask(NUMBER_BITS) as u32;
        Self { run, user: if user <= mask(NUMBER_BITS) { user as u32 } else { 0 } }
    }
}

/// What a stamp says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// When the step began that published the message, in nanoseconds since 1970 (UTC), below 2^62.
    pub time_ns: u64,
    /// How many microseconds after it was due that was; `None` without a schedule.
    pub late_us: Option<u32>,
    /// The user that published it.
    pub publisher: Publisher,
    /// The number of the publish step, below [`MAX_STEPS`].
    pub step: u16,
    /// Whether each topic has a sequence of its own, since the step's topic differs from message to message.
    pub by_topic: bool,
    /// The number of the message in its sequence, from 1 and below 2^40; 0 if it is not counted.
    pub seq: u64,
}

impl Stamp {
    /// Returns the stamp as it stands in a message.
    #[inline]
    pub fn encode(&self) -> [u8; LENGTH] {
        let mut bytes = [0; BYTES];
        let Publisher { run, user } = self.publisher;
        let publisher = u64::from(run) << NUMBER_BITS | u64::from(user) & mask(NUMBER_BITS);
        let step = if self.by_topic { OWN_TOPIC } else { 0 } | u64::from(self.step);
        let words = [
            LAYOUT << TIME_BITS | self.time_ns & mask(TIME_BITS),
            publisher << 16 | step,
            self.seq << LATE_BITS | self.late_us.map_or(NOT_SCHEDULED, pack_late),
        ];
        for (bytes, word) in bytes.chunks_exact_mut(8).zip(words) {
            bytes.copy_from_slice(&word.to_be_bytes());
        }
        let mut text = [MARK; LENGTH];
        let written = BASE64_URL_SAFE_NO_PAD.encode_slice(bytes, &mut text[1..]);
        debug_assert_eq!(written, Ok(LENGTH - 1), "24 bytes are 32 digits");
        text
    }

    /// Reads a text that is a stamp and nothing else.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "each part is cut out at its width")]
    pub fn decode(text: &[u8]) -> Option<Self> {
        let text: &[u8; LENGTH] = text.try_into().ok()?;
        if text[0] != MARK {
            return None;
        }
        let mut bytes = [0; BYTES];
        BASE64_URL_SAFE_NO_PAD.decode_slice(&text[1..], &mut bytes).ok()?;
        let mut words = [0_u64; 3];
        for (word, bytes) in words.iter_mut().zip(bytes.as_chunks().0) {
            *word = u64::from_be_bytes(*bytes);
        }
        if words[0] >> TIME_BITS != LAYOUT {
            return None;
        }
        Some(Self {
            time_ns: words[0] & mask(TIME_BITS),
            late_us: unpack_late(words[2] & mask(LATE_BITS)),
            publisher: Publisher {
                run: (words[1] >> (16 + NUMBER_BITS)) as u32,
                user: (words[1] >> 16 & mask(NUMBER_BITS)) as u32,
            },
            step: words[1] as u16 & (MAX_STEPS as u16 - 1),
            by_topic: words[1] & OWN_TOPIC != 0,
            seq: words[2] >> LATE_BITS,
        })
    }

    /// Reads the stamp that a payload begins with.
    #[inline]
    pub fn decode_prefix(payload: &[u8]) -> Option<Self> {
        Self::decode(payload.get(..LENGTH)?)
    }
}

/// A lateness as it stands in a stamp, rounded up.
#[inline]
fn pack_late(us: u32) -> u64 {
    let mut exponent = (u32::BITS - LATE_NUMBER_BITS).saturating_sub(us.leading_zeros());
    let mut number = u64::from(us).div_ceil(1 << exponent);
    // All bits set, and one more.
    if number > mask(LATE_NUMBER_BITS) {
        number >>= 1;
        exponent += 1;
    }
    u64::from(exponent) << LATE_NUMBER_BITS | number
}

#[inline]
fn unpack_late(late: u64) -> Option<u32> {
    let us = (late & mask(LATE_NUMBER_BITS)) << (late >> LATE_NUMBER_BITS);
    (late != NOT_SCHEDULED).then(|| u32::try_from(us).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests;
