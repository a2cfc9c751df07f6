//! Histograms as bytes, in the encoding V2 of `HdrHistogram`, which the readers of every language know.
//!
//! Source: `AbstractHistogram.encodeIntoByteBuffer` of `HdrHistogram` 2.2 for Java. A histogram is a head of 40 bytes and
//! its counters from the first to the last that is not 0. A counter is a LEB128 number in `ZigZag` form; a negative number
//! is a run of so many counters that are 0. Ours have the slots of [`hdr`], so their counters are written as they stand.

use crate::stats::hdr::{self, HIGHEST_NS};

/// The shortest time that is told apart, in nanoseconds: what the slots of [`hdr`] come from.
const LOWEST_NS: i64 = 1_000;
const DIGITS: i32 = 3;
/// V2, with words of as many bytes as they need.
const COOKIE: i32 = 0x1c84_9313;
const COMPRESSED_COOKIE: i32 = 0x1c84_9314;
const HEAD: usize = 40;
/// A counter takes at most so many bytes.
const LONGEST: usize = 9;
/// A histogram holds at most so many times, as many as one slot of [`FineTimes`](crate::stats::fine::FineTimes) can
/// count: no sum of a few of them overflows.
const MAX_TIMES: u64 = (1 << 48) - 1;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum DecodeError {
    /// They end too early, or do not begin as a histogram does.
    #[error("not a histogram in the encoding V2 of HdrHistogram")]
    Foreign,
    #[error("a histogram with other bounds than 1 µs to one hour with three digits")]
    OtherBounds,
    /// A counter beyond the last slot, or more than 2^48 times.
    #[error("a histogram with counters that cannot be")]
    Counters,
}

/// The counters, from `(slot, times)` in the order of the slots.
pub(super) fn counters(counts: impl Iterator<Item = (usize, u64)>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut next = 0;
    for (slot, times) in counts.filter(|&(_, times)| times > 0) {
        if slot > next {
            push(&mut bytes, -as_i64((slot - next) as u64));
        }
        push(&mut bytes, as_i64(times));
        next = slot + 1;
    }
    bytes
}

/// `(slot, times)` in the order of the slots, of counters that [`counters`] or another writer made.
pub(super) fn read_counters(mut bytes: &[u8]) -> Result<Vec<(usize, u64)>, DecodeError> {
    let (mut found, mut slot, mut total) = (Vec::new(), 0_usize, 0_u64);
    while !bytes.is_empty() {
        let number = pull(&mut bytes)?;
        if number < 0 {
            let zeros = usize::try_from(number.unsigned_abs()).map_err(|_| DecodeError::Counters)?;
            slot = slot.saturating_add(zeros);
        } else {
            if number > 0 {
                total = total.saturating_add(number.unsigned_abs());
                found.push((slot, number.unsigned_abs()));
            }
            slot = slot.saturating_add(1);
        }
        if slot > hdr::SLOTS || total > MAX_TIMES {
            return Err(DecodeError::Counters);
        }
    }
    Ok(found)
}

/// The whole histogram, not compressed.
pub(super) fn histogram(counters: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEAD + counters.len());
    let length = i32::try_from(counters.len()).unwrap_or(i32::MAX);
    bytes.extend(COOKIE.to_be_bytes());
    bytes.extend(length.to_be_bytes());
    bytes.extend(0_i32.to_be_bytes()); // the offset of the counters, which is never used
    bytes.extend(DIGITS.to_be_bytes());
    bytes.extend(LOWEST_NS.to_be_bytes());
    bytes.extend(HIGHEST_NS.to_be_bytes());
    bytes.extend(1.0_f64.to_be_bytes()); // from integers to doubles
    bytes.extend(counters);
    bytes
}

pub(super) fn counters_of(histogram: &[u8]) -> Result<&[u8], DecodeError> {
    let (head, counters) = histogram.split_at_checked(HEAD).ok_or(DecodeError::Foreign)?;
    let word = |at: usize| i32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    if word(0) != COOKIE || usize::try_from(word(4)) != Ok(counters.len()) {
        return Err(DecodeError::Foreign);
    }
    let same = histogram_head_without_length();
    if head[8..] == same[8..] { Ok(counters) } else { Err(DecodeError::OtherBounds) }
}

fn histogram_head_without_length() -> Vec<u8> {
    histogram(&[])
}

/// The form that interval logs hold: a head and a zlib stream of the whole histogram. Its blocks are stored as they
/// are: most histograms of a second are so short that compression would make them longer.
pub(super) fn in_zlib(counters: &[u8]) -> Vec<u8> {
    /// Longest stored block of deflate (RFC 1951).
    const LONGEST_BLOCK: usize = 0xffff;
    let histogram = histogram(counters);
    let mut zlib = vec![0x78, 0x01]; // RFC 1950: deflate, window of 32 KiB, fastest
    let blocks = histogram.len().div_ceil(LONGEST_BLOCK);
    for (number, block) in histogram.chunks(LONGEST_BLOCK).enumerate() {
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        zlib.push(u8::from(number + 1 == blocks));
        zlib.extend(length.to_le_bytes());
        zlib.extend((!length).to_le_bytes());
        zlib.extend(block);
    }
    zlib.extend(adler_32(&histogram).to_be_bytes());
    let mut bytes = COMPRESSED_COOKIE.to_be_bytes().to_vec();
    bytes.extend(i32::try_from(zlib.len()).unwrap_or(i32::MAX).to_be_bytes());
    bytes.extend(zlib);
    bytes
}

/// The checksum of a zlib stream (RFC 1950).
fn adler_32(bytes: &[u8]) -> u32 {
    const BASE: u32 = 65_521;
    let (mut a, mut b) = (1_u32, 0_u32);
    for &byte in bytes {
        a = (a + u32::from(byte)) % BASE;
        b = (b + a) % BASE;
    }
    b << 16 | a
}

fn as_i64(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Writes one number; the ninth byte holds eight bits.
#[expect(clippy::cast_possible_truncation, reason = "the lowest bits are what is wanted")]
fn push(bytes: &mut Vec<u8>, number: i64) {
    let mut rest = ((number << 1) ^ (number >> 63)).cast_unsigned();
    for _ in 1..LONGEST {
        if rest < 0x80 {
            bytes.push(rest as u8);
            return;
        }
        bytes.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
}

fn pull(bytes: &mut &[u8]) -> Result<i64, DecodeError> {
    let (mut number, mut shift) = (0_u64, 0_u32);
    for count in 1..=LONGEST {
        let (&byte, rest) = bytes.split_first().ok_or(DecodeError::Foreign)?;
        *bytes = rest;
        let is_last = byte < 0x80 || count == LONGEST;
        let bits = if count == LONGEST { byte } else { byte & 0x7f };
        number |= u64::from(bits) << shift;
        if is_last {
            break;
        }
        shift += 7;
    }
    Ok((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
}

#[cfg(test)]
mod tests;
