//! The protocol's words as types: versions, quality of service, topic names and filters.
//!
//! A leaf: plain values that every layer may use, so that rumqttc's own types stay inside `client` and
//! `broker`. Rules are those of MQTT 3.1.1 (OASIS, section 4.7) and are the same in version 5.

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

mod client;
pub mod properties;
pub mod property;

pub use crate::mqtt::client::{Client, RUMQTTC_MIN_KEEP_ALIVE_5_S};

/// The longest topic, client id or other text that MQTT can carry, in bytes of UTF-8 (a 16-bit length).
pub const MAX_TEXT_BYTES: usize = 65_535;

/// The largest payload plus header that a packet can carry, in bytes (a 28-bit remaining length).
pub const MAX_PACKET_BYTES: usize = 268_435_455;

/// The protocol that a connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Version {
    /// MQTT 3.1.1, protocol level 4.
    #[default]
    V311,
    /// MQTT 5.
    V5,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V311 => "3.1.1",
            Self::V5 => "5",
        })
    }
}

/// The largest packet, its fixed header included: [`MAX_PACKET_BYTES`] and a header of five bytes.
pub const MAX_WHOLE_PACKET_BYTES: u32 = 268_435_460;

/// How clients connect. All users of one broker have the same settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// The protocol version.
    pub version: Version,
    /// Whether each connection begins a new session (`clean session` of 3.1.1, `clean start` of 5), or resumes the
    /// last one.
    pub clean_session: bool,
    /// MQTT 5: for how many seconds the broker keeps the session after a connection; [`u32::MAX`] for ever.
    pub session_expiry_s: u32,
    /// MQTT 5: how many messages of QoS 1 and 2 the broker may send without an acknowledgement, at least 1.
    pub receive_maximum: u16,
    /// The largest packet that the client accepts, at least 1. A broker of MQTT 5 is told.
    pub max_packet_bytes: u32,
    /// MQTT 5: whether topics are sent as short numbers once they are known, in both directions.
    pub topic_alias: bool,
}

impl Default for Settings {
    /// MQTT 3.1.1, everything clean, no limits.
    fn default() -> Self {
        Self {
            version: Version::V311,
            clean_session: true,
            session_expiry_s: 0,
            receive_maximum: u16::MAX,
            max_packet_bytes: MAX_WHOLE_PACKET_BYTES,
            topic_alias: false,
        }
    }
}

impl Settings {
    /// How long the broker keeps a session for the next connection. Nothing means that no connection resumes one.
    pub fn session_kept(&self) -> Option<Duration> {
        match (self.clean_session, self.version, self.session_expiry_s) {
            (true, ..) => None,
            (false, Version::V311, _) | (false, Version::V5, u32::MAX) => Some(Duration::MAX),
            (false, Version::V5, seconds) => Some(Duration::from_secs(seconds.into())),
        }
    }
}

impl fmt::Display for Settings {
    /// For people, on one line: what differs from the defaults.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MQTT {}", self.version)?;
        if !self.clean_session {
            f.write_str(", sessions last")?;
        }
        match self.session_expiry_s {
            0 => {}
            u32::MAX => f.write_str(", kept for ever")?,
            seconds => write!(f, ", kept for {seconds} s")?,
        }
        if self.receive_maximum < u16::MAX {
            write!(f, ", receive maximum {}", self.receive_maximum)?;
        }
        if self.max_packet_bytes < MAX_WHOLE_PACKET_BYTES {
            write!(f, ", packets up to {} bytes", self.max_packet_bytes)?;
        }
        if self.topic_alias {
            f.write_str(", topic aliases")?;
        }
        Ok(())
    }
}

/// The options that a subscription of MQTT 5 has besides its quality of service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SubscribeOptions {
    /// Whether the broker shall not send the client its own messages.
    pub no_local: bool,
    /// Whether messages keep the retain flag that they were published with.
    pub retain_as_published: bool,
    /// When the subscription is answered with retained messages.
    pub retain_handling: RetainHandling,
}

/// When the broker sends retained messages for a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RetainHandling {
    /// With each SUBSCRIBE.
    #[default]
    Always,
    /// Only if there was no subscription for this filter.
    IfNew,
    /// Never.
    Never,
}

/// Quality of service of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Qos {
    /// 0: sent once, not acknowledged.
    #[default]
    AtMostOnce,
    /// 1: acknowledged by PUBACK.
    AtLeastOnce,
    /// 2: acknowledged by PUBREC, released by PUBREL, completed by PUBCOMP.
    ExactlyOnce,
}

impl Qos {
    /// The number on the wire and in a scenario: 0, 1 or 2.
    pub fn level(self) -> u8 {
        match self {
            Self::AtMostOnce => 0,
            Self::AtLeastOnce => 1,
            Self::ExactlyOnce => 2,
        }
    }

