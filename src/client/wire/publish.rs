//! PUBLISH, written and read in place: it is the one packet that each message costs.

use crate::client::failure::{Failure, INVALID_TOPIC};
use crate::client::seam::Message;
use crate::client::sink::Incoming;
use crate::client::wire::frame::{MAX_HEADER_BYTES, packet_id, put_header};
use crate::mqtt::properties::{self, Allowed, Value};
use crate::mqtt::property::{TOPIC_ALIAS, put_u16, put_varint, varint_length};
use crate::mqtt::{MAX_PACKET_BYTES, MAX_TEXT_BYTES, Qos, Version};

/// Bytes of a topic alias among the properties of a message.
const ALIAS_BYTES: usize = 3;

/// How the topic of a message is written in MQTT 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alias {
    /// In full.
    None,
    /// In full, with a number that stands for it from now on.
    New(u16),
    /// As the number that stands for it.
    Known(u16),
}

pub(crate) fn fits(version: Version, message: &Message<'_>) -> bool {
    message.topic.len() <= MAX_TEXT_BYTES && publish_length(version, message) <= MAX_PACKET_BYTES
}

/// The length of the whole packet of a message in bytes.
pub(crate) fn publish_bytes(version: Version, message: &Message<'_>) -> usize {
    let length = publish_length(version, message);
    1 + varint_length(length) + length
}

/// Returns whether a message with a new topic alias fits into a packet of at most this many bytes.
pub(crate) fn has_room_for_alias(message: &Message<'_>, most_bytes: usize) -> bool {
    let length = publish_length(Version::V5, message) + ALIAS_BYTES + 1;
    length <= MAX_PACKET_BYTES && 1 + varint_length(length) + length <= most_bytes
}

/// The length of the packet after the fixed header, in bytes.
fn publish_length(version: Version, message: &Message<'_>) -> usize {
    let id = if message.qos == Qos::AtMostOnce { 0 } else { 2 };
    let properties = match version {
        Version::V311 => 0,
        Version::V5 => varint_length(message.properties.len()) + message.properties.len(),
    };
    2 + message.topic.len() + id + properties + message.payload.len()
}

/// Appends PUBLISH (section 3.3 of the standard). The message must fit; `id` is ignored for QoS 0, `alias` and
/// the message's properties in version 3.1.1.
pub(crate) fn write_publish(
    version: Version,
    message: &Message<'_>,
    id: u16,
    alias: Alias,
    out: &mut Vec<u8>,
) {
    let first = 0x30 | message.qos.level() << 1 | u8::from(message.retain);
    let length = publish_length(version, message);
    let (topic, length, alias) = match (version, alias) {
        (Version::V311, _) | (_, Alias::None) => (message.topic, length, None),
        (_, Alias::New(alias)) => (message.topic, length + alias_growth(message), Some(alias)),
        (_, Alias::Known(alias)) => {
            (&[][..], length + alias_growth(message) - message.topic.len(), Some(alias))
        }
    };
    out.reserve(MAX_HEADER_BYTES + length);
    put_header(first, length, out);
    put_topic(topic, out);
    if message.qos != Qos::AtMostOnce {
        out.extend_from_slice(&id.to_be_bytes());
    }
    if version == Version::V5 {
        put_varint(out, message.properties.len() + if alias.is_some() { ALIAS_BYTES } else { 0 });
        if let Some(alias) = alias {
            put_u16(out, TOPIC_ALIAS, alias);
        }
        out.extend_from_slice(message.properties);
    }
    out.extend_from_slice(message.payload);
}

pub(crate) fn write_again(packet: &[u8], out: &mut Vec<u8>) {
    if let Some((first, rest)) = packet.split_first() {
        out.push(first | 0b1000);
        out.extend_from_slice(rest);
    }
}

/// How many bytes a topic alias adds to the properties of a message, their length included.
fn alias_growth(message: &Message<'_>) -> usize {
    let length = message.properties.len();
    ALIAS_BYTES + varint_length(length + ALIAS_BYTES) - varint_length(length)
}

#[expect(clippy::cast_possible_truncation, reason = "`fits` bounds the topic to 16 bits")]
fn put_topic(topic: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&(topic.len() as u16).to_be_bytes());
    out.extend_from_slice(topic);
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Publish<'a> {
    pub(crate) message: Incoming<'a>,
    /// The packet id, 0 for QoS 0.
    pub(crate) id: u16,
    /// The topic alias, 0 for none.
    pub(crate) alias: u16,
}

pub(super) fn read_publish(version: Version, first: u8, body: &[u8]) -> Result<Publish<'_>, Failure> {
    let malformed = Failure::Protocol("malformed PUBLISH");
    let qos = Qos::from_level((first >> 1) & 3).ok_or(malformed)?;
    let (length, rest) = body.split_first_chunk::<2>().ok_or(malformed)?;
    let (topic, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length))).ok_or(malformed)?;
    let topic = std::str::from_utf8(topic).map_err(|_| Failure::Protocol("PUBLISH topic is not UTF-8"))?;
    let (id, rest) = if qos == Qos::AtMostOnce {
        (0, rest)
    } else {
        let (id, rest) = rest.split_first_chunk::<2>().ok_or(malformed)?;
        (packet_id(*id)?, rest)
    };
    let (alias, properties, payload) = match (version, rest) {
        (Version::V311, _) => (0, &[][..], rest),
        (Version::V5, [0, payload @ ..]) => (0, &[][..], payload),
        (Version::V5, _) => read_alias(rest)?,
    };
    // By bytes and to the end, since this is done for each message: a vector of them is compared at a time.
    let is_invalid = topic.is_empty() && alias == 0;
    let is_invalid = topic.bytes().fold(is_invalid, |is, byte| is | matches!(byte, b'+' | b'#' | 0));
    if is_invalid {
        return Err(Failure::Protocol(INVALID_TOPIC));
    }
    let message = Incoming { topic, payload, qos, retain: first & 1 != 0, dup: first & 8 != 0, properties };
    if message.dup && qos == Qos::AtMostOnce {
        return Err(Failure::Protocol("PUBLISH with DUP set on QoS 0"));
    }
    Ok(Publish { message, id, alias })
}

/// The topic alias among the properties of a message, 0 if it has none; the properties without their length; and
/// what comes after them.
fn read_alias(bytes: &[u8]) -> Result<(u16, &[u8], &[u8]), Failure> {
    let mut alias = 0;
    let rest = properties::read(bytes, Allowed::PUBLISH, |number, value| {
        if let (TOPIC_ALIAS, Value::Number(number)) = (number, value) {
            alias = u16::try_from(number).unwrap_or(u16::MAX);
        }
        Ok::<_, Failure>(())
    })?;
    let before = bytes.len() - rest.len();
    let length = bytes.iter().position(|byte| byte & 0x80 == 0).map_or(0, |last| last + 1);
    Ok((alias, &bytes[length..before], rest))
}

#[cfg(test)]
mod tests;
