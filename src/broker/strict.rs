//! Checks a packet against the standard before the codec reads it. The codec accepts much that is wrong: reserved bits,
//! null characters, doubled and foreign properties, bytes after the end.
//!
//! A broker that accepted such packets would hide a fault of the client for which every other broker disconnects it. Each
//! packet is read once, without a copy.

use crate::broker::packet::WireError;
use crate::mqtt::Version;
use crate::mqtt::properties::{self, Allowed, PropertyError};
use crate::mqtt::property::{
    AUTHENTICATION_DATA, AUTHENTICATION_METHOD, RESPONSE_TOPIC, SUBSCRIPTION_ID, TOPIC_ALIAS,
};

/// A packet without its fixed header, as far as it is not yet read.
struct Body<'a>(&'a [u8]);

/// Checks a CONNECT from its flags on. Returns how many bytes at its end are user name and password.
pub(super) fn connect(version: Version, flags_on: &[u8]) -> Result<usize, WireError> {
    const WILL: u8 = 0b100;
    let mut body = Body(flags_on);
    let flags = body.byte()?;
    if flags & 1 != 0 {
        return Err(malformed("a reserved flag of CONNECT is set"));
    }
    let will_qos = flags >> 3 & 3;
    if will_qos == 3 || flags & WILL == 0 && flags & 0b11_1000 != 0 {
        return Err(malformed("flags of a will that cannot be"));
    }
    let (has_username, has_password) = (flags & 0x80 != 0, flags & 0x40 != 0);
    if version == Version::V311 && has_password && !has_username {
        return Err(malformed("a password without a user name"));
    }
    body.take(2)?;
    if version == Version::V5 {
        let (mut has_method, mut has_data) = (false, false);
        body.properties_with(Allowed::CONNECT, |number| {
            has_method |= number == AUTHENTICATION_METHOD;
            has_data |= number == AUTHENTICATION_DATA;
        })?;
        if has_data && !has_method {
            return Err(WireError::Protocol("authentication data without a method"));
        }
    }
    body.text()?;
    if flags & WILL != 0 {
        if version == Version::V5 {
            body.properties(Allowed::WILL)?;
        }
        body.text()?;
        body.bytes()?;
    }
    let login = body.0.len();
    if has_username {
        body.text()?;
    }
    if has_password {
        body.bytes()?;
    }
    body.end().map(|()| login)
}

/// Checks any other packet of a client, `frame` with its fixed header and `body` without; the flags of all but PUBLISH
/// are known to be right.
pub(super) fn packet(version: Version, first: u8, body: &[u8]) -> Result<(), WireError> {
    let mut body = Body(body);
    match first >> 4 {
        3 => publish(version, first, body),
        4..=7 => {
            body.id()?;
            body.reason_and_properties(version, Allowed::ACK)
        }
        8 => subscribe(version, body),
        10 => {
            body.id()?;
            if version == Version::V5 {
                body.properties(Allowed::UNSUBSCRIBE)?;
            }
            body.each_filter("an UNSUBSCRIBE without a filter", |body| body.text().map(drop))
        }
        12 => body.end(),
        14 if version == Version::V311 => body.end(),
        14 => body.reason_and_properties(version, Allowed::CLIENT_DISCONNECT),
        15 if version == Version::V5 => Err(WireError::Protocol("AUTH without a method that was agreed on")),
        // What only a server sends, and what there is not, is told by who reads it.
        _ => Ok(()),
    }
}

fn publish(version: Version, first: u8, mut body: Body<'_>) -> Result<(), WireError> {
    let (qos, dup) = (first >> 1 & 3, first & 8 != 0);
    if qos == 3 {
        return Err(malformed("quality of service 3"));
    }
    if dup && qos == 0 {
        return Err(malformed("a message of quality of service 0 that was sent before"));
    }
    let topic = body.text()?;
    if qos > 0 {
        body.id()?;
    }
    if version == Version::V311 {
        return Ok(());
    }
    let (mut has_alias, mut has_subscription) = (false, false);
    body.properties_with(Allowed::PUBLISH, |number| {
        has_alias |= number == TOPIC_ALIAS;
        has_subscription |= number == SUBSCRIPTION_ID;
    })?;
    if has_alias {
        return Err(WireError::Alias);
    }
    if has_subscription {
        return Err(WireError::Protocol("a subscription identifier in a message to the broker"));
    }
    if topic.is_empty() {
        return Err(WireError::Protocol("neither a topic nor a topic alias"));
    }
    Ok(())
}

