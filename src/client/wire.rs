//! Bytes ⇄ packets of MQTT 3.1.1, on rumqttc's codec.
//!
//! What is sent or received once per message (PUBLISH and its acknowledgements) is written and read in
//! place here, since the codec's packet types own a `String` and a `Bytes` each; everything else goes
//! through rumqttc. Frames are cut and bounded here, before the codec sees them.

use bytes::BytesMut;
use rumqttc::mqttbytes::v4::{self, Packet};
use rumqttc::mqttbytes::{Protocol, QoS};

use crate::client::failure::{Ack, Failure};
use crate::client::{ConnectRequest, Incoming, Message};
use crate::mqtt::{MAX_PACKET_BYTES, MAX_TEXT_BYTES, Qos};

/// PINGREQ, whole.
pub(crate) const PINGREQ: [u8; 2] = [0xC0, 0];

/// DISCONNECT, whole.
pub(crate) const DISCONNECT: [u8; 2] = [0xE0, 0];

/// The longest fixed header: type and four bytes of length.
const MAX_HEADER_BYTES: usize = 5;

/// Appends CONNECT.
pub(crate) fn write_connect(request: &ConnectRequest<'_>, out: &mut Vec<u8>) -> Result<(), Failure> {
    let texts = [Some(request.client_id), request.login.map(|l| l.0), request.login.map(|l| l.1)];
    if texts.iter().flatten().any(|text| text.len() > MAX_TEXT_BYTES) {
        return Err(Failure::TooLarge);
    }
    let mut connect = v4::Connect::new(request.client_id);
    connect.protocol = Protocol::V4;
    connect.keep_alive = request.keep_alive_s;
    connect.clean_session = true;
    if let Some((username, password)) = request.login {
        connect.set_login(username, password);
    }
    write_packet(&Packet::Connect(connect), out)
}

/// Appends SUBSCRIBE.
pub(crate) fn write_subscribe(id: u16, filters: &[(&str, Qos)], out: &mut Vec<u8>) -> Result<(), Failure> {
    let filters =
        filters.iter().map(|(filter, qos)| v4::SubscribeFilter::new((*filter).to_owned(), codec_qos(*qos)));
    let mut subscribe = v4::Subscribe::new_many(filters);
    subscribe.pkid = id;
    write_packet(&Packet::Subscribe(subscribe), out)
}

fn write_packet(packet: &Packet, out: &mut Vec<u8>) -> Result<(), Failure> {
    let mut bytes = BytesMut::with_capacity(packet.size());
    packet.write(&mut bytes, MAX_PACKET_BYTES).map_err(|_| Failure::TooLarge)?;
    out.extend_from_slice(&bytes);
    Ok(())
}

fn codec_qos(qos: Qos) -> QoS {
    match qos {
        Qos::AtMostOnce => QoS::AtMostOnce,
        Qos::AtLeastOnce => QoS::AtLeastOnce,
        Qos::ExactlyOnce => QoS::ExactlyOnce,
    }
}

/// Whether a message fits into a packet.
pub(crate) fn fits(message: &Message<'_>) -> bool {
    message.topic.len() <= MAX_TEXT_BYTES && publish_length(message) <= MAX_PACKET_BYTES
}

fn publish_length(message: &Message<'_>) -> usize {
    let id = if message.qos == Qos::AtMostOnce { 0 } else { 2 };
    2 + message.topic.len() + id + message.payload.len()
}

/// Appends PUBLISH (section 3.3 of the standard). The message must fit; `id` is ignored for QoS 0.
#[expect(clippy::cast_possible_truncation, reason = "`fits` bounds the topic to 16 bits; 7 bits at a time")]
pub(crate) fn write_publish(message: &Message<'_>, id: u16, out: &mut Vec<u8>) {
    let mut remaining = publish_length(message);
    out.reserve(MAX_HEADER_BYTES + remaining);
    out.push(0x30 | message.qos.level() << 1 | u8::from(message.retain));
    loop {
        let low = (remaining & 0x7F) as u8;
        remaining >>= 7;
        out.push(if remaining > 0 { low | 0x80 } else { low });
        if remaining == 0 {
            break;
        }
    }
    out.extend_from_slice(&(message.topic.len() as u16).to_be_bytes());
    out.extend_from_slice(message.topic);
    if message.qos != Qos::AtMostOnce {
        out.extend_from_slice(&id.to_be_bytes());
    }
    out.extend_from_slice(message.payload);
}

/// An answer that is nothing but a packet id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reply {
    Puback,
    Pubrec,
    Pubrel,
    Pubcomp,
}

/// Appends PUBACK, PUBREC, PUBREL or PUBCOMP.
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
    /// PUBACK, PUBREC or PUBCOMP with its packet id.
    Ack(Ack, u16),
    /// SUBACK with its packet id, and whether all filters were granted.
    Suback(u16, bool),
    /// PUBREL with its packet id.
    Release(u16),
    /// PUBLISH with its packet id (0 for QoS 0).
    Publish(Incoming<'a>, u16),
    Pingresp,
}

