//! Packets from the broker, told apart by their first byte.

use crate::client::failure::{Ack, Failure, Reason};
use crate::client::wire::frame::{Frame, packet_id};
use crate::client::wire::publish::{Publish, read_publish};
use crate::client::wire::subscribe::{Answers, read_answers};
use crate::mqtt::Version;
use crate::mqtt::properties::{self, Allowed, Value};
use crate::mqtt::property::{REASON_STRING, SERVER_REFERENCE};

/// A packet from the broker. It borrows from the buffer into which it was read.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Received<'a> {
    /// CONNACK; the first one never comes here.
    Connack,
    /// PUBACK, PUBREC or PUBCOMP with its packet id, and the reason if it is a refusal.
    Ack(Ack, u16, Option<Reason>),
    /// SUBACK or UNSUBACK with its packet id and its answer to each filter.
    Answers(Ack, u16, Answers<'a>),
    /// PUBREL with its packet id.
    Release(u16),
    Publish(Publish<'a>),
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
        first if first >> 4 == 3 => read_publish(version, first, body).map(Received::Publish),
        0x20 if body.len() >= 2 => Ok(Received::Connack),
        0x90 => answered(version, Ack::Suback, body),
        0xB0 => answered(version, Ack::Unsuback, body),
        0xE0 if version == Version::V5 => read_disconnect(body),
        first => Err(Failure::Protocol(unexpected(version, first))),
    }
}

fn answered(version: Version, ack: Ack, body: &[u8]) -> Result<Received<'_>, Failure> {
    read_answers(version, ack, body).map(|(id, answers)| Received::Answers(ack, id, answers))
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
                _ => Err(Failure::Protocol("acknowledgement with an invalid reason code")),
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
            Ok::<_, Failure>(())
        })?;
        if !rest.is_empty() {
            return Err(Failure::Protocol("bytes after the properties of a packet"));
        }
    }
    Ok((said, reference))
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
    use proptest::prelude::*;

    use super::*;
    use crate::client::wire::frame::frame;

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
            (&[0x30, 3, 0, 1, 35], "PUBLISH with an invalid topic name"),
            (&[0x38, 3, 0, 1, 97], "PUBLISH with DUP set on QoS 0"),
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
            (&b"\x40\x03\0\x01\x01"[..], "acknowledgement with an invalid reason code"),
            (b"\x70\x03\0\x01\x10", "acknowledgement with an invalid reason code"),
            (b"\x40\x05\0\x01\x97\0\0", "bytes after the properties of a packet"),
            (b"\x40\x01\0", "acknowledgement of the wrong length"),
        ] {
            assert_eq!(read_all(Version::V5, bytes).unwrap_err(), Failure::Protocol(what), "{bytes:?}");
        }
    }

    #[test]
    fn a_message_of_5_has_a_topic_or_an_alias() {
        let bytes = b"\x32\x0A\0\0\0\x07\x03\x23\0\x05hi";
        let Ok(Received::Publish(Publish { message, id: 7, alias: 5 })) = read_all(Version::V5, bytes) else {
            panic!()
        };
        assert_eq!((message.topic, message.payload), ("", &b"hi"[..]));
        let bytes = b"\x30\x06\0\x01t\0hi";
        let Ok(Received::Publish(Publish { message, id: 0, alias: 0 })) = read_all(Version::V5, bytes) else {
            panic!()
        };
        assert_eq!((message.topic, message.payload), ("t", &b"hi"[..]));
        let invalid = Failure::Protocol("PUBLISH with an invalid topic name");
        assert_eq!(read_all(Version::V5, b"\x30\x03\0\0\0").unwrap_err(), invalid);
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
            for (index, byte) in wrong {
                let index = index.index(bytes.len());
                bytes[index] = byte;
            }
            let version = if v5 { Version::V5 } else { Version::V311 };
            if let Ok(Some(frame)) = frame(&bytes) && frame.end <= bytes.len() {
                let _ = read(version, frame, &bytes[..frame.end]);
            }
        }
    }
}
