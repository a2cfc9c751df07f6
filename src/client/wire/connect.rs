//! CONNECT and CONNACK of both versions.
//!
//! CONNECT is written here, since the properties of a will come encoded from the plan: rumqttc would take them apart
//! only to put them together again.

use crate::client::failure::Reason;
use crate::client::failure::{Ack, Failure, Limit};
use crate::client::seam::{ConnectRequest, Filter, Message, Will};
use crate::client::wire::frame::put_header;
use crate::mqtt::properties::{self, Allowed, Value};
use crate::mqtt::property::{
    self, ASSIGNED_CLIENT_ID, MAXIMUM_PACKET_SIZE, MAXIMUM_QOS, REASON_STRING, RECEIVE_MAXIMUM,
    RETAIN_AVAILABLE, SERVER_KEEP_ALIVE, SERVER_REFERENCE, SESSION_EXPIRY, SHARED_AVAILABLE,
    SUBSCRIPTION_ID_AVAILABLE, TOPIC_ALIAS_MAXIMUM, WILDCARD_AVAILABLE, WILL_DELAY,
};
use crate::mqtt::{MAX_PACKET_BYTES, MAX_TEXT_BYTES, MAX_WHOLE_PACKET_BYTES, Qos, Settings, Version};

/// The largest CONNACK that is read. Its properties can be longer, but a broker that says so much is broken.
pub(crate) const MAX_CONNACK_BYTES: usize = 256 * 1024;

/// Most topic aliases that a client takes, and that it gives out: see `aliases` of the driver.
pub(crate) const MAX_ALIASES: u16 = 64;

/// Appends CONNECT (section 3.1). `client_id` stands for the one of the request.
pub(crate) fn write_connect(
    request: &ConnectRequest<'_>,
    client_id: &str,
    out: &mut Vec<u8>,
) -> Result<(), Failure> {
    let settings = &request.settings;
    let is_v5 = settings.version == Version::V5;
    let mut flags = if settings.clean_session { 0b10 } else { 0 };
    let mut body = Vec::with_capacity(64);
    let (username, password) = (request.username, request.password);
    if !is_v5 && username.is_none() && password.is_some() {
        return Err(Failure::NotSent("MQTT 3.1.1 has no password without a user name"));
    }
    let will_topic = request.will.map(|will| will.topic);
    for text in [Some(client_id), username, password, will_topic].into_iter().flatten() {
        if text.len() > MAX_TEXT_BYTES {
            return Err(Failure::TooLarge);
        }
    }
    property::put_string(&mut body, client_id.as_bytes());
    if let Some(will) = &request.will {
        if will.payload.len() > MAX_TEXT_BYTES {
            return Err(Failure::TooLarge);
        }
        flags |= 0b100 | will.qos.level() << 3 | u8::from(will.retain) << 5;
        if is_v5 {
            put_properties(&mut body, &will_properties(will));
        }
        property::put_string(&mut body, will.topic.as_bytes());
        property::put_string(&mut body, will.payload);
    }
    for (flag, text) in [(0x80, username), (0x40, password)] {
        if let Some(text) = text {
            flags |= flag;
            property::put_string(&mut body, text.as_bytes());
        }
    }
    let [high, low] = request.keep_alive_s.to_be_bytes();
    let level = if is_v5 { 5 } else { 4 };
    let mut head = vec![0, 4, b'M', b'Q', b'T', b'T', level, flags, high, low];
    if is_v5 {
        put_properties(&mut head, &connect_properties(settings));
    }
    if head.len() + body.len() > MAX_PACKET_BYTES {
        return Err(Failure::TooLarge);
    }
    put_header(0x10, head.len() + body.len(), out);
    out.extend_from_slice(&head);
    out.extend_from_slice(&body);
    Ok(())
}

/// Only what differs from what the standard takes for granted.
fn connect_properties(settings: &Settings) -> Vec<u8> {
    let mut properties = Vec::new();
    if settings.session_expiry_s > 0 {
        property::put_u32(&mut properties, SESSION_EXPIRY, settings.session_expiry_s);
    }
    if settings.receive_maximum < u16::MAX {
        property::put_u16(&mut properties, RECEIVE_MAXIMUM, settings.receive_maximum);
    }
    if settings.max_packet_bytes < MAX_WHOLE_PACKET_BYTES {
        property::put_u32(&mut properties, MAXIMUM_PACKET_SIZE, settings.max_packet_bytes);
    }
    if settings.topic_alias {
        property::put_u16(&mut properties, TOPIC_ALIAS_MAXIMUM, MAX_ALIASES);
    }
    properties
}

fn will_properties(will: &Will<'_>) -> Vec<u8> {
    let mut properties = Vec::new();
    if will.delay_s > 0 {
        property::put_u32(&mut properties, WILL_DELAY, will.delay_s);
    }
    properties.extend_from_slice(will.properties);
    properties
}

