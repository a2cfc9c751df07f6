//! The TLS layer: handshake, stream, and why either failed.
//!
//! For rustls a packet is written when it is encrypted, even if the socket is full. Bytes that the socket did not take
//! are sent with the next read or write; the driver does one in each of its polls. So a QoS 0 message counts as written
//! when it is in rustls's buffer. On TCP it counts when it is in the kernel's buffer.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client;
use tokio_rustls::rustls::ClientConfig;

use crate::client::failure::{Failure, TlsFault};
use crate::client::transport::tcp::OverTcp;
pub use crate::client::transport::tls_config::{Tls, TlsError, TlsFiles, TlsOptions};

impl Tls {
    /// Agrees with the server on keys and verifies its certificate.
    pub(super) async fn handshake(
        &self,
        config: Arc<ClientConfig>,
        host: &str,
        tcp: TcpStream,
    ) -> Result<TlsStream, Failure> {
        let name = self.server_name(host)?;
        match TlsConnector::from(config).connect(name, tcp).await {
            Ok(stream) => Ok(TlsStream { stream, unsent: false }),
            Err(error) => Err(Failure::Tls(TlsFault::in_handshake(&error))),
        }
    }
}

/// A TLS connection.
#[derive(Debug)]
pub struct TlsStream {
    stream: client::TlsStream<TcpStream>,
    /// Whether there may be encrypted bytes that the socket did not take.
    unsent: bool,
}

impl TlsStream {
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.unsent {
            ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
            self.unsent = false;
        }
        Poll::Ready(Ok(()))
    }
}

impl OverTcp for TlsStream {
    fn tcp(&self) -> &TcpStream {
        self.stream.get_ref().0
    }
}

impl AsyncRead for TlsStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        // If it cannot be sent, reading tells why.
        let _ = this.poll_send(cx);
        Pin::new(&mut this.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for TlsStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.poll_send(cx))?;
        let written = ready!(Pin::new(&mut this.stream).poll_write(cx, bytes))?;
        this.unsent = true;
        match this.poll_send(cx) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            _ => Poll::Ready(Ok(written)),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_send(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
