//! A connection of the null broker: TCP, or TLS on it, in the calls of a non-blocking stream.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use tokio_rustls::rustls::{ServerConfig, ServerConnection};

/// The broker's end of a connection.
pub(crate) struct Link {
    pub(crate) tcp: TcpStream,
    /// Boxed: it is larger than everything else that a connection has.
    tls: Option<Box<ServerConnection>>,
}

impl Link {
    pub(crate) fn new(tcp: TcpStream, tls: Option<&Arc<ServerConfig>>) -> io::Result<Self> {
        let session = tls.map(|config| ServerConnection::new(Arc::clone(config)).map(Box::new));
        Ok(Self { tcp, tls: session.transpose().map_err(io::Error::other)? })
    }

    /// Bytes that the client sent, as many as one read of the socket brought.
    pub(crate) fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let Some(tls) = &mut self.tls else { return self.tcp.read(into) };
        loop {
            match tls.reader().read(into) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                read => return read,
            }
            if tls.read_tls(&mut self.tcp)? == 0 {
                return Ok(0);
            }
            tls.process_new_packets().map_err(|_| ErrorKind::InvalidData)?;
        }
    }

    /// Takes bytes for the client and sends what goes; see [`Link::wants_write`] for what is left.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(tls) = &mut self.tls else { return self.tcp.write(bytes) };
        let taken = if bytes.is_empty() { 0 } else { tls.writer().write(bytes)? };
        while tls.wants_write() {
            match tls.write_tls(&mut self.tcp) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(taken)
    }

    /// Whether something waits that was taken.
    pub(crate) fn wants_write(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.wants_write())
    }
}
