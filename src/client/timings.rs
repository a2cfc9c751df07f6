//! When each phase of a connect has ended.

use tokio::time::Instant;

/// When each phase of a connect has ended, so far. A phase begins when the one before it has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ConnectTimings {
    /// When the TCP connection was open.
    pub tcp: Option<Instant>,
    /// When the TLS handshake was over.
    pub tls: Option<Instant>,
    /// When the server had answered the upgrade to WebSocket.
    pub websocket: Option<Instant>,
    /// When CONNACK had been read.
    pub connack: Option<Instant>,
}
