//! The few packets of MQTT 3.1.1 that the null broker and the floor clients speak.
//!
//! Not the product's own codec: a floor that shared it would move with it.

/// First byte, body and whole length.
pub(crate) type Packet<'a> = (u8, &'a [u8], usize);

/// Splits the packet off the front of `bytes`. `None` if it has
/// not come whole, `Some(Err)` if its length is malformed.
pub(crate) fn packet(bytes: &[u8]) -> Option<Result<Packet<'_>, Malformed>> {
    let (&first, rest) = bytes.split_first()?;
    let mut length = 0;
    for (i, byte) in rest.iter().take(4).enumerate() {
        length |= usize::from(byte & 0x7F) << (7 * i);
        if byte & 0x80 == 0 {
            let body = rest.get(i + 1..i + 1 + length)?;
            return Some(Ok((first, body, i + 2 + length)));
        }
    }
    (rest.len() >= 4).then_some(Err(Malformed))
}

/// A packet that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed packet")]
pub(crate) struct Malformed;

/// PUBLISH, and where its packet id (1) is; of no meaning for QoS 0.
pub(crate) fn publish(topic: &str, payload: &[u8], qos: u8) -> (Vec<u8>, usize) {
    let mut body = text(topic);
    if qos > 0 {
        body.extend(1_u16.to_be_bytes());
    }
    body.extend(payload);
    let packet = packed(0x30 | qos << 1, &body);
    let id_at = packet.len() - payload.len() - 2;
    (packet, id_at)
}

/// A packet of this first byte and body.
pub(crate) fn packed(first: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![first];
    let mut length = body.len();
    loop {
        let low = length.to_le_bytes()[0] & 0x7F;
        length >>= 7;
        packet.push(if length > 0 { low | 0x80 } else { low });
        if length == 0 {
            break;
        }
    }
    packet.extend(body);
    packet
}

/// A text with its length before it; texts here are short.
pub(crate) fn text(text: &str) -> Vec<u8> {
    let [.., high, low] = text.len().to_be_bytes();
    let mut bytes = vec![high, low];
    bytes.extend(text.as_bytes());
    bytes
}
