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
    assert_eq!(frame(&[0x30, 0xFF, 0xFF, 0xFF, 0xFF]), Err(Failure::Protocol("malformed remaining length")));
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
