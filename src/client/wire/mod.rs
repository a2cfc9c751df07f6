//! Bytes ⇄ packets of MQTT 3.1.1 and 5.
//!
//! What is sent or received once per message (PUBLISH and its acknowledgements) is written and read in
//! place here, since the codec's packet types own a `String` and a `Bytes` each. So is the rest: the codec's reader
//! is too trusting for a broker that may be broken (see [`properties`]), and cannot write all that a tester wants
//! to say. Frames are cut and bounded here, before anything else sees them. The codec is the witness in the tests.

mod connect;
mod properties;
mod subscribe;

pub(crate) use crate::client::wire::connect::{
    Connack, Limits, MOST_ALIASES, MOST_CONNACK_BYTES, read_connack, write_connect,
};
pub(crate) use crate::client::wire::subscribe::{Answers, write_subscribe, write_unsubscribe};

use crate::client::failure::{Ack, Failure};
use crate::client::reason::Reason;
use crate::client::seam::Message;
use crate::client::sink::Incoming;
use crate::client::wire::properties::{Allowed, Value};
use crate::client::wire::subscribe::read_answers;
use crate::mqtt::property::{
    REASON_STRING, SERVER_REFERENCE, TOPIC_ALIAS, put_u16, put_varint, varint_length,
};
use crate::mqtt::{MAX_PACKET_BYTES, MAX_TEXT_BYTES, Qos, Version};

/// PINGREQ, whole.
pub(crate) const PINGREQ: [u8; 2] = [0xC0, 0];

/// DISCONNECT, whole: in version 5, with the reason that there is none.
pub(crate) const DISCONNECT: [u8; 2] = [0xE0, 0];

/// Appends DISCONNECT of version 5 with a reason.
pub(crate) fn write_disconnect(reason: u8, out: &mut Vec<u8>) {
    out.extend_from_slice(&[0xE0, 1, reason]);
}

/// The longest fixed header: type and four bytes of length.
const MAX_HEADER_BYTES: usize = 5;

/// Bytes of a topic alias among the properties of a message.
const ALIAS_BYTES: usize = 3;

/// How the topic of a message is written in version 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alias {
    /// As it is.
    None,
    /// As it is, and with a number for the next time.
    New(u16),
    /// As the number that it was given.
    Known(u16),
}

/// Whether a message fits into a packet.
pub(crate) fn fits(version: Version, message: &Message<'_>) -> bool {
    message.topic.len() <= MAX_TEXT_BYTES && publish_length(version, message) <= MAX_PACKET_BYTES
}

/// Bytes of the packet of a message, all told.
pub(crate) fn publish_bytes(version: Version, message: &Message<'_>) -> usize {
    let length = publish_length(version, message);
    1 + varint_length(length) + length
}

/// Whether a message can take a new topic alias into a packet of at most so many bytes.
pub(crate) fn has_room_for_alias(message: &Message<'_>, most_bytes: usize) -> bool {
    let length = publish_length(Version::V5, message) + ALIAS_BYTES + 1;
    length <= MAX_PACKET_BYTES && 1 + varint_length(length) + length <= most_bytes
}

/// What comes after the fixed header, in bytes.
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

/// Appends a PUBLISH that was written before, marked as one that may have been delivered.
pub(crate) fn write_again(packet: &[u8], out: &mut Vec<u8>) {
    if let Some((first, rest)) = packet.split_first() {
        out.push(first | 0b1000);
        out.extend_from_slice(rest);
    }
}

/// By how much an alias makes the properties of a message longer, their own length included.
fn alias_growth(message: &Message<'_>) -> usize {
    let length = message.properties.len();
    ALIAS_BYTES + varint_length(length + ALIAS_BYTES) - varint_length(length)
}

/// Appends a fixed header.
fn put_header(first: u8, length: usize, out: &mut Vec<u8>) {
    out.push(first);
    put_varint(out, length);
}

