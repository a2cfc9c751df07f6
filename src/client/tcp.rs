//! Sessions over TCP.
//!
//! Names are looked up once, before the run: a resolver's answer per connect would measure the resolver,
//! and its failure is the scenario's mistake, not a broker's. TCP_NODELAY is always on, since Nagle's
//! algorithm and delayed acknowledgements together hold small messages back by 40 ms.

use std::cell::Cell;
use std::io;
use std::net::{IpAddr, SocketAddr};

use tokio::net::TcpStream;

use crate::client::driver::{Driver, Stream};
use crate::client::failure::{Ack, Failure};
use crate::client::pool::Pool;
use crate::client::{Connect, ConnectRequest};

/// A broker's name could not be looked up.
#[derive(Debug, thiserror::Error)]
#[error("cannot look up the broker `{host}`: {source}")]
pub struct ResolveError {
    host: String,
    source: io::Error,
}

/// The addresses of a broker, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    addresses: Vec<SocketAddr>,
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
        Ok(Self { addresses })
    }
}

impl From<SocketAddr> for Endpoint {
    fn from(address: SocketAddr) -> Self {
        Self { addresses: vec![address] }
    }
}

/// Opens sessions over TCP, for one thread.
#[derive(Debug)]
pub struct TcpConnector {
    endpoints: Vec<Endpoint>,
    pool: Pool,
}

impl TcpConnector {
    /// `endpoints[i]` is where broker `i` of the plan is.
    pub fn new(endpoints: Vec<Endpoint>) -> Self {
        Self { endpoints, pool: Pool::new() }
    }

    /// Sets `open` when the TCP connection is.
    async fn open(
        &self,
        request: &ConnectRequest<'_>,
        open: &Cell<bool>,
    ) -> Result<Driver<TcpStream>, Failure> {
        let mut failure = Failure::Closed;
        for address in &self.endpoints[request.broker].addresses {
            match TcpStream::connect(address).await {
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
