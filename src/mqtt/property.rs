//! Properties of MQTT 5 packets (section 2.2.2): their numbers, and how they are written.
//!
//! Here and not in `client`, since the properties of a message that are the same for everybody are encoded
//! once, when a scenario is compiled. A list of properties is written as its bytes; what goes before it on the
//! wire, its length, belongs to the packet that carries it.

/// Payload Format Indicator: a byte.
pub const PAYLOAD_FORMAT: u8 = 0x01;
/// Message Expiry Interval: four bytes, seconds.
pub const MESSAGE_EXPIRY: u8 = 0x02;
/// Content Type: text.
pub const CONTENT_TYPE: u8 = 0x03;
/// Response Topic: text.
pub const RESPONSE_TOPIC: u8 = 0x08;
/// Correlation Data: bytes.
pub const CORRELATION_DATA: u8 = 0x09;
/// Subscription Identifier: a variable byte integer.
pub const SUBSCRIPTION_ID: u8 = 0x0B;
/// Session Expiry Interval: four bytes, seconds.
pub const SESSION_EXPIRY: u8 = 0x11;
/// Assigned Client Identifier: text.
pub const ASSIGNED_CLIENT_ID: u8 = 0x12;
/// Server Keep Alive: two bytes, seconds.
pub const SERVER_KEEP_ALIVE: u8 = 0x13;
/// Authentication Method: text.
pub const AUTHENTICATION_METHOD: u8 = 0x15;
/// Authentication Data: bytes.
pub const AUTHENTICATION_DATA: u8 = 0x16;
/// Request Problem Information: a byte.
pub const REQUEST_PROBLEM_INFORMATION: u8 = 0x17;
/// Will Delay Interval: four bytes, seconds.
pub const WILL_DELAY: u8 = 0x18;
/// Request Response Information: a byte.
pub const REQUEST_RESPONSE_INFORMATION: u8 = 0x19;
/// Response Information: text.
pub const RESPONSE_INFORMATION: u8 = 0x1A;
/// Server Reference: text.
pub const SERVER_REFERENCE: u8 = 0x1C;
/// Reason String: text.
pub const REASON_STRING: u8 = 0x1F;
/// Receive Maximum: two bytes.
pub const RECEIVE_MAXIMUM: u8 = 0x21;
/// Topic Alias Maximum: two bytes.
pub const TOPIC_ALIAS_MAXIMUM: u8 = 0x22;
/// Topic Alias: two bytes.
pub const TOPIC_ALIAS: u8 = 0x23;
/// Maximum QoS: a byte.
pub const MAXIMUM_QOS: u8 = 0x24;
/// Retain Available: a byte.
pub const RETAIN_AVAILABLE: u8 = 0x25;
/// User Property: two texts.
pub const USER_PROPERTY: u8 = 0x26;
/// Maximum Packet Size: four bytes.
pub const MAXIMUM_PACKET_SIZE: u8 = 0x27;
/// Wildcard Subscription Available: a byte.
pub const WILDCARD_AVAILABLE: u8 = 0x28;
/// Subscription Identifiers Available: a byte.
pub const SUBSCRIPTION_ID_AVAILABLE: u8 = 0x29;
/// Shared Subscription Available: a byte.
pub const SHARED_AVAILABLE: u8 = 0x2A;

/// Appends a property of two bytes.
pub fn put_u16(out: &mut Vec<u8>, property: u8, value: u16) {
    out.push(property);
    out.extend_from_slice(&value.to_be_bytes());
}

/// Appends a property of four bytes.
pub fn put_u32(out: &mut Vec<u8>, property: u8, value: u32) {
    out.push(property);
    out.extend_from_slice(&value.to_be_bytes());
}

/// Appends a property that is a text or bytes.
pub fn put_text(out: &mut Vec<u8>, property: u8, text: &[u8]) {
    out.push(property);
    put_string(out, text);
}

/// Appends a text or bytes behind their length. They must fit into its 16 bits: what does not is cut off, so
/// that the packet stays one.
pub fn put_string(out: &mut Vec<u8>, text: &[u8]) {
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(&text[..usize::from(length)]);
}

/// Appends a variable byte integer (section 1.5.5), at most [`MAX_PACKET_BYTES`](super::MAX_PACKET_BYTES).
#[expect(clippy::cast_possible_truncation, reason = "7 bits at a time")]
pub fn put_varint(out: &mut Vec<u8>, mut value: usize) {
    loop {
        let low = (value & 0x7F) as u8;
        value >>= 7;
        if value == 0 {
            return out.push(low);
        }
        out.push(low | 0x80);
    }
}

/// The value of a property that is a text or bytes, if it is there. The list must be well-formed.
pub fn find(properties: &[u8], wanted: u8) -> Option<&[u8]> {
    let mut rest = properties;
    loop {
        let (number, after) = rest.split_first()?;
        let value = match *number {
            PAYLOAD_FORMAT => 1,
            MESSAGE_EXPIRY => 4,
            TOPIC_ALIAS => 2,
            SUBSCRIPTION_ID => 1 + after.iter().take_while(|byte| **byte & 0x80 != 0).count(),
            USER_PROPERTY => {
                let name = string_bytes(after)?;
                name + string_bytes(after.get(name..)?)?
            }
            // All others that a message can have.
            _ => string_bytes(after)?,
        };
        if *number == wanted {
            return after.get(2..value);
        }
        rest = after.get(value..)?;
    }
}

/// How many bytes a text at the head of these has, its length included.
fn string_bytes(bytes: &[u8]) -> Option<usize> {
    bytes.first_chunk().map(|length| 2 + usize::from(u16::from_be_bytes(*length)))
}

/// How many bytes a variable byte integer has.
pub fn varint_length(value: usize) -> usize {
    match value {
        0..0x80 => 1,
        0x80..0x4000 => 2,
        0x4000..0x20_0000 => 3,
        _ => 4,
    }
}

/// The identifiers of the subscriptions that brought a message, from its properties, which are well-formed; what is
/// not ends it. Without properties, as most messages are, it costs nothing.
pub fn subscription_ids(properties: &[u8]) -> impl Iterator<Item = u32> {
    let mut rest = properties;
    std::iter::from_fn(move || {
        while let Some((&number, value)) = rest.split_first() {
            let (length, identifier) = match number {
                SUBSCRIPTION_ID => {
                    let (length, identifier) = varint(value)?;
                    (length, Some(identifier))
                }
                _ => (value_length(number, value)?, None),
            };
            rest = value.get(length..)?;
            if identifier.is_some() {
                return identifier;
            }
        }
        None
    })
}

/// The bytes of the value of a message's property at the head of `bytes`.
fn value_length(number: u8, bytes: &[u8]) -> Option<usize> {
    let text = |bytes: &[u8]| {
        let length = bytes.first_chunk::<2>()?;
        Some(2 + usize::from(u16::from_be_bytes(*length)))
    };
    match number {
        PAYLOAD_FORMAT => Some(1),
        TOPIC_ALIAS => Some(2),
        MESSAGE_EXPIRY => Some(4),
        USER_PROPERTY => {
            let name = text(bytes)?;
            Some(name + text(bytes.get(name..)?)?)
        }
        _ => text(bytes),
    }
}

/// A variable byte integer at the head of `bytes`: its length and its value.
fn varint(bytes: &[u8]) -> Option<(usize, u32)> {
    let mut value = 0;
    for (i, byte) in bytes.iter().take(4).enumerate() {
        value |= u32::from(byte & 0x7F) << (7 * i);
        if byte & 0x80 == 0 {
            return Some((i + 1, value));
        }
    }
    None
}

#[cfg(test)]
mod tests;
