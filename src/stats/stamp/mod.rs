//! Stamps: what a measured message carries so that whoever receives it knows when, by whom and as the how manieth
//! it was sent.
//!
//! One text for every place in a message: `~` and 24 bytes in base64url (RFC 4648, section 5), 33 characters that
//! stand in a payload, in JSON and in a user property as they are. Its width is fixed, so that encoding allocates
//! nothing and anything else is told from a stamp by its length and its letters.
//!
//! ```text
//! time, ns since 1970 | run  | user | topic's own, step | sequence
//! 8 bytes             | 4    | 4    | 1 bit, 15 bits    | 6 bytes, from 1; 0 if it is not counted
//! ```

mod json;

pub use crate::stats::stamp::json::text_at;

/// Characters of a stamp.
pub const LENGTH: usize = 33;
/// Name of the user property that carries one.
pub const PROPERTY: &str = "mqtt-scenario";
/// Steps of a user that can be told apart.
pub const MOST_STEPS: usize = 1 << 15;

/// What every stamp begins with.
const MARK: u8 = b'~';
/// Bytes that a stamp holds.
const BYTES: usize = 24;
const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// The value of each digit; 0xFF for what is none.
const VALUES: [u8; 256] = values();
/// Bits of a sequence number.
const SEQ_BITS: u32 = 48;
/// In the word of step and sequence: whether each topic has a sequence of its own.
const OWN_TOPIC: u64 = 1 << 63;

#[expect(clippy::cast_possible_truncation, reason = "there are 64 digits")]
const fn values() -> [u8; 256] {
    let mut values = [0xFF; 256];
    let mut digit = 0;
    while digit < DIGITS.len() {
        values[DIGITS[digit] as usize] = digit as u8;
        digit += 1;
    }
    values
}

/// Who publishes: a user of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Publisher {
    /// A number drawn for each run, so that those of several processes are told apart.
    pub run: u32,
    /// The how manieth user of its run, from 1.
    pub user: u32,
}

/// What a stamp says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// When the step began that published the message, in nanoseconds since 1970 (UTC).
    pub time_ns: u64,
    /// Who did.
    pub publisher: Publisher,
    /// Which of its publish steps, below [`MOST_STEPS`].
    pub step: u16,
    /// Whether each topic has a sequence of its own, since the step's topic differs from message to message.
    pub by_topic: bool,
    /// The how manieth message of its sequence, from 1, below 2^48; 0 if it is not counted.
    pub seq: u64,
}

impl Stamp {
    /// As it stands in a message.
    #[inline]
    pub fn encode(&self) -> [u8; LENGTH] {
        let mut bytes = [0; BYTES];
        bytes[..8].copy_from_slice(&self.time_ns.to_be_bytes());
        bytes[8..12].copy_from_slice(&self.publisher.run.to_be_bytes());
        bytes[12..16].copy_from_slice(&self.publisher.user.to_be_bytes());
        let by_topic = if self.by_topic { OWN_TOPIC } else { 0 };
        let word = by_topic | u64::from(self.step) << SEQ_BITS | self.seq;
        bytes[16..].copy_from_slice(&word.to_be_bytes());
        let mut text = [MARK; LENGTH];
        for (three, four) in bytes.chunks_exact(3).zip(text[1..].chunks_exact_mut(4)) {
            let bits = u32::from(three[0]) << 16 | u32::from(three[1]) << 8 | u32::from(three[2]);
            for (place, digit) in four.iter_mut().enumerate() {
                *digit = DIGITS[(bits >> (18 - 6 * place) & 63) as usize];
            }
        }
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
        let mut words = [0_u64; 3];
        let mut wrong = 0;
        // Eight digits are six bytes: four of them fill three words.
        let mut parts = [0_u64; 4];
        for (part, digits) in parts.iter_mut().zip(text[1..].chunks_exact(8)) {
            for digit in digits {
                let value = VALUES[usize::from(*digit)];
                wrong |= value;
                *part = *part << 6 | u64::from(value & 63);
            }
        }
        if wrong & 0x80 != 0 {
            return None;
        }
        words[0] = parts[0] << 16 | parts[1] >> 32;
        words[1] = parts[1] << 32 | parts[2] >> 16;
        words[2] = parts[2] << 48 | parts[3];
        Some(Self {
            time_ns: words[0],
            publisher: Publisher { run: (words[1] >> 32) as u32, user: words[1] as u32 },
            step: (words[2] >> SEQ_BITS) as u16 & (MOST_STEPS as u16 - 1),
            by_topic: words[2] & OWN_TOPIC != 0,
            seq: words[2] & ((1 << SEQ_BITS) - 1),
        })
    }

    /// Reads the stamp that a payload begins with.
    #[inline]
    pub fn decode_prefix(payload: &[u8]) -> Option<Self> {
        Self::decode(payload.get(..LENGTH)?)
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn it_stands_in_base64url_behind_its_mark() {
        let stamp = Stamp {
            time_ns: 0x0102_0304_0506_0708,
            publisher: Publisher { run: 0x1112_1314, user: 7 },
            step: 3,
            by_topic: true,
            seq: 0x2122_2324_2526,
        };
        let mut bytes = vec![1, 2, 3, 4, 5, 6, 7, 8, 0x11, 0x12, 0x13, 0x14, 0, 0, 0, 7, 0x80, 3];
        bytes.extend([0x21, 0x22, 0x23, 0x24, 0x25, 0x26]);
        let text = format!("~{}", BASE64_URL_SAFE_NO_PAD.encode(&bytes));
        assert_eq!(std::str::from_utf8(&stamp.encode()).unwrap(), text);
        assert_eq!(Stamp::decode(text.as_bytes()), Some(stamp));
    }

    #[test]
    fn nothing_else_is_a_stamp() {
        let stamp =
            Stamp { time_ns: 1, publisher: Publisher { run: 2, user: 3 }, step: 4, by_topic: false, seq: 5 };
        let text = stamp.encode();
        assert_eq!(Stamp::decode_prefix(&[&text[..], b"{}"].concat()), Some(stamp));
        assert_eq!(Stamp::decode(&[&text[..], b"x"].concat()), None);
        assert_eq!(Stamp::decode(&text[..LENGTH - 1]), None);
        assert_eq!(Stamp::decode_prefix(&text[..LENGTH - 1]), None);
        assert_eq!(Stamp::decode(b""), None);
        for place in 0..LENGTH {
            for wrong in *b"=+/ ~\0\xff\"" {
                let mut text = text;
                text[place] = wrong;
                let expected = if place == 0 && wrong == MARK { Some(stamp) } else { None };
                assert_eq!(Stamp::decode(&text), expected, "{place} {wrong}");
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_reads_back(
            time_ns: u64, run: u32, user: u32, step in 0_u16..1 << 15, by_topic: bool, seq in 0_u64..1 << 48,
        ) {
            let stamp = Stamp { time_ns, publisher: Publisher { run, user }, step, by_topic, seq };
            prop_assert_eq!(Stamp::decode(&stamp.encode()), Some(stamp));
        }
    }
}
