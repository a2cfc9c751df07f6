//! The TCP connection under every session.
//!
//! TCP_NODELAY is always on, since Nagle's algorithm and delayed acknowledgements together hold small messages
//! back by 40 ms.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tokio::net::{TcpSocket, TcpStream};
use tokio::time::Instant;

use crate::client::failure::Failure;

/// Linux's own range of local ports, as it is unless it was changed.
const PORTS: RangeInclusive<u16> = 32_768..=60_999;

/// How much earlier than the next one an address of several is begun with (RFC 8305, section 8).
const HEAD_START: Duration = Duration::from_millis(250);

/// How many local ports are tried before a connect fails for want of one.
const PORT_TRIES: usize = 100;

/// The local ends of one thread's connections: which port is next.
#[derive(Debug)]
pub(super) struct Ports {
    /// Which local port is next, where there is a source address.
    port: Cell<u16>,
}

/// A byte stream on top of a TCP connection.
pub(super) trait OverTcp {
    fn tcp(&self) -> &TcpStream;
}

impl OverTcp for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Ports {
    pub(super) fn new() -> Self {
        // Threads and processes begin in different places, so that they seldom try each other's ports.
        let ports = PORTS.len() as u64;
        let offset = u16::try_from(RandomState::new().hash_one(0) % ports).unwrap_or(0);
        Self { port: Cell::new(PORTS.start() + offset) }
    }

    /// Connects to the first of the addresses that answers. They are begun with in their order, each a head start after
    /// the one before, or as soon as that has failed, and none is given up for the next (RFC 8305, section 5): a silent
    /// one costs the others a quarter of a second, and of a short `timeout` each has an equal share.
    ///
    /// Those of a family that no source address has are passed over. The turn chooses the source address.
    pub(super) async fn connect(
        &self,
        addresses: &[SocketAddr],
        sources: &[IpAddr],
        turn: usize,
        timeout: Duration,
    ) -> Result<TcpStream, Failure> {
        match addresses {
            // Few bytes while it lasts: ten thousand users may wait here at once.
            [only] => self.connect_to(*only, sources, turn).await.map_err(|error| Failure::opening(&error)),
            _ => Box::pin(self.race(addresses, sources, turn, timeout)).await,
        }
    }

    /// The first connection to one of several addresses; if there is none, why there is none to the last of them.
    async fn race(
        &self,
        addresses: &[SocketAddr],
        sources: &[IpAddr],
        turn: usize,
        timeout: Duration,
    ) -> Result<TcpStream, Failure> {
        let reachable: Vec<_> = addresses
            .iter()
            .copied()
            .filter(|address| sources.is_empty() || has_source(sources, *address))
            .collect();
        let share = u32::try_from(reachable.len()).map_or(Duration::ZERO, |count| timeout / count.max(1));
        let head_start = share.min(HEAD_START);
        let mut others = reachable.into_iter();
        let Some(first) = others.next() else {
            return Err(Failure::opening(&io::ErrorKind::AddrNotAvailable.into()));
        };
        let mut attempts = vec![Box::pin(self.connect_to(first, sources, turn))];
        let mut failure = None;
        let mut next_due = pin!(tokio::time::sleep(head_start));
        poll_fn(|cx| {
            loop {
                let before = attempts.len();
                let mut connected = None;
                attempts.retain_mut(|attempt| match attempt.as_mut().poll(cx) {
                    Poll::Pending => true,
                    Poll::Ready(Ok(stream)) => {
                        // Of two at once the first.
                        connected.get_or_insert(stream);
                        false
                    }
                    Poll::Ready(Err(error)) => {
                        failure = Some(told(failure, Failure::opening(&error)));
                        false
                    }
                });
                if let Some(stream) = connected {
                    return Poll::Ready(Ok(stream));
                }
                let is_due =
                    attempts.len() < before || others.len() > 0 && next_due.as_mut().poll(cx).is_ready();
                match is_due.then(|| others.next()).flatten() {
                    Some(address) => {
                        attempts.push(Box::pin(self.connect_to(address, sources, turn)));
                        next_due.as_mut().reset(Instant::now() + head_start);
                    }
                    None => match failure {
                        Some(failure) if attempts.is_empty() => return Poll::Ready(Err(failure)),
                        _ => return Poll::Pending,
                    },
                }
            }
        })
        .await
    }

    /// Connects from the source address of this turn, if there are any.
    async fn connect_to(
        &self,
        address: SocketAddr,
        sources: &[IpAddr],
        turn: usize,
    ) -> io::Result<TcpStream> {
        let source = source_of(turn, address, sources)?;
        let mut tries_left = if source.is_some() { PORT_TRIES } else { 1 };
        loop {
            tries_left -= 1;
            let result = match self.bound(address, source) {
                Ok(socket) => socket.connect(address).await,
                Err(error) => Err(error),
            };
            match result {
                Err(error) if tries_left > 0 && is_taken(&error) => {}
                result => return result,
            }
        }
    }

    /// A socket for this address, bound to the source address and the next local port.
    ///
    /// Left to itself, the system looks for a free port among all that are taken, which at ten thousand connections
    /// takes it half a millisecond each.
    fn bound(&self, address: SocketAddr, source: Option<IpAddr>) -> io::Result<TcpSocket> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        if let Some(source) = source {
            // A port in TIME_WAIT may be taken again, as the system does by itself without a source address.
            socket.set_reuseaddr(true)?;
            socket.bind(SocketAddr::new(source, self.take_port()))?;
        }
        Ok(socket)
    }

    fn take_port(&self) -> u16 {
        let port = self.port.get();
        self.port.set(if port >= *PORTS.end() { *PORTS.start() } else { port + 1 });
        port
    }
}

/// The source address of a turn, if there are any: one of the same family.
fn source_of(turn: usize, address: SocketAddr, sources: &[IpAddr]) -> io::Result<Option<IpAddr>> {
    if sources.is_empty() {
        return Ok(None);
    }
    let same_family = || sources.iter().filter(|source| source.is_ipv4() == address.is_ipv4());
    let source = same_family().nth(turn % same_family().count().max(1));
    source.copied().map(Some).ok_or(io::ErrorKind::AddrNotAvailable.into())
}

fn has_source(sources: &[IpAddr], address: SocketAddr) -> bool {
    sources.iter().any(|source| source.is_ipv4() == address.is_ipv4())
}

/// Whether another local port may do.
fn is_taken(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::AddrNotAvailable)
}

/// Of two failures the one to tell: the later one, unless it is only this machine's, as one without IPv6.
fn told(earlier: Option<Failure>, later: Failure) -> Failure {
    match (earlier, later) {
        (Some(earlier @ Failure::Unreachable(_)), Failure::Generator(_)) => earlier,
        (_, later) => later,
    }
}

#[cfg(test)]
mod tests;
