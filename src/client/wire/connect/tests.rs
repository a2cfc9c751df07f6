use bytes::{Bytes, BytesMut};
use rumqttc::mqttbytes::v4;
use rumqttc::v5::mqttbytes::v5;

use super::*;
use crate::mqtt::property::CONTENT_TYPE;

fn request() -> ConnectRequest<'static> {
    ConnectRequest {
        broker: 0,
        turn: 0,
        certificate: None,
        client_id: "",
        username: Some("me"),
        password: Some("secret"),
        keep_alive_s: 30,
        inflight: 1,
        timeout: std::time::Duration::from_secs(1),
        settings: Settings::default(),
        will: Some(Will {
            topic: "gone",
            payload: b"\xFF\0",
            qos: Qos::ExactlyOnce,
            retain: true,
            delay_s: 7,
            properties: b"\x03\0\x01t",
        }),
        session: None,
        timings: None,
    }
}

#[test]
fn a_connect_of_3_1_1_reads_as_the_codec_reads_it() {
    let mut bytes = Vec::new();
    write_connect(&request(), "c", &mut bytes).unwrap();
    let mut stream = BytesMut::from(&bytes[..]);
    let Ok(v4::Packet::Connect(read)) = v4::Packet::read(&mut stream, 1000) else { panic!("{bytes:?}") };
    let will = read.last_will.unwrap();
    assert_eq!((&*read.client_id, read.keep_alive, read.clean_session), ("c", 30, true));
    assert_eq!(
        (&*will.topic, &will.message[..], will.qos as u8, will.retain),
        ("gone", &b"\xFF\0"[..], 2, true)
    );
    assert_eq!(read.login.unwrap(), v4::Login::new("me", "secret"));
    assert!(stream.is_empty());
}

/// Each is told by a flag of its own.
#[test]
fn a_user_name_and_a_password_may_stand_alone_if_the_version_lets_them() {
    let v5 = Settings { version: Version::V5, ..Settings::default() };
    let written = |settings, username, password| {
        let mut bytes = Vec::new();
        let request = ConnectRequest { settings, username, password, will: None, ..request() };
        write_connect(&request, "c", &mut bytes).map(|()| bytes)
    };
    let name_alone = written(Settings::default(), Some("me"), None).unwrap();
    assert_eq!(name_alone, b"\x10\x11\0\x04MQTT\x04\x82\0\x1E\0\x01c\0\x02me");
    let empty = written(Settings::default(), Some("me"), Some("")).unwrap();
    assert_eq!(empty, b"\x10\x13\0\x04MQTT\x04\xC2\0\x1E\0\x01c\0\x02me\0\0");
    let password_alone = written(v5, None, Some("pw")).unwrap();
    assert_eq!(password_alone, b"\x10\x12\0\x04MQTT\x05\x42\0\x1E\0\0\x01c\0\x02pw");
    assert!(matches!(written(Settings::default(), None, Some("pw")), Err(Failure::NotSent(_))));
}

#[test]
fn a_connect_of_5_reads_as_the_codec_reads_it() {
    let settings = Settings {
        version: Version::V5,
        clean_session: false,
        session_expiry_s: 60,
        receive_maximum: 10,
        max_packet_bytes: 1000,
        topic_alias: true,
    };
    let mut bytes = Vec::new();
    write_connect(&ConnectRequest { settings, ..request() }, "c", &mut bytes).unwrap();
    let header = v5::check(bytes.iter(), None).unwrap();
    let (read, will, login) = v5::Connect::read(header, Bytes::from(bytes)).unwrap();
    assert_eq!((&*read.client_id, read.keep_alive, read.clean_start), ("c", 30, false));
    let properties = read.properties.unwrap();
    assert_eq!(properties.session_expiry_interval, Some(60));
    assert_eq!(properties.receive_maximum, Some(10));
    assert_eq!(properties.max_packet_size, Some(1000));
    assert_eq!(properties.topic_alias_max, Some(MAX_ALIASES));
    let will = will.unwrap();
    assert_eq!((&will.topic[..], &will.message[..], will.retain), (&b"gone"[..], &b"\xFF\0"[..], true));
    let properties = will.properties.unwrap();
    assert_eq!((properties.delay_interval, properties.content_type.as_deref()), (Some(7), Some("t")));
    assert_eq!(login.unwrap().password, "secret");
    assert_eq!(CONTENT_TYPE, 3);
}

#[test]
fn what_a_connack_grants_is_read() {
    let settings = Settings { version: Version::V5, ..Settings::default() };
    let body =
        b"\0\0\x1D\x21\0\x05\x24\x01\x25\0\x27\0\0\x01\0\x12\0\x02id\x22\0\x09\x13\0\x07\x28\0\x29\x01\x2A\0";
    let expected = Connack {
        session_present: false,
        limits: Limits {
            packet_bytes: 256,
            qos: Qos::AtLeastOnce,
            retain: false,
            identifiers: true,
            shared: false,
            wildcards: false,
        },
        receive_maximum: 5,
        keep_alive_s: Some(7),
        aliases: 9,
        client_id: Some("id".into()),
    };
    assert_eq!(read_connack(&settings, body), Ok(expected));
}

#[test]
fn refusals_and_mistakes_are_named() {
    let v5 = Settings { version: Version::V5, ..Settings::default() };
    for (settings, body, text) in [
        (Settings::default(), &b"\0\x05"[..], "CONNACK: not authorized (5)"),
        (v5, b"\0\x01", "CONNACK: unacceptable protocol version (1)"),
        (v5, b"\0\x87\0", "CONNACK: Not authorized (0x87)"),
        (v5, b"\0\x87\x05\x1F\0\x02no", "CONNACK: Not authorized (0x87): no"),
        (v5, b"\0\x9C\x04\x1C\0\x01b", "CONNACK: Use another server (0x9C): see b"),
        (v5, b"\0\x10\0", "protocol error by the broker: CONNACK with an invalid reason code"),
        (v5, b"\0\0", "protocol error by the broker: properties are cut short"),
        (v5, b"\0\0\0\0", "protocol error by the broker: malformed CONNACK"),
        (v5, b"\x02\0\0", "protocol error by the broker: CONNACK with reserved flags"),
        (
            v5,
            b"\x01\0\0",
            "protocol error by the broker: CONNACK goes on with a session, but a clean one was asked for",
        ),
    ] {
        assert_eq!(read_connack(&settings, body).unwrap_err().to_string(), text);
    }
}
