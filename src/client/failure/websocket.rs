//! Errors of WebSocket.

use std::{fmt, io};

use crate::client::failure::parts::Os;

/// What went wrong in WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebSocketFault {
    /// The server answered the opening request with this status of HTTP.
    Refused(u16),
    /// The server does not speak HTTP.
    NotHttp,
    /// The server answered the opening request with an alert of TLS.
    Tls,
    /// The answer to the opening request lacks what RFC 6455 asks for, such as this header.
    Answer(&'static str),
    /// The server closed the connection before it answered the opening request.
    Unanswered,
    /// The connection broke before the opening request was answered.
    Broken(Os),
    /// The server sent something that is not WebSocket, or not MQTT over it.
    Protocol(&'static str),
    /// The server closed with this status (RFC 6455, section 7.4.1).
    Closed(u16),
}

impl WebSocketFault {
    /// Finds the fault behind an error of a stream, if it comes from WebSocket.
    pub(crate) fn behind(error: &io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref::<Self>().copied()
    }
}

impl fmt::Display for WebSocketFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(status) => write!(f, "upgrade refused: HTTP {status}"),
            Self::NotHttp => f.write_str("the broker does not speak HTTP"),
            Self::Answer(what) => write!(f, "answer to the upgrade: {what}"),
            Self::Tls => f.write_str("the broker speaks TLS at this port (wss://)"),
            Self::Broken(os) => {
                write!(f, "connection lost during the upgrade (does the broker speak it at this port?): {os}")
            }
            Self::Unanswered => {
                f.write_str("closed by the broker during the upgrade (does it speak it at this port?)")
            }
            Self::Protocol(what) => write!(f, "protocol error by the broker: {what}"),
            Self::Closed(status) => write!(f, "closed by the broker: {} ({status})", words(*status)),
        }
    }
}

/// The words of RFC 6455, section 7.4.1.
fn words(status: u16) -> &'static str {
    match status {
        1002 => "protocol error",
        1003 => "cannot accept this kind of data",
        1007 => "inconsistent data",
        1008 => "against its policy",
        1009 => "message too big",
        1010 => "extension missing",
        1011 => "unexpected condition",
        _ => "with status",
    }
}