fn put_properties(out: &mut Vec<u8>, properties: &[u8]) {
    property::put_varint(out, properties.len());
    out.extend_from_slice(properties);
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Connack {
    pub(crate) session_present: bool,
    pub(crate) limits: Limits,
    pub(crate) receive_maximum: u16,
    /// The keep-alive time to use instead of the one that was asked for.
    pub(crate) keep_alive_s: Option<u16>,
    pub(crate) aliases: u16,
    pub(crate) client_id: Option<Box<str>>,
}

/// What a broker accepts. A broker of MQTT 3.1.1 accepts everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "the standard has a flag for each")]
pub(crate) struct Limits {
    /// The largest packet, in bytes with its fixed header.
    pub(crate) packet_bytes: u32,
    pub(crate) qos: Qos,
    pub(crate) retain: bool,
    pub(crate) identifiers: bool,
    pub(crate) shared: bool,
    pub(crate) wildcards: bool,
}

impl Limits {
    pub(crate) const NONE: Self = Self {
        packet_bytes: MAX_WHOLE_PACKET_BYTES,
        qos: Qos::ExactlyOnce,
        retain: true,
        identifiers: true,
        shared: true,
        wildcards: true,
    };

    /// What the broker does not take of a message in a packet of so many bytes.
    #[inline]
    pub(crate) fn exceeded(&self, message: &Message<'_>, bytes: usize) -> Option<Limit> {
        if message.qos > self.qos {
            Some(Limit::Qos(self.qos))
        } else if message.retain && !self.retain {
            Some(Limit::Retain)
        } else {
            self.exceeded_by_length(bytes)
        }
    }

    pub(crate) fn exceeded_by(&self, filters: &[Filter<'_>], identifier: Option<u32>) -> Option<Limit> {
        let has_wildcard = |filter: &Filter<'_>| filter.path.contains(['+', '#']);
        if identifier.is_some() && !self.identifiers {
            Some(Limit::SubscriptionIds)
        } else if !self.shared && filters.iter().any(|filter| filter.path.starts_with("$share/")) {
            Some(Limit::Shared)
        } else if !self.wildcards && filters.iter().any(has_wildcard) {
            Some(Limit::Wildcards)
        } else {
            None
        }
    }

    /// Whether the broker takes a packet of this many bytes.
    #[inline]
    pub(crate) fn exceeded_by_length(&self, bytes: usize) -> Option<Limit> {
        (bytes > self.packet_bytes as usize).then_some(Limit::PacketBytes(self.packet_bytes))
    }
}

/// Reads the body of a CONNACK (section 3.2); a refusal is the error.
pub(crate) fn read_connack(settings: &Settings, body: &[u8]) -> Result<Connack, Failure> {
    const MALFORMED: Failure = Failure::Protocol("malformed CONNACK");
    let [flags, code, rest @ ..] = body else { return Err(MALFORMED) };
    if *flags > 1 {
        return Err(Failure::Protocol("CONNACK with reserved flags"));
    }
    let mut connack = Connack {
        session_present: *flags == 1,
        limits: Limits::NONE,
        receive_maximum: u16::MAX,
        keep_alive_s: None,
        aliases: 0,
        client_id: None,
    };
    let (mut said, mut reference) = (None, None);
    // A broker that does not know version 5 may refuse it in the words of 3.1.1.
    if settings.version == Version::V311 || (rest.is_empty() && matches!(*code, 1..=5)) {
        match (code, rest) {
            (0, []) => {}
            (code, []) => return Err(Failure::Refused(*code)),
            _ => return Err(MALFORMED),
        }
    } else {
        let two = |value| u16::try_from(value).unwrap_or(u16::MAX);
        let rest = properties::read(rest, Allowed::CONNACK, |number, value| {
            match (number, value) {
                (RECEIVE_MAXIMUM, Value::Number(most)) => connack.receive_maximum = two(most),
                (SERVER_KEEP_ALIVE, Value::Number(seconds)) => connack.keep_alive_s = Some(two(seconds)),
                (TOPIC_ALIAS_MAXIMUM, Value::Number(most)) => connack.aliases = two(most),
                (MAXIMUM_PACKET_SIZE, Value::Number(bytes)) => {
                    connack.limits.packet_bytes = bytes.min(MAX_WHOLE_PACKET_BYTES);
                }
                (MAXIMUM_QOS, Value::Number(level)) => {
                    connack.limits.qos = if level == 0 { Qos::AtMostOnce } else { Qos::AtLeastOnce };
                }
                (RETAIN_AVAILABLE, Value::Number(is)) => connack.limits.retain = is == 1,
                (SUBSCRIPTION_ID_AVAILABLE, Value::Number(is)) => connack.limits.identifiers = is == 1,
                (SHARED_AVAILABLE, Value::Number(is)) => connack.limits.shared = is == 1,
                (WILDCARD_AVAILABLE, Value::Number(is)) => connack.limits.wildcards = is == 1,
                (ASSIGNED_CLIENT_ID, Value::Text(id)) => connack.client_id = Some(id.into()),
                (REASON_STRING, Value::Text(text)) => said = Some(text),
                (SERVER_REFERENCE, Value::Text(server)) => reference = Some(server),
                _ => {}
            }
            Ok::<_, Failure>(())
        })?;
        match (*code, rest) {
            (0, []) => {}
            (0x80.., []) => return Err(Failure::Reason(Ack::Connack, Reason::new(*code, said, reference))),
            (_, []) => return Err(Failure::Protocol("CONNACK with an invalid reason code")),
            _ => return Err(MALFORMED),
        }
    }
    if connack.session_present && settings.clean_session {
        return Err(Failure::Protocol("CONNACK goes on with a session, but a clean one was asked for"));
    }
    Ok(connack)
}

#[cfg(test)]
mod tests;