/// Reads the packet in `bytes`, which is exactly one frame.
pub(crate) fn read(frame: Frame, bytes: &[u8]) -> Result<Received<'_>, Failure> {
    let body = &bytes[frame.body..];
    match frame.first {
        0x40 => Ok(Received::Ack(Ack::Puback, packet_id(body)?)),
        0x50 => Ok(Received::Ack(Ack::Pubrec, packet_id(body)?)),
        0x62 => Ok(Received::Release(packet_id(body)?)),
        0x70 => Ok(Received::Ack(Ack::Pubcomp, packet_id(body)?)),
        0xD0 if body.is_empty() => Ok(Received::Pingresp),
        first if first >> 4 == 3 => read_publish(first, body),
        0x20 if body.len() == 2 => Ok(Received::Connack),
        0x90 => read_suback(bytes),
        first => Err(Failure::Protocol(unexpected(first))),
    }
}

fn packet_id(body: &[u8]) -> Result<u16, Failure> {
    match body {
        [high, low] if *high != 0 || *low != 0 => Ok(u16::from_be_bytes([*high, *low])),
        [_, _] => Err(Failure::Protocol("packet id 0")),
        _ => Err(Failure::Protocol("acknowledgement of the wrong length")),
    }
}

fn read_publish(first: u8, body: &[u8]) -> Result<Received<'_>, Failure> {
    let malformed = Failure::Protocol("malformed PUBLISH");
    let qos = Qos::from_level((first >> 1) & 3).ok_or(malformed)?;
    let (length, rest) = body.split_first_chunk::<2>().ok_or(malformed)?;
    let (topic, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length))).ok_or(malformed)?;
    let topic = std::str::from_utf8(topic).map_err(|_| Failure::Protocol("PUBLISH topic is not UTF-8"))?;
    // By bytes and to the end, since this is done for each message: a vector of them is compared at a time.
    let is_none = topic.bytes().fold(topic.is_empty(), |is, byte| is | matches!(byte, b'+' | b'#' | 0));
    if is_none {
        return Err(Failure::Protocol("PUBLISH to a topic that is none"));
    }
    let (id, payload) = if qos == Qos::AtMostOnce {
        (0, rest)
    } else {
        let (id, payload) = rest.split_first_chunk::<2>().ok_or(malformed)?;
        (packet_id(id)?, payload)
    };
    let message = Incoming { topic, payload, qos, retain: first & 1 != 0, dup: first & 8 != 0 };
    Ok(Received::Publish(message, id))
}

fn read_suback(bytes: &[u8]) -> Result<Received<'_>, Failure> {
    let mut stream = BytesMut::from(bytes);
    match Packet::read(&mut stream, MAX_PACKET_BYTES) {
        Ok(Packet::SubAck(ack)) if ack.pkid != 0 => {
            let granted = ack.return_codes.iter().all(|c| matches!(c, v4::SubscribeReasonCode::Success(_)));
            Ok(Received::Suback(ack.pkid, granted && !ack.return_codes.is_empty()))
        }
        _ => Err(Failure::Protocol("malformed SUBACK")),
    }
}

fn unexpected(first: u8) -> &'static str {
    match first >> 4 {
        0 | 15 => "reserved packet type",
        1 => "CONNECT sent to a client",
        2 => "malformed CONNACK",
        4..=7 => "acknowledgement with wrong flags",
        8 => "SUBSCRIBE sent to a client",
        9 => "malformed SUBACK",
        10 => "UNSUBSCRIBE sent to a client",
        11 => "UNSUBACK that was not asked for",
        12 => "PINGREQ sent to a client",
        13 => "malformed PINGRESP",
        _ => "DISCONNECT sent to a client",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message<'a>(topic: &'a str, payload: &'a [u8], qos: Qos) -> Message<'a> {
        Message { topic: topic.as_bytes(), payload, qos, retain: true }
    }

    #[test]
    fn a_publish_reads_as_the_codec_reads_it() {
        for qos in [Qos::AtMostOnce, Qos::AtLeastOnce, Qos::ExactlyOnce] {
            for length in [0, 1, 127, 128, 16_383, 16_384, 3_000_000] {
                let payload = vec![7; length];
                let mut bytes = Vec::new();
                write_publish(&message("a/b", &payload, qos), 513, &mut bytes);
                let mut stream = BytesMut::from(&bytes[..]);
                let Packet::Publish(read) = Packet::read(&mut stream, MAX_PACKET_BYTES).unwrap() else {
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
    fn acknowledgements_with_wrong_flags_or_length_are_refused() {
        for (bytes, what) in [
            (&[0x41, 2, 0, 1][..], "acknowledgement with wrong flags"),
            (&[0x40, 3, 0, 1, 0], "acknowledgement of the wrong length"),
            (&[0x40, 2, 0, 0], "packet id 0"),
            (&[0x60, 2, 0, 1], "acknowledgement with wrong flags"),
            (&[0x36, 4, 0, 1, 97, 0], "malformed PUBLISH"),
            (&[0x30, 3, 0, 1, 35], "PUBLISH to a topic that is none"),
            (&[0xE0, 0], "DISCONNECT sent to a client"),
        ] {
            let frame = frame(bytes).unwrap().unwrap();
            assert_eq!(frame.end, bytes.len());
            assert_eq!(read(frame, bytes).unwrap_err(), Failure::Protocol(what));
        }
        assert_eq!(
            frame(&[0x30, 0xFF, 0xFF, 0xFF, 0xFF]),
            Err(Failure::Protocol("malformed remaining length"))
        );
        assert_eq!(frame(&[0x30, 0xFF, 0xFF, 0xFF]), Ok(None));
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(Some(frame)) = frame(&bytes) && frame.end <= bytes.len() {
                let _ = read(frame, &bytes[..frame.end]);
            }
        }
    }
}