#[expect(clippy::cast_possible_truncation, reason = "`fits` bounds the topic to 16 bits")]
fn put_topic(topic: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&(topic.len() as u16).to_be_bytes());
    out.extend_from_slice(topic);
}

/// An answer that is nothing but a packet id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reply {
    Puback,
    Pubrec,
    Pubrel,
    Pubcomp,
}

/// Bytes of each of them.
pub(crate) const REPLY_BYTES: u32 = 4;

/// Appends PUBACK, PUBREC, PUBREL or PUBCOMP: in both versions the same four bytes, as long as all is well.
pub(crate) fn write_reply(reply: Reply, id: u16, out: &mut Vec<u8>) {
    let first = match reply {
        Reply::Puback => 0x40,
        Reply::Pubrec => 0x50,
        Reply::Pubrel => 0x62,
        Reply::Pubcomp => 0x70,
    };
    let [high, low] = id.to_be_bytes();
    out.extend_from_slice(&[first, 2, high, low]);
}

/// A frame at the head of a stream: its first byte and where its body and end are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) first: u8,
    pub(crate) body: usize,
    pub(crate) end: usize,
}

/// Finds the frame at the head of `bytes`: `None` if more bytes are needed to tell its length.
/// The frame may end past `bytes`.
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

/// A packet from the broker, in the place where it was read.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Received<'a> {
    /// CONNACK; the first one never comes here.
    Connack,
    /// PUBACK, PUBREC or PUBCOMP with its packet id, and why it is none.
    Ack(Ack, u16, Option<Reason>),
    /// SUBACK or UNSUBACK with its packet id, and what it says of each filter.
    Answers(Ack, u16, Answers<'a>),
    /// PUBREL with its packet id.
    Release(u16),
    /// PUBLISH with its packet id (0 for QoS 0) and its topic alias (0 for none).
    Publish(Incoming<'a>, u16, u16),
    Pingresp,
    /// DISCONNECT of version 5.
    Disconnect(Reason),
}

/// Reads the packet in `bytes`, which is exactly one frame.
pub(crate) fn read(version: Version, frame: Frame, bytes: &[u8]) -> Result<Received<'_>, Failure> {
    let body = &bytes[frame.body..];
    match frame.first {
        0x40 => read_ack(version, Ack::Puback, body),
        0x50 => read_ack(version, Ack::Pubrec, body),
        0x62 => match read_ack(version, Ack::Pubcomp, body)? {
            Received::Ack(_, id, _) => Ok(Received::Release(id)),
            other => Ok(other),
        },
        0x70 => read_ack(version, Ack::Pubcomp, body),
        0xD0 if body.is_empty() => Ok(Received::Pingresp),
        first if first >> 4 == 3 => read_publish(version, first, body),
        0x20 if body.len() >= 2 => Ok(Received::Connack),
        0x90 => read_answers(version, Ack::Suback, body),
        0xB0 => read_answers(version, Ack::Unsuback, body),
        0xE0 if version == Version::V5 => read_disconnect(body),
        first => Err(Failure::Protocol(unexpected(version, first))),
    }
}

fn packet_id(id: [u8; 2]) -> Result<u16, Failure> {
    match u16::from_be_bytes(id) {
        0 => Err(Failure::Protocol("packet id 0")),
        id => Ok(id),
    }
}

fn read_ack(version: Version, ack: Ack, body: &[u8]) -> Result<Received<'_>, Failure> {
    match (version, body) {
        (_, [high, low]) => Ok(Received::Ack(ack, packet_id([*high, *low])?, None)),
        (Version::V5, [high, low, code, rest @ ..]) => {
            let id = packet_id([*high, *low])?;
            let (said, _) = read_words(rest, Allowed::ACK)?;
            match (code, ack) {
                // Nobody has subscribed: no failure of the request.
                (0, _) | (0x10, Ack::Puback | Ack::Pubrec) => Ok(Received::Ack(ack, id, None)),
                (0x80.., _) => Ok(Received::Ack(ack, id, Some(Reason::new(*code, said, None)))),
                _ => Err(Failure::Protocol("acknowledgement with a reason code that is none")),
            }
        }
        _ => Err(Failure::Protocol("acknowledgement of the wrong length")),
    }
}

