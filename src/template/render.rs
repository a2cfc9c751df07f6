//! Segments as bytes: the path of every message.
//!
//! A text is written into a place that has room for its longest form, so that no piece of it has to ask for more.

use std::fmt::{self, Write};

use crate::template::random::{Random, wide_product};
use crate::template::{HEAD, Literal, Scope, Segment, json};

impl Segment {
    /// Appends what it stands for now.
    #[inline]
    pub(super) fn render(&self, scope: &mut Scope<'_>, out: &mut Cursor<'_>) {
        match self {
            Self::Literal(literal) => out.literal(literal),
            Self::UserNumber => out.integer(scope.user.number),
            Self::UserIndex => out.integer(scope.user.index),
            Self::ClientId => out.text(&scope.user.client_id),
            Self::Iteration => out.integer(scope.iteration),
            Self::Seq => out.integer(scope.seq),
            Self::NowMs => out.integer(scope.now_ns / 1_000_000),
            Self::NowNs => out.integer(scope.now_ns),
            Self::NowIso => push_iso(scope.now_ns, out),
            Self::Uuid => push_uuid(scope.random, out),
            Self::RandomInt { low, count } => {
                let offset = if *count == 0 { scope.random.next_u64() } else { scope.random.below(*count) };
                out.integer(low.wrapping_add_unsigned(offset));
            }
            Self::RandomFloat { low, high } => {
                let share = scope.random.unit();
                // Not `low + share * (high - low)`: the difference of two finite numbers can be infinite.
                let number = low * (1.0 - share) + high * share;
                // There is room for the longest.
                let _ = write!(out, "{number}");
            }
            Self::RandomString(n) => push_random_string(*n, scope.random, out),
            Self::RandomBytes(n) => {
                for place in out.take(*n).chunks_mut(8) {
                    place.copy_from_slice(&scope.random.next_u64().to_le_bytes()[..place.len()]);
                }
            }
            Self::Choice(texts) => {
                let chosen = usize::try_from(scope.random.below(texts.len() as u64)).unwrap_or(0);
                out.text(&texts[chosen]);
            }
            Self::Row(row) => out.text(row.column.value(scope.rows[row.feed] as usize)),
            Self::Walk(walk) => walk.render(&mut scope.walks[walk.place], scope.random, out),
            Self::JsonClientId => push_escaped(&scope.user.client_id, out),
            Self::Received(part) => out.text(scope.received.part(*part)),
            Self::JsonReceived(part) => push_escaped(scope.received.part(*part), out),
        }
    }
}

/// Where the next bytes of a text go, in a place that has room for all of them.
pub(super) struct Cursor<'a> {
    pub(super) bytes: &'a mut [u8],
    /// How much of them is written.
    pub(super) at: usize,
}

impl Cursor<'_> {
    /// The next `n` bytes, to be filled.
    #[inline]
    fn take(&mut self, n: usize) -> &mut [u8] {
        let start = self.at;
        self.at += n;
        &mut self.bytes[start..self.at]
    }

    #[inline]
    fn text(&mut self, text: &[u8]) {
        self.take(text.len()).copy_from_slice(text);
    }

    #[inline]
    fn literal(&mut self, literal: &Literal) {
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
    fn integer(&mut self, number: impl itoa::Integer) {
        self.text(itoa::Buffer::new().format(number).as_bytes());
    }
}

impl Write for Cursor<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.text(text.as_bytes());
        Ok(())
    }
}

/// A text as it stands between the quotes of a JSON text.
#[inline(never)]
fn push_escaped(text: &[u8], out: &mut Cursor<'_>) {
    json::escape(text, |piece| out.text(piece));
}

/// A random UUID: version 4, variant 1 (RFC 9562, section 5.4).
#[inline(never)]
fn push_uuid(random: &mut Random, out: &mut Cursor<'_>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&random.next_u64().to_be_bytes());
    bytes[8..].copy_from_slice(&random.next_u64().to_be_bytes());
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut places = out.take(36).iter_mut();
    let mut push = |byte| places.next().into_iter().for_each(|place| *place = byte);
    for (i, byte) in bytes.into_iter().enumerate() {
        if matches!(i, 4 | 6 | 8 | 10) {
            push(b'-');
        }
        push(HEX[usize::from(byte >> 4)]);
        push(HEX[usize::from(byte & 15)]);
    }
}

/// Letters and digits, eight from one draw: 62^8 is so far below 2^64 that none is likelier by more than 10^-4.
///
/// Two at a time: the multiplications wait for each other, and half as many are half the time.
#[inline(never)]
fn push_random_string(n: usize, random: &mut Random, out: &mut Cursor<'_>) {
    for eight in out.take(n).chunks_mut(8) {
        let mut fraction = random.next_u64();
        let mut pair = || {
            let (pair, rest) = wide_product(fraction, PAIRS.len() as u64);
            fraction = rest;
            PAIRS[usize::try_from(pair).unwrap_or(0)]
        };
        let (places, last) = eight.as_chunks_mut();
        for place in places {
            *place = pair();
        }
        for place in last {
            *place = pair()[0];
        }
    }
}

/// All pairs of letters and digits.
static PAIRS: [[u8; 2]; 62 * 62] = {
    const CHARACTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut pairs = [[0; 2]; 62 * 62];
    let mut i = 0;
    while i < pairs.len() {
        pairs[i] = [CHARACTERS[i / 62], CHARACTERS[i % 62]];
        i += 1;
    }
    pairs
};

/// Bytes of a time stamp as [`push_iso`] writes it.
pub(super) const ISO_BYTES: usize = "1970-01-01T00:00:00.000Z".len();

/// A time stamp in UTC with milliseconds (RFC 3339).
///
/// The day is turned into a date by Howard Hinnant's `civil_from_days`, for years that begin in March, so
/// that the leap day is a year's last.
///
/// Not inlined: inside the loop over segments the compiler works all of this out for every text, used or not,
/// since it does not change on the way.
#[inline(never)]
pub(super) fn push_iso(now_ns: u64, out: &mut Cursor<'_>) {
    let ms = now_ns / 1_000_000;
    let (seconds, days) = (ms / 1_000 % 86_400, ms / 86_400_000 + 719_468);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    for (number, digits, after) in [
        (year, 4, b'-'),
        (month, 2, b'-'),
        (day, 2, b'T'),
        (seconds / 3_600, 2, b':'),
        (seconds / 60 % 60, 2, b':'),
        (seconds % 60, 2, b'.'),
        (ms % 1_000, 3, b'Z'),
    ] {
        let mut left = number;
        for place in out.take(digits).iter_mut().rev() {
            *place = b'0' + (left % 10) as u8;
            left /= 10;
        }
        out.text(&[after]);
    }
}
