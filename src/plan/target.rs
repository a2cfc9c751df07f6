//! The addresses of brokers, and the data needed to speak with them.

use std::fmt;

use crate::template::{Secret, Template};

/// What carries MQTT between a user and its broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// Plain TCP.
    Tcp,
    /// TLS over TCP.
    Tls,
    /// WebSocket over TCP.
    WebSocket,
    /// WebSocket over TLS.
    SecureWebSocket,
}

impl Transport {
    /// All transports.
    pub const ALL: [Self; 4] = [Self::Tcp, Self::Tls, Self::WebSocket, Self::SecureWebSocket];

    /// Scheme of its URLs.
    pub fn scheme(self) -> &'static str {
        match self {
            Self::Tcp => "mqtt",
            Self::Tls => "mqtts",
            Self::WebSocket => "ws",
            Self::SecureWebSocket => "wss",
        }
    }

    /// Port of a URL that has none.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Tcp => 1883,
            Self::Tls => 8883,
            Self::WebSocket => 80,
            Self::SecureWebSocket => 443,
        }
    }

    /// Whether TLS is part of it.
    pub fn is_secure(self) -> bool {
        matches!(self, Self::Tls | Self::SecureWebSocket)
    }

    /// Whether WebSocket is part of it.
    pub fn is_websocket(self) -> bool {
        matches!(self, Self::WebSocket | Self::SecureWebSocket)
    }
}

/// Where a broker listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The broker is on the network.
    Remote {
        /// What carries MQTT to all its servers.
        transport: Transport,
        /// At least one; users are spread over them.
        servers: Vec<Server>,
    },
    /// A broker inside this process, on loopback.
    Embedded {
        /// Planted faults, as written after the `?` of the URL, already checked; empty for none.
        options: String,
    },
}

impl Target {
    /// How many addresses its connections go to.
    pub fn servers(&self) -> usize {
        match self {
            Self::Remote { servers, .. } => servers.len(),
            Self::Embedded { .. } => 1,
        }
    }

    /// Whether TLS is part of the way there.
    pub fn is_secure(&self) -> bool {
        matches!(self, Self::Remote { transport, .. } if transport.is_secure())
    }

    /// Whether WebSocket is part of the way there.
    pub fn is_websocket(&self) -> bool {
        matches!(self, Self::Remote { transport, .. } if transport.is_websocket())
    }
}

/// One server of a broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Name or address, an IPv6 address without brackets.
    pub host: String,
    /// The TCP port.
    pub port: u16,
    /// Path and query of a WebSocket, from the slash; empty for the others.
    pub path: String,
}

impl fmt::Display for Target {
    /// As URLs, with commas between. A query is not shown: signatures are passed in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Remote { transport, servers } => {
                for (i, Server { host, port, path }) in servers.iter().enumerate() {
                    f.write_str(if i > 0 { ", " } else { "" })?;
                    let (open, close) = if host.contains(':') { ("[", "]") } else { ("", "") };
                    write!(f, "{}://{open}{host}{close}:{port}", transport.scheme())?;
                    match path.split_once('?') {
                        Some((path, _)) => write!(f, "{path}?***")?,
                        None => f.write_str(path)?,
                    }
                }
                Ok(())
            }
            Self::Embedded { options } if options.is_empty() => f.write_str("embedded:"),
            Self::Embedded { options } => write!(f, "embedded:?{options}"),
        }
    }
}

/// The TLS settings of a broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// File of the trusted authorities; `None` for the system's.
    pub authorities: Option<String>,
    /// Name that the broker's certificate must be for; `None` for the host of the URL.
    pub server_name: Option<String>,
    /// Protocols to offer, the preferred first.
    pub alpn: Vec<String>,
    /// Whether a user accepts any certificate.
    pub insecure: bool,
    /// Whether later connections resume the TLS sessions of earlier ones.
    pub resumption: bool,
}

/// A header of the opening request of a WebSocket; the value is the same for everybody.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Secret,
}

/// Files of a client's certificate and its key; they vary at most per user, without draws.
#[derive(Debug, Clone, PartialEq)]
pub struct Certificate {
    /// Path of the certificate.
    pub certificate: Template,
    /// Path of its private key.
    pub key: Template,
}
