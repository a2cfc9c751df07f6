use bytes::{Bytes, BytesMut};
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
