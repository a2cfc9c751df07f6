//! How to start a broker.

use crate::broker::faults::Faults;
use crate::mqtt::MAX_PACKET_BYTES;
use std::net::{Ipv4Addr, SocketAddr};

/// How to start a broker. The default is a free port on 127.0.0.1 and no faults.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BrokerConfig {
    /// The address and port to listen on. Port 0 chooses a free one.
    pub bind: SocketAddr,
    /// What the broker does wrong on purpose.
    pub faults: Faults,
    /// The largest packet that the broker accepts, in bytes after the fixed header. A client that announces more is
    /// disconnected.
    pub max_packet_bytes: usize,
    /// How much the queue of one client may hold.
    pub queue: QueueLimit,
}

impl Default for BrokerConfig {
    fn default() -> Self {
        Self {
            bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            faults: Faults::default(),
            max_packet_bytes: MAX_PACKET_BYTES,
            queue: QueueLimit::default(),
        }
    }
}

/// How much the queue of one client may hold, connected or not. A message beyond that is dropped and counted, whatever
/// its quality of service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueLimit {
    /// The number of messages; by default 100,000.
    pub messages: usize,
    /// The bytes of topics and payloads with some overhead for each; by default 64 MiB.
    pub bytes: usize,
}

impl Default for QueueLimit {
    fn default() -> Self {
        Self { messages: 100_000, bytes: 64 * 1024 * 1024 }
    }
}
