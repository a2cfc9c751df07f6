//! The fixed header of a packet and its packet id, as every packet has them.

use crate::client::failure::Failure;
use crate::mqtt::property::put_varint;

/// The longest fixed header: type and four bytes of length.
pub(super) const MAX_HEADER_BYTES: usize = 5;

/// A packet at the head of a stream: its first byte, and where its body begins and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) first: u8,
    pub(crate) body: usize,
    pub(crate) end: usize,
}

/// Finds the packet at the head of `bytes`; `None` if more bytes are needed to tell its length.
/// The packet may end past `bytes`.
pub(crate) fn frame(bytes: &[u8]) -> Result<Option<Frame>, Failure> {
    let Some(&first) = bytes.first() else { return Ok(None) };
    let mut length = 0;
    for (i, byte) in bytes[1..].iter().take(4).enumerate() {
        length |= usize::from(byte & 0x7F) << (7 * i);
        if byte & 0x80 == 0 {
            return Ok(Some(Frame { first, body: i + 2, end: i + 2 + length }));
        }
    }
    if bytes.len() > 4 { Err(Failure::Protocol("malformed remaining length")) } else { Ok(None) }
}

pub(super) fn put_header(first: u8, length: usize, out: &mut Vec<u8>) {
    out.push(first);
    put_varint(out, length);
}

pub(super) fn packet_id(id: [u8; 2]) -> Result<u16, Failure> {
    match u16::from_be_bytes(id) {
        0 => Err(Failure::Protocol("packet id 0")),
        id => Ok(id),
    }
}
