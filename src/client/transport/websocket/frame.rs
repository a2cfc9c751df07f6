//! Frames of WebSocket (RFC 6455, section 5): ours written, the server's taken apart in place.

use std::hash::{BuildHasher, RandomState};
use std::ops::Range;

use crate::client::failure::WebSocketFault;

const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
pub(super) const BINARY: u8 = 2;
pub(super) const CLOSE: u8 = 8;
const PING: u8 = 9;
pub(super) const PONG: u8 = 10;

const MASKED: u8 = 0x80;
/// In place of a length: the length follows in this many bits.
const SIXTEEN_BITS: u8 = 0x7E;
const SIXTY_FOUR_BITS: u8 = 0x7F;

const MAX_CONTROL: usize = 125;

/// Masks, one for each of our frames. They keep proxies from taking a client's bytes for HTTP, and must not be
/// guessed by whoever chose the bytes; here that is the tester.
#[derive(Debug)]
pub(super) struct MaskKeys(u64);

impl MaskKeys {
    pub(super) fn new() -> Self {
        Self(RandomState::new().hash_one(0) | 1)
    }

    /// Xorshift: never 0, all others in a long round.
    pub(super) fn next(&mut self) -> [u8; 4] {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let [a, b, c, d, ..] = self.0.to_be_bytes();
        [a, b, c, d]
    }
}

#[expect(clippy::cast_possible_truncation, reason = "each length is below the limit of its width")]
pub(super) fn write_frame(opcode: u8, payload: &[u8], mask: [u8; 4], out: &mut Vec<u8>) {
    out.reserve(payload.len() + 14);
    out.push(0x80 | opcode);
    match payload.len() {
        length @ 0..=125 => out.push(MASKED | length as u8),
        length @ 126..=0xFFFF => {
            out.push(MASKED | SIXTEEN_BITS);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            out.push(MASKED | SIXTY_FOUR_BITS);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&mask);
    let start = out.len();
    out.extend_from_slice(payload);
    for four in out[start..].chunks_mut(4) {
        for (byte, mask) in four.iter_mut().zip(mask) {
            *byte ^= mask;
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Control {
    /// To be answered with the same payload.
    Ping(Vec<u8>),
    Pong,
    Close(Option<u16>),
}

#[derive(Debug)]
pub(super) struct Step {
    pub(super) used: usize,
    pub(super) payload: usize,
    pub(super) control: Option<Control>,
}

/// Takes the server's frames apart, wherever reading cuts them.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    /// The head of a frame, as far as it has come.
    head: [u8; 10],
    head_length: usize,
    /// Of the current frame.
    opcode: u8,
    /// Payload of the current frame that is still to come.
    remaining: u64,
    /// Whether the current frame's head was read.
    inside: bool,
    /// Payload of a control frame, which data frames do not interrupt.
    control: Vec<u8>,
    /// Whether a message goes on in the next data frame.
    fragmented: bool,
}

impl Decoder {
    /// Decodes the next piece of `bytes[raw]`: a head, or payload, which moves to `bytes[payload..]`. There must
    /// be something to decode, and `payload` must not lie behind it.
    pub(super) fn decode(
        &mut self,
        bytes: &mut [u8],
        raw: Range<usize>,
        payload: usize,
    ) -> Result<Step, WebSocketFault> {
        let mut step = Step { used: raw.start, payload, control: None };
        if !self.inside {
            self.head[self.head_length] = bytes[raw.start];
            self.head_length += 1;
            step.used += 1;
            if let Some(length) = self.length()? {
                self.begin(length)?;
                if length == 0 {
                    step.control = self.end();
                }
            }
            return Ok(step);
        }
        let here = usize::try_from(self.remaining).unwrap_or(usize::MAX).min(raw.len());
        let piece = raw.start..raw.start + here;
        if self.opcode >= CLOSE {
            self.control.extend_from_slice(&bytes[piece]);
        } else {
            bytes.copy_within(piece, payload);
            step.payload += here;
        }
        step.used += here;
        self.remaining -= here as u64;
        if self.remaining == 0 {
            step.control = self.end();
        }
        Ok(step)
    }

    /// Length of the payload, if the head is whole.
    fn length(&self) -> Result<Option<u64>, WebSocketFault> {
        let fault = |what| Err(WebSocketFault::Protocol(what));
        Ok(match self.head[..self.head_length] {
            [first, ..] if first & 0x70 != 0 => return fault("frame with reserved bits"),
            [_, second, ..] if second & 0x80 != 0 => return fault("masked frame"),
            [_, length @ 0..=125] => Some(u64::from(length)),
            [_, SIXTEEN_BITS, high, low] => Some(u64::from(u16::from_be_bytes([high, low]))),
            [_, SIXTY_FOUR_BITS, ref length @ ..] if length.len() == 8 => {
                let length = length.iter().fold(0, |length, byte| length << 8 | u64::from(*byte));
                if length >> 63 != 0 {
                    return fault("frame of negative length");
                }
                Some(length)
            }
            _ => None,
        })
    }

    fn begin(&mut self, length: u64) -> Result<(), WebSocketFault> {
        let (last, opcode) = (self.head[0] & 0x80 != 0, self.head[0] & 0x0F);
        let fault = |what| Err(WebSocketFault::Protocol(what));
        match opcode {
            CONTINUATION if !self.fragmented => return fault("continuation of nothing"),
            BINARY if self.fragmented => return fault("message inside of a message"),
            CONTINUATION | BINARY => self.fragmented = !last,
            TEXT => return fault("text frame"),
            CLOSE | PING | PONG if !last => return fault("control frame in pieces"),
            CLOSE | PING | PONG if length > MAX_CONTROL as u64 => return fault("control frame too long"),
            CLOSE | PING | PONG => {}
            _ => return fault("frame of an unknown kind"),
        }
        self.opcode = opcode;
        self.remaining = length;
        self.inside = true;
        self.head_length = 0;
        Ok(())
    }

    fn end(&mut self) -> Option<Control> {
        self.inside = false;
        let payload = std::mem::take(&mut self.control);
        match self.opcode {
            PING => Some(Control::Ping(payload)),
            PONG => Some(Control::Pong),
            CLOSE => Some(Control::Close(match payload[..] {
                [high, low, ..] => Some(u16::from_be_bytes([high, low])),
                _ => None,
            })),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
