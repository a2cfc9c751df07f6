//! The broker's side of a connection, played by hand, byte by byte.
//!
//! Most tests play both sides in turn, since what one side has written waits in the kernel for the other;
//! only what does not fit there needs both at once.

use std::time::Duration;

use mqtt_scenario::client::driver::Driver;
use mqtt_scenario::client::failure::Failure;
use mqtt_scenario::client::transport::stream::Transport;
use mqtt_scenario::client::transport::{Connector, Endpoint};
use mqtt_scenario::client::{Connect, ConnectRequest};
use mqtt_scenario::mqtt::Qos;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::connect_request;
use crate::support::run::BROKER;

pub(crate) type Tcp = Box<Driver<Transport>>;

pub(crate) const CONNACK: [u8; 4] = [0x20, 2, 0, 0];
pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const MINUTE: Duration = Duration::from_mins(1);
pub(crate) const ALL_QOS: [Qos; 3] = [Qos::AtMostOnce, Qos::AtLeastOnce, Qos::ExactlyOnce];

/// The broker's end of a connection.
pub(crate) struct Peer(pub(crate) TcpStream);

impl Peer {
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    /// The next packet, whole.
    pub(crate) async fn packet(&mut self) -> Vec<u8> {
        let mut packet = vec![self.0.read_u8().await.unwrap()];
        let (mut length, mut shift) = (0, 0);
        loop {
            let byte = self.0.read_u8().await.unwrap();
            packet.push(byte);
            length |= usize::from(byte & 0x7F) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let head = packet.len();
        packet.resize(head + length, 0);
        self.0.read_exact(&mut packet[head..]).await.unwrap();
        packet
    }

    /// Whether nothing more has come.
    pub(crate) fn is_silent(&mut self) -> bool {
        let read = self.0.try_read(&mut [0; 1]);
        matches!(read, Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
    }

    /// What comes until the client closes.
    pub(crate) async fn rest(&mut self) -> std::io::Result<Vec<u8>> {
        let mut rest = Vec::new();
        self.0.read_to_end(&mut rest).await.map(|_| rest)
    }

    /// Closes so that the client sees a reset.
    pub(crate) fn reset(self) {
        self.0.set_zero_linger().unwrap();
    }
}

pub(crate) async fn listen() -> (TcpListener, Connector) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = Endpoint::from(listener.local_addr().unwrap()).named(BROKER);
    let connector = Connector::new(vec![endpoint]);
    (listener, connector)
}

pub(crate) async fn accept(listener: &TcpListener) -> Peer {
    let (stream, _) = listener.accept().await.unwrap();
    stream.set_nodelay(true).unwrap();
    Peer(stream)
}

/// Connects, while the broker answers the CONNECT with these bytes and keeps the connection open.
pub(crate) async fn answered_with(
    bytes: &[u8],
    request: &ConnectRequest<'_>,
) -> (Result<Tcp, Failure>, Peer) {
    let (listener, connector) = listen().await;
    tokio::join!(connector.connect(request), async {
        let mut peer = accept(&listener).await;
        assert_eq!(peer.packet().await[0], 0x10);
        peer.send(bytes).await;
        peer
    })
}

pub(crate) async fn open_with(request: &ConnectRequest<'_>) -> (Tcp, Peer) {
    let (session, peer) = answered_with(&CONNACK, request).await;
    (session.unwrap(), peer)
}

pub(crate) async fn open() -> (Tcp, Peer) {
    open_with(&connect_request("c")).await
}
