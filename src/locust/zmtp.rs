//! The worker's end of a ZeroMQ connection: a DEALER that speaks ZMTP 3.0 without encryption, over any stream of bytes.
//!
//! It is our own because the crates hide what a worker must know. `rzmq` 0.5 (28 more crates) says nothing of a peer that is
//! silent or no ZeroMQ, and it keeps messages for the next master, whose statistics they would falsify. `zeromq` 0.7 loses what
//! was sent just before the end, and `zmq` needs a C++ compiler. Here, one connection is one [`Dealer`]: it never dials
//! again by itself, so nothing that was meant for one master reaches another.
//!
//! ```text
//! both sides: greeting (64 bytes) ─▶ READY (socket type, identity) ─▶ messages, each of one frame or more
//! frame: flags (1 more, 2 long, 4 command) │ length (1 byte, or 8 if long) │ body
//! ```

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::timeout;

/// The most bytes of one message, all of its parts together. A scenario is far below.
pub const MAX_MESSAGE_BYTES: usize = 16 << 20;

/// The most bytes that wait to be written. A master that takes none of them for so long is lost.
pub const MAX_BACKLOG_BYTES: usize = 16 << 20;

/// How long greeting and READY may take together.
pub const HANDSHAKE_TIME: Duration = Duration::from_secs(5);

/// The most parts of one message.
const MAX_PARTS: usize = 16;

/// The most bytes of a command. READY has some 50.
const MAX_COMMAND_BYTES: usize = 4 << 10;

/// How much is read at once, and so how much room is made for bytes that may never come.
const READ_BYTES: usize = 16 << 10;

const GREETING_BYTES: usize = 64;
const MORE: u8 = 1;
const LONG: u8 = 2;
const COMMAND: u8 = 4;

/// Why a connection cannot be opened or cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum ZmtpError {
    /// The operating system says so.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The other side closed the connection.
    #[error("the connection was closed{}", if *in_handshake { " before it was agreed on" } else { "" })]
    Closed {
        /// Whether that was before its READY.
        in_handshake: bool,
    },
    /// The other side did not greet in time.
    #[error("nothing that speaks ZeroMQ answered within {} s", HANDSHAKE_TIME.as_secs())]
    Silent,
    /// It greeted with something else.
    #[error("what answers there is not ZeroMQ: it sent {0:?}")]
    NotZmtp(String),
    /// It speaks an older version.
    #[error("it speaks version {0} of ZMTP; version 3 or later is needed")]
    Version(u8),
    /// It wants another security mechanism than NULL.
    #[error("it asks for the security mechanism {0:?}; Locust has none")]
    Mechanism(String),
    /// It is another kind of socket.
    #[error("it is a ZeroMQ socket of type {0:?}; a Locust master is a ROUTER")]
    SocketType(String),
    /// It says that it refuses us.
    #[error("it refused the connection: {0:?}")]
    Refused(String),
    /// A frame is not as ZMTP has it.
    #[error("it sent a malformed frame: {0}")]
    Malformed(&'static str),
    /// A message or a command is larger than ours may be.
    #[error("it announced {bytes} bytes, which is more than the {limit} that are allowed")]
    TooLarge {
        /// How large it would be.
        bytes: u64,
        /// How large it may be.
        limit: usize,
    },
    /// Too much waits to be written.
    #[error("it reads nothing: {0} bytes wait to be sent")]
    Backlog(usize),
}

impl ZmtpError {
    /// Whether the other side has sent what no master of Locust sends.
    pub fn is_no_master(&self) -> bool {
        !matches!(self, Self::Io(_) | Self::Closed { .. } | Self::Silent | Self::Backlog(_))
    }
}

/// The parts of one message; a master of Locust sends one part.
pub type Message = Vec<Bytes>;

/// What stands in front of the bytes that were read.
#[derive(Debug, PartialEq, Eq)]
enum Frame {
    Part { body: Bytes, more: bool },
    Command(Bytes),
}

