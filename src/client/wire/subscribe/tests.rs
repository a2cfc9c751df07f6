use bytes::{Bytes, BytesMut};
use rumqttc::mqttbytes::v4;
use rumqttc::v5::mqttbytes::v5;

use super::*;
use crate::mqtt::Qos;

#[test]
fn a_subscribe_of_5_has_options_and_an_identifier() {
    let mut filter = Filter::new("a/#", Qos::AtLeastOnce);
    filter.options.no_local = true;
    filter.options.retain_handling = RetainHandling::Never;
    let mut published = Filter::new("b", Qos::ExactlyOnce);
    published.options.retain_as_published = true;
    published.options.retain_handling = RetainHandling::IfNew;
    let filters = [filter, published];
    let mut bytes = Vec::new();
    write_subscribe(Version::V5, 7, &filters, None, &mut bytes).unwrap();
    assert_eq!(bytes, b"\x82\x0D\0\x07\0\0\x03a/#\x25\0\x01b\x1A");
    bytes.clear();
    write_subscribe(Version::V5, 7, &filters, Some(268_435_455), &mut bytes).unwrap();
    let header = v5::check(bytes.iter(), None).unwrap();
    assert_eq!(header.frame_length(), bytes.len());
    let read = v5::Subscribe::read(header, Bytes::from(bytes)).unwrap();
    assert_eq!((read.pkid, read.filters.len()), (7, 2));
    assert_eq!(read.properties.unwrap().id, Some(268_435_455));
}

#[test]
fn packets_of_3_1_1_read_as_the_codec_reads_them() {
    let mut bytes = Vec::new();
    let filters = [Filter::new("a/#", Qos::ExactlyOnce), Filter::new("b", Qos::AtMostOnce)];
    write_subscribe(Version::V311, 7, &filters, Some(1), &mut bytes).unwrap();
    write_unsubscribe(Version::V311, 8, &["a/#", "b"], &mut bytes).unwrap();
    let mut stream = BytesMut::from(&bytes[..]);
    let Ok(v4::Packet::Subscribe(read)) = v4::Packet::read(&mut stream, 1000) else { panic!("{bytes:?}") };
    let read: Vec<_> = read.filters.iter().map(|filter| (&*filter.path, filter.qos as u8)).collect();
    assert_eq!(read, [("a/#", 2), ("b", 0)]);
    let Ok(v4::Packet::Unsubscribe(read)) = v4::Packet::read(&mut stream, 1000) else { panic!() };
    assert_eq!((read.pkid, read.topics), (8, vec!["a/#".to_owned(), "b".to_owned()]));
    assert!(stream.is_empty());
}

#[test]
fn an_unsubscribe_of_5_has_empty_properties() {
    let mut bytes = Vec::new();
    write_unsubscribe(Version::V5, 7, &["a/#", "b"], &mut bytes).unwrap();
    assert_eq!(bytes, b"\xA2\x0B\0\x07\0\0\x03a/#\0\x01b");
}

#[test]
fn what_does_not_fit_is_not_written() {
    let long = "x".repeat(65_536);
    let most = &long[1..];
    let many = vec![most; 4096];
    for version in [Version::V311, Version::V5] {
        let mut out = Vec::new();
        assert_eq!(write_unsubscribe(version, 1, &[&long], &mut out), Err(Failure::TooLarge));
        assert_eq!(write_unsubscribe(version, 1, &many, &mut out), Err(Failure::TooLarge));
        let filter = Filter::new(&long, Qos::AtMostOnce);
        assert_eq!(write_subscribe(version, 1, &[filter], None, &mut out), Err(Failure::TooLarge));
        assert!(out.is_empty());
        write_unsubscribe(version, 1, &[most], &mut out).unwrap();
    }
}

#[test]
fn answers_are_read_or_named_as_malformed() {
    for (version, ack, body, codes) in [
        (Version::V311, Ack::Suback, &b"\0\x07\0\x01\x02\x80"[..], Some(&b"\0\x01\x02\x80"[..])),
        (Version::V311, Ack::Suback, b"\0\x07", None),
        (Version::V311, Ack::Suback, b"\0\x07\x03", None),
        (Version::V311, Ack::Suback, b"\0\x07\x81", None),
        (Version::V311, Ack::Suback, b"\0", None),
        (Version::V311, Ack::Unsuback, b"\0\x07", Some(b"")),
        (Version::V311, Ack::Unsuback, b"\0\x07\0", None),
        (Version::V311, Ack::Unsuback, b"\0", None),
        (Version::V5, Ack::Suback, b"\0\x07\0\x02\x9E", Some(b"\x02\x9E")),
        (Version::V5, Ack::Suback, b"\0\x07\0\x11", None),
        (Version::V5, Ack::Suback, b"\0\x07\0", None),
        (Version::V5, Ack::Unsuback, b"\0\x07\0\0\x11\x87", Some(b"\0\x11\x87")),
        (Version::V5, Ack::Unsuback, b"\0\x07\0\x01", None),
        (Version::V5, Ack::Unsuback, b"\0\x07\0", None),
        (Version::V5, Ack::Unsuback, b"\0\x07", None),
    ] {
        match (read_answers(version, ack, body), codes) {
            (Ok((7, answers)), Some(codes)) => assert_eq!(answers.codes, codes, "{body:?}"),
            (Err(Failure::Protocol(_)), None) => {}
            (other, _) => panic!("{version} {ack} {body:?}: {other:?}"),
        }
    }
}

#[test]
fn the_first_refusal_counts() {
    let answers = Answers { codes: &[0, 0x9E, 0x87], said: Some("no") };
    let failure = answers.refusal(Version::V5, Ack::Suback).unwrap();
    assert_eq!(failure.to_string(), "SUBACK: Shared Subscriptions not supported (0x9E): no");
    assert_eq!(answers.refusal(Version::V311, Ack::Suback), Some(Failure::SubscriptionRefused));
    assert_eq!(Answers { codes: &[0, 0x11], said: None }.refusal(Version::V5, Ack::Unsuback), None);
}
