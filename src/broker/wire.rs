//! From bytes to packets and back.
//!
//! The broker's logic never asks for a version; [`wire_v4`] and [`wire_v5`] translate rumqttc's packets.
//! A packet is framed here before a codec sees it: rumqttc reports one that lies about its inner lengths
//! as "more bytes needed", for which a connection would wait for ever. PUBLISH is written here and not
//! by the codec, whose packet owns its topic: one allocation for each subscriber of each message.

use crate::broker::packet::{Answer, Connect, ConnectError, Message, Packet, WireError};
use crate::broker::{strict, wire_v4, wire_v5};
use crate::mqtt::property::varint_length;
use crate::mqtt::{MAX_PACKET_BYTES, Qos, Version, check_topic_name};
use bytes::{BufMut, Bytes, BytesMut};
use rumqttc::mqttbytes::{self, FixedHeader};
use tokio::time::Instant;

/// Reads a connection's first packet, if all of it has arrived.
pub(super) fn read_connect(input: &mut BytesMut, max_bytes: usize) -> Result<Option<Connect>, ConnectError> {
    // A stream that is not MQTT must not make us wait for as many bytes as its second byte happens to say.
    if input.first().is_some_and(|first| *first != 0x10) {
        return Err(WireError::Protocol("the first packet is not CONNECT").into());
    }
    let Some((_, frame)) = frame(input, max_bytes)? else {
        return Ok(None);
    };
    let (version, flags_on) = match body(&frame) {
        [0, 4, b'M', b'Q', b'T', b'T', 4, flags_on @ ..] => (Version::V311, flags_on),
        [0, 4, b'M', b'Q', b'T', b'T', 5, flags_on @ ..] => (Version::V5, flags_on),
        [0, 4, b'M', b'Q', b'T', b'T', _, ..] | [0, 6, b'M', b'Q', b'I', b's', b'd', b'p', ..] => {
            return Err(WireError::Version.into());
        }
        _ => return Err(WireError::Malformed("not a CONNECT of MQTT".to_owned()).into()),
    };
    let read = || {
        let login = strict::connect(version, flags_on)?;
        let frame = without_login(&frame, login);
        let connect = match version {
            Version::V311 => wire_v4::connect(mqttbytes::check(frame.iter(), max_bytes)?, frame),
            Version::V5 => wire_v5::connect(&frame),
        }?;
        if let Some(will) = &connect.will {
            check_topic_name(&will.message.topic).map_err(|_| WireError::Topic)?;
        }
        Ok(connect)
    };
    read().map(Some).map_err(|error| ConnectError { error, version })
}

/// A CONNECT without the user name and password that are its last `login` bytes: any will do, and the codec would not
/// read a password that is no text.
fn without_login(frame: &Bytes, login: usize) -> Bytes {
    /// Of the protocol's name and level.
    const FLAGS_AT: usize = 7;
    let body = body(frame);
    let body = &body[..body.len().saturating_sub(login)];
    let mut bare = BytesMut::with_capacity(frame.len());
    bare.put_u8(0x10);
    put_varint(&mut bare, body.len());
    let flags_at = bare.len() + FLAGS_AT;
    bare.put_slice(body);
    bare[flags_at] &= 0x3F;
    bare.freeze()
}

pub(super) fn read(
    version: Version,
    input: &mut BytesMut,
    max_bytes: usize,
) -> Result<Option<Packet>, WireError> {
    let Some((header, frame)) = frame(input, max_bytes)? else {
        return Ok(None);
    };
    strict::packet(version, frame[0], body(&frame))?;
    match version {
        Version::V311 => wire_v4::read(header, frame),
        Version::V5 => wire_v5::read(&frame),
    }
    .map(Some)
}