/// The reason string and the server reference among the properties that end a packet, or may be left out.
fn read_words(bytes: &[u8], allowed: Allowed) -> Result<(Option<&str>, Option<&str>), Failure> {
    let (mut said, mut reference) = (None, None);
    if !bytes.is_empty() {
        let rest = properties::read(bytes, allowed, |number, value| {
            match (number, value) {
                (REASON_STRING, Value::Text(text)) => said = Some(text),
                (SERVER_REFERENCE, Value::Text(text)) => reference = Some(text),
                _ => {}
            }
            Ok(())
        })?;
        if !rest.is_empty() {
            return Err(Failure::Protocol("bytes after the properties of a packet"));
        }
    }
    Ok((said, reference))
}

fn read_publish(version: Version, first: u8, body: &[u8]) -> Result<Received<'_>, Failure> {
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
    let is_none = topic.is_empty() && alias == 0;
    let is_none = topic.bytes().fold(is_none, |is, byte| is | matches!(byte, b'+' | b'#' | 0));
    if is_none {
        return Err(Failure::Protocol("PUBLISH to a topic that is none"));
    }
    let message = Incoming { topic, payload, qos, retain: first & 1 != 0, dup: first & 8 != 0, properties };
    if message.dup && qos == Qos::AtMostOnce {
        return Err(Failure::Protocol("PUBLISH of QoS 0 that repeats one"));
    }
    Ok(Received::Publish(message, id, alias))
}

/// The topic alias among the properties of a message, 0 if it has none; the properties without their length; and
/// what comes after them.
fn read_alias(bytes: &[u8]) -> Result<(u16, &[u8], &[u8]), Failure> {
    let mut alias = 0;
    let rest = properties::read(bytes, Allowed::PUBLISH, |number, value| {
        if let (TOPIC_ALIAS, Value::Number(number)) = (number, value) {
            alias = u16::try_from(number).unwrap_or(u16::MAX);
        }
        Ok(())
    })?;
    let before = bytes.len() - rest.len();
    let length = bytes.iter().position(|byte| byte & 0x80 == 0).map_or(0, |last| last + 1);
    Ok((alias, &bytes[length..before], rest))
}

fn read_disconnect(body: &[u8]) -> Result<Received<'_>, Failure> {
    let (code, rest) = body.split_first().unwrap_or((&0, &[]));
    let (said, reference) = read_words(rest, Allowed::DISCONNECT)?;
    Ok(Received::Disconnect(Reason::new(*code, said, reference)))
}

fn unexpected(version: Version, first: u8) -> &'static str {
    match first >> 4 {
        15 if version == Version::V5 => "AUTH that was not asked for",
        0 | 15 => "reserved packet type",
        1 => "CONNECT sent to a client",
        2 => "malformed CONNACK",
        4..=7 => "acknowledgement with wrong flags",
        8 => "SUBSCRIBE sent to a client",
        9 => "malformed SUBACK",
        10 => "UNSUBSCRIBE sent to a client",
        11 => "malformed UNSUBACK",
        12 => "PINGREQ sent to a client",
        13 => "malformed PINGRESP",
        _ if version == Version::V5 => "DISCONNECT with wrong flags",
        _ => "DISCONNECT sent to a client",
    }
}

#[cfg(test)]
mod tests {
    use bytes::{Bytes, BytesMut};
    use proptest::prelude::*;
    use rumqttc::mqttbytes::v4;
    use rumqttc::v5::mqttbytes::v5;

    use super::*;

    fn message<'a>(topic: &'a str, payload: &'a [u8], qos: Qos) -> Message<'a> {
        Message { topic: topic.as_bytes(), payload, qos, retain: true, properties: &[] }
    }

