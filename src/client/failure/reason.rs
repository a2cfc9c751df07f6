//! Reason codes of MQTT 5 (section 2.4), and the reason strings of brokers.
//!
//! A failure is `Copy` and the key of a row, so the text of a broker is stored once per process and kept for ever. If a
//! broker sends a new text each time, each request would make a row and a stored text. So after 256 different texts
//! further ones are left out; the code stays.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Mutex, PoisonError};

const MAX_TEXTS: usize = 256;

/// The longest text that is kept, in characters; longer ones are cut.
const MAX_CHARS: usize = 200;

static TEXTS: Mutex<Texts> = Mutex::new(Texts(BTreeSet::new()));

/// A reason code of MQTT 5 with the broker's own words, if it sent any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reason {
    code: u8,
    text: Option<&'static str>,
}

impl Reason {
    /// Makes a reason without the broker's own words.
    pub fn of(code: u8) -> Self {
        Self { code, text: None }
    }

    /// Makes a reason from a reason string and the server to use instead, as far as they came.
    pub(crate) fn new(code: u8, text: Option<&str>, reference: Option<&str>) -> Self {
        let text = match (text, reference) {
            (None, None) => None,
            (Some(text), None) => stored(text),
            (None, Some(server)) => stored(&format!("see {server}")),
            (Some(text), Some(server)) => stored(&format!("{text}; see {server}")),
        };
        Self { code, text }
    }

    /// The code as a number.
    pub fn code(self) -> u8 {
        self.code
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (0x{:02X})", name(self.code), self.code)?;
        match self.text {
            Some(text) => write!(f, ": {text}"),
            None => Ok(()),
        }
    }
}

struct Texts(BTreeSet<&'static str>);

impl Texts {
    /// The text as one that stays, if there is room for it.
    fn store(&mut self, text: &str) -> Option<&'static str> {
        let printable = |c: char| if c.is_control() { ' ' } else { c };
        let text: String = text.chars().take(MAX_CHARS).map(printable).collect();
        match self.0.get(&*text) {
            Some(known) => Some(known),
            None if text.is_empty() || self.0.len() >= MAX_TEXTS => None,
            None => {
                let lent: &'static str = Box::leak(text.into_boxed_str());
                self.0.insert(lent);
                Some(lent)
            }
        }
    }
}

fn stored(text: &str) -> Option<&'static str> {
    // Nothing that holds the lock can panic half way.
    TEXTS.lock().unwrap_or_else(PoisonError::into_inner).store(text)
}

/// The names of table 2.6.
fn name(code: u8) -> &'static str {
    match code {
        0x00 => "Success",
        0x04 => "Disconnect with Will Message",
        0x10 => "No matching subscribers",
        0x11 => "No subscription existed",
        0x18 => "Continue authentication",
        0x19 => "Re-authenticate",
        0x80 => "Unspecified error",
        0x81 => "Malformed Packet",
        0x82 => "Protocol Error",
        0x83 => "Implementation specific error",
        0x84 => "Unsupported Protocol Version",
        0x85 => "Client Identifier not valid",
        0x86 => "Bad User Name or Password",
        0x87 => "Not authorized",
        0x88 => "Server unavailable",
        0x89 => "Server busy",
        0x8A => "Banned",
        0x8B => "Server shutting down",
        0x8C => "Bad authentication method",
        0x8D => "Keep Alive timeout",
        0x8E => "Session taken over",
        0x8F => "Topic Filter invalid",
        0x90 => "Topic Name invalid",
        0x91 => "Packet Identifier in use",
        0x92 => "Packet Identifier not found",
        0x93 => "Receive Maximum exceeded",
        0x94 => "Topic Alias invalid",
        0x95 => "Packet too large",
        0x96 => "Message rate too high",
        0x97 => "Quota exceeded",
        0x98 => "Administrative action",
        0x99 => "Payload format invalid",
        0x9A => "Retain not supported",
        0x9B => "QoS not supported",
        0x9C => "Use another server",
        0x9D => "Server moved",
        0x9E => "Shared Subscriptions not supported",
        0x9F => "Connection rate exceeded",
        0xA0 => "Maximum connect time",
        0xA1 => "Subscription Identifiers not supported",
        0xA2 => "Wildcard Subscriptions not supported",
        _ => "unknown reason code",
    }
}

#[cfg(test)]
mod tests;
