//! Sessions over TCP, TLS, WebSocket and WebSocket over TLS.
//!
//! Names are looked up and certificates are read before the run. Otherwise each connect would also measure a resolver
//! or a disk, and a mistake of the scenario would look like a failure of a broker. To the driver each transport is a
//! byte stream, and all of them are one enum. So a plain TCP session pays for the others with one comparison per read
//! and write, and with no memory.

use std::cell::Cell;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::time::Instant;

use crate::client::driver::Driver;
use crate::client::failure::{Ack, Failure, Port};
use crate::client::pool::Pool;
use crate::client::seam::{Connect, ConnectRequest, PacketBytes};
use crate::client::transport::stream::Transport;
use crate::client::transport::tcp::Ports;
use crate::client::transport::tls::Tls;
use crate::client::transport::websocket::handshake::Upgrade;

mod arrived;
pub mod stream;
mod tcp;
pub mod tls;
mod tls_config;
mod verifier;
pub mod websocket;
mod x509;

/// A broker's name could not be looked up.
#[derive(Debug, thiserror::Error)]
#[error("cannot look up the broker `{host}`: {source}")]
pub struct ResolveError {
    host: String,
    source: std::io::Error,
}

/// The address of one server of a broker.
#[derive(Debug, Clone, Copy)]
pub struct Address<'a> {
    /// A name or an address; an IPv6 address has no brackets.
    pub host: &'a str,
    /// The port.
    pub port: u16,
    /// The path of a WebSocket URL. The other transports ignore it.
    pub path: &'a str,
}

/// How to reach a broker: its servers, at least one, the layers above TCP, and the local addresses to connect from.
#[derive(Debug, Clone)]
pub struct Endpoint {
    servers: Vec<Server>,
    sources: Vec<IpAddr>,
    tls: Option<Tls>,
    websocket: bool,
}

/// One server: all addresses of its name, and what the layers above TCP need to know about it.
#[derive(Debug, Clone)]
struct Server {
    addresses: Vec<SocketAddr>,
    host: String,
    /// What failures call it.
    name: String,
    upgrade: Upgrade,
}

impl Endpoint {
    /// Looks up the hosts. An address needs no look-up.
    pub async fn resolve(servers: &[Address<'_>]) -> Result<Self, ResolveError> {
        let mut resolved = Vec::with_capacity(servers.len());
        for &Address { host, port, path } in servers {
            let addresses = look_up(host, port).await?;
            let upgrade = Upgrade::new(host, port, path);
            let name = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
            resolved.push(Server { addresses, host: host.to_owned(), name, upgrade });
        }
        Ok(Self { servers: resolved, sources: Vec::new(), tls: None, websocket: false })
    }

    /// The addresses of each server.
    pub fn addresses(&self) -> Vec<Vec<SocketAddr>> {
        self.servers.iter().map(|server| server.addresses.clone()).collect()
    }

    /// Has failures call its servers so, and not by host and port.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        for server in &mut self.servers {
            name.clone_into(&mut server.name);
        }
        self
    }

    /// Connects from these local addresses, each user from one of them. Without any, the system chooses.
    #[must_use]
    pub fn from_sources(self, sources: Vec<IpAddr>) -> Self {
        Self { sources, ..self }
    }

    /// Connects with TLS.
    #[must_use]
    pub fn with_tls(self, tls: Tls) -> Self {
        Self { tls: Some(tls), ..self }
    }

    /// Connects with WebSocket. The opening request carries these headers, which must be well-formed; the compiler of
    /// scenarios checks them.
    #[must_use]
    pub fn with_websocket(mut self, headers: &[(String, String)]) -> Self {
        self.websocket = true;
        for server in &mut self.servers {
            server.upgrade.add_headers(headers);
        }
        self
    }
}

async fn look_up(host: &str, port: u16) -> Result<Vec<SocketAddr>, ResolveError> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    let error = |source| ResolveError { host: host.to_owned(), source };
    let addresses: Vec<_> = tokio::net::lookup_host((host, port)).await.map_err(error)?.collect();
    if addresses.is_empty() {
        return Err(error(std::io::Error::other("the name has no address")));
    }
    Ok(by_turns(&addresses))
}

/// IPv6 and IPv4 by turns, beginning with the preferred one (RFC 8305, section 4): if one of them leads nowhere, not
/// all of its addresses are in the way. Each address is there once.
fn by_turns(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let is_first = |address: &SocketAddr| addresses.first().is_some_and(|a| a.is_ipv4() == address.is_ipv4());
    let (first, second): (Vec<_>, Vec<_>) = addresses.iter().copied().partition(is_first);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut ordered = Vec::with_capacity(addresses.len());
    loop {
        let pair = [first.next(), second.next()];
        if pair == [None, None] {
            return ordered;
        }
        for address in pair.into_iter().flatten() {
            if !ordered.contains(&address) {
                ordered.push(address);
            }
        }
    }
}

