//! An orderly end of a connection, in which the broker reads everything.
//!
//! ```text
//! DISCONNECT ─▶ no more is sent ─▶ what comes is read and dropped ─▶ the broker has closed, or patience ends ─▶ closed
//! ╰──────────── leave ─────────╯   ╰──────────────────────── wait_for_close ────────────────────────────╯
//! ```
//! A socket that is closed while input is unread or still comes answers with a reset. Then the broker's next write
//! fails, and the broker loses all that it has not read: messages, and the DISCONNECT without which it publishes the
//! will. The next connection of the same client has the same effect, if the broker accepts it before it has read the
//! last one. So a client that comes back waits until the broker has closed.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::ReadBuf;
use tokio::time::{Instant, timeout_at};

use crate::client::driver::keep_alive::KeepAlive;
use crate::client::driver::{Driver, Parting, READS};
use crate::client::failure::Failure;
use crate::client::seam::{Close, Patience, Stream, Until};
use crate::client::sink::Sink;
use crate::client::wire;
use crate::mqtt::Version;

impl<S: Stream> Driver<S> {
    /// Sends DISCONNECT and ends the outgoing half of the connection.
    pub(super) async fn leave(
        &mut self,
        how: Close,
        timeout: Duration,
        sink: &mut impl Sink,
    ) -> Result<(), Failure> {
        if let Some(failure) = &self.lost {
            return Err(**failure);
        }
        // A connection that is already lost is not a clean close; later the two cannot be told apart.
        if let Err(failure) = poll_fn(|cx| Poll::Ready(self.poll_io(cx, sink))).await {
            self.lose(failure, sink);
            return Err(failure);
        }
        // It is already queued if this future was dropped before its end.
        if self.parting == Parting::None {
            self.out.queue().extend_from_slice(&wire::DISCONNECT);
            self.parting = Parting::DisconnectQueued;
        }
        let end = self.out.end();
        let deadline = Instant::now() + timeout;
        let in_time = match poll_fn(|cx| self.poll_drive(cx, Until::Written, Some(deadline), sink)).await {
            Err(Failure::Closing) => true,
            written => written?,
        };
        let wait_for_close = self.may_receive() || (self.is_missed && how != Close::ForGood);
        self.lose(Failure::Closing, sink);
        if !in_time {
            return Err(Failure::WriteTimeout(timeout));
        }
        if !self.out.is_written(end) {
            return Err(Failure::Closed);
        }
        // The DISCONNECT is written, or TLS and WebSocket still hold it back; this sends it. It does not matter whether
        // the broker still answers, only that it reads.
        match timeout_at(deadline, poll_fn(|cx| self.poll_end_sending(cx))).await {
            Ok(()) => {
                if wait_for_close {
                    self.parting = Parting::WaitForClose;
                }
                Ok(())
            }
            Err(_) => Err(Failure::WriteTimeout(timeout)),
        }
    }

    /// Returns whether anything may still come from the broker. If a client only publishes, mostly nothing comes. Then
    /// a client that connects and disconnects all the time does not need to wait.
    fn may_receive(&self) -> bool {
        let pings = self.keep_alive.as_ref().is_some_and(KeepAlive::is_waiting);
        self.expects_messages || pings || !self.inflight.is_answered() || !self.partial.is_empty()
    }

    /// Queues a DISCONNECT with the reason, if the broker of MQTT 5 has broken the protocol (MQTT-4.13.1-1).
    pub(super) fn queue_reason(&mut self, failure: Failure) {
        if self.version == Version::V5
            && let Some(reason) = failure.reason_to_disconnect()
        {
            wire::write_disconnect(reason, self.out.queue());
            self.parting = Parting::WaitForClose;
        }
    }

    /// Sends the remaining bytes, then reads and drops all bytes until the broker has closed or `patience` is over.
    /// Returns whether the broker has closed.
    pub(super) async fn wait_for_close(mut self: Box<Self>, patience: Patience) -> bool {
        let end = Instant::now() + patience.most;
        let mut left = self.left();
        loop {
            let (until, mut heard) = (end.min(Instant::now() + patience.silence), false);
            if timeout_at(until, poll_fn(|cx| self.poll_wait_for_close(cx, &mut heard))).await.is_ok() {
                return true;
            }
            let before = std::mem::replace(&mut left, self.left());
            if end <= Instant::now() || !(heard || left < before) {
                return false;
            }
        }
    }

    /// The number of bytes that have not arrived at the broker's machine.
    fn left(&self) -> u64 {
        self.out.pending() as u64 + self.stream.not_arrived()
    }

    fn poll_wait_for_close(&mut self, cx: &mut Context<'_>, heard: &mut bool) -> Poll<()> {
        if self.out.pending() > 0 {
            let written = self.out.poll_write(&mut self.stream, cx);
            if written.is_err() {
                return Poll::Ready(());
            }
        }
        if self.out.pending() == 0 {
            // A second shutdown changes nothing.
            let _ = Pin::new(&mut self.stream).poll_shutdown(cx);
        }
        self.poll_drop_input(cx, heard)
    }

    /// Ends the outgoing half as the transport does it. Meanwhile it reads, since the broker may be busy sending.
    fn poll_end_sending(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match Pin::new(&mut self.stream).poll_shutdown(cx) {
            Poll::Ready(_) => Poll::Ready(()),
            Poll::Pending => self.poll_drop_input(cx, &mut false),
        }
    }

    /// Reads and drops all bytes. Is ready when no more can come. Notes in `heard` that bytes have come.
    fn poll_drop_input(&mut self, cx: &mut Context<'_>, heard: &mut bool) -> Poll<()> {
        let pool = self.out.pool().clone();
        let mut shared = pool.read_buffer();
        for _ in 0..READS {
            let mut buffer = ReadBuf::new(&mut shared);
            match Pin::new(&mut self.stream).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    pool.received(buffer.filled().len());
                    *heard = true;
                }
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
