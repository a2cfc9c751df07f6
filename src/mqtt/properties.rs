//! The properties of MQTT 5 packets, read where they lie, for the client and for the embedded broker.
//!
//! Read here and not by rumqttc, which lets a property come twice or in the wrong packet, believes a length of
//! properties that ends in the middle of one, and owns each text.

use crate::mqtt::property::{
    ASSIGNED_CLIENT_ID, AUTHENTICATION_DATA, AUTHENTICATION_METHOD, CONTENT_TYPE, CORRELATION_DATA,
    MAXIMUM_PACKET_SIZE, MAXIMUM_QOS, MESSAGE_EXPIRY, PAYLOAD_FORMAT, REASON_STRING, RECEIVE_MAXIMUM,
    REQUEST_PROBLEM_INFORMATION, REQUEST_RESPONSE_INFORMATION, RESPONSE_INFORMATION, RESPONSE_TOPIC,
    RETAIN_AVAILABLE, SERVER_KEEP_ALIVE, SERVER_REFERENCE, SESSION_EXPIRY, SHARED_AVAILABLE, SUBSCRIPTION_ID,
    SUBSCRIPTION_ID_AVAILABLE, TOPIC_ALIAS, TOPIC_ALIAS_MAXIMUM, USER_PROPERTY, WILDCARD_AVAILABLE,
    WILL_DELAY,
};

/// What is wrong with the properties of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PropertyError {
    /// They end in the middle of one, or the packet in the middle of them.
    CutShort,
    /// One does not belong to its packet.
    Foreign,
    /// One comes twice that may come once.
    Twice,
    /// One has a value that it cannot have.
    Range,
    /// A text is not UTF-8, or has a null character.
    Text,
}

impl PropertyError {
    /// For people.
    pub fn what(self) -> &'static str {
        match self {
            Self::CutShort => "properties are cut short",
            Self::Foreign => "property that does not belong to its packet",
            Self::Twice => "property twice in a packet",
            Self::Range => "property with a value out of its range",
            Self::Text => "property text is not UTF-8, or has a null character",
        }
    }
}

/// Which properties a packet may have: a bit for each number.
#[derive(Debug, Clone, Copy)]
pub struct Allowed(u64);

impl Allowed {
    /// Of a PUBLISH.
    pub const PUBLISH: Self = Self::these(&[
        PAYLOAD_FORMAT,
        MESSAGE_EXPIRY,
        CONTENT_TYPE,
        RESPONSE_TOPIC,
        CORRELATION_DATA,
        SUBSCRIPTION_ID,
        TOPIC_ALIAS,
        USER_PROPERTY,
    ]);
    /// Of a CONNACK.
    pub const CONNACK: Self = Self::these(&[
        SESSION_EXPIRY,
        RECEIVE_MAXIMUM,
        MAXIMUM_QOS,
        RETAIN_AVAILABLE,
        MAXIMUM_PACKET_SIZE,
        ASSIGNED_CLIENT_ID,
        TOPIC_ALIAS_MAXIMUM,
        REASON_STRING,
        USER_PROPERTY,
        WILDCARD_AVAILABLE,
        SUBSCRIPTION_ID_AVAILABLE,
        SHARED_AVAILABLE,
        SERVER_KEEP_ALIVE,
        RESPONSE_INFORMATION,
        SERVER_REFERENCE,
        AUTHENTICATION_METHOD,
        AUTHENTICATION_DATA,
    ]);
    /// Of a CONNECT.
    pub const CONNECT: Self = Self::these(&[
        SESSION_EXPIRY,
        RECEIVE_MAXIMUM,
        MAXIMUM_PACKET_SIZE,
        TOPIC_ALIAS_MAXIMUM,
        REQUEST_PROBLEM_INFORMATION,
        REQUEST_RESPONSE_INFORMATION,
        USER_PROPERTY,
        AUTHENTICATION_METHOD,
        AUTHENTICATION_DATA,
    ]);
    /// Of a will, within CONNECT.
    pub const WILL: Self = Self::these(&[
        WILL_DELAY,
        PAYLOAD_FORMAT,
        MESSAGE_EXPIRY,
        CONTENT_TYPE,
        RESPONSE_TOPIC,
        CORRELATION_DATA,
        USER_PROPERTY,
    ]);
    /// Of a SUBSCRIBE.
    pub const SUBSCRIBE: Self = Self::these(&[SUBSCRIPTION_ID, USER_PROPERTY]);
    /// Of an UNSUBSCRIBE.
    pub const UNSUBSCRIBE: Self = Self::these(&[USER_PROPERTY]);
    /// Of a DISCONNECT that a client sends.
    pub const CLIENT_DISCONNECT: Self = Self::these(&[SESSION_EXPIRY, REASON_STRING, USER_PROPERTY]);
    /// Of an acknowledgement.
    pub const ACK: Self = Self::these(&[REASON_STRING, USER_PROPERTY]);
    /// Of a DISCONNECT that a broker sends.
    pub const DISCONNECT: Self = Self::these(&[REASON_STRING, USER_PROPERTY, SERVER_REFERENCE]);

    const fn these(numbers: &[u8]) -> Self {
        let (mut bits, mut i) = (0, 0);
        while i < numbers.len() {
            bits |= 1 << numbers[i];
            i += 1;
        }
        Self(bits)
    }
}

