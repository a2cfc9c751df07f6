//! A broker: where it is, how it is spoken to, and its limits.

use std::net::IpAddr;
use std::time::Duration;

use crate::mqtt::{Client, Settings};
use crate::plan::target::{Header, Target, Tls};

/// A system under test.
#[derive(Debug, Clone, PartialEq)]
pub struct Broker {
    /// Its name in the scenario.
    pub name: String,
    /// Where it is.
    pub target: Target,
    /// How long a connect may take, from the first packet to CONNACK: TCP, TLS, the upgrade and MQTT.
    pub connect_timeout: Duration,
    /// Seconds of silence before a PINGREQ; 0 for never.
    pub keep_alive_s: u16,
    /// Most QoS 1 and 2 messages of one user that may wait for acknowledgement at once.
    pub inflight: u16,
    /// Local addresses to connect from, in turn; empty for the system's choice.
    pub source_addresses: Vec<IpAddr>,
    /// How TLS is spoken with it, if it is.
    pub tls: Option<Tls>,
    /// Headers of the opening request of a WebSocket.
    pub headers: Vec<Header>,
    /// Which protocol, and what of it.
    pub settings: Settings,
    /// Which client drives its connections.
    pub client: Client,
    /// Whether connects are recorded in parts, too.
    pub connect_detail: bool,
}
