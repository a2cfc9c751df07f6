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
    Release(u16),
    Publish(Publish<'a>),
    Pingresp,
    Disconnect(Reason),
}

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
mod tests;
