//! The stream of a session: all transports as one type.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::client::seam::Stream;
use crate::client::transport::arrived::not_arrived;
use crate::client::transport::tcp::OverTcp;
use crate::client::transport::tls::TlsStream;
use crate::client::transport::websocket::WebSocket;

/// A connection. All but the plain one are boxed, so that they weigh on nobody else.
#[derive(Debug)]
pub enum Transport {
    /// `mqtt://`
    Tcp(TcpStream),
    /// `mqtts://`
    Tls(Box<TlsStream>),
    /// `ws://`
    Ws(Box<WebSocket<TcpStream>>),
    /// `wss://`
    Wss(Box<WebSocket<TlsStream>>),
}

impl OverTcp for Transport {
    fn tcp(&self) -> &TcpStream {
        match self {
            Self::Tcp(tcp) => tcp,
            Self::Tls(tls) => tls.tcp(),
            Self::Ws(websocket) => websocket.tcp(),
            Self::Wss(websocket) => websocket.tcp(),
        }
    }
}

impl Stream for Transport {
    fn abort_on_close(&mut self) {
        // Best effort: without it the close is merely less abrupt.
        let _ = self.tcp().set_zero_linger();
    }

    fn not_arrived(&self) -> u64 {
        not_arrived(self.tcp()).unwrap_or(0)
    }
}

impl AsyncRead for Transport {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_read(cx, buffer),
            Self::Tls(tls) => Pin::new(&mut **tls).poll_read(cx, buffer),
            Self::Ws(websocket) => Pin::new(&mut **websocket).poll_read(cx, buffer),
            Self::Wss(websocket) => Pin::new(&mut **websocket).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Transport {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            Self::Tls(tls) => Pin::new(&mut **tls).poll_write(cx, bytes),
            Self::Ws(websocket) => Pin::new(&mut **websocket).poll_write(cx, bytes),
            Self::Wss(websocket) => Pin::new(&mut **websocket).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_flush(cx),
            Self::Tls(tls) => Pin::new(&mut **tls).poll_flush(cx),
            Self::Ws(websocket) => Pin::new(&mut **websocket).poll_flush(cx),
            Self::Wss(websocket) => Pin::new(&mut **websocket).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Self::Tls(tls) => Pin::new(&mut **tls).poll_shutdown(cx),
            Self::Ws(websocket) => Pin::new(&mut **websocket).poll_shutdown(cx),
            Self::Wss(websocket) => Pin::new(&mut **websocket).poll_shutdown(cx),
        }
    }
}