/// One connection to a master, after the handshake. [`receive`](Self::receive) also writes what waits, so it must be polled
/// for messages to leave. It may be dropped at any await and called again: no byte is lost.
#[derive(Debug)]
pub struct Dealer<S> {
    stream: S,
    read: BytesMut,
    unsent: BytesMut,
    /// The parts of a message whose last part has not come yet.
    parts: Message,
    parts_bytes: usize,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Dealer<S> {
    /// Greets the other side and waits for its READY, for [`HANDSHAKE_TIME`] at most. `identity` is what a ROUTER calls us, up
    /// to 255 bytes; Locust wants the node id.
    pub async fn open(stream: S, identity: &str) -> Result<Self, ZmtpError> {
        let mut dealer = Self {
            stream,
            read: BytesMut::new(),
            unsent: BytesMut::new(),
            parts: Vec::new(),
            parts_bytes: 0,
        };
        dealer.unsent.extend_from_slice(&greeting());
        put_frame(&mut dealer.unsent, COMMAND, &ready(identity));
        timeout(HANDSHAKE_TIME, dealer.shake_hands()).await.map_err(|_| ZmtpError::Silent)??;
        Ok(dealer)
    }

    async fn shake_hands(&mut self) -> Result<(), ZmtpError> {
        while !greeting_is_whole(&self.read)? {
            self.exchange(true).await?;
        }
        self.read.advance(GREETING_BYTES);
        loop {
            match take_frame(&mut self.read)? {
                Some(Frame::Command(body)) => return check_ready(&body),
                Some(Frame::Part { .. }) => return Err(ZmtpError::Malformed("a message before READY")),
                None => self.exchange(true).await?,
            }
        }
    }

    /// Adds a message of one part to what waits to be written. It fails if too much waits already.
    pub fn send(&mut self, body: &[u8]) -> Result<(), ZmtpError> {
        if self.unsent.len() + body.len() > MAX_BACKLOG_BYTES {
            return Err(ZmtpError::Backlog(self.unsent.len()));
        }
        put_frame(&mut self.unsent, 0, body);
        Ok(())
    }

    /// Waits for the next message and writes meanwhile.
    pub async fn receive(&mut self) -> Result<Message, ZmtpError> {
        loop {
            while let Some(frame) = take_frame(&mut self.read)? {
                match frame {
                    Frame::Command(body) => self.answer(&body)?,
                    Frame::Part { body, more } => {
                        if let Some(message) = self.add_part(body, more)? {
                            return Ok(message);
                        }
                    }
                }
            }
            self.exchange(false).await?;
        }
    }

    /// Writes what waits, says that nothing more will come and reads until the other side has closed too, for `limit` at
    /// most. A socket that is closed with unread bytes would be reset, and what was sent last might be lost. Returns whether
    /// the other side has closed in time.
    pub async fn close(mut self, limit: Duration) -> bool {
        let all = async {
            while !self.unsent.is_empty() {
                let Self { stream, unsent, .. } = &mut self;
                stream.write_buf(unsent).await?;
            }
            self.stream.shutdown().await?;
            let mut ignored = [0; 1 << 10];
            while self.stream.read(&mut ignored).await? > 0 {}
            Ok::<_, io::Error>(())
        };
        matches!(timeout(limit, all).await, Ok(Ok(())))
    }

    /// Waits until something was read, and writes meanwhile.
    async fn exchange(&mut self, in_handshake: bool) -> Result<(), ZmtpError> {
        match poll_fn(|context| self.poll_exchange(context)).await? {
            0 => Err(ZmtpError::Closed { in_handshake }),
            _ => Ok(()),
        }
    }

    fn poll_exchange(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        while !self.unsent.is_empty() {
            match Pin::new(&mut self.stream).poll_write(context, &self.unsent)? {
                Poll::Ready(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(written) => self.unsent.advance(written),
                Poll::Pending => break,
            }
        }
        let mut chunk = [0; READ_BYTES];
        let mut into = ReadBuf::new(&mut chunk);
        match Pin::new(&mut self.stream).poll_read(context, &mut into)? {
            Poll::Ready(()) => {
                self.read.extend_from_slice(into.filled());
                Poll::Ready(Ok(into.filled().len()))
            }
            Poll::Pending => Poll::Pending,
        }
    }

    fn add_part(&mut self, body: Bytes, more: bool) -> Result<Option<Message>, ZmtpError> {
        self.parts_bytes += body.len();
        if self.parts_bytes > MAX_MESSAGE_BYTES {
            return Err(ZmtpError::TooLarge { bytes: self.parts_bytes as u64, limit: MAX_MESSAGE_BYTES });
        }
        if self.parts.len() == MAX_PARTS {
            return Err(ZmtpError::Malformed("a message of too many parts"));
        }
        self.parts.push(body);
        if more {
            return Ok(None);
        }
        self.parts_bytes = 0;
        Ok(Some(std::mem::take(&mut self.parts)))
    }

    fn answer(&mut self, command: &[u8]) -> Result<(), ZmtpError> {
        match named(command)? {
            (b"PING", [_, _, context @ ..]) if context.len() <= 16 => {
                if self.unsent.len() > MAX_BACKLOG_BYTES {
                    return Err(ZmtpError::Backlog(self.unsent.len()));
                }
                put_frame(&mut self.unsent, COMMAND, &[b"\x04PONG", context].concat());
                Ok(())
            }
            (b"PING", _) => Err(ZmtpError::Malformed("a PING of another length")),
            (b"ERROR", reason) => Err(ZmtpError::Refused(text(reason.get(1..).unwrap_or_default()))),
            // ZMTP lets peers send commands that we do not know.
            _ => Ok(()),
        }
    }
}

fn greeting() -> [u8; GREETING_BYTES] {
    let mut greeting = [0; GREETING_BYTES];
    greeting[0] = 0xff;
    greeting[9] = 0x7f;
    greeting[10] = 3;
    greeting[12..16].copy_from_slice(b"NULL");
    greeting
}

fn ready(identity: &str) -> Vec<u8> {
    let mut body = b"\x05READY".to_vec();
    for (name, value) in [("Socket-Type", "DEALER"), ("Identity", identity)] {
        body.extend(u8::try_from(name.len()));
        body.extend_from_slice(name.as_bytes());
        body.extend(u32::try_from(value.len()).unwrap_or(u32::MAX).to_be_bytes());
        body.extend_from_slice(value.as_bytes());
    }
    body
}

const CUT: ZmtpError = ZmtpError::Malformed("READY ends too early");

/// Whether the greeting is there; it fails as soon as a byte of it is wrong, since something else may never send 64 bytes.
fn greeting_is_whole(read: &[u8]) -> Result<bool, ZmtpError> {
    let wrong_signature =
        read.first().is_some_and(|&first| first != 0xff) || read.get(9).is_some_and(|&last| last & 1 == 0);
    if wrong_signature {
        return Err(ZmtpError::NotZmtp(text(read.get(..32).unwrap_or(read))));
    }
    if let Some(&major) = read.get(10)
        && major < 3
    {
        return Err(ZmtpError::Version(major));
    }
    let Some(mechanism) = read.get(12..32) else { return Ok(false) };
    let name = mechanism.split(|&byte| byte == 0).next().unwrap_or_default();
    if name != b"NULL" {
        return Err(ZmtpError::Mechanism(text(name)));
    }
    Ok(read.len() >= GREETING_BYTES)
}

fn check_ready(body: &[u8]) -> Result<(), ZmtpError> {
    let mut properties = match named(body)? {
        (b"READY", properties) => properties,
        (b"ERROR", reason) => return Err(ZmtpError::Refused(text(reason.get(1..).unwrap_or_default()))),
        _ => return Err(ZmtpError::Malformed("another command before READY")),
    };
    let mut socket_type = None;
    while let Some((&length, rest)) = properties.split_first() {
        let (name, rest) = rest.split_at_checked(length.into()).ok_or(CUT)?;
        let (length, rest) = rest.split_first_chunk().ok_or(CUT)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| CUT)?;
        let (value, rest) = rest.split_at_checked(length).ok_or(CUT)?;
        if name.eq_ignore_ascii_case(b"Socket-Type") {
            socket_type = Some(value);
        }
        properties = rest;
    }
    match socket_type {
        Some(b"ROUTER") => Ok(()),
        other => Err(ZmtpError::SocketType(text(other.unwrap_or_default()))),
    }
}

/// The name of a command, and what follows it.
fn named(command: &[u8]) -> Result<(&[u8], &[u8]), ZmtpError> {
    command
        .split_first()
        .and_then(|(&length, rest)| rest.split_at_checked(length.into()))
        .ok_or(ZmtpError::Malformed("a command without a name"))
}

/// Takes the first frame from what was read; `None` if it is not whole yet.
fn take_frame(read: &mut BytesMut) -> Result<Option<Frame>, ZmtpError> {
    let Some((&flags, rest)) = read.split_first() else { return Ok(None) };
    if flags & !(MORE | LONG | COMMAND) != 0 {
        return Err(ZmtpError::Malformed("flags that do not exist"));
    }
    if flags & COMMAND != 0 && flags & MORE != 0 {
        return Err(ZmtpError::Malformed("a command of several frames"));
    }
    let (head, length) = if flags & LONG == 0 {
        let Some(&length) = rest.first() else { return Ok(None) };
        (2, u64::from(length))
    } else {
        let Some(length) = rest.first_chunk() else { return Ok(None) };
        (9, u64::from_be_bytes(*length))
    };
    let limit = if flags & COMMAND == 0 { MAX_MESSAGE_BYTES } else { MAX_COMMAND_BYTES };
    let too_large = ZmtpError::TooLarge { bytes: length, limit };
    let length = usize::try_from(length).ok().filter(|&length| length <= limit).ok_or(too_large)?;
    if read.len() < head + length {
        return Ok(None);
    }
    read.advance(head);
    let body = read.split_to(length).freeze();
    Ok(Some(if flags & COMMAND == 0 {
        Frame::Part { body, more: flags & MORE != 0 }
    } else {
        Frame::Command(body)
    }))
}

fn put_frame(unsent: &mut BytesMut, flags: u8, body: &[u8]) {
    if let Ok(length) = u8::try_from(body.len()) {
        unsent.extend_from_slice(&[flags, length]);
    } else {
        unsent.extend_from_slice(&[flags | LONG]);
        unsent.extend_from_slice(&(body.len() as u64).to_be_bytes());
    }
    unsent.extend_from_slice(body);
}

/// What a peer said, in as many characters as a message can show; `Debug` escapes it.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.get(..100).unwrap_or(bytes)).into_owned()
}

#[cfg(test)]
mod tests;