    #[test]
    fn a_publish_reads_as_the_codec_reads_it() {
        for qos in [Qos::AtMostOnce, Qos::AtLeastOnce, Qos::ExactlyOnce] {
            for length in [0, 1, 127, 128, 16_383, 16_384, 3_000_000] {
                let payload = vec![7; length];
                let message = message("a/b", &payload, qos);
                let mut bytes = Vec::new();
                write_publish(Version::V311, &message, 513, Alias::Known(1), &mut bytes);
                assert_eq!(bytes.len(), publish_bytes(Version::V311, &message));
                let mut stream = BytesMut::from(&bytes[..]);
                let Ok(v4::Packet::Publish(read)) = v4::Packet::read(&mut stream, MAX_PACKET_BYTES) else {
                    panic!("not a PUBLISH")
                };
                assert!(stream.is_empty());
                assert_eq!(read.topic, "a/b");
                assert_eq!(read.payload, payload);
                assert!(read.retain && !read.dup);
                assert_eq!(read.pkid, if qos == Qos::AtMostOnce { 0 } else { 513 });
            }
        }
    }

    #[test]
    fn a_publish_of_5_reads_as_the_codec_reads_it() {
        let properties = b"\x03\0\x01t".to_vec();
        // With 125 bytes of properties, an alias makes their length longer by a byte.
        let mut many = Vec::new();
        while many.len() < 125 {
            many.extend(b"\x26\0\0\0\0");
        }
        for qos in [Qos::AtMostOnce, Qos::AtLeastOnce, Qos::ExactlyOnce] {
            for length in [0, 1, 120, 16_384] {
                for properties in [&[][..], &properties, &many] {
                    for alias in [Alias::None, Alias::New(5), Alias::Known(5)] {
                        let payload = vec![7; length];
                        let message = Message { properties, ..message("a/b", &payload, qos) };
                        let mut bytes = Vec::new();
                        write_publish(Version::V5, &message, 513, alias, &mut bytes);
                        if alias == Alias::None {
                            assert_eq!(bytes.len(), publish_bytes(Version::V5, &message));
                        }
                        let header = v5::check(bytes.iter(), None).unwrap();
                        assert_eq!(header.frame_length(), bytes.len());
                        let read = v5::Publish::read(header, Bytes::from(bytes)).unwrap();
                        assert_eq!(read.topic, if matches!(alias, Alias::Known(_)) { "" } else { "a/b" });
                        assert_eq!(read.payload, payload);
                        let read = read.properties.unwrap_or_default();
                        assert_eq!(read.topic_alias, (alias != Alias::None).then_some(5));
                        assert_eq!(read.user_properties.len(), if properties == many { 25 } else { 0 });
                    }
                }
            }
        }
    }

    #[test]
    fn an_alias_that_does_not_fit_is_known_before() {
        let message = message("a/b", &[7; 100], Qos::AtMostOnce);
        let mut bytes = Vec::new();
        write_publish(Version::V5, &message, 0, Alias::New(1), &mut bytes);
        assert!(!has_room_for_alias(&message, bytes.len() - 1));
        assert!(has_room_for_alias(&message, bytes.len() + 1));
    }

