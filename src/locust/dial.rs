//! Opens the connection to a master: name, TCP, ZMTP.

use std::io;
use std::time::Duration;

use rustix::net::sockopt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::locust::zmtp::{Dealer, ZmtpError};

/// How long name and TCP may take together.
const CONNECT_TIME: Duration = Duration::from_secs(5);

/// A connection that was idle for so long is probed; a proxy between the two may drop it otherwise. As in Locust.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);

/// Where a master listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MasterAddress {
    /// Its name or IP address.
    pub host: String,
    /// Its `--master-bind-port`.
    pub port: u16,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// Nothing can be reached there.
    #[error("{0}")]
    Tcp(io::Error),
    /// TCP took too long.
    #[error("nothing answered within {} s", CONNECT_TIME.as_secs())]
    TooLong,
    /// Something answered, and it went wrong then.
    #[error("{0}")]
    Zmtp(#[from] ZmtpError),
}

impl DialError {
    /// Whether what answers there can never be a master of Locust.
    pub fn is_no_master(&self) -> bool {
        match self {
            Self::Tcp(_) | Self::TooLong => false,
            Self::Zmtp(error) => error.is_no_master(),
        }
    }
}

/// Connects to a master under this node id.
pub async fn dial(address: &MasterAddress, node_id: &str) -> Result<Dealer<TcpStream>, DialError> {
    let connecting = TcpStream::connect((&*address.host, address.port));
    let stream =
        timeout(CONNECT_TIME, connecting).await.map_err(|_| DialError::TooLong)?.map_err(DialError::Tcp)?;
    stream.set_nodelay(true).map_err(DialError::Tcp)?;
    keep_alive(&stream).map_err(DialError::Tcp)?;
    Ok(Dealer::open(stream, node_id).await?)
}

fn keep_alive(stream: &TcpStream) -> io::Result<()> {
    sockopt::set_socket_keepalive(stream, true)?;
    sockopt::set_tcp_keepidle(stream, KEEPALIVE_IDLE)?;
    Ok(())
}