fn subscribe(version: Version, mut body: Body<'_>) -> Result<(), WireError> {
    body.id()?;
    if version == Version::V5 {
        let mut has_identifier = false;
        body.properties_with(Allowed::SUBSCRIBE, |number| has_identifier |= number == SUBSCRIPTION_ID)?;
        if has_identifier {
            return Err(WireError::SubscriptionId);
        }
    }
    body.each_filter("a SUBSCRIBE without a filter", |body| {
        let filter = body.text()?;
        let options = body.byte()?;
        let (qos, no_local, retain_handling) = (options & 3, options & 4 != 0, options >> 4 & 3);
        if version == Version::V311 && options > 2 {
            return Err(malformed("reserved bits of a subscription"));
        }
        if options & 0b1100_0000 != 0 {
            return Err(malformed("reserved bits of a subscription"));
        }
        if qos == 3 || retain_handling == 3 {
            return Err(WireError::Protocol("options of a subscription that cannot be"));
        }
        if no_local && filter.starts_with("$share/") {
            return Err(WireError::Protocol("No Local on a shared subscription"));
        }
        Ok(())
    })
}

fn malformed(what: &str) -> WireError {
    WireError::Malformed(what.to_owned())
}

impl<'a> Body<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], WireError> {
        self.0.split_off(..count).ok_or_else(|| malformed("it is cut short"))
    }

    fn byte(&mut self) -> Result<u8, WireError> {
        self.take(1).map(|byte| byte[0])
    }

    fn id(&mut self) -> Result<(), WireError> {
        if self.take(2)? == [0, 0] { Err(WireError::Protocol("packet id 0")) } else { Ok(()) }
    }

    fn text(&mut self) -> Result<&'a str, WireError> {
        let (text, rest) = properties::text(self.0)?;
        self.0 = rest;
        Ok(text)
    }

    fn bytes(&mut self) -> Result<(), WireError> {
        (_, self.0) = properties::string(self.0)?;
        Ok(())
    }

    fn properties(&mut self, allowed: Allowed) -> Result<(), WireError> {
        self.properties_with(allowed, |_| {})
    }

    fn properties_with(&mut self, allowed: Allowed, mut each: impl FnMut(u8)) -> Result<(), WireError> {
        self.0 = properties::read(self.0, allowed, |number, value| {
            each(number);
            match value {
                // Whoever answers could not publish there.
                properties::Value::Text(topic) if number == RESPONSE_TOPIC && topic.contains(['+', '#']) => {
                    Err(WireError::Protocol("a response topic with a wildcard"))
                }
                _ => Ok(()),
            }
        })?;
        Ok(())
    }

    /// What MQTT 5 may leave out from its end: a reason code, and properties.
    fn reason_and_properties(&mut self, version: Version, allowed: Allowed) -> Result<(), WireError> {
        if version == Version::V5 && !self.0.is_empty() {
            self.byte()?;
            if !self.0.is_empty() {
                self.properties(allowed)?;
            }
        }
        self.end()
    }

    /// At least one filter to the end of the packet.
    fn each_filter(
        &mut self,
        none: &'static str,
        mut each: impl FnMut(&mut Self) -> Result<(), WireError>,
    ) -> Result<(), WireError> {
        if self.0.is_empty() {
            return Err(WireError::Protocol(none));
        }
        while !self.0.is_empty() {
            each(self)?;
        }
        Ok(())
    }

    fn end(&self) -> Result<(), WireError> {
        if self.0.is_empty() { Ok(()) } else { Err(malformed("bytes behind its end")) }
    }
}

impl From<PropertyError> for WireError {
    /// Sections 2.2.2.2 and 3: what cannot be read is malformed, what may not be is a protocol error.
    fn from(error: PropertyError) -> Self {
        match error {
            PropertyError::Twice | PropertyError::Range => Self::Protocol(error.what()),
            PropertyError::CutShort | PropertyError::Foreign | PropertyError::Text => malformed(error.what()),
        }
    }
}
