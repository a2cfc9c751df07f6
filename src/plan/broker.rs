//! A broker: where it listens, which protocol it speaks, and its limits.

use std::net::IpAddr;
use std::time::Duration;

use crate::mqtt::{Client, Settings};
use crate::plan::target::{Header, Target, Tls};
use crate::plan::watch::Watch;

/// A system under test.
#[derive(Debug, Clone, PartialEq)]
pub struct Broker {
    /// Its name in the scenario.
    pub name: String,
    /// Where it listens.
    pub target: Target,
    /// How long a connect may take, from the first packet to CONNACK: TCP, TLS, the upgrade and MQTT.
    pub connect_timeout: Duration,
    /// Seconds of silence before a PINGREQ; 0 for never.
    pub keep_alive_s: u16,
    /// Most QoS 1 and 2 messages of one user that may wait for acknowledgement at once.
    pub inflight: u16,
    /// Local addresses to connect from, in turn; empty for the system's choice.
    pub source_addresses: Vec<IpAddr>,
    /// Its TLS settings, if its URL uses TLS.
    pub tls: Option<Tls>,
    /// Headers of the opening request of a WebSocket.
    pub headers: Vec<Header>,
    /// The protocol version and what all users say in their CONNECT.
    pub settings: Settings,
    /// Which client drives its connections.
    pub client: Client,
    /// Whether the phases of a connect get rows of their own.
    pub connect_detail: bool,
    /// Where it tells of itself, if somebody wants to know.
    pub watch: Option<Watch>,
}