/// What a property says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// One, two or four bytes, or a variable byte integer.
    Number(u32),
    /// Text.
    Text(&'a str),
    /// A user property, or bytes: of no meaning to who reads it.
    Other,
}

/// Takes properties off the head of a packet's body and gives each to `each`. What is left is the rest of the
/// body.
pub fn read<'a, E: From<PropertyError>>(
    body: &'a [u8],
    allowed: Allowed,
    mut each: impl FnMut(u8, Value<'a>) -> Result<(), E>,
) -> Result<&'a [u8], E> {
    let (length, rest) = varint(body)?;
    let (mut properties, rest) = rest.split_at_checked(length).ok_or(PropertyError::CutShort)?;
    let mut seen = 0_u64;
    while let Some((&number, value)) = properties.split_first() {
        let bit = 1_u64.checked_shl(number.into()).unwrap_or(0);
        if allowed.0 & bit == 0 {
            return Err(PropertyError::Foreign.into());
        }
        // A message that matches several subscriptions has several identifiers.
        if seen & bit != 0 && number != USER_PROPERTY && number != SUBSCRIPTION_ID {
            return Err(PropertyError::Twice.into());
        }
        seen |= bit;
        let (value, left) = read_value(number, value)?;
        properties = left;
        each(number, value)?;
    }
    Ok(rest)
}

fn read_value(number: u8, bytes: &[u8]) -> Result<(Value<'_>, &[u8]), PropertyError> {
    match number {
        PAYLOAD_FORMAT
        | MAXIMUM_QOS
        | RETAIN_AVAILABLE
        | WILDCARD_AVAILABLE
        | SUBSCRIPTION_ID_AVAILABLE
        | SHARED_AVAILABLE
        | REQUEST_PROBLEM_INFORMATION
        | REQUEST_RESPONSE_INFORMATION => {
            let (value, rest) = bytes.split_first().ok_or(PropertyError::CutShort)?;
            // All of them are truth values, or a quality of service that is not the highest.
            in_range(*value <= 1, Value::Number((*value).into()), rest)
        }
        SERVER_KEEP_ALIVE | TOPIC_ALIAS_MAXIMUM => {
            let (value, rest) = two(bytes)?;
            Ok((Value::Number(value), rest))
        }
        RECEIVE_MAXIMUM | TOPIC_ALIAS => {
            let (value, rest) = two(bytes)?;
            in_range(value > 0, Value::Number(value), rest)
        }
        SESSION_EXPIRY | MESSAGE_EXPIRY | WILL_DELAY | MAXIMUM_PACKET_SIZE => {
            let (value, rest) = bytes.split_first_chunk::<4>().ok_or(PropertyError::CutShort)?;
            let value = u32::from_be_bytes(*value);
            in_range(number != MAXIMUM_PACKET_SIZE || value > 0, Value::Number(value), rest)
        }
        SUBSCRIPTION_ID => {
            let (value, rest) = varint(bytes)?;
            in_range(value > 0, Value::Number(u32::try_from(value).unwrap_or(u32::MAX)), rest)
        }
        CORRELATION_DATA | AUTHENTICATION_DATA => {
            let (_, rest) = string(bytes)?;
            Ok((Value::Other, rest))
        }
        USER_PROPERTY => {
            let (_, rest) = text(bytes)?;
            let (_, rest) = text(rest)?;
            Ok((Value::Other, rest))
        }
        // The numbers that a packet may have and that are not above are texts.
        _ => {
            let (value, rest) = text(bytes)?;
            Ok((Value::Text(value), rest))
        }
    }
}

fn in_range<'a>(is: bool, value: Value<'a>, rest: &'a [u8]) -> Result<(Value<'a>, &'a [u8]), PropertyError> {
    if is { Ok((value, rest)) } else { Err(PropertyError::Range) }
}

fn two(bytes: &[u8]) -> Result<(u32, &[u8]), PropertyError> {
    let (value, rest) = bytes.split_first_chunk::<2>().ok_or(PropertyError::CutShort)?;
    Ok((u16::from_be_bytes(*value).into(), rest))
}

/// Bytes behind their length, and what comes after them.
pub fn string(bytes: &[u8]) -> Result<(&[u8], &[u8]), PropertyError> {
    let (length, rest) = bytes.split_first_chunk::<2>().ok_or(PropertyError::CutShort)?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length))).ok_or(PropertyError::CutShort)
}

/// A text behind its length, and what comes after it: UTF-8 without a null character.
pub fn text(bytes: &[u8]) -> Result<(&str, &[u8]), PropertyError> {
    let (text, rest) = string(bytes)?;
    match str::from_utf8(text) {
        Ok(text) if !text.contains('\0') => Ok((text, rest)),
        _ => Err(PropertyError::Text),
    }
}

/// A variable byte integer and what comes after it.
fn varint(bytes: &[u8]) -> Result<(usize, &[u8]), PropertyError> {
    let mut value = 0;
    for (i, byte) in bytes.iter().take(4).enumerate() {
        value |= usize::from(byte & 0x7F) << (7 * i);
        if byte & 0x80 == 0 {
            return Ok((value, &bytes[i + 1..]));
        }
    }
    Err(PropertyError::CutShort)
}

#[cfg(test)]
mod tests;
