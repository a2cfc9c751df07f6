//! Sessions over TCP.
//!
//! Names are looked up once, before the run: a resolver's answer per connect would measure the resolver,
//! and its failure is the scenario's mistake, not a broker's. TCP_NODELAY is always on, since Nagle's
//! algorithm and delayed acknowledgements together hold small messages back by 40 ms.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;

use tokio::net::{TcpSocket, TcpStream};

use crate::client::driver::{Driver, Stream};
use crate::client::failure::{Ack, Failure};
use crate::client::pool::Pool;
use crate::client::{Connect, ConnectRequest};

/// Linux's own range of local ports, as it is unless it was changed.
const PORTS: RangeInclusive<u16> = 32_768..=60_999;

/// How many local ports are tried before a connect fails for want of one.
const PORT_TRIES: usize = 100;

/// A broker's name could not be looked up.
#[derive(Debug, thiserror::Error)]
#[error("cannot look up the broker `{host}`: {source}")]
pub struct ResolveError {
    host: String,
    source: io::Error,
}

/// The addresses of a broker, at least one, and those to connect from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    addresses: Vec<SocketAddr>,
    sources: Vec<IpAddr>,
}

impl Endpoint {
    /// Looks a host up; an address needs no look-up.
    pub async fn resolve(host: &str, port: u16) -> Result<Self, ResolveError> {
        if let Ok(ip) = host.parse::<IpAddr>() {
            return Ok(Self::from(SocketAddr::new(ip, port)));
        }
        let error = |source| ResolveError { host: host.to_owned(), source };
        let addresses: Vec<_> = tokio::net::lookup_host((host, port)).await.map_err(error)?.collect();
        if addresses.is_empty() {
            return Err(error(io::Error::other("the name has no address")));
        }
        Ok(Self { addresses, sources: Vec::new() })
    }

    /// The same, connected to from these local addresses in turn; from none, if the system is to choose.
    #[must_use]
    pub fn from_sources(self, sources: Vec<IpAddr>) -> Self {
        Self { sources, ..self }
    }
}

impl From<SocketAddr> for Endpoint {
    fn from(address: SocketAddr) -> Self {
        Self { addresses: vec![address], sources: Vec::new() }
    }
}

/// Opens sessions over TCP, for one thread.
#[derive(Debug)]
pub struct TcpConnector {
    endpoints: Vec<Endpoint>,
    /// Which source address is next.
    turn: Cell<usize>,
    /// Which local port is next, where there is a source address.
    port: Cell<u16>,
    pool: Pool,
}

impl TcpConnector {
    /// `endpoints[i]` is where broker `i` of the plan is.
    pub fn new(endpoints: Vec<Endpoint>) -> Self {
        // Threads and processes begin in different places, so that they seldom try each other's ports.
        let ports = PORTS.len() as u64;
        let offset = u16::try_from(RandomState::new().hash_one(0) % ports).unwrap_or(0);
        let port = Cell::new(PORTS.start() + offset);
        Self { endpoints, turn: Cell::new(0), port, pool: Pool::new() }
    }

    /// Sets `open` when the TCP connection is.
    async fn open(
        &self,
        request: &ConnectRequest<'_>,
        open: &Cell<bool>,
    ) -> Result<Driver<TcpStream>, Failure> {
        let mut failure = Failure::Closed;
        let endpoint = &self.endpoints[request.broker];
        for address in &endpoint.addresses {
            match self.connect_stream(*address, &endpoint.sources).await {
                Ok(stream) => {
                    stream.set_nodelay(true).map_err(|error| Failure::lost(&error))?;
                    open.set(true);
                    return Driver::open(stream, self.pool.clone(), request).await;
                }
                Err(error) => failure = Failure::opening(&error),
            }
        }
        Err(failure)
    }
}

impl TcpConnector {
    /// Connects from the next source address of the same family, if there are any.
    async fn connect_stream(&self, address: SocketAddr, sources: &[IpAddr]) -> io::Result<TcpStream> {
        if sources.is_empty() {
            return TcpStream::connect(address).await;
        }
        let turn = self.turn.get();
        self.turn.set(turn.wrapping_add(1));
        let same_family = || sources.iter().filter(|source| source.is_ipv4() == address.is_ipv4());
        let Some(source) = same_family().nth(turn % same_family().count().max(1)) else {
            return Err(io::ErrorKind::AddrNotAvailable.into());
        };
        // Left to itself, the system looks for a free port among all that are taken, which at ten thousand
        // connections takes it half a millisecond each.
        let mut result = Err(io::ErrorKind::AddrInUse.into());
        for _ in 0..PORT_TRIES {
            let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
            // A port in TIME_WAIT may be taken again, as the system does by itself without a source address.
            socket.set_reuseaddr(true)?;
            result = match socket.bind(SocketAddr::new(*source, self.take_port())) {
                Ok(()) => socket.connect(address).await,
                Err(error) => Err(error),
            };
            match &result {
                Err(e) if matches!(e.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::AddrNotAvailable) => {}
                _ => break,
            }
        }
        result
    }

    fn take_port(&self) -> u16 {
        let port = self.port.get();
        self.port.set(if port >= *PORTS.end() { *PORTS.start() } else { port + 1 });
        port
    }
}

impl Connect for TcpConnector {
    type Session = Driver<TcpStream>;

    async fn connect(&self, request: &ConnectRequest<'_>) -> Result<Self::Session, Failure> {
        // Boxed: this future is large, lives for a moment, and would otherwise be part of every user.
        let open = Cell::new(false);
        match tokio::time::timeout(request.timeout, Box::pin(self.open(request, &open))).await {
            Ok(result) => result,
            Err(_) if open.get() => Err(Failure::AckTimeout(Ack::Connack, request.timeout)),
            Err(_) => Err(Failure::ConnectTimeout(request.timeout)),
        }
    }
}

impl Stream for TcpStream {
    fn abort_on_close(&mut self) {
        // Best effort: without it the close is merely less abrupt.
        let _ = self.set_zero_linger();
    }
}
