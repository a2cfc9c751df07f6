//! Segments as bytes: the path of every message.
//!
//! A text is written into a place that has room for its longest form, so that no piece of it has to ask for more.

use std::fmt::Write;

use crate::template::cursor::Cursor;
use crate::template::escape::escape;
use crate::template::iso::push_iso;
use crate::template::random::{Random, wide_product};
use crate::template::scope::Scope;
use crate::template::segment::Segment;

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
            Self::Walk(walk) => walk.render(&mut scope.walks[walk.index], scope.random, out),
            Self::JsonClientId => push_escaped(&scope.user.client_id, out),
            Self::Received(part) => out.text(scope.received.part(*part)),
            Self::JsonReceived(part) => push_escaped(scope.received.part(*part), out),
        }
    }
}

/// A text as it stands between the quotes of a JSON text.
#[inline(never)]
fn push_escaped(text: &[u8], out: &mut Cursor<'_>) {
    escape(text, |piece| out.text(piece));
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
