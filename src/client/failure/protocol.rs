//! Servers that speak another protocol than MQTT, known by the first bytes that they send.

/// What is known about the server at a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Port {
    /// A server listens there, perhaps for another protocol.
    Open,
    /// The server has answered in the expected protocol.
    Agreed,
}

/// A protocol that is not MQTT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// The server speaks TLS.
    Tls,
    /// The server speaks HTTP, with which a WebSocket connection begins.
    Http,
}

impl Protocol {
    /// Looks for the beginning of a TLS alert or of an HTTP status line.
    pub(crate) fn of(answer: &[u8]) -> Guess {
        for (beginning, protocol) in [(&b"\x15\x03"[..], Self::Tls), (b"HTTP", Self::Http)] {
            if answer.starts_with(beginning) {
                return Guess::Is(protocol);
            }
            if beginning.starts_with(answer) {
                return Guess::MayBe;
            }
        }
        Guess::No
    }
}

/// Whether the first bytes of an answer belong to a protocol that is not MQTT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guess {
    /// They do.
    Is(Protocol),
    /// They are too few to know.
    MayBe,
    /// They do not.
    No,
}

#[cfg(test)]
mod tests;