pub(super) fn write(version: Version, answer: &Answer, out: &mut BytesMut) -> Result<(), WireError> {
    match version {
        Version::V311 => wire_v4::write(answer, out),
        Version::V5 => wire_v5::write(answer, out),
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct PublishHeader {
    pub(super) qos: Qos,
    pub(super) retain: bool,
    pub(super) dup: bool,
    /// Not written at quality of service 0.
    pub(super) pkid: u16,
}

/// Appends a PUBLISH to `out`; false and nothing written if it would be longer than `max_bytes`.
///
/// `now` is needed for the message expiry interval alone.
pub(super) fn write_publish(
    version: Version,
    header: PublishHeader,
    message: &Message,
    now: impl FnOnce() -> Instant,
    max_bytes: usize,
    out: &mut BytesMut,
) -> bool {
    let expiry = message.expires.filter(|_| version == Version::V5).map(|expires| {
        // Rounded up: who gets it at once gets the seconds that it was published with.
        let left = expires.saturating_duration_since(now());
        u32::try_from(left.as_secs() + u64::from(left.subsec_nanos() > 0)).unwrap_or(u32::MAX)
    });
    let properties = message.properties.len() + if expiry.is_some() { 5 } else { 0 };
    let pkid = if header.qos == Qos::AtMostOnce { 0 } else { 2 };
    let mut rest = 2 + message.topic.len() + pkid + message.payload.len();
    if version == Version::V5 {
        rest += properties + varint_length(properties);
    }
    let total = 1 + varint_length(rest) + rest;
    if rest > MAX_PACKET_BYTES || total > max_bytes {
        return false;
    }
    out.reserve(total);
    out.put_u8(0x30 | u8::from(header.dup) << 3 | header.qos.level() << 1 | u8::from(header.retain));
    put_varint(out, rest);
    out.put_slice(&u16::try_from(message.topic.len()).unwrap_or(u16::MAX).to_be_bytes());
    out.put_slice(message.topic.as_bytes());
    if pkid != 0 {
        out.put_u16(header.pkid);
    }
    if version == Version::V5 {
        put_varint(out, properties);
        if let Some(seconds) = expiry {
            out.put_u8(0x02);
            out.put_u32(seconds);
        }
        out.put_slice(&message.properties);
    }
    out.put_slice(&message.payload);
    true
}

/// A packet without its fixed header: one byte and a length whose last byte has no continuation bit.
fn body(frame: &[u8]) -> &[u8] {
    let length_bytes = frame[1..].iter().take_while(|byte| **byte & 0x80 != 0).count() + 1;
    frame.get(1 + length_bytes..).unwrap_or_default()
}

/// Splits the next packet off, its fixed header included.
fn frame(input: &mut BytesMut, max_bytes: usize) -> Result<Option<(FixedHeader, Bytes)>, WireError> {
    let header = match mqttbytes::check(input.iter(), max_bytes) {
        Ok(header) => header,
        Err(mqttbytes::Error::InsufficientBytes(_)) => return Ok(None),
        Err(mqttbytes::Error::PayloadSizeLimitExceeded(_)) => return Err(WireError::TooLarge),
        Err(error) => return Err(WireError::Malformed(error.to_string())),
    };
    // The reserved flags, which the codecs do not look at (MQTT-2.2.2-2).
    let (kind, flags) = (input[0] >> 4, input[0] & 0x0F);
    let wanted = match kind {
        3 => flags,
        6 | 8 | 10 => 0b0010,
        _ => 0,
    };
    if flags != wanted {
        return Err(WireError::Malformed(format!("flags {flags:04b} in packet type {kind}")));
    }
    Ok(Some((header, input.split_to(header.frame_length()).freeze())))
}

/// A variable byte integer (MQTT 5, section 1.5.5).
fn put_varint(out: &mut BytesMut, mut value: usize) {
    loop {
        let low = u8::try_from(value & 0x7F).unwrap_or_default();
        value >>= 7;
        if value == 0 {
            return out.put_u8(low);
        }
        out.put_u8(low | 0x80);
    }
}