impl From<SocketAddr> for Endpoint {
    fn from(address: SocketAddr) -> Self {
        let host = address.ip().to_string();
        let upgrade = Upgrade::new(&host, address.port(), "/");
        let servers = vec![Server { addresses: vec![address], host, name: address.to_string(), upgrade }];
        Self { servers, sources: Vec::new(), tls: None, websocket: false }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Tcp,
    Tls,
    Upgrade,
    Connack,
}

impl Stage {
    /// The failure of a connect that ran out of time in this stage.
    fn timed_out(self, after: Duration) -> Failure {
        match self {
            Self::Tcp => Failure::ConnectTimeout(after),
            Self::Tls => Failure::TlsTimeout(after),
            Self::Upgrade => Failure::UpgradeTimeout(after),
            Self::Connack => Failure::AckTimeout(Ack::Connack, after),
        }
    }
}

struct Opening<'a> {
    request: &'a ConnectRequest<'a>,
    stage: Cell<Stage>,
}

impl Opening<'_> {
    fn enter(&self, next: Stage) {
        self.mark();
        self.stage.set(next);
    }

    fn mark(&self) {
        let Some(cell) = self.request.timings else { return };
        let (now, mut timings) = (Some(Instant::now()), cell.get());
        match self.stage.get() {
            Stage::Tcp => timings.tcp = now,
            Stage::Tls => timings.tls = now,
            Stage::Upgrade => timings.websocket = now,
            Stage::Connack => timings.connack = now,
        }
        cell.set(timings);
    }
}

/// Opens sessions on sockets. Each thread has its own.
#[derive(Debug)]
pub struct Connector {
    endpoints: Vec<Endpoint>,
    ports: Ports,
    pool: Pool,
}

impl Connector {
    /// `endpoints[i]` is where broker `i` of the plan is.
    pub fn new(endpoints: Vec<Endpoint>) -> Self {
        Self { endpoints, ports: Ports::new(), pool: Pool::default() }
    }

    /// Opens a session and notes in `opening` how far it has come.
    ///
    /// What only TLS and WebSocket need is boxed by itself: ten thousand plain connects under way at once would
    /// otherwise leave three kilobytes each behind in the allocator.
    async fn open(&self, opening: &Opening<'_>) -> Result<Driver<Transport>, Failure> {
        let request = opening.request;
        let endpoint = &self.endpoints[request.broker];
        let servers = endpoint.servers.len();
        let server = &endpoint.servers[request.turn % servers];
        // Before the first packet: a certificate that cannot be read is no broker's fault.
        let tls = match &endpoint.tls {
            Some(tls) => Some((tls, tls.config(request.certificate)?)),
            None => None,
        };
        let tcp = self
            .ports
            .connect(&server.addresses, &endpoint.sources, request.turn / servers, request.timeout)
            .await?;
        tcp.set_nodelay(true).map_err(|error| Failure::lost(&error))?;
        let transport = match (tls, endpoint.websocket) {
            (None, false) => Transport::Tcp(tcp),
            (None, true) => {
                opening.enter(Stage::Upgrade);
                let upgraded = Box::pin(server.upgrade.perform(tcp, self.pool.clone()));
                Transport::Ws(Box::new(upgraded.await?))
            }
            (Some((tls, config)), websocket) => {
                opening.enter(Stage::Tls);
                let secured = Box::pin(tls.handshake(config, &server.host, tcp)).await?;
                if websocket {
                    opening.enter(Stage::Upgrade);
                    let upgraded = Box::pin(server.upgrade.perform(secured, self.pool.clone()));
                    Transport::Wss(Box::new(upgraded.await?))
                } else {
                    Transport::Tls(Box::new(secured))
                }
            }
        };
        opening.enter(Stage::Connack);
        let port = if matches!(transport, Transport::Tcp(_)) { Port::Open } else { Port::Agreed };
        let session = Driver::open(transport, self.pool.clone(), request).await;
        let session = session.map_err(|failure| failure.before_connack(port))?;
        opening.mark();
        Ok(session)
    }
}

impl Connect for Connector {
    type Session = Box<Driver<Transport>>;

    async fn connect(&self, request: &ConnectRequest<'_>) -> Result<Self::Session, Failure> {
        let opening = Opening { request, stage: Cell::new(Stage::Tcp) };
        // The attempt is boxed, and freed before the session is boxed, which can then use the same memory.
        match tokio::time::timeout(request.timeout, Box::pin(self.open(&opening))).await {
            Ok(session) => session.map(Box::new),
            Err(_) => Err(opening.stage.get().timed_out(request.timeout)),
        }
    }

    fn servers(&self, broker: usize) -> Vec<String> {
        self.endpoints[broker].servers.iter().map(|server| server.name.clone()).collect()
    }

    fn packet_bytes(&self) -> Option<PacketBytes> {
        Some(self.pool.packet_bytes())
    }
}

#[cfg(test)]
mod tests;
