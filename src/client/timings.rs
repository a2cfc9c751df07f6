//! When the parts of a connect came to their ends.

use tokio::time::Instant;

/// The ends of a connect's parts, as far as it has come; each part begins where the one before it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ConnectTimings {
    /// The TCP connection was open.
    pub tcp: Option<Instant>,
    /// The TLS handshake was over.
    pub tls: Option<Instant>,
    /// The upgrade to WebSocket was answered.
    pub websocket: Option<Instant>,
    /// CONNACK had been read.
    pub connack: Option<Instant>,
}
