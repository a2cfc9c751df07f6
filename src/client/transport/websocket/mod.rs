//! The WebSocket layer (RFC 6455) as a byte stream.
//!
//! It is our own and not a crate's. MQTT ignores message boundaries (section 6 of the standard), so frames can be taken
//! apart in the read buffer of the driver. A general crate hands over messages. That costs a copy and an allocation for
//! each, and kilobytes of buffers for each connection. `tests/client/transport.rs` holds it
//! against tungstenite, `tests/peers/transport.rs` against Mosquitto.
//!
//! As in TLS, bytes count as written when they are framed. If the socket does not take all of them, the rest is sent
//! with the next read or write.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::client::failure::WebSocketFault;
use crate::client::pool::Pool;
use crate::client::transport::tcp::OverTcp;
use crate::client::transport::websocket::frame::{Control, Decoder, MaskKeys, write_frame};

mod frame;
pub(super) mod handshake;

/// Most payload of one outgoing frame, and so of what a connection holds besides the driver's buffer.
const MAX_FRAME_BYTES: usize = 32 * 1024;

/// Status of a close that is as it should be (RFC 6455, section 7.4.1).
const NORMAL: u16 = 1000;

/// An open WebSocket connection on a stream.
#[derive(Debug)]
pub struct WebSocket<S> {
    stream: S,
    decoder: Decoder,
    /// What came in one piece with the answer to the opening request; seldom anything.
    early: Vec<u8>,
    masks: MaskKeys,
    pool: Pool,
    /// Frames on their way out, and how much of them is sent.
    out: Vec<u8>,
    sent: usize,
    /// The server said that it closes: nothing comes any more.
    closed: bool,
    /// We said so: nothing is sent any more.
    closing: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    fn new(stream: S, early: Vec<u8>, pool: Pool) -> Self {
        Self {
            stream,
            decoder: Decoder::default(),
            early,
            masks: MaskKeys::new(),
            pool,
            out: Vec::new(),
            sent: 0,
            closed: false,
            closing: false,
        }
    }

    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.sent < self.out.len() {
            match ready!(Pin::new(&mut self.stream).poll_write(cx, &self.out[self.sent..]))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                sent => self.sent += sent,
            }
        }
        if self.sent > 0 {
            self.sent = 0;
            self.pool.put(std::mem::take(&mut self.out));
        }
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn queue(&mut self, opcode: u8, payload: &[u8]) {
        if self.out.capacity() == 0 {
            self.out = self.pool.take();
        }
        write_frame(opcode, payload, self.masks.next(), &mut self.out);
    }

    fn handle_control(&mut self, control: &Control) -> Result<(), WebSocketFault> {
        match *control {
            // A server that pings faster than it reads gets an answer to some.
            Control::Ping(ref payload) if self.out.len() < MAX_FRAME_BYTES && !self.closing => {
                self.queue(frame::PONG, payload);
            }
            Control::Ping(_) | Control::Pong => {}
            Control::Close(status) => {
                self.closed = true;
                if !std::mem::replace(&mut self.closing, true) {
                    let answer = status.unwrap_or(NORMAL).to_be_bytes();
                    self.queue(frame::CLOSE, if status.is_some() { &answer } else { &[] });
                }
                // Done (1000) and going away (1001) are closes like TCP's own; the others say why.
                if let Some(status) = status.filter(|status| !matches!(status, 1000 | 1001)) {
                    return Err(WebSocketFault::Closed(status));
                }
            }
        }
        Ok(())
    }

    /// Bytes as they came, into `buffer`.
    fn poll_raw(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        if !self.early.is_empty() {
            let length = self.early.len().min(buffer.len());
            buffer[..length].copy_from_slice(&self.early[..length]);
            self.early.drain(..length);
            return Poll::Ready(Ok(length));
        }
        let mut buffer = ReadBuf::new(buffer);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer))?;
        Poll::Ready(Ok(buffer.filled().len()))
    }
}

impl<S: OverTcp> OverTcp for WebSocket<S> {
    fn tcp(&self) -> &TcpStream {
        self.stream.tcp()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for WebSocket<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            // If it cannot be sent, reading tells why.
            let _ = this.poll_send(cx);
            if this.closed {
                return Poll::Ready(Ok(()));
            }
            let space = buffer.initialize_unfilled();
            let read = ready!(this.poll_raw(cx, space))?;
            if read == 0 {
                return Poll::Ready(Ok(()));
            }
            let mut fault = None;
            let mut rest = 0..read;
            let mut length = 0;
            // Frames are taken apart in place: the payload moves to the front of the buffer.
            while !rest.is_empty() && fault.is_none() && !this.closed {
                match this.decoder.decode(space, rest.clone(), length) {
                    Ok(step) => {
                        rest.start = step.used;
                        length = step.payload;
                        fault = step.control.and_then(|control| this.handle_control(&control).err());
                    }
                    Err(error) => fault = Some(error),
                }
            }
            match fault {
                Some(fault) => {
                    let _ = this.poll_send(cx);
                    return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, fault)));
                }
                None if length > 0 => {
                    buffer.advance(length);
                    let _ = this.poll_send(cx);
                    return Poll::Ready(Ok(()));
                }
                // Only headers and control frames: to return nothing would mean the end.
                None => {}
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for WebSocket<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.closing {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        ready!(this.poll_send(cx))?;
        let bytes = &bytes[..bytes.len().min(MAX_FRAME_BYTES)];
        this.queue(frame::BINARY, bytes);
        match this.poll_send(cx) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            _ => Poll::Ready(Ok(bytes.len())),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_send(cx)
    }

    /// Sends a close frame. The server's answer comes to those who read on.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !std::mem::replace(&mut this.closing, true) {
            this.queue(frame::CLOSE, &NORMAL.to_be_bytes());
        }
        ready!(this.poll_send(cx))?;
        Pin::new(&mut this.stream).poll_shutdown(cx)
    }
}

impl<S> Drop for WebSocket<S> {
    fn drop(&mut self) {
        self.pool.put(std::mem::take(&mut self.out));
    }
}
