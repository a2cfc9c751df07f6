//! Opens sessions of rumqttc.

use std::net::SocketAddr;

use bytes::BytesMut;
use rumqttc::{AsyncClient, v5};
use tokio::time::Instant;

use crate::client::failure::{Ack, Failure, Port};
use crate::client::rumqttc::event_loop::{Event, EventLoop, Events, run};
use crate::client::rumqttc::options;
use crate::client::rumqttc::requester::Requester;
use crate::client::rumqttc::requests::Requests;
use crate::client::rumqttc::session::RumqttcSession;
use crate::client::seam::{Connect, ConnectRequest};
use crate::client::wire;
use crate::mqtt::Version;

/// How many requests rumqttc takes before it has written one. The engine holds back at 16 KiB of them.
const REQUESTS: usize = 1 << 16;

/// Opens sessions that rumqttc's client and event loop drive, for one thread.
#[derive(Debug)]
pub struct RumqttcConnector {
    brokers: Vec<Vec<Vec<SocketAddr>>>,
}

impl RumqttcConnector {
    /// `brokers[i]` are the servers of broker `i` of the plan, each with the addresses of its name.
    pub fn new(brokers: Vec<Vec<Vec<SocketAddr>>>) -> Self {
        Self { brokers }
    }

    async fn open(&self, request: &ConnectRequest<'_>) -> Result<RumqttcSession, Failure> {
        let servers = &self.brokers[request.broker];
        let mut result = Err(Failure::Rumqttc("it has no address of the broker"));
        let addresses = servers.get(request.turn % servers.len().max(1)).into_iter().flatten();
        for address in addresses {
            result = open_at(request, *address).await;
            // Its own way with several addresses of a name.
            if !matches!(result, Err(Failure::Unreachable(_))) {
                break;
            }
        }
        result
    }
}

impl Connect for RumqttcConnector {
    type Session = RumqttcSession;

    async fn connect(&self, request: &ConnectRequest<'_>) -> Result<RumqttcSession, Failure> {
        // Boxed: it is large and lives for a moment.
        match tokio::time::timeout(request.timeout, Box::pin(self.open(request))).await {
            Ok(result) => result,
            // rumqttc does not say whether it had a connection by then.
            Err(_) => Err(Failure::AckTimeout(Ack::Connack, request.timeout)),
        }
    }
}

async fn open_at(request: &ConnectRequest<'_>, address: SocketAddr) -> Result<RumqttcSession, Failure> {
    match request.settings.version {
        Version::V311 => {
            let (client, mut event_loop) = AsyncClient::new(options::of_311(request, address)?, REQUESTS);
            event_loop.set_network_options(options::network(request));
            begin(request, Requester::V311(client), event_loop).await
        }
        Version::V5 => {
            let (client, event_loop) = v5::AsyncClient::new(options::of_5(request, address)?, REQUESTS);
            begin(request, Requester::V5(client), event_loop).await
        }
    }
}

/// Waits for CONNACK, which is the first that an event loop tells.
async fn begin(
    request: &ConnectRequest<'_>,
    requester: Requester,
    mut event_loop: impl EventLoop,
) -> Result<RumqttcSession, Failure> {
    const OTHER: Failure = Failure::Protocol("no CONNACK as its first packet");
    let Event::Received(packet) =
        event_loop.next().await.map_err(|failure| failure.before_connack(Port::Open))?
    else {
        return Err(OTHER);
    };
    let mut bytes = BytesMut::new();
    packet.encode(&mut bytes)?;
    let body = wire::frame(&bytes)?.and_then(|frame| bytes.get(frame.body..)).ok_or(OTHER)?;
    let connack = wire::read_connack(&request.settings, body)?;
    if connack.keep_alive_s == Some(0) {
        event_loop.stop_pinging();
    }
    if let Some(cell) = request.timings {
        let mut timings = cell.get();
        timings.connack = Some(Instant::now());
        cell.set(timings);
    }
    let events = Events::default();
    let requests = Requests::new(request.inflight, connack.receive_maximum);
    let running = run(event_loop, events.clone());
    Ok(RumqttcSession::new(request, requester, requests, connack.limits, running, events))
}
