//! The TCP connection under every session.
//!
//! TCP_NODELAY is always on, since Nagle's algorithm and delayed acknowledgements together hold small messages
//! back by 40 ms.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;

use tokio::net::{TcpSocket, TcpStream};

use crate::client::failure::Failure;

/// Linux's own range of local ports, as it is unless it was changed.
const PORTS: RangeInclusive<u16> = 32_768..=60_999;

/// How many local ports are tried before a connect fails for want of one.
const PORT_TRIES: usize = 100;

/// The local ends of one thread's connections: which source address and which port is next.
#[derive(Debug)]
pub(super) struct Ports {
    /// Which source address is next.
    turn: Cell<usize>,
    /// Which local port is next, where there is a source address.
    port: Cell<u16>,
}

impl Ports {
    pub(super) fn new() -> Self {
        // Threads and processes begin in different places, so that they seldom try each other's ports.
        let ports = PORTS.len() as u64;
        let offset = u16::try_from(RandomState::new().hash_one(0) % ports).unwrap_or(0);
        Self { turn: Cell::new(0), port: Cell::new(PORTS.start() + offset) }
    }

    /// Connects to the first of the addresses that answers. Those of a family that no source address has are
    /// passed over.
    pub(super) async fn connect(
        &self,
        addresses: &[SocketAddr],
        sources: &[IpAddr],
    ) -> Result<TcpStream, Failure> {
        let mut failure = Failure::opening(&io::ErrorKind::AddrNotAvailable.into());
        let reachable = |address: &&SocketAddr| {
            sources.is_empty() || sources.iter().any(|source| source.is_ipv4() == address.is_ipv4())
        };
        for address in addresses.iter().filter(reachable) {
            match self.connect_to(*address, sources).await {
                Ok(stream) => return Ok(stream),
                Err(error) => failure = Failure::opening(&error),
            }
        }
        Err(failure)
    }

    /// Connects from the next source address of the same family, if there are any.
    async fn connect_to(&self, address: SocketAddr, sources: &[IpAddr]) -> io::Result<TcpStream> {
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

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

    use tokio::net::TcpListener;

    use super::*;

    /// An address on which nobody listens.
    async fn closed(ip: impl Into<IpAddr>) -> SocketAddr {
        TcpListener::bind((ip.into(), 0)).await.unwrap().local_addr().unwrap()
    }

    #[tokio::test]
    async fn addresses_are_tried_in_order_until_one_answers() {
        let first = closed(Ipv6Addr::LOCALHOST).await;
        let second = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).await.unwrap().local_addr();
        let third = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let fourth = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addresses = [first, second.unwrap(), third.local_addr().unwrap(), fourth.local_addr().unwrap()];
        let stream = Ports::new().connect(&addresses, &[]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), addresses[2]);
        let failure = Ports::new().connect(&addresses[..2], &[]).await.unwrap_err();
        assert_eq!(failure.to_string(), "cannot connect: Connection refused (os error 111)");
    }

    #[tokio::test]
    async fn addresses_without_a_source_of_their_family_are_passed_over() {
        let six = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).await.unwrap();
        let four = closed([127, 0, 0, 1]).await;
        let addresses = [six.local_addr().unwrap(), four];
        let sources = [IpAddr::from(Ipv6Addr::LOCALHOST)];
        let stream = Ports::new().connect(&addresses, &sources).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), addresses[0]);
        // The address that could be tried says why, not the one that could not.
        let sources = [IpAddr::from([127, 0, 0, 1])];
        let failure = Ports::new().connect(&addresses, &sources).await.unwrap_err();
        assert_eq!(failure.to_string(), "cannot connect: Connection refused (os error 111)");
        let failure = Ports::new().connect(&addresses[..1], &sources).await.unwrap_err();
        assert!(matches!(failure, Failure::Generator(_)), "{failure}");
    }
}