    /// The quality of service with this number, if there is one.
    pub fn from_level(level: u8) -> Option<Self> {
        match level {
            0 => Some(Self::AtMostOnce),
            1 => Some(Self::AtLeastOnce),
            2 => Some(Self::ExactlyOnce),
            _ => None,
        }
    }
}

impl fmt::Display for Qos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.level())
    }
}

/// What is wrong with a text that was meant as a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TopicError {
    /// A topic has at least one character.
    #[error("a topic cannot be empty")]
    Empty,
    /// It is longer than [`MAX_TEXT_BYTES`].
    #[error("a topic cannot be longer than 65535 bytes")]
    TooLong,
    /// The null character is not allowed anywhere.
    #[error("a topic cannot contain the null character")]
    Null,
    /// `+` or `#` in the topic of a message.
    #[error("a message cannot be published to a topic with the wildcard `{0}`")]
    Wildcard(char),
    /// `+` or `#` beside other characters of a level, or `#` before the last level.
    #[error("{}", misplaced(*.0))]
    MisplacedWildcard(char),
    /// `$share/GROUP/FILTER` without a group or a filter.
    #[error("a shared subscription is written `$share/GROUP/FILTER`")]
    Share,
}

fn misplaced(wildcard: char) -> &'static str {
    match wildcard {
        '#' => "`#` must fill the whole last level of the filter",
        _ => "`+` must fill a whole level of the filter",
    }
}

/// Checks the topic of a message: not empty, no wildcard, no null, at most 65,535 bytes.
pub fn check_topic_name(topic: &str) -> Result<(), TopicError> {
    check_text(topic)?;
    match topic.chars().find(|c| matches!(c, '+' | '#')) {
        Some(wildcard) => Err(TopicError::Wildcard(wildcard)),
        None => Ok(()),
    }
}

/// Checks a subscription's filter, `$share/GROUP/FILTER` included.
pub fn check_topic_filter(filter: &str) -> Result<(), TopicError> {
    check_text(filter)?;
    let levels = match filter.strip_prefix("$share/") {
        None => filter,
        Some(rest) => match rest.split_once('/') {
            Some((group, levels))
                if !group.is_empty() && !group.contains(['+', '#']) && !levels.is_empty() =>
            {
                levels
            }
            _ => return Err(TopicError::Share),
        },
    };
    let mut rest = levels.split('/').peekable();
    while let Some(level) = rest.next() {
        if level.contains('#') && (level != "#" || rest.peek().is_some()) {
            return Err(TopicError::MisplacedWildcard('#'));
        }
        if level.contains('+') && level != "+" {
            return Err(TopicError::MisplacedWildcard('+'));
        }
    }
    Ok(())
}

fn check_text(text: &str) -> Result<(), TopicError> {
    if text.is_empty() {
        Err(TopicError::Empty)
    } else if text.len() > MAX_TEXT_BYTES {
        Err(TopicError::TooLong)
    } else if text.contains('\0') {
        Err(TopicError::Null)
    } else {
        Ok(())
    }
}

/// The filter of a shared subscription; another one as it is.
pub fn without_share(filter: &str) -> &str {
    let shared = filter.strip_prefix("$share/").and_then(|rest| rest.split_once('/'));
    shared.map_or(filter, |(_, filter)| filter)
}

/// Whether there are topics that match both filters (without a `$share/…` prefix), both already checked.
pub fn overlap(a: &str, b: &str) -> bool {
    let begins = |filter: &str, with: &[char]| filter.starts_with(with);
    let (wild, system) = (['+', '#'], ['$']);
    if begins(a, &wild) && begins(b, &system) || begins(a, &system) && begins(b, &wild) {
        return false;
    }
    let (mut a, mut b) = (a.split('/'), b.split('/'));
    loop {
        match (a.next(), b.next()) {
            // `a/#` matches `a` too.
            (Some("#"), _) | (_, Some("#")) | (None, None) => return true,
            (Some(x), Some(y)) if x == y || x == "+" || y == "+" => {}
            _ => return false,
        }
    }
}

/// Whether a topic matches a filter (without a `$share/…` prefix), both already checked.
///
/// A filter that begins with a wildcard does not match a topic that begins with `$` (section 4.7.2).
pub fn matches(filter: &str, topic: &str) -> bool {
    if topic.starts_with('$') && filter.starts_with(['+', '#']) {
        return false;
    }
    let mut levels = topic.split('/');
    for wanted in filter.split('/') {
        if wanted == "#" {
            return true;
        }
        match levels.next() {
            Some(level) if wanted == "+" || wanted == level => {}
            _ => return false,
        }
    }
    levels.next().is_none()
}

#[cfg(test)]
mod tests;
