//! The end of a connection, so that the broker hears of it.
//!
//! ```text
//! DISCONNECT ─▶ no more is sent ─▶ what comes is read and dropped ─▶ the broker has closed, or patience ends ─▶ closed
//! ╰──────────── leave ─────────╯   ╰─────────────────────────── hear_out ───────────────────────────────╯
//! ```
//! A socket that is closed with unread input, or to which more comes, answers with a reset. That makes the broker's
//! next write fail, and with it goes all that the broker has not read: messages, and the DISCONNECT without which it
//! publishes the will. So does the next connection of the same client, if the broker takes it before it has read the
//! last one: who comes back waits until the broker has closed.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::ReadBuf;
use tokio::time::{Instant, timeout_at};

use crate::client::driver::keep_alive::KeepAlive;
use crate::client::driver::{Driver, Parting, READS};
use crate::client::failure::Failure;
use crate::client::seam::{Close, Patience, Until};
use crate::client::sink::Sink;
use crate::client::stream::Stream;
use crate::client::wire;
use crate::mqtt::Version;

impl<S: Stream> Driver<S> {
    /// Says DISCONNECT and ends the outgoing half of the connection.
    pub(super) async fn leave(
        &mut self,
        how: Close,
        timeout: Duration,
        sink: &mut impl Sink,
    ) -> Result<(), Failure> {
        if let Some(failure) = &self.lost {
            return Err(**failure);
        }
        // A connection that is lost already is no clean close; afterwards the two cannot be told apart.
        if let Err(failure) = poll_fn(|cx| Poll::Ready(self.poll_io(cx, sink))).await {
            self.lose(failure, sink);
            return Err(failure);
        }
        // It is queued already if leaving was cut off before.
        if self.parting == Parting::None {
            self.out.queue().extend_from_slice(&wire::DISCONNECT);
            self.parting = Parting::Said;
        }
        let end = self.out.end();
        let deadline = Instant::now() + timeout;
        let in_time = match poll_fn(|cx| self.poll_drive(cx, Until::Written, Some(deadline), sink)).await {
            Err(Failure::Closing) => true,
            written => written?,
        };
        let hear_out = self.may_hear() || (self.is_missed && how != Close::ForGood);
        self.lose(Failure::Closing, sink);
        if !in_time {
            return Err(Failure::WriteTimeout(timeout));
        }
        if !self.out.is_written(end) {
            return Err(Failure::Closed);
        }
        // The DISCONNECT is out, or in what TLS and WebSocket hold back, which this sends. Whether the broker still
        // listens is no longer our business, but whether it reads is.
        match timeout_at(deadline, poll_fn(|cx| self.poll_end_sending(cx))).await {
            Ok(()) => {
                if hear_out {
                    self.parting = Parting::HearOut;
                }
                Ok(())
            }
            Err(_) => Err(Failure::WriteTimeout(timeout)),
        }
    }

    /// Whether anything may still come from the broker. From most that only publish nothing does, and those who open
    /// and close connections all the time need not wait for it.
    fn may_hear(&self) -> bool {
        let pings = self.keep_alive.as_ref().is_some_and(KeepAlive::is_waiting);
        self.hears || pings || !self.inflight.is_answered() || !self.partial.is_empty()
    }

    /// Queues what a broker of MQTT 5 is to hear of its error (MQTT-4.13.1-1): why it is left.
    pub(super) fn say_why(&mut self, failure: Failure) {
        if self.version == Version::V5
            && let Some(reason) = failure.reason_to_disconnect()
        {
            wire::write_disconnect(reason, self.out.queue());
            self.parting = Parting::HearOut;
        }
    }

    /// Sends the last words, if they are not sent, and drops what comes until the broker has closed or there is no
    /// more patience. Returns whether it has closed.
    pub(super) async fn hear_out(mut self: Box<Self>, patience: Patience) -> bool {
        let end = Instant::now() + patience.most;
        let mut left = self.left();
        loop {
            let (until, mut heard) = (end.min(Instant::now() + patience.silence), false);
            if timeout_at(until, poll_fn(|cx| self.poll_hear_out(cx, &mut heard))).await.is_ok() {
                return true;
            }
            let before = std::mem::replace(&mut left, self.left());
            if end <= Instant::now() || !(heard || left < before) {
                return false;
            }
        }
    }

    /// Bytes that have not arrived at the broker's machine.
    fn left(&self) -> u64 {
        self.out.pending() as u64 + self.stream.not_arrived()
    }

    fn poll_hear_out(&mut self, cx: &mut Context<'_>, heard: &mut bool) -> Poll<()> {
        if self.out.pending() > 0 {
            let written = self.out.poll_write(&mut self.stream, cx);
            if written.is_err() {
                return Poll::Ready(());
            }
        }
        if self.out.pending() == 0 {
            // Said again to one that has heard it, this changes nothing.
            let _ = Pin::new(&mut self.stream).poll_shutdown(cx);
        }
        self.poll_drop_input(cx, heard)
    }

    /// Ends what is sent, in the words of the transport; a broker that is busy sending is read from meanwhile.
    fn poll_end_sending(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match Pin::new(&mut self.stream).poll_shutdown(cx) {
            Poll::Ready(_) => Poll::Ready(()),
            Poll::Pending => self.poll_drop_input(cx, &mut false),
        }
    }

    /// Reads and drops; ready when nothing can come any more. Notes in `heard` that something has come.
    fn poll_drop_input(&mut self, cx: &mut Context<'_>, heard: &mut bool) -> Poll<()> {
        let pool = self.out.pool().clone();
        let mut shared = pool.read_buffer();
        for _ in 0..READS {
            let mut buffer = ReadBuf::new(&mut shared);
            match Pin::new(&mut self.stream).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => *heard = true,
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
