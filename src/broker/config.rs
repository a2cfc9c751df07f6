//! How to start a broker.

use crate::broker::faults::Faults;
use crate::mqtt::MAX_PACKET_BYTES;
use std::net::{Ipv4Addr, SocketAddr};

/// How to start a broker. The default is a free port on 127.0.0.1 and no faults.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BrokerConfig {
    /// Address and port to listen on; port 0 takes a free one.
    pub bind: SocketAddr,
    /// What it does wrong on purpose.
    pub faults: Faults,
    /// The largest packet that it takes, in bytes after the fixed header; a client that announces more is
    /// disconnected.
    pub max_packet_bytes: usize,
    /// What one client's queue may hold.
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

/// What the queue of one client may hold, connected or not. A message beyond it is dropped and counted,
/// whatever its quality of service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueLimit {
    /// Messages; by default 100,000.
    pub messages: usize,
    /// Bytes of topics and payloads with some overhead each; by default 64 MiB.
    pub bytes: usize,
}

impl Default for QueueLimit {
    fn default() -> Self {
        Self { messages: 100_000, bytes: 64 * 1024 * 1024 }
    }
}
