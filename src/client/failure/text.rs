//! The text of each failure in the failures file. It is made only when a failure is recorded.

use std::fmt;
use std::time::Duration;

use crate::client::failure::kind::{Failure, Limit};
use crate::client::failure::parts::{Ack, Port, Protocol};

/// A failure with the server that it is about.
#[derive(Debug, Clone, Copy)]
pub struct FailureAt<'a> {
    failure: Failure,
    server: Option<&'a str>,
}

impl Failure {
    /// Names the server, such as `127.0.0.1:1883`, in the text of a failure that is about its connection. The texts of
    /// all others stay as they are, and so do all without a server.
    pub fn at(self, server: Option<&str>) -> FailureAt<'_> {
        FailureAt { failure: self, server }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.at(None).fmt(f)
    }
}

impl fmt::Display for FailureAt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let within = |d: &Duration| humantime::format_duration(*d);
        let (to, with, from) = (self.word(" to "), self.word(" with "), self.word(" from "));
        let broker = self.server.unwrap_or("the broker");
        match &self.failure {
            Failure::Unreachable(os) => write!(f, "cannot connect{to}: {os}"),
            Failure::Generator(os) => write!(f, "load generator: cannot open a connection{to}: {os}"),
            Failure::ConnectTimeout(after) => write!(f, "no connection{to} within {}", within(after)),
            Failure::TlsTimeout(after) => write!(f, "no TLS handshake{with} within {}", within(after)),
            Failure::UpgradeTimeout(after) => {
                write!(f, "no WebSocket upgrade{with} within {}", within(after))
            }
            Failure::Tls(fault) => write!(f, "TLS{with}: {fault}"),
            Failure::WebSocket(fault) => write!(f, "WebSocket{with}: {fault}"),
            Failure::NoConnack(why, port) => {
                write!(f, "no CONNACK{from}: ")?;
                match why {
                    None => f.write_str("closed by the broker")?,
                    Some(os) => write!(f, "connection lost: {os}")?,
                }
                match port {
                    Port::Open => f.write_str(" (does it want TLS or WebSocket at this port?)"),
                    Port::Agreed => Ok(()),
                }
            }
            Failure::Speaks(Protocol::Tls) => {
                write!(f, "no CONNACK{from}: the broker speaks TLS at this port (mqtts:// or wss://)")
            }
            Failure::Speaks(Protocol::Http) => {
                write!(f, "no CONNACK{from}: the broker speaks HTTP at this port (ws:// or wss://)")
            }
            Failure::Refused(code) => write!(f, "{}: {} ({code})", self.refused(), refusal(*code)),
            Failure::Reason(Ack::Connack, reason) => write!(f, "{}: {reason}", self.refused()),
            Failure::Reason(ack, reason) => write!(f, "{ack}: {reason}"),
            Failure::Disconnected(reason) => write!(f, "DISCONNECT by {broker}: {reason}"),
            Failure::NotTaken(Limit::Qos(most)) => {
                write!(f, "not sent: the broker takes no quality of service above {most}")
            }
            Failure::NotTaken(Limit::Retain) => {
                f.write_str("not sent: the broker keeps no retained messages")
            }
            Failure::NotTaken(Limit::PacketBytes(most)) => {
                write!(f, "not sent: the broker takes no packet above {most} bytes")
            }
            Failure::NotTaken(Limit::SubscriptionIds) => {
                f.write_str("not sent: the broker takes no subscription identifiers")
            }
            Failure::NotTaken(Limit::Shared) => {
                f.write_str("not sent: the broker takes no shared subscriptions")
            }
            Failure::NotTaken(Limit::Wildcards) => {
                f.write_str("not sent: the broker takes no filters with wildcards")
            }
            Failure::NotSent(why) => write!(f, "not sent: {why}"),
            // Of the connection; the others are of one request.
            Failure::AckTimeout(ack @ (Ack::Connack | Ack::Pingresp), after) => {
                write!(f, "no {ack}{from} within {}", within(after))
            }
            Failure::AckTimeout(ack, after) => write!(f, "no {ack} within {}", within(after)),
            Failure::WriteTimeout(after) => {
                write!(f, "not written within {}: the broker does not read", within(after))
            }
            Failure::NoRoom(after) => write!(f, "inflight limit not free within {}", within(after)),
            Failure::NoQuota(after) => {
                write!(f, "Receive Maximum of the broker not free within {}", within(after))
            }
            Failure::NoPacketId => f.write_str("no packet id left: the broker owes 65535 answers"),
            Failure::TooLarge => f.write_str("message larger than MQTT allows"),
            Failure::Closed => write!(f, "connection{to} lost: closed by the broker"),
            Failure::Lost(os) => write!(f, "connection{to} lost: {os}"),
            Failure::Protocol(what) => write!(f, "protocol error by {broker}: {what}"),
            Failure::WrongAck { expected, got } => {
                write!(f, "protocol error by {broker}: {got} instead of {expected}")
            }
            Failure::SubscriptionRefused => f.write_str("SUBACK: subscription refused (0x80)"),
            Failure::Closing => f.write_str("disconnected before the acknowledgement came"),
            Failure::Dropped => f.write_str("connection dropped by the scenario"),
            Failure::Rumqttc(what) => write!(f, "rumqttc: {what}"),
            Failure::SessionLost => f.write_str("session lost: the broker has forgotten it"),
        }
    }
}

impl<'a> FailureAt<'a> {
    /// The server with a preposition before it; nothing without a server.
    fn word(&self, preposition: &'static str) -> Part<'a> {
        match self.server {
            Some(server) => Part(preposition, server),
            None => Part("", ""),
        }
    }

    fn refused(&self) -> Part<'a> {
        match self.server {
            Some(server) => Part(server, " refused the connection"),
            None => Part("CONNACK", ""),
        }
    }
}

struct Part<'a>(&'a str, &'a str);

impl fmt::Display for Part<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)?;
        f.write_str(self.1)
    }
}

/// The words of MQTT 3.1.1, table 3.1.
fn refusal(code: u8) -> &'static str {
    match code {
        1 => "unacceptable protocol version",
        2 => "identifier rejected",
        3 => "server unavailable",
        4 => "bad user name or password",
        5 => "not authorized",
        _ => "unknown return code",
    }
}

#[cfg(test)]
mod tests;
