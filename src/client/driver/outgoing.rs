//! Bytes on their way out. The QoS 0 messages among them are finished when they are written.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;
use tokio::time::Instant;

use crate::client::failure::Failure;
use crate::client::pool::Pool;
use crate::client::sink::{Completion, Sink, Ticket};

#[derive(Debug, Clone, Copy)]
struct Unwritten {
    end: u64,
    /// `None` when it was reported already, as timed out.
    ticket: Option<Ticket>,
}

/// The outgoing half of a connection. Its buffer is borrowed while there is something in it.
#[derive(Debug)]
pub(super) struct Outgoing {
    pool: Pool,
    buffer: Vec<u8>,
    start: usize,
    written: u64,
    /// QoS 0 messages in the buffer, in order.
    unwritten: VecDeque<Unwritten>,
}

impl Outgoing {
    pub(super) fn new(pool: Pool) -> Self {
        Self { pool, buffer: Vec::new(), start: 0, written: 0, unwritten: VecDeque::new() }
    }

    pub(super) fn pool(&self) -> &Pool {
        &self.pool
    }

    pub(super) fn pending(&self) -> usize {
        self.buffer.len() - self.start
    }

    /// Where the last queued packet ends in the outgoing stream.
    pub(super) fn end(&self) -> u64 {
        self.written + self.pending() as u64
    }

    pub(super) fn written(&self) -> u64 {
        self.written
    }

    pub(super) fn is_written(&self, end: u64) -> bool {
        self.written >= end
    }

    /// The buffer, to append a packet to.
    pub(super) fn queue(&mut self) -> &mut Vec<u8> {
        if self.buffer.capacity() == 0 {
            self.buffer = self.pool.take();
        }
        &mut self.buffer
    }

    /// Notes that the packet queued last is a QoS 0 message. Returns the offset at which it ends in the stream.
    pub(super) fn message_queued(&mut self, ticket: Ticket) -> u64 {
        let end = self.end();
        self.unwritten.push_back(Unwritten { end, ticket: Some(ticket) });
        end
    }

    pub(super) fn is_open(&self, end: u64) -> bool {
        self.unwritten.iter().any(|u| u.end == end && u.ticket.is_some())
    }

    pub(super) fn is_idle(&self) -> bool {
        self.unwritten.iter().all(|u| u.ticket.is_none())
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.unwritten.iter().filter_map(|u| u.ticket).map(|ticket| ticket.deadline).min()
    }

    /// Writes what the stream takes, and finishes the messages that are written.
    pub(super) fn write(
        &mut self,
        stream: &mut (impl AsyncWrite + Unpin),
        cx: &mut Context<'_>,
        sink: &mut impl Sink,
    ) -> Result<(), Failure> {
        match self.poll_write(stream, cx) {
            Ok(()) => {}
            // A broker that refuses something closes without reading on; what it said before may still be
            // there to read, and reading will come to the same end. The bytes are forgotten, the messages
            // not: they were not written, and fail with the connection.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => self.start = self.buffer.len(),
            Err(error) => return Err(Failure::lost(&error)),
        }
        if self.unwritten.front().is_some_and(|u| u.end <= self.written) {
            let finished = Instant::now();
            while let Some(first) = self.unwritten.front()
                && first.end <= self.written
            {
                if let Some(ticket) = first.ticket {
                    sink.completed(Completion { ticket, finished, result: Ok(()) });
                }
                self.unwritten.pop_front();
            }
        }
        Ok(())
    }

    pub(super) fn poll_write(
        &mut self,
        stream: &mut (impl AsyncWrite + Unpin),
        cx: &mut Context<'_>,
    ) -> io::Result<()> {
        while self.pending() > 0 {
            match Pin::new(&mut *stream).poll_write(cx, &self.buffer[self.start..]) {
                Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(n)) => {
                    self.start += n;
                    self.written += n as u64;
                    self.pool.sent(n);
                }
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Pending => return Ok(()),
            }
        }
        self.start = 0;
        self.pool.put(std::mem::take(&mut self.buffer));
        Ok(())
    }

    /// Fails the messages whose time is over. Their bytes cannot be taken back from the stream.
    pub(super) fn expire(&mut self, now: Instant, sink: &mut impl Sink) {
        for unwritten in &mut self.unwritten {
            if let Some(ticket) = unwritten.ticket
                && ticket.deadline <= now
            {
                unwritten.ticket = None;
                let failure = Failure::WriteTimeout(ticket.deadline - ticket.due);
                sink.completed(Completion { ticket, finished: now, result: Err(failure) });
            }
        }
    }

    /// Ends everything, giving each message that is still waited for to `ended`.
    pub(super) fn drain(&mut self, ended: impl FnMut(Ticket)) {
        self.unwritten.drain(..).filter_map(|u| u.ticket).for_each(ended);
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        self.pool.put(std::mem::take(&mut self.buffer));
    }
}