    fn read_all(version: Version, bytes: &[u8]) -> Result<Received<'_>, Failure> {
        let frame = frame(bytes).unwrap().unwrap();
        assert_eq!(frame.end, bytes.len());
        read(version, frame, bytes)
    }

    #[test]
    fn acknowledgements_with_wrong_flags_or_length_are_refused() {
        for (bytes, what) in [
            (&[0x41, 2, 0, 1][..], "acknowledgement with wrong flags"),
            (&[0x40, 3, 0, 1, 0], "acknowledgement of the wrong length"),
            (&[0x40, 2, 0, 0], "packet id 0"),
            (&[0x60, 2, 0, 1], "acknowledgement with wrong flags"),
            (&[0x36, 4, 0, 1, 97, 0], "malformed PUBLISH"),
            (&[0x30, 3, 0, 1, 35], "PUBLISH to a topic that is none"),
            (&[0x38, 3, 0, 1, 97], "PUBLISH of QoS 0 that repeats one"),
            (&[0xE0, 0], "DISCONNECT sent to a client"),
        ] {
            assert_eq!(read_all(Version::V311, bytes).unwrap_err(), Failure::Protocol(what));
        }
        assert_eq!(
            frame(&[0x30, 0xFF, 0xFF, 0xFF, 0xFF]),
            Err(Failure::Protocol("malformed remaining length"))
        );
        assert_eq!(frame(&[0x30, 0xFF, 0xFF, 0xFF]), Ok(None));
    }

    #[test]
    fn a_reason_says_whether_an_acknowledgement_is_one() {
        let quota = Reason::of(0x97);
        for (bytes, reason) in [
            (&b"\x40\x02\0\x01"[..], None),
            (b"\x40\x03\0\x01\0", None),
            (b"\x40\x03\0\x01\x10", None),
            (b"\x50\x04\0\x01\x10\0", None),
            (b"\x40\x03\0\x01\x97", Some(quota)),
            (b"\x40\x08\0\x01\x97\x04\x1F\0\x01x", Some(Reason::new(0x97, Some("x"), None))),
        ] {
            let Ok(Received::Ack(_, 1, found)) = read_all(Version::V5, bytes) else { panic!("{bytes:?}") };
            assert_eq!(found, reason);
        }
        for (bytes, what) in [
            (&b"\x40\x03\0\x01\x01"[..], "acknowledgement with a reason code that is none"),
            (b"\x70\x03\0\x01\x10", "acknowledgement with a reason code that is none"),
            (b"\x40\x05\0\x01\x97\0\0", "bytes after the properties of a packet"),
            (b"\x40\x01\0", "acknowledgement of the wrong length"),
        ] {
            assert_eq!(read_all(Version::V5, bytes).unwrap_err(), Failure::Protocol(what), "{bytes:?}");
        }
    }

    #[test]
    fn a_message_of_5_has_a_topic_or_an_alias() {
        let bytes = b"\x32\x0A\0\0\0\x07\x03\x23\0\x05hi";
        let Ok(Received::Publish(message, 7, 5)) = read_all(Version::V5, bytes) else { panic!() };
        assert_eq!((message.topic, message.payload), ("", &b"hi"[..]));
        let bytes = b"\x30\x06\0\x01t\0hi";
        let Ok(Received::Publish(message, 0, 0)) = read_all(Version::V5, bytes) else { panic!() };
        assert_eq!((message.topic, message.payload), ("t", &b"hi"[..]));
        let none = Failure::Protocol("PUBLISH to a topic that is none");
        assert_eq!(read_all(Version::V5, b"\x30\x03\0\0\0").unwrap_err(), none);
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(v5: bool, bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let version = if v5 { Version::V5 } else { Version::V311 };
            if let Ok(Some(frame)) = frame(&bytes) && frame.end <= bytes.len() {
                let _ = read(version, frame, &bytes[..frame.end]);
            }
        }

        /// Nearly right packets get further than random ones.
        #[test]
        fn packets_with_a_few_wrong_bytes_never_panic(
            v5: bool,
            pick: prop::sample::Index,
            wrong in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        ) {
            let packets = [
                &b"\x32\x12\0\x01t\0\x07\x0B\x23\0\x05\x26\0\x01k\0\x01vxhi"[..],
                b"\x40\x08\0\x01\x97\x04\x1F\0\x01x",
                b"\x90\x0A\0\x01\x05\x1F\0\x02no\0\x87",
                b"\xB0\x0A\0\x01\x05\x1F\0\x02no\x11\x87",
                b"\xE0\x0A\x9D\x08\x1F\0\x01x\x1C\0\x01y",
                b"\x62\x02\0\x01",
            ];
            let mut bytes = pick.get(&packets).to_vec();
            for (place, byte) in wrong {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
            let version = if v5 { Version::V5 } else { Version::V311 };
            if let Ok(Some(frame)) = frame(&bytes) && frame.end <= bytes.len() {
                let _ = read(version, frame, &bytes[..frame.end]);
            }
        }
    }
}
